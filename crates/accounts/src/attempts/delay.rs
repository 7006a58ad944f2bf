//! How long to wait after failures: twice as long after each.

use std::time::Duration;

use super::fading::Reading;

/// Some failures are free; from then on each doubles the time to the next attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delay {
    pub(super) free: u16,
    pub(super) longest: Duration,
}

impl Delay {
    /// How much of the delay is left. The delay is 1, 2, 4, … seconds from the latest failure on.
    pub(super) fn left(&self, failures: Reading) -> Option<Duration> {
        let beyond = failures.level.round() - f32::from(self.free);
        if beyond < 0.0 {
            return None;
        }
        let longest = self.longest.as_secs_f32();
        let delay = Duration::from_secs_f32(beyond.exp2().min(longest));
        delay.checked_sub(failures.age).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Delay = Delay { free: 5, longest: Duration::from_mins(1) };

    fn left(level: f32, age: Duration) -> Option<u64> {
        DELAY.left(Reading { level, age }).map(|left| left.as_secs())
    }

    #[test]
    fn the_first_failures_are_free_and_each_after_them_doubles_the_wait() {
        let waits: Vec<_> = [0.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 11.0, 250.0]
            .map(|level| left(level, Duration::ZERO))
            .into();

        let expected =
            [None, None, Some(1), Some(2), Some(4), Some(8), Some(32), Some(60), Some(60)];
        assert_eq!(waits, expected);
    }

    #[test]
    fn the_wait_ends() {
        assert_eq!(left(8.0, Duration::from_secs(7)), Some(1));
        assert_eq!(left(8.0, Duration::from_secs(8)), None);
    }
}
