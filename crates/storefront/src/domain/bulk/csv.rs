//! Records of a CSV, cut out of bytes that come in any pieces. A record may have several lines, if a cell in quotation marks
//! has.

use std::{mem, str::Utf8Error};

use csv_core::ReadRecordResult;

use super::{
    MOST_BYTES, Record,
    cells::unguarded,
    reader::{BadFile, Found},
};

/// The columns, in the order in which they are written.
pub(super) const COLUMNS: [&str; 17] = [
    "importKey",
    "gameId",
    "studioId",
    "kind",
    "title",
    "genre",
    "price",
    "description",
    "state",
    "releaseDate",
    "baseGameId",
    "baseImportKey",
    "bundledGameIds",
    "bundledImportKeys",
    "tags",
    "platforms",
    "languages",
];
/// What stands between the texts of a list that may have blanks in them. In a text a backslash is before it.
const BETWEEN_TEXTS: char = ';';
const ESCAPE: char = '\\';

/// Cuts bytes into records. It holds one record at most, and of that no more than it may have.
pub(super) struct Records {
    core: csv_core::Reader,
    cells: Vec<u8>,
    used: usize,
    /// Where each cell ends.
    ends: [usize; COLUMNS.len() + 1],
    ended: usize,
    /// The columns that the first record names.
    columns: Option<Vec<&'static str>>,
    /// The line that comes next.
    line: u32,
    record: Option<Begun>,
}

/// The record that is read.
#[derive(Clone, Copy)]
struct Begun {
    /// The line that it begins on.
    line: u32,
    bytes: usize,
    /// Whether a cell in quotation marks is open.
    is_quoted: bool,
    has_too_many: bool,
}

impl Records {
    pub(super) fn new() -> Self {
        Self {
            core: csv_core::Reader::new(),
            cells: vec![0; MOST_BYTES],
            used: 0,
            ends: [0; COLUMNS.len() + 1],
            ended: 0,
            columns: None,
            line: 1,
            record: None,
        }
    }

    pub(super) fn read(&mut self, mut bytes: &[u8], found: &mut Vec<Found>) -> Result<(), BadFile> {
        while !bytes.is_empty() {
            let Some(record) = &mut self.record else {
                bytes = self.begin(bytes);
                continue;
            };
            let (cells, ends) = (&mut self.cells[self.used..], &mut self.ends[self.ended..]);
            let (result, read, written, ended) = self.core.read_record(bytes, cells, ends);
            let (taken, rest) = bytes.split_at(read);
            bytes = rest;
            record.bytes += read;
            for byte in taken {
                record.is_quoted ^= *byte == b'"';
                self.line = self.line.saturating_add(u32::from(*byte == b'\n'));
            }
            (self.used, self.ended) = (self.used + written, self.ended + ended);
            match result {
                // What does not fit is not kept: the record is refused at its end.
                ReadRecordResult::OutputFull => {
                    record.bytes = record.bytes.max(MOST_BYTES + 1);
                    (self.used, self.ended) = (0, 0);
                }
                ReadRecordResult::OutputEndsFull => {
                    record.has_too_many = true;
                    (self.used, self.ended) = (0, 0);
                }
                ReadRecordResult::Record => self.end(found)?,
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            }
        }
        Ok(())
    }

    /// Ends the last record, which may have no end.
    pub(super) fn finish(&mut self, found: &mut Vec<Found>) -> Result<(), BadFile> {
        if self.record.is_some_and(|record| record.is_quoted) {
            self.refuse(found, "is cut off in its middle: a quotation mark is not closed");
            return Ok(());
        }
        while self.record.is_some() {
            let (cells, ends) = (&mut self.cells[self.used..], &mut self.ends[self.ended..]);
            let (result, _, written, ended) = self.core.read_record(&[], cells, ends);
            (self.used, self.ended) = (self.used + written, self.ended + ended);
            match result {
                ReadRecordResult::Record => self.end(found)?,
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    self.refuse(found, "is no record of a CSV");
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End => self.record = None,
            }
        }
        match &self.columns {
            Some(_) => Ok(()),
            None => Err(BadFile::new(1, "must name the columns of a catalogue")),
        }
    }

    /// Passes over ends of lines, and begins a record with what follows.
    fn begin<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let passed = bytes.iter().take_while(|byte| is_end(byte)).count();
        let (passed, rest) = bytes.split_at(passed);
        for byte in passed {
            self.line = self.line.saturating_add(u32::from(*byte == b'\n'));
        }
        if !rest.is_empty() {
            let line = self.line;
            self.record = Some(Begun { line, bytes: 0, is_quoted: false, has_too_many: false });
        }
        rest
    }

    fn refuse(&mut self, found: &mut Vec<Found>, why: &str) {
        let begun = self.record.take().map_or(self.line, |record| record.line);
        found.push(Found::bad(begun, why));
    }

    fn end(&mut self, found: &mut Vec<Found>) -> Result<(), BadFile> {
        let Some(record) = self.record.take() else { return Ok(()) };
        let (_, ended) = (mem::take(&mut self.used), mem::take(&mut self.ended));
        let line = record.line;
        let texts = if record.bytes > MOST_BYTES {
            Err(format!("has more than {MOST_BYTES} bytes; a quotation mark may not be closed"))
        } else if record.has_too_many {
            Err(format!("has more than {} cells", COLUMNS.len()))
        } else {
            self.texts(ended).map_err(|_no_text| "is not UTF-8".to_owned())
        };
        let Some(columns) = &self.columns else {
            let columns = texts.and_then(|names| columns(&names));
            self.columns = Some(columns.map_err(|why| BadFile::new(line, &why))?);
            return Ok(());
        };
        found.push(match texts.and_then(|texts| record_of(columns, &texts)) {
            Ok(record) => Found::Record(line, Box::new(record)),
            Err(why) => Found::bad(line, &why),
        });
        Ok(())
    }
}

impl Records {
    /// The cells of a record that was kept whole.
    fn texts(&self, ended: usize) -> Result<Vec<&str>, Utf8Error> {
        let mut from = 0;
        let cells = self.ends[..ended].iter().map(|end| {
            let cell = &self.cells[from..*end];
            from = *end;
            str::from_utf8(cell)
        });
        cells.collect()
    }
}

/// The columns that the first record names.
fn columns(names: &[&str]) -> Result<Vec<&'static str>, String> {
    let mut columns = Vec::new();
    for name in names {
        let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
        let column = COLUMNS.iter().find(|column| plain(column) == plain(name.trim()));
        let Some(column) = column else {
            let all = COLUMNS.join(", ");
            return Err(format!("`{name}` is no column of a catalogue; there are {all}"));
        };
        if columns.contains(column) {
            return Err(format!("names the column `{column}` twice"));
        }
        columns.push(*column);
    }
    if columns.iter().any(|column| matches!(*column, "importKey" | "gameId")) {
        Ok(columns)
    } else {
        Err("must have a column `importKey` or `gameId`".to_owned())
    }
}

/// The record in these cells. An empty cell says nothing, unless the text of its field may be empty.
fn record_of(columns: &[&'static str], cells: &[&str]) -> Result<Record, String> {
    if cells.len() != columns.len() {
        let (has, wants) = (cells.len(), columns.len());
        return Err(format!(
            "has {has} cells, and the first line names {wants}: it may be cut off"
        ));
    }
    let mut record = Record::default();
    for (column, cell) in columns.iter().zip(cells) {
        let cell = unguarded(cell);
        let given = Some(cell.trim()).filter(|cell| !cell.is_empty());
        let text = given.map(str::to_owned);
        let whole = |number: &str| {
            number.parse::<i32>().map_err(|_no_number| {
                format!("`{column}` must be a whole number, and lists have blanks between them")
            })
        };
        match *column {
            "importKey" => record.import_key = text,
            "gameId" => record.game_id = given.map(whole).transpose()?,
            "studioId" => record.studio_id = text,
            "kind" => record.kind = text,
            "title" => record.title = text,
            "genre" => record.genre = text,
            "price" => record.price = given.map(price).transpose()?,
            "description" => record.description = Some(cell.to_owned()),
            "state" => record.state = text,
            "releaseDate" => record.release_date = Some(cell.trim().to_owned()),
            "baseGameId" => record.base_game_id = given.map(whole).transpose()?,
            "baseImportKey" => record.base_import_key = text,
            "bundledGameIds" => {
                let ids = given.map(|list| list.split_whitespace().map(whole).collect());
                record.bundled_game_ids = ids.transpose()?;
            }
            "tags" => record.tags = given.map(texts),
            "platforms" => record.platforms = given.map(texts),
            "languages" => record.languages = given.map(texts),
            _ => {
                let keys = given.map(|list| list.split_whitespace().map(str::to_owned).collect());
                record.bundled_import_keys = keys;
            }
        }
    }
    Ok(record)
}

/// Texts as one cell.
pub(super) fn cell_of(texts: &[String]) -> String {
    let escaped = texts.iter().map(|text| {
        let text = text.replace(ESCAPE, "\\\\");
        text.replace(BETWEEN_TEXTS, "\\;")
    });
    escaped.collect::<Vec<_>>().join(";")
}

/// The texts of a cell. A backslash before anything but another one or a `;` stands for itself.
fn texts(cell: &str) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut characters = cell.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters
            .next_if(|next| character == ESCAPE && (*next == ESCAPE || *next == BETWEEN_TEXTS));
        match (next, texts.last_mut()) {
            (None, Some(_)) if character == BETWEEN_TEXTS => texts.push(String::new()),
            (next, Some(text)) => text.push(next.unwrap_or(character)),
            (_, None) => {}
        }
    }
    let texts = texts.iter().map(|text| text.trim());
    texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// A number as people write prices: digits, and a point before the decimals. Rust also reads `inf` and `1e2`.
fn price(cell: &str) -> Result<f64, String> {
    let is_written = cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = cell.parse().ok().filter(|_| is_written);
    number.ok_or_else(|| "`price` must be a number such as 19.99".to_owned())
}
