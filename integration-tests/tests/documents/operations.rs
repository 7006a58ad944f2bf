//! docs/operations.md, read by a person at night: a database answers every question that the page puts to it.

use crate::page::Page;

#[test]
fn every_question_to_the_database_is_one_that_it_answers() {
    let page = Page::open("docs/operations.md");
    let database = sir0_throwaway::database();

    let questions: Vec<_> =
        page.spans().into_iter().filter(|span| span.starts_with("SELECT ")).collect();
    assert!(questions.len() > 2, "they are asked in another way now: {questions:?}");

    for question in questions {
        database.psql(&question);
    }
}
