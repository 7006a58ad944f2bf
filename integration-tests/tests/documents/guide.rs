//! The guide for who builds against the store, read by such a person; and every reason and every message of the socket,
//! which have an anchor there.

use std::{collections::BTreeSet, fs};

use sir0_testkit::{openapi, reasons};

use crate::{
    network::alone,
    page::{Page, root},
    reader::{Reader, Scene},
    sources,
};

const GUIDE: &str = "docs/api.md";
pub(crate) const ALL: Scene = Scene { page: GUIDE, section: None };
const WITH_GAMES: &str = "sir0 --demo";

#[test]
fn every_line_of_the_guide_works_in_its_order() {
    alone("guide::every_line_of_the_guide_works_in_its_order", async |network| {
        let mut reader = Reader::of(&ALL, network).await;

        reader.starts(WITH_GAMES).await;
        reader.reads_to_the_end().await;

        let own = reader.printed_by("curl $AT/api/users/$ADA");
        assert!(own.contains(r#""role":"player""#), "{own}");
        let keys = reader.printed_by("jwks.json");
        assert!(keys.contains(r#""alg":"EdDSA""#), "{keys}");
        let next = reader.printed_by("pageToken=$NEXT");
        assert!(next.contains(r#""genre":"Puzzle""#), "{next}");
        let gone = reader.printed_by("2147483647");
        assert!(gone.contains("refused"), "{gone}");
        let changed = reader.printed_by("If-Match: $TAG");
        assert!(changed.contains("304\n") && changed.contains("Game updated"), "{changed}");
        let heard = reader.printed_by("topic\\\":\\\"game_updates/$GAME");
        assert!(heard.contains(r#""event":"changed""#), "what was missed comes: {heard}");
        let called = reader.printed_by("grpcurl");
        assert!(called.contains("nextPageToken"), "{called}");
        let web = reader.answers_to("grpc-web-text");
        assert!(web.starts_with("AAAAA"), "a message and trailers: {web}");
        let left = reader.printed_by("users/logout");
        assert!(left.contains("Logout successful"), "{left}");
        reader.stops().await;
    });
}

/// The headings of the third level in this section of the guide.
fn anchors(section: &str) -> BTreeSet<String> {
    let page = Page::open(GUIDE);
    let sections = page.text.split("\n## ").filter_map(|it| it.split_once('\n'));
    let (_, text) = sections.into_iter().find(|(name, _)| *name == section).expect("a section");
    let all: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let each: BTreeSet<_> = all.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(each.len(), all.len(), "an anchor is there twice");
    each
}

/// Reasons that no call of the document has: those of other paths, of other protocols and of files.
const OF_NO_CALL: [&str; 5] =
    ["NOT_FOUND", "METHOD_NOT_ALLOWED", "NOT_GRPC", "HTTP_2_REQUIRED", "RANGE_NOT_SATISFIABLE"];

#[test]
fn each_reason_has_an_anchor_and_no_anchor_is_of_another() {
    let paths = openapi()["paths"].as_object().expect("paths").values();
    let calls = paths.flat_map(|path| path.as_object().expect("calls").values());
    let answers = calls.flat_map(|call| call["responses"].as_object().expect("answers").values());
    let mut known: BTreeSet<_> = answers.flat_map(reasons).map(str::to_owned).collect();
    assert!(known.len() > 30, "{known:?}");
    let code = sources::text();
    for reason in OF_NO_CALL {
        assert!(code.contains(&format!("\"{reason}\"")), "nobody refuses with {reason}");
        assert!(known.insert(reason.to_owned()), "{reason} is of a call");
    }

    assert_eq!(anchors("Reasons"), known);
}

/// The texts in quotes that stand behind this in the code of a file.
fn behind(path: &str, words: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(path)).expect("a file of ours");
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let found = code.split(words).skip(1).filter_map(|rest| rest.split('"').next());
    let found: BTreeSet<_> = found.filter(|it| !it.contains('{')).map(str::to_owned).collect();
    assert!(!found.is_empty(), "{path} has nothing behind `{words}` any more");
    found
}

/// The texts in quotes of a function.
fn texts_of(path: &str, function: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(path)).expect("a file of ours");
    let (_, rest) = text.split_once(&format!("fn {function}(")).expect("a function");
    let body = rest.split("\n    }\n").next().unwrap_or_default();
    body.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn each_message_of_the_socket_has_an_anchor_and_no_anchor_is_of_another() {
    let (socket, topics) = ("crates/port/src/ws", "crates/storefront/src/host/topics.rs");
    let message = format!("{socket}/message.rs");
    let mut known = behind("crates/host/src/topics.rs", ": &str = \"");
    known.extend(texts_of(&message, "title"));
    known.extend(behind(&message, "Self::new(\""));
    known.extend(behind(&format!("{socket}/mod.rs"), "Refusal::new(\""));
    known.extend(behind(topics, "title: \""));
    known.extend(behind(topics, "=> (\""));
    let commands = behind(&message, "            \"");
    let commands = commands.into_iter().filter(|it| it.ends_with("subscribe"));
    known.extend(commands);
    assert!(known.len() > 20, "{known:?}");

    let mut anchors = anchors("WebSocket");
    assert!(anchors.remove("When a socket closes"));

    assert_eq!(anchors, known);
}
