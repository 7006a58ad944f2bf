//! What the storefront said it did, held against what its database holds.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};
use serde_json::Value;

/// Something that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    Created { game: i32, title: String },
    Changed { game: i32, revision: i32, description: String },
    Removed { game: i32 },
}

/// Everything that was acknowledged so far.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Vec<Fact>>);

/// A game as a row has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) title: String,
    pub(crate) revision: i32,
    pub(crate) description: String,
}

struct Event {
    kind: String,
    game: i32,
    title: String,
    revision: i32,
    description: String,
}

/// What the comparison showed.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    pub(crate) acknowledged: usize,
    /// Acknowledged, and not to be found.
    pub(crate) lost: Vec<String>,
    /// Asked for once, and done more than once.
    pub(crate) doubled: Vec<String>,
    /// Games whose events tell another story, and positions that are left out.
    pub(crate) untold: Vec<String>,
    /// The games that are there.
    pub(crate) games: BTreeMap<i32, Kept>,
}

/// Every game that was not withdrawn, as JSON in one line.
const GAMES: &str = "SELECT json_build_object('game_id', game_id, 'title', title, 'revision', revision, \
                     'description', description) FROM games WHERE state <> 'withdrawn'";
/// Gives a position to what a killed instance committed last.
pub(crate) const NUMBER: &str = "SELECT number_events()";
/// Every event, as JSON in one line.
const EVENTS: &str = "SELECT json_build_object('position', position, 'kind', kind, 'game', payload::json) \
                      FROM events ORDER BY position";

impl Ledger {
    /// Keeps in mind what was acknowledged.
    pub(crate) fn notes(&self, fact: Fact) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fact);
    }

    /// Holds it against the database of the storefront, which `psql` asks. Every title and every description is to
    /// have been asked for once.
    pub(crate) fn audit(&self, psql: impl Fn(&str) -> String) -> Result<Audit> {
        psql(NUMBER);
        let events = psql(EVENTS);
        let games = psql(GAMES);
        let facts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        audit(&facts, &games, &events)
    }
}

fn audit(facts: &[Fact], games: &str, events: &str) -> Result<Audit> {
    let mut audit = Audit { acknowledged: facts.len(), ..Audit::default() };
    for line in games.lines() {
        let row: Value = serde_json::from_str(line).context("a game is no JSON")?;
        let (game, kept) = game_of(&row).context("a game lacks a column")?;
        audit.games.insert(game, kept);
    }

    let mut told: HashMap<i32, Vec<Event>> = HashMap::new();
    let mut titles = HashSet::new();
    let mut descriptions = HashSet::new();
    for (line, expected) in events.lines().zip(1_i64..) {
        let row: Value = serde_json::from_str(line).context("an event is no JSON")?;
        let position = row["position"].as_i64().context("an event has no position")?;
        if position != expected {
            audit.untold.push(format!("position {expected} is left out, {position} follows"));
        }
        let kind = row["kind"].as_str().context("an event is of no kind")?.to_owned();
        let (game, kept) = game_of(&row["game"]).context("an event is about no game")?;
        let Kept { title, revision, description } = kept;
        if kind == "added" && !titles.insert(title.clone()) {
            audit.doubled.push(format!("`{title}` was added twice"));
        }
        if kind == "changed" && !descriptions.insert(description.clone()) {
            audit.doubled.push(format!("the change to `{description}` was made twice"));
        }
        told.entry(game).or_default().push(Event { kind, game, title, revision, description });
    }

    for fact in facts {
        if !is_kept(fact, &audit.games, &told) {
            audit.lost.push(format!("{fact:?}"));
        }
    }
    let all: HashSet<i32> = audit.games.keys().chain(told.keys()).copied().collect();
    for game in all {
        let events = told.get(&game).map(Vec::as_slice).unwrap_or_default();
        if let Some(why) = contradiction(audit.games.get(&game), events) {
            audit.untold.push(format!("game {game}: {why}"));
        }
    }
    Ok(audit)
}

fn game_of(row: &Value) -> Option<(i32, Kept)> {
    let number = |name: &str| row[name].as_i64().and_then(|number| i32::try_from(number).ok());
    let text = |name: &str| row[name].as_str().map(str::to_owned);
    let kept = Kept {
        title: text("title")?,
        revision: number("revision")?,
        description: text("description")?,
    };
    Some((number("game_id")?, kept))
}

fn is_kept(fact: &Fact, games: &BTreeMap<i32, Kept>, told: &HashMap<i32, Vec<Event>>) -> bool {
    let has = |game: &i32, is_it: &dyn Fn(&Event) -> bool| {
        told.get(game).is_some_and(|events| events.iter().any(is_it))
    };
    match fact {
        Fact::Created { game, title } => {
            has(game, &|event| event.kind == "added" && event.title == *title)
        }
        Fact::Changed { game, revision, description } => has(game, &|event| {
            let is_it = event.revision == *revision && event.description == *description;
            event.kind == "changed" && is_it
        }),
        Fact::Removed { game } => {
            !games.contains_key(game) && has(game, &|event| event.kind == "removed")
        }
    }
}

/// Where the events of a game and its row, if it has one, do not agree: it is added once, its revision grows by one
/// with each change, and it is removed once or still there as it was last.
fn contradiction(kept: Option<&Kept>, events: &[Event]) -> Option<String> {
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    let (changes, is_removed) = match kinds.as_slice() {
        ["added", changes @ .., "removed"] => (changes, true),
        ["added", changes @ ..] => (changes, false),
        _ => return Some(format!("its events are {kinds:?}")),
    };
    if changes.iter().any(|kind| *kind != "changed") || is_removed == kept.is_some() {
        return Some(format!("its events are {kinds:?}, its row is {kept:?}"));
    }
    let last = events.last()?;
    let in_order = events.iter().take(changes.len() + 1).zip(1..);
    for (event, revision) in in_order {
        if event.revision != revision {
            return Some(format!("revision {revision} of {} is left out", event.game));
        }
    }
    let agrees = |kept: &Kept| {
        kept.revision == last.revision
            && kept.description == last.description
            && kept.title == last.title
    };
    let disagrees = kept.is_some_and(|kept| !agrees(kept));
    disagrees
        .then(|| format!("its row is {kept:?}, its last event is of revision {}", last.revision))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDED: &str = r#"{"position":1,"kind":"added","game":{"game_id":7,"title":"A","revision":1,"description":""}}"#;
    const CHANGED: &str = r#"{"position":2,"kind":"changed","game":{"game_id":7,"title":"A","revision":2,"description":"b"}}"#;
    const GAME: &str = r#"{"game_id":7,"title":"A","revision":2,"description":"b"}"#;

    fn created(game: i32) -> Fact {
        Fact::Created { game, title: "A".to_owned() }
    }

    fn changed() -> Fact {
        Fact::Changed { game: 7, revision: 2, description: "b".to_owned() }
    }

    #[test]
    fn what_is_told_and_kept_is_in_order() {
        let events = format!("{ADDED}\n{CHANGED}\n");

        let audit = audit(&[created(7), changed()], GAME, &events).expect("rows of ours");

        assert!(audit.lost.is_empty() && audit.doubled.is_empty() && audit.untold.is_empty());
        assert_eq!(audit.games[&7].revision, 2);
    }

    #[test]
    fn what_was_acknowledged_and_is_not_there_is_lost() {
        let audit = audit(&[created(7), changed()], "", "").expect("no rows");

        assert_eq!(audit.lost.len(), 2);
    }

    #[test]
    fn a_removed_game_that_is_still_there_is_lost() {
        let events = format!("{ADDED}\n{CHANGED}\n");

        let audit = audit(&[Fact::Removed { game: 7 }], GAME, &events).expect("rows of ours");

        assert_eq!(audit.lost.len(), 1);
    }

    #[test]
    fn a_change_without_its_event_and_a_gap_are_found() {
        let without = audit(&[], GAME, ADDED).expect("rows of ours");
        let gap =
            audit(&[], GAME, &format!("{ADDED}\n{}", CHANGED.replace(":2,\"kind", ":3,\"kind")));

        assert_eq!(without.untold.len(), 1);
        assert_eq!(gap.expect("rows of ours").untold, ["position 2 is left out, 3 follows"]);
    }

    #[test]
    fn a_title_that_was_added_twice_is_doubled() {
        let again = ADDED.replace(":7", ":8").replace(":1,\"kind", ":2,\"kind");

        let audit = audit(&[], "", &format!("{ADDED}\n{again}")).expect("rows of ours");

        assert_eq!(audit.doubled, ["`A` was added twice"]);
    }
}
