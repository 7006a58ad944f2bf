//! API tokens and what is asked of them, on the wire and as the rules know them.

use std::time::Duration;

use sir0_contract_accounts as pb;
use sir0_kernel::{ApiTokenId, Grant, Scope, Scopes, StudioId, UserId};
use sir0_rpc::{FieldReader, InvalidFields, wire_time};

use crate::domain::{ApiToken, ApiTokenName, ApiTokenSecret, Confirmation, Exchanged, NewApiToken};

/// How many scopes are named at a time.
const MOST_SCOPES: usize = 20;

impl TryFrom<pb::CreateApiTokenRequest> for NewApiToken {
    type Error = InvalidFields;

    fn try_from(request: pb::CreateApiTokenRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let user = fields.read("user_id", UserId::parse(request.user_id));
        let name = fields.read("name", ApiTokenName::parse(&request.name));
        let scopes = fields.read("scopes", scopes(&request.scopes));
        let named = Some(&*request.studio_id).filter(|studio| !studio.is_empty());
        let studio = fields.read_optional("studio_id", named.map(StudioId::parse));
        let life = fields.read("life_days", life(request.life_days));
        let (Some(user), Some(name), Some(scopes), Some(studio), Some(life)) =
            (user, name, scopes, studio, life)
        else {
            return Err(fields.into_faults());
        };
        let confirmation = request.confirmation_token.as_deref().map(Confirmation::shown);
        Ok(Self { user, name, grant: Grant { scopes, studio }, life, confirmation })
    }
}

fn scopes(names: &[String]) -> Result<Scopes, String> {
    match names.len() {
        0 => Err("is required".to_owned()),
        count if count > MOST_SCOPES => Err(format!("must be at most {MOST_SCOPES}")),
        _ => Scopes::parse(names.iter().map(String::as_str)).map_err(|fault| fault.to_string()),
    }
}

fn life(days: i32) -> Result<Duration, String> {
    const DAY: Duration = Duration::from_hours(24);
    let most = ApiToken::MOST_DAYS;
    match u32::try_from(days) {
        Ok(0) => Ok(DAY * ApiToken::DAYS),
        Ok(days) if days <= most => Ok(DAY * days),
        _ => Err(format!("must be between 0 and {most}")),
    }
}

/// Reads the one field that names an account.
pub(crate) fn user_id(number: i32) -> Result<UserId, InvalidFields> {
    UserId::parse(number).map_err(|fault| InvalidFields::one("user_id", fault))
}

/// Reads which API token is to be revoked.
pub(crate) fn revocation(
    request: &pb::RevokeApiTokenRequest,
) -> Result<(UserId, ApiTokenId), InvalidFields> {
    let mut fields = FieldReader::default();
    let user = fields.read("user_id", UserId::parse(request.user_id));
    let id = fields.read("token_id", ApiTokenId::parse(&request.token_id));
    let (Some(user), Some(id)) = (user, id) else { return Err(fields.into_faults()) };
    Ok((user, id))
}

/// Reads an API token. A text that is none is refused as one that is not good.
pub(crate) fn shown(request: &pb::ExchangeApiTokenRequest) -> Option<ApiTokenSecret> {
    ApiTokenSecret::shown(&request.api_token)
}

/// Carries an API token.
pub(crate) fn made(token: &ApiToken, secret: &ApiTokenSecret) -> pb::CreateApiTokenResponse {
    pb::CreateApiTokenResponse {
        api_token: secret.as_str().to_owned(),
        token_id: token.id.to_string(),
        expire_time: Some(wire_time(token.expires)),
    }
}

/// Carries an access token.
pub(crate) fn exchanged(Exchanged { token, grant }: Exchanged) -> pb::ExchangeApiTokenResponse {
    pb::ExchangeApiTokenResponse {
        access_token: token.token,
        expire_time: Some(wire_time(token.expires)),
        scopes: names(grant.scopes),
        studio_id: grant.studio.map(|studio| studio.to_string()),
    }
}

impl From<&ApiToken> for pb::ApiToken {
    fn from(token: &ApiToken) -> Self {
        Self {
            token_id: token.id.to_string(),
            name: token.name.as_str().to_owned(),
            scopes: names(token.grant.scopes),
            studio_id: token.grant.studio.map(|studio| studio.to_string()),
            create_time: Some(wire_time(token.created)),
            expire_time: Some(wire_time(token.expires)),
            use_time: token.used.map(wire_time),
            address: token.address.map(|address| address.to_string()).unwrap_or_default(),
        }
    }
}

fn names(scopes: Scopes) -> Vec<String> {
    scopes.iter().map(Scope::as_str).map(str::to_owned).collect()
}
