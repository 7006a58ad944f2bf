//! Who is in which studio, as this process knows it. A call asks nobody: accounts tells its own process when a change is
//! committed, and the others by its events.
//!
//! A studio is told whole, with a number that grows with each change to its members. So it may be told twice, late, or in
//! another order than it changed: what is older than what is known is passed over.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::future::BoxFuture;
use sir0_kernel::{Roster, StudioId, StudioRole, UserId};
use tonic::Status;

use crate::Caller;

/// Makes the first studio of an account.
pub trait Founding: Send + Sync {
    /// The studio in which this account may write games. One is founded, and no second one, if there is none.
    fn first_studio(&self, user: UserId) -> BoxFuture<'_, Result<Roster, Status>>;
}

/// Who is in which studio. Cheap to clone; clones share what they know.
#[derive(Clone, Default)]
pub struct Studios(Arc<Inner>);

#[derive(Default)]
struct Inner {
    known: RwLock<Known>,
    /// Whether everything that accounts knows was heard.
    is_complete: AtomicBool,
}

#[derive(Default)]
struct Known {
    studios: HashMap<StudioId, Roster>,
    /// In the order of their ids, so in the order of their age.
    of_user: HashMap<UserId, BTreeMap<StudioId, StudioRole>>,
    /// Counted with each roster: a unit of work asks for it, and must not walk through all accounts.
    memberships: usize,
}

impl Studios {
    /// How many memberships there are on a platform at most. Each process that knows them keeps 111 MiB where each is of a
    /// studio with one member, and less where studios are larger. Beyond it, accounts refuses who would join or found.
    pub const MOST_MEMBERSHIPS: usize = 250_000;

    /// Takes in who is in a studio, unless something later is known of it.
    pub fn learn(&self, roster: Roster) {
        self.write().learn(roster);
    }

    /// Forgets everything, and takes in these: all that there are.
    pub fn replace(&self, rosters: Vec<Roster>) {
        let mut known = Known::default();
        for roster in rosters {
            known.learn(roster);
        }
        *self.write() = known;
        self.complete(true);
    }

    /// Notes whether everything that accounts knows was heard.
    pub fn complete(&self, is_complete: bool) {
        self.0.is_complete.store(is_complete, Ordering::Release);
    }

    /// Whether everything that accounts knows was heard. Until then nobody can be told to be in no studio.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.0.is_complete.load(Ordering::Acquire)
    }

    /// Whether there is such a studio.
    #[must_use]
    pub fn has(&self, studio: StudioId) -> bool {
        self.read().studios.contains_key(&studio)
    }

    /// What this account may do in this studio. `None` if it is not in it.
    #[must_use]
    pub fn role(&self, user: UserId, studio: StudioId) -> Option<StudioRole> {
        self.read().of_user.get(&user)?.get(&studio).copied()
    }

    /// The studios that this account is in, the oldest first.
    #[must_use]
    pub fn of(&self, user: UserId) -> Vec<(StudioId, StudioRole)> {
        let known = self.read();
        let found = known.of_user.get(&user).into_iter().flatten();
        found.map(|(studio, role)| (*studio, *role)).collect()
    }

    /// The studios that a caller is in, the oldest first, as far as their token reaches.
    #[must_use]
    pub fn reached_by(&self, by: &Caller) -> Vec<StudioId> {
        let studios = self.of(by.user).into_iter().map(|(studio, _)| studio);
        studios.filter(|studio| by.reaches(Some(*studio))).collect()
    }

    /// Whether this account may write the games of a studio.
    #[must_use]
    pub fn writes_games(&self, user: UserId) -> bool {
        self.read().of_user.get(&user).is_some_and(|it| it.values().any(|role| role.writes_games()))
    }

    /// How many memberships are known.
    #[must_use]
    pub fn memberships(&self) -> usize {
        self.read().memberships
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn learn(&mut self, roster: Roster) {
        let studio = roster.studio;
        let before = self.studios.get(&studio);
        if before.is_some_and(|before| before.revision >= roster.revision) {
            return;
        }
        self.memberships -= before.map_or(0, |before| before.members.len());
        self.memberships += roster.members.len();
        for (user, _) in before.into_iter().flat_map(|before| &before.members) {
            if let Some(studios) = self.of_user.get_mut(user) {
                studios.remove(&studio);
                if studios.is_empty() {
                    self.of_user.remove(user);
                }
            }
        }
        for (user, role) in &roster.members {
            self.of_user.entry(*user).or_default().insert(studio, *role);
        }
        self.studios.insert(studio, roster);
    }
}

impl fmt::Debug for Studios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Studios")
            .field("studios", &self.read().studios.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sir0_kernel::Timestamp;

    use super::*;

    fn user(number: i32) -> UserId {
        UserId::parse(number).expect("positive")
    }

    #[test]
    fn what_is_older_than_what_is_known_lets_nobody_back_in() {
        let (studios, studio) = (Studios::default(), StudioId::fresh(Timestamp::from_micros(1)));
        let roster = |revision, members: &[(i32, StudioRole)]| Roster {
            studio,
            revision,
            members: members.iter().map(|(it, role)| (user(*it), *role)).collect(),
        };
        studios.learn(roster(2, &[(1, StudioRole::Owner), (2, StudioRole::Editor)]));
        assert!(studios.writes_games(user(2)) && studios.has(studio));

        studios.learn(roster(3, &[(1, StudioRole::Owner)]));
        studios.learn(roster(2, &[(1, StudioRole::Owner), (2, StudioRole::Editor)]));

        assert_eq!(studios.role(user(2), studio), None);
        assert_eq!(studios.of(user(1)), [(studio, StudioRole::Owner)]);
        assert!(!studios.writes_games(user(2)));
        assert_eq!(studios.memberships(), 1);
    }

    #[test]
    fn all_that_there_is_takes_the_place_of_what_was_known_also_when_it_is_older() {
        let (studios, studio) = (Studios::default(), StudioId::fresh(Timestamp::from_micros(1)));
        let alone = |revision, it| Roster {
            studio,
            revision,
            members: vec![(user(it), StudioRole::Owner)],
        };
        studios.learn(alone(7, 1));
        assert!(!studios.is_complete());

        studios.replace(vec![alone(3, 2)]);

        assert!(studios.is_complete());
        assert_eq!(studios.role(user(1), studio), None, "the database was restored from a backup");
        assert_eq!(studios.role(user(2), studio), Some(StudioRole::Owner));
    }
}
