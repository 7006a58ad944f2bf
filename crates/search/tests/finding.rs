//! What is found, in which order, and what is counted, as a reader of the store sees it.

use sir0_search::{Dimension, Document, Index, Key, Order, Place, Query, Words};

const GENRE: Dimension = Dimension(0);
const LANGUAGE: Dimension = Dimension(1);

fn game(id: u32, title: &str, text: &str) -> Document {
    let (titles, texts) = (vec![title.to_owned()], vec![text.to_owned()]);
    Document { id, titles, texts, added: id.into(), ..Document::default() }
}

/// The titles are numbered from 1 on.
fn store(titles: &[&str]) -> Index {
    let mut index = Index::new();
    for (id, title) in (1..).zip(titles) {
        index.put(&game(id, title, ""));
    }
    index
}

fn search(typed: &str) -> Query {
    Query { words: Words::parse(typed), page_size: 100, ..Query::default() }
}

fn ids(index: &Index, query: &Query) -> Vec<u32> {
    index.find(query).page.iter().map(|hit| hit.id).collect()
}

fn found(index: &Index, typed: &str) -> Vec<u32> {
    ids(index, &search(typed))
}

#[test]
fn a_title_is_found_with_a_blank_missing_or_too_many() {
    let index = store(&["Half-Moon", "Skylark", "Dusk Souls"]);

    assert_eq!(found(&index, "halfmoon"), [1]);
    assert_eq!(found(&index, "half moon"), [1]);
    assert_eq!(found(&index, "sky lark"), [2]);
    assert_eq!(found(&index, "dusksouls"), [3]);
    assert_eq!(found(&index, "dusksou"), [3]);
}

#[test]
fn a_word_with_a_letter_missing_doubled_wrong_or_swapped_finds_its_title() {
    let index = store(&["Lantern Harbour", "Quiet Machines"]);

    for typed in ["lantrn", "lannternn", "lamtern", "lantren", "harbuor lantern", "antern"] {
        assert_eq!(found(&index, typed), [1], "{typed}");
    }
    assert_eq!(found(&index, "lat"), [0; 0], "too short for a typo");
    assert_eq!(found(&index, "lantern machines"), [0; 0], "each part must be there");
}

#[test]
fn a_typo_is_forgiven_in_a_title_only() {
    let mut index = Index::new();
    index.put(&game(1, "Harbour", "With a lantern."));

    assert_eq!(found(&index, "lantern"), [1]);
    assert_eq!(found(&index, "lamtern"), [0; 0]);
}

#[test]
fn typos_are_forgiven_only_where_few_have_the_words_as_written() {
    let mut index = Index::new();
    index.put(&game(100, "Stove", ""));
    (1..10).for_each(|id| index.put(&game(id, "Stone", "")));

    assert_eq!(index.find(&search("stone")).total, 10);

    index.put(&game(10, "Stone", ""));
    assert_eq!(index.find(&search("stone")).total, 10);
    assert!(!found(&index, "stone").contains(&100));
}

#[test]
fn another_script_finds_a_title_and_is_found() {
    let index = store(&[
        "Тихий Странник",
        "Strannik",
        "ジャングルのともだち",
        "雪国列车",
        "별빛 항해",
        "Λαβύρινθος",
    ]);

    assert_eq!(found(&index, "strannik"), [2, 1], "as written first");
    assert_eq!(found(&index, "странник"), [1, 2]);
    assert_eq!(found(&index, "janguru"), [3]);
    assert_eq!(found(&index, "じゃんぐる"), [3]);
    assert_eq!(found(&index, "lieche"), [4], "from any character on");
    assert_eq!(found(&index, "雪國列車"), [4], "traditional for simplified");
    assert_eq!(found(&index, "byeolbich"), [5]);
    assert_eq!(found(&index, "лабиринтос"), [6], "from Cyrillic to Greek");
}

#[test]
fn a_typo_in_a_script_without_blanks_is_forgiven() {
    let index = store(&["大三国志传", "夜明けの図書館", "그림자 사냥꾼"]);

    for typed in ["三囯志", "三志国", "大三志传", "三国国志"] {
        assert_eq!(found(&index, typed), [1], "{typed}");
    }
    assert_eq!(found(&index, "夜明の図書館"), [2]);
    assert_eq!(found(&index, "그림자 사냥군"), [3]);
}

#[test]
fn the_best_match_comes_first_then_the_latest() {
    let mut index = Index::new();
    let ranked = [
        game(5, "Stone", ""),
        game(3, "Stone Age", ""),
        game(2, "Old Stone", ""),
        game(4, "Stone And Iron", ""),
        game(6, "Stonework", ""),
        game(8, "Bricks", "A stone."),
        game(7, "Iron", "A stone."),
        game(9, "Стоне", ""),
        game(10, "Storne", ""),
    ];
    for document in &ranked {
        index.put(document);
    }

    let expected: Vec<_> = ranked.iter().map(|document| document.id).collect();
    assert_eq!(found(&index, "stone"), expected);
}

#[test]
fn a_translated_title_counts_like_the_title() {
    let mut index = Index::new();
    let titles = vec!["Lantern".to_owned(), "Laterne".to_owned(), "Фонарь".to_owned()];
    index.put(&Document { id: 1, titles, ..Document::default() });

    for typed in ["lantern", "laterne", "фонарь", "фонраь", "fonar"] {
        assert_eq!(found(&index, typed), [1], "{typed}");
    }
}

#[test]
fn a_facet_is_counted_as_if_it_had_no_filter() {
    let mut index = Index::new();
    for (id, genre, language) in
        [(1, "puzzle", "de"), (2, "puzzle", "en"), (3, "racing", "en"), (4, "racing", "en")]
    {
        let facets = vec![(GENRE, genre.to_owned()), (LANGUAGE, language.to_owned())];
        index.put(&Document { facets, ..game(id, "Lantern", "") });
    }
    let only = |dimension, value: &str| (dimension, vec![value.to_owned()]);

    let found = index.find(&Query {
        filters: vec![only(GENRE, "puzzle"), only(LANGUAGE, "en")],
        facets: vec![(GENRE, 9), (LANGUAGE, 1)],
        ..search("lantern")
    });

    assert_eq!(found.total, 1);
    let value = |value: &str, count: usize| (value.to_owned(), count);
    assert_eq!(found.facets[0].values, [value("racing", 2), value("puzzle", 1)]);
    assert_eq!(found.facets[1].values, [value("de", 1)], "one of two that are as frequent");
}

#[test]
fn a_page_continues_where_the_last_one_ended_whatever_came_and_went() {
    let mut index = store(&["Lantern A", "Lantern B", "Lantern C", "Lantern D"]);
    let first = index.find(&Query { page_size: 2, ..search("lantern") });
    assert_eq!(first.page.iter().map(|hit| hit.id).collect::<Vec<_>>(), [4, 3]);

    index.remove(3);
    index.put(&game(9, "Lantern E", ""));

    let after = Some(first.page[1].place.clone());
    assert_eq!(ids(&index, &Query { after, ..search("lantern") }), [2, 1]);
}

#[test]
fn what_has_no_release_comes_last_in_either_order_of_release() {
    let mut index = Index::new();
    for (id, release) in [(1, Some(5)), (2, None), (3, Some(i64::MAX)), (4, None)] {
        index.put(&Document { release, ..game(id, "Lantern", "") });
    }
    let ordered = |order, after| ids(&index, &Query { order, after, ..search("") });

    assert_eq!(ordered(Order::EarliestRelease, None), [1, 3, 2, 4]);
    assert_eq!(ordered(Order::LatestRelease, None), [3, 1, 4, 2]);
    let after = Place { key: Key::Unknown, id: 2 };
    assert_eq!(ordered(Order::EarliestRelease, Some(after)), [4]);
}

#[test]
fn a_hostile_search_or_document_is_cut_short() {
    let mut index = store(&["Lantern"]);
    let long = "x".repeat(1_000_000);
    index.put(&Document {
        titles: vec![long.clone(); 40],
        texts: vec!["ж ".repeat(500_000), long.clone()],
        facets: vec![(GENRE, long.clone())],
        title_key: long.clone().into_bytes(),
        ..game(2, "", "")
    });

    assert_eq!(found(&index, &long), [2]);
    assert_eq!(found(&index, "ж"), [2]);
    assert_eq!(found(&index, &"lantern ".repeat(1000)), [1]);
    assert!(Words::parse("!!! -- ''").is_none());
    assert!(index.remove(2) && !index.remove(2));
    assert_eq!(index.len(), 1);
}
