//! docs/store.md, read by a studio on its first day.

use crate::{
    network::alone,
    reader::{Reader, Scene},
};

pub(crate) const ALL: Scene = Scene { page: "docs/store.md", section: None };

#[test]
fn a_studio_gets_from_a_draft_to_a_release_as_the_page_says() {
    alone("store::a_studio_gets_from_a_draft_to_a_release_as_the_page_says", async |network| {
        let mut reader = Reader::of(&ALL, network).await;

        reader.starts("sir0 serve").await;
        reader.reads_to_the_end().await;

        let drafts = reader.printed_by("games:mine?state=draft");
        assert_eq!(drafts.matches(r#""state":"draft""#).count(), 3, "{drafts}");
        let coming = reader.printed_by("sort=release_up");
        assert!(coming.contains("Moonquake") && coming.contains(r#""cover":"#), "{coming}");
        let found = reader.printed_by("q=monquake");
        assert!(found.contains("Moonquake Complete"), "{found}");
        reader.stops().await;
    });
}
