//! A person who pastes a page into a terminal, in the order of the page, and looks at the answers.

use crate::{
    exceptions::{is_excepted, is_of_containers},
    network::Network,
    page::{Block, Page},
    shell::{Desk, Server, Shell},
};

/// A page, or a section of it, that is read from its beginning to its end.
pub(crate) struct Scene {
    pub(crate) page: &'static str,
    /// The heading, or none for the whole page.
    pub(crate) section: Option<&'static str>,
}

/// Lines that do not end, each the last of its block. Such a line gets a separate terminal, and the reader goes on once
/// the platform answers.
const ENDLESS: [&str; 2] = ["cargo run --release", "sir0 doctor && sir0 serve"];

impl Scene {
    /// Whether the block of this page is read in it.
    pub(crate) fn holds(&self, page: &str, block: &Block) -> bool {
        self.page == page && self.section.is_none_or(|section| section == block.section)
    }
}

/// A person who reads a scene.
pub(crate) struct Reader {
    page: Page,
    /// What is left to read.
    blocks: std::vec::IntoIter<Block>,
    network: Network,
    desk: Desk,
    shell: Shell,
    server: Option<Server>,
    /// What was pasted, what was printed, and what `curl` was answered.
    heard: Vec<Heard>,
}

struct Heard {
    lines: String,
    said: String,
    answers: String,
}

impl Reader {
    /// Opens the page and a terminal, in an empty folder.
    pub(crate) async fn of(scene: &Scene, network: Network) -> Self {
        let page = Page::open(scene.page);
        let blocks: Vec<_> = page
            .blocks
            .iter()
            .filter(|block| block.language == "sh" && scene.holds(&page.name, block))
            .cloned()
            .collect();
        assert!(!blocks.is_empty(), "{} has no section {:?}", scene.page, scene.section);
        let desk = Desk::new(&network);
        let shell = Shell::open(&desk).await;
        let blocks = blocks.into_iter();
        Self { page, blocks, network, desk, shell, server: None, heard: Vec::new() }
    }

    /// The folder in which commands are run.
    pub(crate) fn here(&self) -> std::path::PathBuf {
        self.desk.here()
    }

    /// Reads on, up to the block behind this prose.
    pub(crate) async fn reads_until(&mut self, prose: &str) {
        let told = |block: &Block| {
            let told = block.prose.split_whitespace().collect::<Vec<_>>().join(" ");
            told.contains(prose)
        };
        while let Some(next) = self.blocks.as_slice().first() {
            if told(next) {
                return;
            }
            let next = self.blocks.next().expect("it is there");
            self.reads(&next).await;
        }
        panic!("{} says nowhere `{prose}`", self.page.name);
    }

    /// Reads what is left.
    pub(crate) async fn reads_to_the_end(&mut self) {
        while let Some(next) = self.blocks.next() {
            self.reads(&next).await;
        }
    }

    async fn reads(&mut self, block: &Block) {
        if is_of_containers(block) {
            return;
        }
        let lines = block.commands();
        let mut lines: Vec<_> =
            lines.into_iter().filter(|line| !is_excepted(&self.page.name, line)).collect();
        let endless = lines.pop_if(|line| ENDLESS.contains(&line.as_str()));
        if !lines.is_empty() {
            self.pastes(block, &lines).await;
        }
        if let Some(line) = endless {
            self.starts(&line).await;
        }
    }

    async fn pastes(&mut self, block: &Block, lines: &[String]) {
        let mut script = String::new();
        for line in lines {
            println!("$ {line}");
            script.push_str(&self.network.reads(line));
            script.push('\n');
        }
        for variable in lines.iter().filter_map(|line| assigned(line)) {
            script.push_str(&must_be_a_word(variable));
        }
        let outcome = self.shell.paste(&script).await;
        let answers = self.desk.take_answers();
        let said = outcome.unwrap_or_else(|said| {
            panic!("{}, {}: {said}\n{answers}", self.page.name, block.section)
        });
        println!("{said}");
        for promised in block.promised() {
            assert!(
                contains(&said, &promised) || contains(&answers, &promised),
                "{}: the answer is not `{promised}`:\n{said}\n{answers}",
                self.page.name
            );
        }
        self.heard.push(Heard { lines: lines.join("\n"), said, answers });
    }

    /// Starts a server in a separate terminal and waits until it answers. The line is on the page.
    pub(crate) async fn starts(&mut self, line: &str) {
        let is_there = self.page.text.contains(&format!("`{line}`"))
            || self.page.blocks.iter().any(|block| block.commands().iter().any(|it| it == line));
        assert!(is_there, "{} tells nobody to run `{line}`", self.page.name);
        self.runs(line).await;
    }

    /// Starts a server of which the page says only that it is there.
    pub(crate) async fn runs(&mut self, line: &str) {
        println!("$ {line}    (in a terminal of its own)");
        self.stops().await;
        self.server = Some(Server::start(&self.desk, line).await);
    }

    /// Stops the server, as a person does.
    pub(crate) async fn stops(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Runs the lines in backticks in the prose that begin so, except one. Returns what each line printed.
    pub(crate) async fn tries_what_begins(&mut self, begin: &str, but: &str) -> Vec<String> {
        let spans = self.page.spans().into_iter();
        let lines: Vec<_> = spans.filter(|it| it.starts_with(begin) && it != but).collect();
        let mut said = Vec::new();
        for line in lines {
            println!("$ {line}");
            said.push(self.aside(&line).await);
        }
        said
    }

    /// Runs a line that is on no page: it makes what was there before, or looks at what is there afterwards. Returns
    /// what the line printed.
    pub(crate) async fn aside(&mut self, line: &str) -> String {
        let outcome = self.shell.paste(&self.network.reads(line)).await;
        outcome.unwrap_or_else(|said| panic!("`{line}` fails:\n{said}"))
    }

    /// What the block with this in it printed.
    pub(crate) fn printed_by(&self, line: &str) -> &str {
        &self.heard_of(line).said
    }

    /// What `curl` was answered in the block with this in it, also what went into a variable.
    pub(crate) fn answers_to(&self, line: &str) -> &str {
        &self.heard_of(line).answers
    }

    fn heard_of(&self, line: &str) -> &Heard {
        let found = self.heard.iter().find(|heard| heard.lines.contains(line));
        found.unwrap_or_else(|| panic!("no block with `{line}` was read"))
    }

    /// Where the databases and Redis of the pages are.
    pub(crate) const fn network(&mut self) -> &mut Network {
        &mut self.network
    }
}

/// The variable that a line sets.
fn assigned(line: &str) -> Option<&str> {
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let is_name =
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
    // Behind a space comes a command that has the variable to itself.
    let is_all = value.starts_with("$(") && value.ends_with(')') || !value.contains(' ');
    (is_name && is_all).then_some(name)
}

/// A check that the variable holds a word. An empty variable, or one with a whole answer, would otherwise only show in
/// the command that uses it.
fn must_be_a_word(variable: &str) -> String {
    format!(
        "case \"${variable}\" in ''|*[[:space:]{{}}]*) echo \"{variable} is '${variable}'\"; false;; esac\n"
    )
}

/// Whether the text holds the pattern, in which `…` stands for anything.
fn contains(text: &str, pattern: &str) -> bool {
    let mut rest = text;
    pattern.split('…').all(|part| match rest.split_once(part) {
        Some((_, behind)) => {
            rest = behind;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipsis_stands_for_anything() {
        assert!(contains("> {\"title\":\"Lanterns\",\"gameId\":61}", "{\"title\":…,\"gameId\":…}"));
        assert!(!contains("{\"gameId\":61}", "{\"title\":…}"));
    }

    #[test]
    fn a_line_that_sets_a_variable_is_told_from_one_that_only_has_a_sign_in_it() {
        assert_eq!(assigned("TOKEN=$(curl x)"), Some("TOKEN"));
        assert_eq!(assigned("export PASSWORD=$(cat x)"), Some("PASSWORD"));
        assert_eq!(assigned("PASSWORD=$(cat x) pg_dump"), None);
        assert_eq!(assigned("curl \"x?a=b\""), None);
        assert_eq!(assigned("sir0 doctor"), None);
    }
}
