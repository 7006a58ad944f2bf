//! How often a client may ask, and how often it may try a secret.

mod tries;

use std::collections::BTreeSet;

use http::Method;
use prost_reflect::{DescriptorPool, FieldDescriptor};
use reqwest::Client;
use serde_json::{Value, json};
use sir0_contract::{
    Access, FILE_DESCRIPTOR_SET,
    accounts::{
        accounts_service_client::AccountsServiceClient,
        administration_service_client::AdministrationServiceClient,
        api_tokens_service_client::ApiTokensServiceClient,
        guard_service_client::GuardServiceClient, sessions_service_client::SessionsServiceClient,
        studios_service_client::StudiosServiceClient,
    },
    calls,
    storefront::{GetGameRequest, games_service_client::GamesServiceClient},
};
use sir0_testkit::{Answer, PASSWORD, Process, email_of, process_with};
use sir0_transcoding::Limit;
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt;

use self::tries::tries;
use crate::signins::WRONG;

const PROXIES: (&str, &str) = ("SIR0_LIMITS_PROXIES", "127.0.0.0/8");
const PER_ADDRESS: &str = "SIR0_ACCOUNTS_SIGN_IN_ATTEMPTS_PER_ADDRESS";
const PER_ACCOUNT: &str = "SIR0_ACCOUNTS_SIGN_IN_ATTEMPTS_PER_ACCOUNT";
/// How many attempts are free in these tests.
const FREE: usize = 3;

/// Someone behind a proxy that the server believes.
struct Someone {
    address: String,
    server: String,
    channel: Channel,
}

/// How a request ended, at whichever door.
#[derive(Debug)]
struct Ended {
    is_refused: bool,
    reason: String,
    /// `Retry-After` or `RetryInfo`, in seconds.
    wait: Option<u64>,
    /// `RateLimit` and `RateLimit-Policy`.
    limit: [Option<String>; 2],
}

const HEADERS: [&str; 2] = ["ratelimit", "ratelimit-policy"];

impl Someone {
    fn at(server: &Process, number: u8) -> Self {
        let server = format!("http://{}", server.address());
        let channel = Endpoint::from_shared(server.clone()).expect("a URI").connect_lazy();
        Self { address: format!("203.0.113.{number}"), server, channel }
    }

    async fn asks(&self, method: Method, path: &str, body: Option<&Value>, token: &str) -> Answer {
        let client = Client::builder().no_proxy().build().expect("a plain client");
        let mut request = client.request(method, format!("{}{path}", self.server));
        request = request.header("x-forwarded-for", &self.address);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::to(request).await
    }

    fn request<T>(&self, message: T, token: &str) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert("x-forwarded-for", self.address.parse().expect("text"));
        if !token.is_empty() {
            metadata.insert("authorization", format!("Bearer {token}").parse().expect("text"));
        }
        request
    }

    fn accounts(&self) -> AccountsServiceClient<Channel> {
        AccountsServiceClient::new(self.channel.clone())
    }

    fn sessions(&self) -> SessionsServiceClient<Channel> {
        SessionsServiceClient::new(self.channel.clone())
    }

    fn guard(&self) -> GuardServiceClient<Channel> {
        GuardServiceClient::new(self.channel.clone())
    }

    fn administration(&self) -> AdministrationServiceClient<Channel> {
        AdministrationServiceClient::new(self.channel.clone())
    }

    fn api_tokens(&self) -> ApiTokensServiceClient<Channel> {
        ApiTokensServiceClient::new(self.channel.clone())
    }

    fn studios(&self) -> StudiosServiceClient<Channel> {
        StudiosServiceClient::new(self.channel.clone())
    }

    /// Signs in over REST.
    async fn signs_in(&self, email: &str, password: &str) -> Ended {
        let body = json!({"email": email, "password": password});
        Ended::of_rest(&self.asks(Method::POST, "/api/users/login", Some(&body), "").await)
    }
}

impl Ended {
    fn of_rest(answer: &Answer) -> Self {
        Self {
            is_refused: answer.status == 429,
            reason: answer.json["reason"].as_str().unwrap_or_default().to_owned(),
            wait: answer.header("retry-after").map(|wait| wait.parse().expect("seconds")),
            limit: HEADERS.map(|name| answer.header(name).map(ToOwned::to_owned)),
        }
    }

    fn of_grpc<T>(answer: Result<tonic::Response<T>, Status>) -> Self {
        let (metadata, status) = match answer {
            Ok(answer) => (answer.metadata().clone(), Status::ok("")),
            Err(status) => (status.metadata().clone(), status),
        };
        let details = status.get_error_details();
        let text = |name: &str| metadata.get(name).and_then(|it| it.to_str().ok());
        Self {
            is_refused: status.code() == Code::ResourceExhausted,
            reason: details.error_info().map(|it| it.reason.clone()).unwrap_or_default(),
            wait: details.retry_info().and_then(|it| it.retry_delay).map(|it| it.as_secs()),
            limit: HEADERS.map(|name| text(name).map(ToOwned::to_owned)),
        }
    }

    /// It was refused because of a limit of this policy, and says when to come again.
    fn is_beyond(&self, policy: &str) {
        assert!(self.is_refused && self.reason == "TOO_MANY_REQUESTS", "{self:?}");
        assert!(self.wait.is_some_and(|wait| (1..=60).contains(&wait)), "{self:?}");
        let begin = [format!("\"{policy}\";r=0;t="), format!("\"{policy}\";q=")];
        for (told, begin) in self.limit.iter().zip(begin) {
            assert!(told.as_ref().is_some_and(|told| told.starts_with(&begin)), "{self:?}");
        }
    }
}

/// Whether a field holds what someone might guess.
fn is_secret(field: &FieldDescriptor) -> bool {
    let options = field.options();
    let redacted = options.get_field_by_name("debug_redact").and_then(|it| it.as_bool());
    let is_named = ["password", "code", "secret", "token"]
        .iter()
        .any(|secret| field.name() == *secret || field.name().ends_with(&format!("_{secret}")));
    // What clients hand back to go on reading is sealed, and no secret.
    let goes_on = ["page_token", "resume_token"].contains(&field.name());
    redacted.unwrap_or_default() || (is_named && !goes_on)
}

#[test]
fn every_call_that_takes_a_secret_names_a_limit() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("our own descriptors");
    let mut taking = BTreeSet::new();

    for call in calls().filter(|call| call.access != Access::Peer) {
        let service = pool.get_service_by_name(call.service).expect("a service of ours");
        let method = service.methods().find(|it| it.name() == call.name).expect("a call of ours");
        if method.input().fields().any(|field| is_secret(&field)) {
            assert!(!call.limits.is_empty(), "{} takes a secret and names no limit", call.path);
            assert!(!call.limits.contains(&Limit::Unspecified), "{}", call.path);
            taking.insert(call.name);
        }
    }

    let least = ["Login", "Logout", "Register", "UpdateUser"].into();
    assert!(taking.is_superset(&least), "{taking:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_that_checks_a_secret_is_limited_by_address_at_all_doors_together() {
    let free = FREE.to_string();
    let server = process_with(&[PROXIES, (PER_ADDRESS, &free)]).await;
    server.visitor().registers("Ada").await;
    // A new password ends no session of its own, so one token is good for all.
    let ada = server.visitor().signs_in("Ada").await;
    let limited: Vec<_> = calls().filter(|call| call.limits.contains(&Limit::Address)).collect();
    assert!(limited.len() >= 4, "{limited:?}");
    let admin = server.admin("Root").await;

    for (number, call) in (1..).zip(limited) {
        let (who, other) = (Someone::at(&server, number), Someone::at(&server, 100 + number));
        let is_signed = matches!(call.access, Access::Owner | Access::SignedIn);
        let token = match call.access {
            Access::Admin => admin.token(),
            _ if is_signed => ada.token(),
            _ => "",
        };

        for times in 0..FREE {
            let ended = tries(&who, call, times % 2, times, token).await;
            assert!(!ended.is_refused, "{} {times}: {ended:?}", call.name);
        }
        for door in [0, 1] {
            tries(&who, call, door, FREE, token).await.is_beyond("secrets-by-address");
        }
        let ended = tries(&other, call, 0, FREE + 1, token).await;
        assert!(!ended.is_refused, "another address, {}: {ended:?}", call.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_at_one_account_are_limited_from_all_addresses_together_and_alike_at_none() {
    let free = FREE.to_string();
    let server = process_with(&[PROXIES, (PER_ACCOUNT, &free)]).await;
    server.visitor().registers("Ada").await;
    let (ada, nobody) = (email_of("Ada"), email_of("Nobody"));

    let mut told = Vec::new();
    for email in [&ada, &nobody] {
        for number in 1..=3 {
            let ended = Someone::at(&server, number).signs_in(email, WRONG).await;
            assert_eq!(ended.reason, "INVALID_CREDENTIALS", "{ended:?}");
            told.push(ended.limit[0].clone().expect("what is left"));
        }
        Someone::at(&server, 9).signs_in(email, PASSWORD).await.is_beyond("secrets-by-account");
    }

    let left = |told: &String| told.split(';').nth(1).map(ToOwned::to_owned);
    let left: Vec<_> = told.iter().filter_map(left).collect();
    assert_eq!(left, ["r=2", "r=1", "r=0", "r=2", "r=1", "r=0"], "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_asks_too_often_waits_at_every_door_and_nobody_else_does() {
    let server = process_with(&[PROXIES, ("SIR0_LIMITS_REQUESTS_PER_ADDRESS", "20")]).await;
    let (loud, other) = (Someone::at(&server, 1), Someone::at(&server, 2));
    let games = |who: &Someone| GamesServiceClient::new(who.channel.clone());
    let game = || GetGameRequest { game_id: 1 };

    for number in 0..10 {
        let over_rest = loud.asks(Method::GET, "/api/games", None, "").await;
        assert_eq!(over_rest.status, 200, "{number}");
        let over_grpc = Ended::of_grpc(games(&loud).get_game(loud.request(game(), "")).await);
        assert!(!over_grpc.is_refused, "{number}: {over_grpc:?}");
    }

    for path in ["/api/games", "/api/games/1", "/docs", "/nothing-is-here"] {
        let refused = loud.asks(Method::GET, path, None, "").await;
        Ended::of_rest(&refused).is_beyond("requests");
        assert!(refused.json["error"].is_string() && refused.json["details"].is_string());
    }
    Ended::of_grpc(games(&loud).get_game(loud.request(game(), "")).await).is_beyond("requests");
    let health = HealthClient::new(loud.channel.clone());
    let health = { health }.check(loud.request(HealthCheckRequest::default(), "")).await;
    assert!(health.is_ok(), "a proxy has to know: {health:?}");
    assert_eq!(loud.asks(Method::GET, "/api/status", None, "").await.status, 200);
    assert_eq!(other.asks(Method::GET, "/api/games", None, "").await.status, 200);
    // The operator's own machine, and a proxy that is not listed.
    for _ in 0..50 {
        assert_eq!(server.visitor().rest().get("/api/games").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_calls_too_often_waits_from_wherever_it_calls() {
    let server = process_with(&[PROXIES, ("SIR0_LIMITS_CALLS_PER_ACCOUNT", "5")]).await;
    let visitor = server.visitor();
    visitor.registers("Ada").await;
    visitor.registers("Eve").await;
    let (ada, eve) = (visitor.signs_in("Ada").await, visitor.signs_in("Eve").await);

    for number in 1..=5 {
        let answer =
            Someone::at(&server, number).asks(Method::GET, "/api/users/1", None, ada.token()).await;
        assert_eq!(answer.status, 200, "{number}: {}", answer.text);
    }

    let refused =
        Someone::at(&server, 6).asks(Method::GET, "/api/users/1", None, ada.token()).await;
    Ended::of_rest(&refused).is_beyond("calls");
    let answer = Someone::at(&server, 6).asks(Method::GET, "/api/users/2", None, eve.token()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = Someone::at(&server, 6).asks(Method::GET, "/api/games", None, ada.token()).await;
    assert_eq!(answer.status, 200, "what anyone may ask");
}
