//! What the name of a person may hold beyond what a line may: characters that are seen, and those that are not where a
//! script or an emoji needs them.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        BinaryProperty, CanonicalCombiningClass, Emoji, ExtendedPictographic,
        GeneralCategory as Category, JoiningType, Script, UnifiedIdeograph,
    },
};
use unicode_security::mixed_script::AugmentedScriptSet;

use super::{InvalidText, category, is_unseen};

/// More marks on one letter than any language writes (UTS 39, 5.4).
const MOST_MARKS: usize = 4;

/// Judges a name in NFC.
pub(super) fn judge(name: &str) -> Result<(), InvalidText> {
    let characters: Vec<char> = name.chars().collect();
    for (at, character) in characters.iter().enumerate() {
        let (before, after) = (&characters[..at], &characters[at + 1..]);
        judge_one(before, *character, after)?;
    }
    let words = name.split(|it: char| !(it.is_alphanumeric() || is_mark(it)));
    if words.into_iter().any(mixes_alphabets) {
        return Err(InvalidText::MixedAlphabets);
    }
    let mut on_a_letter = MOST_MARKS;
    for character in characters {
        on_a_letter = if is_mark(character) { on_a_letter + 1 } else { 0 };
        if on_a_letter > MOST_MARKS {
            return Err(InvalidText::TooManyMarks);
        }
    }
    Ok(())
}

fn judge_one(before: &[char], character: char, after: &[char]) -> Result<(), InvalidText> {
    let number = u32::from(character);
    match category(character) {
        Category::Unassigned | Category::PrivateUse => Err(InvalidText::NoCharacter(number)),
        _ if is_unseen(character) && !is_needed(before, character, after) => {
            Err(InvalidText::Unseen(number))
        }
        _ => Ok(()),
    }
}

/// Whether a script or an emoji needs a character that is not seen, where it stands (RFC 5892, appendix A.1 and A.2;
/// UTS 51, 1.4).
fn is_needed(before: &[char], character: char, after: &[char]) -> bool {
    let Some(last) = before.last().copied() else { return false };
    match character {
        '\u{200C}' => is_virama(last) || breaks_a_join(before, after),
        '\u{200D}' => is_virama(last) || joins_emoji(before, after),
        '\u{FE0E}' | '\u{FE0F}' => has::<Emoji>(last),
        '\u{FE00}'..='\u{FE0D}' | '\u{E0100}'..='\u{E01EF}' => has::<UnifiedIdeograph>(last),
        '\u{180B}'..='\u{180D}' | '\u{180F}' => script(last) == Script::Mongolian,
        // The flags of countries within a country, such as Wales.
        '\u{E0020}'..='\u{E007F}' => {
            let flag = before.iter().rev().find(|it| !matches!(it, '\u{E0020}'..='\u{E007E}'));
            flag == Some(&'\u{1F3F4}')
        }
        _ => false,
    }
}

/// Whether the letters on both sides would be written as one.
fn breaks_a_join(before: &[char], after: &[char]) -> bool {
    let joining = |character: &char| CodePointMapData::<JoiningType>::new().get(*character);
    let is_letter = |it: &JoiningType| *it != JoiningType::Transparent;
    let left = before.iter().rev().map(joining).find(is_letter);
    let right = after.iter().map(joining).find(is_letter);
    matches!(left, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(right, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

fn joins_emoji(before: &[char], after: &[char]) -> bool {
    let is_style = |it: &&char| matches!(it, '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}');
    let left = before.iter().rev().find(|it| !is_style(it));
    let is_picture = |it: &char| has::<ExtendedPictographic>(*it);
    left.is_some_and(is_picture) && after.first().is_some_and(is_picture)
}

/// Whether a word has letters of alphabets that share shapes: of two scripts, unless they are written together as in
/// Japanese, or one is Latin and the other shares no shapes with it (UTS 39, 5.2: moderately restrictive, which names
/// Greek and Cyrillic; here Coptic, Armenian and Cherokee too).
fn mixes_alphabets(word: &str) -> bool {
    if !AugmentedScriptSet::for_str(word).is_empty() {
        return false;
    }
    let is_latin = |character: &char| script(*character) == Script::Latin;
    let others: String = word.chars().filter(|character| !is_latin(character)).collect();
    let shares_shapes = |character| {
        matches!(
            script(character),
            Script::Greek | Script::Cyrillic | Script::Coptic | Script::Armenian | Script::Cherokee
        )
    };
    AugmentedScriptSet::for_str(&others).is_empty() || others.chars().any(shares_shapes)
}

fn is_mark(character: char) -> bool {
    matches!(category(character), Category::NonspacingMark | Category::EnclosingMark)
}

fn is_virama(character: char) -> bool {
    let class = CodePointMapData::<CanonicalCombiningClass>::new().get(character);
    class == CanonicalCombiningClass::Virama
}

fn script(character: char) -> Script {
    CodePointMapData::<Script>::new().get(character)
}

fn has<P: BinaryProperty>(character: char) -> bool {
    const { CodePointSetData::new::<P>() }.contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Form, Text};

    const NAME: Text = Text { min: 1, max: 64, form: Form::Name };

    #[test]
    fn names_of_many_languages_are_names() {
        for name in [
            "Ada Lovelace",
            "D'Arcy O’Neil-Smith",
            "Łukasz Żółć",
            "Nguyễn Thị Minh",
            "Σοφοκλής",
            "Сергей Иванов",
            "Ада Smith",
            "דוד המלך",
            "محمد علي",
            "می\u{200C}خواهم",
            "क्\u{200D}ष राम",
            "श्री",
            "தமிழ்",
            "สมชาย",
            "王小明",
            "山田太郎",
            "ピカチュウ愛",
            "김철수",
            "X战警",
            "辻\u{E0100}さん",
            "👩\u{200D}🚀 Ada",
            "❤\u{FE0F}",
            "👨🏽\u{200D}🦰",
            "🏴\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}",
            "ᠮᠣᠩᠭᠣᠯ\u{180B}",
            "xX_Slayer_Xx 2000!",
        ] {
            assert!(NAME.read(name).is_ok(), "{name}: {:?}", NAME.read(name));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused_where_nothing_needs_it() {
        for unseen in [
            "ad\u{AD}min",
            "admin\u{34F}",
            "ad\u{200D}min",
            "ad\u{200C}min",
            "ad\u{200B}min",
            "\u{FEFF}admin",
            "admin\u{FE0F}",
            "ad\u{E0061}min",
            "\u{3164}",
            "\u{115F}\u{1160}",
            "\u{FFA0}",
            "a\u{180E}b",
            "a\u{2800}b",
            "愛\u{200D}",
            "\u{200D}👩",
            "a\u{206A}b",
        ] {
            let refused = NAME.read(unseen);
            assert!(
                matches!(refused, Err(InvalidText::Unseen(_) | InvalidText::Control(_))),
                "{unseen:?}: {refused:?}"
            );
        }
    }

    #[test]
    fn what_is_no_character_everywhere_is_in_no_name() {
        for none in ["a\u{E000}", "a\u{F8FF}", "a\u{10FFFD}", "a\u{378}", "a\u{FFFF}"] {
            assert!(matches!(NAME.read(none), Err(InvalidText::NoCharacter(_))), "{none:?}");
        }
    }

    #[test]
    fn a_word_is_of_one_alphabet() {
        for mixed in ["аdmin", "pаypal", "Αdmin", "ѕ1mon", "Latinи"] {
            assert_eq!(NAME.read(mixed), Err(InvalidText::MixedAlphabets), "{mixed}");
        }
    }

    #[test]
    fn marks_stand_on_letters_and_are_few() {
        assert!(NAME.read("ở\u{323}\u{301}\u{302}").is_ok());
        assert_eq!(
            NAME.read("Z\u{300}\u{301}\u{302}\u{303}\u{304}algo"),
            Err(InvalidText::TooManyMarks)
        );
        assert_eq!(NAME.read("\u{301}a"), Err(InvalidText::TooManyMarks));
    }
}
