//! Accounts in PostgreSQL: the SQL that both engines understand.

use sir0_storage::postgres as engine;

#[path = "lanes.rs"]
pub(super) mod lanes;
#[path = "sessions.rs"]
pub(super) mod sessions;
#[path = "setup.rs"]
pub(super) mod setup;
#[path = "users.rs"]
pub(super) mod users;
