//! Two instances lose Redis. It does not end, but nothing arrives from it any more, and nothing tells the instances so.
//! What Redis would have told them comes by the poll, and no call waits for Redis.

use std::{
    collections::HashMap,
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::json;
use sir0_testkit::PASSWORD;
use sir0_throwaway::{Postgres, Redis};
use sir0_tokens::SigningKey;
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    task::{JoinSet, block_in_place},
    time::{Instant, sleep},
};

use super::{
    caller::{Caller, Line, Patience, Tally, asks},
    dice::Dice,
    fleet::{ACCOUNTS, STOREFRONT},
    islands::{Islands, hindrance},
    report::Report,
    times::{Times, ms},
    watcher::{Goal, TOLD, Verdict, Watcher, judge, sent},
};

/// How the line to Redis is.
const WHOLE: u8 = 0;
const CUT: u8 = 1;
const HEALED: u8 = 2;
const OVER: u8 = 3;
const PHASES: [(u8, &str); 3] =
    [(WHOLE, "before"), (CUT, "while it is cut"), (HEALED, "afterwards")];

const PORT: u16 = 8080;
const GAMES: u64 = 100;
const EMAIL: &str = "northlight@example.com";
/// The feeds look by themselves this often.
const POLL: Duration = Duration::from_millis(500);
/// For the look itself, on a busy machine.
const MARGIN: Duration = Duration::from_millis(250);
/// Reads wait this long for a Redis that says nothing. Then they go on without it.
const REDIS_PATIENCE: Duration = Duration::from_millis(25);
/// Beyond this a session that was ended here is simply open there.
const LONG: Duration = Duration::from_secs(5);

/// Why this drill cannot run here, if so.
pub(super) fn cannot() -> Option<String> {
    hindrance()
}

/// What the clients share.
struct Stage {
    phase: AtomicU8,
    begun: Instant,
    token: String,
    games: Vec<i32>,
    tally: Tally,
    /// By phase.
    reads: Mutex<HashMap<u8, Times>>,
    ends: Mutex<HashMap<u8, Times>>,
}

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let (calm, cut) = if is_short { (3, 8) } else { (10, 30) };
    let (calm, cut) = (Duration::from_secs(calm), Duration::from_secs(cut));
    let pair = Pair::starts().await?;
    let [first, second] = pair.doors;
    let stage = Arc::new(Stage::set(first).await?);

    let goal = Goal::unknown();
    let mut watchers = Vec::new();
    for (island, doors) in [(0, vec![first]), (1, vec![second]), (2, vec![first, second])] {
        for _ in 0..3 {
            let stay = (doors.len() > 1).then_some(Duration::from_secs(2));
            watchers.push((island, Watcher::begins(&doors, stay, goal.clone()).await?));
        }
    }
    let already = block_in_place(|| pair.postgres.psql(STOREFRONT, TOLD)).lines().count();
    let mut busy = JoinSet::new();
    for (island, door, other) in [(0, first, second), (1, second, first)] {
        busy.spawn(Arc::clone(&stage).reads(door));
        busy.spawn(Arc::clone(&stage).writes(island, door));
        busy.spawn(Arc::clone(&stage).signs_in_and_out(door, other));
    }
    sleep(calm).await;
    block_in_place(|| pair.islands.cut(&pair.redis_ports))?;
    stage.phase.store(CUT, Ordering::SeqCst);
    sleep(cut).await;
    block_in_place(|| pair.islands.heal())?;
    stage.phase.store(HEALED, Ordering::SeqCst);
    sleep(calm).await;
    stage.phase.store(OVER, Ordering::SeqCst);
    while let Some(ended) = busy.join_next().await {
        ended.context("a client broke")??;
    }

    let table = block_in_place(|| pair.postgres.psql(STOREFRONT, TOLD));
    let told: Vec<&str> = table.lines().skip(already).collect();
    ensure!(!told.is_empty(), "nothing was changed");
    goal.is(told.len());
    let (mut verdict, mut refused) = (Verdict::default(), 0);
    let mut lags: HashMap<u8, Times> = HashMap::new();
    for (island, watcher) in watchers {
        let log = watcher.await.context("a watcher broke")??;
        verdict += judge(log.changes.iter().map(|change| change.what.as_str()), &told);
        for why in &log.refused {
            eprintln!("a token is refused: {why}");
        }
        refused += log.refused.len() + log.started_over + log.broken.len();
        for change in &log.changes {
            let Some((phase, at)) = sent(&change.description) else { continue };
            let is_from_afar = change.description.ends_with(if island == 0 { "b" } else { "a" });
            if island < 2 && is_from_afar {
                let lag = (change.at - stage.begun).saturating_sub(at);
                lags.entry(phase).or_default().add(lag);
            }
        }
    }
    Ok(stage.report(cut, told.len(), refused, &verdict, &lags))
}

impl Stage {
    async fn set(door: SocketAddr) -> Result<Self> {
        let tally = Tally::default();
        let mut caller = Caller::of(door, Patience::NORMAL, tally.clone());
        let body = &json!({"email": EMAIL, "password": PASSWORD});
        let login = |line: Line| async move {
            asks(line.rest(Method::POST, "/api/users/login").json(body)).await?.with(200)
        };
        let begun = caller.succeeds("login", login).await.context("nobody is let in")?;
        let token = begun["token"].as_str().context("a login without a token")?.to_owned();
        let mut caller = caller.with_token(&token);
        let mut games = Vec::new();
        for number in 0..GAMES {
            let body = &json!({"title": format!("Game {number}"), "genre": "Puzzle", "price": 1, "description": ""});
            let add = |line: Line| async move {
                asks(line.rest(Method::POST, "/api/games").json(body)).await?.with(201)
            };
            let added = caller.succeeds("a game", add).await.context("a game is refused")?;
            games.push(i32::try_from(added["gameId"].as_i64().context("a game without an id")?)?);
        }
        Ok(Self {
            phase: AtomicU8::new(WHOLE),
            begun: Instant::now(),
            token,
            games,
            tally,
            reads: Mutex::default(),
            ends: Mutex::default(),
        })
    }

    fn phase(&self) -> u8 {
        self.phase.load(Ordering::SeqCst)
    }

    fn any(&self, dice: &mut Dice) -> i32 {
        let which = usize::try_from(dice.below(GAMES)).expect("below the number of games");
        self.games.get(which).copied().expect("as many as were made")
    }

    fn note(&self, times: &Mutex<HashMap<u8, Times>>, phase: u8, took: Duration) {
        // What began before a phase ended belongs to neither.
        if phase == self.phase() {
            let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
            times.entry(phase).or_default().add(took);
        }
    }

    /// Reads games here.
    async fn reads(self: Arc<Self>, door: SocketAddr) -> Result<()> {
        let mut caller = Caller::of(door, Patience::ONCE, self.tally.clone());
        while self.phase() != OVER {
            let path = &format!("/api/games/{}", self.any(&mut caller.dice));
            let (phase, asked) = (self.phase(), Instant::now());
            let read = |line: Line| async move {
                asks(line.rest(Method::GET, path)).await?.with(200).map(|_| ())
            };
            caller.succeeds("GET /api/games/{id}", read).await;
            self.note(&self.reads, phase, asked.elapsed());
            caller.rests(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Changes games here.
    async fn writes(self: Arc<Self>, island: usize, door: SocketAddr) -> Result<()> {
        let mut caller =
            Caller::of(door, Patience::ONCE, self.tally.clone()).with_token(&self.token);
        let mut number = 0;
        while self.phase() != OVER {
            number += 1;
            let path = &format!("/api/games/{}", self.any(&mut caller.dice));
            let (phase, at) = (self.phase(), self.begun.elapsed().as_micros());
            let from = if island == 0 { "a" } else { "b" };
            let body = &json!({"description": format!("{number} {phase} {at} {from}")});
            let change = |line: Line| async move {
                asks(line.rest(Method::PUT, path).json(body)).await?.with(200).map(|_| ())
            };
            caller.succeeds("PUT /api/games/{id}", change).await;
            caller.rests(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// Signs in and out here, and looks how long the token is taken there.
    async fn signs_in_and_out(self: Arc<Self>, door: SocketAddr, other: SocketAddr) -> Result<()> {
        let mut here = Caller::of(door, Patience::ONCE, self.tally.clone());
        let mut there = Caller::of(other, Patience::ONCE, self.tally.clone());
        let body = &json!({"email": EMAIL, "password": PASSWORD});
        while self.phase() != OVER {
            here.rests(POLL).await;
            let login = |line: Line| async move {
                asks(line.rest(Method::POST, "/api/users/login").json(body)).await?.with(200)
            };
            let Some(begun) = here.succeeds("login", login).await else { continue };
            let path = &format!("/api/users/{}", begun["userId"]);
            let token = begun["token"].as_str().context("a login without a token")?;
            let look = |line: Line| async move {
                let request = line.rest(Method::GET, path).bearer_auth(token);
                asks(request).await.map(|said| said.status)
            };
            let answer = there.succeeds("a look at the profile", look).await;
            ensure!(
                answer == Some(200),
                "a token of the one is answered with {answer:?} by the other"
            );

            let body = &json!({"token": token});
            let logout = |line: Line| async move {
                asks(line.rest(Method::POST, "/api/users/logout").json(body)).await?.with(200)
            };
            let phase = self.phase();
            here.succeeds("logout", logout).await;
            let ended = Instant::now();
            while ended.elapsed() < LONG {
                if there.succeeds("a look at the profile", look).await == Some(401) {
                    break;
                }
                sleep(Duration::from_millis(2)).await;
            }
            self.note(&self.ends, phase, ended.elapsed());
        }
        Ok(())
    }

    fn report(
        &self,
        cut: Duration,
        changes: usize,
        refused: usize,
        verdict: &Verdict,
        lags: &HashMap<u8, Times>,
    ) -> Report {
        let totals = self.tally.totals();
        for what in totals.wrong.iter().chain(totals.failed.keys()).take(10) {
            eprintln!("{what}");
        }
        let reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |times: &HashMap<u8, Times>, phase| times.get(&phase).cloned().unwrap_or_default();
        let figure = |times: &Times| {
            let (p50, p99, longest) = (times.percentile(50), times.percentile(99), times.max());
            format!("{}, {}, {} ({})", ms(p50), ms(p99), ms(longest), times.count())
        };

        let mut report = Report::default();
        report.tells("instances, how long nothing arrives", format!("2, {} s", cut.as_secs()));
        let wanted = POLL + MARGIN;
        for (phase, name) in PHASES {
            let times = of(&ends, phase);
            let what = format!("a logout here, refused there, {name}: p50, p99, longest (count)");
            report.should(
                &what,
                figure(&times),
                &format!("≤ {}", ms(wanted)),
                times.max() <= wanted,
            );
        }
        let all = PHASES.iter().map(|(phase, _)| of(&ends, *phase));
        let never = all.flatten().filter(|took| *took >= LONG).count();
        report.must_be_none("ended sessions that the other instance still took after 5 s", never);
        let bar = of(&reads, WHOLE).percentile(99) + REDIS_PATIENCE;
        for (phase, name) in PHASES {
            let times = of(&reads, phase);
            let what = format!("`GET /api/games/{{id}}`, {name}: p50, p99, longest (count)");
            if phase == CUT {
                let met = times.count() > 0 && times.percentile(99) <= bar;
                report.should(&what, figure(&times), &format!("p99 ≤ {}", ms(bar)), met);
            } else {
                report.tells(&what, figure(&times));
            }
        }
        for (phase, name) in PHASES {
            let what = format!("a change here, heard there, {name}: p50, p99, longest (count)");
            report.tells(&what, figure(&of(lags, phase)));
        }
        report.tells("changes, each for 9 watchers", changes);
        verdict.adds_to(&mut report);
        report.must_be_none("streams that broke, tokens refused, starts over", refused);
        report.must_be_none("calls in vain, wrong answers", totals.failures() + totals.wrong.len());
        report
    }
}

/// Two instances of everything, each in a separate place.
struct Pair {
    // The instances stand before what they use, for the first field is dropped first.
    _instances: Vec<Child>,
    doors: [SocketAddr; 2],
    redis_ports: Vec<u16>,
    islands: Islands,
    postgres: Postgres,
    _redis: Redis,
    _folder: TempDir,
}

impl Pair {
    async fn starts() -> Result<Self> {
        let (postgres, redis) = block_in_place(|| {
            let postgres = Postgres::start_durable();
            postgres.create_database(ACCOUNTS);
            postgres.create_database(STOREFRONT);
            (postgres, Redis::start())
        });
        let folder = tempfile::tempdir()?;
        SigningKey::open_or_create(&folder.path().join("signing-key.pem"))?;
        let mut islands = block_in_place(|| Islands::of(2))?;
        let (mut instances, mut doors, mut redis_ports) = (Vec::new(), Vec::new(), Vec::new());
        for (place, number) in islands.places.iter_mut().zip(1..) {
            let database = place.reaches(postgres.port()).await?;
            let cache = place.reaches(redis.port()).await?;
            redis_ports.push(cache.port());
            let door = place.door(PORT);
            let data = folder.path().join(format!("instance-{number}"));
            std::fs::create_dir(&data)?;
            let log = File::create(data.join("log.txt"))?;
            let mut command = place.runs();
            let command = configured(command.arg(program()?), folder.path(), &data, database)
                .env("SIR0_REDIS_URL", format!("redis://{cache}"))
                .args(["serve", "--listen", &door.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log);
            instances.push(command.spawn().context("the program does not start")?);
            doors.push(door);
        }
        for door in &doors {
            answers(*door).await?;
        }
        let database = (std::net::Ipv4Addr::LOCALHOST, postgres.port()).into();
        creates_publisher(folder.path(), database).await?;
        let doors = doors.try_into().ok().context("two instances")?;
        Ok(Self {
            _instances: instances,
            doors,
            redis_ports,
            islands,
            postgres,
            _redis: redis,
            _folder: folder,
        })
    }
}

/// The program that was built beside this one.
fn program() -> Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("sir0");
    ensure!(program.is_file(), "{} is missing: build sir0 first", program.display());
    Ok(program)
}

/// The command with the settings of this drill, and none of the machine's.
fn configured<'c>(
    command: &'c mut Command,
    folder: &Path,
    data: &Path,
    database: SocketAddr,
) -> &'c mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SIR0_") {
            command.env_remove(name);
        }
    }
    let url = |name: &str| format!("postgres://postgres@{database}/{name}");
    command
        .current_dir(data)
        .kill_on_drop(true)
        .env("NO_COLOR", "1")
        .env("SIR0_DATA_DIR", data)
        .env("SIR0_ACCOUNTS_DATABASE_URL", url(ACCOUNTS))
        .env("SIR0_STOREFRONT_DATABASE_URL", url(STOREFRONT))
        .env("SIR0_ACCOUNTS_SIGNING_KEY", folder.join("signing-key.pem"))
        .env("SIR0_ACCOUNTS_HASHING_LOG_N", "15")
        .env("SIR0_ACCOUNTS_HASHING_P", "3")
}

async fn answers(door: SocketAddr) -> Result<()> {
    let begun = Instant::now();
    let caller = Caller::of(door, Patience::ONCE, Tally::default());
    while asks(caller.line.rest(Method::GET, "/api/status")).await.is_err() {
        ensure!(begun.elapsed() < 4 * LONG, "the instance at {door} does not answer");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// As an operator does it.
async fn creates_publisher(folder: &Path, database: SocketAddr) -> Result<()> {
    let mut command = Command::new(program()?);
    let create =
        ["admin", "create", "--email", EMAIL, "--username", "Northlight", "--role", "publisher"];
    let mut child = configured(&mut command, folder, folder, database)
        .args(create)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().context("a piped stream is there once")?;
    stdin.write_all(format!("{PASSWORD}\n").as_bytes()).await?;
    drop(stdin);
    ensure!(child.wait().await?.success(), "the operator is refused");
    Ok(())
}
