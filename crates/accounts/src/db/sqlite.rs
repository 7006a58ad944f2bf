//! Accounts in the embedded engine: the SQL that both engines understand.

use sir0_storage::sqlite as engine;

#[path = "administration.rs"]
pub(super) mod administration;
#[path = "api_tokens.rs"]
pub(super) mod api_tokens;
#[path = "challenges.rs"]
pub(super) mod challenges;
#[path = "confirmations.rs"]
pub(super) mod confirmations;
#[path = "devices.rs"]
pub(super) mod devices;
#[path = "factors.rs"]
pub(super) mod factors;
#[path = "invitations.rs"]
pub(super) mod invitations;
#[path = "lanes.rs"]
pub(super) mod lanes;
#[path = "profiles.rs"]
pub(super) mod profiles;
#[path = "refreshing.rs"]
pub(super) mod refreshing;
#[path = "resets.rs"]
pub(super) mod resets;
#[path = "security_events.rs"]
pub(super) mod security_events;
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
