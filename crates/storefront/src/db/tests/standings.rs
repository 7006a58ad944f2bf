//! Who sees a game: in which lists it is, and when that changes by itself.

use sir0_kernel::{Day, GameId, StudioId};

use super::*;

fn of(kind: Kind, state: State) -> NewGame {
    NewGame { kind, state, ..lanterns() }
}

fn planned(announce: Option<u64>, release: Option<u64>) -> Schedule {
    let second = |seconds| NOON.after(std::time::Duration::from_secs(seconds));
    Schedule { announce: announce.map(second), release: release.map(second) }
}

impl StorefrontDb {
    async fn plans(&self, id: GameId, schedule: Schedule) {
        let mut tx = self.begin().await.expect("a turn to write");
        tx.plan(id, schedule).await.expect("a table");
        tx.commit().await.expect("room on the disk");
    }

    async fn is_due(&self, seconds: u64) -> Vec<GameId> {
        let now = NOON.after(std::time::Duration::from_secs(seconds));
        self.due(now, false).await.expect("a table")
    }

    /// Whether a game is in some list that everyone reads.
    async fn is_shown(&self, id: GameId) -> bool {
        let mut shown = Vec::new();
        for sort in [Sort::Relevance, Sort::Newest, Sort::Title, Sort::Price] {
            for (words, genre) in
                [(None, None), (Words::parse("lantern").ok(), Genre::parse("puzzle").ok())]
            {
                for kind in [None, Some(Kind::Game)] {
                    let listing = Listing {
                        kind,
                        words: words.clone(),
                        genre: genre.clone(),
                        ..everything(sort)
                    };
                    let games = self.lists(&listing).await;
                    shown.push(games.iter().any(|game| game.id == id));
                }
            }
        }
        let bounds = Bounds { rows: u16::MAX, bytes: usize::MAX };
        let present = self.present_after(None, bounds).await.expect("a table");
        shown.push(present.iter().any(|game| game.id == id));
        shown.push(self.game(id).await.expect("a table").is_some());
        assert!(shown.iter().all(|is_there| *is_there == shown[0]), "{shown:?}");
        shown[0]
    }
}

on_every_engine! {
    async fn a_product_of_each_kind_and_state_is_read_as_it_was_kept(db: StorefrontDb) {
        let base = db.keeps([lanterns()]).await.remove(0);
        let day: Day = "2027-03-01".parse().expect("a day");
        for kind in Kind::ALL {
            for state in State::ALL {
                let parts = NewGame { release_day: Some(day), base: Some(base.id), ..of(kind, state) };
                let parts = NewGame { bundled: [base.id].into(), ..parts };

                let kept = db.keeps([parts]).await.remove(0);

                let read = db.any_game(kept.id).await.expect("a table").expect("it was kept");
                assert_eq!(read, kept);
                assert_eq!((read.kind, read.standing), (kind, Standing::new(state, Some(day), NOON)));
                assert_eq!((read.base, &*read.bundled), (Some(base.id), &[base.id][..]));
                assert_eq!(db.game(kept.id).await.expect("a table").is_some(), state.is_public());
            }
        }
    }

    async fn only_what_is_public_is_in_a_list_and_from_the_moment_on_that_it_is(db: StorefrontDb) {
        let draft = db.keeps([of(Kind::Game, State::Draft)]).await.remove(0);
        assert!(!db.is_shown(draft.id).await);

        let (announced, _) = draft.publish(Public::Announced, NOON).expect("a draft").expect("it was hidden");
        assert!(db.saves(&draft, &announced).await);
        assert!(db.is_shown(draft.id).await);
        let (released, _) = announced.publish(Public::Released, NOON).expect("it is to come").expect("it was not");
        assert!(db.saves(&announced, &released).await);
        assert!(db.is_shown(draft.id).await);
        assert_eq!(db.game(draft.id).await.expect("a table"), Some(released.clone()));

        assert_eq!(db.removes(draft.id).await, Some(released));
        assert!(!db.is_shown(draft.id).await);
    }

    async fn a_list_keeps_the_kind_that_is_asked_for(db: StorefrontDb) {
        let kept = db.keeps(Kind::ALL.map(|kind| of(kind, State::Released))).await;
        for sort in [Sort::Relevance, Sort::Newest, Sort::Title, Sort::Price] {
            for words in [None, Words::parse("lantern").ok()] {
                for game in &kept {
                    let listing = Listing { kind: Some(game.kind), words: words.clone(), ..everything(sort) };
                    assert_eq!(db.lists(&listing).await, std::slice::from_ref(game), "{sort:?}");
                }
                let all = Listing { kind: None, words: words.clone(), ..everything(sort) };
                assert_eq!(db.lists(&all).await.len(), kept.len(), "{sort:?}");
            }
        }
    }

    async fn a_studio_lists_its_games_in_every_state(db: StorefrontDb) {
        let studio = StudioId::fresh(NOON);
        let mut tx = db.begin().await.expect("a turn to write");
        for (second, state) in (0..).zip(State::ALL) {
            let at = NOON.after(std::time::Duration::from_secs(second));
            tx.add_game(of(Kind::Game, state), Some(studio), at).await.expect("a good game");
        }
        tx.commit().await.expect("room on the disk");
        let listed = async |state| {
            let listing = OwnListing { state, after: None, page_size: 10 };
            let page = db.list_of(&[studio], &listing).await.expect("a table");
            page.games.iter().map(|game| game.standing.state).collect::<Vec<_>>()
        };

        assert_eq!(listed(None).await, [State::Released, State::Announced, State::Draft]);
        for state in State::ALL {
            assert_eq!(listed(Some(state)).await, [state]);
        }
        let bounds = Bounds { rows: 10, bytes: usize::MAX };
        let present = db.present_of(&[studio], None, bounds).await.expect("a table");
        let present: Vec<_> = present.iter().map(|game| game.standing.state).collect();
        assert_eq!(present, [State::Announced, State::Released, State::Draft], "by id");
    }

    async fn a_draft_leaves_no_gap_and_is_the_newest_when_it_is_announced(db: StorefrontDb) {
        let first = db.keeps([lanterns()]).await.remove(0);
        let drafts = db.keeps((0..20).map(|_| of(Kind::Game, State::Draft))).await;
        let second = db.keeps([lanterns()]).await.remove(0);

        assert_eq!(second.id.get(), first.id.get() + 1, "drafts took no id of those that are given in turn");
        let ids: Vec<_> = drafts.iter().map(|draft| draft.id.get()).collect();
        assert!(ids.iter().all(|id| *id >= 1 << 30), "{ids:?}");
        assert!(!ids.is_sorted(), "an order of age: {ids:?}");
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 20);

        let later = NOON.after(std::time::Duration::from_secs(1));
        let (announced, _) = drafts[7].publish(Public::Announced, later).expect("a draft").expect("it was hidden");
        assert!(db.saves(&drafts[7], &announced).await);
        let words = Words::parse("lantern").ok();
        for (sort, words) in [(Sort::Newest, None), (Sort::Relevance, words)] {
            let mut listing = Listing { words, page_size: 1, ..everything(sort) };
            let mut listed = Vec::new();
            loop {
                let page = db.list(&listing).await.expect("a good list");
                listed.extend(page.games.iter().map(|game| game.id));
                listing.after = page.next;
                if listing.after.is_none() {
                    break;
                }
            }
            assert_eq!(listed, [announced.id, second.id, first.id], "{sort:?}");
        }
        let mut tx = db.begin().await.expect("a turn to write");
        assert_eq!(tx.count_games().await.expect("a table"), 22);
    }

    async fn some_games_are_read_once_each_whoever_sees_them(db: StorefrontDb) {
        let kept = db.keeps(State::ALL.map(|state| of(Kind::Game, state))).await;
        let unused = GameId::parse(i32::MAX).expect("positive");
        let mut tx = db.begin().await.expect("a turn to write");

        let ids = [kept[0].id, kept[3].id, kept[0].id, unused];
        let mut read = tx.some_games(&ids).await.expect("a table");

        read.sort_by_key(|game| game.standing.state.as_str());
        assert_eq!(read, [kept[0].clone(), kept[3].clone()]);
    }

    async fn what_is_planned_is_due_at_its_moment_and_not_when_it_is_put_off_or_forgotten(db: StorefrontDb) {
        let kept = db.keeps([1, 2, 3].map(|_| of(Kind::Game, State::Draft))).await;
        let [one, two, three] = [kept[0].id, kept[1].id, kept[2].id];
        assert_eq!(db.next_due().await.expect("a table"), None);

        db.plans(one, planned(Some(10), Some(20))).await;
        db.plans(two, planned(None, Some(5))).await;
        db.plans(three, planned(None, Some(15))).await;

        let own = db.own_game(one).await.expect("a table").expect("it was kept");
        assert_eq!(own, (kept[0].clone(), planned(Some(10), Some(20))));
        assert_eq!(db.own_game(GameId::parse(i32::MAX).expect("positive")).await.expect("a table"), None);
        let of_some = db.schedules(&[one, three]).await.expect("a table");
        assert_eq!((of_some.len(), of_some[&one]), (2, planned(Some(10), Some(20))));
        assert_eq!(db.next_due().await.expect("a table"), planned(Some(5), None).announce);
        assert_eq!(db.is_due(4).await, []);
        assert_eq!(db.is_due(15).await, [two, one, three], "the earliest first");

        db.plans(one, planned(None, Some(20))).await;
        assert_eq!(db.is_due(10).await, [two], "it was moved");
        let second = |seconds| NOON.after(std::time::Duration::from_secs(seconds));
        let again = async |seconds| db.due(second(seconds), true).await.expect("a table");
        db.put_off(&[one, two], second(12), second(10)).await.expect("a table");
        assert_eq!((db.is_due(12).await, again(11).await), (vec![], vec![]));
        assert_eq!(again(12).await, [two], "what is not due is not put off");
        assert_eq!(db.next_due().await.expect("a table"), Some(second(12)));
        db.put_off(&[two], second(14), second(11)).await.expect("a table");
        assert_eq!(again(12).await, [two], "another process put it off meanwhile");
        db.plans(two, planned(None, Some(13))).await;
        assert_eq!((db.is_due(13).await, again(20).await), (vec![two], vec![]), "it was planned anew");
        db.plans(two, Schedule::default()).await;
        assert_eq!(db.is_due(13).await, []);
        assert_eq!(db.own_game(two).await.expect("a table"), Some((kept[1].clone(), Schedule::default())));
    }

    async fn an_event_that_only_a_studio_hears_reads_back_as_it_was(db: StorefrontDb) {
        use sir0_feed::Event;
        let draft = db.keeps([of(Kind::Dlc, State::Draft)]).await.remove(0);
        let (_, handed_over) = Game { studio: Some(StudioId::fresh(NOON)), ..draft.clone() }
            .hand_over(StudioId::fresh(NOON))
            .expect("another studio");
        let schedule = planned(Some(1), Some(2));
        let events = [handed_over, GameEvent::Scheduled { game: draft, schedule }];

        for event in events {
            let row = event.announcement(NOON);
            assert_eq!(GameEvent::read(row.kind, &row.payload).expect("our form"), event);
        }
    }
}

/// The statements that answer strangers find only what is public.
#[test]
fn every_statement_that_answers_strangers_keeps_to_what_is_public() {
    use crate::db::sqlite::{games, listing};

    let lists = [listing::NEWEST, listing::BY_TITLE, listing::BY_PRICE].concat();
    let all = lists.into_iter().chain(listing::RELEVANCE).chain([
        games::GAME,
        games::SHOWN,
        listing::PRESENT,
    ]);
    for statement in all {
        assert!(statement.contains("state IN ('announced', 'released')"), "{statement}");
    }
}

/// What is due is looked up in an index of one expression.
#[test]
fn the_first_moment_of_a_plan_is_the_expression_of_its_index() {
    use crate::db::{postgres, sqlite};

    let expression = "CASE WHEN announce_at < release_at OR release_at IS NULL THEN announce_at ELSE release_at END";
    for text in [
        postgres::schedules::DUE,
        sqlite::schedules::DUE,
        postgres::schedules::NEXT_DUE,
        include_str!("../../../../../migrations/storefront/postgres/0011_secret_ids.sql"),
        include_str!("../../../../../migrations/storefront/sqlite/0011_secret_ids.sql"),
    ] {
        assert!(text.contains(expression), "{text}");
    }
}
