//! What a line makes of a product that is there.

use std::sync::Arc;

use sir0_kernel::{GameId, StudioId, Timestamp};

use super::{Reference, Row};
use crate::domain::{Change, Game, GameEvent, NotPublishable, Public, State};

/// Why a line changes nothing of a product that was withdrawn.
pub const WITHDRAWN: &str = "was withdrawn: another `state` brings it back first";

/// A product that a line names, among those of its studio. `None` is the platform.
pub type Named = (Option<StudioId>, super::ImportKey);

/// A line, and where its product belongs.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Which line of the file.
    pub line: u32,
    /// What it says.
    pub row: Row,
    /// The studio among whose products a key names one. `None` is the platform.
    pub studio: Option<StudioId>,
}

/// One change that a line makes, as a single call would make it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The product afterwards.
    pub game: Game,
    /// What those who watch hear.
    pub event: GameEvent,
    /// What was planned before and is done by it. `None` leaves what is planned as it is.
    pub outdates: Option<Outdated>,
}

/// What of a plan is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outdated {
    /// What leads to this state.
    Behind(Public),
    /// All of it.
    All,
}

impl Placed {
    /// The keys that it names: of its product, and of those that it refers to.
    pub fn keys(&self) -> impl Iterator<Item = Named> {
        let named = std::iter::once(&self.row.of).chain(self.row.parts());
        named.filter_map(|reference| match reference {
            Reference::Key(key) => Some((self.studio, key.clone())),
            Reference::Id(_) => None,
        })
    }

    /// The ids that it names.
    pub fn ids(&self) -> impl Iterator<Item = GameId> {
        let named = std::iter::once(&self.row.of).chain(self.row.parts());
        named.filter_map(|reference| match reference {
            Reference::Id(id) => Some(*id),
            Reference::Key(_) => None,
        })
    }
}

impl Row {
    /// What it makes of a product that is there, one change after the other. None if the product is so already.
    pub fn steps(
        &self,
        held: &Game,
        base: Option<GameId>,
        bundled: Option<Arc<[GameId]>>,
        at: Timestamp,
    ) -> Result<Vec<Step>, String> {
        if self.kind.is_some_and(|kind| kind != held.kind) {
            return Err(format!("`kind` never changes: it is `{}`", held.kind.as_str()));
        }
        if base.is_some() && base != held.base {
            return Err("what a product belongs to never changes".to_owned());
        }
        let change = Change { bundled, ..self.change.clone() };
        let mut steps: Vec<Step> = Vec::new();
        // Only to publish it changes what was withdrawn. Everything else is withdrawn, or published, as it is to be.
        let is_withdrawn = held.standing.state == State::Withdrawn;
        if is_withdrawn {
            steps.extend(self.published(held, at)?);
        }
        let game = steps.last().map_or(held, |step| &step.game);
        if let Some((changed, event)) = game.change(change) {
            if game.standing.state == State::Withdrawn {
                return Err(WITHDRAWN.to_owned());
            }
            steps.push(Step { game: changed, event, outdates: None });
        }
        if !is_withdrawn {
            let game = steps.last().map_or(held, |step| &step.game).clone();
            steps.extend(self.published(&game, at)?);
        }
        Ok(steps)
    }

    /// What brings a product into the state that the line has.
    fn published(&self, game: &Game, at: Timestamp) -> Result<Option<Step>, String> {
        let publish = |public| {
            let published = game.publish(public, at).map_err(|why: NotPublishable| why.to_string());
            Ok(published?.map(|(game, event)| Step {
                game,
                event,
                outdates: Some(Outdated::Behind(public)),
            }))
        };
        match self.state {
            None => Ok(None),
            Some(State::Announced) => publish(Public::Announced),
            Some(State::Released) => publish(Public::Released),
            Some(State::Draft) if game.standing.state == State::Draft => Ok(None),
            Some(State::Draft) => Err("`state` never becomes `draft` again".to_owned()),
            Some(State::Withdrawn) => Ok(game.withdraw().map(|(game, event)| Step {
                game,
                event,
                outdates: Some(Outdated::All),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use sir0_kernel::Currency;

    use super::{super::Record, *};
    use crate::domain::Standing;

    const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn game(state: State) -> Game {
        Game { standing: Standing::new(state, None, NOON), ..Game::example(7, 1) }
    }

    fn row(price: Option<f64>, state: Option<&str>) -> Row {
        let state = state.map(str::to_owned);
        let record = Record { game_id: Some(7), price, state, ..Record::default() };
        Row::read(&record, Currency::EUR).expect("good")
    }

    fn states(row: &Row, held: &Game) -> Result<Vec<State>, String> {
        let steps = row.steps(held, None, None, NOON)?;
        let revisions: Vec<_> = steps.iter().map(|step| step.game.revision).collect();
        assert_eq!(revisions, (2..).take(steps.len()).collect::<Vec<_>>());
        Ok(steps.iter().map(|step| step.game.standing.state).collect())
    }

    #[test]
    fn a_line_that_says_what_is_so_changes_nothing() {
        for state in State::ALL {
            let same = row(Some(19.99), Some(state.as_str()));
            assert_eq!(states(&same, &game(state)), Ok(vec![]));
        }
    }

    #[test]
    fn a_line_changes_and_publishes_as_the_single_calls_do() {
        use State::{Announced, Draft, Released, Withdrawn};

        for (from, to, path) in [
            (Draft, Released, vec![Draft, Released]),
            (Announced, Released, vec![Announced, Released]),
            (Released, Withdrawn, vec![Released, Withdrawn]),
            (Withdrawn, Released, vec![Released, Released]),
            (Draft, Draft, vec![Draft]),
        ] {
            let line = row(Some(5.0), Some(to.as_str()));
            assert_eq!(states(&line, &game(from)), Ok(path), "{from} to {to}");
        }
    }

    #[test]
    fn what_no_single_call_does_no_line_does() {
        for (from, price, to) in [
            (State::Released, None, Some("draft")),
            (State::Released, None, Some("announced")),
            (State::Withdrawn, Some(5.0), None),
            (State::Withdrawn, Some(5.0), Some("withdrawn")),
        ] {
            assert!(states(&row(price, to), &game(from)).is_err(), "{from} to {to:?}");
        }
        let other = Row { kind: Some(crate::domain::Kind::Dlc), ..row(None, None) };
        assert!(other.steps(&game(State::Draft), None, None, NOON).is_err());
        let base = GameId::parse(9).ok();
        assert!(row(None, None).steps(&game(State::Draft), base, None, NOON).is_err());
    }
}
