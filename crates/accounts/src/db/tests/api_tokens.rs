//! API tokens: good until they are revoked or over, and their access tokens no longer than they.

use std::sync::{Arc, Mutex};

use sir0_kernel::{ApiTokenId, Grant, Scope, Scopes};

use super::{
    races::{RACERS, rounds, winners},
    *,
};
use crate::domain::{ApiToken, ApiTokenName};

fn a_token(user: UserId, expires: Timestamp) -> ApiToken {
    ApiToken {
        id: ApiTokenId::fresh(NOON),
        user,
        name: ApiTokenName::parse("Nightly builds").expect("a name"),
        grant: Grant { scopes: Scopes::from_iter(Scope::ALL), studio: None },
        session: None,
        created: NOON,
        expires,
        used: None,
        address: None,
    }
}

impl AccountsDb {
    /// Adds an API token until this moment, and answers its id.
    async fn has_api_token(&self, user: UserId, hash: &[u8], expires: Timestamp) -> ApiTokenId {
        let token = a_token(user, expires);
        work(self, async |tx| tx.add_api_token(&token, hash).await).await.expect("a table");
        token.id
    }

    /// The role and the session of an access token until midnight, as an exchange gets them.
    async fn exchanges(
        &self,
        hash: &[u8],
        user: UserId,
        now: Timestamp,
    ) -> Option<(Role, SessionId)> {
        work(self, async |tx| {
            let role = tx.hold_role(user).await?.expect("kept");
            let Some(token) = tx.use_api_token(hash, user, None, now).await? else {
                return Ok(None);
            };
            Ok(Some((role, tx.session_of_api_token(&token, MIDNIGHT, now).await?)))
        })
        .await
        .expect("a table")
    }

    async fn revokes(&self, id: ApiTokenId, user: UserId) -> bool {
        work(self, async |tx| {
            let Some(token) = tx.revoke_api_token(id, user).await? else { return Ok(false) };
            if let Some(session) = token.session {
                tx.end_session(session, EVENING).await?;
            }
            Ok(true)
        })
        .await
        .expect("a table")
    }
}

on_every_engine! {
    async fn an_api_token_is_its_owners_and_good_until_it_is_over(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        let eve = db.keeps("Eve", "eve@example.com").await.expect("a free name");
        let older = db.has_api_token(ada, b"older", EVENING).await;
        let newer = db.has_api_token(ada, b"newer", MIDNIGHT).await;

        let found = db.api_tokens(ada, NOON).await.expect("a table");
        let ids: Vec<_> = found.iter().map(|token| token.id).collect();
        assert_eq!(ids, if newer > older { [newer, older] } else { [older, newer] });
        for token in &found {
            let kept = ApiToken { id: token.id, expires: token.expires, ..a_token(ada, NOON) };
            assert_eq!(*token, kept);
        }
        assert_eq!(db.owner_of_api_token(b"older", NOON).await.expect("a table"), Some(ada));
        assert!(db.exchanges(b"older", eve, NOON).await.is_none(), "it is hers");
        assert!(!db.revokes(older, eve).await);
        assert!(db.exchanges(b"older", ada, NOON).await.is_some());

        assert_eq!(db.owner_of_api_token(b"older", EVENING).await.expect("a table"), None);
        assert!(db.exchanges(b"older", ada, EVENING).await.is_none(), "it is over");
        assert_eq!(db.api_tokens(ada, EVENING).await.expect("a table").len(), 1);
        let count = async |at| work(&db, async |tx| tx.count_api_tokens(ada, at).await).await.expect("a table");
        assert_eq!((count(NOON).await, count(EVENING).await, count(MIDNIGHT).await), (2, 1, 0));
        work(&db, async |tx| tx.forget_api_tokens(MIDNIGHT).await).await.expect("a table");
        assert_eq!(count(NOON).await, 1, "the other one was over, and is forgotten");
    }

    async fn an_api_token_has_one_session_until_that_is_ended_and_then_another(db: AccountsDb) {
        let (ada, [at_home]) = db.ada_signs_in().await;
        db.has_api_token(ada, b"token", MIDNIGHT).await;

        let (_, first) = db.exchanges(b"token", ada, NOON).await.expect("good");
        let (_, again) = db.exchanges(b"token", ada, NOON).await.expect("good");
        assert_eq!(first, again);
        let listed = db.sessions_of(ada, NOON, None, 10).await.expect("a table");
        assert_eq!(listed.iter().map(|it| it.id).collect::<Vec<_>>(), [at_home], "it is no sign-in");
        assert!(!db.has_session(ada, first).await.expect("a table"));

        let spared = work(&db, async |tx| tx.end_sign_ins_of(ada, None, EVENING).await).await.expect("a table");
        assert_eq!(spared.iter().map(|it| it.session).collect::<Vec<_>>(), [at_home]);
        assert_eq!(db.exchanges(b"token", ada, EVENING).await.expect("good").1, first);
        let ended = work(&db, async |tx| tx.end_sessions_of(ada, None, EVENING).await).await.expect("a table");

        assert_eq!(ended.iter().map(|it| (it.session, it.expires)).collect::<Vec<_>>(), [(first, MIDNIGHT)]);
        let (_, another) = db.exchanges(b"token", ada, EVENING).await.expect("good");
        assert_ne!(another, first);
    }

    async fn no_access_token_slips_in_behind_a_revocation(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");

        for round in 0..rounds(&db) {
            let hash = round.to_be_bytes();
            let id = db.has_api_token(ada, &hash, MIDNIGHT).await;
            let given = Arc::new(Mutex::new(Vec::new()));

            let revoked = winners(|racer| {
                let (db, given) = (db.clone(), Arc::clone(&given));
                async move {
                    // Two of them revoke, and the others exchange.
                    if racer % (RACERS / 2) == round % (RACERS / 2) {
                        return db.revokes(id, ada).await;
                    }
                    if let Some((_, session)) = db.exchanges(&hash, ada, NOON).await {
                        given.lock().expect("no panic").push(session);
                    }
                    false
                }
            })
            .await;

            assert_eq!(revoked, 1, "in round {round}");
            let ended = db.ended_at(NOON).await;
            let given = given.lock().expect("no panic").clone();
            assert!(given.iter().all(|session| ended.contains(session)), "in round {round}");
            assert!(db.exchanges(&hash, ada, NOON).await.is_none());
        }
    }

    async fn no_access_token_slips_in_behind_a_role_that_is_being_changed(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        db.has_api_token(ada, b"token", MIDNIGHT).await;

        for round in 0..rounds(&db) {
            let before = db.user(ada).await.expect("a table").expect("kept").role;
            let given = Arc::new(Mutex::new(Vec::new()));

            winners(|racer| {
                let (db, given) = (db.clone(), Arc::clone(&given));
                async move {
                    if racer != round % RACERS {
                        let got = db.exchanges(b"token", ada, NOON).await.expect("good");
                        given.lock().expect("no panic").push(got);
                        return false;
                    }
                    work(&db, async |tx| {
                        let user = tx.user(ada).await?.expect("kept");
                        let role = if before == Role::Admin { Role::Player } else { Role::Admin };
                        tx.save_user(&User { role, ..user }, EVENING).await?;
                        tx.end_sessions_of(ada, None, NOON).await
                    })
                    .await
                    .expect("a table");
                    false
                }
            })
            .await;

            let ended = db.ended_at(NOON).await;
            for (role, session) in given.lock().expect("no panic").iter() {
                let is_old = *role == before;
                assert_eq!(ended.contains(session), is_old, "as {role}, in round {round}");
            }
        }
    }
}
