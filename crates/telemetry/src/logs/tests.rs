use std::{
    io::Write,
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};
use sir0_kernel::{ManualClock, Timestamp};
use tracing::{debug, error, info, info_span, warn};

use super::*;

/// Where the lines of a test go.
#[derive(Clone, Default)]
pub(super) struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    pub(super) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).expect("lines are text")
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is on the page after the story was told to a log like this, at four minutes and five seconds past three.
fn logged(config: &Config, colour: bool, story: impl FnOnce()) -> String {
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(54_245_000_000)));
    let page = Page::default();
    let writer = page.clone();
    let (subscriber, _bounds) =
        subscriber(config, colour, clock, move || writer.clone(), &Traces::default())
            .expect("a readable filter");

    tracing::dispatcher::with_default(&subscriber, story);

    page.text()
}

fn text(filter: &str) -> Config {
    Config { filter: filter.to_owned(), ..Config::default() }
}

#[test]
fn a_line_says_when_how_bad_what_and_about_which() {
    let page = logged(&Config::default(), false, || {
        info!(game.id = 7, genre = "Puzzle", "game 7 went on sale");
        warn!(path = "a b", "odd");
    });

    assert_eq!(
        page,
        "15:04:05  INFO game 7 went on sale game.id=7 genre=Puzzle\n\
         15:04:05  WARN odd path=\"a b\"\n"
    );
}

#[test]
fn a_line_carries_what_its_spans_know() {
    let page = logged(&Config::default(), false, || {
        let request = info_span!("request", id = "r1", user = tracing::field::Empty).entered();
        request.record("user", 3);
        info!("it is done");
    });

    assert_eq!(page, "15:04:05  INFO request: it is done id=r1 user=3\n");
}

#[test]
fn debug_lines_say_where_they_come_from_and_are_silent_unless_asked_for() {
    let told = || debug!(target: "sir0_storefront::db", "read a game");

    assert_eq!(logged(&Config::default(), false, told), "");
    assert_eq!(
        logged(&text("debug"), false, told),
        "15:04:05 DEBUG sir0_storefront::db: read a game\n"
    );
}

#[test]
fn spans_for_a_collector_are_not_made_for_the_log() {
    for filter in ["info", "trace", "sir0=trace"] {
        let page = logged(&text(filter), false, || {
            let span = info_span!(target: "sir0::trace::sql", "sql", otel.kind = "client");
            assert!(span.is_disabled(), "{filter}");
            span.in_scope(|| info!(target: "sir0", "read"));
        });

        assert!(page.contains("read") && !page.contains("otel.kind"), "{page}");
    }
}

#[test]
fn an_error_brings_its_causes() {
    let page = logged(&Config::default(), false, || {
        let cause = Error::EmptyFilter;
        let failure = io::Error::other(Outer(cause));
        error!(error = &failure as &dyn std::error::Error, "it failed");
    });

    assert_eq!(page, format!("15:04:05 ERROR it failed error=\"outer: {}\"\n", Error::EmptyFilter));
}

#[test]
fn an_error_brings_its_causes_to_machines_too() {
    let config = Config { format: Format::Json, ..Config::default() };

    let page = logged(&config, false, || {
        let failure = io::Error::other(Outer(Error::EmptyFilter));
        error!(error = &failure as &dyn std::error::Error, "it failed");
    });

    let line: Value = serde_json::from_str(&page).expect("one object");
    assert_eq!(line["error"], format!("outer: {}", Error::EmptyFilter));
}

#[test]
fn no_value_makes_a_line_long() {
    let long = "\u{7}\u{202E}".repeat(100_000);

    for format in [Format::Text, Format::Json] {
        let config = Config { format, ..Config::default() };
        let page = logged(&config, false, || warn!(long, shown = ?long, "{long}"));
        assert!((1_000..2_000).contains(&page.len()), "{} bytes", page.len());
    }
}

#[test]
fn who_wants_a_line_for_each_request_gets_it_however_quiet_the_rest_is() {
    let told = || {
        info!(target: ACCESS, "answered");
        info!("ours");
    };

    let access = Config { access: true, ..text("warn") };
    assert_eq!(logged(&access, false, told), "15:04:05  INFO answered\n");
    let silenced = Config { access: true, ..text("warn,sir0::access=off") };
    assert_eq!(logged(&silenced, false, told), "");
}

#[derive(Debug, thiserror::Error)]
#[error("outer")]
struct Outer(#[source] Error);

#[test]
fn colours_are_for_terminals_only() {
    let told = || info!(key = "value", "message");

    assert!(logged(&Config::default(), true, told).contains("\x1b[32m INFO\x1b[0m message"));
    assert!(!logged(&Config::default(), false, told).contains('\x1b'));
}

#[test]
fn a_stranger_can_neither_forge_a_line_nor_paint_the_terminal() {
    let page = logged(&Config::default(), false, || {
        let name = "x\n15:04:05  INFO admin signed in\x1b[2J\u{202E}";
        info!(name, "hello {name}");
    });

    assert_eq!(page.lines().filter(|line| line.starts_with("15:04:05")).count(), 1);
    assert!(!page.contains(['\x1b', '\u{202E}']));
}

#[test]
fn libraries_only_warn_unless_they_are_named() {
    let told = || {
        info!(target: "sqlx::query", "asked");
        info!(target: "hyper_util::client", "connected");
        warn!(target: "sqlx::pool", "slow");
    };

    assert_eq!(logged(&Config::default(), false, told), "15:04:05  WARN slow\n");
    assert_eq!(
        logged(&text("warn,sqlx=info"), false, told),
        "15:04:05  INFO asked\n15:04:05  WARN slow\n"
    );
}

#[test]
fn who_asks_for_silence_gets_it_from_libraries_too() {
    let told = || {
        error!("ours");
        warn!(target: "tower", "theirs");
    };

    assert_eq!(logged(&text("off"), false, told), "");
    assert_eq!(logged(&text("error"), false, told), "15:04:05 ERROR ours\n");
}

#[test]
fn a_machine_reads_one_flat_object_a_line() {
    let config = Config { format: Format::Json, ..Config::default() };

    let page = logged(&config, true, || {
        let _outer = info_span!("request", request_id = "r1", user = 1).entered();
        let _inner = info_span!("unit", user = 2).entered();
        info!(game.id = 7, ratio = f64::NAN, level = "forged", "game \"7\"\nchanged");
    });

    let mut line: Value = serde_json::from_str(&page).expect("one object");
    let timestamp = line["timestamp"].take();
    let timestamp = timestamp.as_str().expect("a text");
    assert!(timestamp.len() > 20 && timestamp.ends_with('Z'), "not RFC 3339 in UTC: {timestamp}");
    assert_eq!(page.lines().count(), 1);
    assert_eq!(
        line,
        json!({
            "timestamp": null,
            "level": "INFO",
            "target": "sir0_telemetry::logs::tests",
            "message": "game \"7\"\nchanged",
            "game.id": 7,
            "ratio": null,
            "request_id": "r1",
            "user": 2,
        })
    );
}

#[test]
fn an_unreadable_filter_is_refused_with_the_configuration() {
    let read = |filter: &str| serde_json::from_value::<Config>(json!({ "filter": filter }));

    assert!(read("info,sqlx=debug").is_ok());
    assert!(read("").expect_err("says nothing").to_string().contains("is empty"));
    assert!(read(" , ").is_err());
    assert!(read("sir0=loud").expect_err("no such level").to_string().contains("cannot be read"));
    assert!(serde_json::from_value::<Config>(json!({ "filtre": "info" })).is_err());
}

#[test]
fn logs_start_once_in_a_process() {
    // Other tests here scope their subscriber to a thread; this one alone takes the process.
    let config = text("off");

    start(&config, true, &Traces::default()).expect("the first");

    assert!(matches!(start(&config, true, &Traces::default()), Err(Error::AlreadyStarted(_))));
}
