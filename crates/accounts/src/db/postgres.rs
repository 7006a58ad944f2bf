//! Accounts in PostgreSQL: the SQL that both engines understand.

use sir0_storage::postgres as engine;

#[path = "invitations.rs"]
pub(super) mod invitations;
#[path = "sessions.rs"]
pub(super) mod sessions;
#[path = "setup.rs"]
pub(super) mod setup;
#[path = "studios.rs"]
pub(super) mod studios;
#[path = "users.rs"]
pub(super) mod users;
