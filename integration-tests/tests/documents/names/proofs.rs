//! `docs/security.md`: each test that it names as a proof is in the file that the name leads to, and its lists say what its
//! tables say.

use std::{collections::BTreeMap, fs, path::PathBuf};

use crate::page::{Page, root};

/// The page.
const PAGE: &str = "docs/security.md";
/// What a requirement may be. The first four are the words of the table at the top, too.
const STATES: [&str; 4] = ["met", "partly", "not met", "does not apply"];
/// What stands in the place of a proof that is missing.
const NONE: &str = "no test yet";

/// Whether these words in backticks name a test: a path whose last part is a sentence. `judges::browser` is a file.
fn is_name(span: &str) -> bool {
    let is_path = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_' || letter == ':'
    };
    let is_sentence = |(_, last): (&str, &str)| last.matches('_').count() > 2;
    span.chars().all(is_path) && span.rsplit_once("::").is_some_and(is_sentence)
}

/// The files that a name may lead to: of a program of tests, or of a crate and the tests beside it.
fn files(name: &str) -> Vec<PathBuf> {
    let Some((place, rest)) = name.split_once("::") else { return Vec::new() };
    let modules = rest.rsplit_once("::").map(|(modules, _)| modules.replace("::", "/"));
    let program = root().join("integration-tests/tests").join(place);
    let folders = if program.is_dir() {
        vec![program]
    } else {
        let of_crate = root().join("crates").join(place);
        vec![of_crate.join("src"), of_crate.join("tests")]
    };
    let forms = modules.map(|it| [format!("{it}.rs"), format!("{it}/mod.rs")]);
    let names = forms.iter().flatten();
    let paths = names.flat_map(|form| folders.iter().map(move |folder| folder.join(form)));
    paths.filter(|path| path.is_file()).collect()
}

/// Whether this source has a test of this name: behind an attribute, or in a story that is told on every engine.
fn has_test(source: &str, function: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let begins = format!("fn {function}(");
    lines.iter().enumerate().any(|(at, line)| {
        let Some((_, behind)) = line.split_once(&begins) else { return false };
        let is_on_every_engine = behind.starts_with("db: ");
        let above = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        is_on_every_engine || above.into_iter().any(|line| line.contains("test"))
    })
}

/// What is wrong with a name, if anything is.
fn fault(name: &str) -> Option<String> {
    let (_, function) = name.rsplit_once("::")?;
    let files = files(name);
    if files.is_empty() {
        return Some(format!("{name}: no such file"));
    }
    let reads = |path: &PathBuf| fs::read_to_string(path).expect("our sources are UTF-8");
    let is_there = files.iter().any(|path| has_test(&reads(path), function));
    (!is_there).then(|| format!("{name}: no such test in {files:?}"))
}

#[test]
fn every_test_that_proves_something_is_in_the_sources() {
    let page = Page::open(PAGE);
    let names: Vec<_> = page.spans().into_iter().filter(|span| is_name(span)).collect();

    let faults: Vec<_> = names.iter().filter_map(|name| fault(name)).collect();

    assert!(names.len() > 50, "the page names its proofs in another way now: {}", names.len());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// A row of the tables: a requirement, how it stands, and what proves it.
#[derive(Debug)]
struct Row<'p> {
    number: &'p str,
    state: &'p str,
    proof: &'p str,
}

impl<'p> Row<'p> {
    /// Reads a line of the page, if it is a row.
    fn read(line: &'p str) -> Option<Self> {
        let cells: Vec<_> = line.trim().trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, _level, _asks, state, _how, proof] = cells[..] else { return None };
        is_number(number).then_some(Self { number, state, proof })
    }

    /// The chapter: `V6`.
    fn chapter(&self) -> String {
        format!("V{}", self.number.split('.').next().unwrap_or_default())
    }

    fn lacks_a_test(&self) -> bool {
        self.state == "met" && self.proof == NONE
    }
}

/// Whether this is the number of a requirement: `6.2.12`.
fn is_number(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    let is_digits = |part: &&str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_digits)
}

fn rows(page: &Page) -> Vec<Row<'_>> {
    page.text.lines().filter_map(Row::read).collect()
}

/// The requirements that a list names, each at the beginning of a point, between these two words of the page.
fn listed<'p>(page: &'p Page, from: &str, to: &str) -> Vec<&'p str> {
    let (_, behind) = page.text.split_once(from).unwrap_or_else(|| panic!("`{from}` is there"));
    let (list, _) = behind.split_once(to).unwrap_or_else(|| panic!("`{to}` is behind `{from}`"));
    let points = list.lines().filter_map(|line| line.strip_prefix("* **")?.split_once("**"));
    points.map(|(number, _)| number).filter(|number| is_number(number)).collect()
}

#[test]
fn what_is_missing_is_listed_and_nothing_else() {
    let page = Page::open(PAGE);
    let rows = rows(&page);
    let with = |is_it: &dyn Fn(&Row<'_>) -> bool| -> Vec<&str> {
        rows.iter().filter(|row| is_it(row)).map(|row| row.number).collect()
    };

    for row in &rows {
        assert!(STATES.contains(&row.state), "{row:?}");
        let is_proved = row.proof.contains("::");
        let may_lack_proof = row.proof == NONE || matches!(row.state, "not met" | "does not apply");
        assert!(is_proved || may_lack_proof, "{row:?}");
    }
    let not_met = listed(&page, "\n**Not met**\n", "\n**Partly**\n");
    assert_eq!(not_met, with(&|row| row.state == "not met"));
    let partly = listed(&page, "\n**Partly**\n", "\n## To be proved\n");
    assert_eq!(partly, with(&|row| row.state == "partly"));
    let to_be_proved = listed(&page, "\n## To be proved\n", "\nThese have a test");
    assert_eq!(to_be_proved, with(&|row| row.lacks_a_test()));
}

/// The requirements that do not apply and have no row: the sentence that lists them ends with a full stop.
fn without_row(page: &Page) -> Vec<&str> {
    let (_, behind) = page.text.split_once("these do not apply:").expect("the sentence is there");
    let (sentence, _) = behind.split_once(".\n").expect("it ends with its line");
    let words = sentence.split(|letter: char| letter.is_whitespace() || letter == ',');
    words.filter(|word| is_number(word)).collect()
}

#[test]
fn the_numbers_at_the_top_are_those_of_the_tables() {
    let page = Page::open(PAGE);
    let rows = rows(&page);
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for row in &rows {
        *counts.entry((row.chapter(), row.state)).or_default() += 1;
        if row.lacks_a_test() {
            *counts.entry((row.chapter(), "of these without a test")).or_default() += 1;
        }
    }
    *counts.entry(("V10".to_owned(), "does not apply")).or_default() += without_row(&page).len();

    let names = STATES.into_iter().chain(["of these without a test"]);
    for name in names {
        let begins = format!("| {name} | ");
        let line = page.text.lines().find_map(|line| line.strip_prefix(&begins));
        let line = line.unwrap_or_else(|| panic!("the table at the top has no `{name}`"));
        let said: Vec<usize> =
            line.trim_matches('|').split('|').filter_map(|cell| cell.trim().parse().ok()).collect();
        let count = |chapter: &str| counts.get(&(chapter.to_owned(), name)).copied().unwrap_or(0);
        let mut counted: Vec<_> = ["V6", "V7", "V9", "V10"].map(count).to_vec();
        counted.push(counted.iter().sum());
        assert_eq!(said, counted, "{name}");
    }
    // Levels 1 and 2 of the four chapters in version 5.0.0.
    assert_eq!(rows.len() + without_row(&page).len(), 35 + 18 + 7 + 29);
}

#[test]
fn a_name_that_leads_nowhere_is_found() {
    let good = "stories::guard::a_code_is_good_once_and_so_are_those_before_it";
    let on_engines = "accounts::db::tests::factors::a_challenge_is_used_by_exactly_one_of_many";

    assert_eq!(fault(good), None);
    assert_eq!(fault(on_engines), None);
    assert!(fault("stories::guard::a_code_is_good_twice").is_some());
    assert!(fault("stories::guards::a_code_is_good_once_and_so_are_those_before_it").is_some());
    // A function that helps is no test.
    assert!(!has_test("async fn ada_is_guarded_and_so_on() {}", "ada_is_guarded_and_so_on"));
    assert!(is_name(good) && !is_name("judges::browser") && !is_name("accounts.sign_in.shut_for"));
}
