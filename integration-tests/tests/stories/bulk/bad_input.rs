//! Files that are wrong: each bad line is told with its number, and costs no other.

use std::fmt::Write as _;

use futures::{StreamExt, stream};

use super::*;

const HEADER: &str = "importKey,title,genre,price\n";

#[tokio::test]
async fn every_bad_line_is_told_and_the_others_are_taken() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let long = "x".repeat(70_000);
    let products = [
        r#"{"importKey":"a","title":"Good","genre":"Puzzle","price":1}"#,
        r#"{"importKey":"b","title":"","genre":"Puzzle","price":1}"#,
        r#"{"importKey":"c","genre":"Puzzle"}"#,
        r#"{"importKey":"d","title":"Dear","genre":"Puzzle","price":1000000}"#,
        r#"{"importKey":"e","title":"Dlc","genre":"Puzzle","price":1,"kind":"dlc"}"#,
        r#"{"importKey":"f","title":"Dlc","genre":"Puzzle","price":1,"kind":"dlc","baseImportKey":"later"}"#,
        r#"{"importKey":"g","title":"Dlc","genre":"Puzzle","price":1,"kind":"dlc","baseGameId":2000000}"#,
        r#"{"importKey":"h","title":"Itself","genre":"Puzzle","price":1,"kind":"bundle","bundledImportKeys":["h"]}"#,
        r#"{"importKey":"i","title":"Twice","genre":"Puzzle","price":1,"kind":"bundle","bundledImportKeys":["a","a"]}"#,
        r#"{"importKey":"a","kind":"software"}"#,
        r#"{"importKey":"a","state":"draft"}"#,
        r#"{"importKey":"j","title":"Gone","genre":"Puzzle","price":1,"state":"withdrawn"}"#,
        r#"{"gameId":2000000,"price":1}"#,
        r#"{"title":"Nobody","genre":"Puzzle","price":1}"#,
        r#"{"importKey":"k","prize":1}"#,
        "not JSON",
        &long,
        r#"{"importKey":"l","title":"Good too","genre":"Puzzle","price":1}"#,
        r#"{"importKey":"m","title":"Cut o"#,
    ];

    let heard = imports(&studio, "ndjson", &products.join("\n")).await;

    assert_eq!(heard.counts(), (2, 0, 0, 17));
    let mut bad: Vec<_> = heard.bad.iter().map(|(line, _)| *line).collect();
    bad.sort_unstable();
    assert_eq!(bad, (2..=17).chain([19]).collect::<Vec<_>>());
    for (line, what) in [
        (2, "`title`"),
        (3, "`title` is required"),
        (4, "`price`"),
        (5, "`baseGameId`"),
        (6, "`later`, which is no product yet"),
        (7, "`baseGameId`"),
        (8, "`h`"),
        (9, "`bundledGameIds`"),
        (10, "`kind` never changes"),
        (11, "never becomes `draft`"),
        (12, "`state`"),
        (13, "there is no game 2000000"),
        (14, "`importKey`"),
        (15, "unknown field `prize`"),
        (16, "is no product"),
        (17, "more than 65536 bytes"),
        (19, "cut off"),
    ] {
        let told = heard.bad.iter().find(|(at, _)| *at == line).map(|(_, why)| why.as_str());
        assert!(
            told.is_some_and(|why| why.contains(what)),
            "line {line}: {told:?} does not say {what}"
        );
    }
}

#[tokio::test]
async fn a_file_that_is_no_catalogue_is_refused() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let refused = async |first: ImportGamesRequest, file: &[u8]| {
        let refused = imports_as(&studio, first, file).await.expect_err("no catalogue");
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused:?}");
        refused.message().to_owned()
    };

    assert!(refused(first("csv"), b"title,prize\n").await.contains("line 1: `prize` is no column"));
    assert!(
        refused(first("csv"), b"title;price\na;b\n").await.contains("`title;price` is no column")
    );
    assert!(refused(first("csv"), b"title,price\n").await.contains("`importKey` or `gameId`"));
    assert!(refused(first("csv"), b"").await.contains("must name the columns"));
    assert!(refused(first("csv"), &[0xff; 100]).await.contains("is not UTF-8"));
    assert!(refused(first(""), b"").await.contains("format"));
    assert!(refused(first("xlsx"), b"").await.contains("format"));
    let negative = ImportGamesRequest { from_line: -1, ..first("csv") };
    assert!(refused(negative, b"").await.contains("from_line"));
    let studio_id = "nowhere".to_owned();
    assert!(
        refused(ImportGamesRequest { studio_id, ..first("csv") }, b"").await.contains("studio_id")
    );
    assert_eq!(imports(&studio, "ndjson", "\n\n").await.counts(), (0, 0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_bad_lines_are_counted_and_only_as_many_told_as_were_asked_for() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let mut file = HEADER.to_owned();
    file.push_str(&"x\n".repeat(1_000_000));
    file.push_str("good,Lanterns,Puzzle,1\n");

    let heard = imports(&studio, "csv", &file).await;

    assert_eq!(heard.counts(), (1, 0, 0, 1_000_000));
    assert_eq!(heard.bad.len(), 100);
    let few = format!("{HEADER}{}", "x\n".repeat(3_000));
    let all = ImportGamesRequest { tells_all_bad_lines: true, ..first("csv") };
    let heard = imports_as(&studio, all, few.as_bytes()).await.expect("a catalogue");
    let told: Vec<_> = heard.bad.iter().map(|(line, _)| *line).collect();
    assert_eq!(told, (2..=3_001).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_cut_off_goes_on_with_the_line_that_it_names_or_from_its_beginning() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let mut file = HEADER.to_owned();
    for number in 0..2_300 {
        writeln!(file, "k{number},Game {number},Puzzle,1").expect("a string grows");
    }
    // The connection is lost behind two thirds of the file.
    let data = file.as_bytes()[..file.len() * 2 / 3].to_vec();
    let part = ImportGamesRequest {
        file: Some(HttpBody { content_type: String::new(), data: data.into() }),
        ..first("csv")
    };
    let messages = stream::iter([part]).chain(stream::pending());
    let mut told = studio.bulk().import_games(messages).await.expect("a stream").into_inner();
    let at = loop {
        let message = timeout(LONG, told.message()).await.expect("in time").expect("no refusal");
        if let Some(Update::Progress(at)) = message.expect("an open stream").update {
            break at;
        }
    };
    drop(told);
    assert_eq!((at.line, at.added), (501, 500));
    // The lines behind them are being written at this moment, and are whole or not there.

    let rest = ImportGamesRequest { from_line: at.line + 1, ..first("csv") };
    let heard = imports_as(&studio, rest, file.as_bytes()).await.expect("a catalogue");

    let (added, changed, unchanged, bad) = heard.counts();
    assert_eq!((added + unchanged, changed, bad), (1_800, 0, 0));
    assert_eq!(unchanged % 500, 0, "a batch is taken as a whole");
    assert_eq!(imports(&studio, "csv", &file).await.counts(), (0, 0, 2_300, 0));
}
