//! The SQL of accounts. Statements are whole, and beside the function that runs them.
//!
//! `users.rs`, `sessions.rs`, `setup.rs`, `studios.rs` and `invitations.rs` are compiled twice, as rooms of `sqlite` and of
//! `postgres`. The list of calls makes the types that stand for one or the other.

mod postgres;
#[expect(clippy::duplicate_mod, reason = "the same SQL for another engine")]
mod sqlite;

use sir0_kernel::{InvitationId, Role, Roster, SessionId, StudioId, StudioRole, Timestamp, UserId};
use sir0_storage::{self as storage, Announcement};

use crate::domain::{Email, Invitation, Member, SessionEnded, Studio, StudioName, User, Username};

/// An account with its password hash.
#[derive(Clone)]
pub(crate) struct StoredUser {
    pub(crate) user: User,
    pub(crate) password_hash: String,
}

/// Which of two names another account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) username: bool,
    pub(crate) email: bool,
}

storage::room! {
    AccountsDb and AccountsTx of "accounts"

    reads {
        user(id: UserId) -> Option<User>;
        user_by_email(email: &Email) -> Option<StoredUser>;
        taken(username: &Username, email: &Email, except: Option<UserId>) -> Taken;
        ended_sessions(now: Timestamp) -> Vec<SessionEnded>;
        key_names() -> u64;
        sharing_a_name(most: i64) -> Vec<(UserId, Username)>;
        has_administrator() -> bool;
        is_setup(hash: &[u8], now: Timestamp) -> bool;
        studio(id: StudioId) -> Option<Studio>;
        studios_of(user: UserId) -> Vec<(Studio, StudioRole)>;
        members(id: StudioId) -> Vec<Member>;
        rosters(after: Option<StudioId>, most: i64) -> Vec<Roster>;
        invited_to(hash: &[u8], now: Timestamp) -> Option<StudioId>;
        invitations(studio: StudioId, now: Timestamp) -> Vec<Invitation>;
    }

    writes {
        user(id: UserId) -> Option<User>;
        add_user(username: &Username, email: &Email, hash: &str, role: Role, at: Timestamp) -> UserId;
        save_user(user: &User, at: Timestamp) -> ();
        set_password(id: UserId, hash: &str, at: Timestamp) -> ();
        refresh_hash(id: UserId, new: &str, old: &str) -> ();
        begin_session(session: SessionId, proved: &StoredUser, now: Timestamp, expires: Timestamp) -> bool;
        end_session(id: SessionId, at: Timestamp) -> Option<SessionEnded>;
        end_sessions_of(user: UserId, but_for: Option<SessionId>, at: Timestamp) -> Vec<SessionEnded>;
        forget_sessions(expired_before: Timestamp) -> ();
        offer_setup(hash: &[u8], expires: Timestamp) -> bool;
        use_setup(hash: &[u8], now: Timestamp) -> bool;
        hold_studio(id: StudioId) -> Option<Studio>;
        roster(studio: StudioId) -> Roster;
        next_roster(studio: StudioId) -> Roster;
        studios_of(user: UserId) -> Vec<(StudioId, StudioRole)>;
        count_founded(user: UserId) -> i64;
        count_joined(user: UserId) -> i64;
        found_studio(studio: &Studio, founder: UserId) -> ();
        rename_studio(id: StudioId, name: &StudioName) -> ();
        add_member(studio: StudioId, user: UserId, role: StudioRole, at: Timestamp) -> ();
        set_member_role(studio: StudioId, user: UserId, role: StudioRole) -> ();
        remove_member(studio: StudioId, user: UserId) -> ();
        count_invitations(studio: StudioId, now: Timestamp) -> i64;
        add_invitation(invitation: &Invitation, hash: &[u8]) -> ();
        use_invitation(hash: &[u8], now: Timestamp) -> Option<Invitation>;
        revoke_invitation(studio: StudioId, id: InvitationId) -> bool;
        revoke_invitations_by(studio: StudioId, user: UserId) -> ();
        forget_invitations(expired_before: Timestamp) -> ();
        announce(announcement: &Announcement) -> ();
    }
}

#[cfg(test)]
mod tests;
