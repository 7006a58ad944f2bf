//! What is hidden and what is planned, as an instance treats it.

use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::domain::{Kind, MOST_PLANNED, NotPublishable, Public, PublishGame, Schedule, State};

fn a_draft(title: &str) -> NewGame {
    let released = NewGame::released(
        Title::parse(title).expect("a title"),
        Genre::parse("Puzzle").expect("a genre"),
        Price::from_minor(100),
        Description::parse("").expect("a description"),
    );
    NewGame { state: State::Draft, ..released }
}

impl StorefrontDb {
    /// Keeps games of the first studio, with what is planned for each.
    async fn plans_drafts(
        &self,
        games: impl IntoIterator<Item = (NewGame, Schedule)>,
    ) -> Vec<Game> {
        let mut tx = self.begin().await.expect("a turn to write");
        let mut kept = Vec::new();
        for (game, schedule) in games {
            let made = Timestamp::from_micros(1);
            let game =
                tx.add_game(game, Some(studio_of(1).studio), made).await.expect("a good game");
            tx.plan(game.id, schedule).await.expect("a table");
            kept.push(game);
        }
        tx.commit().await.expect("room on the disk");
        kept
    }

    async fn state(&self, game: &Game) -> State {
        let own = self.own_game(game.id).await.expect("a table");
        own.expect("it was kept").0.standing.state
    }
}

fn released_at(at: Timestamp) -> Schedule {
    Schedule { release: Some(at), ..Schedule::default() }
}

on_every_engine! {
    async fn who_asks_for_a_secret_waits_for_nobody_who_changes_it(db: StorefrontDb) {
        let draft = db.plans_drafts([(a_draft("Moonquake"), Schedule::default())]).await.remove(0);
        let (storefront, id) = (Box::pin(instance(&db)).await, draft.id);
        // Its studio changes it at this moment, here and in another process.
        let _turn = storefront.holds_the_turn_of(id).await;
        let mut tx = db.begin().await.expect("a turn to write");
        tx.game(id).await.expect("a table").expect("it was kept");

        let stranger = caller(2, Role::Publisher);
        let answers = async {
            let update = UpdateGame { id, change: price(500), revision: None };
            let publish = PublishGame { id, public: Public::Released, at: None };
            let hand_over = HandOverGame { id, studio: studio_of(2).studio };
            let keyed = |name: &'static str, refused: Option<StorefrontError>| {
                let refused = refused.unwrap_or_else(|| panic!("{name} was done"));
                assert!(matches!(refused, StorefrontError::GameNotFound(_)), "{name}: {refused:?}");
            };
            keyed("change", storefront.change(stranger, update, whatever(), convert::changed).await.err());
            keyed("remove", storefront.remove(stranger, id, whatever(), convert::removed).await.err());
            keyed("publish", storefront.publish(stranger, publish, own::published).await.err());
            keyed("unschedule", storefront.unschedule(stranger, id, own::unscheduled).await.err());
            keyed("hand over", storefront.hand_over(stranger, hand_over, own::handed_over).await.err());
        };

        timeout(Duration::from_secs(2), answers).await.expect("it waits for none of them");
    }

    async fn a_studio_plans_for_so_many_games_at_a_time_and_no_more(db: StorefrontDb) {
        let later = SystemClock.now().after(Duration::from_hours(1));
        let many = (0..MOST_PLANNED).map(|_| (a_draft("Moonquake"), released_at(later)));
        let planned = db.plans_drafts(many).await;
        let one_more = db.plans_drafts([(a_draft("Aftershock"), Schedule::default())]).await.remove(0);
        let storefront = Box::pin(instance(&db)).await;
        let plan = async |id| {
            let publish = PublishGame { id, public: Public::Announced, at: Some(later.before(Duration::from_mins(1))) };
            storefront.publish(caller(1, Role::Publisher), publish, own::published).await
        };

        let refused = plan(one_more.id).await.expect_err("there are many");
        assert!(
            matches!(refused, StorefrontError::NotPublishable(_, NotPublishable::TooManyPlanned)),
            "{refused:?}"
        );
        plan(planned[7].id).await.expect("what is planned already is planned anew");
        let ada = caller(1, Role::Publisher);
        storefront.unschedule(ada, planned[8].id, own::unscheduled).await.expect("its own");
        plan(one_more.id).await.expect("there is room");
    }

    async fn what_waits_for_its_game_keeps_no_other_from_its_hour_and_comes_with_its_game(db: StorefrontDb) {
        let storefront = Box::pin(instance(&db)).await;
        let now = SystemClock.now();
        let base = db.plans_drafts([(a_draft("Moonquake"), Schedule::default())]).await.remove(0);
        let dlc = || NewGame { kind: Kind::Dlc, base: Some(base.id), ..a_draft("Aftershock") };
        let waiting = db.plans_drafts((0..150).map(|_| (dlc(), released_at(now.before(Duration::from_secs(9)))))).await;
        let other = db.plans_drafts([(a_draft("Harbours"), released_at(now.before(Duration::from_secs(1))))]).await.remove(0);

        while storefront.publish_what_is_due(now).await.expect("a table").is_some_and(|next| next <= now) {}

        assert_eq!(db.state(&other).await, State::Released);
        for dlc in &waiting {
            assert_eq!(db.state(dlc).await, State::Draft);
        }
        assert!(db.next_due().await.expect("a table").is_some_and(|next| next > now), "all are put off");
        // What comes in the same second as its game comes with it, in whichever order they are tried.
        let second = now.after(Duration::from_secs(100));
        let with_it = db.plans_drafts([(dlc(), released_at(second))]).await.remove(0);
        let mut tx = db.begin().await.expect("a turn to write");
        tx.plan(base.id, released_at(second)).await.expect("a table");
        tx.commit().await.expect("room on the disk");

        while storefront.publish_what_is_due(second).await.expect("a table").is_some_and(|next| next <= second) {}

        for game in waiting.iter().chain([&base, &with_it]) {
            assert_eq!(db.state(game).await, State::Released);
        }
        assert_eq!(db.next_due().await.expect("a table"), None);
    }
}
