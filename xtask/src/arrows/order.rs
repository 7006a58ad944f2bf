//! Which room of a service may name which, and that its doorway asks the doorman before anything else.

use std::path::{Path, PathBuf};

use super::code::Code;

/// The rooms that every service has, and which of them each may name. The domain names nothing else in the crate.
const ROOMS: &[(&str, &[&str])] = &[
    ("service", &["convert", "domain"]),
    ("convert", &["domain"]),
    ("work", &["db", "domain"]),
    ("watch", &["convert", "db", "domain"]),
    ("domain", &[]),
    ("db", &["domain"]),
    ("events", &["domain"]),
];

/// What breaks the order in these sources of a package, in words. A package without a doorway is no service.
pub(super) fn faults(package: &str, sources: &[(PathBuf, Code)]) -> Vec<String> {
    let has = |room: &str| sources.iter().any(|(path, _)| room_of(path) == Some(room));
    if !has("service") {
        return Vec::new();
    }
    let missing = ROOMS.iter().filter(|(room, _)| !has(room));
    let missing = missing.map(|(room, _)| format!("{package} has a doorway and no `{room}`"));
    let faults = sources.iter().filter_map(|(path, code)| {
        let room = room_of(path)?;
        let mut faults: Vec<String> =
            leans(room, code).map(|other| format!("`{room}` must not name `{other}`")).collect();
        if room == "service" {
            faults.extend(not_admitted(code));
        }
        Some(faults.into_iter().map(|fault| format!("{package}: src/{}: {fault}", path.display())))
    });
    missing.chain(faults.flatten()).collect()
}

/// The room that a file is in: the folder, or the file, below `src`.
fn room_of(path: &Path) -> Option<&str> {
    Path::new(path.iter().next()?).file_stem()?.to_str()
}

/// What the code of a room names in the crate and must not.
fn leans<'c>(room: &str, code: &'c Code) -> impl Iterator<Item = &'c str> {
    let allowed = ROOMS.iter().find(|(name, _)| *name == room);
    code.named_below("crate").into_iter().filter(move |other| {
        let is_room = ROOMS.iter().any(|(name, _)| name == other);
        allowed.is_some_and(|(room, allowed)| {
            other != room && !allowed.contains(other) && (is_room || *room == "domain")
        })
    })
}

/// The calls of a doorway that do not begin with the doorman, or show him another call.
fn not_admitted(code: &Code) -> Vec<String> {
    let calls = code.async_functions();
    let admits =
        |call: &str, first: &str| first.contains(&format!("admit(calls::{},", call.to_uppercase()));
    calls
        .into_iter()
        .filter(|(call, first)| !admits(call, first))
        .map(|(call, _)| {
            format!("`{call}` does not begin with `admit(calls::{},`", call.to_uppercase())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMITS: &str = "impl GamesService for Storefront {
        async fn get_game(&self, request: Request<Get>) -> Result<Response<Got>, Status> {
            let caller = self.shared.doorman.admit(calls::GET_GAME, request.metadata())?.caller()?;
            Ok(self.game().await?)
        }
    }";

    /// What is wrong with a service in which one file has this text.
    fn faults_of(file: &str, text: &str) -> Vec<String> {
        let empty =
            ROOMS.iter().map(|(room, _)| (PathBuf::from(format!("{room}/mod.rs")), Code::read("")));
        let file = (PathBuf::from(file), Code::read(text));
        faults("sir0-rentals", &empty.chain([file]).collect::<Vec<_>>())
    }

    #[test]
    fn a_domain_that_names_anything_above_it_is_caught() {
        for text in ["use crate::events::Row;", "use crate::{domain::Game, cache::Copies};"] {
            assert_eq!(faults_of("domain/game.rs", text).len(), 1, "{text}");
        }
        assert!(
            faults_of("domain/game.rs", "use crate::domain::Game; pub(crate) use super::Genre;")
                .is_empty()
        );
    }

    #[test]
    fn a_room_names_the_rooms_below_it_and_no_other() {
        assert!(
            faults_of("work/games.rs", "use crate::{cache::Copies, db::Db, domain::Game};")
                .is_empty()
        );
        assert_eq!(
            faults_of("work/games.rs", "use crate::{Storefront, convert::games, db::Db};"),
            ["sir0-rentals: src/work/games.rs: `work` must not name `convert`"]
        );
        assert_eq!(faults_of("convert/games.rs", "use crate::watch::games::Games;").len(), 1);
        assert_eq!(faults_of("db/games.rs", "fn f() -> crate::work::Games {}").len(), 1);
        assert_eq!(faults_of("events.rs", "use crate::db::Row;").len(), 1);
    }

    #[test]
    fn a_call_that_does_not_begin_with_the_doorman_is_caught() {
        let other = ADMITS.replace("GET_GAME", "LIST_GAMES");
        let late = ADMITS.replace("let caller =", "let seen = self.game().await?; let caller =");
        let never = ADMITS.replace("admit", "greet");

        assert!(faults_of("service/games.rs", ADMITS).is_empty());
        for text in [other, late, never] {
            assert_eq!(
                faults_of("service/games.rs", &text),
                [
                    "sir0-rentals: src/service/games.rs: `get_game` does not begin with `admit(calls::GET_GAME,`"
                ]
            );
        }
    }

    #[test]
    fn every_service_has_the_same_rooms() {
        let domain = (PathBuf::from("domain.rs"), Code::read("use crate::db::Row;"));
        assert!(faults("sir0-kernel", &[domain]).is_empty(), "it has no doorway");

        let doorway = (PathBuf::from("service.rs"), Code::read(""));
        let faults = faults("sir0-rentals", &[doorway]);

        assert_eq!(faults.len(), ROOMS.len() - 1);
        assert_eq!(faults[0], "sir0-rentals has a doorway and no `convert`");
    }
}
