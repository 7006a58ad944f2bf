//! What a person sees at the start: where to go, and what to do first.

use std::{
    fmt::Write,
    io::{self, IsTerminal},
    net::SocketAddr,
};

use crate::{Config, Parts, parts::Part};

/// Prints the addresses and the first steps for the person who typed the command. Whoever reads the output of the
/// program instead finds the line `ready` in the log.
#[expect(clippy::print_stdout, reason = "this is the program speaking to its user")]
pub(crate) fn print(address: SocketAddr, config: &Config, parts: Parts) {
    if config.log.format != sir0_telemetry::Format::Text || !io::stdout().is_terminal() {
        return;
    }
    let program = std::env::args().next().unwrap_or_else(|| "sir0".to_owned());
    println!("{}", text(address, config, parts, &program));
}

fn text(address: SocketAddr, config: &Config, parts: Parts, program: &str) -> String {
    let name = parts.alone().map(|part| format!(" {}", part.name())).unwrap_or_default();
    let mut text = format!("\n  SIR0{name} {} is ready.\n\n", env!("CARGO_PKG_VERSION"));
    let (edge, accounts) = (parts.include(Part::Edge), parts.include(Part::Accounts));
    let storefront = parts.include(Part::Storefront);
    for (is_here, what, at) in [
        (edge, "Try every call", format!("http://{address}/docs")),
        (storefront, "REST", format!("http://{address}/api/games")),
        (true, "gRPC, gRPC-Web", format!("{address}  (reflection is on)")),
        (storefront, "WebSocket", format!("ws://{address}/ws")),
        (true, "Metrics", format!("http://{address}/metrics")),
        (config.keeps_files(parts), "Data", config.data_dir.display().to_string()),
    ] {
        if is_here {
            writeln!(text, "  {what:<15} {at}").expect("a string grows");
        }
    }
    if accounts {
        let folder = if config.data_dir == Config::default().data_dir {
            String::new()
        } else {
            format!(" --data-dir {}", config.data_dir.display())
        };
        writeln!(
            text,
            "\n  Make the first administrator (type a password, press Enter):\n    \
             {program}{folder} admin create --email you@example.com --username you"
        )
        .expect("a string grows");
    }
    text.push_str("\n  Stop with Ctrl-C.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_where_to_go_and_how_to_make_the_first_administrator() {
        let config = Config { data_dir: "/srv/games".into(), ..Config::default() };

        let text = text(config.listen, &config, Parts::ALL, "target/release/sir0");

        for needed in [
            "http://127.0.0.1:8080/docs",
            "ws://127.0.0.1:8080/ws",
            "target/release/sir0 --data-dir /srv/games admin create",
        ] {
            assert!(text.contains(needed), "{needed} in {text}");
        }
    }

    #[test]
    fn a_part_tells_only_of_what_it_has() {
        let config = Config::default();

        let text = text(config.listen, &config, Parts::only(Part::Storefront), "sir0");

        assert!(text.contains("SIR0 storefront") && text.contains("/api/games"), "{text}");
        assert!(!text.contains("/docs") && !text.contains("admin create"), "{text}");
    }
}
