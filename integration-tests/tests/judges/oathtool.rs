//! `oathtool`: the app of a second factor, by other people's reading of RFC 6238.

use std::time::Duration;

use serde_json::{Value, json};
use sir0_kernel::{Clock, SystemClock};
use sir0_testkit::{Answer, PASSWORD, Person, email_of, platform};

use crate::judge::{hear, judge};

/// How long a code is shown, in seconds.
const STEP: i64 = 30;
/// What has to be left of the present one, in seconds, before codes of the steps around it are tried.
const ENOUGH: i64 = 10;

struct App {
    secret: String,
    /// A moment within the step that this app calls the present one.
    now: i64,
}

impl App {
    /// The code that is shown so many steps from the present one.
    async fn shows(&self, steps: i64) -> String {
        self.shows_digits("6", steps).await
    }

    async fn shows_digits(&self, digits: &str, steps: i64) -> String {
        let moment = format!("@{}", self.now + STEP * steps);
        let mut oathtool = judge("oathtool");
        oathtool.args(["--totp", "--base32", "--digits", digits, "--now", &moment, &self.secret]);
        hear(&mut oathtool).await.approved().trim().to_owned()
    }

    /// The present code, with a digit too few and with one and two too many. All of them end with the same digits.
    async fn shows_of_other_lengths(&self) -> [String; 3] {
        let long = [self.shows_digits("7", 0).await, self.shows_digits("8", 0).await];
        let [seven, eight] = long;
        assert!(eight.ends_with(&seven) && seven.len() == 7, "{seven} and {eight}");
        [seven[2..].to_owned(), seven, eight]
    }
}

/// The present moment, once enough of its step is left.
async fn early_in_a_step() -> i64 {
    loop {
        let now = SystemClock.now().seconds();
        let left = STEP - now % STEP;
        if left >= ENOUGH {
            return now;
        }
        tokio::time::sleep(Duration::from_secs(left.unsigned_abs())).await;
    }
}

/// Signs in with the password, and answers with the challenge.
async fn challenged(ada: &Person) -> Value {
    let login = json!({"email": email_of("Ada"), "password": PASSWORD});
    let mut asked = ada.rest().post("/api/users/login", &login).await;
    is_refused(&asked, 401, "GUARD_REQUIRED");
    asked.json["guard"]["challengeId"].take()
}

async fn continues(ada: &Person, challenge: &Value, code: &str) -> Answer {
    let go_on = json!({"challengeId": challenge, "code": code});
    ada.rest().post("/api/users/login/continue", &go_on).await
}

fn is_refused(answer: &Answer, status: u16, reason: &str) {
    assert_eq!((answer.status, &answer.json["reason"]), (status, &json!(reason)), "{answer:?}");
}

fn is_taken(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn codes_of_the_step_before_this_one_and_the_next_are_taken_once_each_in_that_order() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let factors = format!("/api/users/{}/factors", ada.id);
    let added = ada.rest().post(&factors, &json!({"name": "Phone"})).await.json;
    let text = |name: &str| added[name].as_str().expect("text").to_owned();
    let secret = text("sharedSecret");
    assert!(text("uri").contains(&format!("secret={secret}&")), "the same in both: {added}");
    let path = format!("{factors}/{}:confirm", text("factorId"));
    let confirms = async |code: &str| ada.rest().post(&path, &json!({"code": code})).await;

    let app = App { secret, now: early_in_a_step().await };
    for far in [-2, 2] {
        is_refused(&confirms(&app.shows(far).await).await, 403, "WRONG_CODE");
    }
    is_taken(&confirms(&app.shows(-1).await).await);

    let (before, present, next) = (app.shows(-1).await, app.shows(0).await, app.shows(1).await);
    let challenge = challenged(&ada).await;
    is_refused(&continues(&ada, &challenge, &before).await, 401, "CODE_REFUSED");
    for code in app.shows_of_other_lengths().await {
        is_refused(&continues(&ada, &challenge, &code).await, 401, "CODE_REFUSED");
    }
    is_taken(&continues(&ada, &challenge, &present).await);
    let challenge = challenged(&ada).await;
    for used in [&present, &before] {
        is_refused(&continues(&ada, &challenge, used).await, 401, "CODE_REFUSED");
    }
    is_taken(&continues(&ada, &challenge, &next).await);
    let challenge = challenged(&ada).await;
    for used in [&next, &present] {
        is_refused(&continues(&ada, &challenge, used).await, 401, "CODE_REFUSED");
    }
}

#[tokio::test]
async fn a_first_code_of_another_length_turns_no_factor_on() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let factors = format!("/api/users/{}/factors", ada.id);
    let added = ada.rest().post(&factors, &json!({"name": "Phone"})).await.json;
    let secret = added["sharedSecret"].as_str().expect("text").to_owned();
    let path = format!("{factors}/{}:confirm", added["factorId"].as_str().expect("text"));
    let app = App { secret, now: early_in_a_step().await };

    for code in app.shows_of_other_lengths().await {
        let refused = ada.rest().post(&path, &json!({"code": code})).await;
        is_refused(&refused, 403, "WRONG_CODE");
    }

    let listed = ada.rest().get(&factors).await.json;
    assert_eq!(listed["factors"][0]["isConfirmed"], false, "{listed}");
    let typed = app.shows(0).await;
    let typed = format!("{} {}", &typed[..3], &typed[3..]);
    is_taken(&ada.rest().post(&path, &json!({"code": typed})).await);
}
