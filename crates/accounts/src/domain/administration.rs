//! What administrators and operators do to accounts, and what they must leave in place.

use std::time::Duration;

use sir0_kernel::{Role, StudioRole, Timestamp, UserId};

use super::{Action, Confirmation, Email, SessionEnded, Studio, User};

/// An account as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) user: User,
    pub(crate) locks: Locks,
}

/// What keeps everyone from signing in to an account, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Locks {
    /// An administrator disabled it.
    pub(crate) disabled: Option<Timestamp>,
    /// Its password is not good any more: a reset link has to set another one.
    pub(crate) new_password: Option<Timestamp>,
}

impl Locks {
    /// Whether the account cannot be signed in to.
    pub(crate) fn is_shut(self) -> bool {
        self != Self::default()
    }
}

impl Account {
    /// Whether it is that of an administrator who can sign in.
    fn administers(&self) -> bool {
        self.user.role == Role::Admin && !self.locks.is_shut()
    }

    /// The administrator whose account this is, if it is one and enabled.
    pub(crate) fn administrator(&self) -> Option<Administrator> {
        let is_one = self.user.role == Role::Admin && self.locks.disabled.is_none();
        is_one.then_some(Administrator { user: self.user.id, signs_in: self.administers() })
    }
}

/// An administrator whose account is enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Administrator {
    pub(crate) user: UserId,
    /// Whether their password is good.
    pub(crate) signs_in: bool,
}

/// Whether an administrator can sign in after an account became this.
pub(crate) fn keeps_an_administrator(
    administrators: &[Administrator],
    before: &Account,
    after: &Account,
) -> bool {
    let is_taken_away = before != after && before.administrator().is_some() && !after.administers();
    !is_taken_away || administrators.iter().any(|it| it.user != before.user.id && it.signs_in)
}

/// A change of an account, by an administrator or an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// The account cannot be signed in to.
    Disable,
    /// The password that it has is good again.
    Enable,
    /// All sessions end.
    SignOut,
    /// The account cannot be signed in to until a reset link set a new password.
    RequireNewPassword,
    /// Makes a reset link.
    Reset,
    /// Gives it another role.
    SetRole(Role),
}

impl Measure {
    /// The account as it is afterwards.
    pub(crate) fn applied(self, Account { user, locks }: Account, at: Timestamp) -> Account {
        match self {
            Self::Disable => {
                let disabled = locks.disabled.or(Some(at));
                Account { user, locks: Locks { disabled, ..locks } }
            }
            Self::Enable => Account { user, locks: Locks { disabled: None, ..locks } },
            Self::RequireNewPassword => {
                let new_password = locks.new_password.or(Some(at));
                Account { user, locks: Locks { new_password, ..locks } }
            }
            Self::SetRole(role) => Account { user: User { role, ..user }, locks },
            Self::SignOut | Self::Reset => Account { user, locks },
        }
    }

    /// The action that a confirmation approves.
    pub(crate) const fn action(self, user: UserId) -> Action {
        match self {
            Self::Disable => Action::DisableUser(user),
            Self::Enable => Action::EnableUser(user),
            Self::SignOut => Action::SignOutUser(user),
            Self::RequireNewPassword => Action::RequireNewPassword(user),
            Self::Reset => Action::CreateReset(user),
            Self::SetRole(_) => Action::SetUserRole(user),
        }
    }

    /// Whether all sessions of the account end with it.
    pub(crate) const fn ends_sessions(self) -> bool {
        match self {
            Self::Disable | Self::SignOut | Self::RequireNewPassword | Self::SetRole(_) => true,
            Self::Enable | Self::Reset => false,
        }
    }
}

/// Asks for a change of an account.
pub(crate) struct Administer {
    pub(crate) user: UserId,
    pub(crate) measure: Measure,
    pub(crate) confirmation: Option<Confirmation>,
}

/// What a change of an account came to.
pub(crate) struct Changed {
    pub(crate) account: Account,
    /// Whether it was otherwise before.
    pub(crate) is_new: bool,
    pub(crate) ended: Vec<SessionEnded>,
}

/// An account with what belongs to it.
pub(crate) struct Shown {
    pub(crate) account: Account,
    pub(crate) access: Access,
    pub(crate) studios: Vec<(Studio, StudioRole)>,
}

/// How many there are of what opens an account, and of what guards it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// Sessions that are open.
    pub(crate) sessions: i64,
    /// Second factors that guard it.
    pub(crate) factors: i64,
    /// Devices that are trusted.
    pub(crate) devices: i64,
    /// API tokens that are good.
    pub(crate) api_tokens: i64,
}

/// Which accounts are looked for. `None` means any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Search {
    pub(crate) email: Option<Email>,
    /// How the name begins, as names are compared.
    pub(crate) username: Option<String>,
    pub(crate) role: Option<Role>,
    pub(crate) disabled: Option<bool>,
}

/// How long a reset link is good. It is passed on by people, and NIST SP 800-63B-4 lets such a code live for a day.
pub(crate) const RESET_LIFE: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Username;

    fn user(number: i32) -> UserId {
        UserId::parse(number).expect("positive")
    }

    fn administrators(known: &[(i32, bool)]) -> Vec<Administrator> {
        known.iter().map(|&(id, signs_in)| Administrator { user: user(id), signs_in }).collect()
    }

    fn account(number: i32, role: Role) -> Account {
        let user = User {
            id: user(number),
            username: Username::parse("Ada").expect("a name"),
            email: Email::parse("ada@example.com").expect("an address"),
            role,
            created: Timestamp::from_micros(0),
        };
        Account { user, locks: Locks::default() }
    }

    #[test]
    fn an_administrator_who_can_sign_in_is_left() {
        let noon = Timestamp::from_micros(12);
        let root = account(1, Role::Admin);
        let keeps = |known: &[(i32, bool)], before: &Account, measure: Measure| {
            let after = measure.applied(before.clone(), noon);
            keeps_an_administrator(&administrators(known), before, &after)
        };

        let demote = Measure::SetRole(Role::Publisher);
        for measure in [Measure::Disable, Measure::RequireNewPassword, demote] {
            assert!(!keeps(&[(1, true)], &root, measure), "the last one, {measure:?}");
            assert!(keeps(&[(1, true), (2, true)], &root, measure));
            let other_is_shut = [(1, true), (2, false)];
            assert!(!keeps(&other_is_shut, &root, measure), "the other one cannot sign in");
        }
        for measure in [Measure::Enable, Measure::SignOut, Measure::SetRole(Role::Admin)] {
            assert!(keeps(&[(1, true)], &root, measure), "{measure:?} takes none away");
        }
        let ada = account(7, Role::Player);
        assert!(keeps(&[(1, true)], &ada, Measure::Disable) && keeps(&[], &ada, Measure::Disable));
        let disabled = Measure::Disable.applied(root.clone(), noon);
        assert!(keeps(&[], &disabled, demote), "who is disabled administers nothing");
        let needing = Measure::RequireNewPassword.applied(root, noon);
        assert!(!keeps(&[(1, false)], &needing, Measure::Disable), "who could sign in again soon");
        assert!(keeps(&[(1, false)], &needing, Measure::RequireNewPassword), "nothing changes");
    }

    #[test]
    fn a_measure_that_is_repeated_keeps_since_when_it_holds() {
        let (noon, evening) = (Timestamp::from_micros(12), Timestamp::from_micros(18));
        let ada = account(7, Role::Player);

        for measure in [Measure::Disable, Measure::RequireNewPassword] {
            let once = measure.applied(ada.clone(), noon);
            assert!(once.locks.is_shut() && measure.ends_sessions(), "{measure:?}");
            assert_eq!(measure.applied(once.clone(), evening), once, "{measure:?}");
        }
        let disabled = Measure::Disable.applied(ada.clone(), noon);
        assert_eq!(Measure::Enable.applied(disabled, evening), ada);
        let needing = Measure::RequireNewPassword.applied(ada.clone(), noon);
        assert_eq!(
            Measure::Enable.applied(needing.clone(), evening),
            needing,
            "it still needs one"
        );
    }
}
