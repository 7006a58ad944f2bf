//! Whether people find a title that they do not spell right.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use sir0_search::{Document, Index, Query, Words};

/// Written before the index was, and not changed to suit it.
const TABLE: &str = include_str!("misspelt.txt");
/// Titles made of the words of the table, for each language: what else someone could have meant.
const OTHERS: u32 = 250;
/// Titles of one word more, or less, than are looked for are among the others too.
const LENGTHS: [usize; 4] = [1, 2, 2, 3];
/// How many of a hundred are found among the first five.
const BAR: usize = 95;

struct Row<'a> {
    language: &'a str,
    meant: &'a str,
    typed: &'a str,
}

fn rows() -> Vec<Row<'static>> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| {
        let mut cells = line.split(" | ");
        let mut next = || cells.next().expect("three cells");
        Row { language: next(), meant: next(), typed: next() }
    };
    lines.map(row).collect()
}

/// The same numbers on every run.
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).expect("31 bits")
}

/// The titles of the table among thousands of others.
fn a_store(rows: &[Row<'_>]) -> Index {
    let mut index = Index::new();
    let mut put = |id, title: String, text: String| {
        let (titles, texts) = (vec![title], vec![text]);
        index.put(&Document { id, titles, texts, added: i64::from(id), ..Document::default() });
    };
    let meant: BTreeSet<_> = rows.iter().map(|row| row.meant).collect();
    let mut words: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in rows {
        words.entry(row.language).or_default().extend(row.meant.split_whitespace());
    }
    for (id, row) in (0..).zip(rows) {
        put(id, row.meant.to_owned(), String::new());
    }
    // The others were added later, so they come first among equals.
    let (mut id, mut seed) = (10_000, 1);
    for words in words.values() {
        let blank = if words.iter().any(|word| word.is_ascii()) { " " } else { "" };
        for _ in 0..OTHERS {
            let mut some = |count: usize, blank: &str| {
                let some: Vec<_> =
                    (0..count).map(|_| words[next(&mut seed) % words.len()]).collect();
                some.join(blank)
            };
            let (title, text) = (some(LENGTHS[id as usize % 4], blank), some(12, " "));
            if !meant.contains(&*title) {
                put(id, title, text);
            }
            id += 1;
        }
    }
    index
}

#[test]
fn people_find_a_title_that_they_do_not_spell_right() {
    let rows = rows();
    let index = a_store(&rows);
    assert!(rows.len() >= 200 && index.len() > 3000, "{} of {}", rows.len(), index.len());

    let mut missed = String::new();
    let mut count = 0;
    for (id, row) in (0..).zip(&rows) {
        let words = Words::parse(row.typed);
        let found = index.find(&Query { words, page_size: 5, ..Query::default() });
        if !found.page.iter().any(|hit| hit.id == id) {
            count += 1;
            writeln!(
                missed,
                "{}: {} for {}, of {}",
                row.language, row.typed, row.meant, found.total
            )
            .expect("a string takes all");
        }
    }
    println!("{count} of {} are missed:\n{missed}", rows.len());

    assert!(count * 100 <= rows.len() * (100 - BAR), "{count} of {}:\n{missed}", rows.len());
}
