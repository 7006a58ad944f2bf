//! Keys and ended sessions, on the wire and as the rules know them.

use sir0_contract_accounts_internal::{
    InSync, KeySet, SessionEnded as WireEnd, WatchEndedSessionsResponse,
    watch_ended_sessions_response::Update,
};
use sir0_feed::Position;
use sir0_rpc::InvalidFields;

use super::wire_time;
use crate::domain::SessionEnded;

impl From<SessionEnded> for Update {
    fn from(ended: SessionEnded) -> Self {
        Self::Ended(WireEnd {
            session_id: ended.session.to_string(),
            expire_time: Some(wire_time(ended.expires)),
        })
    }
}

/// Whether this says that nothing is missing still.
pub(crate) const fn is_heartbeat(message: &WatchEndedSessionsResponse) -> bool {
    matches!(message.update, Some(Update::Heartbeat(_)))
}

/// What is said behind new keys in the place of a heartbeat, at the same moment: a service takes keys over once nothing is
/// missing, also one of a version that knew keys only in front.
pub(crate) fn in_sync_instead(heartbeat: WatchEndedSessionsResponse) -> WatchEndedSessionsResponse {
    WatchEndedSessionsResponse { update: Some(Update::InSync(InSync {})), ..heartbeat }
}

/// The message with the keys that verify tokens. No token resumes at it.
pub(crate) fn key_set(jwks: String) -> WatchEndedSessionsResponse {
    let update = Some(Update::KeySet(KeySet { jwks }));
    WatchEndedSessionsResponse { update, resume_token: String::new() }
}

/// The position in a resume token. It is not sealed, because every holder of the services' secret may know it.
pub(crate) fn position_in(token: &str) -> Result<Option<Position>, InvalidFields> {
    if token.is_empty() {
        return Ok(None);
    }
    let position = token.parse().ok().filter(|position| *position >= 0);
    let forged = || InvalidFields::one("resume_token", "is not one of ours");
    position.map(Some).ok_or_else(forged)
}
