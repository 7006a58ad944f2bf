//! How far a document is from a perfect match: a number that is compared, and depends on no other document.

/// What a match costs, the heaviest first: typos, parts found only by sound, parts found only outside of a title, a title
/// that has more than was typed, parts that are only the beginning of a word, and how many words more the title has. Each cost
/// has its own bits, so a comparison of two sums compares the costs one after the other.
pub(crate) type Cost = u32;

/// At most two for each of 16 parts.
pub(crate) const TYPO: Cost = 1 << 20;
/// At most one for each of 16 parts, as those below.
pub(crate) const BY_SOUND: Cost = 1 << 15;
pub(crate) const OUTSIDE_OF_TITLE: Cost = 1 << 10;
pub(crate) const NOT_WHOLE_TITLE: Cost = 1 << 9;
pub(crate) const BEGINNING: Cost = 1 << 4;
/// At most this many.
pub(crate) const MOST_WORDS_MORE: Cost = BEGINNING - 1;

/// The cost of the words of a title beyond those that were typed. They count only where all parts were found in the title: a
/// title says nothing about how well a description matches.
pub(crate) fn of_title(cost: Cost, typed_len: usize, title_len: u8) -> Cost {
    let is_in_title = cost % BY_SOUND < OUTSIDE_OF_TITLE;
    if !is_in_title {
        return 0;
    }
    let more = usize::from(title_len).saturating_sub(typed_len);
    u32::try_from(more).unwrap_or(MOST_WORDS_MORE).min(MOST_WORDS_MORE)
}
