//! Statements and migrations: each is known to a test, and each engine understands it.

use super::*;

sir0_throwaway::sql_room! {
    StorefrontDb of "storefront"
    games: GAME, ANY_GAME, GAME_FOR_CHANGE, SOME_GAMES, SHOWN, NEXT_ID, ADD_GAME, COUNT_GAMES, TO_KEY, SAVE_KEYS;
    bulk: HOLD_SOME, IMPORTED, KEYS_OF, NEXT_IDS, ADD_KEYS, ADD_GAMES, NOTE_CHANGES, EXPORT, EXPORT_OF;
    saving: SAVE_GAME, SAVE_WHOLE, HAND_OVER;
    listing: NEWEST, BY_TITLE, BY_PRICE, RELEVANCE, OF_STUDIOS, PRESENT_OF, PRESENT;
    schedules: SCHEDULE, SCHEDULES, OWN_GAME, PLAN, PUT_OFF, FORGET_PLAN, DUE, DUE_AGAIN, NEXT_DUE, COUNT_PLANNED;
    history: NOTE_CHANGE, CHANGES, PAST_CHANGE;
    requests: NOTE_REQUEST, FORGET_REQUESTS;
}
