//! Approvals of one action, by someone who just proved who they are.

use std::{fmt, time::Duration};

use sir0_kernel::UserId;

use super::LinkSecret;

/// A sensitive action, with what it is done to. An approval is good for exactly this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Ending sessions of an account.
    EndSessions(UserId),
    /// Disabling an account, as an administrator.
    DisableUser(UserId),
    /// Enabling an account, as an administrator.
    EnableUser(UserId),
    /// Ending all sessions of an account, as an administrator.
    SignOutUser(UserId),
    /// Making the password of an account worthless, as an administrator.
    RequireNewPassword(UserId),
    /// Making the reset link of an account, as an administrator.
    CreateReset(UserId),
    /// Giving an account another role, as an administrator.
    SetUserRole(UserId),
}

/// The words in the table. They are never changed.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndSessions(user) => write!(f, "end_sessions {user}"),
            Self::DisableUser(user) => write!(f, "disable_user {user}"),
            Self::EnableUser(user) => write!(f, "enable_user {user}"),
            Self::SignOutUser(user) => write!(f, "sign_out_user {user}"),
            Self::RequireNewPassword(user) => write!(f, "require_new_password {user}"),
            Self::CreateReset(user) => write!(f, "create_reset {user}"),
            Self::SetUserRole(user) => write!(f, "set_user_role {user}"),
        }
    }
}

/// The secret that shows an approval. The database keeps only its hash.
pub(crate) struct Confirmation(LinkSecret);

impl Confirmation {
    const PREFIX: &str = "confirmation_";
    /// How long an approval is good.
    pub(crate) const LIFE: Duration = Duration::from_mins(10);

    /// An approval that no one guesses.
    pub(crate) fn fresh() -> Self {
        Self::shown(&format!("{}{}", Self::PREFIX, LinkSecret::fresh().as_str()))
    }

    /// What someone shows. Only the database knows whether it is good.
    pub(crate) fn shown(text: &str) -> Self {
        Self(LinkSecret::shown(text))
    }

    /// As a client shows it.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What the database keeps.
    pub(crate) fn hash(&self) -> Vec<u8> {
        self.0.hash()
    }
}
