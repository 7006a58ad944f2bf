//! Many write at once on several instances, watchers come and go, and the doorbell between the instances dies: every
//! watcher is to hear every change once, in the order of the table.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use sir0_contract::storefront::{
    CreateGameRequest, DeleteGameRequest, UpdateGameRequest,
    games_service_client::GamesServiceClient,
};
use sir0_testkit::{Instance, Plan};
use tokio::{
    task::{JoinSet, block_in_place},
    time::{Instant, sleep},
};
use tonic::{Request, Status, transport::Channel};

use super::{
    caller::{bearing, channel},
    dice::Dice,
    ledger::{Fact, Ledger, NUMBER},
    report::Report,
    times::{Times, ms},
    watcher::{Goal, Log, TOLD, Verdict, Watcher, judge},
};

const WATCHERS: usize = 20;
/// The longest a watcher stays on one stream.
const STAY: Duration = Duration::from_secs(2);
/// The longest a writer rests.
const REST: Duration = Duration::from_millis(800);
/// Connections to each instance that the writers share.
const CONNECTIONS: usize = 4;
/// How long the instances may take to notice that Redis is back.
const RETURNING: Duration = Duration::from_secs(2);

/// How Redis is while something is written.
const UP: u8 = 0;
const DOWN: u8 = 1;
/// It is back, and the instances may not have noticed.
const BACK: u8 = 2;
const OVER: u8 = 3;

/// How long, and how many.
struct Size {
    writers: usize,
    kills: usize,
    up: Duration,
    down: Duration,
}

const WHOLE: Size =
    Size { writers: 200, kills: 2, up: Duration::from_secs(6), down: Duration::from_secs(5) };
const SHORT: Size =
    Size { writers: 40, kills: 1, up: Duration::from_secs(3), down: Duration::from_secs(2) };

/// What all writers share.
struct Stage {
    ledger: Ledger,
    token: String,
    /// Games that all writers change.
    contested: Vec<i32>,
    redis: AtomicU8,
    next: AtomicUsize,
    /// When each text was answered for, and how Redis was then.
    answers: Mutex<HashMap<String, (u8, Instant)>>,
    refused: Mutex<Vec<String>>,
    waits: Mutex<Times>,
}

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let size = if is_short { SHORT } else { WHOLE };
    let mut cluster = Plan { own_databases: true, ..Plan::default() }.starts().await;
    let doors: Vec<SocketAddr> = cluster.storefronts.iter().map(Instance::address).collect();
    let studio = cluster.publisher("Northlight").await;
    let mut stage = Stage::set(studio.token());

    let goal = Goal::unknown();
    let mut watchers = Vec::new();
    for _ in 0..WATCHERS {
        watchers.push(Watcher::begins(&doors, Some(STAY), goal.clone()).await?);
    }
    stage.adds_the_contested(&doors).await?;
    let stage = Arc::new(stage);
    let mut writers = JoinSet::new();
    let channels: Vec<Channel> =
        doors.iter().cycle().take(doors.len() * CONNECTIONS).map(|door| channel(*door)).collect();
    for (_, channel) in (0..size.writers).zip(channels.iter().cycle()) {
        writers.spawn(Arc::clone(&stage).writes(channel.clone()));
    }

    let says = |redis: u8| stage.redis.store(redis, Ordering::SeqCst);
    sleep(size.up).await;
    for _ in 0..size.kills {
        says(DOWN);
        block_in_place(|| cluster.redis.kill());
        sleep(size.down).await;
        block_in_place(|| cluster.redis.start_again());
        says(BACK);
        sleep(RETURNING).await;
        says(UP);
        sleep(size.up).await;
    }
    says(OVER);
    while let Some(ended) = writers.join_next().await {
        ended.context("a writer broke")?;
    }

    let table = block_in_place(|| {
        cluster.storefront_db.psql(NUMBER);
        cluster.storefront_db.psql(TOLD)
    });
    let told: Vec<&str> = table.lines().collect();
    ensure!(!told.is_empty(), "nothing was changed");
    goal.is(told.len());
    let answers =
        std::mem::take(&mut *stage.answers.lock().unwrap_or_else(PoisonError::into_inner));
    let mut heard = Heard::default();
    for watcher in watchers {
        let log = watcher.await.context("a watcher broke")??;
        heard.judges(&log, &told, &answers);
    }
    let audit = block_in_place(|| stage.ledger.audit(|sql| cluster.storefront_db.psql(sql)))?;

    let refused = stage.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for what in
        audit.lost.iter().chain(&audit.untold).chain(&refused).chain(&heard.refused).take(10)
    {
        eprintln!("{what}");
    }
    for (why, count) in &heard.broken {
        eprintln!("{count} streams broke: {why}");
    }
    let waits = stage.waits.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut report = Report::default();
    report.tells(
        "writers, instances, times Redis was killed",
        format!("{}, {}, {}", size.writers, doors.len(), size.kills),
    );
    report.tells("writes acknowledged", audit.acknowledged);
    report.tells(
        "a write, p50, p99",
        format!("{}, {}", ms(waits.percentile(50)), ms(waits.percentile(99))),
    );
    report.must_be_none("writes refused", refused.len());
    report.must_be_none("acknowledged writes lost", audit.lost.len());
    report.must_be_none("games whose events do not match their row, gaps", audit.untold.len());
    report.tells(
        "watchers, times they came again with their token",
        format!("{WATCHERS}, {}", heard.resumed),
    );
    report.must(
        "changes heard",
        heard.count,
        &(told.len() * WATCHERS).to_string(),
        heard.count == told.len() * WATCHERS,
    );
    heard.verdict.adds_to(&mut report);
    report.must_be_none("tokens refused, starts over", heard.refused.len() + heard.started_over);
    for (name, redis) in
        [("with Redis", UP), ("without Redis", DOWN), ("in the 2 s after its return", BACK)]
    {
        let lags = heard.lags.get(&redis).cloned().unwrap_or_default();
        report.tells(
            &format!("from the answer to a watcher, {name}, p50, p99, longest"),
            format!("{}, {}, {}", ms(lags.percentile(50)), ms(lags.percentile(99)), ms(lags.max())),
        );
    }
    Ok(report)
}

impl Stage {
    fn set(token: &str) -> Self {
        Self {
            ledger: Ledger::default(),
            token: token.to_owned(),
            contested: Vec::new(),
            redis: AtomicU8::new(UP),
            next: AtomicUsize::new(0),
            answers: Mutex::default(),
            refused: Mutex::default(),
            waits: Mutex::default(),
        }
    }

    async fn adds_the_contested(&mut self, doors: &[SocketAddr]) -> Result<()> {
        for door in doors {
            let mut games = GamesServiceClient::new(channel(*door));
            let game = self.creates(&mut games).await.context("a game is refused")?;
            self.contested.push(game);
        }
        Ok(())
    }

    /// A writer with one private game, which it now and then replaces. It also changes the games of all writers.
    async fn writes(self: Arc<Self>, channel: Channel) {
        let (mut dice, mut games) = (Dice::new(), GamesServiceClient::new(channel));
        let mut own = None;
        while self.redis.load(Ordering::SeqCst) != OVER {
            let asked = Instant::now();
            let count = u64::try_from(self.contested.len()).expect("a few games");
            let contested = usize::try_from(dice.below(count)).ok();
            let done = match (own, dice.below(10)) {
                (None, _) => self.creates(&mut games).await.map(|game| own = Some(game)),
                (Some(game), 0) => self.removes(&mut games, game).await.map(|()| own = None),
                (Some(_), 1 | 2) => {
                    let game = contested.and_then(|index| self.contested.get(index).copied());
                    self.changes(&mut games, game.expect("one of them")).await
                }
                (Some(game), _) => self.changes(&mut games, game).await,
            };
            match done {
                Ok(()) => {
                    self.waits.lock().unwrap_or_else(PoisonError::into_inner).add(asked.elapsed());
                }
                Err(status) => {
                    let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
                    refused.push(status.to_string());
                }
            }
            sleep(dice.shorter_than(REST)).await;
        }
    }

    /// A text that was not used yet.
    fn words(&self) -> String {
        self.next.fetch_add(1, Ordering::SeqCst).to_string()
    }

    /// Notes that an answer just now said that these words are kept.
    fn is_answered(&self, words: String) {
        let answer = (self.redis.load(Ordering::SeqCst), Instant::now());
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(words, answer);
    }

    fn asks<Q>(&self, message: Q) -> Request<Q> {
        bearing(Request::new(message), Some(&self.token))
    }

    async fn creates(&self, games: &mut GamesServiceClient<Channel>) -> Result<i32, Status> {
        let words = self.words();
        let title = format!("Game {words}");
        let request = CreateGameRequest {
            title: title.clone(),
            genre: "Puzzle".to_owned(),
            price: Some(1.0),
            description: words.clone(),
            request_id: None,
            ..Default::default()
        };
        let game = games.create_game(self.asks(request)).await?.into_inner().game_id;
        self.is_answered(words);
        self.ledger.notes(Fact::Created { game, title });
        Ok(game)
    }

    async fn changes(
        &self,
        games: &mut GamesServiceClient<Channel>,
        game: i32,
    ) -> Result<(), Status> {
        let description = self.words();
        let request = UpdateGameRequest {
            game_id: game,
            description: Some(description.clone()),
            ..Default::default()
        };
        let changed = games.update_game(self.asks(request)).await?.into_inner();
        self.is_answered(description.clone());
        self.ledger.notes(Fact::Changed { game, revision: changed.revision, description });
        Ok(())
    }

    async fn removes(
        &self,
        games: &mut GamesServiceClient<Channel>,
        game: i32,
    ) -> Result<(), Status> {
        games.delete_game(self.asks(DeleteGameRequest { game_id: game })).await?;
        self.ledger.notes(Fact::Removed { game });
        Ok(())
    }
}

/// What all watchers heard.
#[derive(Default)]
struct Heard {
    count: usize,
    resumed: usize,
    started_over: usize,
    refused: Vec<String>,
    broken: HashMap<String, usize>,
    verdict: Verdict,
    /// From the answer to the writer until a watcher hears the change, by how Redis was at the answer.
    lags: HashMap<u8, Times>,
}

impl Heard {
    fn judges(&mut self, log: &Log, told: &[&str], answers: &HashMap<String, (u8, Instant)>) {
        self.count += log.changes.len();
        self.resumed += log.resumed;
        self.started_over += log.started_over;
        self.refused.extend(log.refused.iter().cloned());
        for (why, count) in &log.broken {
            *self.broken.entry(why.clone()).or_default() += count;
        }
        self.verdict += judge(log.changes.iter().map(|change| change.what.as_str()), told);
        for change in &log.changes {
            // A removed game is announced as it was last, with the words of another call.
            if !change.what.starts_with("removed")
                && let Some((redis, answered)) = answers.get(&change.description)
            {
                let lag = change.at.saturating_duration_since(*answered);
                self.lags.entry(*redis).or_default().add(lag);
            }
        }
    }
}
