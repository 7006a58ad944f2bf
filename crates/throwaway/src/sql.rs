//! What a test can tell of SQL by reading the files it stands in.

use std::{collections::BTreeSet, fs, path::Path};

/// The Rust files of a room that speaks SQL, but for its tests.
pub struct SqlRoom {
    files: Vec<String>,
}

impl SqlRoom {
    /// Reads the files of a folder; not `tests.rs`, and not what lies in folders within.
    #[must_use]
    pub fn read(folder: impl AsRef<Path>) -> Self {
        let files = texts(folder.as_ref()).into_iter().filter(|(name, _)| name != "tests.rs");
        Self { files: files.map(|(_, text)| text).collect() }
    }

    /// The names of the constants that hold SQL: `const NAME: &str` and `const NAME: [&str; 4]`. A file that is
    /// compiled for several engines names each once.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        let constants = self.files.iter().flat_map(|code| code.split("const ").skip(1));
        constants
            .filter_map(|rest| rest.split_once(": "))
            .filter(|(_, rest)| rest.starts_with("&str") || rest.starts_with("[&str"))
            .map(|(name, _)| name)
            .collect()
    }

    /// The lines on which a call is given its SQL in place, where no test finds it.
    #[must_use]
    pub fn nameless(&self) -> Vec<&str> {
        const CALLS: [&str; 4] = ["query(", "query_as(", "query_scalar(", "execute("];
        let arguments = self.files.iter().flat_map(|code| {
            let ends = CALLS
                .iter()
                .flat_map(|call| code.match_indices(call).map(|(at, call)| at + call.len()));
            ends.map(|at| code[at..].trim_start())
        });
        arguments
            .filter(|argument| argument.starts_with(['"', 'r', '&']))
            .filter(|argument| !argument.starts_with("&mut *"))
            .filter_map(|argument| argument.lines().next())
            .collect()
    }
}

/// The files of a folder of migrations, in their order: the name, and what people review.
#[must_use]
pub fn sql_files(folder: impl AsRef<Path>) -> Vec<(String, String)> {
    texts(folder.as_ref())
}

fn texts(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", folder.display()));
    let mut texts: Vec<_> = entries
        .map(|entry| entry.expect("a folder that can be read has entries").path())
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
            (name, text)
        })
        .collect();
    texts.sort();
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(code: &str) -> SqlRoom {
        SqlRoom { files: vec![code.to_owned()] }
    }

    #[test]
    fn constants_of_sql_are_known_by_their_names_and_others_are_not() {
        let code = r#"
            pub(super) const GAME: &str = "SELECT 1";
            const LISTS: [&str; 2] = ["SELECT 1", "SELECT 2"];
            const STEPS: &[Migration] = &[];"#;

        assert_eq!(room(code).names(), BTreeSet::from(["GAME", "LISTS"]));
    }

    #[test]
    fn a_statement_that_stands_in_a_call_is_found_and_a_named_one_is_not() {
        let room = room(
            "sqlx::query(GAME).execute(&mut *tx);\n\
             sqlx::query_as(\n    \"SELECT 2\").fetch_all(pool);\n\
             pool.execute(r\"SELECT 3\");\n\
             sqlx::query(&statement)",
        );

        let mut nameless = room.nameless();
        nameless.sort_unstable();
        assert_eq!(nameless, ["\"SELECT 2\").fetch_all(pool);", "&statement)", "r\"SELECT 3\");"]);
    }
}
