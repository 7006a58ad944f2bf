//! What may happen once is asked for by many at the same moment, at several instances on one PostgreSQL.

use std::{collections::BTreeMap, future::Future};

use anyhow::{Context, Result};
use futures::future::join_all;
use sir0_contract::{
    accounts::{LogoutRequest, RegisterRequest},
    storefront::{DeleteGameRequest, UpdateGameRequest},
};
use sir0_testkit::{AccountsClient, GamesClient, PASSWORD, Person};
use tokio::time::Instant;
use tonic::{Code, Status};

use super::{
    fleet::{ACCOUNTS, Fleet, STOREFRONT},
    game::a_game,
    ledger::{Fact, Ledger},
    report::Report,
    times::{Times, ms},
};

const INSTANCES: usize = 3;
const CALLERS: usize = 32;
/// All of them may have to be hashed before the last one hears that it was too late.
const SETTINGS: [(&str, &str); 1] = [("SIR0_ACCOUNTS_HASHING_PATIENCE", "1m")];

/// How the rounds of a race ended.
#[derive(Default)]
struct Race {
    rounds: usize,
    /// Rounds in which not exactly one won.
    undecided: usize,
    /// Callers that lost, by the code of their answer.
    refusals: BTreeMap<i32, usize>,
    times: Times,
}

/// A connection for each caller, dealt out over the instances.
struct Callers {
    games: Vec<GamesClient>,
    accounts: Vec<AccountsClient>,
}

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let (rounds, hashed_rounds) = if is_short { (20, 3) } else { (100, 100) };
    let fleet = Fleet::of(INSTANCES, &SETTINGS).await;
    let publishers = fleet.publishers("Northlight").await;
    let callers = Callers::of(&publishers);
    let ledger = Ledger::default();

    let names = callers.register_a_name(hashed_rounds).await?;
    let emails = callers.register_an_email(hashed_rounds).await?;
    let logouts = callers.end_a_session(&fleet, rounds).await?;
    let removals = callers.remove_a_game(rounds, &ledger).await?;
    let changes = callers.change_a_revision(rounds, &ledger).await?;

    let audit = ledger.audit(|sql| fleet.psql(STOREFRONT, sql))?;
    let twice = fleet.count(
        ACCOUNTS,
        "SELECT count(*) FROM (SELECT lower(username) FROM users GROUP BY 1 HAVING count(*) > 1
                    UNION ALL SELECT lower(email) FROM users GROUP BY 1 HAVING count(*) > 1) AS twice",
    );
    let made = fleet.count(ACCOUNTS, "SELECT count(*) FROM users");
    // The publisher, the player, and one account a round.
    let expected = 2 + 2 * hashed_rounds;

    let mut report = Report::default();
    report.tells("callers at once, at three instances", CALLERS);
    names.tell(&mut report, "register the same name", Code::AlreadyExists);
    emails.tell(&mut report, "register the same e-mail", Code::AlreadyExists);
    report.must_be_none("names or e-mails that two accounts have", twice);
    report.must("accounts made", made, &format!("{expected}"), made == expected);
    logouts.tell(&mut report);
    removals.tell(&mut report, "remove the same game", Code::NotFound);
    changes.tell(&mut report, "change the same revision", Code::Aborted);
    report.must_be_none("acknowledged writes lost", audit.lost.len());
    report.must_be_none("writes done twice", audit.doubled.len());
    report.must_be_none("games whose events do not match their row, gaps", audit.untold.len());
    Ok(report)
}

impl Callers {
    fn of(people: &[Person]) -> Self {
        let each = || people.iter().cycle().take(CALLERS);
        Self {
            games: each().map(Person::games).collect(),
            accounts: each().map(Person::accounts).collect(),
        }
    }

    async fn register_a_name(&self, rounds: usize) -> Result<Race> {
        let mut race = Race::default();
        for round in 0..rounds {
            race.round(self.accounts.iter().enumerate().map(|(caller, accounts)| {
                let email = format!("racer{round}.{caller}@example.com");
                register(accounts, format!("Racer {round}"), email)
            }))
            .await?;
        }
        Ok(race)
    }

    async fn register_an_email(&self, rounds: usize) -> Result<Race> {
        let mut race = Race::default();
        for round in 0..rounds {
            race.round(self.accounts.iter().enumerate().map(|(caller, accounts)| {
                let email = format!("same{round}@example.com");
                register(accounts, format!("Same {round} {caller}"), email)
            }))
            .await?;
        }
        Ok(race)
    }

    async fn end_a_session(&self, fleet: &Fleet, rounds: usize) -> Result<Logouts> {
        // Beside it stands what owners are told of the sign-out.
        const ANNOUNCED: &str = "SELECT (SELECT count(*) FROM events WHERE kind = 'session_ended')
                                      + (SELECT count(*) FROM outbox WHERE kind = 'session_ended')";
        let player = fleet.first().player("Ada").await;
        let mut logouts = Logouts { rounds, ..Logouts::default() };
        let announced = || fleet.count(ACCOUNTS, ANNOUNCED);
        let before = announced();
        for _ in 0..rounds {
            let token = player.signs_in("Ada").await.token().to_owned();
            let calls = self.accounts.iter().map(|accounts| {
                let (mut accounts, token) = (accounts.clone(), token.clone());
                tokio::spawn(async move { accounts.logout(LogoutRequest { token }).await.is_ok() })
            });
            for call in join_all(calls).await {
                logouts.refused += usize::from(!call.context("a caller broke")?);
            }
        }
        logouts.announced = announced() - before;
        logouts.ended =
            fleet.count(ACCOUNTS, "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL");
        Ok(logouts)
    }

    async fn remove_a_game(&self, rounds: usize, ledger: &Ledger) -> Result<Race> {
        let mut race = Race::default();
        for round in 0..rounds {
            let game = self.adds(format!("Doomed {round}"), ledger).await?;
            race
                .round(
                    self.games.iter().map(|games| {
                        let mut games = games.clone();
                        async move {
                            games.delete_game(DeleteGameRequest { game_id: game }).await.map(drop)
                        }
                    }),
                )
                .await?;
            ledger.notes(Fact::Removed { game });
        }
        Ok(race)
    }

    async fn change_a_revision(&self, rounds: usize, ledger: &Ledger) -> Result<Race> {
        let mut race = Race::default();
        let game = self.adds("Wanted".to_owned(), ledger).await?;
        for (round, revision) in (0..rounds).zip(1..) {
            race.round(self.games.iter().enumerate().map(|(caller, games)| {
                let mut games = games.clone();
                let description = format!("caller {caller} of round {round}");
                async move {
                    let request = UpdateGameRequest {
                        game_id: game,
                        description: Some(description),
                        revision: Some(revision),
                        ..Default::default()
                    };
                    games.update_game(request).await.map(drop)
                }
            }))
            .await?;
        }
        Ok(race)
    }

    async fn adds(&self, title: String, ledger: &Ledger) -> Result<i32> {
        let mut games = self.games.first().context("there are callers")?.clone();
        let made = games.create_game(a_game(&title)).await.context("a game is refused")?;
        let game = made.into_inner().game_id;
        ledger.notes(Fact::Created { game, title });
        Ok(game)
    }
}

fn register(
    accounts: &AccountsClient,
    username: String,
    email: String,
) -> impl Future<Output = Result<(), Status>> + Send + use<> {
    let mut accounts = accounts.clone();
    let request =
        RegisterRequest { username, email, password: PASSWORD.to_owned(), setup_token: None };
    async move { accounts.register(request).await.map(drop) }
}

impl Race {
    /// Lets all of them go at once.
    async fn round<C>(&mut self, calls: impl Iterator<Item = C>) -> Result<()>
    where
        C: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let started = Instant::now();
        let mut won = 0;
        for ended in join_all(calls.map(tokio::spawn)).await {
            match ended.context("a caller broke")? {
                Ok(()) => won += 1,
                Err(status) => *self.refusals.entry(status.code().into()).or_default() += 1,
            }
        }
        self.rounds += 1;
        self.undecided += usize::from(won != 1);
        self.times.add(started.elapsed());
        Ok(())
    }

    fn tell(&self, report: &mut Report, what: &str, expected: Code) {
        let refused = self.refusals.get(&expected.into()).copied().unwrap_or_default();
        let otherwise = self.refusals.values().sum::<usize>() - refused;
        let (rounds, undecided, longest) = (self.rounds, self.undecided, ms(self.times.max()));
        report.must(
            &format!("{what}: rounds, exactly one won"),
            format!("{rounds}, {}", rounds - undecided),
            "all",
            undecided == 0,
        );
        report.must(
            &format!("{what}: told {expected:?}, told otherwise"),
            format!("{refused}, {otherwise}"),
            "0 otherwise",
            otherwise == 0,
        );
        report.tells(&format!("{what}: the longest round"), longest);
    }
}

/// How the logouts ended: here everyone wins.
#[derive(Default)]
struct Logouts {
    rounds: usize,
    refused: usize,
    announced: usize,
    ended: usize,
}

impl Logouts {
    fn tell(&self, report: &mut Report) {
        let Self { rounds, refused, announced, ended } = self;
        report.must(
            "end the same session: rounds, logouts not answered with success",
            format!("{rounds}, {refused}"),
            "0 refused",
            *refused == 0,
        );
        report.must(
            "end the same session: sessions ended, events",
            format!("{ended}, {announced}"),
            &format!("{rounds}, {rounds}"),
            ended == rounds && announced == rounds,
        );
    }
}
