//! Writing a file.

use super::{
    Format, Record,
    cells::guarded,
    csv::{COLUMNS, cell_of},
};

/// Writes a file, record by record, into bytes that its caller takes away.
#[derive(Clone, Copy, Debug)]
pub struct Writer {
    format: Format,
}

impl Writer {
    /// Writes a file of this form.
    #[must_use]
    pub const fn of(format: Format) -> Self {
        Self { format }
    }

    /// What stands before the first record.
    #[must_use]
    pub fn beginning(self) -> Vec<u8> {
        match self.format {
            Format::Csv => format!("{}\n", COLUMNS.join(",")).into_bytes(),
            Format::Ndjson => Vec::new(),
        }
    }

    /// Writes records behind those before.
    #[must_use]
    pub fn write(self, records: &[Record]) -> Vec<u8> {
        match self.format {
            Format::Csv => csv(records),
            Format::Ndjson => {
                let mut bytes = Vec::new();
                for record in records {
                    serde_json::to_writer(&mut bytes, record).expect("texts are always JSON");
                    bytes.push(b'\n');
                }
                bytes
            }
        }
    }
}

fn csv(records: &[Record]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        let cells = cells(record);
        let cells = cells.iter().map(|cell| guarded(cell).into_owned());
        writer.write_record(cells).expect("memory takes every record");
    }
    writer.into_inner().expect("memory takes every record")
}

/// The cells of a record, in the order of [`COLUMNS`].
fn cells(record: &Record) -> [String; COLUMNS.len()] {
    fn text(text: Option<&String>) -> String {
        text.cloned().unwrap_or_default()
    }
    fn list<T: ToString>(list: Option<&Vec<T>>) -> String {
        let list = list.into_iter().flatten().map(ToString::to_string);
        list.collect::<Vec<_>>().join(" ")
    }
    let texts = |texts: Option<&Vec<String>>| texts.map(|texts| cell_of(texts)).unwrap_or_default();
    let number = |number: Option<i32>| number.map(|it| it.to_string()).unwrap_or_default();
    [
        text(record.import_key.as_ref()),
        number(record.game_id),
        text(record.studio_id.as_ref()),
        text(record.kind.as_ref()),
        text(record.title.as_ref()),
        text(record.genre.as_ref()),
        record.price.map(|price| price.to_string()).unwrap_or_default(),
        text(record.description.as_ref()),
        text(record.state.as_ref()),
        text(record.release_date.as_ref()),
        number(record.base_game_id),
        text(record.base_import_key.as_ref()),
        list(record.bundled_game_ids.as_ref()),
        list(record.bundled_import_keys.as_ref()),
        texts(record.tags.as_ref()),
        texts(record.platforms.as_ref()),
        texts(record.languages.as_ref()),
    ]
}
