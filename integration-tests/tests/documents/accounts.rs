//! docs/accounts.md, read by a person who writes a launcher. `oathtool` is the app that shows them codes.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Deserializer, Value};
use sir0_kernel::{Clock, SystemClock};

use crate::{
    network::alone,
    reader::{Reader, Scene},
};

pub(crate) const ALL: Scene = Scene { page: "docs/accounts.md", section: None };

/// How long an app shows a code, in seconds.
const STEP: i64 = 30;
/// So many seconds are enough to read the code of the step before and to show it, also on a busy machine.
const ENOUGH: i64 = 8;

/// A line of each block that is refused something, and what its answers were, in order: their reasons, or that they
/// were good.
const OUTCOMES: [(&str, &[&str]); 14] = [
    (r#""password":"password""#, &[GOOD, "INVALID_FIELDS", "EMAIL_TAKEN"]),
    ("echo too late", &[GOOD, "REFRESH_TOKEN_REFUSED", "REFRESH_TOKEN_REFUSED"]),
    (":confirm", &["WRONG_CODE", GOOD]),
    ("login/continue", &["GUARD_REQUIRED", GOOD]),
    ("echo used up", &["CODE_REFUSED", GOOD]),
    ("devices:forget", &[GOOD, GOOD, "GUARD_REQUIRED"]),
    ("echo asked for a proof", &["STEP_UP_REQUIRED"]),
    ("echo not for this", &["STEP_UP_REQUIRED"]),
    ("eight storks at noon", &["WRONG_PASSWORD", GOOD]),
    ("$TRUSTED\" || echo signed out", &["SIGN_IN_REQUIRED"]),
    ("sessions:end", &[GOOD, GOOD, GOOD, "SIGN_IN_REQUIRED"]),
    ("invitations:accept", &[GOOD, GOOD, "INVITATION_REFUSED"]),
    ("members/$GRACE", &["LAST_OWNER", GOOD, GOOD, GOOD]),
    ("echo revoked", &[GOOD, "API_TOKEN_REFUSED"]),
];
const GOOD: &str = "good";

/// What the activity of the account has to tell of, after all of that.
const HAPPENED: [&str; 10] = [
    "signed_in",
    "refresh_replayed",
    "factor_added",
    "device_trusted",
    "devices_forgotten",
    "action_confirmed",
    "recovery_code_used",
    "password_changed",
    "reset_used",
    "sessions_ended",
];

/// The answers in JSON that were given one after another.
fn each(answers: &str) -> Vec<Value> {
    let each = Deserializer::from_str(answers).into_iter();
    each.map(|answer| answer.unwrap_or_else(|error| panic!("{error}: {answers}"))).collect()
}

fn outcome(answer: &Value) -> &str {
    answer["reason"].as_str().unwrap_or(GOOD)
}

/// The page takes the code of the step before. If the step ended between reading and showing it, it would be too old.
async fn waits_for_a_step_with_time_left() {
    let left = STEP - SystemClock.now().seconds() % STEP;
    if left < ENOUGH {
        tokio::time::sleep(Duration::from_secs(left.unsigned_abs())).await;
    }
}

#[test]
fn every_flow_of_an_account_works_as_the_page_says() {
    alone("accounts::every_flow_of_an_account_works_as_the_page_says", async |network| {
        let mut reader = Reader::of(&ALL, network).await;

        reader.starts("sir0 --demo").await;
        reader.reads_until("turns the factor on with its first code").await;
        waits_for_a_step_with_time_left().await;
        reader.reads_to_the_end().await;

        for (line, expected) in OUTCOMES {
            let answers = each(reader.answers_to(line));
            let outcomes: Vec<_> = answers.iter().map(outcome).collect();
            assert_eq!(outcomes, expected, "{line}: {answers:?}");
        }
        assert_eq!(reader.printed_by("$NEXT = $AGAIN").trim(), "the same");
        let code = reader.printed_by("app now").trim();
        assert!(code.len() == 6 && code.bytes().all(|it| it.is_ascii_digit()), "{code}");
        let confirmed = each(reader.answers_to(":confirm"));
        assert_eq!(confirmed[1]["recoveryCodes"].as_array().map(Vec::len), Some(10));
        let sessions = each(reader.answers_to("sessions:end"));
        let names = sessions[1]["sessions"].as_array().expect("sessions").iter();
        let names: Vec<_> = names.map(|session| &session["deviceName"]).collect();
        assert_eq!(names, ["Internet café", "Desk"], "all of before have ended");
        let members = each(reader.answers_to("members/$GRACE"));
        assert_eq!(members[3]["members"].as_array().map(Vec::len), Some(1), "{members:?}");
        let machine = each(reader.answers_to("tokens:exchange"));
        let machine: Vec<_> = machine.iter().map(outcome).collect();
        assert_eq!(machine, [GOOD, GOOD, "SCOPE_MISSING"]);
        let tried = reader.printed_by("$WRONG");
        assert!(tried.contains("401\n401\n401\n401\n401\n"), "{tried}");
        assert!(tried.contains(" 429 ") && tried.contains("retry-after: "), "{tried}");
        let happened = each(reader.answers_to("/activity"));
        let events = happened[0]["events"].as_array().expect("events").iter();
        let kinds: BTreeSet<_> = events.filter_map(|event| event["kind"].as_str()).collect();
        assert!(kinds.is_superset(&HAPPENED.into()), "{kinds:?}");
        let left = each(reader.answers_to("users/logout"));
        let left: Vec<_> = left.iter().map(outcome).collect();
        assert_eq!(left, [GOOD, "SIGN_IN_REQUIRED"]);
        reader.stops().await;
    });
}
