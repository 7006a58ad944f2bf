//! The port: whether it can be opened, or what has it.

use std::io::ErrorKind;

use sir0_host::Finding;
use sir0_port::listen;
use sir0_storage::Location;

use crate::{Config, Parts, commands::probe};

/// Opens the port as `sir0 serve` does, and closes it at once.
pub(super) async fn look(config: &Config, parts: Parts) -> Finding {
    let address = config.listen;
    let error = match listen::bind(address) {
        Ok(_closed_here) => return Finding::Well(format!("{address} is free")),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::AddrInUse if probe(config, None).await => match is_served_here(config, parts) {
            Some(false) => Finding::Failing(
                format!("{address} is taken by a sir0 that keeps its data elsewhere"),
                "stop that one, or let this one listen on another port",
            ),
            _ => Finding::Well(format!("{address} is taken by a running sir0")),
        },
        ErrorKind::AddrInUse => Finding::Failing(
            format!("{address} is taken by another program, or by a sir0 that does not serve"),
            "`ss -ltnp` names the program; stop it, or listen on another port",
        ),
        ErrorKind::PermissionDenied => Finding::Failing(
            format!("{address} may not be opened: {error}"),
            "ports below 1024 are for root; listen above, and let a proxy have the port",
        ),
        ErrorKind::AddrNotAvailable => Finding::Failing(
            format!("{address} is no address of this machine"),
            "listen on an address it has (`ip address`), or on 0.0.0.0",
        ),
        _ => Finding::Failing(format!("{address} cannot be opened: {error}"), "correct `listen`"),
    }
}

/// Whether some process serves the files of these parts. `None` where a database server keeps the tables, because it
/// does not tell.
fn is_served_here(config: &Config, parts: Parts) -> Option<bool> {
    let places = config.services.of(parts).filter_map(|each| each.location(&config.data_dir).ok());
    let files: Vec<_> = places.filter(|place| matches!(place, Location::Sqlite(_))).collect();
    let is_served = |place: &Location| matches!(place.served_by(), Ok(Some(_)));
    (!files.is_empty()).then(|| files.iter().any(is_served))
}
