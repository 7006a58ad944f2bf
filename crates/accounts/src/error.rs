//! What accounts refuses.

use sir0_kernel::{StudioId, UserId};
use sir0_rpc::{FieldFault, Reason, Refusal, rates::Exceeded, wire_time};
use sir0_storage as storage;

use crate::{
    domain::{ApiToken, Bound, Challenged, Founders, MOST_FACTORS},
    hashing::{Refused, Wait},
};

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
    /// The password is right, and the account asks for a code as well.
    #[error("the password is right, this account asks for a code too")]
    GuardRequired(Challenged),
    /// The code of a sign-in is not good. The answer does not say why.
    #[error("the code is wrong, late or was used, wait for the next one")]
    CodeRefused,
    /// The challenge is not good. The answer does not say why.
    #[error("the challenge was used, is over or never was, sign in again")]
    ChallengeRefused,
    /// A caller who is signed in gave a code that is not good, or none.
    #[error("the code is missing, wrong, late or was used, wait for the next one")]
    WrongCode,
    /// The account has no such factor.
    #[error("there is no such factor, or it waited too long for its first code")]
    FactorNotFound,
    /// The account has as many factors as it may.
    #[error("an account has at most {MOST_FACTORS} factors, remove one first")]
    FactorLimit,
    /// The account has no second factor.
    #[error("an account without a second factor has no recovery codes, add a factor first")]
    FactorRequired,
    /// The change needs a recent sign-in or the password, because a second factor guards the account.
    #[error("this needs a sign-in of the last 10 minutes, or your password as `currentPassword`")]
    ProofRequired,
    /// An administrator does what only the owner of an account may.
    #[error("only its owner may do this with an account")]
    OwnerOnly(UserId),
    /// The password is right, and an administrator disabled the account.
    #[error("the account is disabled, ask the operator of the platform")]
    AccountDisabled,
    /// The password is right, and not good any more.
    #[error("the account needs a new password, ask the operator of the platform for a reset link")]
    NewPasswordRequired,
    /// An administrator would choose the password of another person.
    #[error("nobody chooses the password of another person, make a reset link for them")]
    UseReset,
    /// The reset link is not good. The answer does not say why.
    #[error("the reset link was used, is over or was replaced, or never was")]
    ResetRefused,
    /// No administrator could sign in any more.
    #[error("no other administrator could sign in then, make another account one first")]
    LastAdministrator,
    /// The caller was an administrator when their token was made, and is none now.
    #[error("only administrators may do this")]
    NoAdministrator,
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
    /// There is no such studio.
    #[error("there is no studio {0}")]
    StudioNotFound(StudioId),
    /// The caller is not in the studio.
    #[error("only its members and administrators may do this with a studio")]
    NotYourStudio(StudioId),
    /// The caller is in the studio, with a role that does not allow this.
    #[error("your role in this studio does not allow this, ask one of its owners")]
    StudioRoleRequired(StudioId),
    /// The caller may not found studios.
    #[error("only {} found studios here", match .0 {
        Founders::Administrators => "administrators",
        Founders::Publishers | Founders::Anyone => "publishers and administrators",
    })]
    StudioFoundersOnly(Founders),
    /// There would be too many of something.
    #[error("{0}")]
    StudioLimit(Bound),
    /// The account is not in the studio.
    #[error("user {0} is not in this studio")]
    MemberNotFound(UserId),
    /// The caller is in the studio already.
    #[error("you are in this studio already, the invitation is still good for someone else")]
    AlreadyMember(StudioId),
    /// The studio would have no owner.
    #[error("a studio keeps an owner, make another member one first")]
    LastOwner(StudioId),
    /// The invitation is not good. The answer does not say why.
    #[error("the invitation was used or revoked, is over, or never was")]
    InvitationRefused,
    /// The resume token of a stream is ahead of every event.
    #[error("the resume token is ahead of every event there is, watch again without it")]
    ResumeTokenAhead,
    /// The account belongs to another person, and the caller may be an administrator.
    #[error("only its owner may do this with an account")]
    NotYours,
    /// The scopes name what the owner may not do.
    #[error(
        "the owner of an API token may do what it opens, and `games:write` is for who writes games"
    )]
    ScopesBeyondOwner,
    /// The account has as many API tokens as there may be.
    #[error("an account has at most {} API tokens, revoke one first", ApiToken::MOST)]
    ApiTokenLimit,
    /// The API token is not good. The answer does not say why.
    #[error("the API token is unknown, expired or revoked, or its owner may not do this any more")]
    ApiTokenRefused,
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
            Self::GuardRequired(challenged) => required(challenged),
            Self::CodeRefused => {
                Reason::unauthenticated("CODE_REFUSED").kind("INVALID_CREDENTIALS")
            }
            Self::ChallengeRefused => {
                Reason::unauthenticated("CHALLENGE_REFUSED").kind("INVALID_CREDENTIALS")
            }
            Self::WrongCode => Reason::denied("WRONG_CODE"),
            Self::FactorNotFound => Reason::not_found("FACTOR_NOT_FOUND"),
            Self::FactorLimit => Reason::precondition("FACTOR_LIMIT_REACHED"),
            Self::FactorRequired => Reason::precondition("FACTOR_REQUIRED"),
            Self::OwnerOnly(id) => Reason::denied("OWNER_ONLY").about("user", id),
            Self::AccountDisabled => {
                Reason::unauthenticated("ACCOUNT_DISABLED").kind("INVALID_CREDENTIALS")
            }
            Self::NewPasswordRequired => {
                Reason::unauthenticated("NEW_PASSWORD_REQUIRED").kind("INVALID_CREDENTIALS")
            }
            Self::UseReset => Reason::denied("USE_RESET"),
            Self::ResetRefused => Reason::denied("RESET_REFUSED"),
            Self::LastAdministrator => Reason::precondition("LAST_ADMINISTRATOR"),
            Self::NoAdministrator => Reason::denied("ADMINISTRATOR_ROLE_REQUIRED"),
            Self::UserNotFound(id) => Reason::not_found("USER_NOT_FOUND").about("user", id),
            Self::UnknownToken => Reason::invalid("UNKNOWN_TOKEN"),
            Self::RefreshRefused => Reason::unauthenticated("REFRESH_TOKEN_REFUSED"),
            Self::SessionNotFound => Reason::not_found("SESSION_NOT_FOUND"),
            Self::StepUpRequired | Self::ProofRequired => Reason::denied("STEP_UP_REQUIRED"),
            Self::WrongPassword => Reason::denied("WRONG_PASSWORD"),
            Self::SetupRefused => Reason::denied("SETUP_TOKEN_REFUSED"),
            Self::TooBusy(wait) => Reason::exhausted("TOO_BUSY").after(wait.duration()),
            Self::TooManyAttempts(wait) => {
                Reason::exhausted("TOO_MANY_ATTEMPTS").after(wait.duration())
            }
            Self::TooManyRequests(exceeded) => Reason::too_often(*exceeded),
            Self::StudioNotFound(id) => Reason::not_found("STUDIO_NOT_FOUND").about("studio", id),
            Self::NotYourStudio(id) => Reason::denied("NOT_YOUR_STUDIO").about("studio", id),
            Self::StudioRoleRequired(id) => {
                Reason::denied("STUDIO_ROLE_REQUIRED").about("studio", id)
            }
            Self::StudioFoundersOnly(_) => Reason::denied("STUDIO_FOUNDERS_ONLY"),
            Self::StudioLimit(_) => Reason::precondition("STUDIO_LIMIT_REACHED"),
            Self::MemberNotFound(id) => Reason::not_found("MEMBER_NOT_FOUND").about("user", id),
            Self::AlreadyMember(id) => Reason::exists("ALREADY_MEMBER").about("studio", id),
            Self::LastOwner(id) => Reason::precondition("LAST_OWNER").about("studio", id),
            Self::InvitationRefused => Reason::denied("INVITATION_REFUSED"),
            Self::ResumeTokenAhead => Reason::out_of_range("RESUME_TOKEN_AHEAD"),
            Self::NotYours => Reason::denied("NOT_YOUR_ACCOUNT"),
            Self::ScopesBeyondOwner => Reason::invalid("INVALID_FIELDS").naming(&[FieldFault {
                field: "scopes".to_owned(),
                description:
                    "must be what you may do yourself: `games:write` is for who writes games"
                        .to_owned(),
            }]),
            Self::ApiTokenLimit => Reason::precondition("API_TOKEN_LIMIT_REACHED"),
            Self::ApiTokenRefused => Reason::unauthenticated("API_TOKEN_REFUSED"),
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

/// Says how a sign-in goes on: by which challenge, until when, and with what.
fn required(Challenged { token, expires, has_recovery_codes }: &Challenged) -> Reason {
    let confirmations = if *has_recovery_codes { "totp recovery_code" } else { "totp" };
    Reason::unauthenticated("GUARD_REQUIRED")
        .kind("INVALID_CREDENTIALS")
        .about("challengeId", token.as_str())
        .about("expireTime", wire_time(*expires))
        .about("confirmations", confirmations)
}

fn taken(field: &str) -> [FieldFault; 1] {
    [FieldFault { field: field.to_owned(), description: "is already taken".to_owned() }]
}

sir0_rpc::refuses!(AccountsError);
