//! Requests that may be sent again: the same one makes no other game.

use sir0_kernel::{GameId, UserId};

use super::Title;

/// A client's name for one of its requests: 1 to 64 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

/// No request is called this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to {MAX_CHARS} visible ASCII characters")]
pub struct InvalidRequestId;

const MAX_CHARS: usize = 64;

impl RequestId {
    /// The only way to make one. Kept as it is: two that look different are different.
    pub fn parse(text: &str) -> Result<Self, InvalidRequestId> {
        let is_good = (1..=MAX_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_good { Ok(Self(text.to_owned())) } else { Err(InvalidRequestId) }
    }
}

/// A request among those of all callers: the same id of another caller is another request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey(String);

impl RequestKey {
    /// The request of this caller.
    #[must_use]
    pub fn of(caller: UserId, RequestId(id): &RequestId) -> Self {
        Self(format!("{caller}:{id}"))
    }

    /// As it is looked up.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a request made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The game.
    pub id: GameId,
    /// Its name, as it was kept then.
    pub title: Title,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_called_by_a_few_visible_characters() {
        let longest = "x".repeat(64);
        for good in ["a", "7f3c0c52-6d7b-4d0e-9a39-5f4a8b1f2c11", "1:2", "!~", &longest] {
            assert_eq!(RequestId::parse(good), Ok(RequestId(good.to_owned())));
        }
        let too_long = "x".repeat(65);
        for bad in ["", " ", "a b", " a", "a\n", "a\0", "\u{7f}", "\u{e9}", "\u{1f3ee}", &too_long]
        {
            assert_eq!(RequestId::parse(bad), Err(InvalidRequestId), "{bad:?}");
        }
    }

    #[test]
    fn no_two_callers_share_a_request() {
        let of = |caller, id| {
            let caller = UserId::parse(caller).expect("a positive id");
            RequestKey::of(caller, &RequestId::parse(id).expect("a good id"))
        };

        assert_ne!(of(1, "a"), of(2, "a"));
        assert_ne!(of(1, "1:a"), of(11, ":a"));
        assert_ne!(of(1, "a"), of(1, "A"));
        assert_eq!(of(1, "a"), of(1, "a"));
    }
}
