//! The keys that sign tokens: which of them signs at a moment, which are believed, and when the next one is due.

use std::time::Duration;

use sir0_kernel::Timestamp;

/// A key as all instances know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignerRow {
    /// Its name in the header of each token.
    pub(crate) kid: String,
    /// 1 for the first key, and one more for each later one.
    pub(crate) generation: i64,
    pub(crate) public: [u8; 32],
    /// The private key, sealed. `None` once the key is over.
    pub(crate) private: Option<Vec<u8>>,
    pub(crate) made: Timestamp,
    pub(crate) signs_from: Timestamp,
    /// The longest life of a token that it signed.
    pub(crate) token_life: Duration,
    /// When its tokens are refused although they have not expired: it may have leaked.
    pub(crate) refused_from: Option<Timestamp>,
}

/// How the keys follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rotation {
    /// How long a key signs. Zero never makes the next one by itself.
    pub(crate) every: Duration,
    /// How long a key is published before it signs, and believed beyond the life of its last token. Others may keep the
    /// published keys for so long.
    pub(crate) notice: Duration,
    /// How long a token lives that is signed now.
    pub(crate) token_life: Duration,
}

/// The keys of one kind of token, the first one first. What each does at a moment is told by the rows and the moment alone:
/// every instance comes to the same answer, and a clock that jumps ahead and back again comes back to the answer it had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SigningKeys(pub(crate) Vec<SignerRow>);

/// What a key does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Published, and signs from this moment on.
    Next(Timestamp),
    /// Signs.
    Signs,
    /// Signs no more. Its tokens are good until this moment.
    Verifies(Timestamp),
    /// Its tokens are refused.
    Over,
}

impl SigningKeys {
    /// The shortest notice: every instance of ours, also those that are told by a stream, knows a new key by then.
    pub(crate) const HEARD_EVERYWHERE: Duration = Duration::from_secs(15);
    /// How many keys are believed at a time. A published set of so many is far below what a verifier reads.
    pub(crate) const MOST: usize = 100;
    /// What is refused from the beginning of time on is not believed by any clock.
    pub(crate) const ALWAYS: Timestamp = Timestamp::from_micros(0);

    /// The keys with what each does now.
    pub(crate) fn stages(
        &self,
        rotation: Rotation,
        now: Timestamp,
    ) -> impl Iterator<Item = (&SignerRow, Stage)> {
        let signing = self.signing(now).map(|key| key.generation);
        self.0.iter().enumerate().map(move |(place, key)| {
            let ends = self.ends(place, rotation.notice);
            let stage = match ends {
                Some(end) if end <= now => Stage::Over,
                _ if signing == Some(key.generation) => Stage::Signs,
                _ if key.signs_from > now => Stage::Next(key.signs_from),
                Some(end) => Stage::Verifies(end),
                // Only the last key has no end, and it signs once its time has come.
                None => Stage::Signs,
            };
            (key, stage)
        })
    }

    /// The public keys that are to be believed now.
    pub(crate) fn believed(
        &self,
        rotation: Rotation,
        now: Timestamp,
    ) -> impl Iterator<Item = &[u8; 32]> {
        let stages = self.stages(rotation, now).filter(|(_, stage)| *stage != Stage::Over);
        stages.map(|(key, _)| &key.public)
    }

    /// The key that signs now: the last one whose time has come, else the first.
    fn signing(&self, now: Timestamp) -> Option<&SignerRow> {
        let able = || self.0.iter().filter(|key| key.can_sign(now));
        able().rev().find(|key| key.signs_from <= now).or_else(|| able().next())
    }

    /// The generation of the key that signs now. 0 without any.
    pub(crate) fn generation(&self, now: Timestamp) -> i64 {
        self.signing(now).map_or(0, |key| key.generation)
    }

    /// The generation of the next key.
    pub(crate) fn next_generation(&self) -> i64 {
        self.0.last().map_or(0, |last| last.generation) + 1
    }

    /// The key that is published and does not sign yet.
    pub(crate) fn pending(&self, now: Timestamp) -> Option<&SignerRow> {
        self.0.last().filter(|last| last.signs_from > now)
    }

    /// When the next key is to sign, if it has to be made now. A key that is published already is not made again, also by a
    /// clock that jumped back.
    pub(crate) fn due(&self, rotation: Rotation, now: Timestamp) -> Option<Timestamp> {
        let last = self.0.last()?;
        let ends = last.signs_from.after(rotation.every);
        let is_due = !rotation.every.is_zero() && now >= ends.before(rotation.notice);
        let is_made = self.pending(now).is_some() || self.is_full(rotation, now);
        (is_due && !is_made).then(|| now.after(rotation.notice))
    }

    /// Whether no more keys may be published for now.
    pub(crate) fn is_full(&self, rotation: Rotation, now: Timestamp) -> bool {
        self.believed(rotation, now).count() >= Self::MOST
    }

    /// When the tokens of a key are refused. `None` for the last key, whose end is not known yet.
    fn ends(&self, place: usize, notice: Duration) -> Option<Timestamp> {
        let key = &self.0[place];
        let behind = self.0.get(place + 1);
        let expired = behind.map(|behind| behind.signs_from.after(key.token_life).after(notice));
        expired.into_iter().chain(key.refused_from).min()
    }
}

impl SignerRow {
    /// Whether it may sign at this moment, as far as its own row tells.
    pub(crate) fn can_sign(&self, now: Timestamp) -> bool {
        self.private.is_some() && self.refused_from.is_none_or(|refused| refused > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);
    const ROTATION: Rotation = Rotation {
        every: Duration::from_hours(30 * 24),
        notice: Duration::from_hours(1),
        token_life: DAY,
    };

    fn day(days: u32) -> Timestamp {
        SigningKeys::ALWAYS.after(days * DAY)
    }

    fn key(generation: i64, signs_from: Timestamp) -> SignerRow {
        SignerRow {
            kid: generation.to_string(),
            generation,
            public: [u8::try_from(generation).expect("few keys"); 32],
            private: Some(Vec::new()),
            made: signs_from.before(ROTATION.notice),
            signs_from,
            token_life: DAY,
            refused_from: None,
        }
    }

    fn stages(keys: &SigningKeys, now: Timestamp) -> Vec<Stage> {
        keys.stages(ROTATION, now).map(|(_, stage)| stage).collect()
    }

    #[test]
    fn a_key_is_published_then_signs_then_verifies_and_then_is_over() {
        let keys = SigningKeys(vec![key(1, day(1)), key(2, day(31))]);
        let end = day(32).after(ROTATION.notice);

        for (now, expected) in [
            (day(1), [Stage::Signs, Stage::Next(day(31))]),
            (day(31).before(Duration::from_micros(1)), [Stage::Signs, Stage::Next(day(31))]),
            (day(31), [Stage::Verifies(end), Stage::Signs]),
            (end.before(Duration::from_micros(1)), [Stage::Verifies(end), Stage::Signs]),
            (end, [Stage::Over, Stage::Signs]),
            (day(0), [Stage::Signs, Stage::Next(day(31))]),
        ] {
            assert_eq!(stages(&keys, now), expected, "at {now:?}");
        }
    }

    #[test]
    fn the_next_key_is_due_before_the_time_of_the_last_one_is_up_and_only_once() {
        let mut keys = SigningKeys(vec![key(1, day(1))]);
        let due = day(31).before(ROTATION.notice);

        assert_eq!(keys.due(ROTATION, due.before(Duration::from_micros(1))), None);
        assert_eq!(keys.due(ROTATION, due), Some(day(31)));
        assert_eq!(keys.due(Rotation { every: Duration::ZERO, ..ROTATION }, day(9999)), None);

        keys.0.push(key(2, day(31)));
        for now in [due, day(31), day(0)] {
            assert_eq!(keys.due(ROTATION, now), None, "at {now:?}");
        }
        assert_eq!(SigningKeys::default().due(ROTATION, day(9999)), None);
    }

    #[test]
    fn a_process_that_slept_for_long_still_publishes_a_key_before_it_signs() {
        let keys = SigningKeys(vec![key(1, day(1))]);

        assert_eq!(keys.due(ROTATION, day(500)), Some(day(500).after(ROTATION.notice)));
        assert_eq!(stages(&keys, day(500)), [Stage::Signs]);
    }

    #[test]
    fn no_more_keys_are_published_than_a_verifier_reads() {
        let most = i64::try_from(SigningKeys::MOST).expect("few");
        let mut keys = SigningKeys((1..most).map(|generation| key(generation, day(1))).collect());
        assert!(keys.due(ROTATION, day(400)).is_some(), "the older ones are over by then");

        let hasty = Rotation { every: Duration::from_mins(1), ..ROTATION };
        assert!(keys.due(hasty, day(2)).is_some());
        keys.0.push(key(most, day(1)));
        assert_eq!(keys.due(hasty, day(2)), None);
        assert!(keys.due(hasty, day(3)).is_some(), "there is room again");
    }

    #[test]
    fn a_leaked_key_is_over_when_the_next_one_signs_and_so_is_one_that_never_signed() {
        let at = day(10);
        let leaked =
            |generation, from| SignerRow { refused_from: Some(at), ..key(generation, from) };
        let keys = SigningKeys(vec![leaked(1, day(1)), leaked(2, day(31)), key(3, at)]);

        let before = at.before(Duration::from_micros(1));
        assert_eq!(stages(&keys, before), [Stage::Signs, Stage::Next(day(31)), Stage::Next(at)]);
        assert_eq!(stages(&keys, at), [Stage::Over, Stage::Over, Stage::Signs]);
        assert_eq!(stages(&keys, day(40)), [Stage::Over, Stage::Over, Stage::Signs]);
    }

    #[test]
    fn there_is_a_key_that_signs_and_is_believed_whatever_the_clock_says() {
        let gone = SignerRow { private: None, ..key(1, day(1)) };
        let keys = SigningKeys(vec![gone, key(2, day(31)), key(3, day(61))]);

        for now in [day(0), day(1), day(31), day(61), day(9999), Timestamp::from_micros(i64::MAX)] {
            let signing: Vec<_> =
                keys.stages(ROTATION, now).filter(|(_, stage)| *stage == Stage::Signs).collect();
            assert_eq!(signing.len(), 1, "at {now:?}");
            assert!(keys.believed(ROTATION, now).any(|it| *it == signing[0].0.public));
        }
    }
}
