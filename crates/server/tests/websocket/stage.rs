//! What the stories need: a storefront that says what a test tells it to, a server on loopback, and a client.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{SinkExt, Stream, StreamExt, channel::mpsc, stream};
use serde_json::{Value, json};
use sir0_contract::storefront::{
    CreateGameRequest, CreateGameResponse, DeleteGameRequest, DeleteGameResponse, Game,
    GetGameRequest, GetGameResponse, GetMyGameRequest, GetMyGameResponse, GoingAway,
    HandOverGameRequest, HandOverGameResponse, Heartbeat, InSync, ListGamesRequest,
    ListGamesResponse, ListMyGamesRequest, ListMyGamesResponse, PublishGameRequest,
    PublishGameResponse, StartOver, UnscheduleGameRequest, UnscheduleGameResponse,
    UpdateGameRequest, UpdateGameResponse, WatchGamesRequest, WatchGamesResponse,
    WatchMyGamesRequest, WatchMyGamesResponse, games_service_server::GamesService,
    watch_games_response::Update,
};
use sir0_port::ws::{self, Options};
use sir0_storefront::GameTopics;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, protocol::CloseFrame},
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};

/// Long enough for two busy cores; only a failing test waits for it.
const LONG: Duration = Duration::from_secs(10);
/// How long a test listens before it believes that nothing comes.
const A_WHILE: Duration = Duration::from_millis(150);

/// A token the storefront refuses.
pub(crate) const FORGED: &str = "forged";

type Said = Result<WatchGamesResponse, Status>;

/// A storefront whose streams say what the test says.
#[derive(Clone, Default)]
pub(crate) struct Storefront(Arc<Inner>);

#[derive(Default)]
struct Inner {
    asked: Mutex<Vec<WatchGamesRequest>>,
    streams: Mutex<Vec<mpsc::UnboundedSender<Said>>>,
    endless: Option<Game>,
    drawn: AtomicUsize,
}

impl Storefront {
    /// Its streams repeat a change to this game as fast as they are read.
    pub(crate) fn endless(game: Game) -> Self {
        Self(Arc::new(Inner { endless: Some(game), ..Inner::default() }))
    }

    /// How many updates were taken from endless streams.
    pub(crate) fn drawn(&self) -> usize {
        self.0.drawn.load(Ordering::SeqCst)
    }

    /// Every question asked so far.
    pub(crate) fn asked(&self) -> Vec<WatchGamesRequest> {
        self.0.asked.lock().expect("no test panics while it asks").clone()
    }

    /// Says this on the stream opened as the nth, counting from 0. False when the stream has no listener any more.
    pub(crate) fn says_on(&self, nth: usize, said: Said) -> bool {
        let streams = self.0.streams.lock().expect("no test panics while it speaks");
        streams[nth].unbounded_send(said).is_ok()
    }

    /// Says this on the first stream.
    pub(crate) fn says(&self, update: Update, token: &str) {
        let said = WatchGamesResponse { update: Some(update), resume_token: token.to_owned() };
        assert!(self.says_on(0, Ok(said)), "someone listens");
    }

    /// Ends every stream without a word.
    pub(crate) fn hangs_up(&self) {
        self.0.streams.lock().expect("no test panics while it hangs up").clear();
    }

    /// Waits until the nth stream has no listener.
    pub(crate) async fn is_left_alone(&self, nth: usize) {
        let closed = async {
            loop {
                if self.0.streams.lock().expect("no test panics here")[nth].is_closed() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, closed).await.expect("the stream is dropped");
    }
}

#[tonic::async_trait]
impl GamesService for Storefront {
    type WatchGamesStream = Pin<Box<dyn Stream<Item = Said> + Send>>;
    type WatchMyGamesStream = stream::Empty<Result<WatchMyGamesResponse, Status>>;

    async fn watch_my_games(
        &self,
        _: Request<WatchMyGamesRequest>,
    ) -> Result<Response<Self::WatchMyGamesStream>, Status> {
        Err(Status::unimplemented("the bridge only watches"))
    }

    async fn watch_games(
        &self,
        request: Request<WatchGamesRequest>,
    ) -> Result<Response<Self::WatchGamesStream>, Status> {
        let request = request.into_inner();
        if request.resume_token == FORGED {
            return Err(Status::new(Code::InvalidArgument, "the resume token is not one of ours"));
        }
        self.0.asked.lock().expect("no test panics while it asks").push(request);
        if let Some(game) = self.0.endless.clone() {
            let inner = Arc::clone(&self.0);
            let changes = stream::repeat_with(move || {
                inner.drawn.fetch_add(1, Ordering::SeqCst);
                Ok(WatchGamesResponse {
                    update: Some(Update::Changed(game.clone())),
                    resume_token: "on".to_owned(),
                })
            });
            return Ok(Response::new(changes.boxed()));
        }
        let (speaker, listener) = mpsc::unbounded();
        self.0.streams.lock().expect("no test panics while it asks").push(speaker);
        Ok(Response::new(listener.boxed()))
    }

    async fn list_games(
        &self,
        _: Request<ListGamesRequest>,
    ) -> Result<Response<ListGamesResponse>, Status> {
        Err(Status::unimplemented("the bridge only watches"))
    }

    async fn get_game(
        &self,
        _: Request<GetGameRequest>,
    ) -> Result<Response<GetGameResponse>, Status> {
        Err(Status::unimplemented("the bridge only watches"))
    }

    async fn create_game(
        &self,
        _: Request<CreateGameRequest>,
    ) -> Result<Response<CreateGameResponse>, Status> {
        Err(Status::unimplemented("the bridge only watches"))
    }

    async fn update_game(
        &self,
        _: Request<UpdateGameRequest>,
    ) -> Result<Response<UpdateGameResponse>, Status> {
        Err(Status::unimplemented("the bridge only watches"))
    }

    async fn delete_game(
        &self,
        _: Request<DeleteGameRequest>,
    ) -> Result<Response<DeleteGameResponse>, Status> {
        Err(Status::unimplemented("the bridge only watches"))
    }

    async fn list_my_games(
        &self,
        _: Request<ListMyGamesRequest>,
    ) -> Result<Response<ListMyGamesResponse>, Status> {
        Err(Status::unimplemented("the bridge only watches"))
    }

    async fn get_my_game(
        &self,
        _: Request<GetMyGameRequest>,
    ) -> Result<Response<GetMyGameResponse>, Status> {
        Err(Status::unimplemented("the bridge only watches"))
    }

    async fn publish_game(
        &self,
        _: Request<PublishGameRequest>,
    ) -> Result<Response<PublishGameResponse>, Status> {
        Err(Status::unimplemented("the bridge only watches"))
    }

    async fn unschedule_game(
        &self,
        _: Request<UnscheduleGameRequest>,
    ) -> Result<Response<UnscheduleGameResponse>, Status> {
        Err(Status::unimplemented("the bridge only watches"))
    }

    async fn hand_over_game(
        &self,
        _: Request<HandOverGameRequest>,
    ) -> Result<Response<HandOverGameResponse>, Status> {
        Err(Status::unimplemented("the bridge only watches"))
    }
}

pub(crate) fn a_game(game_id: i32) -> Game {
    Game {
        game_id,
        title: "Saltglass".to_owned(),
        genre: "Adventure".to_owned(),
        price: 0.0,
        description: String::new(),
        revision: 1,
        kind: "game".to_owned(),
        state: "released".to_owned(),
        ..Game::default()
    }
}

/// The same game as REST writes it: also what is zero or empty is there.
pub(crate) fn a_game_in_json(game_id: i32) -> Value {
    json!({
        "gameId": game_id, "title": "Saltglass", "genre": "Adventure",
        "price": 0.0, "description": "", "revision": 1, "kind": "game", "state": "released",
        "bundledGameIds": [], "tags": [], "platforms": [], "languages": [],
    })
}

pub(crate) const fn heartbeat() -> Update {
    Update::Heartbeat(Heartbeat {})
}

pub(crate) const fn start_over() -> Update {
    Update::StartOver(StartOver {})
}

pub(crate) const fn in_sync() -> Update {
    Update::InSync(InSync {})
}

pub(crate) const fn going_away() -> Update {
    Update::GoingAway(GoingAway {})
}

/// A server on a free port of loopback. Dropped, it ends.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) games: Storefront,
    pub(crate) options: Options,
    pub(crate) stopping: CancellationToken,
    serving: JoinHandle<()>,
}

impl Server {
    pub(crate) fn start(games: Storefront, options: Options) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        // Accepted connections inherit it: a client that does not read is felt after kilobytes, not megabytes.
        socket.set_send_buffer_size(16 * 1024).expect("a small buffer");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let listener: TcpListener = socket.listen(64).expect("a listener");
        let address = listener.local_addr().expect("a bound listener");
        let stopping = CancellationToken::new();
        let app =
            ws::route(vec![Arc::new(GameTopics(games.clone()))], options.clone(), stopping.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("loopback keeps working");
        });
        Self { address, games, options, stopping, serving }
    }

    pub(crate) async fn client(&self) -> Client {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(16 * 1024).expect("a small buffer");
        let stream = socket.connect(self.address).await.expect("the server listens");
        let (socket, _) =
            client_async(format!("ws://{}/ws", self.address), stream).await.expect("a handshake");
        Client { socket }
    }

    /// A client that is subscribed to every game.
    pub(crate) async fn subscriber(&self) -> Client {
        let mut client = self.client().await;
        client.says(json!({"action": "subscribe", "topic": "game_updates"})).await;
        assert_eq!(client.hears().await, json!({"message": "Subscribed to game_updates"}));
        client
    }

    /// Waits until every socket is gone.
    pub(crate) async fn is_empty(&self) {
        self.options.open.close();
        timeout(LONG, self.options.open.wait()).await.expect("every socket ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub(crate) async fn says(&mut self, frame: Value) {
        self.sends(Message::text(frame.to_string())).await;
    }

    pub(crate) async fn sends(&mut self, message: Message) {
        timeout(LONG, self.socket.send(message))
            .await
            .expect("room to write")
            .expect("an open socket");
    }

    /// The next text frame.
    pub(crate) async fn hears(&mut self) -> Value {
        match self.receives().await {
            Message::Text(text) => serde_json::from_str(&text).expect("every text frame is JSON"),
            other => panic!("expected a text frame, got {other:?}"),
        }
    }

    /// The next frame that is neither a ping nor a pong.
    pub(crate) async fn receives(&mut self) -> Message {
        loop {
            match self.receives_anything().await {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    pub(crate) async fn receives_anything(&mut self) -> Message {
        timeout(LONG, self.socket.next())
            .await
            .expect("a frame in time")
            .expect("an open socket")
            .expect("a good frame")
    }

    /// The close frame, past whatever comes before it.
    pub(crate) async fn is_closed(&mut self) -> CloseFrame {
        loop {
            if let Message::Close(frame) = self.receives().await {
                // The library answers the close frame on the way; a server that is gone already needs no answer.
                let _ = self.socket.flush().await;
                return frame.expect("the server gives its reason");
            }
        }
    }

    pub(crate) async fn hears_nothing(&mut self) {
        if let Ok(heard) = timeout(A_WHILE, self.socket.next()).await {
            panic!("expected silence, got {heard:?}");
        }
    }

    /// One error, and the socket goes on.
    pub(crate) async fn is_refused(&mut self, error: &str) {
        let heard = self.hears().await;
        assert_eq!(heard["error"], error, "{heard}");
        assert!(heard["details"].as_str().is_some_and(|details| !details.is_empty()), "{heard}");

        self.says(json!({"action": "unsubscribe", "topic": "game_updates"})).await;
        assert_eq!(self.hears().await, json!({"message": "Unsubscribed from game_updates"}));
    }
}
