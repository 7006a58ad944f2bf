//! README, read by a person who has just cloned the repository.

use crate::{
    network::alone,
    reader::{Reader, Scene},
};

pub(crate) const ALL: Scene = Scene { page: "README.md", section: None };
const WITH_GAMES: &str = "cargo run --release -- --demo";

#[test]
fn every_line_of_the_readme_works_in_its_order() {
    alone("readme::every_line_of_the_readme_works_in_its_order", async |network| {
        let mut reader = Reader::of(&ALL, network).await;

        reader.reads_until(&format!("start with `{WITH_GAMES}`")).await;
        reader.stops().await;
        reader.starts(WITH_GAMES).await;
        reader.reads_to_the_end().await;

        let read = reader.printed_by("curl $AT/api/games/$GAME");
        assert!(read.contains(r#""title":"Lanterns""#), "{read}");
        let lists: Vec<_> =
            reader.answers_to("pageToken=$NEXT").split("{\"games\":").skip(1).collect();
        let [filtered, searched, first, second] = lists[..] else { panic!("{lists:?}") };
        assert!(filtered.contains(r#""genre":"Puzzle""#), "{filtered}");
        assert!(searched.contains(r#""title":"Lanterns""#), "{searched}");
        assert!(second.contains(r#""gameId":"#) && first != second, "{second}");
        let events = reader.printed_by("text/event-stream");
        assert!(events.contains("id: ") && events.contains(r#""price":14.99"#), "{events}");
        let called = reader.printed_by("grpcurl");
        assert!(called.contains("sir0.storefront.v1.GamesService\n"), "{called}");
        assert!(called.contains("Game updated successfully"), "{called}");
        let left = reader.printed_by("curl -X DELETE");
        assert!(left.contains("Game deleted successfully"), "{left}");
        assert!(left.contains("Logout successful"), "{left}");
        let examined = reader.tries_what_begins("cargo run --release -- ", WITH_GAMES).await;
        assert!(examined.iter().any(|said| said.contains("ok    sealing key")), "{examined:?}");
        assert!(examined.iter().any(|said| said.contains("SIR0_LISTEN")), "{examined:?}");
        reader.stops().await;
    });
}
