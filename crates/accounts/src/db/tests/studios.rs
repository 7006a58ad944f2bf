//! Studios, their members and their invitations.

use std::collections::BTreeSet;

use sir0_kernel::{InvitationId, StudioId, StudioRole};

use super::{
    races::{RACERS, rounds, winners},
    *,
};
use crate::domain::{Invitation, LinkSecret, Studio, StudioName};

fn a_studio() -> Studio {
    let name = StudioName::parse("Northlight").expect("a name");
    Studio { id: StudioId::fresh(NOON), name, created: NOON }
}

impl AccountsDb {
    /// A studio with these people in it.
    async fn has_studio(&self, members: &[(UserId, StudioRole)]) -> StudioId {
        let studio = a_studio();
        let founding = work(self, async |tx| {
            tx.found_studio(&studio, members[0].0).await?;
            for (user, role) in members {
                tx.add_member(studio.id, *user, *role, NOON).await?;
            }
            tx.next_roster(studio.id).await
        });
        founding.await.expect("a table");
        studio.id
    }

    async fn people<const PEOPLE: usize>(&self) -> [UserId; PEOPLE] {
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let kept = self.keeps(&format!("P {number}"), &format!("p{number}@example.com")).await;
            people.push(kept.expect("a free name"));
        }
        people.try_into().expect("so many")
    }

    /// Opens an invitation of this account, and answers with its hash.
    async fn invites(
        &self,
        studio: StudioId,
        by: UserId,
        until: Timestamp,
    ) -> (InvitationId, Vec<u8>) {
        let (id, hash) = (InvitationId::fresh(NOON), LinkSecret::fresh().hash());
        let invitation = Invitation { id, studio, role: StudioRole::Editor, by, expires: until };
        work(self, async |tx| tx.add_invitation(&invitation, &hash).await).await.expect("a table");
        (id, hash)
    }

    async fn uses(&self, hash: &[u8], at: Timestamp) -> bool {
        work(self, async |tx| tx.use_invitation(hash, at).await).await.expect("a table").is_some()
    }
}

on_every_engine! {
    async fn an_invitation_lets_in_exactly_one_of_many(db: AccountsDb) {
        let [owner] = db.people().await;
        let studio = db.has_studio(&[(owner, StudioRole::Owner)]).await;

        for round in 0..rounds(&db) {
            let (_, hash) = db.invites(studio, owner, EVENING).await;
            let used = winners(|_| {
                let (db, hash) = (db.clone(), hash.clone());
                async move { db.uses(&hash, NOON).await }
            });

            assert_eq!(used.await, 1, "in round {round}");
        }
    }

    async fn an_invitation_that_is_over_or_revoked_opens_nothing(db: AccountsDb) {
        let [owner] = db.people().await;
        let studio = db.has_studio(&[(owner, StudioRole::Owner)]).await;
        let (_, late) = db.invites(studio, owner, EVENING).await;
        let (id, revoked) = db.invites(studio, owner, MIDNIGHT).await;
        let (_, withdrawn) = db.invites(studio, owner, MIDNIGHT).await;
        assert_eq!(db.invitations(studio, NOON).await.expect("a table").len(), 3);

        assert!(!db.uses(&late, EVENING).await);
        assert!(work(&db, async |tx| tx.revoke_invitation(studio, id).await).await.expect("a table"));
        assert!(!db.uses(&revoked, NOON).await);
        work(&db, async |tx| tx.revoke_invitations_by(studio, owner).await).await.expect("a table");
        assert!(!db.uses(&withdrawn, NOON).await);
        assert_eq!(db.invited_to(&withdrawn, NOON).await.expect("a table"), None);
    }

    async fn of_two_owners_who_leave_at_once_one_stays(db: AccountsDb) {
        let owners: [UserId; 2] = db.people().await;

        for round in 0..rounds(&db) {
            let studio = db.has_studio(&owners.map(|owner| (owner, StudioRole::Owner))).await;
            let leaving = owners.map(|owner| {
                let db = db.clone();
                tokio::spawn(async move {
                    work(&db, async |tx| {
                        tx.hold_studio(studio).await?.expect("it is there");
                        let roster = tx.roster(studio).await?;
                        if crate::domain::leaves(&roster, owner) == Ok(true) {
                            tx.remove_member(studio, owner).await?;
                        }
                        Ok(())
                    })
                    .await
                    .expect("a table");
                })
            });
            for left in futures::future::join_all(leaving).await {
                left.expect("no one panics");
            }

            assert_eq!(db.members(studio).await.expect("a table").len(), 1, "in round {round}");
        }
    }

    async fn of_many_who_need_their_first_studio_at_once_one_founds_it(db: AccountsDb) {
        for round in 0..rounds(&db) {
            let kept = db.keeps(&format!("Ada {round}"), &format!("ada{round}@example.com")).await;
            let ada = kept.expect("a free name");
            let racers = (0..RACERS).map(|_| {
                let db = db.clone();
                tokio::spawn(async move {
                    work(&db, async |tx| {
                        tx.user(ada).await?.expect("kept");
                        if let Some((studio, _)) = tx.studios_of(ada).await?.first() {
                            return Ok(*studio);
                        }
                        let studio = a_studio();
                        tx.found_studio(&studio, ada).await?;
                        tx.add_member(studio.id, ada, StudioRole::Owner, NOON).await?;
                        Ok(studio.id)
                    })
                    .await
                    .expect("a table")
                })
            });
            let found = futures::future::join_all(racers).await;
            let found: BTreeSet<_> = found.into_iter().map(|it| it.expect("no racer panics")).collect();

            assert_eq!(found.len(), 1, "in round {round}");
            assert_eq!(db.studios_of(ada).await.expect("a table").len(), 1, "in round {round}");
        }
    }

    async fn studios_are_told_whole_however_they_are_cut_into_pieces(db: AccountsDb) {
        let people: [UserId; 3] = db.people().await;
        for _ in 0..5 {
            db.has_studio(&people.map(|it| (it, StudioRole::Owner))).await;
        }

        let (mut after, mut told) = (None, Vec::new());
        loop {
            let piece = db.rosters(after, 2).await.expect("a table");
            let Some(last) = piece.last() else { break };
            after = Some(last.studio);
            told.extend(piece);
        }

        assert_eq!(told.len(), 5);
        assert!(told.iter().all(|roster| roster.members.len() == 3 && roster.revision == 1));
    }
}
