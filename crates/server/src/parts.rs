//! Which services a process answers for: all of them, or one that runs apart from the others.

use std::{collections::HashMap, time::Duration};

use clap::ValueEnum;
use sir0_contract::{CALLS, Call};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// What can run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Who someone is and how they prove it.
    Accounts,
    /// Games, and the WebSocket that tells of their changes.
    Storefront,
    /// The docs page and the status of the other two. Keeps nothing.
    Edge,
}

impl Part {
    /// Its name, as a person types it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Storefront => "storefront",
            Self::Edge => "edge",
        }
    }

    /// The part that answers this call.
    pub(crate) fn of(call: &Call) -> Self {
        if call.service.starts_with("sir0.accounts.") {
            Self::Accounts
        } else if call.service.starts_with("sir0.storefront.") {
            Self::Storefront
        } else {
            Self::Edge
        }
    }
}

/// What one process answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts(Option<Part>);

impl Parts {
    /// Everything: the platform in one process.
    pub const ALL: Self = Self(None);

    /// One part, which finds the others by their addresses.
    #[must_use]
    pub const fn only(part: Part) -> Self {
        Self(Some(part))
    }

    /// The part, if it is only one.
    #[must_use]
    pub const fn alone(self) -> Option<Part> {
        self.0
    }

    /// Whether this process answers for the part.
    #[must_use]
    pub fn include(self, part: Part) -> bool {
        self.0.is_none_or(|only| only == part)
    }

    /// The calls this process answers, in the order of the contract.
    pub(crate) fn calls(self) -> Vec<&'static Call> {
        CALLS.iter().filter(|call| self.include(Part::of(call))).collect()
    }
}

/// How long a caller should wait when this process does not serve its call.
pub(crate) const ELSEWHERE_AGAIN: Duration = Duration::from_secs(1);

/// The message to such a caller.
pub(crate) const ELSEWHERE: &str = "another process of this platform answers this, try again";

/// The answer to a call of the contract that this process does not serve. A proxy that asked the wrong process, as when
/// an address changed hands, then asks another one. It would pass on `UNIMPLEMENTED` as the truth. The answer is no
/// fault of this process, so it is counted and not logged.
pub(crate) fn elsewhere() -> Status {
    let mut details = ErrorDetails::with_error_info("UNAVAILABLE", "platform", HashMap::new());
    details.set_retry_info(Some(ELSEWHERE_AGAIN));
    Status::with_error_details(Code::Unavailable, ELSEWHERE, details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_belongs_to_one_part_and_to_the_whole() {
        let apart: Vec<_> = [Part::Accounts, Part::Storefront, Part::Edge]
            .map(|part| Parts::only(part).calls())
            .concat();

        assert_eq!(apart.len(), CALLS.len());
        assert_eq!(Parts::ALL.calls().len(), CALLS.len());
        for (part, path) in [
            (Part::Accounts, "/sir0.accounts.v1.AccountsService/Login"),
            (Part::Storefront, "/sir0.storefront.v1.GamesService/GetGame"),
            (Part::Edge, "/sir0.status.v1.StatusService/GetStatus"),
        ] {
            let calls = Parts::only(part).calls();
            assert!(calls.iter().any(|call| call.path == path), "{path} is not of {part:?}");
        }
    }
}
