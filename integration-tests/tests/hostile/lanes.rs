//! Wrong passwords in a row shut an account for strangers, and for nobody who was there before.

use serde_json::json;
use sir0_testkit::{PASSWORD, Process, email_of, process_with};
use tonic::Code;
use tonic_types::StatusExt;

use crate::signins::{Stranger, WRONG};

/// The least that may be set, so that the test is soon at the end of it.
const MOST: u16 = 10;
const FEW: [(&str, &str); 1] = [("SIR0_ACCOUNTS_SIGN_IN_MOST_FAILURES", "10")];
const HOUR: u64 = 3600;

/// Everyone at a separate address: the owner at the first.
fn at(server: &Process, number: u16) -> Stranger {
    Stranger::of(server, number)
}

/// Guesses once from each of so many addresses that were never here.
async fn guess(server: &Process, email: &str, addresses: std::ops::Range<u16>) {
    for number in addresses {
        let answer = at(server, number).signs_in(email, WRONG).await;
        assert_eq!(answer.status, 401, "{number}: {}", answer.text);
    }
}

/// A stranger is told to come again in an hour, whatever it knows, over REST and over gRPC.
async fn is_shut_for(stranger: &Stranger, email: &str) {
    for password in [WRONG, PASSWORD] {
        let answer = stranger.signs_in(email, password).await;
        assert_eq!((answer.status, &answer.json["reason"]), (429, &json!("TOO_MANY_ATTEMPTS")));
        let wait: u64 = answer.header("retry-after").expect("a wait").parse().expect("seconds");
        assert!((HOUR - 120..=HOUR).contains(&wait), "{wait}");

        let refused = stranger.calls(email, password).await.expect_err("shut");
        assert_eq!(refused.code(), Code::ResourceExhausted);
        let wait = refused.get_error_details().retry_info().and_then(|it| it.retry_delay);
        let wait = wait.expect("a wait").as_secs();
        assert!((HOUR - 120..=HOUR).contains(&wait), "{wait}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_used_up_their_failures_wait_and_the_owner_at_home_does_not() {
    let mut server = process_with(&FEW).await;
    let (ada, nobody) = (email_of("Ada"), email_of("Nobody"));
    let body = json!({"username": "Ada", "email": ada, "password": PASSWORD});
    let registered = at(&server, 1).posts("/api/users/register", &body).await;
    assert_eq!(registered.status, 200, "{}", registered.text);
    server.visitor().registers("Grace").await;

    guess(&server, &ada, 100..100 + MOST).await;
    guess(&server, &nobody, 100..100 + MOST).await;

    // The second round is after a power cut: what the process remembers is gone.
    for round in 0..2 {
        let (owner, stranger) = (at(&server, 1), at(&server, 200 + round));
        is_shut_for(&stranger, &ada).await;
        is_shut_for(&stranger, &nobody).await;
        let forged = stranger.signs_in_as_if_at(&owner, &ada, PASSWORD).await;
        assert_eq!(forged.status, 429, "a header makes nobody the owner: {}", forged.text);
        assert_eq!(owner.signs_in(&ada, PASSWORD).await.status, 200, "at home, round {round}");
        is_shut_for(&stranger, &ada).await;
        let other = stranger.signs_in(&email_of("Grace"), PASSWORD).await;
        assert_eq!(other.status, 200, "another account is not shut: {}", other.text);
        server.kill_9().await;
        server.starts_again().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_mistypes_and_then_remembers_begins_anew() {
    let server = process_with(&FEW).await;
    server.visitor().registers("Ada").await;
    let ada = email_of("Ada");

    // Two rounds: the memory of the process delays an account after twenty failures.
    for round in 0..2 {
        let first = 100 * (round + 1);
        guess(&server, &ada, first..first + MOST - 1).await;
        let there = at(&server, first + MOST);
        assert_eq!(there.signs_in(&ada, PASSWORD).await.status, 200, "in round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_lets_an_owner_in_at_once_who_came_from_somewhere_new() {
    let server = process_with(&FEW).await;
    server.visitor().registers("Ada").await;
    let ada = email_of("Ada");
    guess(&server, &ada, 100..100 + MOST).await;
    let new = at(&server, 300);
    is_shut_for(&new, &ada).await;
    let unlock = ["unlock", "--email", &ada];

    let said = server.operator(&unlock, "").await;

    assert!(said.contains("can sign in at once from everywhere"), "{said}");
    assert_eq!(new.signs_in(&ada, PASSWORD).await.status, 200);
    let said = server.operator(&unlock, "").await;
    assert!(said.contains("there is no wrong password or code to forget"), "{said}");
}
