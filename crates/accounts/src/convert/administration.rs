//! What administrators ask and are told, on the wire and as the rules know it.

use sir0_contract_accounts as pb;
use sir0_kernel::{Form, Role, Text, Timestamp, UserId, caseless};
use sir0_rpc::{FieldReader, InvalidFields, Seal, page_size, wire_time};

use super::accounts::{self, judging};
use crate::domain::{
    Account, Administer, Confirmation, Details, Email, InvalidPassword, LinkSecret, Measure,
    Password, Search, Shown, User,
};

/// What the token of a page of accounts is sealed for.
const PAGE: &str = "users";
/// How a name may begin.
const BEGINNING: Text = Text { min: 1, max: 64, form: Form::Line };

impl From<&Account> for pb::Account {
    fn from(Account { user, locks }: &Account) -> Self {
        Self {
            // What a person tells of themselves is read with the account alone.
            user: Some(accounts::user(user, &Details::default())),
            disable_time: locks.disabled.map(wire_time),
            new_password_time: locks.new_password.map(wire_time),
        }
    }
}

/// Which accounts a request asks for.
pub(crate) struct Listing {
    pub(crate) search: Search,
    pub(crate) most: u16,
    /// The last account of the page before.
    pub(crate) behind: Option<UserId>,
}

/// Reads which accounts a request asks for.
pub(crate) fn listing(
    request: &pb::FindUsersRequest,
    seal: &Seal,
) -> Result<Listing, InvalidFields> {
    let mut fields = FieldReader::default();
    let search = read_search(
        &mut fields,
        request.email.as_deref(),
        request.username.as_deref(),
        request.role.as_deref(),
    );
    let most = fields.read("page_size", page_size(request.page_size));
    let (Some(search), Some(most)) = (search, most) else { return Err(fields.into_faults()) };
    let search = Search { disabled: request.disabled, ..search };
    let forged = || InvalidFields::one("page_token", "is not a token we gave for this request");
    let behind = match &*request.page_token {
        "" => None,
        token => {
            let opened = seal.open(&purpose(&search), token).map_err(|_forged| forged())?;
            let user = str::from_utf8(&opened).ok().and_then(|id| id.parse().ok());
            let user = user.and_then(|id| UserId::parse(id).ok());
            Some(user.ok_or_else(forged)?)
        }
    };
    Ok(Listing { search, most, behind })
}

/// Reads what is known of the accounts that are looked for.
pub(crate) fn search(
    email: Option<&str>,
    username: Option<&str>,
    role: Option<&str>,
    disabled: Option<bool>,
) -> Result<Search, InvalidFields> {
    let mut fields = FieldReader::default();
    let search = read_search(&mut fields, email, username, role);
    let search = search.ok_or_else(|| fields.into_faults())?;
    Ok(Search { disabled, ..search })
}

/// An empty text says nothing.
fn read_search(
    fields: &mut FieldReader,
    email: Option<&str>,
    username: Option<&str>,
    role: Option<&str>,
) -> Option<Search> {
    let [email, username, role] =
        [email, username, role].map(|text| text.filter(|text| !text.is_empty()));
    let email = fields.read_optional("email", email.map(Email::parse));
    let username = fields.read_optional("username", username.map(|text| BEGINNING.read(text)));
    let role = fields.read_optional("role", role.map(str::parse::<Role>));
    let username = username?.map(|text| caseless(&text));
    Some(Search { email: email?, username, role: role?, disabled: None })
}

/// A token leads on in the list that it was given for, and in no other.
fn purpose(search: &Search) -> Vec<u8> {
    let Search { email, username, role, disabled } = search;
    let email = email.as_ref().map(Email::key);
    format!("{PAGE} {email:?} {username:?} {role:?} {disabled:?}").into_bytes()
}

/// A page of accounts.
pub(crate) fn page(
    (accounts, next): &(Vec<Account>, Option<UserId>),
    search: &Search,
    seal: &Seal,
) -> pb::FindUsersResponse {
    let next = next.map(|next| seal.close(&purpose(search), next.to_string().as_bytes()));
    let accounts = accounts.iter().map(pb::Account::from).collect();
    pb::FindUsersResponse { accounts, next_page_token: next }
}

/// An account with what belongs to it.
pub(crate) fn shown(Shown { account, access, studios }: &Shown) -> pb::ShowUserResponse {
    let number = |counted: i64| i32::try_from(counted).unwrap_or(i32::MAX);
    let studios = studios.iter().map(|(studio, role)| pb::Membership {
        studio_id: studio.id.to_string(),
        name: studio.name.as_str().to_owned(),
        role: role.to_string(),
    });
    pb::ShowUserResponse {
        account: Some(account.into()),
        sessions: number(access.sessions),
        studios: studios.collect(),
        factors: number(access.factors),
        devices: number(access.devices),
        api_tokens: number(access.api_tokens),
    }
}

/// Reads what is to be done to an account.
pub(crate) fn administer(
    user_id: i32,
    measure: Measure,
    confirmation: Option<&str>,
) -> Result<Administer, InvalidFields> {
    let user = UserId::parse(user_id).map_err(|fault| InvalidFields::one("user_id", fault))?;
    Ok(Administer { user, measure, confirmation: confirmation.map(Confirmation::shown) })
}

/// Reads which role an account is to have.
pub(crate) fn set_role(request: &pb::SetUserRoleRequest) -> Result<Administer, InvalidFields> {
    let mut fields = FieldReader::default();
    let user = fields.read("user_id", UserId::parse(request.user_id));
    let role = fields.read("role", request.role.parse::<Role>());
    let (Some(user), Some(role)) = (user, role) else { return Err(fields.into_faults()) };
    let confirmation = request.confirmation_token.as_deref().map(Confirmation::shown);
    Ok(Administer { user, measure: Measure::SetRole(role), confirmation })
}

/// Carries the secret of a reset link.
pub(crate) fn created(secret: &LinkSecret, expires: Timestamp) -> pb::CreateResetResponse {
    pb::CreateResetResponse {
        secret: secret.as_str().to_owned(),
        expire_time: Some(wire_time(expires)),
    }
}

/// Reads the secret of a reset link and the new password.
pub(crate) async fn use_reset(
    request: pb::UseResetRequest,
) -> Result<(LinkSecret, Password), InvalidFields> {
    judging(move || {
        let mut fields = FieldReader::default();
        let secret = fields.read("secret", secret(&request.secret));
        let password = fields.read("new_password", Password::choose(&request.new_password, "", ""));
        let (Some(secret), Some(password)) = (secret, password) else {
            return Err(fields.into_faults());
        };
        Ok((secret, password))
    })
    .await
}

/// Reads what someone shows as a secret. It is no fault of a field that it opens nothing.
fn secret(text: &str) -> Result<LinkSecret, &'static str> {
    match text.chars().count() {
        0 => Err("is required"),
        1..=64 => Ok(LinkSecret::shown(text)),
        _ => Err("must have at most 64 characters"),
    }
}

/// Judges the new password of this account, whose name and e-mail it must not repeat.
pub(crate) async fn judged_for(user: &User, password: Password) -> Result<Password, InvalidFields> {
    let user = user.clone();
    let judged = judging(move || {
        password.judge(user.username.as_str(), user.email.as_str())?;
        Ok::<_, InvalidPassword>(password)
    });
    judged.await.map_err(|fault| InvalidFields::one("new_password", fault))
}
