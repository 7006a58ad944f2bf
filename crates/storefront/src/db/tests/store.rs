//! The currency of a store, and its picks: each is decided by one statement.

use futures::future::join_all;

use super::*;

const CODES: [&str; 8] = ["EUR", "USD", "JPY", "KWD", "GBP", "CHF", "BRL", "TND"];

fn currency(code: &str) -> Currency {
    code.parse().expect("a currency")
}

impl StorefrontDb {
    async fn names(&self, currency: Currency) {
        let naming = self.unit(async |tx| tx.name_currency(currency).await);
        naming.await.expect("a table");
    }
}

on_every_engine! {
    async fn a_currency_that_is_named_first_stays(db: StorefrontDb) {
        assert_eq!(db.currency().await.expect("a table"), None);
        let name = |code| db.names(currency(code));

        join_all(CODES.map(name)).await;

        let held = db.currency().await.expect("a table").expect("one was named");
        for code in CODES {
            name(code).await;
        }
        assert_eq!(db.currency().await.expect("a table"), Some(held));
    }

    async fn prices_from_before_there_was_a_currency_become_no_yen(db: StorefrontDb) {
        db.keeps([lanterns()]).await;

        db.names(currency("JPY")).await;
        db.names(currency("KWD")).await;
        assert_eq!(db.currency().await.expect("a table"), None);

        db.names(currency("USD")).await;
        assert_eq!(db.currency().await.expect("a table"), Some(currency("USD")));
    }

    async fn of_those_who_pick_on_the_same_revision_one_does(db: StorefrontDb) {
        let games = db.keeps((0..8).map(|_| lanterns())).await;
        let picks = async |game: &Game, revision| {
            let ids = [game.id];
            let picking = db.unit(async |tx| tx.pick(&ids, revision).await);
            picking.await.expect("a table")
        };

        for round in 0..20 {
            let picked = join_all(games.iter().map(|game| picks(game, Some(round)))).await;
            assert_eq!(picked.into_iter().flatten().collect::<Vec<_>>(), [round + 1]);
        }
        assert_eq!(picks(&games[0], Some(7)).await, None, "it has another one by now");
        assert_eq!(picks(&games[0], None).await, Some(21));
        let held = db.picks().await.expect("a table");
        assert_eq!((held.games, held.revision), (vec![games[0].id], 21));
    }

    async fn nobody_picked_as_long_as_the_revision_is_none(db: StorefrontDb) {
        let games = db.keeps([lanterns()]).await;
        let ids = [games[0].id];

        let late = db.unit(async |tx| tx.pick(&ids, Some(3)).await).await.expect("a table");

        assert_eq!(late, None);
        assert_eq!(db.picks().await.expect("a table"), Picks::default());
    }
}
