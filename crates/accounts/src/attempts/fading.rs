//! Counts that fade. They take a fixed number of bytes, however many clients ask.

use std::time::Duration;

use tokio::time::Instant;

/// Counts by name, each of which halves in a fixed time.
///
/// They lie on shelves of [`Fading::WAYS`]. A new count replaces the least on its shelf. A client with many names
/// pushes out names that count as little, and its own first.
#[derive(Debug)]
pub(super) struct Fading {
    half_life: f32,
    began: Instant,
    entries: Vec<Entry>,
}

/// The name of a count, and its shelf.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// The shelf where it may lie.
    pub(super) shelf: u64,
    pub(super) name: u64,
}

/// A count as it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) level: f32,
    /// The time since it was last counted up.
    pub(super) age: Duration,
}

/// One count, in 16 bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    name: u64,
    level: f32,
    at: Ticks,
}

/// The time since the beginning, in steps of 50 ms: enough for six years.
#[derive(Clone, Copy, Debug, Default)]
struct Ticks(u32);

impl Key {
    /// The name decides the shelf. Names are random numbers.
    pub(super) const fn of(name: u64) -> Self {
        Self { shelf: name, name }
    }
}

impl Fading {
    const WAYS: usize = 8;
    const SHELVES: usize = 1 << 13;
    /// The highest level. A larger count is forgotten as soon as this one: the address may have another owner by then.
    const MOST: f32 = 256.0;

    pub(super) fn new(half_life: Duration, now: Instant) -> Self {
        let entries = vec![Entry::default(); Self::WAYS * Self::SHELVES];
        Self { half_life: half_life.as_secs_f32(), began: now, entries }
    }

    /// The level now, and the time since it was last counted up.
    pub(super) fn read(&self, key: Key, now: Instant) -> Reading {
        let now = self.ticks(now);
        let found = self.entries[Self::places(key)].iter().find(|entry| entry.name == key.name);
        found.map_or(Reading { level: 0.0, age: Duration::ZERO }, |entry| Reading {
            level: entry.faded(now, self.half_life),
            age: now.since(entry.at),
        })
    }

    pub(super) fn level(&self, key: Key, now: Instant) -> f32 {
        self.read(key, now).level
    }

    /// Counts.
    pub(super) fn add(&mut self, key: Key, amount: f32, now: Instant) {
        let level = (self.level(key, now) + amount).min(Self::MOST);
        self.set(key, level, now);
    }

    /// Counts down by this amount. The age of the count stays.
    pub(super) fn take_back(&mut self, key: Key, amount: f32, now: Instant) {
        let (now, half_life) = (self.ticks(now), self.half_life);
        let row = &mut self.entries[Self::places(key)];
        if let Some(entry) = row.iter_mut().find(|entry| entry.name == key.name) {
            let rest = 1.0 - amount / entry.faded(now, half_life);
            // When the level has faded to zero, `rest` is infinite or no number.
            entry.level *= if rest > 0.0 { rest } else { 0.0 };
        }
    }

    /// Sets the level, and forgets what was counted before.
    pub(super) fn set(&mut self, key: Key, level: f32, now: Instant) {
        let (now, half_life) = (self.ticks(now), self.half_life);
        let row = &mut self.entries[Self::places(key)];
        let place = row.iter().position(|entry| entry.name == key.name).unwrap_or_else(|| {
            let levels = row.iter().map(|entry| entry.faded(now, half_life));
            let least = levels.enumerate().min_by(|(_, one), (_, other)| one.total_cmp(other));
            least.map_or(0, |(place, _)| place)
        });
        row[place] = Entry { name: key.name, level, at: now };
    }

    /// Forgets the count.
    pub(super) fn clear(&mut self, key: Key) {
        let row = &mut self.entries[Self::places(key)];
        if let Some(entry) = row.iter_mut().find(|entry| entry.name == key.name) {
            *entry = Entry::default();
        }
    }

    fn places(key: Key) -> std::ops::Range<usize> {
        let shelves = u64::try_from(Self::SHELVES).expect("a few thousand");
        let shelf = usize::try_from(key.shelf % shelves).expect("below a few thousand");
        shelf * Self::WAYS..(shelf + 1) * Self::WAYS
    }

    fn ticks(&self, now: Instant) -> Ticks {
        let since =
            now.saturating_duration_since(self.began).as_millis() / u128::from(Ticks::MILLIS);
        Ticks(u32::try_from(since).unwrap_or(u32::MAX))
    }
}

impl Entry {
    fn faded(self, now: Ticks, half_life: f32) -> f32 {
        self.level * (-now.since(self.at).as_secs_f32() / half_life).exp2()
    }
}

impl Ticks {
    const MILLIS: u64 = 50;

    fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::from(self.0.saturating_sub(earlier.0)) * Self::MILLIS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn near(level: f32, expected: f32) -> bool {
        (level - expected).abs() < 0.01
    }

    #[test]
    fn a_count_halves_in_its_time() {
        let now = Instant::now();
        let mut counts = Fading::new(MINUTE, now);
        let key = Key::of(7);
        counts.add(key, 8.0, now);

        assert!(near(counts.level(key, now), 8.0));
        assert!(near(counts.level(key, now + MINUTE), 4.0));
        assert!(near(counts.level(key, now + 3 * MINUTE), 1.0));
        assert!(near(counts.level(Key::of(8), now), 0.0));
    }

    #[test]
    fn what_is_taken_back_leaves_the_rest_and_its_age() {
        let now = Instant::now();
        let mut counts = Fading::new(MINUTE, now);
        let key = Key::of(7);
        counts.add(key, 8.0, now);

        let later = now + MINUTE;
        counts.take_back(key, 1.0, later);

        let read = counts.read(key, later);
        assert!(near(read.level, 3.0), "{read:?}");
        assert_eq!(read.age, MINUTE);
        counts.take_back(key, 100.0, later);
        assert_eq!(counts.level(key, later).to_bits(), 0.0_f32.to_bits());
        counts.take_back(key, 1.0, later + Duration::from_hours(100_000));
        assert_eq!(counts.level(key, later).to_bits(), 0.0_f32.to_bits());
    }

    #[test]
    fn the_least_on_a_shelf_makes_room() {
        let now = Instant::now();
        let mut counts = Fading::new(MINUTE, now);
        let key = |name| Key { shelf: 3, name };
        for name in 1..=8 {
            counts.add(key(name), if name == 5 { 1.0 } else { 10.0 }, now);
        }

        for name in 100..200 {
            counts.add(key(name), 1.0, now);
        }

        let kept = (1..=8).filter(|name| counts.level(key(*name), now) > 9.0).count();
        assert_eq!(kept, 7);
        assert!(near(counts.level(key(199), now), 1.0));
    }
}
