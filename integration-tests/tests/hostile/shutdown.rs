//! Stopping: in order, in time, and with a word to every client that listens.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use futures::future::join_all;
use sir0_contract::storefront::{WatchGamesRequest, watch_games_response::Update};
use sir0_testkit::{TOPOLOGY, process};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    time::timeout,
};

use crate::{
    http2::Http2,
    kept::Kept,
    stage::{a_game, adds},
};

const DRAIN: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_keeps_every_acknowledged_write_and_ends_well() {
    let mut server = process().await;
    let studio = server.publisher("Northlight").await;

    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let studio = studio.clone();
            tokio::spawn(async move {
                let (mut games, mut acknowledged) = (studio.games(), Vec::new());
                for number in 0.. {
                    match games.create_game(a_game(&format!("{writer}-{number}"))).await {
                        Ok(added) => acknowledged.push(added.into_inner().game_id),
                        Err(_stopped) => break,
                    }
                }
                acknowledged
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    let exit = server.terminate().await;

    assert!(begun.elapsed() < DRAIN, "it took {:?}", begun.elapsed());
    assert_eq!(exit.code(), Some(0), "{}", server.log());
    let acknowledged: Vec<_> =
        join_all(writers).await.into_iter().flat_map(|it| it.expect("no panic")).collect();
    assert!(acknowledged.len() > 20, "{} writes are no load", acknowledged.len());
    let kept = Kept::read(&server.storefront_tables()).await;
    kept.has_each_once(&acknowledged);
    kept.is_consistent();
    server.starts_again().await;
    adds(&studio, "After the stop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_asked_for_as_soon_as_it_says_that_it_is_ready_is_in_order() {
    let mut server = process().await;

    let exit = server.terminate().await;

    assert_eq!(exit.code(), Some(0), "{exit:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_who_listens_is_told_that_the_server_goes_away() {
    let mut server = process().await;
    let studio = server.publisher("Northlight").await;
    let mut grpc = studio
        .games()
        .watch_games(WatchGamesRequest::default())
        .await
        .expect("a stream")
        .into_inner();
    let mut events = studio.rest().stream("/api/games:watch", "text/event-stream", &[]).await;
    let mut lines = studio.rest().stream("/api/games:watch", "application/x-ndjson", &[]).await;
    let mut socket = studio.socket().await;
    socket.subscribes("game_updates").await;
    let first = grpc.message().await.expect("unbroken").expect("where it begins");
    assert!(matches!(first.update, Some(Update::Heartbeat(_))), "{first:?}");

    let begun = Instant::now();
    server.is_asked_to_stop().await;

    let last = grpc.message().await.expect("unbroken").expect("a last word");
    assert!(matches!(last.update, Some(Update::GoingAway(_))), "{last:?}");
    assert!(grpc.message().await.expect("ends with a status").is_none());
    let (id, event) = events.next_event().await.expect("a last word");
    assert!(event["goingAway"].is_object(), "{event}");
    assert_eq!(id.as_deref(), event["resumeToken"].as_str(), "the browser resumes by it");
    assert!(events.next_event().await.is_none());
    let line = lines.next_json().await.expect("a last word");
    assert!(line["goingAway"].is_object(), "{line}");
    assert!(lines.next_json().await.is_none());
    let heard = socket.hears().await;
    assert_eq!(heard["event"], "going_away", "{heard}");
    drop(socket);

    // A server that is asked twice still ends once.
    let exit = server.terminate().await;
    assert!(begun.elapsed() < DRAIN, "it took {:?}", begun.elapsed());
    assert_eq!(exit.code(), Some(0), "{}", server.log());

    server.starts_again().await;
    let id = adds(&studio, "Missed meanwhile").await;
    let resume = WatchGamesRequest { resume_token: last.resume_token, ..Default::default() };
    let mut again = studio.games().watch_games(resume).await.expect("a stream").into_inner();
    let missed = again.message().await.expect("unbroken").expect("what was missed");
    assert!(matches!(missed.update, Some(Update::Added(game)) if game.game_id == id));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_rest_do_not_hold_up_a_stop() {
    let mut server = process().await;
    let studio = server.publisher("Northlight").await;
    let mut resting = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
        stream.write_all(b"GET /api/status HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it reads");
        let mut answer = [0; 1024];
        assert!(stream.read(&mut answer).await.expect("it answers") > 0);
        resting.push(stream);
    }
    for _ in 0..5 {
        resting.push(TcpStream::connect(server.address()).await.expect("it listens"));
    }
    let channels: Vec<_> = join_all((0..5).map(|_| Http2::open(server.address()))).await;
    let (mut games, mut reader) = (studio.games(), studio.status());
    games.create_game(a_game("Lanterns")).await.expect("a good game");
    reader.get_status(sir0_contract::status::GetStatusRequest {}).await.expect("a status");

    let begun = Instant::now();
    let exit = server.terminate().await;

    assert!(begun.elapsed() < Duration::from_secs(3), "it took {:?}", begun.elapsed());
    assert_eq!(exit.code(), Some(0));
    drop((resting, channels));
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_dawdle_do_not_hold_up_a_stop_beyond_its_time() {
    let mut server = process().await;
    let studio = server.publisher("Northlight").await;
    // Half a header, half a body, half a gRPC message, and a stream that the client leaves unread.
    let mut dawdling = Vec::new();
    for begun in [
        &b"GET /api/games HTTP/1.1\r\nHost: x\r\n"[..],
        b"POST /api/users/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"POST /sir0.storefront.v1.GamesService/GetGame HTTP/1.1\r\nHost: x\r\nContent-Type: application/grpc-web\r\nContent-Length: 100\r\n\r\n\0",
        b"GET /api/games:watch?sendPresent=true HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
        stream.write_all(begun).await.expect("it reads");
        dawdling.push(stream);
    }
    let id = adds(&studio, "Lanterns").await;

    let begun = Instant::now();
    let exit = server.terminate().await;

    assert!(begun.elapsed() < DRAIN + Duration::from_secs(2), "it took {:?}", begun.elapsed());
    assert_eq!(exit.code(), Some(0));
    Kept::read(&server.storefront_tables()).await.has_each_once(&[id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_port_says_what_is_wrong_and_harms_no_one() {
    let mut first = process().await;
    let folder = tempfile::tempdir().expect("a folder for the test");
    let test = std::env::current_exe().expect("a test knows where it is");
    let program = test.ancestors().nth(2).expect("a test is in a folder of a folder").join("sir0");

    let second = Command::new(program)
        .current_dir(folder.path())
        .args(["serve", "--listen", &first.address().to_string(), "--data-dir", "data"])
        // Variables for the tests are no settings of the program.
        .env_remove(TOPOLOGY)
        .env_remove("SIR0_TEST_POSTGRES")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let second = timeout(LONG, second).await.expect("it ends by itself").expect("it starts");

    let said = String::from_utf8_lossy(&second.stderr);
    assert!(second.status.code().is_some_and(|code| code != 0), "{:?}", second.status);
    assert!(said.contains(&first.address().port().to_string()), "{said}");
    assert!(said.contains("another sir0"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(!String::from_utf8_lossy(&second.stdout).contains("ready"), "it never was");
    assert!(first.is_alive());
    assert_eq!(first.visitor().rest().get("/api/status").await.status, 200);
}
