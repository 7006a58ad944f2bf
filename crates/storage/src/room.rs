//! What the `db` rooms of all services have in common: a service lists its calls, and writes the body of each once.

/// Makes the `db` room of a service from the list of its calls: the enum over both engines, the unit of work in it, and
/// for each call a span and the way to the engine that runs.
///
/// The body of a call is a method of `Store<Database>` or of `Tx<engine::Tx>`, with its comment. It stands in a file that the
/// modules `sqlite` and `postgres` both have. The migrations are the files of `migrations/<service>/<engine>/`.
#[macro_export]
macro_rules! room {
    (
        $db:ident and $tx:ident of $service:literal
        reads { $($read:ident($($read_name:ident: $read_type:ty),*) -> $read_answer:ty;)* }
        writes { $($write:ident($($write_name:ident: $write_type:ty),*) -> $write_answer:ty;)* }
    ) => {
        /// The migrations of both engines.
        pub(crate) const MIGRATIONS: $crate::Migrations = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

        /// The tables in one engine.
        #[derive(Clone, Debug)]
        pub(crate) struct Store<Database> {
            database: Database,
        }

        /// A unit of work in them.
        pub(crate) struct Tx<T> {
            tx: T,
        }

        /// The database of the service.
        #[derive(Clone, Debug)]
        pub(crate) enum $db {
            Sqlite(Store<$crate::sqlite::Database>),
            Postgres(Store<$crate::postgres::Database>),
        }

        /// A unit of work in it.
        pub(crate) enum $tx {
            Sqlite(Tx<$crate::sqlite::Tx>),
            Postgres(Tx<$crate::postgres::Tx>),
        }

        impl $db {
            /// Opens it, brings it up to date, and tells what was applied.
            pub(crate) async fn open(
                location: &$crate::Location,
            ) -> $crate::Result<(Self, Vec<$crate::Step>)> {
                let (database, steps) = $crate::Database::open(location, &MIGRATIONS).await?;
                Ok((Self::of(database), steps))
            }

            /// The room in a database that is open and up to date.
            pub(crate) fn of(database: $crate::Database) -> Self {
                match database {
                    $crate::Database::Sqlite(database) => Self::Sqlite(Store { database }),
                    $crate::Database::Postgres(database) => Self::Postgres(Store { database }),
                }
            }

            /// The database below, for the feed, the health check and the closing.
            pub(crate) fn database(&self) -> $crate::Database {
                match self {
                    Self::Sqlite(store) => $crate::Database::Sqlite(store.database.clone()),
                    Self::Postgres(store) => $crate::Database::Postgres(store.database.clone()),
                }
            }

            /// Does a unit of work: all that it writes is committed, or nothing if it answers an error. Either is answered
            /// once what it read is committed.
            pub(crate) async fn unit<T, E>(
                &self,
                work: impl AsyncFnOnce(&mut $tx) -> Result<T, E>,
            ) -> Result<T, E>
            where
                E: From<$crate::Error> + std::error::Error + 'static,
            {
                let mut tx = self.begin_unit().await?;
                let answer = work(&mut tx).await;
                tx.end($crate::Outcome::of(&answer)).await?;
                answer
            }

            /// What every unit of work begins with, apart from [`Self::unit`], which is compiled anew for each of them.
            async fn begin_unit(&self) -> $crate::Result<$tx> {
                $crate::count_wait(self.engine(), $service, async {
                    Ok(match self {
                        Self::Sqlite(it) => $tx::Sqlite(Tx { tx: it.database.begin_unit().await? }),
                        Self::Postgres(it) => $tx::Postgres(Tx { tx: it.database.begin_unit().await? }),
                    })
                })
                .await
            }

            /// Does a unit of work as [`Self::unit`] does, and no second time for the idempotency key of the call: the key
            /// commits with what it did, and with the answer that is made of it.
            pub(crate) async fn once<A: $crate::once::Answer, T, E>(
                &self,
                answer: impl FnOnce(&T) -> A,
                work: impl AsyncFnOnce(&mut $tx) -> Result<T, E>,
            ) -> Result<(A, T), E>
            where
                E: From<$crate::Error> + std::error::Error + 'static,
            {
                let claim = $crate::once::claim();
                let claim = claim.as_deref();
                self.unit(async |tx| {
                    if let Some(claim) = claim {
                        tx.take_key(claim).await?;
                    }
                    let done = work(tx).await?;
                    let answer = answer(&done);
                    if let Some(claim) = claim {
                        tx.keep_answer(claim, answer.bytes()).await?;
                    }
                    Ok((answer, done))
                })
                .await
            }

            /// Begins a unit of work that writes. On SQLite its transaction is in no group.
            pub(crate) async fn begin(&self) -> $crate::Result<$tx> {
                $crate::count_wait(self.engine(), $service, async {
                    Ok(match self {
                        Self::Sqlite(it) => $tx::Sqlite(Tx { tx: it.database.write().await? }),
                        Self::Postgres(it) => $tx::Postgres(Tx { tx: it.database.write().await? }),
                    })
                })
                .await
            }

            /// What traces call the engine.
            const fn engine(&self) -> &'static str {
                match self {
                    Self::Sqlite(_) => "sqlite",
                    Self::Postgres(_) => "postgresql",
                }
            }

            $(
                pub(crate) async fn $read(
                    &self, $($read_name: $read_type),*
                ) -> $crate::Result<$read_answer> {
                    $crate::room!(@call self.$read($($read_name),*))
                }
            )*
        }

        impl $tx {
            $(
                pub(crate) async fn $write(
                    &mut self, $($write_name: $write_type),*
                ) -> $crate::Result<$write_answer> {
                    $crate::room!(@call self.$write($($write_name),*))
                }
            )*

            /// Takes the idempotency key of the call, unless another one used it or is using it.
            async fn take_key(&mut self, claim: &$crate::once::Claim) -> $crate::Result<()> {
                match self {
                    Self::Sqlite(it) => {
                        $crate::traced("sqlite", "take_key", $crate::sqlite::take_key(&mut it.tx, claim)).await
                    }
                    Self::Postgres(it) => {
                        $crate::traced("postgresql", "take_key", $crate::postgres::take_key(&mut it.tx, claim)).await
                    }
                }
            }

            /// Writes the idempotency key of the call, and the answer.
            async fn keep_answer(
                &mut self,
                claim: &$crate::once::Claim,
                answer: Vec<u8>,
            ) -> $crate::Result<()> {
                match self {
                    Self::Sqlite(it) => {
                        let keeping = $crate::sqlite::keep_answer(&mut it.tx, claim, answer);
                        $crate::traced("sqlite", "keep_answer", keeping).await
                    }
                    Self::Postgres(it) => {
                        let keeping = $crate::postgres::keep_answer(&mut it.tx, claim, answer);
                        $crate::traced("postgresql", "keep_answer", keeping).await
                    }
                }
            }

            /// Commits it or rolls it back, as it came out.
            async fn end(self, outcome: $crate::Outcome) -> $crate::Result<()> {
                match self {
                    Self::Sqlite(it) => $crate::traced("sqlite", "commit", it.tx.end(outcome)).await,
                    Self::Postgres(it) => $crate::traced("postgresql", "commit", it.tx.end(outcome)).await,
                }
            }

            /// Commits the unit of work.
            pub(crate) async fn commit(self) -> $crate::Result<()> {
                match self {
                    Self::Sqlite(it) => $crate::traced("sqlite", "commit", it.tx.commit()).await?,
                    Self::Postgres(it) => $crate::traced("postgresql", "commit", it.tx.commit()).await?,
                }
                Ok(())
            }
        }
    };
    (@call $which:ident.$call:ident($($name:ident),*)) => {
        match $which {
            Self::Sqlite(it) => {
                $crate::traced("sqlite", stringify!($call), it.$call($($name),*)).await
            }
            Self::Postgres(it) => {
                $crate::traced("postgresql", stringify!($call), it.$call($($name),*)).await
            }
        }
    };
}

/// Makes the struct of a row, and a macro with the list of its columns for the statements. A statement selects these
/// columns first, so that a row is read by their places.
#[macro_export]
macro_rules! row {
    (
        $(#[$about:meta])*
        $row:ident of $engine:ident, $columns:ident!() {
            $first:ident: $first_kind:ty, $($rest:ident: $rest_kind:ty),* $(,)?
        }
    ) => {
        $(#[$about])*
        pub(crate) struct $row {
            pub(crate) $first: $first_kind,
            $(pub(crate) $rest: $rest_kind,)*
        }

        impl sqlx::FromRow<'_, $engine::Row> for $row {
            fn from_row(row: &$engine::Row) -> sqlx::Result<Self> {
                use sqlx::Row as _;

                let mut place = 0;
                Ok(Self {
                    $first: row.try_get(place)?,
                    $($rest: {
                        place += 1;
                        row.try_get(place)?
                    },)*
                })
            }
        }

        macro_rules! $columns {
            () => {
                concat!(stringify!($first) $(, ", ", stringify!($rest))*)
            };
        }
        pub(crate) use $columns;
    };
}
