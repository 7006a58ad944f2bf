//! Mixed load through the proxy: people who read, write, register, sign in and leave, over gRPC and REST.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use http::Method;
use serde_json::json;
use sir0_contract::{
    accounts::{
        GetUserRequest, LoginRequest, LogoutRequest, RegisterRequest,
        accounts_service_client::AccountsServiceClient,
    },
    storefront::{
        CreateGameRequest, GetGameRequest, ListGamesRequest, UpdateGameRequest,
        games_service_client::GamesServiceClient,
    },
};
use sir0_testkit::{Cluster, PASSWORD, email_of};
use tokio::task::{JoinSet, block_in_place};

use super::{
    caller::{Caller, Failure, Line, Patience, Tally, Totals, asks},
    ledger::{Audit, Fact, Ledger},
};

/// How long a client of the storefront rests between two calls, at most.
const REST: Duration = Duration::from_millis(60);
/// Signing in costs a hash, of which this machine does not make many.
const LONG_REST: Duration = Duration::from_millis(600);
/// A client works on this many of its games.
const GAMES: usize = 8;

/// What was acknowledged by accounts.
#[derive(Default)]
struct People {
    registered: Vec<String>,
    /// Whose sessions are open, and whose are over.
    open: Vec<(i32, String)>,
    over: Vec<(i32, String)>,
}

/// Clients at work.
pub(crate) struct Load {
    tally: Tally,
    ledger: Arc<Ledger>,
    people: Arc<Mutex<People>>,
    over: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

/// What was left of it.
pub(crate) struct Kept {
    pub(crate) audit: Audit,
    pub(crate) registered: usize,
    pub(crate) lost_registrations: usize,
    pub(crate) ended: usize,
    /// Sessions that were ended and are open somewhere.
    pub(crate) lost_ends: usize,
    pub(crate) begun: usize,
    /// Sessions that were begun and are refused somewhere.
    pub(crate) lost_begins: usize,
}

impl Load {
    /// So many clients of the storefront and of accounts begin, each as patient as this.
    pub(crate) async fn begins(
        cluster: &Cluster,
        storefront: usize,
        accounts: usize,
        patience: Patience,
    ) -> Self {
        let studio = cluster.publisher("Northlight").await;
        let mut load = Self {
            tally: Tally::default(),
            ledger: Arc::default(),
            people: Arc::default(),
            over: Arc::default(),
            clients: JoinSet::new(),
        };
        let caller = || Caller::of(cluster.address(), patience, load.tally.clone());
        for number in 0..storefront {
            let studio = Studio {
                caller: caller().with_token(studio.token()),
                name: format!("Studio {number}"),
                is_rest: number.is_multiple_of(2),
                count: 0,
                games: Vec::new(),
                ledger: Arc::clone(&load.ledger),
            };
            load.clients.spawn(studio.works(Arc::clone(&load.over)));
        }
        for number in 0..accounts {
            let visitor = Visitor {
                caller: caller(),
                number,
                is_rest: number.is_multiple_of(2),
                people: Arc::clone(&load.people),
            };
            load.clients.spawn(visitor.works(Arc::clone(&load.over)));
        }
        load
    }

    /// How its calls go.
    pub(crate) fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Lets every client finish the call it makes.
    pub(crate) async fn ends(&mut self) -> Result<()> {
        self.over.store(true, Ordering::SeqCst);
        while let Some(ended) = self.clients.join_next().await {
            ended.context("a client broke")?;
        }
        Ok(())
    }

    /// Holds what was acknowledged against what is there.
    pub(crate) async fn kept(&self, cluster: &Cluster) -> Result<Kept> {
        let audit = block_in_place(|| self.ledger.audit(|sql| cluster.storefront_db.psql(sql)))?;
        let people =
            std::mem::take(&mut *self.people.lock().unwrap_or_else(PoisonError::into_inner));
        let emails = block_in_place(|| cluster.accounts_db.psql("SELECT email FROM users"));
        let has = |email: &&String| emails.lines().any(|line| line == email.as_str());
        let lost_registrations =
            people.registered.len() - people.registered.iter().filter(has).count();
        let (mut lost_ends, mut lost_begins) = (0, 0);
        for instance in &cluster.accounts {
            let caller = Caller::of(instance.address(), Patience::ONCE, Tally::default());
            for (id, token) in &people.over {
                lost_ends += usize::from(!is_refused(&caller, *id, token).await?);
            }
            for (id, token) in &people.open {
                lost_begins += usize::from(is_refused(&caller, *id, token).await?);
            }
        }
        Ok(Kept {
            audit,
            registered: people.registered.len(),
            lost_registrations,
            ended: people.over.len(),
            lost_ends,
            begun: people.over.len() + people.open.len(),
            lost_begins,
        })
    }
}

/// Whether a token is refused there.
async fn is_refused(caller: &Caller, id: i32, token: &str) -> Result<bool> {
    let request = caller.line.rest(Method::GET, &format!("/api/users/{id}")).bearer_auth(token);
    match asks(request).await {
        Ok(said) if said.status == 401 => Ok(true),
        Ok(said) if said.status == 200 => Ok(false),
        other => anyhow::bail!("a profile is answered with {other:?}"),
    }
}

/// A game as its studio knows it.
struct Own {
    id: i32,
    title: String,
    revision: i32,
}

/// A client of the storefront. It alone changes its games.
struct Studio {
    caller: Caller,
    name: String,
    is_rest: bool,
    /// How many things it named.
    count: usize,
    games: Vec<Own>,
    ledger: Arc<Ledger>,
}

impl Studio {
    async fn works(mut self, over: Arc<AtomicBool>) {
        while !over.load(Ordering::SeqCst) {
            match self.caller.dice.below(10) {
                0 => self.creates().await,
                1..=3 => self.changes().await,
                4 => self.lists().await,
                _ => self.reads().await,
            }
            self.caller.rests(REST).await;
        }
    }

    /// A name that was not used yet.
    fn next(&mut self) -> String {
        self.count += 1;
        format!("{} {}", self.name, self.count)
    }

    fn any(&mut self) -> Option<usize> {
        let count = u64::try_from(self.games.len()).expect("a few games");
        let index = (count > 0).then(|| self.caller.dice.below(count))?;
        usize::try_from(index).ok()
    }

    async fn creates(&mut self) {
        let title = self.next();
        let request = &CreateGameRequest {
            title: title.clone(),
            genre: "Puzzle".to_owned(),
            price: Some(9.5),
            description: String::new(),
            request_id: Some(title.replace(' ', "-")),
            ..Default::default()
        };
        let made = if self.is_rest {
            let body = &json!({
                "title": request.title, "genre": request.genre, "price": 9.5, "description": "",
                "requestId": request.request_id,
            });
            let attempt = |line: Line| async move {
                let request = line.rest(Method::POST, "/api/games").json(body);
                let said = asks(request).await?.with(201)?;
                number(&said["gameId"])
            };
            self.caller.succeeds("POST /api/games", attempt).await
        } else {
            let attempt = |line: Line| async move {
                let mut games = GamesServiceClient::new(line.channel.clone());
                let made = games.create_game(line.rpc(request.clone())).await?;
                Ok(made.into_inner().game_id)
            };
            self.caller.succeeds("CreateGame", attempt).await
        };
        let Some(id) = made else { return };
        self.ledger.notes(Fact::Created { game: id, title: title.clone() });
        if self.games.len() == GAMES {
            self.games.remove(0);
        }
        self.games.push(Own { id, title, revision: 1 });
    }

    async fn changes(&mut self) {
        let description = self.next();
        let Some(index) = self.any() else { return };
        let game = self.games.swap_remove(index);
        let Own { id, revision, .. } = game;
        let outcome = if self.is_rest {
            let path = &format!("/api/games/{id}");
            let body = &json!({"description": description, "revision": revision});
            let attempt = |line: Line| async move {
                let said = asks(line.rest(Method::PUT, path).json(body)).await?.with(200)?;
                number(&said["revision"])
            };
            self.caller.calls("PUT /api/games/{id}", attempt).await
        } else {
            let request = &UpdateGameRequest {
                game_id: id,
                description: Some(description.clone()),
                revision: Some(revision),
                ..Default::default()
            };
            let attempt = |line: Line| async move {
                let mut games = GamesServiceClient::new(line.channel.clone());
                let changed = games.update_game(line.rpc(request.clone())).await?;
                Ok(changed.into_inner().revision)
            };
            self.caller.calls("UpdateGame", attempt).await
        };
        let revision = match outcome.answer {
            Some(Ok(revision)) => revision,
            // Only this client changes this game: the attempt whose answer was lost changed it.
            Some(Err(why)) if outcome.is_repeat && is_stale(&why) => revision + 1,
            Some(Err(why)) => return self.caller.is_wrong(format!("a change of {id}: {why}")),
            // Whether it was done is unknown, so the game is left alone from here on.
            None => return,
        };
        self.ledger.notes(Fact::Changed { game: id, revision, description });
        self.games.push(Own { revision, ..game });
    }

    async fn reads(&mut self) {
        let Some(index) = self.any() else { return };
        let Some(Own { id, title, .. }) = self.games.get(index) else { return };
        let (id, expected) = (*id, title.clone());
        let title = if self.is_rest {
            let path = &format!("/api/games/{id}");
            let attempt = |line: Line| async move {
                let said = asks(line.rest(Method::GET, path)).await?.with(200)?;
                Ok(said["title"].as_str().unwrap_or_default().to_owned())
            };
            self.caller.succeeds("GET /api/games/{id}", attempt).await
        } else {
            let attempt = |line: Line| async move {
                let mut games = GamesServiceClient::new(line.channel.clone());
                let request = line.rpc(GetGameRequest { game_id: id });
                let read = games.get_game(request).await?.into_inner();
                Ok(read.game.unwrap_or_default().title)
            };
            self.caller.succeeds("GetGame", attempt).await
        };
        if title.is_some_and(|title| title != expected) {
            self.caller.is_wrong(format!("game {id} is read with another title"));
        }
    }

    async fn lists(&mut self) {
        if self.is_rest {
            let attempt = |line: Line| async move {
                asks(line.rest(Method::GET, "/api/games?pageSize=10")).await?.with(200)
            };
            self.caller.succeeds("GET /api/games", attempt).await;
        } else {
            let attempt = |line: Line| async move {
                let mut games = GamesServiceClient::new(line.channel.clone());
                let request = ListGamesRequest { page_size: 10, ..Default::default() };
                Ok(games.list_games(line.rpc(request)).await?)
            };
            self.caller.succeeds("ListGames", attempt).await;
        }
    }
}

fn is_stale(why: &str) -> bool {
    why.starts_with("Aborted") || why.contains("STALE_REVISION")
}

/// Whether it says that a name or an e-mail is taken.
fn is_taken(why: &str) -> bool {
    why.starts_with("AlreadyExists") || why.ends_with("_TAKEN")
}

fn number(value: &serde_json::Value) -> Result<i32, Failure> {
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
    number.ok_or_else(|| Failure::Refused(format!("instead of a number there is {value}")))
}

/// A client of accounts: each time another person.
struct Visitor {
    caller: Caller,
    number: usize,
    is_rest: bool,
    people: Arc<Mutex<People>>,
}

impl Visitor {
    async fn works(mut self, over: Arc<AtomicBool>) {
        let mut count = 0;
        while !over.load(Ordering::SeqCst) {
            count += 1;
            let name = format!("Visitor {} {count}", self.number);
            if self.registers(&name).await
                && let Some((id, token)) = self.signs_in(&name).await
            {
                self.looks(id, &token).await;
                if count % 4 == 0 {
                    self.people().open.push((id, token));
                } else if self.signs_out(&token).await {
                    self.people().over.push((id, token));
                }
            }
            self.caller.rests(LONG_REST).await;
        }
    }

    fn people(&self) -> std::sync::MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn registers(&mut self, name: &str) -> bool {
        let email = email_of(name);
        let outcome = if self.is_rest {
            let body = &json!({"username": name, "email": email, "password": PASSWORD});
            let attempt = |line: Line| async move {
                let request = line.rest(Method::POST, "/api/users/register").json(body);
                asks(request).await?.with(200).map(|_| ())
            };
            self.caller.calls("POST /api/users/register", attempt).await
        } else {
            let request = &RegisterRequest {
                username: name.to_owned(),
                email: email.clone(),
                password: PASSWORD.to_owned(),
                setup_token: None,
            };
            let attempt = |line: Line| async move {
                let mut accounts = AccountsServiceClient::new(line.channel.clone());
                accounts.register(line.rpc(request.clone())).await?;
                Ok(())
            };
            self.caller.calls("Register", attempt).await
        };
        match outcome.answer {
            Some(Ok(())) => {}
            // Only this client wants this name: the attempt whose answer was lost took it.
            Some(Err(why)) if outcome.is_repeat && is_taken(&why) => {}
            Some(Err(why)) => {
                self.caller.is_wrong(format!("a registration: {why}"));
                return false;
            }
            None => return false,
        }
        self.people().registered.push(email);
        true
    }

    async fn signs_in(&mut self, name: &str) -> Option<(i32, String)> {
        let email = email_of(name);
        if self.is_rest {
            let body = &json!({"email": email, "password": PASSWORD});
            let attempt = |line: Line| async move {
                let request = line.rest(Method::POST, "/api/users/login").json(body);
                let said = asks(request).await?.with(200)?;
                let token = said["token"].as_str().unwrap_or_default().to_owned();
                Ok((number(&said["userId"])?, token))
            };
            self.caller.succeeds("POST /api/users/login", attempt).await
        } else {
            let request =
                &LoginRequest { email, password: PASSWORD.to_owned(), ..Default::default() };
            let attempt = |line: Line| async move {
                let mut accounts = AccountsServiceClient::new(line.channel.clone());
                let begun = accounts.login(line.rpc(request.clone())).await?.into_inner();
                Ok((begun.user_id, begun.token))
            };
            self.caller.succeeds("Login", attempt).await
        }
    }

    /// Reads the profile. An instance that did not sign the token accepts it too.
    async fn looks(&mut self, id: i32, token: &str) {
        let attempt = |line: Line| async move {
            let mut accounts = AccountsServiceClient::new(line.channel.clone());
            let request = line.rpc(GetUserRequest { user_id: id });
            accounts.get_user(super::caller::bearing(request, Some(token))).await?;
            Ok(())
        };
        self.caller.succeeds("GetUser", attempt).await;
    }

    async fn signs_out(&mut self, token: &str) -> bool {
        let ended = if self.is_rest {
            let body = &json!({"token": token});
            let attempt = |line: Line| async move {
                let request = line.rest(Method::POST, "/api/users/logout").json(body);
                asks(request).await?.with(200).map(|_| ())
            };
            self.caller.succeeds("POST /api/users/logout", attempt).await
        } else {
            let request = &LogoutRequest { token: token.to_owned() };
            let attempt = |line: Line| async move {
                let mut accounts = AccountsServiceClient::new(line.channel.clone());
                accounts.logout(line.rpc(request.clone())).await?;
                Ok(())
            };
            self.caller.succeeds("Logout", attempt).await
        };
        ended.is_some()
    }
}

/// A client that asks for a page again and again, through the proxy.
pub(crate) struct Onlooker {
    tally: Tally,
    /// The client stops when this is dropped.
    looking: JoinSet<()>,
}

impl Onlooker {
    /// Rests this long between two looks, at most.
    pub(crate) fn begins(cluster: &Cluster, path: &'static str, rest: Duration) -> Self {
        let tally = Tally::default();
        let mut caller = Caller::of(cluster.address(), Patience::ONCE, tally.clone());
        let mut looking = JoinSet::new();
        looking.spawn(async move {
            loop {
                let look = |line: Line| async move {
                    asks(line.rest(Method::GET, path)).await?.with(200).map(|_| ())
                };
                caller.calls(path, look).await;
                caller.rests(rest).await;
            }
        });
        Self { tally, looking }
    }

    /// Stops, and returns how the calls went.
    pub(crate) fn ends(self) -> Totals {
        drop(self.looking);
        self.tally.totals()
    }
}
