//! Counts the acts of each account: one person's acts must not take the room of everyone's.

use std::{collections::HashMap, fmt};

use tracing::{
    Event,
    field::{Field, Visit},
};

/// How many acts of one account are written in a second.
const ACTS: u32 = 8;

/// How many acts each account did in this second.
#[derive(Default)]
pub(super) struct People {
    second: i64,
    acts: HashMap<String, u32>,
}

impl People {
    /// Whether this act is written.
    pub(super) fn may_go_on(&mut self, act: &Event<'_>, second: i64) -> bool {
        let mut actor = Actor(String::new());
        act.record(&mut actor);
        if self.second != second {
            self.second = second;
            self.acts.clear();
        }
        let acts = self.acts.entry(actor.0).or_default();
        *acts = acts.saturating_add(1);
        *acts <= ACTS
    }
}

/// Finds the account that did an act.
struct Actor(String);

impl Visit for Actor {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "user.id" {
            self.0 = format!("{value:?}");
        }
    }
}
