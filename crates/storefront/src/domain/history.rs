//! What was changed of a game, and how one change is undone.

use std::{str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use sir0_kernel::{GameId, PictureId, Price, Timestamp, UserId};

use super::{Change, Description, Game, GameEvent, Genre, Schedule, Title};

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident = $name:literal),* $(,)?) => {
        /// What can be different in a game.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Field { $($(#[$doc])* #[serde(rename = $name)] $field),* }

        impl Field {
            /// As it is stored, and on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$field => $name),* }
            }
        }

        impl FromStr for Field {
            type Err = UnknownField;

            fn from_str(name: &str) -> Result<Self, UnknownField> {
                match name {
                    $($name => Ok(Self::$field),)*
                    _ => Err(UnknownField),
                }
            }
        }
    };
}

/// No field of a change has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no field of a change")]
pub struct UnknownField;

fields! {
    /// Its name.
    Title = "title",
    /// Its genre.
    Genre = "genre",
    /// What a player pays, in the smallest unit.
    Price = "price",
    /// What its page says.
    Description = "description",
    /// The day of its release, as everyone is told.
    ReleaseDate = "release_date",
    /// The products in a bundle.
    BundledGameIds = "bundled_game_ids",
    /// Its upright picture.
    Cover = "cover",
    /// Its wide picture.
    Header = "header",
    /// Its screenshots, in their order.
    Screenshots = "screenshots",
    /// Who can see it.
    State = "state",
    /// The studio that has it.
    StudioId = "studio_id",
    /// When it is to be announced.
    AnnounceTime = "announce_time",
    /// When it is to be released.
    ReleaseTime = "release_time",
    /// The words by which players find it. This and all below are parts of its page, as JSON.
    Tags = "tags",
    /// What it runs on.
    Platforms = "platforms",
    /// The languages in which it can be played.
    Languages = "languages",
    /// Who made it.
    Developers = "developers",
    /// What its page says in each language.
    Texts = "texts",
    /// The ways out of its page.
    Links = "links",
    /// What machines need.
    Requirements = "requirements",
    /// For which ages it is.
    Ratings = "ratings",
    /// Where it must not be sold.
    SaleBarredCountries = "sale_barred_countries",
    /// Where it must not be played.
    PlayBarredCountries = "play_barred_countries",
}

impl Field {
    /// Whether `UndoGameChange` undoes a change of this field. Publishing, handing over and scheduling have other calls.
    #[must_use]
    pub const fn is_undone(self) -> bool {
        matches!(
            self,
            Self::Title
                | Self::Genre
                | Self::Price
                | Self::Description
                | Self::ReleaseDate
                | Self::BundledGameIds
        )
    }
}

/// One thing that is different after a change. A text says what it was and is; `None` is nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What is different.
    pub field: Field,
    /// As it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// As it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// By whom and when a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Who makes it. `None` for what was planned and comes.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastChange {
    /// Identifies it. A later one has a higher number.
    pub id: i64,
    /// The revision that the game had then.
    pub revision: i32,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it. `None` for what was planned and came.
    pub by: Option<UserId>,
    /// What was different then.
    pub differences: Vec<Difference>,
}

/// Why a change is not undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUndoable {
    /// What it made was changed since. The later change is to be undone first.
    #[error("was changed again since, undo the later change first")]
    ChangedSince,
    /// The change published, withdrew, handed over or scheduled the game, or gave it a picture or a page. Other calls take
    /// these back.
    #[error(
        "is not undone: publish, withdraw, hand over or schedule the game, upload the picture or write the page again \
         instead"
    )]
    OtherCall,
}

impl Difference {
    fn of<T: PartialEq>(
        field: Field,
        before: &T,
        after: &T,
        text: impl Fn(&T) -> Option<String>,
    ) -> Option<Self> {
        (before != after).then(|| Self { field, before: text(before), after: text(after) })
    }
}

/// What is different in a game after a change.
#[must_use]
pub fn differences(before: &Game, after: &Game) -> Vec<Difference> {
    let (was, is) = (&before.standing, &after.standing);
    let picture = |id: &Option<PictureId>| id.map(|id| id.to_string());
    [
        Difference::of(Field::Title, &before.title, &after.title, |it| {
            Some(it.as_str().to_owned())
        }),
        Difference::of(Field::Genre, &before.genre, &after.genre, |it| {
            Some(it.as_str().to_owned())
        }),
        Difference::of(Field::Price, &before.price, &after.price, |it| {
            Some(it.minor().to_string())
        }),
        Difference::of(Field::Description, &before.description, &after.description, |it| {
            Some(it.as_str().to_owned())
        }),
        Difference::of(Field::ReleaseDate, &was.release_day, &is.release_day, |it| {
            it.map(|day| day.to_string())
        }),
        Difference::of(Field::BundledGameIds, &before.bundled, &after.bundled, |it| {
            Some(ids_to(it))
        }),
        Difference::of(Field::Cover, &before.cover(), &after.cover(), picture),
        Difference::of(Field::Header, &before.header(), &after.header(), picture),
        Difference::of(Field::Screenshots, &before.screenshots(), &after.screenshots(), |it| {
            let ids: Vec<_> = it.iter().map(ToString::to_string).collect();
            (!ids.is_empty()).then(|| ids.join(" "))
        }),
        Difference::of(Field::State, &was.state, &is.state, |it| Some(it.as_str().to_owned())),
        Difference::of(Field::StudioId, &before.studio, &after.studio, |it| {
            it.map(|studio| studio.to_string())
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What a new game begins with.
#[must_use]
pub fn beginning(game: &Game) -> Vec<Difference> {
    let state = Some(game.standing.state.as_str().to_owned());
    vec![Difference { field: Field::State, before: None, after: state }]
}

/// What is different in what is planned.
#[must_use]
pub fn planned(before: Schedule, after: Schedule) -> Vec<Difference> {
    let text = |at: &Option<Timestamp>| at.map(|at| at.micros().to_string());
    [
        Difference::of(Field::AnnounceTime, &before.announce, &after.announce, text),
        Difference::of(Field::ReleaseTime, &before.release, &after.release, text),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn ids_to(ids: &[GameId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn ids_from(text: &str) -> Option<Arc<[GameId]>> {
    text.split_whitespace().map(|id| GameId::parse(id.parse().ok()?).ok()).collect()
}

impl Game {
    /// Makes what a change made as it was before, unless it was changed again since. What is so already is not announced.
    pub fn undo(&self, past: &PastChange) -> Result<Option<(Self, GameEvent)>, NotUndoable> {
        let mut change = Change::default();
        for Difference { field, before, after } in &past.differences {
            if !field.is_undone() {
                return Err(NotUndoable::OtherCall);
            }
            let now = self.text_of(*field);
            if now == *before {
                continue;
            }
            if now != *after {
                return Err(NotUndoable::ChangedSince);
            }
            let text = || before.clone().unwrap_or_default();
            match field {
                Field::Title => change.title = Some(Title::from_row(text())),
                Field::Genre => change.genre = Some(Genre::from_row(text())),
                Field::Description => change.description = Some(Description::from_row(text())),
                Field::Price => {
                    let minor = text().parse().map_err(|_no_price| NotUndoable::OtherCall)?;
                    change.price = Some(Price::from_minor(minor));
                }
                Field::ReleaseDate => {
                    let day = before.as_deref().map(str::parse).transpose();
                    change.release_day = Some(day.map_err(|_no_day| NotUndoable::OtherCall)?);
                }
                Field::BundledGameIds => {
                    change.bundled = Some(ids_from(&text()).ok_or(NotUndoable::OtherCall)?);
                }
                _ => {}
            }
        }
        Ok(self.change(change))
    }

    /// As a difference says it.
    fn text_of(&self, field: Field) -> Option<String> {
        match field {
            Field::Title => Some(self.title.as_str().to_owned()),
            Field::Genre => Some(self.genre.as_str().to_owned()),
            Field::Price => Some(self.price.minor().to_string()),
            Field::Description => Some(self.description.as_str().to_owned()),
            Field::ReleaseDate => self.standing.release_day.map(|day| day.to_string()),
            Field::BundledGameIds => Some(ids_to(&self.bundled)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Public;

    fn past(before: &Game, after: &Game) -> PastChange {
        let differences = differences(before, after);
        PastChange {
            id: 1,
            revision: after.revision,
            at: Timestamp::from_micros(0),
            by: None,
            differences,
        }
    }

    fn repriced(game: &Game, minor: i64) -> Game {
        let change = Change { price: Some(Price::from_minor(minor)), ..Change::default() };
        game.change(change).expect("another price").0
    }

    #[test]
    fn a_change_is_undone_also_after_others_were_made() {
        let first = Game::example(7, 1);
        let title = Title::parse("Lanterns of the Deep").ok();
        let day = Some("2031-05-01".parse().ok());
        let change = Change { title, release_day: day, ..Change::default() };
        let (second, _) = first.change(change).expect("another title");
        let third = repriced(&second, 500);

        let (undone, event) =
            third.undo(&past(&first, &second)).expect("undoable").expect("different");

        assert_eq!((undone.title, undone.standing.release_day), (first.title, None));
        assert_eq!((undone.price.minor(), undone.revision), (500, 4));
        assert!(event.is_public());
    }

    #[test]
    fn what_was_changed_again_is_not_undone_and_what_is_so_already_changes_nothing() {
        let first = Game::example(7, 1);
        let second = repriced(&first, 500);
        let third = repriced(&second, 700);
        let change = past(&first, &second);

        assert_eq!(third.undo(&change), Err(NotUndoable::ChangedSince));
        let back = repriced(&third, first.price.minor());
        assert_eq!(back.undo(&change), Ok(None));
    }

    #[test]
    fn who_sees_a_game_and_what_is_planned_is_undone_by_no_change() {
        let draft = Game {
            standing: super::super::Standing::new(
                super::super::State::Draft,
                None,
                Timestamp::from_micros(0),
            ),
            ..Game::example(7, 1)
        };
        let (released, _) = draft
            .publish(Public::Released, Timestamp::from_micros(1))
            .expect("a draft")
            .expect("hidden");

        assert_eq!(released.undo(&past(&draft, &released)), Err(NotUndoable::OtherCall));
        let later = Schedule { release: Some(Timestamp::from_micros(5)), ..Schedule::default() };
        let differences = planned(Schedule::default(), later);
        assert_eq!(differences.len(), 1);
        let plan = PastChange { differences, ..past(&draft, &draft) };
        assert_eq!(draft.undo(&plan), Err(NotUndoable::OtherCall));
    }
}
