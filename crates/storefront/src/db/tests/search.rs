//! Search: each word begins a word of the title or description, whatever the case and the accents.

use proptest::{collection::vec, prelude::*};

use super::*;

/// A store, and what someone types.
#[derive(Clone, Debug)]
struct Searching {
    games: Vec<(String, String)>,
    typed: String,
}

fn any_searching() -> impl Strategy<Value = Searching> {
    let text = "[abABéÉä1 .'*\"-]{0,12}";
    let title = "[abABéä1][abAB 1.'-]{0,9}";
    (vec((title, text), 0..12), "[abAéÄ1 .*\"'()-]{0,8}[abé]")
        .prop_map(|(games, typed)| Searching { games, typed })
}

/// A text as words are compared: the model, which is not SQL.
fn words_of(text: &str) -> Vec<String> {
    let plain = text.to_lowercase().replace('é', "e").replace('ä', "a");
    let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

for_all_on_every_engine! {
    async fn a_search_finds_what_a_simple_reader_finds(db: StorefrontDb, searching: Searching in any_searching()) {
        let games = searching.games.iter().map(|(title, text)| a_new_game(title, "Puzzle", 0, text));
        let kept = db.keeps(games).await;

        let words = Words::parse(&searching.typed).ok();
        let found = db.lists(&Listing { words, ..everything(Sort::Title) }).await;

        let wanted = words_of(&searching.typed);
        let mut expected: Vec<_> = kept
            .into_iter()
            .filter(|game| {
                let has = words_of(&format!("{} {}", game.title.as_str(), game.description.as_str()));
                wanted.iter().all(|wanted| has.iter().any(|word| word.starts_with(wanted)))
            })
            .collect();
        expected.sort_by_key(|game| (game.title.key(), game.id));
        assert_eq!(found, expected);
    }
}

on_every_engine! {
    async fn a_game_is_found_by_the_beginning_of_a_word_in_any_case(db: StorefrontDb) {
        db.keeps([lanterns(), a_new_game("Deep Sea", "Puzzle", 0, "Where the Éclair sank.")]).await;

        assert_eq!(db.finds("LANT").await, ["Lanterns"]);
        assert_eq!(db.finds("deep where").await, ["Deep Sea"]);
        assert_eq!(db.finds("eclair").await, ["Deep Sea"]);
        assert_eq!(db.finds("antern").await, [""; 0]);
        assert_eq!(db.finds("lanterns deep").await, [""; 0]);
    }

    async fn the_language_of_the_engine_has_no_words_here(db: StorefrontDb) {
        db.keeps([a_new_game("Or Not", "Puzzle", 0, "near and far"), lanterns()]).await;

        assert_eq!(db.finds("lanterns OR not").await, [""; 0]);
        assert_eq!(db.finds("NOT or").await, ["Or Not"]);
        assert_eq!(db.finds("NEAR(far, 2)").await, [""; 0]);
        assert_eq!(db.finds("title: \"or\" *").await, [""; 0]);
    }

    async fn a_search_follows_a_change_and_a_removal(db: StorefrontDb) {
        let game = db.keeps([lanterns()]).await.remove(0);
        let title = Title::parse("Torches").ok();
        let (changed, _) = game.change(Change { title, ..Change::default() }).expect("another title");

        assert!(db.saves(&changed).await);
        assert_eq!(db.finds("lanterns").await, [""; 0]);
        assert_eq!(db.finds("torches light").await, ["Torches"]);

        db.removes(changed.id).await;
        assert_eq!(db.finds("torches").await, [""; 0]);
    }

    async fn a_game_is_found_by_its_own_title_in_whatever_script(db: StorefrontDb) {
        let titles = [
            "Straße nach Überall", "Ωδή", "Сказка", "東京の夜", "हिन्दी खेल", "שלום", "سلام", "เกมไทย",
            "Q*bert-2", "İstanbul", "ﬁreﬂy", "Ｎｅｏｎ", "x² + y²", "Ⅷ Legions", "№5",
        ];
        db.keeps(titles.map(|title| a_new_game(title, "Puzzle", 0, ""))).await;

        let mut hidden = Vec::new();
        for title in titles {
            if !db.finds(title).await.contains(&title.to_owned()) {
                hidden.push(title);
            }
        }

        assert_eq!(hidden, [""; 0], "not found by their own titles");
    }
}
