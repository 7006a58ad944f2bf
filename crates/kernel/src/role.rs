//! What an account may do, on the platform and in a studio.

use std::{fmt, str::FromStr};

/// What an account may do. Each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Finds, buys and plays games.
    Player,
    /// Lists games too.
    Publisher,
    /// Looks after accounts too.
    Admin,
}

impl Role {
    /// As in tokens, tables and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Player => "player",
            Self::Publisher => "publisher",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No role has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role, use `player`, `publisher` or `admin`")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        [Self::Player, Self::Publisher, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == name)
            .ok_or_else(|| UnknownRole(name.to_owned()))
    }
}

/// What a member of a studio may do in it. Each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StudioRole {
    /// Sees the studio and who is in it.
    Viewer,
    /// Uploads builds too, once there are builds.
    Uploader,
    /// Adds, changes and removes its games too.
    Editor,
    /// Decides who is in it too, and what it is called.
    Owner,
}

impl StudioRole {
    /// From the least to the most.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Uploader, Self::Editor, Self::Owner];

    /// As in tables and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Uploader => "uploader",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }

    /// Whether it may add, change and remove games.
    #[must_use]
    pub fn writes_games(self) -> bool {
        self >= Self::Editor
    }
}

impl fmt::Display for StudioRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No role in a studio has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `owner`, `editor`, `uploader` or `viewer`")]
pub struct UnknownStudioRole;

impl FromStr for StudioRole {
    type Err = UnknownStudioRole;

    fn from_str(name: &str) -> Result<Self, UnknownStudioRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or(UnknownStudioRole)
    }
}
