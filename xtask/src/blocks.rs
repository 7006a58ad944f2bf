//! The lines that the documents show, so that they can be run as they stand.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::workspace;

/// A fenced block of lines for a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The document, from the root of the project.
    pub(crate) file: String,
    /// The heading it stands under.
    pub(crate) heading: String,
    /// Its lines.
    pub(crate) text: String,
}

impl Block {
    /// Whether it asks a cluster.
    pub(crate) fn is_for_kubernetes(&self) -> bool {
        self.text.contains("kubectl")
    }

    /// Whether it asks a container engine and no cluster.
    pub(crate) fn is_for_compose(&self) -> bool {
        self.text.contains("docker compose") && !self.is_for_kubernetes()
    }
}

/// Every such block of the README and of the documents beside it, in their order.
pub(crate) fn shown() -> Result<Vec<Block>> {
    let root = workspace::root();
    let mut files = vec![PathBuf::from("README.md")];
    let docs = fs::read_dir(root.join("docs")).context("the documents are in docs")?;
    let mut docs: Vec<PathBuf> = docs
        .flatten()
        .map(|entry| PathBuf::from("docs").join(entry.file_name()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    docs.sort();
    files.extend(docs);
    let mut blocks = Vec::new();
    for file in files {
        let text = fs::read_to_string(root.join(&file))?;
        blocks.extend(in_text(&file.display().to_string(), &text));
    }
    Ok(blocks)
}

fn in_text(file: &str, text: &str) -> Vec<Block> {
    let (mut blocks, mut heading, mut inside) = (Vec::new(), String::new(), None);
    for line in text.lines() {
        inside = match (inside, line.trim_end()) {
            (None, "```sh") => Some(Some(String::new())),
            // A block of something else may hold lines that look like headings.
            (None, line) if line.starts_with("```") => Some(None),
            (None, line) => {
                if let Some(words) = line.strip_prefix('#') {
                    words.trim_start_matches('#').trim().clone_into(&mut heading);
                }
                None
            }
            (Some(open), "```") => {
                let block = |text| Block { file: file.to_owned(), heading: heading.clone(), text };
                blocks.extend(open.map(block));
                None
            }
            (Some(open), line) => Some(open.map(|text| text + line + "\n")),
        };
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_a_shell_are_found_under_their_heading_and_others_are_not() {
        let text = "# A\n```text\n# no heading\n```\n## B\n```sh\na\n# b\n```\n```sh\nc\n```\n";

        let found = in_text("a.md", text);

        let block = |text: &str| Block {
            file: "a.md".to_owned(),
            heading: "B".to_owned(),
            text: text.to_owned(),
        };
        assert_eq!(found, [block("a\n# b\n"), block("c\n")]);
    }

    #[test]
    fn a_block_that_asks_a_cluster_is_none_for_compose() {
        let block = |text: &str| in_text("a.md", &format!("```sh\n{text}\n```\n")).remove(0);

        assert!(block("docker compose up").is_for_compose());
        assert!(block("docker build .\nkubectl apply").is_for_kubernetes());
        assert!(!block("docker compose up\nkubectl apply").is_for_compose());
        assert!(!block("curl localhost").is_for_compose());
    }
}
