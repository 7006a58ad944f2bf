//! Hundreds of forged tokens at every call that takes one, at every door: none lets anyone in.

mod algorithms;
mod certificate;
mod claims;
mod doors;
mod elsewhere;
mod forger;
mod headers;
mod others;
mod place;
mod requests;
mod secrets;
mod shapes;
mod signatures;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use serde_json::Value;
use sir0_contract::{Access, Call, calls};
use sir0_testkit::Person;
use tonic::Code;

use self::{
    doors::{Answered, Connections, DOORS, Door},
    forger::Forgery,
    place::{Place, place},
    requests::{About, Asked, pool},
};

/// How many connections of each kind ask at a time.
const AT_A_TIME: usize = 8;

/// A forged token at one door of one call.
#[derive(Clone)]
struct Attempt {
    forgery: Arc<Forgery>,
    asked: Arc<Asked>,
    door: Door,
}

/// Whether a call needs the token of a person or a machine.
fn is_closed(call: &Call) -> bool {
    matches!(call.access, Access::SignedIn | Access::Owner | Access::Publisher | Access::Admin)
}

/// Every call is tried with one forgery of each kind. Of each package, a call that reads and one that changes are
/// tried with all forgeries. So is a logout, which takes its token in the request.
fn attempts(place: &Place) -> Vec<Attempt> {
    let pool = pool();
    let all: Vec<_> = place.catalogue.all().iter().cloned().map(Arc::new).collect();
    let of_each_kind: HashSet<_> =
        place.catalogue.of_each_kind().iter().map(|it| it.token.as_str()).collect();
    let mut tried_with_all = HashSet::new();
    let mut attempts = Vec::new();
    for call in calls() {
        let reads = call.rest.iter().any(|rest| rest.bindings.iter().any(|it| it.verb == "GET"));
        let package = call.service.rsplit_once('.').expect("a package").0;
        let takes_all = is_closed(call) && tried_with_all.insert((package, reads));
        let asked = Arc::new(Asked::of(&pool, call, &place.about));
        for forgery in &all {
            let asked = if call.access == Access::TokenHolder {
                if forgery.is_good_for_a_logout {
                    continue;
                }
                Arc::new(Asked::clone(&asked).with("token", &forgery.token))
            } else {
                let is_tried = takes_all || of_each_kind.contains(forgery.token.as_str());
                if !is_tried || !forgery.fits_into_a_header() {
                    continue;
                }
                Arc::clone(&asked)
            };
            for door in DOORS {
                let (forgery, asked) = (Arc::clone(forgery), Arc::clone(&asked));
                attempts.push(Attempt { forgery, asked, door });
            }
        }
    }
    attempts
}

/// Makes all attempts, and answers with how each was answered.
async fn answers(visitor: &Person, attempts: &[Attempt]) -> Vec<(Attempt, Answered)> {
    let share = attempts.len().div_ceil(AT_A_TIME);
    let asking = attempts.chunks(share).map(|share| {
        let (share, visitor) = (share.to_vec(), visitor.clone());
        tokio::spawn(async move {
            let connections = Connections::of(&visitor).await;
            let mut answers = Vec::new();
            for attempt in share {
                let Attempt { forgery, asked, door } = &attempt;
                let token = (asked.call.access != Access::TokenHolder).then_some(&*forgery.token);
                for answer in connections.asks(*door, asked, token).await {
                    answers.push((attempt.clone(), answer));
                }
            }
            answers
        })
    });
    let mut all = Vec::new();
    for share in asking.collect::<Vec<_>>() {
        all.extend(share.await.expect("every attempt is answered"));
    }
    all
}

/// How each call is answered without a token.
async fn without_a_token(place: &Place) -> HashMap<(&'static str, Door), Vec<Answered>> {
    let pool = pool();
    let connections = Connections::of(&place.root).await;
    let mut answers = HashMap::new();
    for call in calls() {
        let asked = Asked::of(&pool, call, &place.about);
        for door in DOORS {
            let answered = connections.asks(door, &asked, None).await;
            answers.insert((call.path, door), answered);
        }
    }
    answers
}

/// What a forged token has to be answered with.
fn is_refused(call: &Call, answer: &Answered, without: &[Answered]) -> bool {
    let code = |wanted: Code| *answer == Answered::Code(wanted as i32);
    match call.access {
        // What anyone may do needs no token, so a bad one does neither good nor harm.
        Access::Anyone => without.contains(answer),
        Access::TokenHolder => {
            code(Code::InvalidArgument)
                || matches!(answer, Answered::Status(400, Some(reason))
                    if ["UNKNOWN_TOKEN", "INVALID_FIELDS"].contains(&reason.as_str()))
        }
        // No access token is the secret that services share.
        Access::Peer => code(Code::PermissionDenied),
        _ => answer.says_to_sign_in(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_forged_token_is_taken_by_any_call_at_any_door_and_nothing_changes_by_it() {
    let mut place = place().await;
    let attempts = attempts(&place);
    let without = without_a_token(&place).await;
    let before = place.present().await;

    let answers = answers(&place.root, &attempts).await;

    let mut taken = BTreeMap::<String, usize>::new();
    for (Attempt { forgery, asked, door }, answer) in &answers {
        let call = asked.call;
        if !is_refused(call, answer, &without[&(call.path, *door)]) {
            let Forgery { kind, what, .. } = &**forgery;
            *taken
                .entry(format!("{kind}: {what}: {} {door:?} {answer:?}", call.name))
                .or_default() += 1;
        }
    }
    let first: Vec<_> = taken.iter().take(40).collect();
    assert!(taken.is_empty(), "{} were not refused, such as {first:#?}", taken.len());
    assert_eq!(place.present().await, before, "nothing changed");
    place.site.is_unasked().await;
    counts_do_not_shrink(&place, &answers);
    a_good_token_is_taken(&place).await;
    place.server.is_unshaken(64).await;
}

fn counts_do_not_shrink(place: &Place, answers: &[(Attempt, Answered)]) {
    let (forgeries, kinds) = (place.catalogue.all(), place.catalogue.of_each_kind());
    let flips = forgeries.iter().filter(|it| it.kind.starts_with("a bit of ")).count();
    let tokens: BTreeSet<_> = forgeries.iter().map(|it| &it.token).collect();
    assert_eq!(tokens.len(), forgeries.len(), "no two are the same");
    let counts = [forgeries.len() - flips, flips, kinds.len(), answers.len()];
    let least = [650, 120, 63, 20_500];
    assert!(counts.iter().zip(least).all(|(count, least)| *count >= least), "{counts:?}");
    // Every call that the contract has, at each of its doors.
    let tried: BTreeSet<_> = answers.iter().map(|(it, _)| (it.asked.call.path, it.door)).collect();
    let doors = |call: &Call| if call.rest.is_some() { DOORS.len() } else { DOORS.len() - 1 };
    assert_eq!(tried.len(), calls().map(doors).sum::<usize>(), "{tried:?}");
    assert!(
        calls().filter(|call| is_closed(call)).count() >= 36,
        "the calls are read from the files"
    );
}

/// The same calls at the same doors take a good token, so it is the token that was refused.
async fn a_good_token_is_taken(place: &Place) {
    let pool = pool();
    let connections = Connections::of(&place.root).await;
    for call in calls().filter(|call| is_closed(call)) {
        let asked = Asked::of(&pool, call, &About::nothing());
        for door in DOORS {
            for answer in connections.asks(door, &asked, Some(place.root.token())).await {
                assert!(!answer.is_unauthenticated(), "{} {door:?} {answer:?}", call.name);
            }
        }
    }
    let logout = calls().find(|call| call.access == Access::TokenHolder).expect("a logout");
    for door in DOORS {
        let session = place.root.signs_in("Root").await;
        let asked = Asked::of(&pool, logout, &place.about).with("token", session.token());
        let answer = connections.asks(door, &asked, None).await;
        let [Answered::Code(0) | Answered::Status(200, _)] = answer[..] else {
            panic!("{door:?} {answer:?}")
        };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_of_rest_names_the_calls_that_take_a_token_as_the_contract_does() {
    let server = sir0_testkit::process().await;
    let document = server.visitor().rest().get("/openapi.json").await.json;
    let mut taking = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let operations = operations.as_object().expect("operations").iter();
        for (method, operation) in operations.filter(|(_, it)| it["operationId"].is_string()) {
            if operation["security"].as_array().is_some_and(|it| !it.is_empty()) {
                taking.insert((method.to_uppercase(), path.clone()));
            }
        }
    }

    let closed = calls().filter(|call| is_closed(call)).flat_map(|call| &call.rest);
    let bindings = closed.flat_map(|rest| rest.bindings.iter());
    let contract: BTreeSet<_> =
        bindings.map(|binding| (binding.verb.to_owned(), binding.template.to_owned())).collect();
    assert_eq!(taking, contract);
    assert_eq!(document["security"], Value::Null, "each operation says it for itself");
}
