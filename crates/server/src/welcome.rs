//! What a person sees at the start: where to go, and what to do first.

use std::{fmt::Write, net::SocketAddr};

use crate::Config;

/// Prints the addresses and the first steps. Kept off the log: it is for the person who typed the command.
#[expect(clippy::print_stdout, reason = "this is the program speaking to its user")]
pub(crate) fn print(address: SocketAddr, config: &Config) {
    let program = std::env::args().next().unwrap_or_else(|| "sir0".to_owned());
    println!("{}", text(address, config, &program));
}

fn text(address: SocketAddr, config: &Config, program: &str) -> String {
    let mut text = format!("\n  SIR0 {} is ready.\n\n", env!("CARGO_PKG_VERSION"));
    for (what, at) in [
        ("Try every call", format!("http://{address}/docs")),
        ("REST", format!("http://{address}/api/games")),
        ("gRPC, gRPC-Web", format!("{address}  (reflection is on)")),
        ("WebSocket", format!("ws://{address}/ws")),
        ("Metrics", format!("http://{address}/metrics")),
        ("Data", config.data_dir.display().to_string()),
    ] {
        writeln!(text, "  {what:<15} {at}").expect("a string grows");
    }
    let folder = if config.data_dir == Config::default().data_dir {
        String::new()
    } else {
        format!(" --data-dir {}", config.data_dir.display())
    };
    writeln!(
        text,
        "\n  Make the first administrator (type a password, press Enter):\n    \
         {program}{folder} admin create --email you@example.com --username you\n\n  Stop with Ctrl-C."
    )
    .expect("a string grows");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_where_to_go_and_how_to_make_the_first_administrator() {
        let config = Config { data_dir: "/srv/games".into(), ..Config::default() };

        let text = text(config.listen, &config, "target/release/sir0");

        for needed in [
            "http://127.0.0.1:8080/docs",
            "ws://127.0.0.1:8080/ws",
            "target/release/sir0 --data-dir /srv/games admin create",
        ] {
            assert!(text.contains(needed), "{needed} in {text}");
        }
    }
}
