//! Floods of sign-ins and guesses at passwords: a client that does not hammer gets in.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use http::Method;
use reqwest::Client;
use serde_json::{Value, json};
use sir0_contract::accounts::{LoginRequest, accounts_service_client::AccountsServiceClient};
use sir0_testkit::{Answer, PASSWORD, Process, email_of, process};
use tokio::time::sleep;
use tonic::{Code, Status, transport::Endpoint};
use tonic_types::StatusExt;

pub(crate) const WRONG: &str = "ninety loud strangers at 12 doors";
const IN_TIME: Duration = Duration::from_secs(10);

/// A person at a separate address: all of 127/8 is this machine.
#[derive(Clone)]
pub(crate) struct Stranger {
    client: Client,
    server: SocketAddr,
    address: IpAddr,
}

impl Stranger {
    pub(crate) fn of(server: &Process, number: u16) -> Self {
        let [high, low] = number.to_be_bytes();
        let address = IpAddr::V4(Ipv4Addr::new(127, 7, high, low));
        let client = Client::builder().no_proxy().http1_only().local_address(address).build();
        Self { client: client.expect("a plain client"), server: server.address(), address }
    }

    pub(crate) async fn posts(&self, path: &str, body: &Value) -> Answer {
        let url = format!("http://{}{path}", self.server);
        Answer::to(self.client.request(Method::POST, url).json(body)).await
    }

    pub(crate) async fn signs_in(&self, email: &str, password: &str) -> Answer {
        self.posts("/api/users/login", &json!({"email": email, "password": password})).await
    }

    /// Signs in, and says in the header of a proxy that someone else does.
    pub(crate) async fn signs_in_as_if_at(
        &self,
        other: &Self,
        email: &str,
        password: &str,
    ) -> Answer {
        let url = format!("http://{}/api/users/login", self.server);
        let forged = other.address.to_string();
        let body = json!({"email": email, "password": password});
        let request = self.client.request(Method::POST, url).json(&body);
        let request = request.header("x-forwarded-for", &forged).header("x-real-ip", &forged);
        Answer::to(request.header("forwarded", format!("for={forged}"))).await
    }

    /// The same over gRPC.
    pub(crate) async fn calls(&self, email: &str, password: &str) -> Result<String, Status> {
        let server = Endpoint::from_shared(format!("http://{}", self.server)).expect("a URI");
        let channel = server.local_address(Some(self.address)).connect_lazy();
        let request = LoginRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            ..Default::default()
        };
        let answer = AccountsServiceClient::new(channel).login(request).await?;
        Ok(answer.into_inner().token)
    }
}

/// Ninety addresses that sign in again and again until told to stop.
struct Flood {
    over: Arc<AtomicBool>,
    sent_away: Arc<AtomicUsize>,
    everyone: Vec<tokio::task::JoinHandle<()>>,
}

impl Flood {
    const ADDRESSES: u16 = 90;
    /// Leaves the machine some time for the clients that are tested.
    const PAUSE: Duration = Duration::from_millis(250);

    fn begins(server: &Process) -> Self {
        let (over, sent_away) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let hammers = |number| {
            let (over, sent_away) = (Arc::clone(&over), Arc::clone(&sent_away));
            let stranger = Stranger::of(server, number);
            async move {
                let mut emails = (0..).map(|round| email_of(&format!("x {number} {round}")));
                while !over.load(Ordering::SeqCst) {
                    let email = emails.next().expect("there are enough");
                    let status = stranger.signs_in(&email, WRONG).await.status;
                    assert!([401, 429].contains(&status), "a stranger got {status}");
                    sent_away.fetch_add(usize::from(status == 429), Ordering::SeqCst);
                    sleep(Self::PAUSE).await;
                }
            }
        };
        let everyone = (1..=Self::ADDRESSES).map(|number| tokio::spawn(hammers(number))).collect();
        Self { over, sent_away, everyone }
    }

    /// Ends the flood, and answers with how many sign-ins were sent away.
    async fn ends(self) -> usize {
        self.over.store(true, Ordering::SeqCst);
        for one in self.everyone {
            one.await.expect("a stranger is answered");
        }
        self.sent_away.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_signs_in_again_and_again_while_ninety_addresses_hammer() {
    let server = process().await;
    server.visitor().registers("Ada").await;
    let ada = Stranger::of(&server, 1_000);
    let flood = Flood::begins(&server);
    // Until the line is full.
    sleep(Duration::from_secs(1)).await;

    let mut in_time = 0;
    for _ in 0..12 {
        let asked = Instant::now();
        let answer = ada.signs_in(&email_of("Ada"), PASSWORD).await;
        in_time += u32::from(answer.status == 200 && asked.elapsed() <= IN_TIME);
        sleep(Duration::from_millis(300)).await;
    }

    assert!(in_time >= 11, "{in_time} of 12 sign-ins were in time");
    let newcomer = Stranger::of(&server, 1_001);
    let elsewhere = newcomer.signs_in(&email_of("Ada"), PASSWORD).await;
    assert_eq!(elsewhere.status, 200, "from an address that was never here: {}", elsewhere.text);
    let grace = json!({"username": "Grace", "email": email_of("Grace"), "password": PASSWORD});
    let registered = newcomer.posts("/api/users/register", &grace).await;
    assert_eq!(registered.status, 200, "{}", registered.text);
    let sent_away = flood.ends().await;
    assert!(sent_away > 100, "{sent_away} were sent away: that is no flood");
}

/// Guesses at once or after the wait that an answer asks for, until this many answers ask for one. Returns each status
/// with its wait.
async fn guesses(stranger: &Stranger, email: &str, waits: usize) -> Vec<(u16, u64)> {
    let mut told = Vec::new();
    while told.iter().filter(|(status, _)| *status == 429).count() < waits {
        let answer = stranger.signs_in(email, WRONG).await;
        let wait = answer.header("retry-after").map_or(Ok(0), str::parse).expect("seconds");
        if answer.status == 429 {
            assert_eq!(answer.json["reason"], "TOO_MANY_ATTEMPTS", "{}", answer.text);
            assert!(answer.json["error"].is_string() && answer.json["details"].is_string());
        }
        told.push((answer.status, wait));
        sleep(Duration::from_secs(wait)).await;
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_waits_longer_each_time_while_the_owner_signs_in_from_elsewhere() {
    let server = process().await;
    server.visitor().registers("Ada").await;
    let (stranger, owner) = (Stranger::of(&server, 1), Stranger::of(&server, 2));

    let told = guesses(&stranger, &email_of("Ada"), 3).await;

    let waits: Vec<_> = told.iter().filter(|(status, _)| *status == 429).collect();
    assert!(waits[0].1 == 1 && waits.is_sorted() && (3..=8).contains(&waits[2].1), "{told:?}");
    let free = told.iter().take_while(|(status, _)| *status == 401).count();
    assert!((5..=6).contains(&free), "{told:?}");
    assert_eq!(owner.signs_in(&email_of("Ada"), PASSWORD).await.status, 200);
    // The owner's sign-in does not clear the failures of the stranger.
    let after = stranger.signs_in(&email_of("Ada"), WRONG).await.status;
    assert_eq!(after, 401, "it has waited long enough for one");
    assert_eq!(stranger.signs_in(&email_of("Ada"), WRONG).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_forty_guesses_at_once_five_are_tried() {
    let server = process().await;
    server.visitor().registers("Ada").await;
    let stranger = Stranger::of(&server, 1);
    let email = email_of("Ada");

    let guesses = (0..40).map(|_| stranger.signs_in(&email, WRONG));
    let answers = futures::future::join_all(guesses).await;

    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!(count(401) + count(429), 40);
    assert!((5..=7).contains(&count(401)), "{} were tried", count(401));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_tells_neither_whether_the_account_exists_nor_whether_the_password_is_right() {
    let server = process().await;
    server.visitor().registers("Ada").await;
    let stranger = Stranger::of(&server, 1);
    let (ada, nobody) = (email_of("Ada"), email_of("Nobody"));
    let mut at_ada = Vec::new();
    let mut at_nobody = Vec::new();
    for _ in 0..5 {
        at_ada.push(stranger.signs_in(&ada, WRONG).await.status);
        at_nobody.push(stranger.signs_in(&nobody, WRONG).await.status);
    }
    assert_eq!(at_ada, [401; 5]);
    assert_eq!(at_nobody, at_ada);
    let guessed = async |email: &str, password: &str| {
        let over_rest = stranger.signs_in(email, password).await;
        let over_grpc = stranger.calls(email, password).await.expect_err("too often");
        assert_eq!(over_grpc.code(), Code::ResourceExhausted);
        let details = over_grpc.get_error_details();
        let reason = details.error_info().map(|info| info.reason.clone());
        let wait = details.retry_info().and_then(|info| info.retry_delay);
        (over_rest.status, over_rest.json, over_grpc.message().to_owned(), reason, wait)
    };

    // After five failures the wait is one second; after some more it is long enough to ask six times.
    let until_it_waits_long = async |email: &str| {
        let wait = |answer: Answer| answer.header("retry-after")?.parse::<u32>().ok();
        while wait(stranger.signs_in(email, WRONG).await).is_none_or(|wait| wait < 6) {
            sleep(Duration::from_millis(200)).await;
        }
    };
    futures::join!(until_it_waits_long(&ada), until_it_waits_long(&nobody));
    let mut told = Vec::new();
    for (email, password) in [(&ada, WRONG), (&ada, PASSWORD), (&nobody, WRONG)] {
        told.push(guessed(email, password).await);
    }

    let seconds = |wait: Option<Duration>| wait.unwrap_or_default().as_secs();
    for (status, body, message, reason, wait) in &told {
        assert_eq!(*status, 429, "{body}");
        assert_eq!(body["error"], told[0].1["error"]);
        assert_eq!(body["reason"], told[0].1["reason"]);
        assert_eq!(reason.as_deref(), Some("TOO_MANY_ATTEMPTS"));
        assert!((1..=16).contains(&seconds(*wait)), "{wait:?}");
        assert_eq!(
            *message,
            format!("too many sign-ins with this email failed, try again in {} s", seconds(*wait))
        );
    }
}
