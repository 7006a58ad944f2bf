//! Access tokens that any service can verify without asking another one, the sessions that ended early, and the seal of
//! tokens that clients hand back.
//!
//! 1. [`SigningKey`]: signs tokens; [`Signers`] are the keys, each from its time on.
//! 2. [`Mint`]: makes access tokens of a [`SignIn`]; only accounts has one.
//! 3. [`KeySet`]: the public half, as services pass it on; [`Keys`] are those of the moment.
//! 4. [`Verifier`]: tells who holds a token, or refuses it.
//! 5. [`EndedSessions`]: refuses good tokens whose session is over.
//! 6. [`Seal`]: seals tokens of pages and streams.
//! 7. [`Vault`]: seals secrets that lie in a database.

mod ended;
mod key_file;
mod key_set;
mod keys;
mod mint;
mod recognised;
mod seal;
mod sign_in;
mod signers;
mod vault;
mod verify;

pub use ended::EndedSessions;
pub use key_file::{Holds, KeyError, Readers};
pub use key_set::{InvalidKeySet, KeySet, Keys};
pub use keys::SigningKey;
pub use mint::{AccessToken, Machine, Mint};
pub use seal::{Forged, Seal};
pub use sign_in::{Methods, SignIn};
pub use signers::Signers;
pub use vault::{KeyId, Unopened, Vault};
pub use verify::{Claims, InvalidToken, Verifier};

/// The media type of RFC 9068, so that no other JWT of ours can pass for an access token.
pub const TOKEN_TYPE: &str = "at+jwt";

/// Whom the access tokens of API tokens are for, on a platform whose own audience is this one. A version that knows
/// no scopes refuses another audience (RFC 9068, 4), so it never takes a token that may do little for one that may do
/// everything.
fn audience_of_machines(audience: &str) -> String {
    format!("{audience}:scoped")
}
