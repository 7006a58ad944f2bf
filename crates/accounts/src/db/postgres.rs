//! Accounts in PostgreSQL: the SQL that both engines understand.

use sir0_storage::postgres as engine;

#[path = "api_tokens.rs"]
pub(super) mod api_tokens;
#[path = "confirmations.rs"]
pub(super) mod confirmations;
#[path = "invitations.rs"]
pub(super) mod invitations;
#[path = "lanes.rs"]
pub(super) mod lanes;
#[path = "profiles.rs"]
pub(super) mod profiles;
#[path = "refreshing.rs"]
pub(super) mod refreshing;
#[path = "sessions.rs"]
pub(super) mod sessions;
#[path = "setup.rs"]
pub(super) mod setup;
#[path = "signing_keys.rs"]
pub(super) mod signing_keys;
#[path = "studios.rs"]
pub(super) mod studios;
#[path = "users.rs"]
pub(super) mod users;
