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

/// The forms of a statement, each of them SQL: one, or several for a constant that holds a list.
pub trait Forms {
    /// All of them.
    fn forms(self) -> Vec<&'static str>;
}

impl Forms for &'static str {
    fn forms(self) -> Vec<&'static str> {
        vec![self]
    }
}

impl<const N: usize> Forms for [&'static str; N] {
    fn forms(self) -> Vec<&'static str> {
        self.to_vec()
    }
}

/// Tests the `db` room of a service, from the list of its statements by file: that the list is whole, that both engines
/// understand each statement, and that the migrations are those that people review. The room is made by
/// `sir0_storage::room!`, whose names have to be in scope.
#[macro_export]
macro_rules! sql_room {
    ($db:ident of $service:literal $($file:ident: $($statement:ident),*;)*) => {
        fn room() -> $crate::SqlRoom {
            $crate::SqlRoom::read(concat!(env!("CARGO_MANIFEST_DIR"), "/src/db"))
        }

        #[test]
        fn every_statement_in_the_files_is_known() {
            let known = [$($(stringify!($statement)),*),*];

            assert_eq!(room().names(), known.into_iter().collect());
        }

        #[test]
        fn every_statement_has_a_name_by_which_a_test_finds_it() {
            assert_eq!(room().nameless(), [""; 0]);
        }

        #[test]
        fn the_migrations_are_the_files_that_people_review() {
            for (engine, steps) in [("sqlite", MIGRATIONS.sqlite), ("postgres", MIGRATIONS.postgres)] {
                let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/", $service);
                let built_in: Vec<_> = steps
                    .iter()
                    .map(|step| (format!("{:04}_{}.sql", step.version, step.name), step.sql.to_owned()))
                    .collect();

                assert_eq!(built_in, $crate::sql_files(std::path::Path::new(folder).join(engine)));
            }
        }

        $crate::on_every_engine! {
            async fn every_statement_is_understood(db: $db) {
                match db {
                    $db::Sqlite(store) => $crate::sql_room!(@prepare store in sqlite $($file: $($statement),*;)*),
                    $db::Postgres(store) => $crate::sql_room!(@prepare store in postgres $($file: $($statement),*;)*),
                }
            }
        }
    };
    (@prepare $store:ident in $engine:ident $($file:ident: $($statement:ident),*;)*) => {{
        $($(for sql in $crate::Forms::forms($engine::$file::$statement) {
            if let Err(fault) = sir0_storage::$engine::prepare(&$store.database, sql).await {
                panic!("{} is not understood: {fault:?}\n{sql}", stringify!($statement));
            }
        })*)*
    }};
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
