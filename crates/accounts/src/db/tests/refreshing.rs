//! Sessions that go on by refresh tokens: each token is used once, and a stolen one ends the session.

use std::time::Duration;

use aws_lc_rs::hmac;

use super::*;
use crate::domain::{NewFamily, RefreshToken, Refreshed};

const TEN_MINUTES: Duration = Duration::from_mins(10);
const TOMORROW: Timestamp = Timestamp::from_micros(NOON.micros() + 24 * 3600 * 1_000_000);

fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, b"a key")
}

/// Ada's session from noon, with its first refresh token. It is refreshed before midnight, and over a day later.
async fn a_family(db: &AccountsDb) -> (UserId, RefreshToken) {
    let ada = match db.keeps("Ada", "ada@example.com").await {
        Ok(ada) => ada,
        Err(_) => db.proof("ada@example.com").await.user.id,
    };
    (ada, another_family(db).await)
}

async fn another_family(db: &AccountsDb) -> RefreshToken {
    let first = RefreshToken::first(SessionId::fresh(NOON));
    let (family_hash, refresh_hash) = (first.family_hash(), first.hash());
    let family = Some(NewFamily { family_hash, refresh_hash, last: TOMORROW });
    let new = a_session(first.session);
    let new = NewSession { token_expires: NOON.after(TEN_MINUTES), family, ..new };
    assert!(db.begins_as(&new, &db.proof("ada@example.com").await).await);
    first
}

fn refresh(shown: &RefreshToken, at: Timestamp) -> (Refresh, RefreshToken, RefreshToken) {
    let (next, another) = (shown.next(&key()), shown.another());
    let refresh = Refresh {
        session: shown.session,
        client: ClientId::parse(None).expect("a client"),
        shown: shown.hash(),
        next: next.hash(),
        another: another.hash(),
        same_since: at.before(RefreshToken::SAME_ANSWER),
        at,
        address: None,
        expires: at.after(Duration::from_hours(12)),
        token_expires: at.after(TEN_MINUTES),
    };
    (refresh, next, another)
}

/// What a refresh with this token at this moment gives.
async fn refreshes(
    db: &AccountsDb,
    shown: &RefreshToken,
    at: Timestamp,
) -> Option<(RefreshToken, Refreshed)> {
    let (refresh, next, another) = refresh(shown, at);
    let refreshed =
        work(db, async |tx| tx.refresh_session(&refresh).await).await.expect("a table")?;
    let token = if refreshed.refresh_hash == next.hash() { next } else { another };
    assert_eq!(token.hash(), refreshed.refresh_hash, "what is good is what is answered");
    Some((token, refreshed))
}

async fn replays(db: &AccountsDb, shown: &RefreshToken) -> Option<SessionEnded> {
    let (family, hash) = (shown.family_hash(), shown.hash());
    let ending =
        work(db, async |tx| tx.end_replayed_session(shown.session, &family, &hash, EVENING).await);
    ending.await.expect("a table")
}

on_every_engine! {
    async fn a_refresh_keeps_who_signed_in_and_how_and_moves_the_end(db: AccountsDb) {
        let (ada, first) = a_family(&db).await;

        let (second, refreshed) = refreshes(&db, &first, EVENING).await.expect("good");

        assert_eq!((refreshed.user, refreshed.role), (ada, Role::Player));
        assert_eq!((refreshed.signed_in, refreshed.methods), (NOON, Methods::PASSWORD));
        assert_eq!(refreshed.expires, EVENING.after(Duration::from_hours(12)));
        assert_eq!(refreshed.token_expires, EVENING.after(TEN_MINUTES));
        assert_ne!(second.hash(), first.hash());
        let listed = db.sessions_of(ada, EVENING, None, 10).await.expect("a table");
        assert_eq!((listed.len(), listed[0].seen, listed[0].created), (1, EVENING, NOON));
    }

    async fn no_refresh_outlasts_the_whole_session(db: AccountsDb) {
        let (_, first) = a_family(&db).await;
        let late = TOMORROW.before(Duration::from_mins(1));

        let (second, _) = refreshes(&db, &first, MIDNIGHT.before(Duration::from_secs(1))).await.expect("in time");
        let (third, refreshed) = refreshes(&db, &second, MIDNIGHT.after(Duration::from_hours(11))).await.expect("in time");
        assert_eq!((refreshed.expires, refreshed.token_expires), (TOMORROW, MIDNIGHT.after(Duration::from_hours(11)).after(TEN_MINUTES)));
        let (fourth, refreshed) = refreshes(&db, &third, late).await.expect("in time");
        assert_eq!((refreshed.expires, refreshed.token_expires), (TOMORROW, TOMORROW));

        assert!(refreshes(&db, &fourth, TOMORROW).await.is_none());
    }

    async fn a_session_that_idled_too_long_is_not_refreshed(db: AccountsDb) {
        let (_, first) = a_family(&db).await;

        assert!(refreshes(&db, &first, MIDNIGHT).await.is_none());
    }

    async fn a_lost_answer_is_given_again_and_later_replaced_by_another_one(db: AccountsDb) {
        let (_, first) = a_family(&db).await;

        let (lost, _) = refreshes(&db, &first, EVENING).await.expect("good");
        let (again, _) = refreshes(&db, &first, EVENING.after(Duration::from_secs(59))).await.expect("forgiven");
        let (later, _) = refreshes(&db, &first, EVENING.after(Duration::from_mins(2))).await.expect("forgiven");

        assert_eq!(lost.hash(), again.hash());
        assert_ne!(lost.hash(), later.hash());
        assert!(refreshes(&db, &lost, EVENING).await.is_none(), "another one took its place");
        assert!(refreshes(&db, &later, EVENING).await.is_some());
    }

    async fn a_token_that_is_shown_after_the_next_one_was_used_ends_the_session(db: AccountsDb) {
        let (_, first) = a_family(&db).await;
        let (second, _) = refreshes(&db, &first, EVENING).await.expect("good");
        let (third, _) = refreshes(&db, &second, EVENING).await.expect("good");

        assert!(refreshes(&db, &first, EVENING).await.is_none());
        assert_eq!(replays(&db, &second).await, None, "it is forgiven, and no replay");
        let ended = replays(&db, &first).await.expect("a replay");

        assert_eq!(ended, SessionEnded { session: first.session, expires: EVENING.after(TEN_MINUTES) });
        assert!(refreshes(&db, &third, EVENING).await.is_none(), "the family is over");
        assert_eq!(replays(&db, &first).await, None, "it ends once");
        assert_eq!(db.ended_at(EVENING).await, [first.session]);
    }

    async fn who_knows_only_the_session_can_end_nothing(db: AccountsDb) {
        let (_, first) = a_family(&db).await;

        assert_eq!(replays(&db, &RefreshToken::first(first.session)).await, None);

        assert!(refreshes(&db, &first, EVENING).await.is_some());
    }

    async fn another_client_refreshes_nothing_and_spoils_nothing(db: AccountsDb) {
        let (_, first) = a_family(&db).await;
        let (refresh, ..) = refresh(&first, EVENING);
        let theirs = Refresh { client: ClientId::parse(Some("theirs")).expect("a client"), ..refresh };

        let refreshed = work(&db, async |tx| tx.refresh_session(&theirs).await).await.expect("a table");

        assert_eq!(refreshed, None);
        assert_eq!(replays(&db, &first).await, None);
        assert!(refreshes(&db, &first, EVENING).await.is_some());
    }

    async fn a_session_that_ended_is_not_refreshed(db: AccountsDb) {
        let (ada, first) = a_family(&db).await;
        let (second, _) = refreshes(&db, &first, NOON.after(TEN_MINUTES)).await.expect("good");
        let other = another_family(&db).await;

        work(&db, async |tx| tx.end_sessions_of(ada, Some(other.session), EVENING).await).await.expect("a table");

        for token in [&first, &second] {
            assert!(refreshes(&db, token, EVENING).await.is_none());
        }
        let family = other.family_hash();
        let ended = work(&db, async |tx| tx.end_family(other.session, &family, EVENING).await).await.expect("a table");
        assert_eq!(ended.map(|ended| ended.session), Some(other.session));
        assert!(refreshes(&db, &other, EVENING).await.is_none());
    }

    async fn the_end_of_a_session_is_remembered_as_long_as_its_last_access_token_could_be_used(db: AccountsDb) {
        let (_, first) = a_family(&db).await;
        refreshes(&db, &first, EVENING).await.expect("good");
        // The clock was set back: the token before this one lasts longer.
        refreshes(&db, &first, NOON).await.expect("forgiven");

        db.ends(first.session).await.expect("not over");

        let last_moment = EVENING.after(TEN_MINUTES).before(Duration::from_micros(1));
        assert_eq!(db.ended_at(last_moment).await, [first.session]);
        assert_eq!(db.ended_at(EVENING.after(TEN_MINUTES)).await, []);
    }

    async fn ended_sessions_are_read_a_page_at_a_time(db: AccountsDb) {
        let (_, sessions) = db.ada_signs_in::<5>().await;
        for session in sessions {
            db.ends(session).await.expect("not over");
        }
        let (mut found, mut behind) = (Vec::new(), None);

        while let Some(last) = {
            let page = db.ended_sessions(NOON, behind, 2).await.expect("a table");
            found.extend(page.iter().map(|ended| ended.session));
            page.last().map(|ended| ended.session)
        } {
            behind = Some(last);
        }

        let mut all = sessions;
        all.sort_by_key(ToString::to_string);
        assert_eq!(found, all);
    }

    async fn an_account_sees_its_sessions_the_newest_first(db: AccountsDb) {
        let (ada, mut sessions) = db.ada_signs_in::<3>().await;
        db.keeps("Eve", "eve@example.com").await.expect("a free name");
        assert!(db.begins(SessionId::fresh(NOON), &db.proof("eve@example.com").await).await);
        sessions.sort_by_key(ToString::to_string);
        let [oldest, middle, newest] = sessions;
        let page = async |behind, most| {
            let page = db.sessions_of(ada, NOON, behind, most).await.expect("a table");
            page.into_iter().map(|session| session.id).collect::<Vec<_>>()
        };

        assert_eq!(page(None, 2).await, [newest, middle]);
        assert_eq!(page(Some(middle), 2).await, [oldest]);
        db.ends(middle).await;
        assert_eq!(page(None, 9).await, [newest, oldest], "one is over");
        assert!(db.has_session(ada, middle).await.expect("a table"));
        let eve = db.proof("eve@example.com").await.user.id;
        assert!(!db.has_session(eve, middle).await.expect("a table"));
    }
}

/// What came of a refresh in a race.
#[derive(Debug, PartialEq)]
enum Came {
    Next(Vec<u8>),
    Nothing,
}

on_every_engine! {
    async fn a_refresh_token_that_many_show_at_once_is_used_once(db: AccountsDb) {
        a_family(&db).await;
        for round in 0..races::rounds(&db) {
            let first = another_family(&db).await;

            let racers = (0..races::RACERS).map(|_| {
                let (db, first) = (db.clone(), first.clone());
                tokio::spawn(async move {
                    match refreshes(&db, &first, EVENING).await {
                        Some((token, _)) => Came::Next(token.hash()),
                        None => Came::Nothing,
                    }
                })
            });
            let came = futures::future::join_all(racers.collect::<Vec<_>>()).await;

            // One use, and each of the others is told what came of it.
            let next = Came::Next(first.next(&key()).hash());
            assert!(came.iter().all(|it| it.as_ref().expect("no panic") == &next), "round {round}: {came:?}");
            let (second, _) = refreshes(&db, &first, EVENING).await.expect("still the same answer");
            assert!(refreshes(&db, &second, EVENING).await.is_some());
            assert!(refreshes(&db, &first, EVENING).await.is_none(), "the next one was used");
        }
    }

    async fn of_many_who_show_a_stolen_token_exactly_one_ends_the_session(db: AccountsDb) {
        a_family(&db).await;
        for round in 0..races::rounds(&db) {
            let first = another_family(&db).await;
            let (second, _) = refreshes(&db, &first, EVENING).await.expect("good");
            refreshes(&db, &second, EVENING).await.expect("good");

            let winners = races::winners(|_| {
                let (db, first) = (db.clone(), first.clone());
                async move { replays(&db, &first).await.is_some() }
            });

            assert_eq!(winners.await, 1, "round {round}");
        }
    }
}
