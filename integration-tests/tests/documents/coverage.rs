//! No block is left unread, and no exception is left without a need.

use std::fs;

use crate::{
    exceptions::{EXCEPTIONS, NOT_FOR_A_SHELL, OF_CONTAINERS, is_excepted, is_of_containers},
    page::{Block, Page, pages},
    reader::Scene,
    sources,
};

const SCENES: [&Scene; 9] = [
    &crate::readme::ALL,
    &crate::guide::ALL,
    &crate::accounts::ALL,
    &crate::catalogue::ALL,
    &crate::store::ALL,
    &crate::backup::FILES,
    &crate::backup::SERVERS,
    &crate::backup::MOVING,
    &crate::scaling::COSTS,
];

fn blocks(pages: &[Page]) -> impl Iterator<Item = (&Page, &Block)> {
    pages.iter().flat_map(|page| page.blocks.iter().map(move |block| (page, block)))
}

#[test]
fn every_line_that_can_be_run_is_run_or_excepted_by_name() {
    let pages = pages();

    let mut unread = Vec::new();
    for (page, block) in blocks(&pages).filter(|(_, block)| block.language == "sh") {
        let is_read = SCENES.iter().any(|scene| scene.holds(&page.name, block));
        let lines = block.commands();
        let left = lines.iter().filter(|line| !is_excepted(&page.name, line));
        if !is_read && !is_of_containers(block) {
            unread.extend(left.map(|line| format!("{}, {}: {line}", page.name, block.section)));
        }
    }

    assert_eq!(unread, [""; 0], "give the section a scene, or name these in exceptions.rs");
}

#[test]
fn every_block_is_in_a_language_that_somebody_checks() {
    let pages = pages();

    let unknown: Vec<_> = blocks(&pages)
        .filter(|(_, block)| {
            block.language != "sh" && !NOT_FOR_A_SHELL.contains(&block.language.as_str())
        })
        .map(|(page, block)| format!("{}, {}: ```{}", page.name, block.section, block.language))
        .collect();

    assert_eq!(unknown, [""; 0]);
}

#[test]
fn every_example_in_rust_stands_in_the_sources_word_for_word() {
    let pages = pages();
    let sources: Vec<_> =
        sources::rust().iter().map(|path| fs::read_to_string(path).expect("UTF-8")).collect();

    for (page, block) in blocks(&pages).filter(|(_, block)| block.language == "rust") {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let example = words(&block.text);
        let is_there = sources.iter().any(|source| words(source).contains(&example));

        assert!(is_there, "{}, {}: in no source\n{}", page.name, block.section, block.text);
    }
}

#[test]
fn every_exception_is_needed() {
    let pages = pages();

    for exception in EXCEPTIONS {
        let is_there = blocks(&pages).any(|(page, block)| {
            page.name == exception.page && block.commands().iter().any(|it| it == exception.line)
        });
        assert!(is_there, "{} has no line `{}` any more", exception.page, exception.line);
    }
    for program in OF_CONTAINERS {
        let is_there = blocks(&pages).any(|(_, block)| block.text.contains(program));
        assert!(is_there, "no block needs `{program}` any more");
    }
    for language in NOT_FOR_A_SHELL {
        let is_there = blocks(&pages).any(|(_, block)| block.language == language);
        assert!(is_there, "no block is in `{language}` any more");
    }
}
