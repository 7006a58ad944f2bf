//! What an API token opens. A scope that is not named here opens nothing.

use std::{fmt, str::FromStr};

use crate::{Role, StudioId, StudioRole};

/// What an API token may be made for. The options of a call name the scope that opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Lists the games of its owner's studios.
    GamesRead,
    /// Adds, changes and removes games.
    GamesWrite,
}

/// No scope has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be scopes that exist: `games:read`, `games:write`")]
pub struct UnknownScope;

impl Scope {
    /// All of them. Each opens a call; a test holds it.
    pub const ALL: [Self; 2] = [Self::GamesRead, Self::GamesWrite];

    /// As in tokens, tables and answers. The words are never changed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GamesRead => "games:read",
            Self::GamesWrite => "games:write",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// Whether someone with this role and in these studios may do it themselves: in this studio, or in any.
    fn is_within(
        self,
        role: Role,
        studios: &[(StudioId, StudioRole)],
        only: Option<StudioId>,
    ) -> bool {
        let of = |studio: &&(StudioId, StudioRole)| only.is_none_or(|only| only == studio.0);
        let mut held = studios.iter().filter(of).map(|(_, role)| *role);
        match (self, only) {
            _ if role == Role::Admin => true,
            (Self::GamesRead, None) => true,
            (Self::GamesRead, Some(_)) => held.next().is_some(),
            (Self::GamesWrite, None) if role >= Role::Publisher => true,
            (Self::GamesWrite, _) => held.any(StudioRole::writes_games),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name).ok_or(UnknownScope)
    }
}

/// Scopes, each once.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    /// Reads what someone asks for. Repeating one is harmless.
    pub fn parse<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, UnknownScope> {
        names.into_iter().map(str::parse).collect()
    }

    /// The scopes in a text with blanks between. A word of a later version is passed over, so that it opens nothing
    /// here.
    #[must_use]
    pub fn known(text: &str) -> Self {
        text.split(' ').filter_map(|name| name.parse().ok()).collect()
    }

    /// Whether this is one of them.
    #[must_use]
    pub const fn have(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// They, in the order of their list.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.have(*scope))
    }

    /// Whether someone with this role and in these studios may do all of it themselves: in this studio, or in any.
    #[must_use]
    pub fn are_within(
        self,
        role: Role,
        studios: &[(StudioId, StudioRole)],
        only: Option<StudioId>,
    ) -> bool {
        self.iter().all(|scope| scope.is_within(role, studios, only))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |all, scope| all | scope.bit()))
    }
}

/// Their words, with blanks between, as OAuth writes them (RFC 6749, 3.3).
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Scope::as_str).collect();
        f.write_str(&names.join(" "))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What the access tokens of an API token are good for, beside whose they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Which calls they open.
    pub scopes: Scopes,
    /// The one studio whose things they are for. `None` is all that its owner may.
    pub studio: Option<StudioId>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn scopes_read_back_what_they_wrote_and_pass_over_what_they_do_not_know() {
        let both = Scopes::parse(["games:write", "games:read", "games:write"]).expect("known");

        assert_eq!(both.to_string(), "games:read games:write");
        assert_eq!(Scopes::known(&both.to_string()), both);
        assert_eq!(
            Scopes::known("builds:upload games:read"),
            Scopes::from_iter([Scope::GamesRead])
        );
        assert!(Scopes::known("").is_empty() && Scopes::known("games:*").is_empty());
        for unknown in
            ["builds:upload", "", "games:write ", "GAMES:WRITE", "games:read games:write"]
        {
            assert_eq!(Scopes::parse(["games:read", unknown]), Err(UnknownScope), "{unknown:?}");
        }
    }

    #[test]
    fn the_refusal_of_an_unknown_scope_names_all_that_there_are() {
        let told = UnknownScope.to_string();

        assert!(Scope::ALL.iter().all(|scope| told.contains(scope.as_str())), "{told}");
    }

    #[test]
    fn nobody_has_a_machine_do_what_they_may_not_do_themselves() {
        let [one, other] = [1, 2].map(|at| StudioId::fresh(Timestamp::from_micros(at)));
        let (read, write) = (Scopes::from_iter([Scope::GamesRead]), Scopes::from_iter(Scope::ALL));
        let within =
            |scopes: Scopes, role, member: &[_], only| scopes.are_within(role, member, only);
        let (editor, viewer) = ([(one, StudioRole::Editor)], [(one, StudioRole::Viewer)]);

        assert!(within(write, Role::Player, &editor, Some(one)));
        assert!(within(write, Role::Player, &editor, None));
        assert!(!within(write, Role::Player, &editor, Some(other)), "it is another's");
        assert!(!within(write, Role::Publisher, &[], Some(one)), "they left the studio");
        assert!(!within(read, Role::Publisher, &[], Some(one)));
        assert!(within(read, Role::Player, &viewer, Some(one)));
        assert!(!within(write, Role::Player, &viewer, Some(one)));
        assert!(!within(write, Role::Player, &viewer, None), "they are no publisher any more");
        assert!(within(write, Role::Publisher, &[], None) && within(read, Role::Player, &[], None));
        assert!(within(write, Role::Admin, &[], Some(other)));
    }
}
