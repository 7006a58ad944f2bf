//! The SQL of accounts. Statements are whole, and beside the function that runs them.
//!
//! `users.rs`, `sessions.rs`, `lanes.rs` and `setup.rs` are compiled twice, as rooms of `sqlite` and of `postgres`. The list of calls makes
//! the types that stand for one or the other.

mod postgres;
#[expect(clippy::duplicate_mod, reason = "the same SQL for another engine")]
mod sqlite;

use sir0_kernel::{Role, SessionId, Timestamp, UserId};
use sir0_storage::{self as storage, Announcement};

use crate::domain::{Email, LaneState, Place, SessionEnded, Toll, User, Username};

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
        lane(place: &Place) -> Option<LaneState>;
        how_many_lanes() -> i64;
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
        charge_lane(place: &Place, toll: &Toll) -> Option<i64>;
        take_back(place: &Place) -> ();
        clear_lanes(place: &Place) -> ();
        know_lane(place: &Place, now: Timestamp) -> ();
        clear_all_lanes(account: &[u8]) -> u64;
        forget_lanes(since: Timestamp, most: i64) -> u64;
        forget_least_lanes(kept: i64, most: i64) -> u64;
        announce(announcement: &Announcement) -> ();
    }
}

#[cfg(test)]
mod tests;
