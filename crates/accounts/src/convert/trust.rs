//! Keys, ended sessions and members of studios, on the wire and as the rules know them.

use sir0_contract_accounts_internal::{
    InSync, KeySet, Roster as WireRoster, RosterMember, SessionEnded as WireEnd,
    WatchEndedSessionsRequest, WatchEndedSessionsResponse, watch_ended_sessions_response::Update,
};
use sir0_feed::Position;
use sir0_kernel::{InvalidId, Roster, StudioId, UserId};
use sir0_rpc::{InvalidFields, wire_time};

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

/// Tells who is in a studio.
pub(crate) fn told(roster: &Roster) -> WireRoster {
    let members = roster.members.iter();
    let members =
        members.map(|(user, role)| RosterMember { user_id: user.get(), role: role.to_string() });
    WireRoster {
        studio_id: roster.studio.to_string(),
        revision: roster.revision,
        members: members.collect(),
    }
}

/// Reads who is in a studio. A member with a role that only a later version knows may do nothing here.
pub(crate) fn roster(told: WireRoster) -> Result<Roster, InvalidId> {
    let known = told.members.into_iter().filter_map(|member| {
        let role = member.role.parse().ok()?;
        Some(UserId::parse(member.user_id).map(|user| (user, role)))
    });
    let members = known.collect::<Result<_, _>>()?;
    Ok(Roster { studio: StudioId::parse(&told.studio_id)?, revision: told.revision, members })
}

/// The message with the keys that verify tokens. No token resumes at it.
pub(crate) fn key_set(jwks: String, studios: bool) -> WatchEndedSessionsResponse {
    let update = Some(Update::KeySet(KeySet { jwks, studios }));
    WatchEndedSessionsResponse { update, resume_token: String::new() }
}

/// Marks the tokens of streams that tell of studios, too. A version that knows no studios refuses such a token. It
/// passed over changes to studios before it gave a token of the older form, so a stream behind that one begins anew.
const WITH_STUDIOS: &str = "studios-";

/// The token of this position.
pub(crate) fn token_at(position: Position, studios: bool) -> String {
    if studios { format!("{WITH_STUDIOS}{position}") } else { position.to_string() }
}

/// The position in a resume token. It is not sealed, because every holder of the services' secret may know it. `None`
/// begins with the present.
pub(crate) fn position_in(
    request: &WatchEndedSessionsRequest,
) -> Result<Option<Position>, InvalidFields> {
    let WatchEndedSessionsRequest { resume_token: token, studios } = request;
    if token.is_empty() {
        return Ok(None);
    }
    let behind = token.strip_prefix(WITH_STUDIOS);
    let position = behind.unwrap_or(token).parse().ok().filter(|position| *position >= 0);
    let forged = || InvalidFields::one("resume_token", "is not one of ours");
    let position = position.ok_or_else(forged)?;
    Ok(Some(position).filter(|_| behind.is_some() || !studios))
}
