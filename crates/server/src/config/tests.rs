use std::{collections::BTreeSet, fs, time::Duration};

use super::*;

/// Reads a file with this text, this environment and these flags.
fn read_all(
    file: &str,
    environment: &[(&str, &str)],
    options: Options,
) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("test.toml");
    fs::write(&path, file).expect("a file");
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    Config::read(&Options { config: Some(path), ..options }, environment).map_err(Faults::alone)
}

fn read_file(text: &str) -> Result<Config, ConfigError> {
    read_all(text, &[], Options::default())
}

fn read_environment(environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    read_all("", environment, Options::default())
}

/// The paths of all values in there.
fn leaves(path: &str, value: &serde_json::Value, found: &mut BTreeSet<String>) {
    let serde_json::Value::Object(section) = value else {
        found.insert(path.to_owned());
        return;
    };
    for (name, value) in section {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        leaves(&path, value, found);
    }
}

#[test]
fn the_table_holds_every_key_there_is_and_no_other() {
    let defaults = Config::default().to_json();
    let mut keys = BTreeSet::new();
    leaves("", &defaults, &mut keys);

    let table: Vec<_> = settings().iter().map(|setting| setting.key.to_owned()).collect();

    assert_eq!(table.iter().cloned().collect::<BTreeSet<_>>(), keys);
    assert_eq!(table.len(), keys.len(), "a key stands there twice");
}

#[test]
fn a_variable_is_named_after_its_key_unless_the_documents_name_it() {
    for Setting { key, variable, .. } in settings().iter() {
        let expected = match *key {
            "log.filter" => "SIR0_LOG".to_owned(),
            "accounts.database" | "storefront.database" => {
                format!("SIR0_{}_URL", key.replace('.', "_").to_uppercase())
            }
            "peers.accounts" => "SIR0_ACCOUNTS_URL".to_owned(),
            "peers.storefront" => "SIR0_STOREFRONT_URL".to_owned(),
            _ => format!("SIR0_{}", key.replace('.', "_").to_uppercase()),
        };

        assert_eq!(*variable, expected);
    }
}

#[test]
fn every_default_reads_back_from_every_variable() {
    let defaults = Config::default().to_json();
    let written = |setting: &Setting| match defaults
        .pointer(&format!("/{}", setting.key.replace('.', "/")))
    {
        Some(serde_json::Value::String(text)) => text.clone(),
        // The setting is unset: the example of its kind is used.
        Some(serde_json::Value::Null) | None => {
            let example = setting.kind.wants().split('`').nth(1);
            example.expect("every kind has one").to_owned()
        }
        Some(other) => other.to_string(),
    };

    for setting in settings().iter() {
        read_environment(&[(setting.variable, &written(setting))])
            .unwrap_or_else(|fault| panic!("{}: {fault}", setting.variable));
    }
}

#[test]
fn the_file_yields_to_the_environment_and_the_environment_to_flags() {
    let file = "listen = '127.0.0.1:1'\ndata_dir = 'file'\n[log]\nfilter = 'warn'\nformat = 'json'";
    let environment = [("SIR0_LISTEN", "127.0.0.1:2"), ("SIR0_DATA_DIR", "environment")];
    let options = Options { listen: Some("127.0.0.1:3".to_owned()), ..Options::default() };

    let config = read_all(file, &environment, options).expect("a good configuration");

    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.data_dir, PathBuf::from("environment"));
    assert_eq!(config.log.filter, "warn");
    assert_eq!(config.log.format, sir0_telemetry::Format::Json);
    assert_eq!(config.limits, Limits::default());
}

#[test]
fn every_flag_reaches_its_setting() {
    let options = Options {
        config: None,
        listen: Some("[::1]:9".to_owned()),
        data_dir: Some("elsewhere".to_owned()),
        log: Some("debug".to_owned()),
    };

    let config = read_all("", &[], options).expect("a good configuration");

    assert_eq!(config.listen.to_string(), "[::1]:9");
    assert_eq!(config.data_dir, PathBuf::from("elsewhere"));
    assert_eq!(config.log.filter, "debug");
}

#[test]
fn times_and_numbers_are_written_as_people_write_them() {
    let config = read_all(
        "[limits]\ndrain = '1m 30s'\nbody_bytes = 65_536",
        &[("SIR0_LIMITS_HEADER_TIMEOUT", "500ms"), ("SIR0_LIMITS_CONNECTIONS", "7")],
        Options::default(),
    )
    .expect("a good configuration");

    assert_eq!(config.limits.drain, Duration::from_secs(90));
    assert_eq!(config.limits.body_bytes, 65_536);
    assert_eq!(config.limits.header_timeout, Duration::from_millis(500));
    assert_eq!(config.limits.connections, 7);
}

#[test]
fn an_unknown_name_stops_the_start_and_is_told_its_nearest() {
    let story = |refused: Result<Config, ConfigError>| {
        let fault = refused.expect_err("an unknown name");
        assert!(matches!(fault, ConfigError::Unknown { .. }), "{fault}");
        fault.to_string()
    };

    let typo = story(read_file("# ours\n\n[limits]\nbody_byte = 1"));
    assert!(typo.contains("`limits.body_byte`") && typo.contains("`limits.body_bytes`"), "{typo}");
    assert!(typo.contains("test.toml:4"), "{typo}");

    let section = story(read_file("[limit]\nbody_bytes = 1"));
    assert!(section.contains("`limit`") && section.contains("`limits`"), "{section}");

    let empty = story(read_file("[acounts]"));
    assert!(empty.contains("`accounts`"), "{empty}");

    let variable = story(read_environment(&[("SIR0_LISTN", "127.0.0.1:1")]));
    assert!(variable.contains("`SIR0_LISTN`") && variable.contains("`SIR0_LISTEN`"), "{variable}");

    let long = story(read_file(&format!("{} = 1", "x".repeat(100_000))));
    assert!(long.len() < 1_000, "{long}");
}

#[test]
fn variables_of_other_programs_are_none_of_our_business() {
    read_environment(&[("PATH", "/bin"), ("SIR", "0"), ("sir0_listen", "x")]).expect("no fault");
}

#[test]
fn a_bad_value_names_its_key_its_place_and_what_would_be_right() {
    let story = |refused: Result<Config, ConfigError>| {
        let fault = refused.expect_err("a bad value");
        assert!(matches!(fault, ConfigError::BadValue { .. }), "{fault}");
        fault.to_string()
    };
    let flags = Options { listen: Some("localhost".to_owned()), ..Options::default() };

    let cases = [
        (story(read_file("\nlisten = 8080")), ["`listen`", "`8080`", ":2", "127.0.0.1:8080"]),
        (story(read_all("", &[], flags)), ["`listen`", "`localhost`", "--listen", "a port"]),
        (
            story(read_environment(&[("SIR0_LIMITS_JSON_DEPTH", "many")])),
            ["`limits.json_depth`", "`many`", "SIR0_LIMITS_JSON_DEPTH", "a whole number"],
        ),
        (
            story(read_environment(&[("SIR0_LIMITS_JSON_DEPTH", "1000000")])),
            ["`limits.json_depth`", "`1000000`", "between 2 and 128", "a whole number"],
        ),
        (
            story(read_file("[limits]\nheader_timeout = '15'")),
            ["`limits.header_timeout`", "'15'", "test.toml:2", "`15s`"],
        ),
        (
            story(read_file("limits.idle_timeout = '900years'")),
            ["`limits.idle_timeout`", "'900years'", "1 day", "its unit"],
        ),
        (
            story(read_file("[limits]\nconnections = 99999999999999999999")),
            ["`limits.connections`", "99999999999999999999", ":2", "a whole number"],
        ),
        (
            story(read_environment(&[("SIR0_LOG", "sir0=loud")])),
            ["`log.filter`", "`sir0=loud`", "SIR0_LOG", "`info`"],
        ),
        (
            story(read_environment(&[("SIR0_DATA_DIR", "")])),
            ["`data_dir`", "is empty", "SIR0_DATA_DIR", "`./data`"],
        ),
        (story(read_file("data_dir = ''")), ["`data_dir`", "is empty", ":1", "`./data`"]),
        (
            story(read_file("log.format = 'xml'")),
            ["`log.format`", "'xml'", "test.toml:1", "`json`"],
        ),
    ];

    for (story, named) in cases {
        for word in named {
            let word = word.replace('\'', "\\'");
            assert!(story.contains(&word), "no {word} in: {story}");
        }
    }
}

#[test]
fn the_later_of_two_values_is_the_one_to_blame() {
    let fault =
        read_all("listen = '127.0.0.1:1'", &[("SIR0_LISTEN", "nowhere")], Options::default())
            .expect_err("a bad variable");

    assert!(fault.to_string().contains("from the environment, SIR0_LISTEN"), "{fault}");
}

#[test]
fn a_rule_over_several_settings_is_judged_when_all_are_read() {
    let file = "[accounts.hashing]\nlog_n = 16";

    let config = read_all(file, &[("SIR0_ACCOUNTS_HASHING_P", "2")], Options::default());
    assert_eq!(
        config.expect("as strong as the default").services.get::<sir0_accounts::Config>().hashing.p,
        2
    );

    let fault = read_file(file).expect_err("too weak alone");
    assert!(
        matches!(fault, ConfigError::BadValue { key: "accounts.hashing.log_n", .. }),
        "{fault}"
    );

    let beside = read_environment(&[("SIR0_ACCOUNTS_HASHING_R", "1")]).expect_err("too weak");
    assert!(matches!(beside, ConfigError::BadValue { key: "accounts.hashing.r", .. }), "{beside}");

    let session = read_environment(&[("SIR0_ACCOUNTS_SESSION_LIFETIME", "1s")]).expect_err("short");
    assert!(session.to_string().contains("SIR0_ACCOUNTS_SESSION_LIFETIME"), "{session}");
}

#[test]
fn every_fault_is_told_at_once_and_none_for_a_value_that_is_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("test.toml");
    let file = "listn = 1\nlog = 'info'\n[limits]\nbody_bytes = 7\njson_depth = 'deep'\n\
                connections = 5\n[accounts]\nsession_lifetime = '1s'\nissuer = ''";
    fs::write(&path, file).expect("a file");
    let options =
        Options { config: Some(path), listen: Some("nowhere".to_owned()), ..Options::default() };
    let environment = [("SIR0_LISTN", "1"), ("SIR0_TRACES_SAMPLE", "half"), ("SIR0_LOG", "=")];
    let environment = environment.map(|(name, value)| (name.into(), value.into()));

    let faults = Config::read(&options, environment).expect_err("a bad configuration");

    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    for (key, place) in [
        ("`listn`", "test.toml:1"),
        ("`log`", "test.toml:2"),
        ("`limits.body_bytes`", "test.toml:4"),
        ("`limits.json_depth`", "test.toml:5"),
        ("`accounts.session_lifetime`", "test.toml:8"),
        ("`accounts.issuer`", "test.toml:9"),
        ("`SIR0_LISTN`", "the environment"),
        ("`traces.sample`", "SIR0_TRACES_SAMPLE"),
        ("`log.filter`", "SIR0_LOG"),
        ("`listen`", "--listen"),
    ] {
        let is_it = |fault: &&String| fault.starts_with(key) && fault.contains(place);
        assert_eq!(told.iter().filter(is_it).count(), 1, "{key} {place} in {told:#?}");
    }
    assert_eq!(told.len(), 10, "{told:#?}");
    assert!(
        faults.to_string().ends_with("(and 9 more: `sir0 config check` tells all)"),
        "{faults}"
    );
}

#[test]
fn a_file_full_of_faults_has_the_first_hundred_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("test.toml");
    let lines: Vec<_> = (0..100_000).map(|line| format!("a{line}=1")).collect();
    fs::write(&path, lines.join("\n")).expect("a file");

    let content = file::read(settings(), &path);

    assert_eq!(content.faults.len(), 100);
}

#[test]
fn a_refusal_tells_no_password() {
    for line in [
        "accounts.database = ['postgres://sir0:hunter2@localhost']",
        "redis.url = ['redis://:hunter2@localhost']",
    ] {
        let fault = read_file(line).expect_err("both are texts").to_string();

        assert!(!fault.contains("hunter2"), "{fault}");
    }
}

#[test]
fn another_part_is_found_at_a_host_and_a_port_in_clear() {
    let peer = |url| read_environment(&[("SIR0_ACCOUNTS_URL", url)]);

    for url in ["http://accounts:8080", "http://127.0.0.1:8080/", "http://[::1]:8080"] {
        assert_eq!(peer(url).expect("a good URL").peers.url(SERVICES[0]), Some(url));
    }
    for url in [
        "accounts:8080",
        "https://accounts:8443",
        "http://accounts:8080/api",
        "http://sir0:hunter2@accounts:8080",
        "http://",
    ] {
        let fault = peer(url).expect_err("no place of ours");
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
        assert!(matches!(fault, ConfigError::BadValue { key: "peers.accounts", .. }), "{fault}");
    }
}

#[test]
fn a_share_is_a_number_also_when_it_is_written_without_a_point() {
    let sample =
        |text| read_environment(&[("SIR0_TRACES_SAMPLE", text)]).map(|it| it.traces.sample);

    assert!(sample("0.25").is_ok_and(|share| (share - 0.25).abs() < f64::EPSILON));
    assert!(sample("1").is_ok_and(|share| (share - 1.0).abs() < f64::EPSILON));
    assert!(sample("half").is_err());
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;

    let broken = OsString::from_vec(b"da\xffta".to_vec());
    let fault = Config::read(&Options::default(), [(OsString::from("SIR0_DATA_DIR"), broken)])
        .expect_err("no text");

    assert!(fault.to_string().contains("is not UTF-8"), "{fault}");
}

#[test]
fn a_section_is_no_setting_and_a_setting_no_section() {
    let section = read_file("log = 'info'").expect_err("a section");
    assert!(matches!(section, ConfigError::Section { .. }), "{section}");
    assert!(section.to_string().contains("`log.filter`"), "{section}");

    let setting = read_file("[listen]\nport = 1").expect_err("a setting");
    assert!(matches!(setting, ConfigError::BadValue { key: "listen", .. }), "{setting}");
}

#[test]
fn a_file_that_is_no_configuration_is_refused() {
    let syntax = read_file("listen = '127.0.0.1:1'\nlisten 2").expect_err("not TOML");
    assert!(matches!(syntax, ConfigError::Syntax { .. }), "{syntax}");
    assert!(syntax.to_string().contains("test.toml:2"), "{syntax}");

    let twice = read_file("data_dir = 'a'\ndata_dir = 'b'").expect_err("not TOML either");
    assert!(matches!(twice, ConfigError::Syntax { .. }), "{twice}");

    let huge = read_file(&"#".repeat(2 << 20)).expect_err("a huge file");
    assert!(matches!(huge, ConfigError::TooLarge { .. }), "{huge}");

    let deep = read_file(&format!("listen = {}", "[".repeat(100_000))).expect_err("a deep file");
    assert!(matches!(deep, ConfigError::Syntax { .. }), "{deep}");

    let dotted = read_file(&format!("a{} = 1", ".a".repeat(100_000))).expect_err("a deep key");
    assert!(matches!(dotted, ConfigError::Syntax { .. } | ConfigError::Unknown { .. }), "{dotted}");
}

#[test]
fn a_file_that_was_named_has_to_be_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = Options { config: Some(folder.path().join("none.toml")), ..Options::default() };

    let fault = Config::read(&missing, []).expect_err("no file").alone();

    assert!(matches!(fault, ConfigError::Unreadable { .. }), "{fault}");
    let none = file::read_if_there(settings(), folder.path().join(USUAL));
    assert!(none.given.is_empty() && none.faults.is_empty());
}

#[test]
fn colours_go_when_the_environment_says_so() {
    assert!(read_environment(&[("NO_COLOR", "1")]).expect("no fault").no_color);
    assert!(!read_environment(&[("NO_COLOR", "")]).expect("no fault").no_color);
    assert!(!read_environment(&[]).expect("no fault").no_color);
}

#[test]
fn only_loopback_is_not_exposed() {
    let exposed = |address: &str| {
        read_environment(&[("SIR0_LISTEN", address)]).expect("an address").is_exposed()
    };

    assert!(exposed("0.0.0.0:80") && exposed("[::]:80") && exposed("192.0.2.1:80"));
    assert!(!exposed("127.0.0.2:80") && !exposed("[::1]:80") && !exposed("[::ffff:127.0.0.1]:80"));
}
