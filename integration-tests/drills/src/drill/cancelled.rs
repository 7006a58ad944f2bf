//! Clients that leave in the middle, a database that is milliseconds away, and few connections to it: a transaction
//! whose caller is gone must neither stay open nor swallow the write of another client.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, future::join_all, stream};
use http::Method;
use serde_json::json;
use sir0_contract::{
    accounts::LoginRequest,
    storefront::{DeleteGameRequest, ListGamesRequest, UpdateGameRequest},
};
use sir0_testkit::{GamesClient, PASSWORD, Person, email_of};
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Status};

use super::{
    dice::Dice,
    fleet::{ACCOUNTS, Fleet, STOREFRONT},
    game::a_game,
    ledger::{Audit, Fact, Ledger},
    report::Report,
    times::{Times, ms},
};

const DELAY: Duration = Duration::from_millis(3);
const CONNECTIONS: &str = "4";
/// The longest a client waits before it leaves.
const PATIENCE: Duration = Duration::from_millis(40);
/// The same for a client that signs in: the password is hashed before anything is written.
const PATIENCE_TO_SIGN_IN: Duration = Duration::from_millis(800);
const LEAVING: usize = 8;
/// How long clients wait until they come again. A write runs to its end without its client, so without a pause they
/// would ask for more than the database can do, and the drill would be about that.
const PAUSE: Duration = Duration::from_millis(400);
const STAYING: usize = 2;
const AFTERWARDS: usize = 100;
const AFTERWARDS_AT_ONCE: usize = 8;
/// What the clients ask for, and how likely each is.
const KINDS: u64 = 7;
const SIGNING_IN: u64 = 4;
/// Beyond this a call does not go on, it hangs.
const LONG: Duration = Duration::from_secs(15);

/// What clients that leave and clients that stay share.
struct Stage {
    ledger: Ledger,
    publisher: Person,
    player: Person,
    /// Games to change, and games to remove.
    steady: Vec<i32>,
    doomed: Mutex<VecDeque<i32>>,
    left: AtomicUsize,
    /// Calls that were answered before their client would have left.
    answered: AtomicUsize,
    next: AtomicUsize,
    over: AtomicBool,
    /// Answers that no client should get.
    wrong: Mutex<Vec<String>>,
    waits: Mutex<Times>,
    unavailable: AtomicUsize,
    tokens: Mutex<Vec<(i32, String)>>,
}

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let goal = if is_short { 300 } else { 2_000 };
    let settings = [
        ("SIR0_STOREFRONT_DATABASE_CONNECTIONS", CONNECTIONS),
        ("SIR0_ACCOUNTS_DATABASE_CONNECTIONS", CONNECTIONS),
    ];
    let fleet = Fleet::far_from_its_database(DELAY, &settings).await;
    let stage = Arc::new(Stage::set(&fleet).await?);

    let staying: Vec<_> = (0..STAYING).map(|_| tokio::spawn(Arc::clone(&stage).stays())).collect();
    let leaving = (0..LEAVING).map(|_| tokio::spawn(Arc::clone(&stage).leaves(goal)));
    for left in join_all(leaving).await {
        left.context("a client broke")?;
    }
    stage.over.store(true, Ordering::SeqCst);
    for stayed in join_all(staying).await {
        stayed.context("a client broke")?;
    }

    sleep(Duration::from_secs(1)).await;
    let count = |sql: &str| fleet.count("postgres", sql);
    let idle = count(
        "SELECT count(*) FROM pg_stat_activity
          WHERE state LIKE 'idle in transaction%' AND datname IN ('accounts', 'storefront')",
    );
    let connections = count("SELECT count(*) FROM pg_stat_activity WHERE datname = 'storefront'");

    let afterwards = Arc::clone(&stage).goes_on().await?;
    let audit = stage.ledger.audit(|sql| fleet.psql(STOREFRONT, sql))?;
    let read_otherwise = stage.reads(&audit).await?;
    let tokens = std::mem::take(&mut *stage.tokens.lock().unwrap_or_else(PoisonError::into_inner));
    let mut dead_tokens = 0;
    for (id, token) in &tokens {
        let request = sir0_contract::accounts::GetUserRequest { user_id: *id };
        let read = stage.player.with_token(token).accounts().get_user(request).await;
        dead_tokens += usize::from(read.is_err());
    }
    let sessions = fleet.count(ACCOUNTS, "SELECT count(*) FROM sessions");
    ensure!(sessions >= tokens.len(), "fewer sessions than logins that were answered");

    for what in audit.lost.iter().chain(&audit.doubled).chain(&audit.untold).take(10) {
        eprintln!("{what}");
    }
    let wrong = stage.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for what in wrong.iter().take(10) {
        eprintln!("{what}");
    }
    let waits = stage.waits.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (left, answered) =
        (stage.left.load(Ordering::SeqCst), stage.answered.load(Ordering::SeqCst));
    let mut report = Report::default();
    report.tells("calls whose client left, after 0 to 40 ms, logins after 0 to 800 ms", left);
    report.tells("calls of such clients that were answered before", answered);
    report.tells("writes acknowledged", audit.acknowledged);
    report.must_be_none("acknowledged writes lost", audit.lost.len());
    report.must_be_none("writes done twice", audit.doubled.len());
    report.must_be_none("games whose events do not match their row, gaps", audit.untold.len());
    report.must_be_none("games read otherwise than kept", read_otherwise);
    report.must_be_none(
        "calls refused as UNAVAILABLE, for want of a connection",
        stage.unavailable.load(Ordering::SeqCst),
    );
    report.must_be_none("answers other than success or the refusal asked for", wrong.len());
    report.must(
        "logins answered, their tokens refused",
        format!("{}, {dead_tokens}", tokens.len()),
        "0 refused",
        dead_tokens == 0,
    );
    report.must_be_none("sessions `idle in transaction` 1 s later", idle);
    report.tells(
        "connections to the storefront's database then (pool of 4, 1 to listen)",
        connections,
    );
    report.tells(
        "calls of clients that stayed, p50, p99, longest",
        format!("{}, {}, {}", ms(waits.percentile(50)), ms(waits.percentile(99)), ms(waits.max())),
    );
    report.must(
        &format!("{AFTERWARDS} writes afterwards, {AFTERWARDS_AT_ONCE} at once: answered, longest"),
        format!("{}, {}", afterwards.count(), ms(afterwards.max())),
        "all",
        afterwards.count() == AFTERWARDS,
    );
    Ok(report)
}

impl Stage {
    async fn set(fleet: &Fleet) -> Result<Self> {
        let publisher = fleet.first().publisher("Northlight").await;
        let player = fleet.first().player("Ada").await;
        let ledger = Ledger::default();
        let mut games = publisher.games();
        let mut steady = Vec::new();
        for number in 0..40 {
            let title = format!("Steady {number}");
            let made = games.create_game(a_game(&title)).await.context("a game is refused")?;
            let game = made.into_inner().game_id;
            ledger.notes(Fact::Created { game, title });
            steady.push(game);
        }
        Ok(Self {
            ledger,
            publisher,
            player,
            steady,
            doomed: Mutex::default(),
            left: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            wrong: Mutex::default(),
            waits: Mutex::default(),
            unavailable: AtomicUsize::new(0),
            tokens: Mutex::default(),
        })
    }

    fn number(&self) -> usize {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// A client that leaves after a random time, again and again.
    async fn leaves(self: Arc<Self>, goal: usize) {
        let mut dice = Dice::new();
        let games = self.publisher.games();
        while self.left.load(Ordering::SeqCst) < goal {
            sleep(dice.shorter_than(PAUSE)).await;
            let kind = dice.below(KINDS);
            let patience = if kind == SIGNING_IN { PATIENCE_TO_SIGN_IN } else { PATIENCE };
            let patience = dice.shorter_than(patience);
            let call = self.call_of(kind, games.clone(), &mut dice);
            match timeout(patience, call).await {
                Err(_left) => self.left.fetch_add(1, Ordering::SeqCst),
                Ok(()) => self.answered.fetch_add(1, Ordering::SeqCst),
            };
        }
    }

    async fn call_of(&self, kind: u64, mut games: GamesClient, dice: &mut Dice) {
        let number = self.number();
        match kind {
            0 | 1 => self.creates(&mut games, format!("Left {number}")).await,
            2 => {
                let which = usize::try_from(dice.below(40)).expect("below 40");
                let game = self.steady.get(which).copied().expect("40 were made");
                self.changes(&mut games, game, format!("left {number}")).await;
            }
            3 => {
                let doomed = self.doomed.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                if let Some(game) = doomed {
                    self.removes(&mut games, game).await;
                }
            }
            SIGNING_IN => self.signs_in().await,
            5 => {
                let request = ListGamesRequest { q: "left".to_owned(), ..Default::default() };
                let listed = games.list_games(request).await;
                self.judges("ListGames", listed.err(), &[]);
            }
            // Over HTTP/1 the whole connection goes when its client leaves.
            _ => {
                let title = format!("Left {number}");
                let body =
                    json!({"title": title, "genre": "Puzzle", "price": 1, "description": ""});
                let request = self.publisher.rest().request(Method::POST, "/api/games");
                match request.json(&body).send().await {
                    Ok(answer) if answer.status() == 201 => {}
                    Ok(answer) => self.is_wrong(format!("POST /api/games: {}", answer.status())),
                    Err(broken) => self.is_wrong(format!("POST /api/games: {broken}")),
                }
            }
        }
    }

    /// A client that waits for every answer.
    async fn stays(self: Arc<Self>) {
        let mut games = self.publisher.games();
        while !self.over.load(Ordering::SeqCst) {
            let (number, asked) = (self.number(), Instant::now());
            let call = async {
                let title = format!("Stayed {number}");
                let made = games.create_game(a_game(&title)).await;
                let game = made.map(|made| made.into_inner().game_id);
                match game {
                    Ok(game) => self.ledger.notes(Fact::Created { game, title }),
                    Err(status) => return self.judges("CreateGame", Some(status), &[]),
                }
                let Ok(game) = game else { return };
                self.changes(&mut games, game, format!("stayed {number}")).await;
                if number.is_multiple_of(3) {
                    self.removes(&mut games, game).await;
                } else if number.is_multiple_of(2) {
                    let mut doomed = self.doomed.lock().unwrap_or_else(PoisonError::into_inner);
                    doomed.push_back(game);
                }
            };
            if timeout(LONG, call).await.is_err() {
                self.is_wrong(format!("a client that stayed waited {}", ms(LONG)));
            }
            self.waits.lock().unwrap_or_else(PoisonError::into_inner).add(asked.elapsed());
        }
    }

    /// Writes when all is over: none may find the pool spent.
    async fn goes_on(self: Arc<Self>) -> Result<Times> {
        let games = self.publisher.games();
        let calls = stream::iter(0..AFTERWARDS).map(|number| {
            let (stage, mut games) = (Arc::clone(&self), games.clone());
            tokio::spawn(async move {
                let (asked, title) = (Instant::now(), format!("Afterwards {number}"));
                let made = timeout(LONG, games.create_game(a_game(&title))).await.ok()?.ok()?;
                let game = made.into_inner().game_id;
                stage.ledger.notes(Fact::Created { game, title });
                Some(asked.elapsed())
            })
        });
        let mut times = Times::default();
        let calls: Vec<_> = calls.buffer_unordered(AFTERWARDS_AT_ONCE).collect().await;
        for call in calls {
            times.extend(call.context("a client broke")?);
        }
        Ok(times)
    }

    /// Reads every game that is kept, and counts those that are told otherwise.
    async fn reads(&self, audit: &Audit) -> Result<usize> {
        let mut games = self.publisher.games();
        let mut otherwise = 0;
        for (id, kept) in &audit.games {
            let request = sir0_contract::storefront::GetGameRequest { game_id: *id };
            let read = games.get_game(request).await.context("a game that is kept is not read")?;
            let game = read.into_inner().game.context("an answer without a game")?;
            let agrees = game.revision == kept.revision
                && game.description == kept.description
                && game.title == kept.title;
            otherwise += usize::from(!agrees);
        }
        Ok(otherwise)
    }

    async fn creates(&self, games: &mut GamesClient, title: String) {
        match games.create_game(a_game(&title)).await {
            Ok(made) => {
                self.ledger.notes(Fact::Created { game: made.into_inner().game_id, title });
            }
            Err(status) => self.judges("CreateGame", Some(status), &[]),
        }
    }

    async fn changes(&self, games: &mut GamesClient, game: i32, description: String) {
        let request = UpdateGameRequest {
            game_id: game,
            description: Some(description.clone()),
            ..Default::default()
        };
        match games.update_game(request).await {
            Ok(changed) => {
                let revision = changed.into_inner().revision;
                self.ledger.notes(Fact::Changed { game, revision, description });
            }
            Err(status) => self.judges("UpdateGame", Some(status), &[]),
        }
    }

    async fn removes(&self, games: &mut GamesClient, game: i32) {
        match games.delete_game(DeleteGameRequest { game_id: game }).await {
            Ok(_removed) => self.ledger.notes(Fact::Removed { game }),
            Err(status) => self.judges("DeleteGame", Some(status), &[]),
        }
    }

    async fn signs_in(&self) {
        let request = LoginRequest {
            email: email_of("Ada"),
            password: PASSWORD.to_owned(),
            ..Default::default()
        };
        match self.player.accounts().login(request).await {
            Ok(begun) => {
                let begun = begun.into_inner();
                let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
                tokens.push((begun.user_id, begun.token));
            }
            // The line before the hashes is full, which is an answer.
            Err(status) => self.judges("Login", Some(status), &[Code::ResourceExhausted]),
        }
    }

    fn judges(&self, call: &str, refused: Option<Status>, allowed: &[Code]) {
        match refused {
            // All connections were taken for 5 s: honest, but it should not come to that.
            Some(status) if status.code() == Code::Unavailable => {
                self.unavailable.fetch_add(1, Ordering::SeqCst);
            }
            Some(status) if !allowed.contains(&status.code()) => {
                self.is_wrong(format!("{call}: {status}"));
            }
            _ => {}
        }
    }

    fn is_wrong(&self, what: String) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}
