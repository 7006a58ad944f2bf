//! The word that a waiter receives, and its way there.

use std::time::Duration;

use tokio::sync::oneshot;

use super::Permit;

/// The channel that brings a waiter its word.
pub(super) type Teller = oneshot::Sender<Word>;

/// The word that a waiter receives.
#[derive(Debug)]
pub(super) enum Word {
    Begin(Permit),
    /// A caller with fewer recent failures and requests came.
    MakeRoom,
    /// Other attempts for the account failed meanwhile.
    TooManyAttempts(Duration),
}

/// Tells each waiter its word.
pub(super) fn tell(told: Vec<(Teller, Word)>) {
    for (teller, word) in told {
        // A caller who left meanwhile gives the permit back.
        drop(teller.send(word));
    }
}
