//! Pictures of games, and the files that they need.

use std::time::Duration;

use sir0_kernel::{PictureId, UserId};
use sir0_media::{Colour, Format, Name, Purpose};

use super::*;
use crate::domain::{Picture, PictureFile};

const DAY: Duration = Duration::from_hours(24);

fn a_picture(purpose: Purpose, bytes: &[&[u8]]) -> Picture {
    let file = |bytes: &&[u8]| PictureFile {
        name: Name::of(bytes, Format::WebP),
        width: 300,
        height: 450,
    };
    let files = bytes.iter().map(file).collect();
    let id = PictureId::fresh(NOON);
    Picture { id, purpose, width: 600, height: 900, colour: Colour([27, 40, 56]), files }
}

fn somebody() -> UserId {
    UserId::parse(7).expect("positive")
}

async fn shows(db: &StorefrontDb, game: &Game, picture: &Picture) -> Game {
    let (shown, event) = game.show(picture.clone()).expect("room").expect("another picture");
    let mut tx = db.begin().await.expect("a turn to write");
    tx.add_picture(game.id, picture, Some(somebody()), NOON).await.expect("a table");
    assert!(tx.save_game(game, &shown, &event, MADE).await.expect("a table"));
    tx.commit().await.expect("room on the disk");
    shown
}

on_every_engine! {
    async fn a_game_is_read_with_the_pictures_that_it_is_shown_by(db: StorefrontDb) {
        let game = db.keeps([lanterns()]).await.remove(0);
        let cover = a_picture(Purpose::Cover, &[b"small", b"large"]);
        let screenshot = a_picture(Purpose::Screenshot, &[b"view"]);

        let shown = shows(&db, &game, &cover).await;
        let shown = shows(&db, &shown, &screenshot).await;

        assert_eq!(db.game(game.id).await.expect("a table").as_ref(), Some(&shown));
        let mut pictures = db.pictures(game.id).await.expect("a table");
        pictures.sort_by_key(|picture| shown.shown.as_ref().and_then(|it| it.place(picture.id)));
        assert_eq!(pictures, [cover, screenshot]);
        let fields: Vec<_> = db.changes(game.id, None, 1).await.expect("a table");
        assert_eq!(fields[0].differences.len(), 1, "{fields:?}");
    }

    async fn a_file_is_taken_away_a_day_after_nothing_needs_it(db: StorefrontDb) {
        let game = db.keeps([lanterns()]).await.remove(0);
        let picture = a_picture(Purpose::Cover, &[b"needed"]);
        let (needed, unneeded) = (Name::of(b"needed", Format::WebP), Name::of(b"not", Format::Jpeg));
        assert!(db.touch_files(&[unneeded, needed], NOON).await.expect("a table"));
        shows(&db, &game, &picture).await;
        let (now, long_ago) = (NOON.after(2 * DAY), NOON.after(DAY));

        let early = db.unused_files(NOON, 10).await.expect("a table");
        let unused = db.unused_files(long_ago, 10).await.expect("a table");

        assert_eq!((early, unused), (vec![], vec![unneeded]));
        assert!(!db.take_file(needed, now, long_ago).await.expect("a table"));
        assert!(db.take_file(unneeded, now, long_ago).await.expect("a table"));
        // Until it is gone, no upload may count on it; a tidying that was cut short goes on.
        assert!(!db.touch_files(&[needed, unneeded], now).await.expect("a table"));
        assert_eq!(db.unused_files(NOON, 10).await.expect("a table"), [unneeded]);
        assert!(db.take_file(unneeded, now, long_ago).await.expect("a table"));
        db.forget_file(unneeded).await.expect("a table");
        assert!(db.touch_files(&[needed, unneeded], now).await.expect("a table"));
    }

    async fn a_file_that_an_upload_touched_is_not_taken_away(db: StorefrontDb) {
        let name = Name::of(b"again", Format::WebP);
        assert!(db.touch_files(&[name], NOON).await.expect("a table"));
        let (now, long_ago) = (NOON.after(2 * DAY), NOON.after(DAY));
        assert_eq!(db.unused_files(long_ago, 10).await.expect("a table"), [name]);

        assert!(db.touch_files(&[name], now).await.expect("a table"));

        assert!(!db.take_file(name, now, long_ago).await.expect("a table"));
    }

    async fn pictures_stay_where_the_first_one_was_kept(db: StorefrontDb) {
        assert!(db.keeps_at("one").await.expect("a table"));
        assert!(db.keeps_at("one").await.expect("a table"));
        assert!(db.keeps_at("two").await.expect("a table"), "there is no picture to miss");
        let game = db.keeps([lanterns()]).await.remove(0);

        shows(&db, &game, &a_picture(Purpose::Header, &[b"wide"])).await;

        assert!(!db.keeps_at("one").await.expect("a table"));
        assert!(db.keeps_at("two").await.expect("a table"));
        let mut tx = db.begin().await.expect("a turn to write");
        assert_eq!(tx.shelf_mark().await.expect("a table"), "two");
    }
}
