//! The versions of what a reader has to install.

use std::fs;

use super::all_are_without_fault;
use crate::page::{pages, root};

/// Numbers behind this word, such as `1.95` behind `Rust`.
fn versions(prose: &str, program: &str) -> Vec<String> {
    let prose = prose.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = format!("{program} ");
    let behind = prose.split(&name).skip(1).filter_map(|rest| {
        let word = rest.split(' ').next()?.trim_end_matches(['.', ',', ';', ':']);
        word.starts_with(|letter: char| letter.is_ascii_digit()).then(|| word.to_owned())
    });
    behind.collect()
}

#[test]
fn every_version_of_rust_and_node_on_a_page_is_the_one_that_is_needed() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("it is there");
    let packages = fs::read_to_string(root().join("integration-tests/web/package.json"));
    let packages = packages.expect("it is there");
    let is_needed = |program: &str, version: &String| match program {
        "Rust" => manifest.contains(&format!("rust-version = \"{version}\"")),
        _ => packages.contains(&format!("\"node\": \">={version}\"")),
    };

    all_are_without_fault(&pages(), |page| {
        let prose = page.prose();
        let named = ["Rust", "Node"].into_iter().flat_map(|program| {
            versions(&prose, program).into_iter().map(move |version| (program, version))
        });
        let wrong = named.filter(|(program, version)| !is_needed(program, version));
        wrong.map(|(program, version)| format!("{program} {version}")).collect()
    });
}

#[test]
fn a_version_is_a_number_behind_the_name() {
    assert_eq!(versions("Rust 1.95 or later, Rust and\nRust 2.", "Rust"), ["1.95", "2"]);
}
