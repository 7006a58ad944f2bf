//! Sessions and what is asked of them, on the wire and as the rules know them.

use sir0_contract_accounts as pb;
use sir0_kernel::{FactorId, SessionId, Timestamp, UserId};
use sir0_rpc::{Caller, FieldReader, InvalidFields, Seal, page_size, wire_time};
use tonic::metadata::MetadataMap;

use crate::domain::{
    Action, ClientId, Code, Confirmation, DeviceName, EndSessions, Password, Proof, RefreshToken,
    Refreshable, Session, SignedIn, Wanted,
};

/// What the token of a page of sessions is sealed for.
const PAGE: &[u8] = b"sessions of ";
/// How many sessions are named at a time.
const MOST_SESSIONS: usize = 100;
/// How many characters name what an action is done to.
const LONGEST_SUBJECT: usize = 64;

/// Reads what a sign-in says of its session.
pub(crate) fn wanted(
    request: &pb::LoginRequest,
    metadata: &MetadataMap,
) -> Result<Wanted, InvalidFields> {
    let mut fields = FieldReader::default();
    let client = fields.read("client_id", ClientId::parse(request.client_id.as_deref()));
    let named = request.device_name.as_deref().filter(|name| !name.is_empty());
    let device = fields.read_optional("device_name", named.map(DeviceName::parse));
    let (Some(client), Some(device)) = (client, device) else {
        return Err(fields.into_faults());
    };
    let agent = metadata.get("user-agent").and_then(|agent| agent.to_str().ok());
    let device = device.or_else(|| DeviceName::of_agent(agent?));
    Ok(Wanted { client, device, is_refreshable: request.with_refresh_token })
}

/// The answer to a sign-in.
pub(crate) fn signed_in(SignedIn { user, token, refresh, device }: SignedIn) -> pb::LoginResponse {
    let expires = refresh.as_ref().map(|refresh| wire_time(refresh.expires));
    pb::LoginResponse {
        message: "Login successful".to_owned(),
        token: token.token,
        user_id: user.into(),
        expire_time: Some(wire_time(token.expires)),
        refresh_token: refresh.map(|refresh| refresh.token.to_text()),
        refresh_expire_time: expires,
        device_token: device.map(|device| device.as_str().to_owned()),
    }
}

/// The answer to a refresh.
pub(crate) fn refreshed(SignedIn { token, refresh, .. }: SignedIn) -> pb::RefreshSessionResponse {
    let (refresh_token, refresh_expire_time) = match refresh {
        Some(Refreshable { token, expires }) => (token.to_text(), Some(wire_time(expires))),
        None => Default::default(),
    };
    pb::RefreshSessionResponse {
        token: token.token,
        expire_time: Some(wire_time(token.expires)),
        refresh_token,
        refresh_expire_time,
    }
}

/// Reads a refresh. A text that is no refresh token is refused as one that is not good.
pub(crate) fn refresh(
    request: &pb::RefreshSessionRequest,
) -> Result<(Option<RefreshToken>, ClientId), InvalidFields> {
    let client = ClientId::parse(request.client_id.as_deref());
    let client = client.map_err(|fault| InvalidFields::one("client_id", fault))?;
    Ok((RefreshToken::parse(&request.refresh_token), client))
}

/// Which sessions a request asks for.
pub(crate) struct Listing {
    pub(crate) user: UserId,
    pub(crate) most: u16,
    /// The last session of the page before.
    pub(crate) behind: Option<SessionId>,
}

/// Reads which sessions a request asks for.
pub(crate) fn listing(
    request: &pb::ListSessionsRequest,
    seal: &Seal,
) -> Result<Listing, InvalidFields> {
    let mut fields = FieldReader::default();
    let user = fields.read("user_id", UserId::parse(request.user_id));
    let most = fields.read("page_size", page_size(request.page_size));
    let (Some(user), Some(most)) = (user, most) else { return Err(fields.into_faults()) };
    let forged = || InvalidFields::one("page_token", "is not a token we gave for this request");
    let behind = match &*request.page_token {
        "" => None,
        token => {
            let opened = seal.open(&purpose(user), token).map_err(|_forged| forged())?;
            let session = str::from_utf8(&opened).ok().and_then(|it| SessionId::parse(it).ok());
            Some(session.ok_or_else(forged)?)
        }
    };
    Ok(Listing { user, most, behind })
}

/// A page of sessions.
pub(crate) fn page(
    (sessions, next): (Vec<Session>, Option<SessionId>),
    user: UserId,
    by: Caller,
    seal: &Seal,
) -> pb::ListSessionsResponse {
    let next = next.map(|next| seal.close(&purpose(user), next.to_string().as_bytes()));
    let sessions = sessions.into_iter().map(|session| wire_session(session, by)).collect();
    pb::ListSessionsResponse { sessions, next_page_token: next }
}

fn purpose(user: UserId) -> Vec<u8> {
    [PAGE, user.to_string().as_bytes()].concat()
}

fn wire_session(session: Session, by: Caller) -> pb::Session {
    pb::Session {
        session_id: session.id.to_string(),
        client_id: session.client.as_str().to_owned(),
        device_name: session.device.map(|name| name.as_str().to_owned()).unwrap_or_default(),
        address: session.address.map(|address| address.to_string()).unwrap_or_default(),
        methods: session.methods.names().map(str::to_owned).collect(),
        is_refreshable: session.is_refreshable,
        is_current: session.id == by.session,
        create_time: Some(wire_time(session.created)),
        seen_time: Some(wire_time(session.seen)),
        expire_time: Some(wire_time(session.expires)),
    }
}

impl TryFrom<pb::EndSessionsRequest> for EndSessions {
    type Error = InvalidFields;

    fn try_from(request: pb::EndSessionsRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let user = fields.read("user_id", UserId::parse(request.user_id));
        let sessions = request.session_ids.iter().map(|id| SessionId::parse(id)).collect();
        let sessions: Option<Vec<_>> = fields.read("session_ids", sessions);
        let sessions = sessions.and_then(|sessions| {
            let is_short = sessions.len() <= MOST_SESSIONS;
            let few = is_short.then_some(sessions).ok_or("must be at most 100");
            fields.read("session_ids", few)
        });
        let (Some(user), Some(sessions)) = (user, sessions) else {
            return Err(fields.into_faults());
        };
        let confirmation = request.confirmation_token.as_deref().map(Confirmation::shown);
        Ok(Self { user, sessions, keeps_current: request.keep_current, confirmation })
    }
}

/// Says how many sessions ended.
pub(crate) fn ended(count: usize) -> pb::EndSessionsResponse {
    let ended = i32::try_from(count).unwrap_or(i32::MAX);
    pb::EndSessionsResponse { message: "Sessions ended".to_owned(), ended }
}

/// Reads what is to be confirmed, and the password that is to prove it. A text that can be no password is a wrong one.
pub(crate) fn confirm(
    request: &pb::ConfirmActionRequest,
) -> Result<(Action, Proof), InvalidFields> {
    let mut fields = FieldReader::default();
    let subject = &*request.subject;
    let of_account: Option<fn(UserId) -> Action> = match pb::Action::try_from(request.action) {
        Ok(pb::Action::EndSessions) => Some(Action::EndSessions),
        Ok(pb::Action::AddFactor) => Some(Action::AddFactor),
        Ok(pb::Action::RenewRecoveryCodes) => Some(Action::RenewRecoveryCodes),
        Ok(pb::Action::CreateApiToken) => Some(Action::CreateApiToken),
        Ok(pb::Action::DisableUser) => Some(Action::DisableUser),
        Ok(pb::Action::EnableUser) => Some(Action::EnableUser),
        Ok(pb::Action::SignOutUser) => Some(Action::SignOutUser),
        Ok(pb::Action::RequireNewPassword) => Some(Action::RequireNewPassword),
        Ok(pb::Action::CreateReset) => Some(Action::CreateReset),
        Ok(pb::Action::ResetFactors) => Some(Action::ResetFactors),
        Ok(pb::Action::SetUserRole) => Some(Action::SetUserRole),
        Ok(pb::Action::RemoveFactor | pb::Action::Unspecified) | Err(_) => None,
    };
    let action = match of_account {
        Some(action) => fields.read("subject", account(subject)).map(action),
        None if request.action == i32::from(pb::Action::RemoveFactor) => {
            fields.read("subject", FactorId::parse(subject)).map(Action::RemoveFactor)
        }
        None => fields.read("action", Err::<Action, _>("must be one of the known actions")),
    };
    let Some(action) = action else { return Err(fields.into_faults()) };
    let password = Password::parse(&request.password).ok();
    let code = request.code.as_deref().map(Code::shown);
    Ok((action, Proof { password, code }))
}

/// The account with this id.
fn account(text: &str) -> Result<UserId, &'static str> {
    let text = Some(text).filter(|text| text.len() <= LONGEST_SUBJECT);
    let user = text.and_then(|text| UserId::parse(text.parse().ok()?).ok());
    user.ok_or("must be the id of an account")
}

/// Carries a confirmation.
pub(crate) fn confirmed(token: &Confirmation, expires: Timestamp) -> pb::ConfirmActionResponse {
    pb::ConfirmActionResponse {
        confirmation_token: token.as_str().to_owned(),
        expire_time: Some(wire_time(expires)),
    }
}
