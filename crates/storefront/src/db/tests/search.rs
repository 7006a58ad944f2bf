//! Search: each word begins a word of the title or description, whatever the case and the accents.

use proptest::{collection::vec, prelude::*};
use sir0_kernel::{found_by, sought};

use super::*;

/// A store, and what a person types.
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

/// What stands between blanks, and the words of it: the model, which is not SQL.
fn chunks_of(text: &str) -> Vec<Vec<String>> {
    let plain = text.to_lowercase().replace('é', "e").replace('ä', "a");
    let words = |chunk: &str| {
        let words = chunk.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    plain.split_whitespace().map(words).filter(|words| !words.is_empty()).collect()
}

fn a_simple_reader_finds(typed: &str, text: &str) -> bool {
    // A word may begin at any mark, but not within what comes letter by letter.
    let joined = |words: &[String]| {
        let begins = |at: &usize| *at == 0 || words[at - 1].len() > 1 || words[*at].len() > 1;
        (0..words.len()).filter(begins).map(|at| words[at..].concat()).collect::<Vec<_>>()
    };
    let has: Vec<_> =
        chunks_of(text).into_iter().flat_map(|words| [joined(&words), words].concat()).collect();
    let is_there = |wanted: &String| has.iter().any(|word| word.starts_with(wanted));
    chunks_of(typed).iter().all(|words| words.iter().all(is_there) || is_there(&words.concat()))
}

for_all_on_every_engine! {
    async fn a_search_finds_what_a_simple_reader_finds(db: StorefrontDb, searching: Searching in any_searching()) {
        let games = searching.games.iter().map(|(title, text)| a_new_game(title, "Puzzle", 0, text));
        let kept = db.keeps(games).await;

        let words = Words::parse(&searching.typed).ok();
        let found = db.lists(&Listing { words, ..everything(Sort::Title) }).await;

        let mut expected: Vec<_> = kept
            .into_iter()
            .filter(|game| {
                let text = format!("{} {}", game.title.as_str(), game.description.as_str());
                a_simple_reader_finds(&searching.typed, &text)
            })
            .collect();
        expected.sort_by_key(|game| (game.title.sort_key(), game.id));
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

        assert!(db.saves(&game, &changed).await);
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

/// Titles and descriptions that have something for every search below.
const SHELF: [(&str, &str); 24] = [
    ("Straße nach Überall", "Ein Weg, viele Kreuzungen."),
    ("STRASSE", "Großes Kino."),
    ("Café Noir", "Un café, s'il vous plaît."),
    ("Cafe\u{301} Blanc", "The same accent, written apart."),
    ("cafeteria", "No accent at all."),
    ("Сказка о царе", "Ёлка и ёж."),
    ("СКАЗКИ", "Елка."),
    ("Ωδή στη Χαρά", "ΟΔΥΣΣΕΥΣ, ὀδυσσεύς."),
    ("東京の夜", "夜の東京を走る。"),
    ("東 京", "Written apart."),
    ("한국어 게임", "서울의 밤"),
    ("हिन्दी खेल", "नमस्ते"),
    ("שלום עולם", "سلام دنیا"),
    ("İstanbul", "ISTANBUL, ıstanbul."),
    ("Ｎｅｏｎ ２０７７", "ﬁreﬂy ﬁnds x² + y²."),
    ("2077", "20 77 2077a 02077"),
    ("Ⅷ Legions", "№5, ½ price, 10⁹ stars."),
    ("Near and Far", "NEAR the sea, AND not OR far."),
    ("Rock & Roll | Blues !", "(a & b) | !c :* <-> d"),
    ("O'Brien's \"Quest\"", "It's the hero's quest: 'tis -- a; DROP TABLE"),
    ("a", "b c d"),
    ("C++ C# .NET", "node.js under_score semi;colon back\\slash per%cent"),
    ("emoji 🏮 lantern", "🏮🏮 🅰🅱 Ⓐⓑ"),
    ("words: title", "title: words *"),
];

/// What people type, and what no person should type.
const SEARCHES: [&str; 64] = [
    // Accents and case.
    "strasse",
    "Straße",
    "STRASSE",
    "uber",
    "ÜBER",
    "überall",
    "cafe",
    "café",
    "CAFÉ",
    "cafe\u{301}",
    "noir cafe",
    // Beginnings of words, and what is none.
    "caf",
    "c",
    "a",
    "afe",
    "cafeteriaa",
    "str nach",
    "q",
    "obrien",
    "brien",
    "o brien",
    // Scripts.
    "сказк",
    "СКАЗКА",
    "елка",
    "ёлка",
    "ωδη",
    "ΩΔΉ",
    "οδυσσευς",
    "οδυσσευσ",
    "οδυσσευ",
    "東京",
    "東",
    "京",
    "夜",
    "東 京",
    "한국",
    "서울의",
    "हिन्दी",
    "नमस",
    "שלום",
    "سلام",
    "istanbul",
    "İSTANBUL",
    "ıstanbul",
    // Widths, ligatures, digits.
    "neon",
    "ｎｅｏｎ",
    "firefly",
    "ﬁ",
    "x2",
    "2077",
    "２０７７",
    "20",
    "viii",
    "no5",
    "109",
    "b ab",
    // What is an operator elsewhere.
    "near and far",
    "NEAR(sea, 2)",
    "a & b",
    "rock | roll",
    "!c :*",
    "\"quest\" '",
    "title: words *",
    "it's",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_list_of_searches_is_answered_alike_by_both_engines() {
    let (file, server) = (Empty::on_sqlite(), Empty::on_postgres());
    let here = an_empty_database(file.url()).await;
    let there = an_empty_database(server.url()).await;
    // Longer than any index takes, and than any word someone types.
    let endless = ["x".repeat(3_000), "字".repeat(1_500)];
    let mut shelf: Vec<_> = (0..)
        .zip(SHELF)
        .map(|(price, (title, text))| a_new_game(title, "Puzzle", price % 5, text))
        .collect();
    shelf.extend(endless.iter().map(|text| a_new_game("Endless", "Puzzle", 1, text)));
    assert_eq!(here.keeps(shelf.clone()).await, there.keeps(shelf).await);

    let long = ["x".repeat(200), "字".repeat(200)];
    let mut found = 0;
    for typed in SEARCHES.into_iter().chain(long.iter().map(String::as_str)) {
        for sort in [Sort::Relevance, Sort::Newest, Sort::Title, Sort::Price] {
            let words = Some(Words::parse(typed).expect("words"));
            let listing = Listing { words, ..everything(sort) };
            let answer = here.lists(&listing).await;
            assert_eq!(
                titles(&there.lists(&listing).await),
                titles(&answer),
                "{typed:?} by {sort:?}"
            );
            found += answer.len();
        }
    }
    assert!(found > 4 * SEARCHES.len() / 2, "{found} is too little to compare");
}

/// Texts of many scripts, with what separates words and what is an operator in the one or the other engine.
fn any_text(longest: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-cA-C0-2 ]",
        2 => "[ \"'()&|!:*<>^~+%_;.,\\-]",
        1 => "[éÉäßŒøñç]|e\u{301}|a\u{308}",
        1 => "[а-гА-ГёЁ]",
        1 => "[α-δςσΣΑ-Δ]",
        2 => "[東京夜のがか한국글]",
        1 => "[กเสือ้दिल्]|\u{3099}",
        1 => "[ﬁ²Ⅷ½№Ａａ０İıſ]",
        // Symbols that look like letters, letters that were symbols once, and the mark of titles, which is ours.
        1 => "[🏮🅰Ⓐ\u{19B0}\u{1CF2}\u{E000}\u{E001}]",
        1 => " (OR|AND|NOT|NEAR|words) ",
    ];
    vec(piece, 1..longest).prop_map(|pieces| pieces.concat())
}

/// A store of many scripts, and what people type in it.
#[derive(Clone, Debug)]
struct Shelf {
    games: Vec<(String, String)>,
    typed: Vec<String>,
}

fn any_shelf() -> impl Strategy<Value = Shelf> {
    let title = any_text(12).prop_filter("a title", |text| Title::parse(text).is_ok());
    let typed = any_text(5).prop_filter("a search", |text| Words::parse(text).is_ok());
    (vec((title, any_text(30)), 1..8), vec(typed, 1..6))
        .prop_map(|(games, typed)| Shelf { games, typed })
}

/// Whether a plain comparison of the words finds the game, without an index or its language.
fn is_found(game: &Game, typed: &str) -> bool {
    let has = [found_by(game.title.as_str()), found_by(game.description.as_str())].concat();
    let is_there = |wanted: &String| has.iter().any(|word| word.starts_with(wanted));
    sought(typed).iter().all(|part| part.iter().any(|words| words.iter().all(is_there)))
}

for_all_on_every_engine! {
    async fn texts_of_every_script_are_found_as_a_reader_finds_them(db: StorefrontDb, shelf: Shelf in any_shelf()) {
        let games = shelf.games.iter().map(|(title, text)| a_new_game(title, "Puzzle", 0, text));
        let mut kept = db.keeps(games).await;
        kept.sort_by_key(|game| (game.title.sort_key(), game.id));

        for typed in shelf.typed {
            let words = Some(Words::parse(&typed).expect("words"));
            let found = db.lists(&Listing { words, ..everything(Sort::Title) }).await;

            let expected: Vec<_> = kept.iter().filter(|game| is_found(game, &typed)).cloned().collect();
            assert_eq!(found, expected, "{typed:?}");
        }
    }
}
