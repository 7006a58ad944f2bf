//! Text as it is searched: cut into words and made alike, here and not by a database, so that every engine finds the same.

mod letters;
mod runs;

use icu_properties::props::GeneralCategoryGroup;

use self::letters::plain;
use super::category;

/// Prepares what a search needs, so that the first one takes as long as the others.
pub fn prepare_search() {
    letters::prepare();
}

/// The words by which a text is found: those it has, and those that are cut by a mark once more as one, so that
/// `Spider-Man` is found by `spiderman`. Text that is written without blanks comes as pairs of neighbours.
#[must_use]
pub fn found_by(text: &str) -> Vec<String> {
    let text = plain(text);
    let chunks = text.split_whitespace().map(pieces);
    let words = |pieces: Vec<&str>| {
        let apart = pieces.iter().flat_map(|piece| runs::found_by(piece));
        let joined = joined(&pieces).flat_map(|word| runs::found_by(&word));
        apart.chain(joined).collect::<Vec<_>>()
    };
    chunks.flat_map(words).collect()
}

/// Each piece but the last with those behind it, until the word is longer than anyone types one: `.hack//G.U.` has
/// `hackgu` and `gu`. What comes letter by letter is one word from its first letter on: `S.T.A.L.K.E.R.` is no `talker`.
fn joined(pieces: &[&str]) -> impl Iterator<Item = String> {
    const TYPED_BYTES: usize = 64;
    let is_letter = |piece: &str| piece.chars().nth(1).is_none();
    let begins =
        move |at: &usize| *at == 0 || !is_letter(pieces[*at - 1]) || !is_letter(pieces[*at]);
    (0..pieces.len().saturating_sub(1)).filter(begins).map(|at| {
        let mut word = String::new();
        for piece in &pieces[at..] {
            if word.len() >= TYPED_BYTES {
                break;
            }
            word.push_str(piece);
        }
        word
    })
}

/// What someone looks for: each of its parts. A part is there if all the words of one of its spellings are, each as the
/// beginning of a word: `spider-man` is there as `spider` and `man`, or as `spiderman`.
#[must_use]
pub fn sought(text: &str) -> Vec<Vec<Vec<String>>> {
    let text = plain(text);
    let parts = text.split_whitespace().map(|chunk| {
        let pieces = pieces(chunk);
        let whole = (pieces.len() > 1).then(|| runs::sought(&pieces.concat()));
        let apart: Vec<_> = pieces.iter().flat_map(|piece| runs::sought(piece)).collect();
        [apart].into_iter().chain(whole).filter(|words| !words.is_empty()).collect::<Vec<_>>()
    });
    parts.filter(|spellings| !spellings.is_empty()).collect()
}

/// What marks separate.
fn pieces(chunk: &str) -> Vec<&str> {
    chunk.split(|character| !is_of_a_word(character)).filter(|piece| !piece.is_empty()).collect()
}

/// Letters, numbers and the marks on them.
fn is_of_a_word(character: char) -> bool {
    let category = category(character);
    [GeneralCategoryGroup::Letter, GeneralCategoryGroup::Mark, GeneralCategoryGroup::Number]
        .into_iter()
        .any(|group| group.contains(category))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Whether a search finds a text, as the index of either engine tells it.
    fn finds(search: &str, text: &str) -> bool {
        let words: BTreeSet<_> = found_by(text).into_iter().collect();
        let is_there = |word: &String| words.iter().any(|it| it.starts_with(word.as_str()));
        let sought = sought(search);
        !sought.is_empty()
            && sought.iter().all(|part| part.iter().any(|words| words.iter().all(is_there)))
    }

    #[test]
    fn what_people_type_finds_the_title() {
        let mut missed = Vec::new();
        for (title, searches) in [
            ("Baldur's Gate", &["baldurs gate", "baldur's", "BALDUR’S GATE", "baldur"][..]),
            ("Assassin’s Creed", &["assassins creed", "assassin's"]),
            ("S.T.A.L.K.E.R.: Shadow", &["stalker", "s.t.a.l.k.e.r", "stalk", "shadow"]),
            ("Spider-Man", &["spiderman", "spider man", "spider-man", "man"]),
            ("Half-Life", &["halflife", "half life"]),
            (".hack//G.U.", &["hackgu", "hack gu", ".hack g.u."]),
            ("Fate/Stay-Night", &["staynight", "fate stay-night"]),
            ("Tekken 8", &["Tekken™ 8", "tekken®"]),
            ("Tekken™ 8", &["tekken 8", "tekken™"]),
            ("Room 1\u{FE0F}\u{20E3}0\u{332}1", &["101"]),
            ("Z\u{337}a\u{489}lgo\u{35C}!", &["zalgo"]),
            ("NieR:Automata", &["nier automata", "nierautomata", "automata"]),
            ("Pokémon", &["pokemon", "POKÉMON", "poke\u{301}mon"]),
            ("Øresund", &["oresund", "øresund"]),
            ("Łódź", &["lodz", "ŁÓDŹ"]),
            ("Æther", &["aether", "æther"]),
            ("Straßenrennen", &["strassenrennen", "STRASSE"]),
            ("Diyarbakır", &["diyarbakir", "DİYARBAKIR", "diyarbakır"]),
            ("ΣΊΣΥΦΟΣ", &["σισυφος", "Σίσυφος"]),
            ("Ёлка", &["елка", "ёлка"]),
            ("Тетрис", &["ТЕТРИС"]),
            ("בְּרֵאשִׁית", &["בראשית"]),
            ("مُحَمَّد", &["محمد"]),
            ("ガーデン", &["ガーデン", "ｶﾞｰﾃﾞﾝ", "ーデ"]),
            ("王者荣耀", &["荣耀", "王者", "王者荣耀", "荣", "耀"]),
            ("大三国志", &["三国", "三国志"]),
            ("ファイナルファンタジー", &["ファンタジー", "ファイナル"]),
            ("東方紅魔郷", &["紅魔郷", "東方"]),
            ("スパイダー・マン", &["スパイダーマン"]),
            ("대한민국", &["한민", "민국"]),
            ("दिल धड़कने", &["दिल"]),
            ("தமிழ் விளையாட்டு", &["தமிழ்", "விளை"]),
            ("เสือร้องไห้", &["ร้องไห้", "เสือ"]),
            ("x² Cafe\u{301}-Noir", &["x2 cafe noir", "cafénoir"]),
            ("三国志14", &["三国志14", "14"]),
            ("می\u{200C}خواهم", &["میخواهم"]),
        ] {
            for search in searches {
                if !finds(search, title) {
                    missed.push(format!(
                        "{search} {title} {:?} {:?}",
                        sought(search),
                        found_by(title)
                    ));
                }
            }
        }
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn what_means_something_else_finds_nothing() {
        for (title, search) in [
            ("カーテンコール", "ガーデン"),
            ("दलाल", "दिल"),
            ("เสื้อ", "เสือ"),
            ("はは", "ばば"),
            ("й", "и"),
            ("王者荣耀", "者王"),
            ("Baldur's Gate", "gates"),
            ("Half-Life", "lifehalf"),
            ("S.T.A.L.K.E.R.", "talker"),
            ("mañana", "mana-x"),
        ] {
            assert!(!finds(search, title), "{search} {title}");
        }
        assert!(sought("-- !").is_empty());
        assert!(sought("🅰 ™").len() < 2);
    }
}
