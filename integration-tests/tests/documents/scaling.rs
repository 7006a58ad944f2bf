//! docs/scaling.md, read by a person who measures on another machine.

use crate::{
    databases::{self, Databases},
    network::alone,
    reader::{Reader, Scene},
};

pub(crate) const COSTS: Scene =
    Scene { page: "docs/scaling.md", section: Some("What things cost") };

#[test]
fn what_things_cost_can_be_measured_as_the_page_says() {
    alone("scaling::what_things_cost_can_be_measured_as_the_page_says", async |network| {
        let mut reader = Reader::of(&COSTS, network).await;
        let databases = Databases::start(&mut reader).await;
        databases::are_used_by(&mut reader);
        reader.runs("sir0 serve --demo").await;
        reader.stops().await;

        reader.reads_to_the_end().await;

        let measured = reader.printed_by("pgbench");
        assert!(measured.contains("tps = "), "{measured}");
        assert!(measured.contains("number of failed transactions: 0 "), "{measured}");
        let announced = databases.tell("storefront", "SELECT head > 60 FROM number_events()");
        assert_eq!(announced, "t");
    });
}
