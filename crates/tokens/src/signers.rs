//! The keys that sign, each from its time on.

use std::sync::{Arc, PoisonError, RwLock};

use sir0_kernel::Timestamp;

use crate::SigningKey;

/// The keys that sign tokens, each from its time on. There is always one. Clones share them.
///
/// Which of them signs is told by the time that is asked for, and by nothing that happened before: a clock that jumps
/// ahead and back again finds the key that it had.
#[derive(Clone, Debug)]
pub struct Signers(Arc<RwLock<Vec<Signer>>>);

type Signer = (Timestamp, Arc<SigningKey>);

impl Signers {
    /// These keys, the first one first. `None` without any.
    #[must_use]
    pub fn new(keys: Vec<(Timestamp, Arc<SigningKey>)>) -> Option<Self> {
        (!keys.is_empty()).then(|| Self(Arc::new(RwLock::new(keys))))
    }

    /// Signs with these keys from now on. Without any, those that are known stay.
    pub fn set(&self, keys: Vec<(Timestamp, Arc<SigningKey>)>) {
        if !keys.is_empty() {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
        }
    }

    /// The key that signs at this time: the last one whose time has come. Before the time of all of them it is the first.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Arc<SigningKey> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let come = keys.iter().rev().find(|(from, _)| *from <= now);
        Arc::clone(&come.or_else(|| keys.first()).expect("there is always one").1)
    }
}

impl From<SigningKey> for Signers {
    fn from(key: SigningKey) -> Self {
        Self(Arc::new(RwLock::new(vec![(Timestamp::from_micros(0), Arc::new(key))])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_signs_from_its_time_on_also_for_a_clock_that_jumps_back() {
        let keys = [10, 20].map(|from| {
            let key = SigningKey::generate().expect("random numbers");
            (Timestamp::from_micros(from), Arc::new(key))
        });
        let signers = Signers::new(keys.to_vec()).expect("there are some");
        let kid = |at| signers.at(Timestamp::from_micros(at)).kid().to_owned();
        let [first, second] = keys.map(|(_, key)| key.kid().to_owned());

        for (at, expected) in [(0, &first), (19, &first), (20, &second), (99, &second), (5, &first)]
        {
            assert_eq!(&kid(at), expected, "at {at}");
        }
        signers.set(Vec::new());
        assert_eq!(kid(20), second);
        assert!(Signers::new(Vec::new()).is_none());
    }
}
