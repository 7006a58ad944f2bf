//! Two instances over one database: what one of them has in memory proposes a change, and the database decides.

mod hidden;
mod lists;

use std::{path::Path, sync::Arc};

use sir0_kernel::{
    Clock, Currency, GameId, Price, Role, Roster, SessionId, StudioId, StudioRole, SystemClock,
    Timestamp, UserId,
};
use sir0_redis::Redis;
use sir0_rpc::{Caller, Doorman, Shared, Studios, Tasks};
use sir0_storage::{DatabaseConfig, Location};
use sir0_throwaway::on_every_engine;
use sir0_tokens::{EndedSessions, Keys, Methods, Verifier};

use crate::{
    Config, Storefront, StorefrontError,
    convert::{games as convert, own},
    db::StorefrontDb,
    domain::{
        Change, Description, Expected, Game, Genre, HandOverGame, NewGame, Title, UpdateGame,
    },
};

const NOBODY: &str = "redis://127.0.0.1:1";

/// An instance that reads the game into its memory, and one that changes it. Neither hears a ring of the other, so the
/// first one finds out with its next poll.
struct Two {
    reading: Storefront,
    changing: Storefront,
    id: GameId,
}

async fn an_empty_database(url: &str) -> StorefrontDb {
    let asked = DatabaseConfig { url: Some(url), password_file: None, connections: 8 };
    let place = Location::of(asked, Path::new(""), "").expect("a place");
    StorefrontDb::open(&place).await.expect("a database").0
}

async fn instance(db: &StorefrontDb) -> Storefront {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let verifier = Verifier::new(Keys::unknown(), "sir0", "sir0");
    let studios = Studios::default();
    studios.replace(vec![studio_of(1), studio_of(2)]);
    let doorman = Doorman::new(verifier, EndedSessions::default(), Arc::clone(&clock));
    let doorman = doorman.knowing(studios);
    let config = sir0_redis::Config { url: Some(NOBODY.to_owned()), ..Default::default() };
    let redis = Some(Redis::open(&config).expect("a URL that can be read"));
    let stopping = tokio_util::sync::CancellationToken::new();
    let shared = Shared { doorman, tasks: Tasks::default(), clock, stopping, redis };
    // No picture is kept there.
    let folder = tempfile::tempdir().expect("a folder");
    let opened = Storefront::open(&Config::default(), db.database(), folder.path(), shared).await;
    opened.expect("a storefront")
}

fn caller(user: i32, role: Role) -> Caller {
    let user = UserId::parse(user).expect("a positive id");
    let at = Timestamp::from_micros(0);
    Caller {
        user,
        role,
        session: SessionId::fresh(at),
        signed_in: at,
        methods: Methods::PASSWORD,
        expires: at,
        grant: None,
    }
}

fn an_administrator() -> Caller {
    caller(9, Role::Admin)
}

/// A studio whose one member is its owner, of the same number.
fn studio_of(user: i32) -> Roster {
    let studio = StudioId::parse(&format!("studio_{user:026}")).expect("an id");
    let members = vec![(UserId::parse(user).expect("a positive id"), StudioRole::Owner)];
    Roster { studio, revision: 1, members }
}

fn whatever() -> Expected {
    Expected::if_it(|_| true)
}

fn price(minor: i64) -> Change {
    Change { price: Some(Price::from_minor(minor)), ..Change::default() }
}

impl Two {
    async fn over(db: &StorefrontDb) -> Self {
        let (reading, changing) = (Box::pin(instance(db)).await, Box::pin(instance(db)).await);
        let lanterns = NewGame::released(
            Title::parse("Lanterns").expect("a title"),
            Genre::parse("Puzzle").expect("a genre"),
            Price::from_minor(100),
            Description::parse("").expect("a description"),
        );
        assert_eq!(Box::pin(changing.stock(vec![lanterns])).await.expect("an empty store"), 1);
        let listed = db.present_after(None, crate::domain::Bounds { rows: 1, bytes: 1 }).await;
        let id = listed.expect("a table")[0].id;
        Box::pin(reading.game(id, |game| convert::game(game, Currency::EUR)))
            .await
            .expect("it is there");
        Self { reading, changing, id }
    }

    async fn change(
        &self,
        on: &Storefront,
        change: Change,
        revision: Option<i32>,
    ) -> Result<i32, StorefrontError> {
        let update = UpdateGame { id: self.id, change, revision };
        Ok(on.change(an_administrator(), update, whatever(), convert::changed).await?.revision)
    }

    async fn kept(&self, db: &StorefrontDb) -> Game {
        db.game(self.id).await.expect("a table").expect("it is there")
    }
}

on_every_engine! {
    async fn a_change_of_another_part_is_made_to_the_game_as_it_is(db: StorefrontDb) {
        let two = Two::over(&db).await;
        let genre = Change { genre: Genre::parse("Racing").ok(), ..Change::default() };

        assert_eq!(two.change(&two.changing, price(900), None).await.expect("made"), 2);
        assert_eq!(two.change(&two.reading, genre, None).await.expect("made"), 3);

        let kept = two.kept(&db).await;
        assert_eq!((kept.price.minor(), kept.genre.as_str(), kept.revision), (900, "Racing", 3));
    }

    async fn what_changes_nothing_in_an_old_copy_may_change_the_game(db: StorefrontDb) {
        let two = Two::over(&db).await;
        two.change(&two.changing, price(900), None).await.expect("made");

        assert_eq!(two.change(&two.reading, price(100), None).await.expect("made"), 3);
        assert_eq!(two.change(&two.reading, price(100), None).await.expect("as it was"), 3);

        assert_eq!(two.kept(&db).await.price.minor(), 100);
        assert_eq!(db.database().number_events().await.expect("a table").head, 3);
    }

    async fn who_is_late_and_who_is_not_is_answered_by_the_database(db: StorefrontDb) {
        let two = Two::over(&db).await;
        two.change(&two.changing, price(900), None).await.expect("made");

        let late = two.change(&two.reading, price(200), Some(1)).await.expect_err("it is at 2");
        assert!(matches!(late, StorefrontError::StaleRevision(id) if id == two.id), "{late:?}");
        assert_eq!(two.change(&two.reading, price(300), Some(2)).await.expect("made"), 3);

        let expected = Expected::if_it(|revision| revision == 1);
        let removed = two.changing.remove(an_administrator(), two.id, expected, convert::removed).await;
        let removed = removed.expect_err("it is at 3");
        assert!(matches!(removed, StorefrontError::NotAsExpected(_)), "{removed:?}");
        let expected = Expected::if_it(|revision| revision == 3);
        two.changing.remove(an_administrator(), two.id, expected, convert::removed).await.expect("removed");
    }

    async fn a_game_that_was_removed_elsewhere_is_neither_changed_nor_removed_again(db: StorefrontDb) {
        let two = Two::over(&db).await;
        two.changing.remove(an_administrator(), two.id, whatever(), convert::removed).await.expect("removed");

        let changed = two.change(&two.reading, price(200), None).await.expect_err("it is gone");
        assert!(matches!(changed, StorefrontError::GameNotFound(_)), "{changed:?}");
        let removed = two.reading.remove(an_administrator(), two.id, whatever(), convert::removed).await;
        assert!(matches!(removed, Err(StorefrontError::GameNotFound(_))), "{removed:?}");

        assert_eq!(db.database().number_events().await.expect("a table").head, 2);
    }

    async fn a_game_that_was_handed_over_elsewhere_is_not_written_by_who_had_it(db: StorefrontDb) {
        let two = Two::over(&db).await;
        let hand_over = async |to: &Roster| {
            let hand_over = HandOverGame { id: two.id, studio: to.studio };
            let by = an_administrator();
            two.changing.hand_over(by, hand_over, own::handed_over).await.expect("handed over");
        };
        let ada = caller(1, Role::Player);
        let writes = async |on: &Storefront| {
            let update = UpdateGame { id: two.id, change: price(500), revision: None };
            on.change(ada, update, whatever(), convert::changed).await.map(|changed| changed.revision)
        };
        let refused = writes(&two.reading).await;
        assert!(matches!(refused, Err(StorefrontError::NotYourGame(_))), "it is the platform's");

        hand_over(&studio_of(1)).await;
        assert_eq!(writes(&two.reading).await.expect("it is hers"), 3);
        hand_over(&studio_of(1)).await;
        hand_over(&studio_of(2)).await;

        // The reading instance may remember the game as it was hers.
        for on in [&two.reading, &two.changing] {
            let refused = writes(on).await;
            assert!(matches!(refused, Err(StorefrontError::NotYourGame(_))), "{refused:?}");
            let removed = on.remove(ada, two.id, whatever(), convert::removed).await;
            assert!(matches!(removed, Err(StorefrontError::NotYourGame(_))), "{removed:?}");
        }
        let kept = two.kept(&db).await;
        assert_eq!((kept.studio, kept.revision), (Some(studio_of(2).studio), 4));
        assert_eq!(db.database().number_events().await.expect("a table").head, 4);
    }

    async fn changes_of_one_game_at_the_same_time_are_all_made(db: StorefrontDb) {
        const RACERS: i64 = 24;
        let two = Arc::new(Two::over(&db).await);

        let racers: Vec<_> = (1..=RACERS)
            .map(|racer| {
                let two = Arc::clone(&two);
                tokio::spawn(async move {
                    let on = if racer % 2 == 0 { &two.reading } else { &two.changing };
                    two.change(on, price(1_000 + racer), None).await
                })
            })
            .collect();
        let mut revisions = Vec::new();
        for racer in racers {
            revisions.push(i64::from(racer.await.expect("no racer panics").expect("made")));
        }
        revisions.sort_unstable();

        assert_eq!(revisions, (2..=RACERS + 1).collect::<Vec<_>>());
        assert_eq!(db.database().number_events().await.expect("a table").head, RACERS + 1);
    }
}
