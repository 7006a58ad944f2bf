//! Tokens that were found good lately. To check a signature takes about as long as all the rest of a small request.

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::sync::Cache;

use crate::{Claims, KeySet};

/// How many are kept. Each takes some hundred bytes.
const MOST: usize = 4096;

/// The SHA-256 of a token. No two tokens have one, and it is no use to whoever reads the memory.
type Digest = [u8; 32];

/// What good tokens say, and the keys that they were checked with. Bad ones are not kept: everybody can make those.
#[derive(Debug)]
pub(crate) struct Recognised(Cache<Digest, (KeySet, Claims)>);

impl Recognised {
    pub(crate) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// What this token says, if these very keys said so before. Otherwise what `read` makes of it.
    pub(crate) fn or_read<E>(
        &self,
        token: &str,
        keys: KeySet,
        read: impl FnOnce(&KeySet) -> Result<Claims, E>,
    ) -> Result<Claims, E> {
        let digest: Digest =
            digest(&SHA256, token.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes");
        if let Some((known, claims)) = self.0.get(&digest)
            && known.is_same(&keys)
        {
            return Ok(claims);
        }
        let claims = read(&keys)?;
        self.0.insert(digest, (keys, claims));
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, convert::Infallible};

    use sir0_kernel::{Role, SessionId, Timestamp, UserId};

    use super::*;

    const CLAIMS: fn() -> Claims = || Claims {
        user: UserId::parse(7).expect("an id"),
        role: Role::Player,
        session: SessionId::fresh(Timestamp::from_micros(0)),
        not_before: Timestamp::from_micros(0),
        expires: Timestamp::from_micros(1),
        signed_in: Timestamp::from_micros(0),
        methods: crate::Methods::PASSWORD,
        grant: None,
    };

    #[test]
    fn a_good_token_is_read_once_for_each_set_of_keys() {
        let recognised = Recognised::new();
        let (read, claims) = (Cell::new(0), CLAIMS());
        let (one, other) = (KeySet::of([&[1; 32]]), KeySet::of([&[1; 32]]));
        let count = |token, keys: &KeySet| {
            let found = recognised.or_read(token, keys.clone(), |_| {
                read.set(read.get() + 1);
                Ok::<_, Infallible>(claims)
            });
            assert_eq!(found, Ok(claims));
            read.take()
        };

        assert_eq!([count("a", &one), count("a", &one), count("b", &one)], [1, 0, 1]);
        assert_eq!([count("a", &other), count("a", &other), count("a", &one)], [1, 0, 1]);
    }

    #[test]
    fn a_bad_token_is_read_each_time() {
        let recognised = Recognised::new();
        let keys = KeySet::of([&[1; 32]]);

        for verdict in [Err("bad"), Err("bad"), Ok(CLAIMS())] {
            assert_eq!(recognised.or_read("a", keys.clone(), |_| verdict), verdict);
        }
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let recognised = Recognised::new();
        let (keys, claims) = (KeySet::of([&[1; 32]]), CLAIMS());

        for number in 0..3 * MOST {
            let read =
                recognised.or_read(&number.to_string(), keys.clone(), |_| Ok::<_, ()>(claims));
            assert_eq!(read, Ok(claims));
        }

        assert!(recognised.0.len() <= MOST, "{}", recognised.0.len());
    }
}
