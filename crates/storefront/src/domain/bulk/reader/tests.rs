use proptest::prelude::*;
use sir0_kernel::{Currency, Price};

use super::{
    super::{MOST_BYTES, Writer},
    *,
};

/// Reads a file in pieces of this many bytes.
fn read_by(format: Format, file: &[u8], size: usize) -> Result<Vec<Found>, BadFile> {
    let (mut reader, mut found) = (Reader::of(format), Vec::new());
    for piece in file.chunks(size) {
        reader.read(piece, &mut found)?;
    }
    reader.finish(&mut found)?;
    Ok(found)
}

/// The titles and the faults of a file, by their lines.
fn told(format: Format, file: &[u8]) -> Vec<(u32, String)> {
    let found = read_by(format, file, 7).expect("a file with a header");
    assert_eq!(found, read_by(format, file, 1).expect("the same in other pieces"));
    assert_eq!(found, read_by(format, file, usize::MAX).expect("the same at once"));
    let line = |found| match found {
        Found::Record(line, record) => (line, record.title.unwrap_or_default()),
        Found::Bad(BadLine { line, reason }) => (line, format!("bad: {reason}")),
    };
    found.into_iter().map(line).collect()
}

fn lines(told: &[(u32, String)]) -> Vec<u32> {
    told.iter().map(|(line, _)| *line).collect()
}

#[test]
fn lines_have_the_numbers_that_an_editor_shows() {
    let csv = "\u{feff}importKey,title\r\na,One\r\n\r\nb,\"Two\r\nlines\"\r\nc,Three";
    let told_of = told(Format::Csv, csv.as_bytes());
    assert_eq!(lines(&told_of), [2, 4, 6]);
    assert_eq!(told_of[1].1, "Two\r\nlines");

    let json = "\u{feff}{\"title\":\"One\"}\n\n  \r\n{\"title\":\"Two\"}\r\n{\"title\":\"Three\"}";
    assert_eq!(lines(&told(Format::Ndjson, json.as_bytes())), [1, 4, 5]);
}

#[test]
fn a_bad_line_costs_no_other() {
    let mut json =
        b"{\"title\":\"One\"}\nnothing\n{\"prize\":1}\n[1]\n{\"title\":\"\xff\"}\n".to_vec();
    json.extend([b'x'].repeat(3 * MOST_BYTES));
    json.extend(
        b"\n{\"title\":1}\n{\"title\":\"a\",\"title\":\"b\"}\n{\"title\":\"Nine\"}\n{\"title\":\"T",
    );

    let found = told(Format::Ndjson, &json);

    assert_eq!(lines(&found), (1..=10).collect::<Vec<_>>());
    for (at, what) in [
        (0, "One"),
        (1, "bad: is no product"),
        (2, "unknown field `prize`"),
        (3, "bad: is no product"),
        (4, "bad: is not UTF-8"),
        (5, "bad: has more than 65536 bytes"),
        (6, "invalid type"),
        (7, "duplicate field"),
        (8, "Nine"),
        (9, "bad: is cut off in its middle"),
    ] {
        assert!(found[at].1.contains(what), "{:?}", found[at]);
    }
}

#[test]
fn a_bad_record_of_a_csv_costs_no_other() {
    let mut csv =
        b"importKey,title,price,gameId\na,One,1,\nb,Two\nc,Three,cheap,\nd,Four,1,x\n".to_vec();
    csv.extend(b"e,F\xffve,1,\nf,");
    csv.extend([b'x'].repeat(3 * MOST_BYTES));
    csv.extend(b",1,\ng,S,1,");
    csv.extend([b','].repeat(40));
    csv.extend(b"\nh,Nine,1e2,\ni,Ten,1.5,\nj,\"Eleven");

    let found = told(Format::Csv, &csv);

    assert_eq!(lines(&found), (2..=11).collect::<Vec<_>>());
    for (at, what) in [
        (0, "One"),
        (1, "bad: has 2 cells, and the first line names 4"),
        (2, "bad: `price` must be a number"),
        (3, "bad: `gameId` must be a whole number"),
        (4, "bad: is not UTF-8"),
        (5, "bad: has more than 65536 bytes"),
        (6, "bad: has more than 17 cells"),
        (7, "bad: `price`"),
        (8, "Ten"),
        (9, "bad: is cut off in its middle"),
    ] {
        assert!(found[at].1.contains(what), "{:?}", found[at]);
    }
}

#[test]
fn a_quotation_mark_that_is_not_closed_takes_the_rest_and_says_where_it_began() {
    let mut csv = b"importKey,title\na,One\nb,\"Two\n".to_vec();
    csv.extend(b"c,Three\n".repeat(20_000));

    let found = told(Format::Csv, &csv);

    assert_eq!(lines(&found), [2, 3]);
    assert!(found[1].1.contains("quotation mark"), "{:?}", found[1]);
}

#[test]
fn a_csv_without_the_right_columns_is_no_catalogue() {
    let refused =
        |csv: &str| read_by(Format::Csv, csv.as_bytes(), 5).expect_err("no catalogue").to_string();

    assert!(refused("importKey,prize\n").contains("line 1: `prize` is no column"));
    assert!(refused("importKey;title\n").contains("`importKey;title` is no column"));
    assert!(refused("title,price\n").contains("must have a column `importKey` or `gameId`"));
    assert!(refused("gameId,title,Title\n").contains("twice"));
    assert!(refused("").contains("must name the columns"));
    assert!(refused("\n\n\r\n").contains("must name the columns"));
    assert!(refused("\u{fffd}\u{1}").contains("no column"));
    let utf16: Vec<u8> = "importKey\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    read_by(Format::Csv, &[&[0xff, 0xfe], &utf16[..]].concat(), 5).expect_err("no UTF-8");
    for names in ["import_key,GAME_ID", " importkey , gameid"] {
        assert_eq!(read_by(Format::Csv, names.as_bytes(), 5), Ok(vec![]));
    }
}

#[test]
fn an_empty_cell_says_nothing_where_a_field_must_have_something() {
    let header = "importKey,title,price,description,state,releaseDate,bundledGameIds\n";
    let csv = format!("{header}a,,,,,,\nb,'=1,2.5,'@x,draft, 2031-01-01 ,1 2\n");

    let found = read_by(Format::Csv, csv.as_bytes(), 9).expect("a header");

    let record = |at: usize| match &found[at] {
        Found::Record(_, record) => (**record).clone(),
        Found::Bad(bad) => panic!("{bad:?}"),
    };
    let empty = Some(String::new());
    let bare = Record { import_key: Some("a".to_owned()), ..Record::default() };
    assert_eq!(record(0), Record { description: empty.clone(), release_date: empty, ..bare });
    let full = record(1);
    assert_eq!(full.title.as_deref(), Some("=1"));
    assert_eq!(full.description.as_deref(), Some("@x"));
    assert_eq!((full.price, full.bundled_game_ids), (Some(2.5), Some(vec![1, 2])));
    assert_eq!(full.release_date.as_deref(), Some("2031-01-01"));
}

#[test]
fn what_is_wrong_is_told_in_one_short_line() {
    let bad = BadLine::new(3, &format!("has \u{1b}[31m\n{}", "x".repeat(5_000)));

    assert!(bad.reason.chars().count() <= 300, "{}", bad.reason.chars().count());
    assert!(!bad.reason.contains(['\u{1b}', '\n']), "{bad:?}");
}

fn a_record() -> impl Strategy<Value = Record> {
    let text = "['=+@a \",\n\r\t😀é-]{1,12}";
    let key = "[!-~]{1,9}";
    let products = proptest::option::of(proptest::collection::vec(1..=9_i32, 1..4));
    let texts = (text, text, "[ -~]{0,9}");
    let tags =
        proptest::option::of(proptest::collection::vec(r"[=;\\a-z]{1,3}( [;\\a-z]{1,3})?", 1..4));
    let lists = (products, tags);
    (key, proptest::option::of(1..=i32::MAX), texts, 0..=99_999_999_i64, lists).prop_map(
        |(key, game_id, (title, genre, description), cents, (bundled_game_ids, tags))| Record {
            import_key: Some(key),
            game_id,
            title: Some(title.trim().to_owned()).filter(|it| !it.is_empty()),
            genre: Some(genre.trim().to_owned()).filter(|it| !it.is_empty()),
            description: Some(description),
            release_date: Some(String::new()),
            price: Some(Price::from_minor(cents).of(Currency::EUR).major()),
            bundled_game_ids,
            tags,
            ..Record::default()
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(
        records in proptest::collection::vec(a_record(), 0..8),
        size in 1..200_usize,
    ) {
        for format in Format::ALL {
            let writer = Writer::of(format);
            let file = [writer.beginning(), writer.write(&records)].concat();
            let read = read_by(format, &file, size).expect("our own");
            let read: Vec<_> = read.into_iter().map(|found| match found {
                Found::Record(_, record) => *record,
                Found::Bad(bad) => panic!("{bad:?}"),
            }).collect();
            prop_assert_eq!(&read, &records);
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_hold_more_than_a_line(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        size in 1..50_usize,
    ) {
        for format in Format::ALL {
            let header = if format == Format::Csv { &b"importKey,title\n"[..] } else { b"" };
            let file = [header, &bytes].concat();
            let found = read_by(format, &file, size).expect("a header");
            let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
            let many = bytes.split(ends).count();
            prop_assert!(found.len() <= many);
        }
    }
}
