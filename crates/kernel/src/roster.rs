//! Who is in a studio, as one process tells another.

use crate::{StudioId, StudioRole, UserId};

/// The members of a studio at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The studio.
    pub studio: StudioId,
    /// Grows by one with each change to the members.
    pub revision: i64,
    /// Who is in it.
    pub members: Vec<(UserId, StudioRole)>,
}

impl Roster {
    /// What this account may do in the studio. `None` if it is not in it.
    #[must_use]
    pub fn role(&self, user: UserId) -> Option<StudioRole> {
        self.members.iter().find(|(it, _)| *it == user).map(|(_, role)| *role)
    }
}
