//! Command lines of `sir0` and of `cargo xtask`, as the programs read them.

use std::fs;

use sir0_server::Cli;

use super::all_are_without_fault;
use crate::page::{Block, Page, pages, root};

/// What a page calls a command without its program.
const COMMANDS: [&str; 8] =
    ["serve", "migrate", "probe", "copy", "backup", "doctor", "config", "admin"];
/// What starts the program. Behind it come its arguments.
const STARTS: [&str; 3] = ["sir0 ", "cargo run --release -- ", "target/release/sir0 "];
/// The containers that run the program, as `docker compose run … NAME ARGUMENTS` calls them. `exec` names the program too.
const CONTAINERS: [&str; 4] = ["accounts", "storefront", "edge", "migrate"];

/// Whatever the page says in backticks and in blocks, command by command.
fn commands(page: &Page) -> Vec<String> {
    let blocks = page.blocks.iter().filter(|block| block.language == "sh");
    let lines = blocks.flat_map(Block::commands).chain(page.spans());
    lines.flat_map(|line| pieces(&line)).collect()
}

/// The commands of a line, without what is done with what they print.
fn pieces(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or_default();
    let pieces = line.replace("&&", "|").replace(';', "|");
    pieces.split('|').map(|piece| piece.trim().to_owned()).collect()
}

/// The words of a command. What is in quotes or in `$(…)` is of one.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut depth) = (Vec::new(), String::new(), None, 0_i32);
    for letter in command.chars() {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        match letter {
            '\'' | '"' if quote.is_none_or(|open| open == letter) => {
                quote = quote.is_none().then_some(letter);
            }
            ' ' if quote.is_none() && depth == 0 => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// What `sir0` is given in this command, if it is one of its.
fn arguments(command: &str) -> Option<Vec<String>> {
    if let Some(given) = STARTS.iter().find_map(|start| command.strip_prefix(start)) {
        return Some(words(given));
    }
    if let Some((_, given)) = command.split_once(" sir0 ")
        && command.starts_with("docker compose exec ")
    {
        return Some(words(given));
    }
    if command.starts_with("docker compose run ") {
        let all = words(command);
        let container = all.iter().position(|word| CONTAINERS.contains(&word.as_str()))?;
        return Some(all[container + 1..].to_vec());
    }
    let is_named = COMMANDS.iter().any(|name| command.split(' ').next() == Some(name));
    is_named.then(|| words(command))
}

/// What is wrong with these arguments. A command that is only mentioned may lack what it needs.
fn fault(arguments: &[String]) -> Option<String> {
    let line = ["sir0".to_owned()].into_iter().chain(arguments.iter().cloned());
    let refused = Cli::read(line.map(Into::into)).err()?;
    let is_a_mention = format!("{:?}", refused.kind()).contains("Missing");
    (refused.exit_code() != 0 && !is_a_mention).then(|| refused.to_string())
}

#[test]
fn every_command_of_sir0_on_a_page_is_one_that_it_takes() {
    all_are_without_fault(&pages(), |page| {
        let all = commands(page).into_iter();
        let given = all.filter_map(|command| arguments(&command));
        given.filter_map(|given| Some(format!("{}: {}", given.join(" "), fault(&given)?))).collect()
    });
}

#[test]
fn every_chore_on_a_page_is_one_that_xtask_knows() {
    let read = |path: &str| fs::read_to_string(root().join(path)).expect("a file of ours");
    let chores = read("xtask/src/main.rs");
    let drills = read("integration-tests/drills/src/drill.rs");

    all_are_without_fault(&pages(), |page| {
        let all = commands(page).into_iter();
        let named =
            all.filter_map(|command| Some(command.strip_prefix("cargo xtask ")?.to_owned()));
        let is_known = |chore: &String| {
            let words: Vec<_> = chore.split_whitespace().collect();
            let is_placeholder = |word: &str| word.chars().all(char::is_uppercase);
            let drill = words.get(1).filter(|_| words[0] == "drill");
            let is_chore = chores.contains(&format!("[\"{}\"", words[0]));
            (is_chore || words[0].starts_with("--"))
                && drill.is_none_or(|name| {
                    is_placeholder(name) || drills.contains(&format!("=> \"{name}\""))
                })
        };
        named.filter(|chore| !is_known(chore)).collect()
    });
}

#[test]
fn a_flag_that_is_not_there_is_found() {
    let told = arguments("sir0 copy --from a --too b").expect("it is for sir0");

    assert!(fault(&told).is_some_and(|fault| fault.contains("--too")));
    assert_eq!(
        arguments("docker compose run --rm accounts doctor accounts"),
        arguments("doctor accounts")
    );
    assert_eq!(
        arguments("docker compose exec accounts sir0 doctor accounts"),
        arguments("doctor accounts")
    );
    assert_eq!(arguments("docker compose up"), None);
    assert_eq!(
        arguments("sir0 backup --to /b/$(date +%F) 'a b'").as_deref(),
        Some(["backup", "--to", "/b/$(date +%F)", "a b"].map(str::to_owned).as_slice())
    );
}
