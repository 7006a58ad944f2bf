//! What accounts refuses.

use sir0_kernel::UserId;
use sir0_rpc::{FieldFault, Reason, Refusal, rates::Exceeded};
use sir0_storage as storage;

use crate::hashing::{Refused, Wait};

/// One variant for each thing a client can act on.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// Another account has the name.
    #[error("the username is already taken, choose another")]
    UsernameTaken,
    /// Another account has the e-mail.
    #[error("the email is already taken, sign in with it or use another")]
    EmailTaken,
    /// The e-mail is unknown or the password is wrong. The answer does not say which.
    #[error("the email or the password is wrong")]
    InvalidCredentials,
    /// There is no such account.
    #[error("there is no user {0}")]
    UserNotFound(UserId),
    /// The token was never signed by this platform.
    #[error("the token is not one of ours")]
    UnknownToken,
    /// The refresh token is not good. The answer does not say why.
    #[error("the refresh token is not good any more, sign in again")]
    RefreshRefused,
    /// The account has no such session.
    #[error("there is no such session")]
    SessionNotFound,
    /// The action needs a recent proof of who acts.
    #[error("this needs a sign-in of the last 10 minutes, or a confirmation of exactly this")]
    StepUpRequired,
    /// A caller who is signed in gave another password than that of the account.
    #[error("the password is wrong")]
    WrongPassword,
    /// The link of the first administrator is not good. The answer does not say why.
    #[error(
        "the setup link was used, is older than an hour or was replaced, or there is an administrator"
    )]
    SetupRefused,
    /// Too many passwords wait.
    #[error("too many passwords wait to be checked, try again in a moment")]
    TooBusy(Wait),
    /// Too many passwords were wrong. The answer does not say whether the account exists.
    #[error(
        "too many sign-ins with this email failed, try again in {} s", .0.duration().as_secs()
    )]
    TooManyAttempts(Wait),
    /// Too many secrets were tried from an address, at an account or by a device.
    #[error(transparent)]
    TooManyRequests(#[from] Exceeded),
    /// The database failed.
    #[error("the accounts database failed")]
    Database(#[from] storage::Error),
}

impl Refusal for AccountsError {
    const DOMAIN: &'static str = "accounts";

    fn reason(&self) -> Reason {
        match self {
            Self::UsernameTaken => Reason::exists("USERNAME_TAKEN").naming(&taken("username")),
            Self::EmailTaken => Reason::exists("EMAIL_TAKEN").naming(&taken("email")),
            Self::InvalidCredentials => Reason::unauthenticated("INVALID_CREDENTIALS"),
            Self::UserNotFound(id) => Reason::not_found("USER_NOT_FOUND").about("user", id),
            Self::UnknownToken => Reason::invalid("UNKNOWN_TOKEN"),
            Self::RefreshRefused => Reason::unauthenticated("REFRESH_TOKEN_REFUSED"),
            Self::SessionNotFound => Reason::not_found("SESSION_NOT_FOUND"),
            Self::StepUpRequired => Reason::denied("STEP_UP_REQUIRED"),
            Self::WrongPassword => Reason::denied("WRONG_PASSWORD"),
            Self::SetupRefused => Reason::denied("SETUP_TOKEN_REFUSED"),
            Self::TooBusy(wait) => Reason::exhausted("TOO_BUSY").after(wait.duration()),
            Self::TooManyAttempts(wait) => {
                Reason::exhausted("TOO_MANY_ATTEMPTS").after(wait.duration())
            }
            Self::TooManyRequests(exceeded) => Reason::too_often(*exceeded),
            Self::Database(error) => Reason::of_storage(error),
        }
    }
}

impl From<Refused> for AccountsError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooBusy(wait) => Self::TooBusy(wait),
            Refused::TooManyAttempts(wait) => Self::TooManyAttempts(wait),
        }
    }
}

fn taken(field: &str) -> [FieldFault; 1] {
    [FieldFault { field: field.to_owned(), description: "is already taken".to_owned() }]
}

sir0_rpc::refuses!(AccountsError);
