//! What people tell of themselves.

use super::*;
use crate::domain::Details;

on_every_engine! {
    async fn what_was_told_is_read_back_and_what_was_taken_back_is_gone(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        let eve = db.keeps("Eve", "eve@example.com").await.expect("a free name");
        assert_eq!(db.details(ada).await.expect("a table"), Details::default());
        let told = Details {
            country: Some("AT".parse().expect("a country")),
            language: Some("de-AT".parse().expect("a language")),
            birth_date: Some("1990-02-28".parse().expect("a day")),
            terms: Some(("2027-01".parse().expect("a version"), NOON)),
        };

        for details in [told.clone(), Details { country: None, birth_date: None, ..told }] {
            work(&db, async |tx| tx.save_details(ada, &details).await).await.expect("a table");
            assert_eq!(db.details(ada).await.expect("a table"), details);
            let held = work(&db, async |tx| tx.details(ada).await).await.expect("a table");
            assert_eq!(held, details);
        }
        assert_eq!(db.details(eve).await.expect("a table"), Details::default(), "it was Ada");
    }
}
