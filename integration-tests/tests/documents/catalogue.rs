//! docs/catalogue.md, read by a studio that has its games in a spreadsheet.

use crate::{
    network::alone,
    reader::{Reader, Scene},
};

pub(crate) const ALL: Scene = Scene { page: "docs/catalogue.md", section: None };

#[test]
fn a_catalogue_goes_in_and_out_as_the_page_says() {
    alone("catalogue::a_catalogue_goes_in_and_out_as_the_page_says", async |network| {
        let mut reader = Reader::of(&ALL, network).await;

        reader.starts("sir0 serve").await;
        reader.reads_to_the_end().await;

        let refused = reader.printed_by("more.csv --token-file");
        assert!(refused.contains("not all of it"), "{refused}");
        let answers = reader.printed_by("games:export");
        let products = answers.lines().filter(|line| line.contains("importKey"));
        assert_eq!(products.count(), 3, "{answers}");
        reader.stops().await;
    });
}
