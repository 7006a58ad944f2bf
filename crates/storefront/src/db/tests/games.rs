//! Single games: kept, changed, removed, announced.

use sir0_kernel::GameId;

use super::*;

on_every_engine! {
    async fn a_game_is_read_as_it_was_kept(db: StorefrontDb) {
        let kept = db.keeps([lanterns()]).await.remove(0);

        assert_eq!(db.game(kept.id).await.expect("a table"), Some(kept.clone()));
        assert_eq!((kept.title, kept.revision), (lanterns().title, 1));
        let mut tx = db.begin().await.expect("a turn to write");
        assert_eq!(tx.count_games().await.expect("a table"), 1);
    }

    async fn every_bound_of_the_contract_fits_into_the_table(db: StorefrontDb) {
        let (title, genre) = ("\u{1F3EE}".repeat(120), "ß".repeat(40));
        let largest = a_new_game(&title, &genre, 99_999_999, &"\n字".repeat(1_999));
        let smallest = a_new_game("x", "y", 0, "");

        let kept = db.keeps([largest, smallest]).await;

        for game in kept {
            assert_eq!(db.game(game.id).await.expect("a table"), Some(game));
        }
    }

    async fn text_that_looks_like_sql_is_only_text(db: StorefrontDb) {
        let hostile = "'); DROP TABLE games; -- $1 \" % _ \\";
        let kept = db.keeps([a_new_game(hostile, "a' OR '1'='1", 100, hostile)]).await.remove(0);

        let genre = Some(kept.genre.clone());
        let listed = db.lists(&Listing { genre, ..everything(Sort::Newest) }).await;

        assert_eq!(listed, [kept]);
    }

    async fn a_game_that_is_not_there_is_none(db: StorefrontDb) {
        let id = GameId::parse(i32::MAX).expect("positive");

        assert_eq!(db.game(id).await.expect("a table"), None);
        assert_eq!(db.removes(id).await, None);
    }

    async fn the_second_writer_is_told_that_someone_was_faster(db: StorefrontDb) {
        let game = db.keeps([lanterns()]).await.remove(0);
        let cheaper = Change { price: Some(Price::from_minor(999)), ..Change::default() };
        let dearer = Change { price: Some(Price::from_minor(2999)), ..Change::default() };
        let (first, _) = game.change(cheaper).expect("another price");
        let (second, _) = game.change(dearer).expect("another price");

        assert!(db.saves(&game, &first).await);
        assert!(!db.saves(&game, &second).await);

        assert_eq!(db.game(first.id).await.expect("a table"), Some(first));
    }

    async fn whatever_changes_together_is_kept_and_found(db: StorefrontDb) {
        let mut game = db.keeps([lanterns()]).await.remove(0);
        for parts in 1..16 {
            let has = |part: i32| parts & part != 0;
            let change = Change {
                price: has(1).then(|| Price::from_minor(i64::from(parts))),
                genre: has(2).then(|| Genre::parse(&format!("Straße {parts}")).expect("a genre")),
                title: has(4).then(|| Title::parse(&format!("Äpfel {parts}")).expect("a title")),
                description: has(8).then(|| Description::parse(&format!("Öl {parts}")).expect("a text")),
                ..Change::default()
            };
            let (changed, _) = game.change(change).expect("another game");

            assert!(db.saves(&game, &changed).await, "{parts}");

            game = db.game(game.id).await.expect("a table").expect("kept");
            assert_eq!(game, changed, "{parts}");
            let words = format!("{} {}", game.title.as_str(), game.description.as_str());
            let listing = Listing {
                genre: Genre::parse(&game.genre.as_str().to_uppercase()).ok(),
                words: Words::parse(&words).ok(),
                ..everything(Sort::Title)
            };
            assert_eq!(db.lists(&listing).await, [changed], "{parts}");
            assert_eq!(db.key_games().await.expect("a table"), 0, "its keys are those of today");
        }
    }

    async fn the_games_of_a_studio_are_found_with_every_filter_and_in_every_order(db: StorefrontDb) {
        let [north, south] = [1, 2].map(|at| StudioId::fresh(Timestamp::from_micros(at)));
        let mut tx = db.begin().await.expect("a turn to write");
        for studio in [Some(north), Some(south), None, Some(north)] {
            tx.add_game(lanterns(), studio, NOON).await.expect("a good game");
        }
        tx.commit().await.expect("room on the disk");
        let ids = |games: &[Game]| games.iter().map(|game| game.id.get()).collect::<Vec<_>>();

        for sort in [Sort::Newest, Sort::Title, Sort::Price, Sort::Relevance] {
            for (genre, words) in [("", ""), ("puzzle", ""), ("", "lant"), ("puzzle", "light")] {
                let (genre, words) = (Genre::parse(genre).ok(), Words::parse(words).ok());
                let listing = Listing { genre, words, studio: Some(north), ..everything(sort) };
                let mut found = ids(&db.lists(&listing).await);
                found.sort_unstable();
                assert_eq!(found, [1, 4], "{listing:?}");
            }
        }
        let pages = |after| OwnListing { state: None, after, page_size: 2 };
        let own = db.list_of(&[north, south], &pages(None)).await.expect("a table");
        assert_eq!((ids(&own.games), own.next.map(|next| next.id.get())), (vec![4, 2], Some(2)));
        let rest = db.list_of(&[north, south], &pages(own.next)).await.expect("a table");
        assert_eq!((ids(&rest.games), rest.next), (vec![1], None));
        assert_eq!(db.list_of(&[], &pages(None)).await.expect("a table").games, []);
    }

    async fn a_removed_game_is_gone_from_every_list_and_its_id_stays_unused(db: StorefrontDb) {
        let game = db.keeps([lanterns()]).await.remove(0);

        assert_eq!(db.removes(game.id).await, Some(game.clone()));

        assert_eq!(db.removes(game.id).await, None);
        assert_eq!(db.game(game.id).await.expect("a table"), None);
        assert_eq!(db.lists(&everything(Sort::Newest)).await, []);
        assert_eq!(db.finds("lanterns").await, [""; 0]);
        let next = db.keeps([lanterns()]).await.remove(0);
        assert!(next.id > game.id, "{} was used before", next.id);
    }

    async fn a_change_and_its_event_happen_together_or_not_at_all(db: StorefrontDb) {
        let mut kept = db.begin().await.expect("a turn to write");
        let game = kept.add_game(lanterns(), None, NOON).await.expect("a good game");
        let added = GameEvent::Added(game.clone()).announcement(NOON);
        kept.announce(&added).await.expect("a table");
        kept.commit().await.expect("room on the disk");
        let cheaper = Change { price: Some(Price::from_minor(999)), ..Change::default() };
        let (cheaper, changed) = game.change(cheaper).expect("another price");

        let mut dropped = db.begin().await.expect("a turn to write");
        assert!(dropped.save_game(&game, &cheaper, &changed, MADE).await.expect("a good game"));
        drop(dropped);
        let late = Game { revision: 7, ..game.clone() };
        assert!(!db.save_game(&late, &cheaper, &changed, MADE).await.expect("a good game"));

        let kinds: Vec<_> = db.events().await.into_iter().map(|row| row.kind).collect();
        assert_eq!(kinds, ["added"]);
        assert_eq!(db.game(game.id).await.expect("a table"), Some(game.clone()));

        assert!(db.save_game(&game, &cheaper, &changed, MADE).await.expect("a good game"));

        let kinds: Vec<_> = db.events().await.into_iter().map(|row| row.kind).collect();
        assert_eq!(kinds, ["added", "changed"]);
        let changes = db.changes(game.id, None, 10).await.expect("a table");
        assert_eq!(changes.len(), 1, "what was not made is not noted: {changes:?}");
    }

    async fn an_event_reads_back_what_was_announced(db: StorefrontDb) {
        use sir0_feed::Event;
        let game = db.keeps([lanterns()]).await.remove(0);
        let change = Change { genre: Genre::parse("Racing").ok(), ..Change::default() };
        let (_, changed) = game.change(change).expect("another genre");
        let announced = [GameEvent::Added(game.clone()), changed, GameEvent::Removed(game)];

        let mut tx = db.begin().await.expect("a turn to write");
        for event in &announced {
            tx.announce(&event.announcement(NOON)).await.expect("a table");
        }
        tx.commit().await.expect("room on the disk");

        let rows = db.events().await;
        let read: Vec<_> = rows.iter().map(|row| GameEvent::read(&row.kind, &row.payload)).collect();
        let read: Vec<_> = read.into_iter().map(|event| event.expect("one of ours")).collect();
        assert_eq!(read, announced);
    }

    async fn the_present_is_read_by_id_in_batches_without_a_gap(db: StorefrontDb) {
        let kept = db.keeps((0..25).map(|_| lanterns())).await;
        db.removes(kept[10].id).await;

        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let bounds = Bounds { rows: 7, bytes: usize::MAX };
            let batch = db.present_after(after, bounds).await.expect("a table");
            let Some(last) = batch.last() else { break };
            after = Some(last.id);
            read.extend(batch);
        }

        let expected: Vec<_> = kept.iter().filter(|game| game.id != kept[10].id).cloned().collect();
        assert_eq!(read, expected);
    }

    async fn no_more_of_the_present_is_read_than_was_asked_for_and_one_game_always(db: StorefrontDb) {
        let long = Description::parse(&"x".repeat(4000)).expect("not too long");
        let kept = db.keeps((0..5).map(|_| NewGame { description: long.clone(), ..lanterns() })).await;

        for (bytes, games) in [(1, 1), (4_000, 1), (9_000, 3), (usize::MAX, 5)] {
            let read = db.present_after(None, Bounds { rows: 10, bytes }).await.expect("a table");
            assert_eq!(read, kept[..games], "within {bytes} bytes");
        }
    }

    async fn its_sealing_key_is_its_own(db: StorefrontDb) {
        let (file, server) = (Empty::on_sqlite(), Empty::on_postgres());
        let here = an_empty_database(file.url()).await;
        let there = an_empty_database(server.url()).await;

        let mut keys = std::collections::BTreeSet::from([[0; 32]]);
        for db in [db, here, there] {
            keys.insert(db.database().sealing_key().await.expect("made by the migration"));
        }

        assert_eq!(keys.len(), 4, "none is like another, and none is nothing");
    }
}
