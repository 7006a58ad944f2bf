//! A session: who signed in, with what, where, and how it goes on.

use std::{net::IpAddr, time::Duration};

use sir0_kernel::{Role, SessionId, Timestamp, UserId};
use sir0_tokens::{AccessToken, Methods, SignIn};

use super::{DeviceToken, RefreshToken, label::label};

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) client: ClientId,
    pub(crate) device: Option<DeviceName>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) methods: Methods,
    pub(crate) is_refreshable: bool,
    pub(crate) created: Timestamp,
    pub(crate) seen: Timestamp,
    pub(crate) expires: Timestamp,
}

/// What the one who signs in says of the session that is to be.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) client: ClientId,
    pub(crate) device: Option<DeviceName>,
    pub(crate) is_refreshable: bool,
}

/// A session that begins.
#[derive(Clone, Debug)]
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) client: ClientId,
    pub(crate) device: Option<DeviceName>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) methods: Methods,
    pub(crate) began: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) token_expires: Timestamp,
    /// How it is refreshed, if it is.
    pub(crate) family: Option<NewFamily>,
}

/// The refresh tokens of a session that begins.
#[derive(Clone, Debug)]
pub(crate) struct NewFamily {
    pub(crate) family_hash: Vec<u8>,
    pub(crate) refresh_hash: Vec<u8>,
    pub(crate) last: Timestamp,
}

/// A session that goes on by a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refreshed {
    pub(crate) user: UserId,
    pub(crate) role: Role,
    pub(crate) methods: Methods,
    pub(crate) signed_in: Timestamp,
    /// When it ends, unless it is refreshed again.
    pub(crate) expires: Timestamp,
    /// When its new access token expires.
    pub(crate) token_expires: Timestamp,
    /// The hash of the refresh token that is good now.
    pub(crate) refresh_hash: Vec<u8>,
}

impl Refreshed {
    /// The sign-in that its tokens tell of.
    pub(crate) fn sign_in<'c>(&self, session: SessionId, client: &'c ClientId) -> SignIn<'c> {
        let Self { user, role, methods, signed_in, .. } = *self;
        SignIn { user, role, session, client: client.as_str(), at: signed_in, methods }
    }
}

/// What a sign-in or a refresh gives.
pub(crate) struct SignedIn {
    pub(crate) user: UserId,
    pub(crate) token: AccessToken,
    pub(crate) refresh: Option<Refreshable>,
    /// Shows the device as trusted, if that was asked for.
    pub(crate) device: Option<DeviceToken>,
}

/// How a session goes on.
pub(crate) struct Refreshable {
    pub(crate) token: RefreshToken,
    /// When it ends, unless it is refreshed before.
    pub(crate) expires: Timestamp,
}

/// How long sessions and their tokens last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    /// A session without refresh tokens, and its one access token.
    pub(crate) session: Duration,
    /// An access token of a session that is refreshed.
    pub(crate) token: Duration,
    /// A session that is not refreshed any more.
    pub(crate) idle: Duration,
    /// A session, however often it is refreshed.
    pub(crate) whole: Duration,
}

/// A sign-in is enough for a sensitive action for so long. OWASP ASVS 5, 7.5.1, asks for a full proof before one.
const FRESH: Duration = Duration::from_mins(10);
/// So far the clock of the instance where someone signed in may be ahead of another one's.
const AHEAD: Duration = Duration::from_mins(1);

/// Whether a sign-in at this moment is recent enough for a sensitive action. A sign-in that lies in the
/// future was dated by a clock that ran ahead, and its age is unknown.
pub(crate) fn is_fresh(signed_in: Timestamp, now: Timestamp) -> bool {
    now.before(FRESH) < signed_in && signed_in <= now.after(AHEAD)
}

/// The program that signs in, by its own word: 1 to 64 visible ASCII characters, as OAuth has them (RFC 6749, A.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientId(String);

/// Why a text names no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 visible ASCII characters")]
pub(crate) struct InvalidClientId;

impl ClientId {
    const LONGEST: usize = 64;

    /// The only way in from outside. Nothing, or an empty text, is a client that does not say what it is.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, InvalidClientId> {
        let text = text.filter(|it| !it.is_empty()).unwrap_or(SignIn::ANY_CLIENT);
        let is_good = text.len() <= Self::LONGEST && text.bytes().all(|it| it.is_ascii_graphic());
        if is_good { Ok(Self(text.to_owned())) } else { Err(InvalidClientId) }
    }

    /// The way in from the database.
    pub(crate) const fn from_row(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

label! {
    /// What a device is called.
    DeviceName
}

impl DeviceName {
    /// What a client calls itself in `User-Agent`, as far as it can be shown.
    pub(crate) fn of_agent(agent: &str) -> Option<Self> {
        let shown: String = agent.trim().chars().take(Self::TEXT.max).collect();
        Self::parse(&shown).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_does_not_say_what_it_is_has_a_name_too() {
        for nothing in [None, Some("")] {
            assert_eq!(ClientId::parse(nothing).map(|it| it.0), Ok("sir0".to_owned()));
        }
        assert!(ClientId::parse(Some("launcher/2")).is_ok());
        for bad in ["a b", "\n", "Ä", &"x".repeat(65)] {
            assert_eq!(ClientId::parse(Some(bad)), Err(InvalidClientId));
        }
    }

    #[test]
    fn a_sign_in_is_fresh_for_ten_minutes_and_never_by_a_clock_that_ran_ahead() {
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let second = Duration::from_secs(1);
        for (signed_in, expected) in [
            (now, true),
            (now.before(FRESH).after(second), true),
            (now.before(FRESH), false),
            (Timestamp::from_micros(0), false),
            (now.after(AHEAD), true),
            (now.after(AHEAD).after(second), false),
            (now.after(Duration::from_hours(24)), false),
        ] {
            assert_eq!(is_fresh(signed_in, now), expected, "{signed_in:?}");
        }
    }

    #[test]
    fn a_device_has_a_name_that_can_be_seen() {
        assert_eq!(DeviceName::parse("  Ada's désk "), Ok(DeviceName("Ada's désk".to_owned())));
        for bad in ["", "  ", "a\u{0}b", "\u{202e}evil", &"x".repeat(65)] {
            assert!(DeviceName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_agent_is_shown_as_far_as_there_is_room() {
        let long = format!("Launcher/1.0 {}", "x".repeat(9_000));

        assert_eq!(DeviceName::of_agent(&long).map(|it| it.0.len()), Some(64));
        assert_eq!(DeviceName::of_agent("\u{7}"), None);
    }
}
