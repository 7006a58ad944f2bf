//! How often something was done, counted for all instances by the generic cell rate algorithm.

use std::time::Duration;

use redis::Cmd;

/// The clock is the one of Redis, alike for all instances. What is under the key but no moment near now counts as nothing: a
/// clock that was set back, or bytes that something else wrote.
const TAKE: &str = "\
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local free_at = tonumber(redis.call('GET', KEYS[1]) or '')
if not (free_at and free_at >= now and free_at <= now + window) then free_at = now end
local next = free_at + interval
if next - now > window then return {0, 0, next - window - now} end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return {1, math.floor((window - (next - now)) / interval), 0}";

/// What Redis says of one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether it was free.
    pub is_free: bool,
    /// How many are left.
    pub left: u32,
    /// How long it takes until one is free. No longer than the window.
    pub wait: Duration,
}

/// The command that counts one more under this key: one is free at each interval, and as many at once as the window has
/// intervals.
pub(crate) fn command(key: &str, interval: Duration, window: Duration) -> Cmd {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    let mut command = redis::cmd("EVAL");
    command.arg(TAKE).arg(1).arg(key).arg(micros(interval)).arg(micros(window));
    command
}

impl Taken {
    /// The answer, if it is one.
    pub(crate) fn of((is_free, left, wait): (i64, i64, i64), window: Duration) -> Option<Self> {
        let is_free = match is_free {
            0 => false,
            1 => true,
            _ => return None,
        };
        let left = u32::try_from(left).ok()?;
        let wait = Duration::from_micros(u64::try_from(wait).ok()?).min(window);
        Some(Self { is_free, left, wait })
    }
}
