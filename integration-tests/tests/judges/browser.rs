//! Chromium: the pages of the port as a person uses them, at the width of a phone and of a desk, before axe.

use std::{env, path::Path, time::Duration};

use crate::judge::{hear_within, judge};

/// What is done with the pages.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser");
const PATIENCE: Duration = Duration::from_mins(8);

/// Runs the tests of a file, which start the program that was built beside this one.
async fn approves(file: &str) {
    let this = env::current_exe().expect("a program knows where it is");
    let target = this.ancestors().nth(3).expect("`target/debug/deps` has this program");
    let mut node = judge("node");
    node.current_dir(Path::new(SOURCES)).args(["--test", file]).env("CARGO_TARGET_DIR", target);

    hear_within(PATIENCE, &mut node).await.approved();
}

#[tokio::test]
async fn the_browser_tells_a_page_that_does_what_it_must_not() {
    approves("stage.test.js").await;
}

#[tokio::test]
async fn the_docs_page_serves_a_person_at_a_phone_and_at_a_desk() {
    approves("docs.test.js").await;
}

#[tokio::test]
async fn the_docs_page_keeps_the_token_of_its_tab() {
    approves("docs_token.test.js").await;
}

#[tokio::test]
async fn the_docs_page_shows_watched_lists_as_they_come() {
    approves("docs_watch.test.js").await;
}

#[tokio::test]
async fn the_guide_serves_a_person_at_a_phone_and_behind_a_proxy() {
    approves("guide.test.js").await;
}

#[tokio::test]
async fn the_page_at_the_root_makes_the_first_administrator_and_signs_people_in() {
    approves("home.test.js").await;
}

#[tokio::test]
async fn one_command_and_a_browser_lead_to_a_game_in_the_store() {
    approves("first_minute.test.js").await;
}
