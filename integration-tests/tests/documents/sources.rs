//! The files that the pages speak of.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::page::root;

/// Every Rust file of the repository, but for these tests, which name what is not there too.
pub(crate) fn rust() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["crates", "integration-tests", "xtask"] {
        look(&root().join(folder), &mut found);
    }
    found
}

fn look(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).expect("a folder of ours").flatten().map(|it| it.path()) {
        if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("tests/documents") {
            look(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The text of all of [`rust`].
pub(crate) fn text() -> String {
    let read = |path| fs::read_to_string(path).expect("our sources are UTF-8");
    rust().into_iter().map(read).collect::<Vec<_>>().join("\n")
}
