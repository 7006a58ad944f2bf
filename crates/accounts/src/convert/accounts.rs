//! Accounts and what is asked of them, on the wire and as the rules know them.

use sir0_contract_accounts as pb;
use sir0_kernel::{Timestamp, UserId};
use sir0_rpc::{FieldReader, InvalidFields, wire_time};

use super::guard;
use crate::{
    AccountsError,
    domain::{
        BirthDate, Details, DetailsChange, Email, Field, InvalidPassword, Login, Password,
        ProfileChange, Proof, Register, SetupToken, UpdateUser, User, Username,
    },
};

/// Says that an account was changed.
pub(crate) fn updated() -> pb::UpdateUserResponse {
    pb::UpdateUserResponse { message: "Profile updated successfully".to_owned() }
}

/// An account and what its owner told, for those who may see both.
pub(crate) fn user(user: &User, details: &Details) -> pb::User {
    let (terms_version, terms_time) = match &details.terms {
        Some((version, at)) => (Some(version.as_str().to_owned()), Some(wire_time(*at))),
        None => (None, None),
    };
    pb::User {
        user_id: user.id.get(),
        username: user.username.as_str().to_owned(),
        email: user.email.as_str().to_owned(),
        role: user.role.to_string(),
        create_time: Some(wire_time(user.created)),
        country: details.country.as_ref().map(|it| it.as_str().to_owned()),
        language: details.language.as_ref().map(|it| it.as_str().to_owned()),
        birth_date: details.birth_date.as_ref().map(|it| it.as_str().to_owned()),
        terms_version,
        terms_time,
    }
}

/// Reads a request to make an account.
pub(crate) async fn register(request: pb::RegisterRequest) -> Result<Register, InvalidFields> {
    judging(move || {
        let pb::RegisterRequest { username, email, password, setup_token } = &request;
        new_account(username, email, password, setup_token.as_deref())
    })
    .await
}

/// Reads the texts that make an account. The last one is for the first administrator.
pub(crate) fn new_account(
    username: &str,
    email: &str,
    password: &str,
    setup: Option<&str>,
) -> Result<Register, InvalidFields> {
    let mut fields = FieldReader::default();
    let chosen = Password::choose(password, username, email);
    let username = fields.read("username", Username::parse(username));
    let email = fields.read("email", Email::parse(email));
    let password = fields.read("password", chosen);

    let (Some(username), Some(email), Some(password)) = (username, email, password) else {
        return Err(fields.into_faults());
    };
    let setup = setup.map(SetupToken::shown);
    Ok(Register { username, email, password, setup })
}

impl TryFrom<pb::LoginRequest> for Login {
    type Error = AccountsError;

    /// A text that is missing, or can belong to no account, is refused like a wrong password: the contract has one
    /// refusal of a login. The form of a text is no secret, so this refusal may come sooner.
    fn try_from(request: pb::LoginRequest) -> Result<Self, AccountsError> {
        match (Email::parse(&request.email), Password::parse(&request.password)) {
            (Ok(email), Ok(password)) => {
                Ok(Self { email, password, beside: guard::beside(&request) })
            }
            _ => Err(AccountsError::InvalidCredentials),
        }
    }
}

/// Reads the one field that names an account.
pub(crate) fn user_id(number: i32) -> Result<UserId, InvalidFields> {
    UserId::parse(number).map_err(|fault| InvalidFields::one("user_id", fault))
}

/// Reads a request to change an account.
pub(crate) async fn update_user(
    request: pb::UpdateUserRequest,
    now: Timestamp,
) -> Result<UpdateUser, InvalidFields> {
    judging(move || changes(request, now)).await
}

/// Reads what a person tells of themselves.
fn details(
    request: &pb::UpdateUserRequest,
    now: Timestamp,
    fields: &mut FieldReader,
) -> Option<DetailsChange> {
    let today = wire_time(now).to_string();
    let today = today.split('T').next().unwrap_or_default();
    let born = match Field::<BirthDate>::parse(request.birth_date.as_deref()) {
        Ok(Field::Becomes(date)) => date.by(today).map(Field::Becomes),
        other => other,
    };
    let country = fields.read("country", Field::parse(request.country.as_deref()));
    let language = fields.read("language", Field::parse(request.language.as_deref()));
    let birth_date = fields.read("birth_date", born);
    let terms =
        fields.read_optional("terms_version", request.terms_version.as_deref().map(str::parse));
    let (country, language, birth_date) = (country?, language?, birth_date?);
    Some(DetailsChange { country, language, birth_date, terms: terms? })
}

fn changes(request: pb::UpdateUserRequest, now: Timestamp) -> Result<UpdateUser, InvalidFields> {
    let mut fields = FieldReader::default();
    let id = fields.read("user_id", UserId::parse(request.user_id));
    let username =
        fields.read_optional("username", request.username.as_deref().map(Username::parse));
    let email = fields.read_optional("email", request.email.as_deref().map(Email::parse));
    let details = details(&request, now, &mut fields);
    let (name, mail) = (request.username.unwrap_or_default(), request.email.unwrap_or_default());
    let password = request.password.as_deref();
    let password = password.map(|text| Password::choose(text, &name, &mail));
    let password = fields.read_optional("password", password);

    let (Some(id), Some(username), Some(email), Some(password), Some(details)) =
        (id, username, email, password, details)
    else {
        return Err(fields.into_faults());
    };
    let change = ProfileChange { username, email };
    let is_kept = change == ProfileChange::default() && details == DetailsChange::default();
    if is_kept && password.is_none() {
        return Err(InvalidFields::one("request", "must change something of the account"));
    }
    let proof = request.current_password.as_deref();
    let proof = proof.map(|text| Proof { password: Password::parse(text).ok(), code: None });
    Ok(UpdateUser { id, change, details, password, proof })
}

/// Judges the new password of this account, whose name and e-mail it must not repeat. A request to change an account
/// need not name them, so what was judged with the request is judged again with the account.
pub(crate) async fn password_of(
    user: User,
    password: Option<Password>,
) -> Result<Option<Password>, InvalidFields> {
    let Some(password) = password else { return Ok(None) };
    let judged = judging(move || {
        password.judge(user.username.as_str(), user.email.as_str())?;
        Ok::<_, InvalidPassword>(password)
    });
    judged.await.map(Some).map_err(|fault| InvalidFields::one("password", fault))
}

/// Judges how easy a password is to guess. It takes milliseconds: too long for a thread that other calls wait for.
pub(super) async fn judging<T, E>(
    judge: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    tokio::task::spawn_blocking(judge).await.expect("judging a password does not panic")
}
