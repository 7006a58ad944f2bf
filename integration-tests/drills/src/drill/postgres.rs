//! PostgreSQL is killed as by a power cut and comes back, again and again, while all clients go on asking.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use futures::future::join_all;
use serde_json::json;
use sir0_contract::{
    accounts::LoginRequest,
    storefront::{
        CreateGameRequest, DeleteGameRequest, GetGameRequest, ListGamesRequest, UpdateGameRequest,
    },
};
use sir0_testkit::{Answer, GamesClient, PASSWORD, Person, email_of};
use tokio::{
    task::block_in_place,
    time::{Instant, sleep, timeout},
};
use tonic::{Code, Status};

use super::{
    fleet::{Fleet, STOREFRONT},
    game::a_game,
    ledger::{Fact, Ledger},
    report::Report,
    times::{Times, ms},
};

const INSTANCES: usize = 2;
const STEADY: usize = 20;
const AWAY: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_secs(3);
const RECOVERY_BAR: Duration = Duration::from_secs(3);
/// Beyond this a call does not wait, it hangs.
const LONG: Duration = Duration::from_secs(15);
/// How often a client asks whether it works again.
const ASKS_EVERY: Duration = Duration::from_millis(50);

/// What all clients share.
#[derive(Default)]
struct Stage {
    ledger: Ledger,
    /// Games that are never changed, and what they cost.
    steady: BTreeMap<i32, f64>,
    is_away: AtomicBool,
    over: AtomicBool,
    next: AtomicUsize,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    answered: usize,
    unavailable: usize,
    /// Reads that were answered while the database was away.
    read_meanwhile: usize,
    /// Over REST, 503 with `Retry-After`.
    told_to_retry: usize,
    wrong: Vec<String>,
    slowest_refusal: (Duration, String),
}

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let rounds = if is_short { 2 } else { 5 };
    let mut fleet = Fleet::of(INSTANCES, &[]).await;
    let publishers = fleet.publishers("Northlight").await;
    let stage = Arc::new(Stage::set(publishers.first().context("an instance")?).await?);

    let mut everyone = Vec::new();
    for publisher in &publishers {
        for _ in 0..2 {
            everyone.push(tokio::spawn(Arc::clone(&stage).writes(publisher.clone())));
            everyone.push(tokio::spawn(Arc::clone(&stage).reads(publisher.clone())));
        }
        everyone.push(tokio::spawn(Arc::clone(&stage).speaks_rest(publisher.clone())));
        everyone.push(tokio::spawn(Arc::clone(&stage).signs_in(publisher.clone())));
    }

    let (mut writes, mut logins, mut starts) =
        (Times::default(), Times::default(), Times::default());
    for _ in 0..rounds {
        sleep(BETWEEN).await;
        block_in_place(|| fleet.postgres.kill_hard());
        stage.is_away.store(true, Ordering::SeqCst);
        sleep(AWAY).await;
        stage.is_away.store(false, Ordering::SeqCst);
        let asked = Instant::now();
        block_in_place(|| fleet.postgres.start_again());
        starts.add(asked.elapsed());
        let returned = Instant::now();
        let each = publishers.iter().map(|publisher| stage.recovers(publisher, returned));
        for (wrote, signed_in) in join_all(each).await {
            writes.add(wrote);
            logins.add(signed_in);
        }
    }
    sleep(BETWEEN).await;
    stage.over.store(true, Ordering::SeqCst);
    for one in join_all(everyone).await {
        one.context("a client broke")?;
    }

    let audit = stage.ledger.audit(|sql| fleet.psql(STOREFRONT, sql))?;
    let tally = stage.tally.lock().unwrap_or_else(PoisonError::into_inner);
    for what in
        audit.lost.iter().chain(&audit.doubled).chain(&audit.untold).chain(&tally.wrong).take(10)
    {
        eprintln!("{what}");
    }
    let mut report = Report::default();
    report.tells("times PostgreSQL was killed, for 5 s each", rounds);
    report.tells("calls answered", tally.answered);
    report.tells("calls refused as UNAVAILABLE", tally.unavailable);
    let (slowest, call) = &tally.slowest_refusal;
    report.tells("the slowest refusal", format!("{}, {call}", ms(*slowest)));
    report.tells("games read while it was away", tally.read_meanwhile);
    report.must(
        "over REST, 503 with `Retry-After`",
        tally.told_to_retry,
        "at least 1",
        tally.told_to_retry > 0,
    );
    report.must_be_none("answers neither good nor UNAVAILABLE", tally.wrong.len());
    report.tells("writes acknowledged", audit.acknowledged);
    report.must_be_none("acknowledged writes lost", audit.lost.len());
    report.must_be_none("writes done twice", audit.doubled.len());
    report.must_be_none("games whose events do not match their row, gaps", audit.untold.len());
    report.tells("start of PostgreSQL with its recovery, longest", ms(starts.max()));
    for (what, times) in [("write", writes), ("login", logins)] {
        report.should(
            &format!("from its return to the first {what} at each instance, p50, longest"),
            format!("{}, {}", ms(times.percentile(50)), ms(times.max())),
            "≤ 3 s",
            times.max() <= RECOVERY_BAR,
        );
    }
    Ok(report)
}

impl Stage {
    async fn set(publisher: &Person) -> Result<Self> {
        let mut stage = Self::default();
        let mut games = publisher.games();
        for number in 0..STEADY {
            let title = format!("Steady {number}");
            let price = f64::from(u8::try_from(number).expect("a few"));
            let request = CreateGameRequest {
                genre: "Steady".to_owned(),
                price: Some(price),
                ..a_game(&title)
            };
            let made = games.create_game(request).await.context("a game is refused")?;
            let game = made.into_inner().game_id;
            stage.ledger.notes(Fact::Created { game, title });
            stage.steady.insert(game, price);
        }
        Ok(stage)
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::SeqCst)
    }

    fn number(&self) -> usize {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a call and judges how it ended: with an answer, or refused as it should be.
    async fn judged<T>(
        &self,
        name: &str,
        call: impl Future<Output = Result<tonic::Response<T>, Status>>,
    ) -> Option<T> {
        let asked = Instant::now();
        let ended = timeout(LONG, call).await;
        let mut tally = self.tally();
        match ended {
            Ok(Ok(answer)) => {
                tally.answered += 1;
                Some(answer.into_inner())
            }
            Ok(Err(status)) if status.code() == Code::Unavailable => {
                tally.unavailable += 1;
                let this = (asked.elapsed(), name.to_owned());
                tally.slowest_refusal = tally.slowest_refusal.clone().max(this);
                None
            }
            Ok(Err(status)) => {
                tally.wrong.push(format!("{name}: {status}"));
                None
            }
            Err(_elapsed) => {
                tally.wrong.push(format!("{name}: no answer in {}", ms(LONG)));
                None
            }
        }
    }

    fn is_wrong(&self, what: String) {
        self.tally().wrong.push(what);
    }

    async fn writes(self: Arc<Self>, publisher: Person) {
        let mut games = publisher.games();
        while self.goes_on() {
            let number = self.number();
            let title = format!("Written {number}");
            let Some(game) = self.creates(&mut games, title).await else { continue };
            let description = format!("written {number}");
            let request = UpdateGameRequest {
                game_id: game,
                description: Some(description.clone()),
                ..Default::default()
            };
            let Some(changed) = self.judged("UpdateGame", games.update_game(request)).await else {
                continue;
            };
            let revision = changed.revision;
            self.ledger.notes(Fact::Changed { game, revision, description: description.clone() });

            // A client sees its write at once.
            let request = GetGameRequest { game_id: game };
            if let Some(read) = self.judged("GetGame", games.get_game(request)).await
                && read.game.as_ref().is_none_or(|game| game.description != description)
            {
                self.is_wrong(format!("after `{description}` was written, {read:?} is read"));
            }
            if number.is_multiple_of(3) {
                let request = DeleteGameRequest { game_id: game };
                if self.judged("DeleteGame", games.delete_game(request)).await.is_some() {
                    self.ledger.notes(Fact::Removed { game });
                }
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn creates(&self, games: &mut GamesClient, title: String) -> Option<i32> {
        let call = games.create_game(a_game(&title));
        let game = self.judged("CreateGame", call).await?.game_id;
        self.ledger.notes(Fact::Created { game, title });
        Some(game)
    }

    async fn reads(self: Arc<Self>, person: Person) {
        let mut games = person.games();
        while self.goes_on() {
            for (game, price) in &self.steady {
                let is_away = self.is_away.load(Ordering::SeqCst);
                let call = games.get_game(GetGameRequest { game_id: *game });
                let Some(read) = self.judged("GetGame", call).await else { continue };
                let read = read.game.unwrap_or_default();
                #[expect(clippy::float_cmp, reason = "whole numbers stay exact")]
                if read.game_id != *game || read.price != *price {
                    self.is_wrong(format!("game {game} is read as {read:?}"));
                }
                self.tally().read_meanwhile += usize::from(is_away);
            }
            let request = ListGamesRequest { genre: "Steady".to_owned(), ..Default::default() };
            if let Some(list) = self.judged("ListGames", games.list_games(request)).await
                && list.games.len() != STEADY
            {
                self.is_wrong(format!("a list of {STEADY} games has {}", list.games.len()));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn speaks_rest(self: Arc<Self>, publisher: Person) {
        let rest = publisher.rest();
        while self.goes_on() {
            let title = format!("Rest {}", self.number());
            let body = json!({"title": title, "genre": "Rest", "price": 1, "description": ""});
            let answer = timeout(LONG, rest.post("/api/games", &body)).await;
            match answer {
                Ok(answer) => self.judges(&answer),
                Err(_elapsed) => self.is_wrong("POST /api/games: no answer".to_owned()),
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn judges(&self, answer: &Answer) {
        let mut tally = self.tally();
        match (answer.status, answer.header("retry-after")) {
            (201, _) => tally.answered += 1,
            (503, Some(_)) => {
                tally.unavailable += 1;
                tally.told_to_retry += 1;
            }
            (status, retry) => {
                let what = format!("POST /api/games: {status}, Retry-After {retry:?}");
                tally.wrong.push(what);
            }
        }
    }

    async fn signs_in(self: Arc<Self>, person: Person) {
        let mut accounts = person.accounts();
        while self.goes_on() {
            let call = accounts.login(login());
            if let Some(begun) = self.judged("Login", call).await
                && begun.token.is_empty()
            {
                self.is_wrong("a login without a token".to_owned());
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// How long after the return of the database this instance writes and signs people in again. Requests are made all
    /// the time, and none waits for the one before it: a person that comes now is what counts.
    async fn recovers(
        self: &Arc<Self>,
        publisher: &Person,
        returned: Instant,
    ) -> (Duration, Duration) {
        let write = async {
            let (sender, mut first) = tokio::sync::mpsc::channel(1);
            loop {
                let (stage, sender) = (Arc::clone(self), sender.clone());
                let (mut games, title) = (publisher.games(), format!("Back {}", self.number()));
                tokio::spawn(async move {
                    if stage.creates(&mut games, title).await.is_some() {
                        // Only the first one counts.
                        let _ = sender.try_send(returned.elapsed());
                    }
                });
                if let Ok(Some(took)) = timeout(ASKS_EVERY, first.recv()).await {
                    return took;
                }
            }
        };
        let sign_in = async {
            let mut accounts = publisher.accounts();
            while accounts.login(login()).await.is_err() {
                sleep(ASKS_EVERY).await;
            }
            returned.elapsed()
        };
        tokio::join!(write, sign_in)
    }
}

fn login() -> LoginRequest {
    LoginRequest {
        email: email_of("Northlight"),
        password: PASSWORD.to_owned(),
        ..Default::default()
    }
}
