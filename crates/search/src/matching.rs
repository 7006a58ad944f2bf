//! Which documents have the words of a search, and how well.

use crate::{
    fuzzy::{self, distance_within},
    index::Index,
    query::{Part, Words},
    ranking::{BEGINNING, BY_SOUND, Cost, NOT_WHOLE_TITLE, OUTSIDE_OF_TITLE, TYPO, of_title},
    slots::Slots,
};

/// With fewer documents that have the words as written or by sound, typos are forgiven too. With more, a list by price of
/// what has a word does not also hold what has a similar one.
pub(crate) const ENOUGH: usize = 10;
/// How many titles without blanks are compared with a part for typos, at most. Where more have its characters, in whatever
/// order, typos in the part are not forgiven.
pub(crate) const MOST_COMPARED_TITLES: usize = 512;
/// From how many characters on two typos are forgiven in a script without blanks, where each says more than a letter.
const LEAST_FOR_TWO_TYPOS: usize = 6;

/// Documents that match a part equally well.
struct Level {
    cost: Cost,
    slots: Slots,
}

/// Documents that match a search.
pub(crate) struct Matches<'a> {
    pub(crate) slots: Slots,
    index: &'a Index,
    words: &'a Words,
    parts: Vec<Vec<Level>>,
    whole: Slots,
}

impl<'a> Matches<'a> {
    pub(crate) fn of(index: &'a Index, words: &'a Words) -> Self {
        let mut parts: Vec<_> = words.parts.iter().map(|part| as_written(index, part)).collect();
        let mut slots = in_all(&parts);
        if slots.len() < ENOUGH {
            for (levels, part) in parts.iter_mut().zip(&words.parts) {
                levels.extend(with_typos(index, part));
            }
            // A blank too many makes two parts of a word. Each of the two is there if the word is.
            for (at, joined) in words.joined.iter().enumerate() {
                for mut level in
                    as_written(index, joined).into_iter().chain(with_typos(index, joined))
                {
                    // Not as written, and a cost of each part stays within its bits.
                    level.cost |= BY_SOUND;
                    parts[at].push(Level { slots: level.slots.clone(), ..level });
                    parts[at + 1].push(level);
                }
            }
            slots = in_all(&parts);
        }
        let mut whole = Slots::default();
        if let Some(postings) = index.wholes.get(&words.whole) {
            postings.add_to(&mut whole);
        }
        Self { slots, index, words, parts, whole }
    }

    /// The costs of these matches, by slot.
    pub(crate) fn costs(&self, among: &Slots) -> Vec<Cost> {
        let mut costs = vec![0; self.index.entries.len()];
        for levels in &self.parts {
            let mut levels: Vec<_> = levels.iter().collect();
            levels.sort_by_key(|level| level.cost);
            let mut left = among.clone();
            for level in levels {
                let mut here = left.clone();
                here.keep(&level.slots);
                here.iter().for_each(|slot| costs[slot as usize] += level.cost);
                left.drop_all(&here);
                if left.is_empty() {
                    break;
                }
            }
        }
        for slot in among.iter() {
            let cost = &mut costs[slot as usize];
            if !self.whole.contains(slot) {
                *cost += NOT_WHOLE_TITLE;
            }
            let title_len = self.index.title_lens[slot as usize];
            *cost += of_title(*cost, self.words.len, title_len);
        }
        costs
    }
}

/// The documents that have every part.
fn in_all(parts: &[Vec<Level>]) -> Slots {
    let any = |levels: &Vec<Level>| {
        let mut slots = Slots::default();
        for level in levels {
            slots.unite(&level.slots);
        }
        slots
    };
    let all = parts.iter().map(any).reduce(|mut one, other| {
        one.keep(&other);
        one
    });
    all.unwrap_or_default()
}

/// The documents with a part as it is written, and those with a part that sounds so.
fn as_written(index: &Index, part: &Part) -> Vec<Level> {
    let mut levels = Vec::new();
    for words in &part.spellings {
        let of_words = words.iter().map(|word| {
            [
                Level { cost: 0, slots: index.title.with(word) },
                Level { cost: BEGINNING, slots: index.title.with_beginning(word) },
                Level { cost: OUTSIDE_OF_TITLE, slots: index.body.with_beginning(word) },
            ]
        });
        levels.extend(worst_of(of_words.collect()));
    }
    // One letter sounds like much.
    if part.sound.len() > 1 {
        let by_sound = [
            Level { cost: BY_SOUND, slots: index.spoken.with(&part.sound) },
            Level { cost: BY_SOUND + BEGINNING, slots: index.spoken.with_beginning(&part.sound) },
            Level { cost: BY_SOUND + BEGINNING, slots: index.joined.with_beginning(&part.sound) },
        ];
        levels.extend(by_sound);
    }
    levels.retain(|level| !level.slots.is_empty());
    levels
}

/// The documents with all of some words: each costs what the word costs that matches worst. The levels of each word are in
/// the order of their costs.
fn worst_of<const LEVELS: usize>(mut words: Vec<[Level; LEVELS]>) -> Vec<Level> {
    if let [_] = words[..] {
        return words.remove(0).into();
    }
    // From the first level of each word on, each holds those before it too.
    for levels in &mut words {
        for level in 1..LEVELS {
            let (before, here) = levels.split_at_mut(level);
            here[0].slots.unite(&before[level - 1].slots);
        }
    }
    let all = words.into_iter().reduce(|mut one, other| {
        one.iter_mut().zip(&other).for_each(|(one, other)| one.slots.keep(&other.slots));
        one
    });
    all.map(Vec::from).unwrap_or_default()
}

/// The documents with a title that has about the part.
fn with_typos(index: &Index, part: &Part) -> Vec<Level> {
    let mut levels = Vec::new();
    for similar in fuzzy::similar(index.spoken.words(), &part.sound, part.typos, part.is_last) {
        let beginning = if similar.is_longer { BEGINNING } else { 0 };
        let cost = TYPO * Cost::from(similar.typos) + BY_SOUND + beginning;
        if levels.last().is_none_or(|level: &Level| level.cost != cost) {
            levels.push(Level { cost, slots: Slots::default() });
        }
        if let (Some(level), Some(postings)) =
            (levels.last_mut(), index.spoken.words().get(similar.word))
        {
            postings.add_to(&mut level.slots);
        }
    }
    levels.extend(with_typos_unspaced(index, &part.unspaced));
    levels
}

/// The same in a script without blanks: a part of a title is near.
fn with_typos_unspaced(index: &Index, typed: &[char]) -> Vec<Level> {
    if typed.is_empty() {
        return Vec::new();
    }
    let limit = if typed.len() < LEAST_FOR_TWO_TYPOS { 1 } else { 2 };
    let candidates = with_characters(index, typed, limit);
    if candidates.len() > MOST_COMPARED_TITLES {
        return Vec::new();
    }
    let mut levels = Vec::new();
    for typos in 1..=limit {
        let cost = TYPO * Cost::from(typos > 1) + TYPO;
        levels.push(Level { cost, slots: Slots::default() });
    }
    for slot in candidates.iter() {
        let Some(entry) = &index.entries[slot as usize] else { continue };
        let nearest = entry.unspaced.iter().map(|title| distance_within(typed, title)).min();
        if let Some(level) = nearest.and_then(|typos| levels.get_mut(typos.max(1) - 1)) {
            level.slots.insert(slot);
        }
    }
    levels
}

/// The documents with a title that has all but a few of the characters. A character that is missing is a typo.
fn with_characters(index: &Index, typed: &[char], few: usize) -> Slots {
    let mut missing = vec![Slots::default(); few + 1];
    missing[0] = index.live.clone();
    for character in typed {
        let mut with = Slots::default();
        if let Some(postings) = index.title.with_first(*character) {
            postings.add_to(&mut with);
        }
        for count in (0..=few).rev() {
            let mut without = missing[count].clone();
            without.drop_all(&with);
            missing[count].keep(&with);
            if let Some(more) = missing.get_mut(count + 1) {
                more.unite(&without);
            }
        }
    }
    let all = missing.into_iter().reduce(|mut one, other| {
        one.unite(&other);
        one
    });
    all.unwrap_or_default()
}
