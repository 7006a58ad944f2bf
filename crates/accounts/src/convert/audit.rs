//! What happened to accounts, and what is asked of it, on the wire and as the rules know it.

use sir0_contract_accounts as pb;
use sir0_feed::Moment;
use sir0_kernel::{Timestamp, UserId};
use sir0_rpc::{FieldReader, InvalidFields, Seal, moment, page_size, wire_time};
use tonic::metadata::MetadataMap;

use crate::domain::{EventFilter, EventPlace, Kind, Placed, SecurityEvent};

/// What the token of a stream is sealed for.
pub(crate) const WATCH: &[u8] = b"watch security events";
/// What the token of a page of events of an account is sealed for.
const ACTIVITY: &[u8] = b"activity of ";
/// What the token of a page of events is sealed for.
const PAGE: &[u8] = b"security events ";
/// What a browser's `EventSource` sends when it reconnects: the id of the last event.
const LAST_EVENT_ID: &str = "last-event-id";

/// Which events of an account a request asks for.
pub(crate) struct Activity {
    pub(crate) user: UserId,
    pub(crate) most: u16,
    /// Where the page before ended.
    pub(crate) behind: Option<EventPlace>,
}

/// Reads which events of an account a request asks for.
pub(crate) fn activity(
    request: &pb::ListActivityRequest,
    seal: &Seal,
) -> Result<Activity, InvalidFields> {
    let mut fields = FieldReader::default();
    let user = fields.read("user_id", UserId::parse(request.user_id));
    let most = fields.read("page_size", page_size(request.page_size));
    let (Some(user), Some(most)) = (user, most) else { return Err(fields.into_faults()) };
    let behind = opened(&request.page_token, &of_account(user), seal)?;
    Ok(Activity { user, most, behind })
}

/// A page of events of an account.
pub(crate) fn activity_page(
    (events, next): (Vec<Placed>, Option<EventPlace>),
    user: UserId,
    seal: &Seal,
) -> pb::ListActivityResponse {
    let next_page_token = next.map(|next| sealed(next, &of_account(user), seal));
    pb::ListActivityResponse {
        events: events.into_iter().map(Into::into).collect(),
        next_page_token,
    }
}

fn of_account(user: UserId) -> Vec<u8> {
    [ACTIVITY, user.to_string().as_bytes()].concat()
}

/// Which events a request asks for.
pub(crate) struct Listing {
    pub(crate) filter: EventFilter,
    pub(crate) most: u16,
    /// Where the page before ended, or where the first one begins.
    pub(crate) behind: EventPlace,
    /// What the token of the next page is sealed for.
    purpose: Vec<u8>,
}

/// Reads which events a request asks for.
pub(crate) fn listing(
    request: &pb::ListSecurityEventsRequest,
    seal: &Seal,
) -> Result<Listing, InvalidFields> {
    let mut fields = FieldReader::default();
    let most = fields.read("page_size", page_size(request.page_size));
    let user = fields.read_optional("user_id", request.user_id.map(UserId::parse));
    let kind = Some(&*request.kind).filter(|kind| !kind.is_empty()).map(Kind::parse);
    let kind = fields.read_optional("kind", kind);
    let since = fields.read_optional("since", request.since.as_ref().map(moment));
    let until = fields.read_optional("until", request.until.as_ref().map(moment));
    let (Some(most), Some(user), Some(kind), Some(since), Some(until)) =
        (most, user, kind, since, until)
    else {
        return Err(fields.into_faults());
    };
    let filter = EventFilter { user, kind, since: since.unwrap_or(EventPlace::ALWAYS) };
    let until = until.unwrap_or(EventPlace::NEVER);
    let of = (user.map(UserId::get), &request.kind, filter.since.micros(), until.micros());
    let purpose = [PAGE, format!("{of:?}").as_bytes()].concat();
    let behind = opened(&request.page_token, &purpose, seal)?;
    let behind = behind.unwrap_or(EventPlace::before(until));
    Ok(Listing { filter, most, behind, purpose })
}

/// A page of events.
pub(crate) fn page(
    (events, next): (Vec<Placed>, Option<EventPlace>),
    listing: &Listing,
    seal: &Seal,
) -> pb::ListSecurityEventsResponse {
    let next_page_token = next.map(|next| sealed(next, &listing.purpose, seal));
    let events = events.into_iter().map(Into::into).collect();
    pb::ListSecurityEventsResponse { events, next_page_token }
}

/// Reads the moment that a watcher reached before. A client that reconnects by itself repeats the token that it began with
/// and adds the one that it reached. The later of the two counts.
pub(crate) fn resume(
    request: &pb::WatchSecurityEventsRequest,
    metadata: &MetadataMap,
    seal: &Seal,
) -> Result<Option<Moment>, InvalidFields> {
    let mut fields = FieldReader::default();
    let token = Some(&*request.resume_token).filter(|token| !token.is_empty());
    let token = token.map(|token| Moment::of(token, seal, WATCH));
    let token = fields.read_optional("resume_token", token).flatten();
    let ids = metadata.get_all(LAST_EVENT_ID).iter().filter(|id| !id.is_empty());
    let ids = ids.map(|id| Moment::of(id.to_str().unwrap_or_default(), seal, WATCH));
    let ids: Vec<_> = ids.filter_map(|id| fields.read(LAST_EVENT_ID, id)).collect();
    fields.finish()?;
    Ok(ids.into_iter().chain(token).max())
}

impl From<Placed> for pb::SecurityEvent {
    fn from(Placed { position, event }: Placed) -> Self {
        Self { position, ..wire_event(&event) }
    }
}

/// An event as on the wire, at no position.
pub(crate) fn wire_event(event: &SecurityEvent) -> pb::SecurityEvent {
    pb::SecurityEvent {
        position: 0,
        time: Some(wire_time(event.at)),
        kind: event.kind.as_str().to_owned(),
        outcome: event.kind.outcome().to_owned(),
        user_id: event.user.map(UserId::get),
        actor_id: event.actor.map(UserId::get),
        session_id: event.session.map(|session| session.to_string()),
        address: event.address.map(|address| address.to_string()),
        client_id: event.client.as_ref().map(|client| client.as_str().to_owned()),
        methods: event.methods.names().map(str::to_owned).collect(),
        request_id: event.request.clone(),
        detail: event.detail.clone(),
        count: i32::try_from(event.count).unwrap_or(i32::MAX),
    }
}

fn sealed(EventPlace { at, position }: EventPlace, purpose: &[u8], seal: &Seal) -> String {
    seal.close(purpose, &[at.micros().to_be_bytes(), position.to_be_bytes()].concat())
}

/// The place in the token of a page. An empty one is that of the first page.
fn opened(token: &str, purpose: &[u8], seal: &Seal) -> Result<Option<EventPlace>, InvalidFields> {
    if token.is_empty() {
        return Ok(None);
    }
    let opened = seal.open(purpose, token).ok();
    let place = opened.as_deref().and_then(|opened| {
        let (at, position) = opened.split_first_chunk()?;
        let at = Timestamp::from_micros(i64::from_be_bytes(*at));
        Some(EventPlace { at, position: i64::from_be_bytes(position.try_into().ok()?) })
    });
    let forged = || InvalidFields::one("page_token", "is not a token we gave for this request");
    place.map(Some).ok_or_else(forged)
}
