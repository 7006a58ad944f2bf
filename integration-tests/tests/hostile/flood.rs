//! A flood of logins takes the hashing queue and nothing else.

use std::time::{Duration, Instant};

use futures::future::join_all;
use http::Method;
use serde_json::json;
use sir0_contract::accounts::LoginRequest;
use sir0_testkit::{PASSWORD, email_of};
use tonic::Code;
use tonic_types::StatusExt;

use crate::stage::{Unshaken, adds, process_with};

/// One password at a time, four waiting, the rest sent away.
const SMALL_QUEUE: &str = "
    [accounts.hashing]
    memory_mib = 32
    queue = 4
    patience = '2s'";

/// What reading a game may take beside the flood, at worst.
const STILL_QUICK: Duration = Duration::from_millis(500);

/// Reads a game again and again until told to stop, and answers with the longest wait.
async fn slowest_read(
    person: &sir0_testkit::Person,
    id: i32,
    until: impl Future<Output = ()>,
) -> Duration {
    let rest = person.rest();
    let path = format!("/api/games/{id}");
    let mut slowest = Duration::ZERO;
    tokio::pin!(until);
    loop {
        let begun = Instant::now();
        tokio::select! {
            answer = rest.get(&path) => {
                assert_eq!(answer.status, 200);
                slowest = slowest.max(begun.elapsed());
            }
            () = &mut until => return slowest,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_beyond_the_queue_are_sent_away_over_rest_while_games_are_read_as_ever() {
    let mut server = Unshaken::new(process_with(SMALL_QUEUE).await);
    let studio = server.process.publisher("Northlight").await;
    let id = adds(&studio, "Lanterns").await;
    let login = json!({"email": email_of("Northlight"), "password": PASSWORD});
    let rest = studio.rest();
    let mut answers = Vec::new();

    let slowest = slowest_read(&studio, id, async {
        answers = join_all((0..40).map(|_| rest.post("/api/users/login", &login))).await;
    })
    .await;

    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!(
        count(200) + count(429),
        40,
        "{:?}",
        answers.iter().map(|it| it.status).collect::<Vec<_>>()
    );
    assert!(count(200) >= 1, "whoever was first gets in");
    assert!(count(429) >= 30, "{} were sent away", count(429));
    for answer in answers.iter().filter(|answer| answer.status == 429) {
        let wait = answer.header("retry-after").and_then(|wait| wait.parse::<u32>().ok());
        assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{:?}", answer.headers);
        assert_eq!(answer.json["reason"], "TOO_BUSY");
        assert!(answer.json["error"].is_string() && answer.json["details"].is_string());
    }
    assert!(slowest < STILL_QUICK, "reading a game took {slowest:?}");
    server.is_unshaken(96).await;
    let again = rest.request(Method::POST, "/api/users/login").json(&login);
    assert_eq!(sir0_testkit::Answer::to(again).await.status, 200, "after the flood");
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_beyond_the_queue_are_sent_away_over_grpc_with_the_time_to_wait() {
    let server = process_with(SMALL_QUEUE).await;
    server.visitor().registers("Ada").await;
    let visitor = server.visitor();

    let logins = (0..40).map(|number| {
        let mut accounts = visitor.accounts();
        // Unknown accounts cost the same, and wait in the same line.
        let email =
            if number % 2 == 0 { email_of("Ada") } else { format!("nobody{number}@example.com") };
        async move {
            accounts
                .login(LoginRequest { email, password: PASSWORD.to_owned(), ..Default::default() })
                .await
        }
    });
    let answers = join_all(logins).await;

    let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
    let busy: Vec<_> = refused.filter(|refused| refused.code() != Code::Unauthenticated).collect();
    assert!(busy.len() >= 30, "{} were sent away", busy.len());
    for refused in busy {
        assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
        let details = refused.get_error_details();
        let wait = details.retry_info().and_then(|info| info.retry_delay);
        assert!(wait.is_some_and(|wait| wait > Duration::ZERO), "{details:?}");
        assert_eq!(details.error_info().map(|info| info.reason.as_str()), Some("TOO_BUSY"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_that_hangs_up_leaves_the_line_empty() {
    let server = process_with(SMALL_QUEUE).await;
    server.visitor().registers("Ada").await;
    let login = json!({"email": email_of("Ada"), "password": PASSWORD});

    for _ in 0..10 {
        let rest = server.visitor().rest();
        let flood = join_all((0..10).map(|_| rest.post("/api/users/login", &login)));
        let hung_up = tokio::time::timeout(Duration::from_millis(30), flood).await;
        assert!(hung_up.is_err(), "ten logins take longer than that");
    }
    // What had begun is finished, one after the other; what had not begun is forgotten.
    tokio::time::sleep(Duration::from_secs(2)).await;

    assert_eq!(server.visitor().rest().post("/api/users/login", &login).await.status, 200);
}
