//! An empty place for a database of each engine.

use tempfile::TempDir;

use crate::{Database, database};

/// Where a test keeps a database of one engine: a file, or a server. What is kept there goes when this is dropped.
pub struct Empty {
    url: String,
    _kept: Kept,
}

enum Kept {
    File { _folder: TempDir },
    Server { _database: Database },
}

impl Empty {
    /// A file that is not there yet.
    #[must_use]
    pub fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a place for temporary files");
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self { url, _kept: Kept::File { _folder: folder } }
    }

    /// A database of a server.
    #[must_use]
    pub fn on_postgres() -> Self {
        let database = database();
        Self { url: database.url().to_owned(), _kept: Kept::Server { _database: database } }
    }

    /// Where it is, as an operator writes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Tells each story on every engine, in a database that the function `an_empty_database` of these tests opens at a URL.
/// Another engine is another line.
#[macro_export]
macro_rules! on_every_engine {
    ($(async fn $name:ident($db:ident: $kind:ty) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn story($db: $kind) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                let empty = $crate::Empty::on_sqlite();
                story(an_empty_database(empty.url()).await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                let empty = $crate::Empty::on_postgres();
                story(an_empty_database(empty.url()).await).await;
            }
        }
    )*};
}
