//! Statements and migrations: each is known to a test, and each engine understands it.

use super::*;

sir0_throwaway::sql_room! {
    StorefrontDb of "storefront"
    games: GAME, GAME_FOR_CHANGE, ADD_GAME, COUNT_GAMES, TO_KEY, SAVE_KEYS;
    saving: SAVE_GAME, HAND_OVER, REMOVE_GAME;
    listing: NEWEST, BY_TITLE, BY_PRICE, RELEVANCE, OF_STUDIOS, PRESENT;
    requests: NOTE_REQUEST, FORGET_REQUESTS;
}
