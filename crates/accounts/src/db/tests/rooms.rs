//! Statements and migrations: each is known to a test, and each engine understands it.

use super::*;

sir0_throwaway::sql_room! {
    AccountsDb of "accounts"
    lanes: LANE, CHARGE_LANE, TAKE_BACK, CLEAR_LANES, KNOW_LANE, HOW_MANY_LANES, CLEAR_ALL_LANES,
        FORGET_LANES, FORGET_LEAST_LANES;
    sessions: BEGIN_SESSION, END_SESSION, END_SESSIONS_OF_USER, ENDED_SESSIONS, FORGET_SESSIONS;
    setup: HAS_ADMINISTRATOR, OFFER_SETUP, IS_SETUP, USE_SETUP;
    users: USER, USER_FOR_CHANGE, USER_BY_EMAIL, TAKEN, ADD_USER, SAVE_USER, SET_PASSWORD, REFRESH_HASH,
        TO_KEY, HOLDER, SET_NAME_KEY, LOSE_NAME_KEY, SHARING_A_NAME;
}
