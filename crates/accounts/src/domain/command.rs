//! What callers ask for, once every field is known to be good.

use std::time::Duration;

use sir0_kernel::{FactorId, SessionId, StudioId, StudioRole, UserId};

use super::{
    Beside, ChallengeToken, Code, Confirmation, DetailsChange, Email, FactorName, Password,
    ProfileChange, SetupToken, TotpCode, Username,
};

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
    pub(crate) beside: Beside,
}

/// Asks for an account to be changed.
pub(crate) struct UpdateUser {
    pub(crate) id: UserId,
    pub(crate) change: ProfileChange,
    /// What the person tells of themselves.
    pub(crate) details: DetailsChange,
    pub(crate) password: Option<Password>,
    /// The password of the caller, if it was given.
    pub(crate) proof: Option<Proof>,
}

/// What a caller who is signed in proves themselves with.
pub(crate) struct Proof {
    /// A text that can be no password is a wrong one.
    pub(crate) password: Option<Password>,
    pub(crate) code: Option<Code>,
}

/// Asks for a new factor of an account.
pub(crate) struct AddFactor {
    pub(crate) user: UserId,
    pub(crate) name: FactorName,
    pub(crate) confirmation: Option<Confirmation>,
}

/// Shows the first code of a factor. A text that can be no code is a wrong one.
pub(crate) struct ConfirmFactor {
    pub(crate) user: UserId,
    pub(crate) factor: FactorId,
    pub(crate) code: Option<TotpCode>,
}

/// Asks for a factor of an account to go.
pub(crate) struct RemoveFactor {
    pub(crate) user: UserId,
    pub(crate) factor: FactorId,
    pub(crate) confirmation: Option<Confirmation>,
}

/// Goes on with a sign-in that waits for a code.
pub(crate) struct ContinueLogin {
    pub(crate) challenge: ChallengeToken,
    pub(crate) code: Code,
    /// Whether the device is to be trusted from then on.
    pub(crate) trusts: bool,
}

/// Asks for sessions of an account to end.
pub(crate) struct EndSessions {
    pub(crate) user: UserId,
    /// None means all.
    pub(crate) sessions: Vec<SessionId>,
    pub(crate) keeps_current: bool,
    pub(crate) confirmation: Option<Confirmation>,
}

/// Asks for a link that lets someone into a studio.
#[derive(Clone, Copy)]
pub(crate) struct Invite {
    pub(crate) studio: StudioId,
    /// What the new member may do.
    pub(crate) role: StudioRole,
    /// How long it is good.
    pub(crate) life: Duration,
}

/// Asks for a member of a studio to have a role.
#[derive(Clone, Copy)]
pub(crate) struct Placement {
    pub(crate) studio: StudioId,
    pub(crate) user: UserId,
    pub(crate) role: StudioRole,
}
