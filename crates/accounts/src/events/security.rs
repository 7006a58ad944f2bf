//! How a security event lies in the table of events, and in the table where it is kept longer.

use std::ops::Not;

use serde::{Deserialize, Serialize};
use sir0_feed::Unreadable;
use sir0_kernel::{SessionId, Timestamp, UserId};
use sir0_storage as storage;
use sir0_tokens::Methods;

use crate::domain::{ClientId, KeptEvent, Kind, Placed, SecurityEvent};

/// The row. Fields may be added, with a default for older rows. They are never renamed: the triggers of the table read
/// `what` and `user`.
#[derive(Serialize, Deserialize)]
struct Row {
    what: String,
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    methods: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    count: u32,
}

/// The row of an event.
pub(super) fn write(event: &SecurityEvent) -> serde_json::Result<String> {
    let methods = event.methods.to_string();
    serde_json::to_string(&Row {
        what: event.kind.as_str().to_owned(),
        at: event.at.micros(),
        user: event.user.map(Into::into),
        actor: event.actor.map(Into::into),
        session: event.session.map(|session| session.to_string()),
        address: event.address.map(|address| address.to_string()),
        client: event.client.as_ref().map(|client| client.as_str().to_owned()),
        methods: methods.is_empty().not().then_some(methods),
        request: event.request.clone(),
        detail: event.detail.clone(),
        count: event.count,
    })
}

impl TryFrom<&KeptEvent> for Placed {
    type Error = storage::Error;

    fn try_from(kept: &KeptEvent) -> storage::Result<Self> {
        let event = read(&kept.payload).map_err(storage::Error::corrupt)?;
        Ok(Self { position: kept.position, event })
    }
}

/// The event of a row.
pub(super) fn read(payload: &str) -> Result<SecurityEvent, Unreadable> {
    let row: Row = serde_json::from_str(payload)?;
    Ok(SecurityEvent {
        kind: Kind::from_row(row.what),
        at: Timestamp::from_micros(row.at),
        user: row.user.map(UserId::from_row).transpose()?,
        actor: row.actor.map(UserId::from_row).transpose()?,
        session: row.session.as_deref().map(SessionId::parse).transpose()?,
        address: row.address.and_then(|address| address.parse().ok()),
        client: row.client.map(ClientId::from_row),
        methods: row.methods.map(|it| Methods::of(it.split(' '))).unwrap_or_default(),
        request: row.request,
        detail: row.detail,
        count: row.count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_back_and_one_of_a_later_version_too() {
        let at = Timestamp::from_micros(1_800_000_000_000_001);
        let ada = UserId::parse(1).expect("an id");
        let whole = SecurityEvent {
            actor: Some(ada),
            session: Some(SessionId::fresh(at)),
            address: Some([192, 0, 2, 7].into()),
            client: ClientId::parse(Some("launcher")).ok(),
            methods: Methods::PASSWORD.and(Methods::CODE),
            request: Some("r-1".to_owned()),
            ..SecurityEvent::new(Kind::SIGNED_IN, at).about(ada).with("admin").counting(3)
        };
        for event in [whole, SecurityEvent::new(Kind::KEY_ADDED, at)] {
            assert_eq!(read(&write(&event).expect("JSON")).expect("as written"), event);
        }

        let later = r#"{"what": "flew", "at": 1, "count": 1, "height": 7}"#;
        assert_eq!(read(later).expect("known fields").kind.as_str(), "flew");
    }
}
