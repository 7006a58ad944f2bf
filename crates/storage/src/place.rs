//! Where a database is, as an operator writes it.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The file of a database: `sqlite:PATH` or a bare path; without one, `name` in the data folder.
pub fn file_of(database: Option<&str>, data_dir: &Path, name: &str) -> Result<PathBuf> {
    let Some(database) = database else { return Ok(data_dir.join(name)) };
    let path = database.strip_prefix("sqlite:").unwrap_or(database);
    let path = path.strip_prefix("//").unwrap_or(path);
    match path.split_once("://") {
        Some((engine, _)) => Err(Error::UnknownEngine(engine.to_owned())),
        None => Ok(path.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file_unless_it_names_an_engine_that_is_not_built_in() {
        let file = |database| file_of(database, Path::new("data"), "games.db").ok();

        assert_eq!(file(None), Some("data/games.db".into()));
        assert_eq!(file(Some("sqlite:/var/lib/games.db")), Some("/var/lib/games.db".into()));
        assert_eq!(file(Some("sqlite:///var/lib/games.db")), Some("/var/lib/games.db".into()));
        assert_eq!(file(Some("games.db")), Some("games.db".into()));
        assert_eq!(file(Some("mysql://localhost/games")), None);
    }
}
