//! Statements and migrations: each is known to a test, and each engine understands it.

use super::*;

sir0_throwaway::sql_room! {
    StorefrontDb of "storefront"
    games: GAME, ANY_GAME, GAME_FOR_CHANGE, SOME_GAMES, ADD_GAME, COUNT_GAMES, TO_KEY, SAVE_KEYS;
    saving: SAVE_GAME, SAVE_WHOLE, HAND_OVER;
    listing: NEWEST, BY_TITLE, BY_PRICE, RELEVANCE, OF_STUDIOS, PRESENT_OF, PRESENT;
    schedules: SCHEDULE, SCHEDULES, PLAN, PUT_OFF, FORGET_PLAN, DUE, NEXT_DUE;
    requests: NOTE_REQUEST, FORGET_REQUESTS;
}
