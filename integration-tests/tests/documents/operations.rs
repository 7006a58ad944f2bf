//! docs/operations.md, as someone reads it at night: what it asks a database is what a database answers.

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
