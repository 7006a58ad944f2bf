//! Security events: what happened to accounts.

use std::{borrow::Cow, net::IpAddr};

use sir0_kernel::{SessionId, Timestamp, UserId};
use sir0_tokens::Methods;

use super::ClientId;

/// A thing that happened to an account. It has ids, and neither a name nor an e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecurityEvent {
    pub(crate) kind: Kind,
    pub(crate) at: Timestamp,
    /// The account that it is about.
    pub(crate) user: Option<UserId>,
    /// The account that did it.
    pub(crate) actor: Option<UserId>,
    /// The session that it was done in, or that it is about.
    pub(crate) session: Option<SessionId>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) client: Option<ClientId>,
    /// How the actor had proved who they are.
    pub(crate) methods: Methods,
    pub(crate) request: Option<String>,
    /// What else there is to it: an id, a role or an action. Never a text that a person wrote.
    pub(crate) detail: Option<String>,
    /// How many there were.
    pub(crate) count: u32,
}

impl SecurityEvent {
    /// An event that happened once, with no known actor.
    pub(crate) fn new(kind: Kind, at: Timestamp) -> Self {
        Self {
            kind,
            at,
            user: None,
            actor: None,
            session: None,
            address: None,
            client: None,
            methods: Methods::default(),
            request: None,
            detail: None,
            count: 1,
        }
    }

    /// About this account.
    pub(crate) fn about(self, user: UserId) -> Self {
        Self { user: Some(user), ..self }
    }

    /// With this beside it.
    pub(crate) fn with(self, detail: &(impl ToString + ?Sized)) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }

    /// So often.
    pub(crate) fn counting(self, count: usize) -> Self {
        Self { count: u32::try_from(count).unwrap_or(u32::MAX), ..self }
    }

    /// As it is told to the owner of the account that it is about: where another person is, and in which session, is that
    /// person's own.
    pub(crate) fn told_to_owner(self) -> Self {
        if self.actor.is_none_or(|actor| self.user == Some(actor)) {
            return self;
        }
        let (session, address, client) = (None, None, None);
        Self { session, address, client, methods: Methods::default(), request: None, ..self }
    }
}

/// A word for what happened. A row may have one that only a later version knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kind(Cow<'static, str>);

/// Why a text is no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a kind of security event, such as `signed_in`")]
pub(crate) struct UnknownKind;

macro_rules! kinds {
    ($($(#[$about:meta])* $name:ident: $word:literal;)*) => {
        impl Kind {
            $($(#[$about])* pub(crate) const $name: Self = Self(Cow::Borrowed($word));)*

            /// Those that this version writes.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

// A new kind takes a line here, one in `audit_service.proto`, and one in docs/api.md.
kinds! {
    /// An account was made. The detail is its role.
    ACCOUNT_ADDED: "account_added";
    ACCOUNT_DISABLED: "account_disabled";
    ACCOUNT_ENABLED: "account_enabled";
    /// The password of a caller let a session do one thing. The detail is the action.
    ACTION_CONFIRMED: "action_confirmed";
    /// The detail is the API token.
    API_TOKEN_MADE: "api_token_made";
    /// The detail is the API token.
    API_TOKEN_REVOKED: "api_token_revoked";
    /// Secrets were refused, from an address or for an account. The detail says how many for which reason.
    ATTEMPTS_REFUSED: "attempts_refused";
    /// That thing was done. The detail is the action.
    CONFIRMATION_USED: "confirmation_used";
    /// A device is trusted from then on. The detail is the device.
    DEVICE_TRUSTED: "device_trusted";
    /// Devices are trusted no more.
    DEVICES_FORGOTTEN: "devices_forgotten";
    EMAIL_CHANGED: "email_changed";
    /// A second factor guards the account from then on. The detail is the factor.
    FACTOR_ADDED: "factor_added";
    /// The detail is the factor.
    FACTOR_REMOVED: "factor_removed";
    /// Wrong passwords and codes were forgotten, by an operator.
    FAILURES_FORGOTTEN: "failures_forgotten";
    /// The detail is the invitation.
    INVITATION_MADE: "invitation_made";
    /// The detail is the invitation.
    INVITATION_REVOKED: "invitation_revoked";
    /// A key that signs access tokens was made. The detail is the key.
    KEY_ADDED: "key_added";
    /// The password was made worthless.
    NEW_PASSWORD_REQUIRED: "new_password_required";
    PASSWORD_CHANGED: "password_changed";
    /// A recovery code took the place of a second factor, and is used up.
    RECOVERY_CODE_USED: "recovery_code_used";
    RECOVERY_CODES_RENEWED: "recovery_codes_renewed";
    /// A refresh token came after the next one was used, and the session was ended.
    REFRESH_REPLAYED: "refresh_replayed";
    /// A link that sets a new password was made.
    RESET_MADE: "reset_made";
    /// The link was used.
    RESET_USED: "reset_used";
    /// The detail is the new role.
    ROLE_CHANGED: "role_changed";
    /// Sessions were ended before their time. The detail is the session, if there was one.
    SESSIONS_ENDED: "sessions_ended";
    /// The link of the first administrator was used.
    SETUP_USED: "setup_used";
    SIGNED_IN: "signed_in";
    SIGNED_OUT: "signed_out";
    /// The detail is the studio.
    STUDIO_FOUNDED: "studio_founded";
    /// The detail is the studio.
    STUDIO_JOINED: "studio_joined";
    /// The account is not in the studio any more, which is the detail.
    STUDIO_LEFT: "studio_left";
    /// The detail is the studio.
    STUDIO_RENAMED: "studio_renamed";
    /// The detail is the studio and the role in it.
    STUDIO_ROLE_CHANGED: "studio_role_changed";
    USERNAME_CHANGED: "username_changed";
}

impl Kind {
    /// The only way in from outside.
    pub(crate) fn parse(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().find(|kind| kind.as_str() == text).cloned().ok_or(UnknownKind)
    }

    /// The way in from the database.
    pub(crate) const fn from_row(text: String) -> Self {
        Self(Cow::Owned(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// How it ended.
    pub(crate) fn outcome(&self) -> &'static str {
        if [Self::ATTEMPTS_REFUSED, Self::REFRESH_REPLAYED].contains(self) {
            "refused"
        } else {
            "succeeded"
        }
    }
}

/// Which events are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventFilter {
    pub(crate) user: Option<UserId>,
    pub(crate) kind: Option<Kind>,
    pub(crate) since: Timestamp,
}

/// An event where it stands among all. Others come by time, and by position where the time is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) position: i64,
    pub(crate) event: SecurityEvent,
}

/// What happened, as it is kept: `events` reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptEvent {
    /// Its place in the feed.
    pub(crate) position: i64,
    /// All of it, as JSON.
    pub(crate) payload: String,
}

/// Behind which event a page begins. The latest events come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventPlace {
    pub(crate) at: Timestamp,
    pub(crate) position: i64,
}

impl EventPlace {
    /// Earlier than all that happens.
    pub(crate) const ALWAYS: Timestamp = Timestamp::from_micros(0);
    /// Later than all that happens: the end of the year 9999.
    pub(crate) const NEVER: Timestamp = Timestamp::from_micros(253_402_300_799_999_999);

    /// Behind all that happened at this moment or later.
    pub(crate) const fn before(at: Timestamp) -> Self {
        Self { at, position: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    #[test]
    fn a_kind_reads_back_and_what_is_none_is_refused() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Ok(kind.clone()));
            assert!(["succeeded", "refused"].contains(&kind.outcome()));
        }
        for text in ["", "signed in", "SIGNED_IN", "signed_in "] {
            assert_eq!(Kind::parse(text), Err(UnknownKind), "{text:?}");
        }
    }

    #[test]
    fn each_kind_stands_in_the_contract_and_in_the_documents() {
        let contract = include_str!("../../../../proto/sir0/accounts/v1/audit_service.proto");
        let documents = include_str!("../../../../docs/api.md");
        for kind in Kind::ALL {
            let kind = kind.as_str();
            assert!(contract.contains(&format!("      \"{kind}\"")), "{kind}");
            assert!(documents.contains(&format!("`{kind}`")), "{kind}");
        }
        let listed = contract.lines().filter(|line| line.starts_with("      \"")).count();
        assert_eq!(listed, Kind::ALL.len() + 1, "and one that keeps all");
    }

    #[test]
    fn an_owner_is_told_that_another_person_did_it_and_not_from_where() {
        let user = |id| UserId::parse(id).expect("an id");
        let (ada, eve) = (user(1), user(2));
        let event = SecurityEvent {
            actor: Some(eve),
            session: Some(SessionId::fresh(NOON)),
            address: Some([192, 0, 2, 7].into()),
            client: ClientId::parse(None).ok(),
            methods: Methods::PASSWORD,
            request: Some("r-1".to_owned()),
            ..SecurityEvent::new(Kind::STUDIO_LEFT, NOON).about(ada).with("studio")
        };

        let told = event.clone().told_to_owner();

        let bare = SecurityEvent::new(Kind::STUDIO_LEFT, NOON).about(ada).with("studio");
        assert_eq!(told, SecurityEvent { actor: Some(eve), ..bare });
        let own = SecurityEvent { actor: Some(ada), ..event.clone() };
        assert_eq!(own.clone().told_to_owner(), own);
        let nobodys = SecurityEvent { actor: None, ..event };
        assert_eq!(nobodys.clone().told_to_owner(), nobodys);
    }
}
