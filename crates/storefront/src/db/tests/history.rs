//! What was changed of games, as it was noted.

use sir0_kernel::{StudioId, UserId};

use super::*;
use crate::domain::{Difference, Field, NotUndoable, beginning};

fn by(user: i32, second: u64) -> Made {
    let at = NOON.after(std::time::Duration::from_secs(second));
    Made { by: Some(UserId::parse(user).expect("positive")), at }
}

fn difference(field: Field, before: &str, after: &str) -> Difference {
    Difference { field, before: Some(before.to_owned()), after: Some(after.to_owned()) }
}

on_every_engine! {
    async fn each_change_is_noted_with_who_made_it_and_what_it_changed(db: StorefrontDb) {
        let mut tx = db.begin().await.expect("a turn to write");
        let first = tx.add_game(lanterns(), None, NOON).await.expect("a good game");
        tx.note_change(&first, &beginning(&first), by(7, 0)).await.expect("a table");
        tx.commit().await.expect("room on the disk");
        let change = Change { price: Some(Price::from_minor(5)), genre: Genre::parse("Racing").ok(), ..Change::default() };
        let (second, event) = first.change(change).expect("another price");
        assert!(db.save_game(&first, &second, &event, by(8, 1)).await.expect("a table"));
        let (third, event) = second.hand_over(StudioId::fresh(NOON)).expect("another studio");
        let mut tx = db.begin().await.expect("a turn to write");
        assert!(tx.hand_over(&second, &third, &event, Made { by: None, ..by(8, 2) }).await.expect("a table"));
        tx.commit().await.expect("room on the disk");
        let other = db.keeps([lanterns()]).await.remove(0);

        let changes = db.changes(first.id, None, 10).await.expect("a table");

        let told: Vec<_> = changes.iter().map(|it| (it.revision, it.by.map(UserId::get), it.at)).collect();
        assert_eq!(told, [(3, None, by(8, 2).at), (2, Some(8), by(8, 1).at), (1, Some(7), NOON)]);
        let differences = [
            difference(Field::Genre, "Puzzle", "Racing"),
            difference(Field::Price, "1999", "5"),
        ];
        assert_eq!(changes[1].differences, differences);
        assert_eq!(changes[0].differences[0].field, Field::StudioId);
        assert_eq!(db.changes(other.id, None, 10).await.expect("a table"), []);
        let rest = db.changes(first.id, Some(changes[0].id), 1).await.expect("a table");
        assert_eq!(rest, changes[1..2]);
        let mut tx = db.begin().await.expect("a turn to write");
        let past = tx.past_change(first.id, changes[1].id).await.expect("a table");
        assert_eq!(past.as_ref(), Some(&changes[1]));
        assert_eq!(tx.past_change(other.id, changes[1].id).await.expect("a table"), None);
        let (undone, _) = third.undo(&changes[1]).expect("undoable").expect("different");
        assert_eq!((undone.price, undone.genre), (first.price, first.genre));
        assert_eq!(third.undo(&changes[0]), Err(NotUndoable::OtherCall));
    }
}
