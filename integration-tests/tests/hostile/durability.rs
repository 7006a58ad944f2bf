//! What was acknowledged is there: after clients that hang up, and after the power goes.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use serde_json::{Value, json};
use sir0_contract::storefront::{
    UpdateGameRequest, WatchGamesRequest, watch_games_response::Update,
};
use sir0_testkit::{Person, Tables, process};
use socket2::SockRef;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use crate::{
    http1::request,
    kept::{Kept, is_whole},
    stage::{Unshaken, a_game, adds},
};

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn micros_below(&mut self, limit: u64) -> Duration {
        Duration::from_micros(self.below(limit))
    }
}

/// Sends a whole request and is gone before the answer, with a reset and not with a goodbye.
async fn sends_and_resets(
    studio: &Person,
    method: &str,
    target: &str,
    body: &str,
    after: Duration,
) {
    let bearer = format!("Bearer {}", studio.token());
    let bytes = request(method, target, &[("Authorization", &bearer)], body.as_bytes());
    let mut stream = TcpStream::connect(studio.address()).await.expect("it listens");
    stream.write_all(&bytes).await.expect("it reads");
    tokio::time::sleep(after).await;
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a socket");
}

/// The id in the answer to `POST /api/games`.
fn added_id(answer: &Value) -> i32 {
    let id = answer["gameId"].as_i64().expect("an id");
    id.try_into().expect("the contract has 32 bits")
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hang_up_take_no_acknowledged_write_with_them() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let victim = adds(&studio, "Changed by many").await;
    let mut acknowledged = vec![victim];
    let (mut dice, mut hung_up) = (Dice(7), 0);
    let (mut games, rest) = (studio.games(), studio.rest());

    for round in 0..300 {
        let wait = dice.micros_below(4_000);
        let title = format!("Dropped {round}");
        let body =
            json!({"title": title, "genre": "Puzzle", "price": 1, "description": ""}).to_string();
        let price = json!({"price": f64::from(round)}).to_string();
        match round % 5 {
            0 => sends_and_resets(&studio, "POST", "/api/games", &body, wait).await,
            1 => {
                sends_and_resets(&studio, "PUT", &format!("/api/games/{victim}"), &price, wait)
                    .await;
            }
            2 => match timeout(wait, games.create_game(a_game(&title))).await {
                Ok(added) => acknowledged.push(added.expect("a good game").into_inner().game_id),
                Err(_dropped) => hung_up += 1,
            },
            3 => {
                let change = UpdateGameRequest {
                    game_id: victim,
                    price: Some(f64::from(round)),
                    ..Default::default()
                };
                hung_up += u32::from(timeout(wait, games.update_game(change)).await.is_err());
            }
            _ => {
                let game = sir0_testkit::a_game(&title);
                let post = rest.post("/api/games", &game);
                match timeout(wait, post).await {
                    Ok(answer) => {
                        acknowledged.push(added_id(&answer.json));
                    }
                    Err(_dropped) => hung_up += 1,
                }
            }
        }
        if round % 3 == 0 {
            acknowledged.push(adds(&studio, &format!("Kept {round}")).await);
        }
    }

    assert!(hung_up > 20, "{hung_up} calls were dropped half-way, too few to tell anything");
    acknowledged.push(adds(&studio, "The server still writes").await);
    server.is_unshaken(64).await;
    assert!(server.process.terminate().await.success());
    let kept = Kept::read(&server.process.storefront_tables()).await;
    kept.has_each_once(&acknowledged);
    kept.is_consistent();
    is_whole(&server.process.storefront_tables()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_and_logouts_that_are_dropped_leave_every_session_open_or_over() {
    let server = process().await;
    let ada = server.player("Ada").await;
    let mut dice = Dice(11);

    for _ in 0..20 {
        let session = ada.signs_in("Ada").await;
        let body = json!({"token": session.token()}).to_string();
        sends_and_resets(&session, "POST", "/api/users/logout", &body, dice.micros_below(3_000))
            .await;
        let path = format!("/api/users/{}", ada.id);
        let status = session.rest().get(&path).await.status;
        assert!(matches!(status, 200 | 401), "{status}");

        session.rest().post("/api/users/logout", &json!({"token": session.token()})).await;
        assert_eq!(session.rest().get(&path).await.status, 401, "a logout that was acknowledged");
    }
}

/// What writers were told, over the whole story.
#[derive(Clone, Default)]
struct Acknowledged {
    added: Arc<Mutex<Vec<i32>>>,
    /// The revision each writer's own game had last, as it was told.
    revisions: Arc<Mutex<Vec<(i32, i32)>>>,
}

impl Acknowledged {
    fn added(&self, id: i32) {
        self.added.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    fn changed(&self, id: i32, revision: i32) {
        self.revisions.lock().unwrap_or_else(PoisonError::into_inner).push((id, revision));
    }

    fn ids(&self) -> Vec<i32> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn revisions(&self) -> Vec<(i32, i32)> {
        self.revisions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Adds and changes games as fast as it can until the power goes.
async fn writes_until_the_end(studio: Person, name: String, over_rest: bool, told: Acknowledged) {
    let (mut games, rest) = (studio.games(), studio.rest());
    for number in 0.. {
        let title = format!("{name} {number}");
        let id = if over_rest {
            let body = sir0_testkit::a_game(&title);
            let request = rest.request(http::Method::POST, "/api/games").json(&body).send().await;
            let Ok(answer) = request else { return };
            assert_eq!(answer.status().as_u16(), 201, "{title}");
            let Ok(json) = answer.json::<Value>().await else { return };
            added_id(&json)
        } else {
            let Ok(added) = games.create_game(a_game(&title)).await else { return };
            added.into_inner().game_id
        };
        told.added(id);
        let change = UpdateGameRequest { game_id: id, price: Some(1.0), ..Default::default() };
        let Ok(changed) = games.update_game(change).await else { return };
        told.changed(id, changed.into_inner().revision);
    }
}

/// Hears of every change, through every break, and notes the games that were added.
async fn listens(
    studio: Person,
    token: String,
    heard: Arc<Mutex<Vec<i32>>>,
    over: Arc<AtomicBool>,
) {
    let mut token = token;
    while !over.load(Ordering::Relaxed) {
        let resume = WatchGamesRequest { resume_token: token.clone(), ..Default::default() };
        let Ok(stream) = studio.games().watch_games(resume).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let mut stream = stream.into_inner();
        while let Ok(Ok(Some(message))) = timeout(Duration::from_secs(1), stream.message()).await {
            token = message.resume_token;
            match message.update {
                Some(Update::Added(game)) => {
                    heard.lock().unwrap_or_else(PoisonError::into_inner).push(game.game_id);
                }
                Some(Update::StartOver(_)) => panic!("nothing was forgotten"),
                _ => {}
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_power_cuts_under_load_lose_nothing_that_was_acknowledged() {
    const CUTS: u64 = 50;
    let mut server = process().await;
    let studio = server.publisher("Northlight").await;
    let told = Acknowledged::default();
    let first = adds(&studio, "The first").await;
    told.added(first);
    let mut watch = studio.games();
    let present = WatchGamesRequest { send_present: true, ..Default::default() };
    let mut present = watch.watch_games(present).await.expect("a stream").into_inner();
    let token = loop {
        let message = present.message().await.expect("unbroken").expect("the present ends");
        if matches!(message.update, Some(Update::InSync(_))) {
            break message.resume_token;
        }
    };
    drop(present);
    let (heard, over) = (Arc::new(Mutex::new(vec![first])), Arc::new(AtomicBool::new(false)));
    let listener =
        tokio::spawn(listens(studio.clone(), token, Arc::clone(&heard), Arc::clone(&over)));
    let (mut dice, begun) = (Dice(3), Instant::now());

    for cut in 0..CUTS {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let name = format!("{cut} {writer}");
                tokio::spawn(writes_until_the_end(
                    studio.clone(),
                    name,
                    writer % 2 == 0,
                    told.clone(),
                ))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(60) + dice.micros_below(240_000)).await;
        server.kill_9().await;
        for writer in join_all(writers).await {
            writer.expect("no writer was refused");
        }
        server.starts_again().await;
        if cut % 10 == 9 {
            is_whole(&server.storefront_tables()).await;
            Kept::read(&server.storefront_tables()).await.has_each_once(&told.ids());
        }
    }
    let took = begun.elapsed();

    let last = adds(&studio, "The last").await;
    told.added(last);
    let caught_up = async {
        while heard.lock().unwrap_or_else(PoisonError::into_inner).last() != Some(&last) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), caught_up).await.expect("the listener catches up");
    over.store(true, Ordering::Relaxed);
    assert!(server.terminate().await.success());
    listener.await.expect("it was never told to start over");

    let kept = Kept::read(&server.storefront_tables()).await;
    let acknowledged = told.ids();
    // More than one between two cuts. How many fit depends on what else the machine has to do.
    assert!(acknowledged.len() > 50, "{} writes in {took:?} are no load", acknowledged.len());
    kept.has_each_once(&acknowledged);
    kept.is_consistent();
    is_whole(&server.storefront_tables()).await;
    for (id, revision) in told.revisions() {
        assert!(kept.revision(id) >= Some(revision.into()), "game {id} lost a change");
    }
    let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let once: BTreeSet<_> = heard.iter().copied().collect();
    assert_eq!(once.len(), heard.len(), "a game was heard of twice");
    let announced = kept.added_in_order();
    assert!(heard.iter().copied().map(i64::from).eq(announced), "out of the order of commits");
    assert_eq!(heard.len(), kept.count(), "every game that is there was heard of, and no other");
    assert!(took < Duration::from_mins(1), "it took {took:?}");
    let checked = match server.storefront_tables() {
        Tables::File(_) => ", `PRAGMA integrity_check` ok",
        Tables::Server(_) => "",
    };
    println!(
        "drill: {CUTS} times `kill -9` in {:.0} s of writing, {} games and changes acknowledged, 0 lost, 0 doubled{checked}",
        took.as_secs_f64(),
        acknowledged.len() + told.revisions().len(),
    );
}
