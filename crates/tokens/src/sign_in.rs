//! A sign-in, as its access tokens tell of it.

use std::fmt;

use sir0_kernel::{Role, SessionId, Timestamp, UserId};

/// The sign-in that a token is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignIn<'a> {
    /// Who signed in: `sub`.
    pub user: UserId,
    /// What they may do: `role`.
    pub role: Role,
    /// The session that began with it: `sid`.
    pub session: SessionId,
    /// The program that signed in, by its own word: `client_id` (RFC 9068).
    pub client: &'a str,
    /// When they proved who they are: `auth_time`. A refresh keeps it.
    pub at: Timestamp,
    /// How they proved it: `amr`. A refresh keeps it.
    pub methods: Methods,
}

impl SignIn<'static> {
    /// What a client is called that does not say what it is.
    pub const ANY_CLIENT: &'static str = "sir0";

    /// A sign-in by password, with a client that does not say what it is.
    #[must_use]
    pub const fn by_password(user: UserId, role: Role, session: SessionId, at: Timestamp) -> Self {
        Self { user, role, session, client: Self::ANY_CLIENT, at, methods: Methods::PASSWORD }
    }
}

/// How a person proved who they are, in the words of RFC 8176.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Methods(u8);

impl Methods {
    /// `pwd`: a password.
    pub const PASSWORD: Self = Self(1);
    /// `otp`: a one-time code.
    pub const CODE: Self = Self(2);

    const NAMES: [(Self, &'static str); 2] = [(Self::PASSWORD, "pwd"), (Self::CODE, "otp")];

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether these are all among them.
    #[must_use]
    pub const fn have(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Their words.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(one, _)| self.have(*one)).map(|(_, name)| name)
    }

    /// The methods with these words. A word of a newer version is passed over.
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let known = |name| Self::NAMES.into_iter().find(|(_, known)| *known == name);
        names.into_iter().filter_map(known).fold(Self::default(), |all, (one, _)| all.and(one))
    }
}

/// The words, with blanks between.
impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_read_back_what_they_wrote_and_pass_over_what_they_do_not_know() {
        let both = Methods::PASSWORD.and(Methods::CODE);

        assert_eq!(both.to_string(), "pwd otp");
        assert_eq!(Methods::of(both.to_string().split(' ')), both);
        assert_eq!(Methods::of(["hwk", "pwd"]), Methods::PASSWORD);
        assert!(both.have(Methods::CODE) && !Methods::PASSWORD.have(Methods::CODE));
    }
}
