//! An account, and how it changes.

use sir0_kernel::{Role, Timestamp, UserId};

use super::{Email, Username};

/// An account as its owner sees it. Its password hash is no part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Never changes, never used twice.
    pub id: UserId,
    /// The name others see.
    pub username: Username,
    /// What the person signs in with.
    pub email: Email,
    /// What the account may do.
    pub role: Role,
    /// When it was made.
    pub created: Timestamp,
}

/// A change to the profile of an account. `None` keeps what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// The new name.
    pub username: Option<Username>,
    /// The new e-mail.
    pub email: Option<Email>,
}

impl User {
    /// Applies the change, and names the fields that changed. Repeating it is harmless.
    pub fn change(&mut self, change: ProfileChange) -> Vec<&'static str> {
        let mut changed = Vec::new();
        if let Some(username) = change.username.filter(|new| *new != self.username) {
            self.username = username;
            changed.push("username");
        }
        if let Some(email) = change.email.filter(|new| *new != self.email) {
            self.email = email;
            changed.push("email");
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> User {
        User {
            id: UserId::parse(7).expect("an id"),
            username: Username::parse("Ada").expect("a name"),
            email: Email::parse("ada@example.com").expect("an address"),
            role: Role::Player,
            created: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name_and_repeats_without_effect() {
        let mut user = ada();
        let countess = Username::parse("Countess").expect("a name");
        let change = ProfileChange { username: Some(countess.clone()), email: None };

        assert_eq!(user.change(change.clone()), ["username"]);
        assert_eq!(user, User { username: countess, ..ada() });
        assert!(user.change(change).is_empty());
        assert!(user.change(ProfileChange::default()).is_empty());
    }
}
