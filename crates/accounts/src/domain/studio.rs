//! Studios: what they are called, who is in them, and what a change to their members leads to.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use sir0_kernel::{InvitationId, Role, Roster, StudioId, StudioRole, Timestamp, UserId};

use super::{InvalidUsername, Username};

/// What a studio is called. It is judged as the name of a person is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StudioName(String);

impl StudioName {
    /// The only way to make one.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidUsername> {
        Username::parse(text).map(|name| Self::after(&name))
    }

    /// The way in from the database. What was a name once stays one, whatever the rules are now.
    pub(crate) const fn from_row(text: String) -> Self {
        Self(text)
    }

    /// A studio that is called as its founder is.
    pub(crate) fn after(founder: &Username) -> Self {
        Self(founder.as_str().to_owned())
    }

    /// As others see it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The people who make games together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Studio {
    pub(crate) id: StudioId,
    pub(crate) name: StudioName,
    pub(crate) created: Timestamp,
}

/// A studio, as someone who may see it sees it.
pub(crate) struct Seen {
    pub(crate) studio: Studio,
    /// What the caller may do in it. `None` for an administrator who is not in it.
    pub(crate) role: Option<StudioRole>,
}

impl Studio {
    /// How many people are in one.
    pub(crate) const MOST_MEMBERS: usize = 100;
    /// How many an account founds. Administrators found as many as they like.
    pub(crate) const MOST_OF_A_FOUNDER: i64 = 50;
    /// How many an account is in.
    pub(crate) const MOST_OF_A_MEMBER: i64 = 100;
}

/// Someone in a studio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) user: UserId,
    pub(crate) username: Username,
    pub(crate) role: StudioRole,
    pub(crate) joined: Timestamp,
}

/// An invitation that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invitation {
    pub(crate) id: InvitationId,
    pub(crate) studio: StudioId,
    pub(crate) role: StudioRole,
    pub(crate) by: UserId,
    pub(crate) expires: Timestamp,
}

impl Invitation {
    /// How many are open in a studio.
    pub(crate) const MOST_OPEN: i64 = 50;
    /// How long one is good, unless its maker says otherwise.
    pub(crate) const LIFE: Duration = Duration::from_hours(7 * 24);
    /// How long one is good at most, in hours.
    pub(crate) const MOST_HOURS: u32 = 720;
}

/// A bound that a request would go beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The members of a studio.
    Members,
    /// The studios that an account founded.
    Founded,
    /// The studios that an account is in.
    Memberships,
    /// The open invitations of a studio.
    Invitations,
    /// The memberships of the platform.
    Platform,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Members => write!(f, "a studio has at most {} members", Studio::MOST_MEMBERS),
            Self::Founded => {
                write!(f, "an account founds at most {} studios", Studio::MOST_OF_A_FOUNDER)
            }
            Self::Memberships => {
                write!(f, "an account is in at most {} studios", Studio::MOST_OF_A_MEMBER)
            }
            Self::Invitations => {
                let most = Invitation::MOST_OPEN;
                write!(f, "a studio has at most {most} open invitations, revoke one first")
            }
            Self::Platform => {
                f.write_str("the studios of this platform have no room for another member")
            }
        }
    }
}

/// Who may found a studio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Founders {
    /// Publishers and administrators.
    #[default]
    Publishers,
    /// Everyone who is signed in.
    Anyone,
    /// Administrators alone.
    Administrators,
}

impl Founders {
    /// Whether an account with this role may.
    #[must_use]
    pub fn may(self, role: Role) -> bool {
        match self {
            Self::Anyone => true,
            Self::Publishers => role >= Role::Publisher,
            Self::Administrators => role >= Role::Admin,
        }
    }
}

/// Why the members of a studio stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The account is not in the studio.
    NoMember,
    /// The studio would have no owner.
    LastOwner,
}

/// Judges that a member gets another role. `false` if they have it already.
pub(crate) fn gets_role(roster: &Roster, user: UserId, role: StudioRole) -> Result<bool, Unfit> {
    let before = roster.role(user).ok_or(Unfit::NoMember)?;
    if role < StudioRole::Owner && is_last_owner(roster, user) {
        return Err(Unfit::LastOwner);
    }
    Ok(before != role)
}

/// Judges that an account is removed. `false` if it is not in the studio.
pub(crate) fn leaves(roster: &Roster, user: UserId) -> Result<bool, Unfit> {
    match roster.role(user) {
        None => Ok(false),
        Some(_) if is_last_owner(roster, user) => Err(Unfit::LastOwner),
        Some(_) => Ok(true),
    }
}

fn is_last_owner(roster: &Roster, user: UserId) -> bool {
    let mut owners = roster.members.iter().filter(|(_, role)| *role == StudioRole::Owner);
    owners.next().is_some_and(|(owner, _)| *owner == user) && owners.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: i32) -> UserId {
        UserId::parse(number).expect("positive")
    }

    fn roster(members: &[(i32, StudioRole)]) -> Roster {
        let members = members.iter().map(|(it, role)| (user(*it), *role)).collect();
        Roster { studio: StudioId::fresh(Timestamp::from_micros(1)), revision: 1, members }
    }

    #[test]
    fn a_studio_keeps_an_owner_whoever_leaves_or_steps_back() {
        let alone = roster(&[(1, StudioRole::Owner), (2, StudioRole::Editor)]);
        let two = roster(&[(1, StudioRole::Owner), (2, StudioRole::Owner)]);

        assert_eq!(leaves(&alone, user(1)), Err(Unfit::LastOwner));
        assert_eq!(gets_role(&alone, user(1), StudioRole::Editor), Err(Unfit::LastOwner));
        assert_eq!(gets_role(&alone, user(1), StudioRole::Owner), Ok(false));
        assert_eq!(gets_role(&alone, user(2), StudioRole::Owner), Ok(true));
        assert_eq!(leaves(&alone, user(2)), Ok(true));
        assert_eq!(leaves(&two, user(1)), Ok(true));
        assert_eq!(gets_role(&two, user(2), StudioRole::Viewer), Ok(true));
    }

    #[test]
    fn who_is_not_in_a_studio_gets_no_role_in_it_and_need_not_leave() {
        let alone = roster(&[(1, StudioRole::Owner)]);

        assert_eq!(gets_role(&alone, user(3), StudioRole::Editor), Err(Unfit::NoMember));
        assert_eq!(leaves(&alone, user(3)), Ok(false));
    }

    #[test]
    fn who_founds_studios_follows_from_the_setting() {
        let may = |founders: Founders| {
            [Role::Player, Role::Publisher, Role::Admin].map(|role| founders.may(role))
        };

        assert_eq!(may(Founders::default()), [false, true, true]);
        assert_eq!(may(Founders::Anyone), [true, true, true]);
        assert_eq!(may(Founders::Administrators), [false, false, true]);
    }
}
