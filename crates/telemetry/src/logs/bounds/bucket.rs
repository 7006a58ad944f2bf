//! A budget of bytes that fills up again with time.

/// Holds some bytes, and gains some each second.
pub(super) struct Bucket {
    most: i64,
    each_second: i64,
    left: i64,
    filled_at: i64,
}

impl Bucket {
    /// Full, at this moment in microseconds.
    pub(super) const fn new(most: i64, each_second: i64, now: i64) -> Self {
        Self { most, each_second, left: most, filled_at: now }
    }

    /// Takes the bytes if they are there. More bytes than the bucket ever holds are taken when it is full.
    pub(super) fn pays(&mut self, bytes: usize, now: i64) -> bool {
        self.fill(now);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let is_there = self.left >= bytes.min(self.most);
        if is_there {
            self.left -= bytes;
        }
        is_there
    }

    /// Takes the bytes whether they are there or not. The missing bytes are made up for later.
    pub(super) fn owes(&mut self, bytes: usize, now: i64) {
        self.fill(now);
        self.left = self.left.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Adds what was gained since the last time. A clock that was set back adds nothing.
    fn fill(&mut self, now: i64) {
        let passed = (now - self.filled_at).clamp(0, 60_000_000);
        let gained = passed * self.each_second / 1_000_000;
        // Less than a byte waits for the next time.
        if gained > 0 || now < self.filled_at {
            self.filled_at = now;
            self.left = (self.left + gained).min(self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_bucket_gives_what_it_holds_and_then_what_it_gains() {
        let mut bucket = Bucket::new(100, 10, 0);

        assert!(bucket.pays(100, 0));
        assert!(!bucket.pays(1, 0));
        assert!(bucket.pays(10, SECOND));
        assert!(!bucket.pays(1, SECOND));
        assert!(bucket.pays(100, 60 * SECOND));
    }

    #[test]
    fn many_short_moments_bring_as_much_as_one_long() {
        let mut bucket = Bucket::new(100, 10, 0);
        assert!(bucket.pays(100, 0));

        let paid = (1..=SECOND / 1_000).filter(|moment| bucket.pays(1, moment * 1_000)).count();

        assert_eq!(paid, 10);
    }

    #[test]
    fn a_debt_is_made_up_for_before_anything_else_is_paid() {
        let mut bucket = Bucket::new(100, 10, 0);

        bucket.owes(120, 0);

        assert!(!bucket.pays(1, 2 * SECOND));
        assert!(bucket.pays(1, 3 * SECOND));
    }

    #[test]
    fn a_clock_that_is_set_back_neither_adds_nor_stops_the_filling() {
        let mut bucket = Bucket::new(100, 10, 1_000 * SECOND);
        assert!(bucket.pays(100, 1_000 * SECOND));

        assert!(!bucket.pays(1, 10 * SECOND));
        assert!(bucket.pays(10, 11 * SECOND));
    }
}
