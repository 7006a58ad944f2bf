//! A page of this repository: its fenced blocks, and the prose between them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders that hold what others wrote, or nothing that is kept.
const NOT_OURS: [&str; 4] = ["target", "node_modules", ".git", "data"];

/// A page in Markdown.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its path from the root of the repository.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// What stands behind the fence, such as `sh`.
    pub(crate) language: String,
    /// The heading above it.
    pub(crate) section: String,
    /// The prose between the block before, or the beginning of the page, and this one.
    pub(crate) prose: String,
    pub(crate) text: String,
}

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the tests are in a folder of the repository").to_owned()
}

/// Every page of the repository, in the order of their names.
pub(crate) fn pages() -> Vec<Page> {
    let root = root();
    let mut names = Vec::new();
    look_for_pages(&root, &root, &mut names);
    names.sort();
    names.iter().map(|name| Page::open(name)).collect()
}

fn look_for_pages(root: &Path, folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            look_for_pages(root, &path, names);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let name = path.strip_prefix(root).expect("it was found in there");
            names.push(name.to_str().expect("our names are UTF-8").to_owned());
        }
    }
}

impl Page {
    /// The page of this name.
    pub(crate) fn open(name: &str) -> Self {
        let text = fs::read_to_string(root().join(name));
        let text = text.unwrap_or_else(|error| panic!("{name} cannot be read: {error}"));
        Self::read(name, &text)
    }

    fn read(name: &str, text: &str) -> Self {
        let (mut blocks, mut section, mut prose) = (Vec::new(), String::new(), String::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                let inside: Vec<_> =
                    lines.by_ref().take_while(|line| line.trim_start() != "```").collect();
                blocks.push(Block {
                    language: language.to_owned(),
                    section: section.clone(),
                    prose: std::mem::take(&mut prose),
                    text: inside.join("\n"),
                });
                continue;
            }
            if let Some(heading) = line.strip_prefix('#') {
                heading.trim_start_matches('#').trim().clone_into(&mut section);
            }
            prose.push_str(line);
            prose.push('\n');
        }
        Self { name: name.to_owned(), text: text.to_owned(), blocks }
    }

    /// What stands in backticks outside the blocks. A line break in there is a space.
    pub(crate) fn spans(&self) -> Vec<String> {
        spans(&self.prose())
    }

    /// The page without its blocks.
    pub(crate) fn prose(&self) -> String {
        let mut inside = false;
        let prose = self.text.lines().filter(|line| {
            let is_fence = line.trim_start().starts_with("```");
            inside ^= is_fence;
            !is_fence && !inside
        });
        prose.collect::<Vec<_>>().join("\n")
    }
}

impl Block {
    /// Its commands, a line each. One that ends in `\` goes on in the next; comments and empty lines are none.
    pub(crate) fn commands(&self) -> Vec<String> {
        let joined = self.text.replace("\\\n", " ");
        let lines = joined.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
    }

    /// What the prose in front of it says the answer is. `…` stands for anything.
    pub(crate) fn promised(&self) -> Vec<String> {
        let prose = self.prose.replace('\n', " ");
        let promises = prose.split("answer is `").skip(1);
        promises.filter_map(|rest| Some(rest.split_once('`')?.0.to_owned())).collect()
    }
}

/// What stands in backticks in this text.
fn spans(text: &str) -> Vec<String> {
    text.split("\n\n")
        .flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2))
        .map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Top\n\nRun `a\nb`. The answer is `{\"id\":…}`.\n\n```sh\nrun --it \\\n  all\n# no\n```\n\
                        \n## Next\n\n```text\n`no span`\n```\n";

    #[test]
    fn a_block_knows_its_language_its_section_and_the_prose_in_front_of_it() {
        let page = Page::read("PAGE.md", PAGE);

        let found = page.blocks.iter().map(|block| (&*block.language, &*block.section));
        let found: Vec<_> = found.collect();
        assert_eq!(found, [("sh", "Top"), ("text", "Next")]);
        assert_eq!(page.blocks[0].promised(), ["{\"id\":…}"]);
        assert_eq!(page.blocks[1].promised(), [""; 0]);
    }

    #[test]
    fn a_command_goes_on_behind_a_backslash_and_a_comment_is_none() {
        let page = Page::read("PAGE.md", PAGE);

        assert_eq!(page.blocks[0].commands(), ["run --it    all"]);
    }

    #[test]
    fn spans_are_found_outside_blocks_also_over_two_lines() {
        let page = Page::read("PAGE.md", PAGE);

        assert_eq!(page.spans(), ["a b", "{\"id\":…}"]);
    }
}
