//! Ways for a token to come in that are none: a good token is taken from one header alone, and a socket takes none.

use futures::{StreamExt, stream};
use http::HeaderValue;
use serde_json::{Value, json};
use sir0_contract::calls;
use sir0_testkit::{LONG, Person, process, process_after_upgrade};
use tokio::time::timeout;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{
    doors::{Answered, Connections, DOORS, Door},
    forger::{Catalogue, Forger},
    is_closed,
    place::place,
    requests::{About, Asked, pool},
    shapes, signatures,
};
use crate::http1;

#[tokio::test(flavor = "multi_thread")]
async fn a_good_token_is_taken_from_the_one_header_and_from_nowhere_else() {
    let server = process().await;
    let root = server.admin("Root").await;
    let good = root.token();
    let basic = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("Root:{good}"));
    let bad = format!("{good}A");
    let ways: Vec<(&str, Vec<(&str, String)>)> = vec![
        ("nothing", vec![]),
        ("no scheme", vec![("authorization", good.to_owned())]),
        ("another scheme", vec![("authorization", format!("JWT {good}"))]),
        ("the scheme of DPoP", vec![("authorization", format!("DPoP {good}"))]),
        ("the scheme of a password", vec![("authorization", format!("Basic {basic}"))]),
        ("a tab behind the scheme", vec![("authorization", format!("Bearer\t{good}"))]),
        ("two good ones", vec![("authorization", format!("Bearer {good}")); 2]),
        (
            "a bad one first",
            vec![
                ("authorization", format!("Bearer {bad}")),
                ("authorization", format!("Bearer {good}")),
            ],
        ),
        (
            "a bad one last",
            vec![
                ("authorization", format!("Bearer {good}")),
                ("authorization", format!("Bearer {bad}")),
            ],
        ),
        ("a cookie", vec![("cookie", format!("access_token={good}; token={good}"))]),
        ("a proxy's header", vec![("proxy-authorization", format!("Bearer {good}"))]),
        ("a header of others", vec![("x-authorization", format!("Bearer {good}"))]),
        ("a header of proxies", vec![("x-forwarded-authorization", format!("Bearer {good}"))]),
        ("a header of tools", vec![("x-access-token", good.to_owned())]),
        ("binary metadata", vec![("authorization-bin", good.to_owned())]),
        (
            "a forwarded user",
            vec![("x-forwarded-user", "Root".to_owned()), ("remote-user", "1".to_owned())],
        ),
    ];
    let connections = Connections::of(&root).await;
    let pool = pool();

    for call in calls().filter(|call| is_closed(call)) {
        let asked = Asked::of(&pool, call, &About::nothing());
        for (what, headers) in &ways {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
            for door in DOORS {
                for answer in connections.asks_with(door, &asked, &headers, "").await {
                    assert!(answer.says_to_sign_in(), "{what}: {} {door:?} {answer:?}", call.name);
                }
            }
        }
        for door in DOORS {
            for answer in connections.asks(door, &asked, Some(good)).await {
                assert!(!answer.is_unauthenticated(), "{} {door:?} {answer:?}", call.name);
            }
        }
        // A query that a call does not know may be refused for that.
        let query = format!("?access_token={good}&token={good}&authorization=Bearer%20{good}");
        for answer in connections.asks_with(Door::Rest, &asked, &[], &query).await {
            let Answered::Status(400 | 401, _) = answer else { panic!("{} {answer:?}", call.name) };
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_characters_that_no_header_holds_is_refused_byte_by_byte() {
    let (server, key) = process_after_upgrade().await;
    let root = server.admin("Root").await;
    let address = root.address();
    let path = format!("/api/users/{}", root.id);
    let forger = Forger::new(&key, root.token(), root.token(), String::new());
    let mut catalogue = Catalogue::default();
    signatures::forge(&forger, &mut catalogue);
    shapes::forge(&forger, &mut catalogue);
    let mut tried = 0;

    for forgery in catalogue.all().iter().filter(|it| !it.fits_into_a_header()) {
        // A line break ends the header: what is before it is the token then.
        let line = forgery.token.split(['\r', '\n']).next().unwrap_or_default();
        if line == root.token() {
            continue;
        }
        let bearer = format!("Bearer {}", forgery.token);
        let request = http1::request("GET", &path, &[("Authorization", &bearer)], b"");
        let answer = http1::sends(address, &request).await;
        let what = &forgery.what;
        assert!(matches!(answer.status, 400 | 401), "{what}: {} {}", answer.status, answer.head);
        tried += 1;
    }

    assert!(tried >= 8, "{tried}");
    let good = http1::asks(address, "GET", &path, root.token(), b"").await;
    assert_eq!(good.status, 200, "{}", good.head);
}

/// Opens a socket with this token, and asks for the games and for what is not everybody's.
async fn hears(person: &Person, token: Option<&str>, query: &str) -> Vec<Value> {
    let url = format!("ws://{}/ws{query}", person.address());
    let mut request = url.into_client_request().expect("an address");
    if let Some(token) = token {
        let bearer = HeaderValue::from_bytes(format!("Bearer {token}").as_bytes());
        request.headers_mut().insert("authorization", bearer.expect("it fits"));
    }
    let asking = async {
        let (mut socket, _) = connect_async(request).await.expect("anyone may open a socket");
        let mut heard = Vec::new();
        for topic in ["game_updates", "security_events"] {
            let ask = json!({"action": "subscribe", "topic": topic}).to_string();
            futures::SinkExt::send(&mut socket, Message::text(ask)).await.expect("it is open");
            let answer = loop {
                let next = socket.next().await.expect("an open socket").expect("a good frame");
                if let Message::Text(text) = next {
                    break text;
                }
            };
            let mut answer: Value = serde_json::from_str(&answer).expect("JSON");
            // Where the stream stands is the one thing that moves.
            if answer["resumeToken"].is_string() {
                answer["resumeToken"] = Value::Bool(true);
            }
            heard.push(answer);
        }
        heard
    };
    timeout(LONG, asking).await.expect("an answer in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_gives_a_forged_token_and_a_good_one_what_it_gives_to_everybody() {
    let mut place = place().await;
    let everybody = hears(&place.root, None, "").await;
    assert_eq!(everybody[0]["message"], "Subscribed to game_updates");
    assert!(everybody[1]["error"].is_string(), "{everybody:?}");
    let before = place.present().await;
    let forgeries = place.catalogue.all().iter().filter(|it| it.fits_into_a_header());

    let asked = forgeries.map(|forgery| async {
        (forgery.what.as_str(), hears(&place.root, Some(&forgery.token), "").await)
    });
    let heard: Vec<_> = stream::iter(asked).buffer_unordered(8).collect().await;

    assert!(heard.len() >= 600, "{}", heard.len());
    for (what, heard) in heard {
        assert_eq!(heard, everybody, "{what}");
    }
    let query = format!("?access_token={}", place.root.token());
    assert_eq!(hears(&place.root, Some(place.root.token()), &query).await, everybody);
    assert_eq!(place.present().await, before, "nothing changed");
    place.server.is_unshaken(64).await;
}
