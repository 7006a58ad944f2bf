//! Calls to real servers on loopback. Each has a separate runtime, so that it can die like a process.

use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard},
};

use sir0_contract_status::{
    GetStatusRequest, GetStatusResponse,
    status_service_client::StatusServiceClient,
    status_service_server::{StatusService, StatusServiceServer},
};
use tokio::{net::TcpListener, runtime::Runtime};
use tonic::{
    metadata::MetadataMap,
    transport::{Server, server::TcpIncoming},
};

use super::*;

const LONG: Duration = Duration::from_secs(10);
const QUICK: Config = Config {
    patience: Duration::from_secs(5),
    connect_timeout: Duration::from_millis(500),
    look_every: Duration::from_millis(300),
    ping_every: Duration::from_secs(5),
    ping_timeout: Duration::from_secs(3),
    repeated_percent: 20,
    repeated_per_second: 1,
};
const NO_REPEATS: Config = Config { repeated_percent: 0, repeated_per_second: 0, ..QUICK };

/// How an instance answers.
#[derive(Clone, Copy)]
enum Mood {
    Fine,
    Unavailable,
    Asleep,
}

#[derive(Clone)]
struct Answering {
    mood: Mood,
    asked: Arc<Mutex<Vec<MetadataMap>>>,
}

#[tonic::async_trait]
impl StatusService for Answering {
    async fn get_status(
        &self,
        request: tonic::Request<GetStatusRequest>,
    ) -> Result<tonic::Response<GetStatusResponse>, Status> {
        self.asked.lock().expect("no panic").push(request.metadata().clone());
        match self.mood {
            Mood::Fine => Ok(tonic::Response::new(GetStatusResponse::default())),
            Mood::Unavailable => Err(Status::unavailable("not now")),
            Mood::Asleep => {
                sleep(LONG).await;
                Err(Status::aborted("woken too late"))
            }
        }
    }
}

/// An instance on a separate port.
struct Living {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<MetadataMap>>>,
    runtime: Option<Runtime>,
}

impl Living {
    fn born(mood: Mood) -> Self {
        Self::born_at("127.0.0.1:0".parse().expect("an address"), mood)
    }

    fn born_at(address: SocketAddr, mood: Mood) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let asked = Arc::default();
        let answering = Answering { mood, asked: Arc::clone(&asked) };
        let (bound, listener) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            let listener = TcpListener::bind(address).await.expect("a free port");
            bound.send(listener.local_addr().expect("bound")).expect("someone waits");
            let server = Server::builder().add_service(StatusServiceServer::new(answering));
            server.serve_with_incoming(TcpIncoming::from(listener)).await.expect("serves");
        });
        let address = listener.recv().expect("it listens");
        Self { address, asked, runtime: Some(runtime) }
    }

    fn dies(&mut self) {
        self.runtime.take().expect("it lives").shutdown_background();
    }

    fn asked(&self) -> MutexGuard<'_, Vec<MetadataMap>> {
        self.asked.lock().expect("no panic")
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A directory that a test can change.
#[derive(Clone, Default)]
struct Directory(Arc<Mutex<Vec<SocketAddr>>>);

impl Directory {
    fn of(instances: &[&Living]) -> Self {
        let directory = Self::default();
        directory.lists(instances);
        directory
    }

    fn lists(&self, instances: &[&Living]) {
        *self.0.lock().expect("no panic") = instances.iter().map(|it| it.address).collect();
    }

    fn peer(&self, config: Config) -> Peer {
        let listed = Arc::clone(&self.0);
        let lookup: Lookup = Arc::new(move || {
            let found = listed.lock().expect("no panic").clone();
            Box::pin(std::future::ready(Ok(found)))
        });
        Peer::found_by("status:8080".to_owned(), lookup, config)
    }
}

async fn asks(peer: &Peer, retry: impl Into<Option<Retry>>) -> Result<(), Status> {
    let mut request = tonic::Request::new(GetStatusRequest {});
    if let Some(retry) = retry.into() {
        request.extensions_mut().insert(retry);
    }
    StatusServiceClient::new(peer.clone()).get_status(request).await.map(drop)
}

/// Asks until it is answered this many times without a break.
async fn answers_in_a_row(peer: &Peer, many: usize) {
    let mut in_a_row = 0;
    while in_a_row < many {
        in_a_row = if asks(peer, None).await.is_ok() { in_a_row + 1 } else { 0 };
    }
}

#[tokio::test]
async fn calls_go_to_all_instances_in_turn() {
    let (one, two) = (Living::born(Mood::Fine), Living::born(Mood::Fine));
    let peer = Directory::of(&[&one, &two]).peer(QUICK);

    for _ in 0..10 {
        asks(&peer, None).await.expect("an answer");
    }

    assert_eq!((one.asked().len(), two.asked().len()), (5, 5));
}

#[tokio::test]
async fn an_instance_is_found_by_the_name_in_an_address() {
    let one = Living::born(Mood::Fine);
    let address = format!("http://localhost:{}", one.address.port());
    let peer = Peer::at(&address, QUICK).expect("an address");

    // The name may stand for `::1` as well, where no server listens. A call that reached no server is repeated.
    for _ in 0..4 {
        asks(&peer, None).await.expect("an answer");
    }
}

#[tokio::test]
async fn an_instance_that_dies_is_left_within_a_second_and_asked_again_once_it_is_back() {
    let (one, mut two) = (Living::born(Mood::Fine), Living::born(Mood::Fine));
    let peer = Directory::of(&[&one, &two]).peer(NO_REPEATS);
    answers_in_a_row(&peer, 4).await;

    two.dies();
    let left = Instant::now();
    answers_in_a_row(&peer, 20).await;
    assert!(left.elapsed() < Duration::from_secs(1), "{:?}", left.elapsed());

    let reborn = Living::born_at(two.address, Mood::Fine);
    let returned = Instant::now();
    while reborn.asked().is_empty() {
        asks(&peer, None).await.expect("one of them answers");
        assert!(returned.elapsed() < LONG, "it is never asked again");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn callers_notice_nothing_when_an_instance_dies() {
    let (one, mut two) = (Living::born(Mood::Fine), Living::born(Mood::Fine));
    let peer = Directory::of(&[&one, &two]).peer(QUICK);

    for nth in 0..100 {
        if nth == 30 {
            two.dies();
        }
        asks(&peer, Retry::Repeatable).await.expect("the other one answers");
    }
}

#[tokio::test]
async fn an_instance_that_appears_is_found_and_one_that_is_taken_away_is_left() {
    let (one, two) = (Living::born(Mood::Fine), Living::born(Mood::Fine));
    let directory = Directory::of(&[&one]);
    let peer = directory.peer(QUICK);
    asks(&peer, None).await.expect("an answer");

    directory.lists(&[&one, &two]);
    let appeared = Instant::now();
    while two.asked().is_empty() {
        asks(&peer, None).await.expect("an answer");
        assert!(appeared.elapsed() < Duration::from_secs(2), "it is never found");
        sleep(Duration::from_millis(5)).await;
    }

    directory.lists(&[&two]);
    sleep(QUICK.look_every * 3).await;
    let before = one.asked().len();
    for _ in 0..10 {
        asks(&peer, None).await.expect("an answer");
    }
    assert_eq!(one.asked().len(), before);
}

#[tokio::test]
async fn repeating_stops_when_the_budget_is_spent() {
    let ill = Living::born(Mood::Unavailable);
    let config = Config { repeated_per_second: 0, ..QUICK };
    let peer = Directory::of(&[&ill]).peer(config);

    for _ in 0..100 {
        let refused = asks(&peer, Retry::Repeatable).await.expect_err("it is ill");
        assert_eq!(refused.code(), Code::Unavailable);
    }

    let asked = ill.asked().len();
    assert!((110..=120).contains(&asked), "100 calls became {asked}");
}

#[tokio::test]
async fn a_call_that_must_not_happen_twice_is_never_sent_twice() {
    let ill = Living::born(Mood::Unavailable);
    let peer = Directory::of(&[&ill]).peer(QUICK);

    for retry in [None, Some(Retry::Endless)] {
        ill.asked().clear();
        for _ in 0..10 {
            let refused = asks(&peer, retry).await.expect_err("it is ill");
            assert_eq!(refused.code(), Code::Unavailable);
        }
        assert_eq!(ill.asked().len(), 10);
    }
}

#[tokio::test]
async fn a_call_is_sent_to_another_instance_when_it_reached_no_one() {
    let (one, mut dead) = (Living::born(Mood::Fine), Living::born(Mood::Fine));
    dead.dies();
    sleep(Duration::from_millis(100)).await;
    let peer = Directory::of(&[&one, &dead]).peer(QUICK);

    for _ in 0..4 {
        asks(&peer, None).await.expect("it reached no one, so nothing happened twice");
    }
}

#[tokio::test]
async fn the_deadline_of_the_caller_is_carried_onward_and_only_becomes_shorter() {
    let one = Living::born(Mood::Fine);
    let peer = Directory::of(&[&one]).peer(QUICK);
    let carried = || {
        let headers = one.asked().last().expect("asked").clone().into_headers();
        deadline::read(&headers).expect("well-formed")
    };

    let mine = Duration::from_secs(2);
    let until = Instant::now() + mine;
    deadline::within(until, asks(&peer, Retry::Repeatable)).await.expect("in time");
    assert!(carried().is_some_and(|it| it < mine && it > mine / 2), "{:?}", carried());

    asks(&peer, None).await.expect("in time");
    assert!(carried().is_some_and(|it| it <= QUICK.patience), "{:?}", carried());

    let mut own = tonic::Request::new(GetStatusRequest {});
    own.set_timeout(Duration::from_secs(1));
    let own = async { StatusServiceClient::new(peer.clone()).get_status(own).await };
    deadline::within(Instant::now() + mine, own).await.expect("in time");
    assert!(carried().is_some_and(|it| it <= Duration::from_secs(1)), "{:?}", carried());

    asks(&peer, Retry::Endless).await.expect("an answer");
    assert_eq!(carried(), None, "a stream has no end to wait for");
}

#[tokio::test]
async fn a_call_ends_with_its_deadline_and_is_not_even_made_behind_it() {
    let asleep = Living::born(Mood::Asleep);
    let peer = Directory::of(&[&asleep]).peer(QUICK);
    let began = Instant::now();

    let late = deadline::within(began + Duration::from_millis(200), asks(&peer, Retry::Repeatable));
    let late = late.await.expect_err("it sleeps");
    let past = deadline::within(began, asks(&peer, Retry::Repeatable)).await;
    let past = past.expect_err("nobody waits any more");

    assert_eq!((late.code(), past.code()), (Code::DeadlineExceeded, Code::DeadlineExceeded));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(asleep.asked().len(), 1);
}

#[tokio::test]
async fn the_request_a_call_belongs_to_is_named_onward() {
    let one = Living::born(Mood::Fine);
    let peer = Directory::of(&[&one]).peer(QUICK);
    let id = request_id::RequestId::given("the-one").expect("a good name");

    request_id::within(id, None, asks(&peer, None)).await.expect("an answer");

    assert_eq!(one.asked()[0].get(request_id::HEADER.as_str()).expect("named"), "the-one");
}

#[tokio::test]
async fn a_service_without_an_instance_is_said_to_be_out_of_reach_at_once() {
    let peer = Directory::default().peer(QUICK);
    let began = Instant::now();

    let refused = asks(&peer, None).await.expect_err("nobody is there");

    assert_eq!(refused.code(), Code::Unavailable);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}
