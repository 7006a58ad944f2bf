//! What a person sees at the start: where to go, and what to do first.

use std::{
    fmt::Write,
    io::{self, IsTerminal},
    net::SocketAddr,
};

use sir0_host::{FirstStep, Hint, Service};

use crate::{
    Config, Parts,
    commands::{bare, from_here, say},
};

/// Whether a person reads what the program prints. A program finds the line `ready` in the log instead.
pub(crate) fn is_read(config: &Config) -> bool {
    config.log.format == sir0_telemetry::Format::Text && io::stdout().is_terminal()
}

/// Whether this process knows where its pages are: it has the edge, or a setting says where that is.
pub(crate) fn knows_pages(config: &Config, parts: Parts) -> bool {
    parts.has_edge() || config.public_url.is_some()
}

/// Prints the addresses and the first steps for the person who typed the command. Not through the log: a step may hold
/// a secret.
pub(crate) fn print(
    address: SocketAddr,
    config: &Config,
    parts: Parts,
    steps: &[FirstStep],
    version: &str,
) {
    let program = std::env::args().next().unwrap_or_else(|| "sir0".to_owned());
    let folder = std::env::current_dir().unwrap_or_default();
    let folder = folder.display().to_string();
    let typed = Typed { program: &program, folder: &folder, version };
    if let Err(error) = say(&text(address, config, parts, steps, &typed)) {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the welcome could not be printed"
        );
    }
}

/// How the program was started.
struct Typed<'t> {
    /// As it was typed.
    program: &'t str,
    /// The working directory.
    folder: &'t str,
    /// What the program says of its version.
    version: &'t str,
}

fn text(
    address: SocketAddr,
    config: &Config,
    parts: Parts,
    steps: &[FirstStep],
    typed: &Typed<'_>,
) -> String {
    let browsers = config.address_for_browsers(address);
    // A server that listens everywhere is reached on this machine. Elsewhere only its operator knows its names.
    let address = from_here(address);
    let name = parts.alone().map(|part| format!(" {}", part.name())).unwrap_or_default();
    let mut text = format!("\n  SIR0{name} {} is ready.\n\n", typed.version);
    let mut line = |what: &str, at: String| {
        writeln!(text, "  {what:<15} {at}").expect("a string grows");
    };
    if parts.has_edge() {
        line("In the browser", format!("{browsers}/"));
        line("Try every call", format!("{browsers}/docs"));
    }
    for Hint { what, scheme, path } in parts.services().flat_map(|service| service.hints) {
        line(what, format!("{scheme}://{address}{path}"));
    }
    line("gRPC, gRPC-Web", format!("{address}  (reflection is on)"));
    line("Metrics", format!("http://{address}/metrics"));
    if config.keeps_files(parts) {
        line("Data", config.data_dir.display().to_string());
    }
    for FirstStep { why, path } in steps {
        writeln!(text, "\n  {why}\n    {browsers}{path}").expect("a string grows");
    }
    if !knows_pages(config, parts) {
        for service in parts.services() {
            if let Some((why, rest)) = service.commands.iter().find_map(|command| command.first) {
                let command = command_line(config, service, typed, rest);
                writeln!(text, "\n  {why}\n{command}").expect("a string grows");
            }
        }
    }
    text.push_str("\n  Stop with Ctrl-C.\n\n");
    text
}

/// The command that finds the same database from any terminal: relative paths start in the folder of the server.
fn command_line(config: &Config, service: &Service, typed: &Typed<'_>, rest: &str) -> String {
    let about_the_database = |variable: &str| {
        let setting = service.settings().find(|setting| setting.variable == variable);
        setting.is_some_and(|it| it.key.starts_with(&format!("{}.database", service.name)))
    };
    let mut command = format!("    cd {}\n    ", quoted(typed.folder));
    for (name, value) in &config.sources.variables {
        if about_the_database(name) {
            write!(command, "{name}={} ", quoted(&bare(value))).expect("a string grows");
        }
    }
    command.push_str(&quoted(typed.program));
    if let Some(file) = &config.sources.file {
        let file = quoted(&file.display().to_string());
        write!(command, " --config {file}").expect("a string grows");
    }
    if config.sources.origins.contains_key("data_dir") {
        let folder = quoted(&config.data_dir.display().to_string());
        write!(command, " --data-dir {folder}").expect("a string grows");
    }
    write!(command, " {rest}").expect("a string grows");
    command
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@,%=".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use sir0_settings::Origin;

    use super::*;
    use crate::{SERVICES, config::Sources, parts::Part};

    const TYPED: Typed<'_> = Typed {
        program: "target/release/sir0",
        folder: "/home/ada/my games",
        version: "0.1.0 (8e3d288 2026-11-27)",
    };

    fn the_first_administrator() -> [FirstStep; 1] {
        let why = "Make yourself the administrator:";
        [FirstStep { why, path: "/#setup=5eed".to_owned() }]
    }

    #[test]
    fn a_person_is_told_where_to_go_and_how_to_make_the_first_administrator() {
        let config = Config::default();

        let text = text(config.listen, &config, Parts::ALL, &the_first_administrator(), &TYPED);

        for needed in [
            "SIR0 0.1.0 (8e3d288 2026-11-27) is ready",
            "http://127.0.0.1:8080/docs",
            "ws://127.0.0.1:8080/ws",
            "Make yourself the administrator:\n    http://127.0.0.1:8080/#setup=5eed\n",
        ] {
            assert!(text.contains(needed), "{needed} in {text}");
        }
    }

    #[test]
    fn the_hint_repeats_every_setting_that_says_where_accounts_are_and_no_password() {
        let sources = Sources {
            file: Some("/etc/sir0.toml".into()),
            origins: [("data_dir", Origin::Flag("--data-dir"))].into(),
            variables: vec![
                ("SIR0_LOG", "debug".to_owned()),
                ("SIR0_ACCOUNTS_DATABASE_URL", "postgres://sir0:secret@db/accounts".to_owned()),
            ],
        };
        let config = Config { data_dir: "/srv/games".into(), sources, ..Config::default() };

        let command = command_line(&config, SERVICES[0], &TYPED, "admin create");

        let line = command.lines().nth(1).expect("the second line");
        assert!(line.starts_with("    SIR0_ACCOUNTS_DATABASE_URL="), "{line}");
        let wanted =
            "target/release/sir0 --config /etc/sir0.toml --data-dir /srv/games admin create";
        assert!(line.contains(wanted), "{line}");
        assert!(!line.contains("secret") && !line.contains("SIR0_LOG"), "{line}");
    }

    #[test]
    fn what_listens_everywhere_is_named_by_an_address_that_a_browser_opens() {
        let config =
            Config { listen: "0.0.0.0:8080".parse().expect("an address"), ..Config::default() };

        let text = text(config.listen, &config, Parts::ALL, &[], &TYPED);

        assert!(text.contains("http://127.0.0.1:8080/docs") && !text.contains("0.0.0.0"), "{text}");
    }

    #[test]
    fn a_part_tells_only_of_what_it_has() {
        let config = Config::default();

        let storefront = Parts::only(Part::Service(SERVICES[1]));
        let text = text(config.listen, &config, storefront, &[], &TYPED);

        assert!(text.contains("SIR0 storefront") && text.contains("/api/games"), "{text}");
        assert!(!text.contains("/docs") && !text.contains("admin"), "{text}");
    }

    #[test]
    fn the_first_step_is_a_link_where_the_page_is_known_and_a_command_elsewhere() {
        let accounts = Parts::only(Part::Service(SERVICES[0]));
        let told = |config: &Config, steps: &[FirstStep]| {
            text(config.listen, config, accounts, steps, &TYPED)
        };

        let alone = told(&Config::default(), &[]);
        let command = "cd '/home/ada/my games'\n    target/release/sir0 admin create --email";
        assert!(alone.contains(command) && !alone.contains("5eed"), "{alone}");

        let url = sir0_port::PublicUrl::parse("https://example.com/games").expect("an address");
        let known = Config { public_url: Some(url), ..Config::default() };
        let known = told(&known, &the_first_administrator());
        assert!(known.contains("    https://example.com/games/#setup=5eed\n"), "{known}");
    }
}
