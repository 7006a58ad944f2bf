//! Typed ids. Users and games are small integers because the documented contract says so; everything else is a
//! prefixed ULID, which sorts by age and can be told apart in a log.

use std::fmt;

use ulid::Ulid;

/// Why a number or a text is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Ids start at 1.
    #[error("must be 1 or more")]
    NotPositive,
    /// Ids end where a JSON number of 32 bits does.
    #[error("is larger than an id can be")]
    TooLarge,
    /// A prefixed id begins otherwise or goes on otherwise.
    #[error("must look like `{expected}…`")]
    Malformed {
        /// The prefix of ids of this kind.
        expected: &'static str,
    },
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i32);

        impl $name {
            /// The only way in from outside: 1 or more.
            pub fn parse(number: i32) -> Result<Self, InvalidId> {
                if number < 1 { Err(InvalidId::NotPositive) } else { Ok(Self(number)) }
            }

            /// The way in from the database, whose ids may outgrow the contract's.
            pub fn from_row(number: i64) -> Result<Self, InvalidId> {
                i32::try_from(number).map_or(Err(InvalidId::TooLarge), Self::parse)
            }

            /// As on the wire.
            #[must_use]
            pub const fn get(self) -> i32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for i32 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }
    };
}

number_id! {
    /// Identifies an account. Never changes, never used twice.
    UserId
}

number_id! {
    /// Identifies a game. Never changes, never used twice, also not after the game was removed.
    GameId
}

impl GameId {
    /// Above all ids that are given in turn.
    const DRAWN: u32 = 1 << 30;

    /// An id of a game that is a secret: drawn from the upper half, it tells nothing of how many there are. It may be in
    /// use.
    #[must_use]
    pub fn drawn() -> Self {
        let random = Ulid::new().random();
        let number = Self::DRAWN | (u32::try_from(random % u128::from(Self::DRAWN)).unwrap_or(0));
        Self(number.cast_signed())
    }
}

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            const PREFIX: &str = $prefix;

            /// A new one, made of the time and 80 random bits.
            #[must_use]
            pub fn fresh(at: crate::Timestamp) -> Self {
                let time = std::time::SystemTime::UNIX_EPOCH
                    + std::time::Duration::from_micros(at.micros().unsigned_abs());
                Self(Ulid::from_datetime(time))
            }

            /// Reads one back.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(Self::PREFIX)
                    .and_then(|body| body.parse().ok())
                    .map(Self)
                    .ok_or(InvalidId::Malformed { expected: Self::PREFIX })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", Self::PREFIX, self.0.to_string().to_lowercase())
            }
        }
    };
}

ulid_id! {
    /// Identifies a session: one sign-in, from its login to its end. Written `session_01j9z3k8m4…`.
    SessionId, "session_"
}

ulid_id! {
    /// Identifies a studio: the people who make games together. Written `studio_01j9z3k8m4…`.
    StudioId, "studio_"
}

ulid_id! {
    /// Identifies an invitation to a studio. Written `invitation_01j9z3k8m4…`.
    InvitationId, "invitation_"
}

ulid_id! {
    /// Identifies a picture of a game. Written `picture_01j9z3k8m4…`.
    PictureId, "picture_"
}

ulid_id! {
    /// Identifies a second factor of an account. Written `factor_01j9z3k8m4…`.
    FactorId, "factor_"
}

ulid_id! {
    /// Identifies a device that an account trusts. Written `device_01j9z3k8m4…`.
    DeviceId, "device_"
}

ulid_id! {
    /// Identifies an API token. It is no secret. Written `apitoken_01j9z3k8m4…`.
    ApiTokenId, "apitoken_"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_negative_numbers_are_no_ids() {
        assert_eq!(GameId::parse(0), Err(InvalidId::NotPositive));
        assert_eq!(GameId::parse(i32::MIN), Err(InvalidId::NotPositive));
        assert_eq!(GameId::from_row(1 << 40), Err(InvalidId::TooLarge));
        let drawn = [(); 100].map(|()| GameId::drawn().get());
        assert!(drawn.iter().all(|id| *id >= 1 << 30));
        assert!(drawn.iter().collect::<std::collections::BTreeSet<_>>().len() > 95);
    }

    #[test]
    fn a_session_id_reads_back_what_it_wrote() {
        let id = SessionId::fresh(crate::Timestamp::from_micros(1_700_000_000_000_000));

        assert_eq!(SessionId::parse(&id.to_string()), Ok(id));
        assert!(SessionId::parse("order_01j9z3k8m4").is_err());
    }
}
