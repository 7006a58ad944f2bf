//! The SQL of accounts. Statements are whole, and beside the function that runs them.
//!
//! The files of this room are compiled twice, as rooms of `sqlite` and of `postgres`. The list of calls makes the types that
//! stand for one or the other.

mod postgres;
#[expect(clippy::duplicate_mod, reason = "the same SQL for another engine")]
mod sqlite;

use std::{net::IpAddr, time::Duration};

use sir0_kernel::{
    ApiTokenId, DeviceId, FactorId, InvitationId, Role, Roster, SessionId, StudioId, StudioRole,
    Timestamp, UserId,
};
use sir0_storage::{self as storage, Announcement};

use crate::domain::{
    Access, Account, Action, Administrator, ApiToken, ClientId, Details, Email, EventFilter,
    EventPlace, Factor, Invitation, KeptEvent, Kind, LaneState, Locks, Member, NewSession, Place,
    Refreshed, SealedFactor, Search, Session, SessionEnded, SignerRow, SigningKeys, Studio,
    StudioName, Toll, TrustedDevice, User, Username, Wanted,
};

/// An account with its password hash.
#[derive(Clone)]
pub(crate) struct StoredUser {
    pub(crate) user: User,
    pub(crate) password_hash: String,
    pub(crate) locks: Locks,
    /// How many second factors guard it.
    pub(crate) factors: i64,
}

/// A sign-in that waits for a code.
pub(crate) struct Waiting {
    /// The account, with the password that was proved.
    pub(crate) proved: StoredUser,
    /// The session that was asked for.
    pub(crate) wanted: Wanted,
}

/// Which of two names another account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) username: bool,
    pub(crate) email: bool,
}

/// The use of a refresh token.
pub(crate) struct Refresh {
    pub(crate) session: SessionId,
    pub(crate) client: ClientId,
    /// The hash of the token that is shown.
    pub(crate) shown: Vec<u8>,
    /// The hash of the token that it is answered with.
    pub(crate) next: Vec<u8>,
    /// The hash of the token that it is answered with when it was used before `same_since`.
    pub(crate) another: Vec<u8>,
    pub(crate) same_since: Timestamp,
    pub(crate) at: Timestamp,
    pub(crate) address: Option<IpAddr>,
    /// When the session ends, unless it is refreshed again.
    pub(crate) expires: Timestamp,
    /// When the access token expires that it is answered with.
    pub(crate) token_expires: Timestamp,
}

storage::room! {
    AccountsDb and AccountsTx of "accounts"

    reads {
        user(id: UserId) -> Option<User>;
        user_by_email(email: &Email) -> Option<StoredUser>;
        taken(username: &Username, email: &Email, except: Option<UserId>) -> Taken;
        ended_sessions(now: Timestamp, behind: Option<SessionId>, most: i64) -> Vec<SessionEnded>;
        sessions_of(user: UserId, now: Timestamp, behind: Option<SessionId>, most: i64) -> Vec<Session>;
        has_session(user: UserId, id: SessionId) -> bool;
        factors_of(user: UserId, since: Timestamp) -> Vec<Factor>;
        guarding_factors(user: UserId) -> Vec<SealedFactor>;
        waiting_factor(id: FactorId, user: UserId, since: Timestamp) -> Option<SealedFactor>;
        factors_to_reseal(behind: Option<FactorId>, front: &[u8], most: i64) -> Vec<SealedFactor>;
        count_recovery_codes(user: UserId) -> i64;
        challenge(hash: &[u8], now: Timestamp) -> Option<Waiting>;
        devices_of(user: UserId, now: Timestamp) -> Vec<TrustedDevice>;
        known_device(hash: &[u8], email: &Email, now: Timestamp) -> Option<DeviceId>;
        key_names() -> u64;
        sharing_a_name(most: i64) -> Vec<(UserId, Username)>;
        account(id: UserId) -> Option<Account>;
        found(search: &Search, behind: Option<UserId>, most: i64) -> Vec<Account>;
        access_of(user: UserId, now: Timestamp) -> Access;
        reset_of(hash: &[u8], now: Timestamp) -> Option<UserId>;
        has_administrator() -> bool;
        is_setup(hash: &[u8], now: Timestamp) -> bool;
        signing_keys() -> SigningKeys;
        secret(name: &str) -> Option<Vec<u8>>;
        lane(place: &Place) -> Option<LaneState>;
        how_many_lanes() -> i64;
        studio(id: StudioId) -> Option<Studio>;
        studios_of(user: UserId) -> Vec<(Studio, StudioRole)>;
        members(id: StudioId) -> Vec<Member>;
        rosters(after: Option<StudioId>, most: i64) -> Vec<Roster>;
        invited_to(hash: &[u8], now: Timestamp) -> Option<StudioId>;
        invitations(studio: StudioId, now: Timestamp) -> Vec<Invitation>;
        security_events(filter: &EventFilter, behind: EventPlace, most: i64) -> Vec<KeptEvent>;
        security_events_after(position: i64, most: i64) -> Vec<KeptEvent>;
        busy_accounts(since: Timestamp, usual: i64) -> Vec<(UserId, Kind)>;
        details(user: UserId) -> Details;
        owner_of_api_token(hash: &[u8], now: Timestamp) -> Option<UserId>;
        api_tokens(user: UserId, now: Timestamp) -> Vec<ApiToken>;
    }

    writes {
        user(id: UserId) -> Option<User>;
        add_user(username: &Username, email: &Email, hash: &str, role: Role, at: Timestamp) -> UserId;
        save_user(user: &User, at: Timestamp) -> ();
        set_password(id: UserId, hash: &str, at: Timestamp) -> ();
        refresh_hash(id: UserId, new: &str, old: &str) -> ();
        begin_session(new: &NewSession, proved: &StoredUser) -> bool;
        refresh_session(refresh: &Refresh) -> Option<Refreshed>;
        end_replayed_session(id: SessionId, family: &[u8], shown: &[u8], at: Timestamp) -> Option<SessionEnded>;
        end_session(id: SessionId, at: Timestamp) -> Option<SessionEnded>;
        end_family(id: SessionId, family: &[u8], at: Timestamp) -> Option<SessionEnded>;
        end_sessions_of(user: UserId, but_for: Option<SessionId>, at: Timestamp) -> Vec<SessionEnded>;
        end_sign_ins_of(user: UserId, but_for: Option<SessionId>, at: Timestamp) -> Vec<SessionEnded>;
        forget_sessions(expired_before: Timestamp) -> ();
        add_confirmation(hash: &[u8], session: SessionId, action: Action, expires: Timestamp) -> ();
        use_confirmation(hash: &[u8], session: SessionId, action: Action, now: Timestamp) -> bool;
        forget_confirmations(now: Timestamp) -> ();
        count_factors(user: UserId) -> i64;
        count_all_factors(user: UserId, since: Timestamp) -> i64;
        add_factor(user: UserId, factor: &Factor, sealed: &[u8]) -> ();
        confirm_factor(id: FactorId, user: UserId, step: i64, since: Timestamp, at: Timestamp) -> bool;
        remove_factor(id: FactorId, user: UserId) -> bool;
        recount_factors(user: UserId) -> i64;
        use_step(user: UserId, factor: FactorId, step: i64) -> bool;
        add_recovery_codes(user: UserId, hashes: &[Vec<u8>]) -> ();
        use_recovery_code(user: UserId, hash: &[u8]) -> bool;
        forget_recovery_codes(user: UserId) -> ();
        reseal_factor(id: FactorId, before: &[u8], sealed: &[u8]) -> ();
        forget_factors(made_before: Timestamp) -> ();
        add_challenge(hash: &[u8], waiting: &Waiting, expires: Timestamp) -> ();
        try_challenge(hash: &[u8], now: Timestamp) -> bool;
        use_challenge(hash: &[u8]) -> bool;
        forget_challenges(now: Timestamp) -> ();
        add_device(user: UserId, device: &TrustedDevice, hash: &[u8]) -> ();
        use_device(id: DeviceId, user: UserId, address: Option<IpAddr>, now: Timestamp) -> bool;
        forget_device(id: DeviceId, user: UserId) -> bool;
        forget_devices_of(user: UserId) -> usize;
        forget_old_devices(now: Timestamp) -> ();
        hold_with_administrators(id: UserId) -> (Option<Account>, Vec<Administrator>);
        account(id: UserId) -> Option<Account>;
        set_locks(id: UserId, locks: Locks, at: Timestamp) -> ();
        revoke_all_invitations_by(user: UserId) -> ();
        revoke_invitations_of_no_owner(user: UserId) -> ();
        offer_reset(user: UserId, hash: &[u8], by: Option<UserId>, expires: Timestamp, removes_factors: bool) -> ();
        use_reset(hash: &[u8], now: Timestamp) -> Option<bool>;
        remove_factors_of(user: UserId) -> ();
        set_new_password(id: UserId, hash: &str, at: Timestamp) -> ();
        drop_reset(user: UserId) -> ();
        drop_resets_by(user: UserId) -> ();
        revoke_api_tokens_of(user: UserId) -> ();
        forget_resets(now: Timestamp) -> ();
        offer_setup(hash: &[u8], expires: Timestamp) -> bool;
        use_setup(hash: &[u8], now: Timestamp) -> bool;
        add_signing_key(key: &SignerRow) -> bool;
        refuse_signing_keys(before: i64, from: Timestamp) -> ();
        raise_token_life(from: i64, life: Duration) -> ();
        drop_private_key(kid: &str, refused_from: Option<Timestamp>) -> ();
        reseal_signing_key(kid: &str, before: &[u8], sealed: &[u8]) -> ();
        add_secret(name: &str, sealed: &[u8]) -> ();
        reseal_secret(name: &str, before: &[u8], sealed: &[u8]) -> ();
        charge_lane(place: &Place, toll: &Toll) -> Option<i64>;
        take_back(place: &Place) -> ();
        clear_lanes(place: &Place) -> ();
        know_lane(place: &Place, now: Timestamp) -> ();
        open_all_lanes(account: &[u8]) -> u64;
        forget_lanes_of(account: &[u8]) -> ();
        forget_lanes(since: Timestamp, most: i64) -> u64;
        forget_least_lanes(kept: i64, most: i64) -> u64;
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
        session_owner(id: SessionId) -> Option<UserId>;
        forget_security_events(before: Timestamp, most: i64) -> u64;
        forget_security_events_of(kind: &Kind, kept: i64, most: i64) -> u64;
        forget_security_events_of_account(user: UserId, kind: &Kind, kept: i64, most: i64) -> u64;
        details(user: UserId) -> Details;
        save_details(user: UserId, details: &Details) -> ();
        count_api_tokens(user: UserId, now: Timestamp) -> i64;
        add_api_token(token: &ApiToken, hash: &[u8]) -> ();
        hold_role(user: UserId) -> Option<Role>;
        use_api_token(hash: &[u8], user: UserId, address: Option<IpAddr>, now: Timestamp) -> Option<ApiToken>;
        session_of_api_token(token: &ApiToken, expires: Timestamp, now: Timestamp) -> SessionId;
        revoke_api_token(id: ApiTokenId, user: UserId) -> Option<ApiToken>;
        forget_api_tokens(expired_before: Timestamp) -> ();
        announce(announcement: &Announcement) -> ();
    }
}

#[cfg(test)]
pub(crate) mod tests;
