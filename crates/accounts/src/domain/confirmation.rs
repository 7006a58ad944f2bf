//! Approvals of one action, by someone who just proved who they are.

use std::{fmt, time::Duration};

use sir0_kernel::{FactorId, UserId};

use super::secret::shown_secret;

/// A sensitive action, with what it is done to. An approval is good for exactly this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Ending sessions of an account.
    EndSessions(UserId),
    /// Adding a second factor to an account.
    AddFactor(UserId),
    /// Removing a second factor.
    RemoveFactor(FactorId),
    /// Making new recovery codes for an account.
    RenewRecoveryCodes(UserId),
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
    /// Making a link that removes the second factors of an account, as an administrator.
    ResetFactors(UserId),
    /// Giving an account another role, as an administrator.
    SetUserRole(UserId),
    /// Making an API token for an account.
    CreateApiToken(UserId),
}

/// The words in the table. They are never changed.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndSessions(user) => write!(f, "end_sessions {user}"),
            Self::AddFactor(user) => write!(f, "add_factor {user}"),
            Self::RemoveFactor(factor) => write!(f, "remove_factor {factor}"),
            Self::RenewRecoveryCodes(user) => write!(f, "renew_recovery_codes {user}"),
            Self::DisableUser(user) => write!(f, "disable_user {user}"),
            Self::EnableUser(user) => write!(f, "enable_user {user}"),
            Self::SignOutUser(user) => write!(f, "sign_out_user {user}"),
            Self::RequireNewPassword(user) => write!(f, "require_new_password {user}"),
            Self::CreateReset(user) => write!(f, "create_reset {user}"),
            Self::ResetFactors(user) => write!(f, "reset_factors {user}"),
            Self::SetUserRole(user) => write!(f, "set_user_role {user}"),
            Self::CreateApiToken(user) => write!(f, "create_api_token {user}"),
        }
    }
}

shown_secret! {
    /// Shows an approval.
    Confirmation, "confirmation_"
}

impl Confirmation {
    /// How long an approval is good.
    pub(crate) const LIFE: Duration = Duration::from_mins(10);
}
