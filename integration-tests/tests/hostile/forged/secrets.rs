//! Forged tokens where a request holds a secret of another kind: they pass for none of those either.

use futures::{StreamExt, future, stream};
use prost_reflect::{FieldDescriptor, Kind};
use sir0_contract::{Access, Call, calls};
use sir0_testkit::{PASSWORD, email_of};

use super::{
    doors::{Answered, Connections, DOORS, Door},
    forger::Forgery,
    is_closed,
    place::place,
    requests::{Asked, message_of, pool},
};

/// Which forgeries are good in a field of this name. `None` for one that holds nothing that the platform gave out.
fn good_in(field: &FieldDescriptor) -> Option<&'static str> {
    if field.kind() != Kind::String {
        return None;
    }
    match field.name() {
        "page_token" => Some("a page token"),
        "resume_token" => Some("a resume token"),
        "refresh_token" => Some("a refresh token"),
        "api_token" => Some("an API token"),
        "confirmation_token" => Some("a confirmation"),
        "secret" | "setup_token" => Some("a secret of a link"),
        "device_token" | "challenge_id" => Some("of a second factor"),
        name => {
            assert!(!name.ends_with("token") || name == "token", "what is {name}?");
            None
        }
    }
}

/// Refused for what it is, and not because something broke or was asked too often.
fn is_refused(answer: &Answered) -> bool {
    match answer {
        Answered::Code(code) => [3, 5, 7, 9, 16].contains(code),
        Answered::Status(status, _) => [400, 401, 403, 404].contains(status),
    }
}

/// A request of the call that succeeds but for what is in this field.
fn asked_with(asked: &Asked, call: &Call, field: &str, forgery: &Forgery) -> Asked {
    let asked = asked.clone().with(field, &forgery.token);
    match call.name {
        "Register" => asked.with("email", &email_of("Stolen")).with("password", PASSWORD),
        "Login" => asked.with("email", &email_of("Eve")).with("password", PASSWORD),
        "UseReset" => asked.with("new_password", PASSWORD),
        "ContinueLogin" => asked.with("code", "123456"),
        _ => asked,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_forged_token_passes_for_a_secret_that_a_request_holds() {
    let mut place = place().await;
    let pool = pool();
    let connections = Connections::of(&place.root).await;
    let of_each_kind = place.catalogue.of_each_kind();
    let (mut attempts, mut fields) = (Vec::new(), 0);
    for call in calls().filter(|call| is_closed(call) || call.access == Access::Anyone) {
        // A device is shown beside a password, and wrong ones delay the next sign-in.
        let few = if call.name == "Login" { 3 } else { of_each_kind.len() };
        let asked = Asked::of(&pool, call, &place.about);
        for field in message_of(&pool, call).fields() {
            let Some(good) = good_in(&field) else { continue };
            fields += 1;
            let forgeries = of_each_kind.iter().filter(|it| it.kind != good).take(few);
            // The doors take turns.
            for (forgery, door) in forgeries.zip(DOORS.into_iter().cycle()) {
                let door = match door {
                    Door::Rest if !asked.has_in_rest(field.name()) => Door::Grpc,
                    door => door,
                };
                let asked = asked_with(&asked, call, field.name(), forgery);
                attempts.push((field.name().to_owned(), *forgery, door, asked));
            }
        }
    }
    let tried = attempts.len();

    let asking = attempts.into_iter().map(|(field, forgery, door, asked)| {
        let (connections, root) = (&connections, &place.root);
        async move {
            let token = is_closed(asked.call).then(|| root.token());
            let answers = connections.asks(door, &asked, token).await;
            let answer = answers.into_iter().find(|answer| !is_refused(answer))?;
            let Forgery { kind, what, .. } = forgery;
            Some(format!("{} {field} {door:?} {answer:?}: {kind}: {what}", asked.call.name))
        }
    });
    let taken: Vec<_> =
        stream::iter(asking).buffer_unordered(8).filter_map(future::ready).collect().await;

    assert!(taken.is_empty(), "{} were not refused: {taken:#?}", taken.len());
    assert!(fields >= 26 && tried >= 1_500, "{fields} fields, {tried} forgeries");
    // What is the right secret for one of the fields is taken there.
    for (name, field, kind) in [
        ("RefreshSession", "refresh_token", "a refresh token"),
        ("ExchangeApiToken", "api_token", "an API token"),
    ] {
        let call = calls().find(|call| call.name == name).expect("a call of the contract");
        let good = of_each_kind.iter().find(|it| it.kind == kind).expect("one was handed out");
        let asked = Asked::of(&pool, call, &place.about).with(field, &good.token);
        let answer = connections.asks(Door::Grpc, &asked, None).await;
        assert_eq!(answer, [Answered::Code(0)], "{name}");
    }
    place.site.is_unasked().await;
    place.server.is_unshaken(64).await;
}
