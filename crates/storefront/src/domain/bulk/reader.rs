//! Reading a file, whatever pieces it comes in and whatever is in it.

use std::fmt;

use super::{Format, Record, csv::Records, lines::Lines};

/// How many characters of a reason are told.
const MOST_CHARS: usize = 300;

/// Reads a file in pieces of any size, and holds one line of it at most.
pub struct Reader {
    form: Form,
    /// The first bytes, until it is known whether they are a mark of UTF-8.
    beginning: Option<Vec<u8>>,
}

enum Form {
    Csv(Box<Records>),
    Ndjson(Lines),
}

/// What is found in a file.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// A line that can be read, by its number.
    Record(u32, Box<Record>),
    /// One that cannot.
    Bad(BadLine),
}

/// A line that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Which: the first is 1.
    pub line: u32,
    /// What is wrong with it. The text is read behind the number of the line.
    pub reason: String,
}

/// Why nothing of a file is taken from here on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {}: {}", self.0.line, self.0.reason)]
pub struct BadFile(BadLine);

impl BadLine {
    /// Notes what is wrong with a line. What stands in a file is told to people: in one line, and not all of it.
    #[must_use]
    pub fn new(line: u32, reason: &str) -> Self {
        let plain = |character: char| if character.is_control() { ' ' } else { character };
        let mut characters = reason.chars().map(plain);
        let mut reason: String = characters.by_ref().take(MOST_CHARS).collect();
        if characters.next().is_some() {
            reason.pop();
            reason.push('…');
        }
        Self { line, reason }
    }
}

impl BadFile {
    pub(super) fn new(line: u32, reason: &str) -> Self {
        Self(BadLine::new(line, reason))
    }
}

impl Found {
    pub(super) fn bad(line: u32, reason: &str) -> Self {
        Self::Bad(BadLine::new(line, reason))
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

    /// Reads a file of this form.
    #[must_use]
    pub fn of(format: Format) -> Self {
        let form = match format {
            Format::Csv => Form::Csv(Box::new(Records::new())),
            Format::Ndjson => Form::Ndjson(Lines::new()),
        };
        Self { form, beginning: Some(Vec::new()) }
    }

    /// Reads the next bytes. What they end is added to `found`.
    pub fn read(&mut self, bytes: &[u8], found: &mut Vec<Found>) -> Result<(), BadFile> {
        let Some(beginning) = &mut self.beginning else { return self.read_on(bytes, found) };
        beginning.extend_from_slice(bytes);
        if beginning.len() < Self::MARK.len() {
            return Ok(());
        }
        self.begin(found)
    }

    /// Ends the file.
    pub fn finish(&mut self, found: &mut Vec<Found>) -> Result<(), BadFile> {
        self.begin(found)?;
        match &mut self.form {
            Form::Csv(records) => records.finish(found),
            Form::Ndjson(lines) => {
                lines.finish(found);
                Ok(())
            }
        }
    }

    /// Spreadsheets put a mark before the text that says that it is UTF-8.
    fn begin(&mut self, found: &mut Vec<Found>) -> Result<(), BadFile> {
        let Some(beginning) = self.beginning.take() else { return Ok(()) };
        let text = beginning.strip_prefix(&Self::MARK).unwrap_or(&beginning);
        self.read_on(text, found)
    }

    fn read_on(&mut self, bytes: &[u8], found: &mut Vec<Found>) -> Result<(), BadFile> {
        match &mut self.form {
            Form::Csv(records) => records.read(bytes, found),
            Form::Ndjson(lines) => {
                lines.read(bytes, found);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
