//! Lines of JSON, cut out of bytes that come in any pieces.

use super::{MOST_BYTES, Record, reader::Found};

/// Cuts bytes into lines. It holds one line at most, and of that no more than it may have.
#[derive(Debug)]
pub(super) struct Lines {
    held: Vec<u8>,
    is_too_long: bool,
    number: u32,
}

impl Lines {
    pub(super) const fn new() -> Self {
        Self { held: Vec::new(), is_too_long: false, number: 1 }
    }

    pub(super) fn read(&mut self, mut bytes: &[u8], found: &mut Vec<Found>) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.hold(&bytes[..end]);
            bytes = &bytes[end + 1..];
            self.end(found);
        }
        self.hold(bytes);
    }

    /// Ends the last line, which may have no end.
    pub(super) fn finish(&mut self, found: &mut Vec<Found>) {
        self.end(found);
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.held.len() + bytes.len() > MOST_BYTES {
            self.is_too_long = true;
            self.held.clear();
        }
        if !self.is_too_long {
            self.held.extend_from_slice(bytes);
        }
    }

    fn end(&mut self, found: &mut Vec<Found>) {
        let line = self.number;
        self.number = self.number.saturating_add(1);
        if self.is_too_long {
            self.is_too_long = false;
            found.push(Found::bad(line, &format!("has more than {MOST_BYTES} bytes")));
        } else if !self.held.trim_ascii().is_empty() {
            found.push(match serde_json::from_slice::<Record>(&self.held) {
                Ok(record) => Found::Record(line, Box::new(record)),
                Err(fault) => Found::bad(line, &reason(&fault, &self.held)),
            });
        }
        self.held.clear();
    }
}

fn reason(fault: &serde_json::Error, line: &[u8]) -> String {
    if str::from_utf8(line).is_err() {
        return "is not UTF-8".to_owned();
    }
    if fault.is_eof() {
        return "is cut off in its middle".to_owned();
    }
    // Each line is a text of its own to the parser, which calls it line 1.
    let told = fault.to_string();
    let told = told.split(" at line 1 column ").next().unwrap_or_default();
    format!("is no product, at its character {}: {told}", fault.column())
}
