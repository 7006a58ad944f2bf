//! Wire messages become commands, or every bad field is named; accounts become wire messages.

use sir0_contract::{Timestamp as WireTimestamp, accounts as pb};
use sir0_kernel::{Timestamp, UserId};
use sir0_rpc::{FieldReader, InvalidFields};

use crate::{
    AccountsError,
    domain::{Email, Password, ProfileChange, User, Username},
};

/// A moment as on the wire.
pub(crate) fn wire_time(at: Timestamp) -> WireTimestamp {
    WireTimestamp { seconds: at.seconds(), nanos: at.subsec_nanos() }
}

impl From<User> for pb::User {
    fn from(user: User) -> Self {
        Self {
            user_id: user.id.get(),
            username: user.username.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            role: user.role.to_string(),
            create_time: Some(wire_time(user.created)),
        }
    }
}

/// A request to make an account.
pub(crate) struct Register {
    pub(crate) username: Username,
    pub(crate) email: Email,
    pub(crate) password: Password,
}

impl Register {
    /// Reads the three texts that make an account.
    pub(crate) fn parse(
        username: &str,
        email: &str,
        password: &str,
    ) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let chosen = Password::choose(password, username, email);
        let username = fields.read("username", Username::parse(username));
        let email = fields.read("email", Email::parse(email));
        let password = fields.read("password", chosen);

        let (Some(username), Some(email), Some(password)) = (username, email, password) else {
            return Err(fields.into_faults());
        };
        Ok(Self { username, email, password })
    }
}

impl TryFrom<pb::RegisterRequest> for Register {
    type Error = InvalidFields;

    fn try_from(request: pb::RegisterRequest) -> Result<Self, InvalidFields> {
        Self::parse(&request.username, &request.email, &request.password)
    }
}

/// A request to sign in to an account.
pub(crate) struct Login {
    pub(crate) email: Email,
    pub(crate) password: Password,
}

impl TryFrom<pb::LoginRequest> for Login {
    type Error = AccountsError;

    /// A text that is missing, or can belong to no account, is refused like a wrong password: the contract has one
    /// refusal of a login. The form of a text is no secret, so this refusal may come sooner.
    fn try_from(request: pb::LoginRequest) -> Result<Self, AccountsError> {
        match (Email::parse(&request.email), Password::parse(&request.password)) {
            (Ok(email), Ok(password)) => Ok(Self { email, password }),
            _ => Err(AccountsError::InvalidCredentials),
        }
    }
}

/// Reads the one field that names an account.
pub(crate) fn user_id(number: i32) -> Result<UserId, InvalidFields> {
    UserId::parse(number).map_err(|fault| InvalidFields::one("user_id", fault))
}

/// A change to an account.
pub(crate) struct UpdateUser {
    pub(crate) id: UserId,
    pub(crate) change: ProfileChange,
    /// The password as typed. Whether it is easy to guess depends on the account.
    pub(crate) password: Option<String>,
}

impl TryFrom<pb::UpdateUserRequest> for UpdateUser {
    type Error = InvalidFields;

    fn try_from(request: pb::UpdateUserRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let id = fields.read("user_id", UserId::parse(request.user_id));
        let username =
            fields.read_optional("username", request.username.as_deref().map(Username::parse));
        let email = fields.read_optional("email", request.email.as_deref().map(Email::parse));
        let (name, mail) =
            (request.username.unwrap_or_default(), request.email.unwrap_or_default());
        let chosen = request.password.as_deref().map(|text| Password::choose(text, &name, &mail));
        let password =
            fields.read_optional("password", chosen).map(|chosen| chosen.and(request.password));

        let (Some(id), Some(username), Some(email), Some(password)) =
            (id, username, email, password)
        else {
            return Err(fields.into_faults());
        };
        let change = ProfileChange { username, email };
        if change == ProfileChange::default() && password.is_none() {
            return Err(InvalidFields::one("request", "must change username, email or password"));
        }
        Ok(Self { id, change, password })
    }
}

/// Reads the new password of an account, whose name and e-mail it must not repeat.
pub(crate) fn new_password(text: &str, user: &User) -> Result<Password, InvalidFields> {
    Password::choose(text, user.username.as_str(), user.email.as_str())
        .map_err(|fault| InvalidFields::one("password", fault))
}
