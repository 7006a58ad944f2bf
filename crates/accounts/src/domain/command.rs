//! What callers ask for, once every field is known to be good.

use sir0_kernel::UserId;

use super::{Email, Password, ProfileChange, SetupToken, Username};

/// Asks for a new account.
pub(crate) struct Register {
    pub(crate) username: Username,
    pub(crate) email: Email,
    pub(crate) password: Password,
    /// Makes the account the first administrator.
    pub(crate) setup: Option<SetupToken>,
}

/// Asks to sign in to an account.
pub(crate) struct Login {
    pub(crate) email: Email,
    pub(crate) password: Password,
}

/// Asks for an account to be changed.
pub(crate) struct UpdateUser {
    pub(crate) id: UserId,
    pub(crate) change: ProfileChange,
    pub(crate) password: Option<Password>,
}
