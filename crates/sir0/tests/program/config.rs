//! `sir0 config`: the settings in effect, and what is wrong with them.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{Said, sir0};

const FILE: &str = "\
listen = '127.0.0.1:9'

[limits]
body_bytes = 65_536
drain = '1m 30s'
";
const VARIABLES: [(&str, &str); 4] = [
    ("SIR0_ACCOUNTS_DATABASE_URL", "postgres://sir0:hunter2@db/accounts"),
    ("SIR0_LIMITS_PROXIES", "10.0.0.0/8, fd00::/8"),
    ("SIR0_LIMITS_DRAIN", "2s"),
    ("SIR0_LOG_FORMAT", "json"),
];

/// A folder with a file of settings in it.
fn a_folder(file: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("sir0.toml"), file).expect("a file");
    folder
}

/// The lines without the places in comments.
fn values(shown: &str) -> Vec<&str> {
    let lines = shown.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split("  # ").next().unwrap_or_default()).collect()
}

fn holds_only_the_file(folder: &Path) {
    let found = fs::read_dir(folder).expect("it is there").flatten();
    let found: Vec<_> = found.map(|entry| entry.file_name()).collect();
    assert_eq!(found, ["sir0.toml"], "nothing is made");
}

#[test]
fn what_is_shown_names_the_place_that_counted() {
    let folder = a_folder(FILE);

    let shown = sir0(folder.path(), &VARIABLES, &["--listen", "[::1]:7", "config", "show"]);

    let shown = shown.went_well();
    for line in [
        "listen = \"[::1]:7\"  # from --listen",
        "data_dir = \"./data\"  # default",
        "limits.body_bytes = 65536  # sir0.toml:4",
        "limits.drain = \"2s\"  # from the environment, SIR0_LIMITS_DRAIN",
        "limits.proxies = \"10.0.0.0/8, fd00::/8\"  # from the environment, SIR0_LIMITS_PROXIES",
        "# redis.url is unset",
    ] {
        assert!(shown.lines().any(|it| it == line), "no {line} in\n{shown}");
    }
    holds_only_the_file(folder.path());
}

#[test]
fn what_is_shown_can_be_read_back_as_a_file() {
    let folder = a_folder(FILE);
    let shown = sir0(folder.path(), &VARIABLES, &["config", "show"]).went_well();
    let (copy, elsewhere) = (folder.path().join("copy.toml"), tempfile::tempdir().expect("one"));
    fs::write(&copy, &shown).expect("a file");

    let copy = copy.to_str().expect("UTF-8");
    let again = sir0(elsewhere.path(), &[], &["--config", copy, "config", "show"]).went_well();

    assert!(values(&shown).len() > 30, "{shown}");
    assert_eq!(values(&again), values(&shown));
}

#[test]
fn no_secret_is_shown_in_either_form() {
    let folder = a_folder("redis.url = 'redis://:hunter2@redis:6379'");

    for form in ["toml", "json"] {
        let shown = sir0(folder.path(), &VARIABLES, &["config", "show", "--format", form]);

        let shown = shown.went_well();
        assert!(!shown.contains("hunter2"), "{shown}");
        for place in ["postgres://sir0:…@db/accounts", "redis://:…@redis:6379"] {
            assert!(shown.contains(place), "no {place} in\n{shown}");
        }
    }
}

#[test]
fn machines_are_told_the_same() {
    let folder = a_folder(FILE);

    let shown = sir0(folder.path(), &VARIABLES, &["config", "show", "--format", "json"]);

    let shown: Value = serde_json::from_str(&shown.went_well()).expect("JSON");
    let told = |key: &str, what: &str| shown[key][what].clone();
    assert_eq!(told("limits.body_bytes", "value"), 65_536);
    assert_eq!(told("limits.body_bytes", "from"), "file");
    assert_eq!(told("limits.body_bytes", "place"), "sir0.toml:4");
    assert_eq!(told("limits.drain", "from"), "environment");
    assert_eq!(told("limits.drain", "variable"), "SIR0_LIMITS_DRAIN");
    assert_eq!(told("data_dir", "from"), "default");
    assert_eq!(told("redis.url", "value"), Value::Null);
    assert_eq!(told("accounts.database", "secret_left_out"), true);
}

#[test]
fn good_settings_are_said_to_be_good_and_nothing_is_opened() {
    let folder = a_folder(FILE);

    let checked = sir0(folder.path(), &VARIABLES, &["config", "check"]).went_well();

    assert!(checked.starts_with("ok    6 of "), "{checked}");
    holds_only_the_file(folder.path());
}

fn faults(said: &Said) -> Vec<&str> {
    assert!(!said.is_well, "{}", said.stdout);
    said.stdout.lines().filter_map(|line| line.strip_prefix("FAIL  ")).collect()
}

#[test]
fn every_fault_is_named_at_once_with_its_key_and_its_place() {
    let folder = a_folder("listn = 1\n[limits]\njson_depth = 1_000\nbody_bytes = 'all'\n");
    let variables = [("SIR0_LISTN", "x"), ("SIR0_TRACES_SAMPLE", "2")];

    let said = sir0(folder.path(), &variables, &["--log", "=", "config", "check"]);

    let found = faults(&said);
    for (key, place) in [
        ("`listn`", "sir0.toml:1"),
        ("`limits.json_depth`", "sir0.toml:3"),
        ("`limits.body_bytes`", "sir0.toml:4"),
        ("`SIR0_LISTN`", "from the environment"),
        ("`traces.sample`", "SIR0_TRACES_SAMPLE"),
        ("`log.filter`", "from --log"),
    ] {
        let is_it = |fault: &&&str| fault.starts_with(key) && fault.contains(place);
        assert_eq!(found.iter().filter(is_it).count(), 1, "{key} in {found:#?}");
    }
    assert_eq!(found.len(), 6, "{found:#?}");
    holds_only_the_file(folder.path());
}

#[test]
fn the_start_names_the_first_fault_and_where_the_others_are_told() {
    let folder = a_folder("listn = 1\ndata_dri = 2\n");

    let said = sir0(folder.path(), &[], &[]);

    assert!(!said.is_well);
    assert!(said.stderr.contains("`sir0 config check`"), "{}", said.stderr);
    holds_only_the_file(folder.path());
}

#[test]
fn a_database_or_a_redis_that_could_never_be_reached_is_a_fault() {
    let folder = a_folder("storefront.database = 'mysql://db/games'");
    let variables = [("SIR0_REDIS_URL", "rediss://redis")];

    let said = sir0(folder.path(), &variables, &["config", "check"]);

    let found = faults(&said);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("`storefront.database` (sir0.toml:1)"), "{found:#?}");
    assert!(
        found[1].starts_with("`redis.url` (from the environment, SIR0_REDIS_URL)"),
        "{found:#?}"
    );
}

#[test]
fn what_a_part_would_lack_is_named_when_the_part_is() {
    let folder = a_folder(FILE);

    let said = sir0(folder.path(), &[], &["config", "check", "storefront"]);

    let found = faults(&said);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].contains("SIR0_ACCOUNTS_URL"), "{found:#?}");
    assert!(found[1].contains("SIR0_PEERS_SECRET_FILE"), "{found:#?}");
}
