//! About how a text sounds, in Latin letters, so that another script or another way to spell it finds it.
//!
//! `any_ascii` romanises a character at a time. What it cannot know is how characters of Japanese are read where Chinese
//! has them too: they come as in Chinese.

use any_ascii::any_ascii_char;
use sir0_kernel::folded;

/// The letters of a sound that count. Few words have more, and a player who searches for a title types fewer.
pub(crate) const MOST_LETTERS: usize = 24;

/// The sound of a text, without blanks: at most [`MOST_LETTERS`] letters and digits of ASCII. Empty where none is known.
pub(crate) fn sound(text: &str) -> String {
    let mut sound = unified(&romanised(&folded(text)));
    sound.truncate(MOST_LETTERS);
    sound
}

/// As it is written in Latin letters.
fn romanised(text: &str) -> String {
    let mut latin = String::with_capacity(text.len());
    for character in text.chars() {
        // No sound needs more. It bounds the work on a long text without blanks.
        if latin.len() > 4 * MOST_LETTERS {
            break;
        }
        let character = hiragana(character);
        match character {
            // A long vowel and a double consonant, which do not count.
            'ー' | 'っ' => {}
            'ゃ' | 'ゅ' | 'ょ' => {
                let is_palatal =
                    latin.ends_with("shi") || latin.ends_with("chi") || latin.ends_with("ji");
                if latin.ends_with('i') {
                    latin.pop();
                }
                if !is_palatal {
                    latin.push('y');
                }
                latin.push(match character {
                    'ゃ' => 'a',
                    'ゅ' => 'u',
                    _ => 'o',
                });
            }
            'ぁ' | 'ぃ' | 'ぅ' | 'ぇ' | 'ぉ' => {
                if latin.ends_with(['a', 'e', 'i', 'o', 'u']) {
                    latin.pop();
                }
                latin.push_str(any_ascii_char(character));
            }
            _ => latin.push_str(any_ascii_char(character)),
        }
    }
    latin.retain(|character| character.is_ascii_alphanumeric());
    latin.make_ascii_lowercase();
    latin
}

/// The character of hiragana that is read as one of katakana. Their blocks are in the same order.
fn hiragana(character: char) -> char {
    match character {
        'ァ'..='ヶ' => char::from_u32(u32::from(character) - 0x60).unwrap_or(character),
        _ => character,
    }
}

/// Spellings of one sound, the first of which is written for all: where the usual romanisations of Cyrillic (ISO 9,
/// BGN/PCGN and what people type), of long vowels in Japanese (Hepburn) and of umlauts differ.
const SPELLINGS: [(&str, &str); 12] = [
    ("shch", "sh"),
    ("sch", "sh"),
    ("kh", "h"),
    ("ph", "f"),
    ("ck", "k"),
    ("ae", "a"),
    ("oe", "o"),
    ("ue", "u"),
    ("ou", "o"),
    ("w", "v"),
    ("y", "i"),
    ("j", "i"),
];

/// With one spelling for each sound, and each letter once where it is doubled.
fn unified(latin: &str) -> String {
    let mut unified = String::with_capacity(latin.len());
    let mut rest = latin;
    while let Some(first) = rest.chars().next() {
        let spelling = SPELLINGS.iter().find(|(spelling, _)| rest.starts_with(spelling));
        let (taken, letters) = match spelling {
            Some((spelling, letters)) => (spelling.len(), *letters),
            None => (first.len_utf8(), &rest[..first.len_utf8()]),
        };
        let is_doubled =
            unified.ends_with(letters) && !letters.starts_with(|it: char| it.is_ascii_digit());
        if !is_doubled {
            unified.push_str(letters);
        }
        rest = &rest[taken..];
    }
    unified
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sounds_alike_has_one_sound_whatever_the_script() {
        for [one, other] in [
            ["Сталкер", "stalker"],
            ["Щука", "schuka"],
            ["Юлия", "julija"],
            ["Хлеб", "khleb"],
            ["Grüße", "gruesse"],
            ["ガーデン", "gaaden"],
            ["がーでん", "ガーデン"],
            ["ファンタジー", "fantaji"],
            ["ジャングル", "janguru"],
            ["とうきょう", "tokyo"],
            ["がっこう", "gakkou"],
            ["龙", "龍"],
            ["王者", "wangzhe"],
        ] {
            assert_eq!(sound(one), sound(other), "{one} {other}");
        }
        assert_ne!(sound("2000"), sound("20"));
    }

    #[test]
    fn a_sound_is_bounded() {
        assert_eq!(sound(&"ab".repeat(10_000)).len(), MOST_LETTERS);
        assert_eq!(sound("!?"), "");
    }
}
