//! For tests only: PostgreSQL and Redis as processes that end with the test.
//!
//! ```no_run
//! let database = sir0_throwaway::database();
//! database.psql("CREATE TABLE games (title TEXT)");
//!
//! let mut redis = sir0_throwaway::Redis::start();
//! redis.kill();
//! redis.start_again();
//! ```
//!
//! 1. [`database()`]: an empty database for one test, on a server that many tests share.
//! 2. [`Empty`] and [`on_every_engine!`]: the same for a story that is told on every engine.
//! 3. [`Postgres`]: a separate server, to be killed.
//! 4. [`Redis`]: the same for Redis.
//! 5. [`PgBouncer`]: a pooler in front of a database.
//! 6. [`sql_room!`]: the tests that the `db` room of every service has, with [`SqlRoom`] and [`sql_files`], which tell
//!    of SQL without a server.
//!
//! Servers listen on loopback, each on a separate port. A server ends when it is dropped, and soon after the test
//! process that started it, even if that process was killed. As root, servers run as the user `postgres` or `nobody`. A
//! failure panics and says what failed: here that is what a failing test looks like.
#![cfg(unix)]

mod database;
mod empty;
mod home;
mod pgbouncer;
mod port;
mod postgres;
mod programs;
mod redis;
mod running;
mod sql;

pub use database::{Database, SHARED_SERVER, database};
pub use empty::Empty;
pub use pgbouncer::{Lends, PgBouncer};
pub use port::free as free_port;
pub use postgres::Postgres;
pub use programs::{has_pgbouncer, has_postgres, has_redis, postgres as postgres_programs};
pub use redis::Redis;
pub use sql::{Forms, SqlRoom, sql_files};
