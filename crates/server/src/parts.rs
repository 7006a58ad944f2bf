//! Which services a process answers for: all of them, or one that runs apart from the others.

use std::{fmt, str::FromStr};

use sir0_contract::{Access, Call};
use sir0_host::Service;

use crate::SERVICES;

/// What can run by itself.
#[derive(Clone, Copy)]
pub enum Part {
    /// A service.
    Service(&'static Service),
    /// The docs page and the status of the services. Keeps nothing.
    Edge,
}

/// The name of the part that is no service.
const EDGE: &str = "edge";

impl Part {
    /// Every part.
    pub fn all() -> impl Iterator<Item = Self> {
        SERVICES.iter().copied().map(Self::Service).chain([Self::Edge])
    }

    /// Its name, as a person types it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service(service) => service.name,
            Self::Edge => EDGE,
        }
    }

    /// What it has, in a line of a help page.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Service(service) => service.about,
            Self::Edge => "The docs page and the status of the services. Keeps nothing",
        }
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Part {}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No part has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no part has this name")]
pub struct NoSuchPart;

impl FromStr for Part {
    type Err = NoSuchPart;

    fn from_str(name: &str) -> Result<Self, NoSuchPart> {
        Self::all().find(|part| part.name() == name).ok_or(NoSuchPart)
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

    /// Whether this process has the docs page and the status.
    #[must_use]
    pub fn has_edge(self) -> bool {
        self.0.is_none_or(|only| only == Part::Edge)
    }

    /// Whether this process has the service.
    #[must_use]
    pub fn have(self, service: &Service) -> bool {
        self.0.is_none_or(|only| only.name() == service.name)
    }

    /// The services of this process.
    pub fn services(self) -> impl Iterator<Item = &'static Service> {
        SERVICES.iter().copied().filter(move |service| self.have(service))
    }

    /// The calls of this process, in the order of the contract. A call of no service is the edge's.
    pub(crate) fn calls(self) -> Vec<&'static Call> {
        let is_here =
            |call: &&'static Call| match SERVICES.iter().find(|service| service.answers(call)) {
                Some(service) => self.have(service),
                None => self.has_edge(),
            };
        sir0_contract::calls().filter(is_here).collect()
    }

    /// The calls that reflection lists. The edge lists the whole public contract: behind a proxy, the edge is the one
    /// that is asked.
    pub(crate) fn listed_calls(self) -> Vec<&'static Call> {
        match self.0 {
            Some(Part::Edge) => {
                sir0_contract::calls().filter(|call| call.access != Access::Peer).collect()
            }
            _ => self.calls(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_belongs_to_one_part_and_to_the_whole() {
        let apart: usize = Part::all().map(|part| Parts::only(part).calls().len()).sum();

        assert_eq!(apart, sir0_contract::calls().count());
        assert_eq!(Parts::ALL.calls().len(), apart);
        for (part, path) in [
            ("accounts", "/sir0.accounts.v1.AccountsService/Login"),
            ("storefront", "/sir0.storefront.v1.GamesService/GetGame"),
            ("edge", "/sir0.status.v1.StatusService/GetStatus"),
        ] {
            let calls = Parts::only(part.parse().expect("a part")).calls();
            assert!(calls.iter().any(|call| call.path == path), "{path} is not of {part}");
        }
    }
}
