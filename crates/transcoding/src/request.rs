//! A whole request, from HTTP to the bytes of a message.

use std::borrow::Cow;

use prost::{Message, encoding::message};

use crate::{
    call::{Binding, Call, Part},
    dispatch::HttpBody,
    fault::{Fault, Faults},
    query::{Given, Other},
    read::Reader,
    routes::Found,
    wire::{Unreadable, content_of},
};

/// The parts of a request that hold fields.
#[derive(Debug)]
pub struct Request<'r> {
    /// The call that the path leads to.
    pub call: &'static Call,
    /// The way in which it is made.
    pub binding: &'static Binding,
    /// Where the path was found.
    pub found: &'r Found<'r, 'r>,
    /// What follows the `?`.
    pub query: Option<&'r str>,
    /// The body. It is read only if it is JSON: see [`Part::is_http_body`] for what it may be else.
    pub body: &'r [u8],
    /// The most that its JSON may nest.
    pub depth: usize,
}

impl Request<'_> {
    /// Turns the request into the bytes of the message that the call takes, or tells all that is wrong with it, up to
    /// [`MOST_FAULTS`](crate::MOST_FAULTS).
    ///
    /// `other` judges the parameters of the query that are no fields: it gets the name, and the value unless its escapes
    /// are broken.
    pub fn read(
        &self,
        other: impl FnMut(&str, Option<&str>) -> Other,
    ) -> Result<Vec<u8>, Vec<Fault>> {
        let Self { call, binding, found, query, .. } = self;
        let mut faults = Faults::default();
        let mut given = Given::default();
        for variable in binding.variables {
            given.read_variable(Cow::Borrowed(variable.field), &found.text(variable), &mut faults);
        }
        if let Some(query) = query {
            given.read_query(call.request, binding, query, other, &mut faults);
        }
        let mut out = Vec::new();
        let mut reader = Reader::new(&given, faults);
        self.read_body(&mut reader, &mut out).map_err(|description| {
            vec![Fault { field: "body".to_owned(), description: description.into() }]
        })?;
        if !reader.is_content() {
            self.judge(&mut reader);
            let Faults(faults) = reader.into_faults();
            return Err(faults);
        }
        given.write(&mut out);
        Ok(out)
    }

    /// Adds what breaks a bound to what is wrong already. A body that was read once is read again: it is JSON.
    #[cold]
    fn judge(&self, reader: &mut Reader<'_>) {
        let Self { call, binding, body, .. } = self;
        reader.judge_given();
        let is_file = binding.body.is_http_body(call.request);
        let json = str::from_utf8(body).ok().filter(|_| !is_file);
        match (binding.body, json) {
            (Part::Whole, Some(json)) => reader.judge_message(call.request, json),
            (Part::Field(field), Some(json)) => {
                reader.judge_field(field, json);
                reader.judge_missing(call.request, &[field.number]);
            }
            _ => reader.judge_missing(call.request, &[]),
        }
    }

    /// Reads a body that is JSON. Answers with why it is none.
    fn read_body(&self, reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let Self { call, binding, .. } = self;
        if binding.body.is_http_body(call.request) {
            return Ok(());
        }
        match binding.body {
            Part::Nothing => Ok(()),
            Part::Whole => {
                const OBJECT: &str = "must be a JSON object";
                let json = text(self.body, self.depth, OBJECT)?;
                if json.trim_ascii_start().starts_with('{') {
                    let read = reader.message(call.request, json, out);
                    read.map_err(|error| format!("{OBJECT}: {error}"))
                } else {
                    Err(OBJECT.to_owned())
                }
            }
            Part::Field(field) => {
                const VALUE: &str = "must be JSON";
                let json = text(self.body, self.depth, VALUE)?;
                reader.field(field, json, out).map_err(|error| format!("{VALUE}: {error}"))
            }
        }
    }
}

/// A body as a text that is safe to parse.
fn text<'b>(body: &'b [u8], depth: usize, what: &str) -> Result<&'b str, String> {
    if is_deeper_than(depth, body) {
        return Err(format!("must be nested at most {depth} deep"));
    }
    let text = str::from_utf8(body).map_err(|_not_utf8| format!("{what} in UTF-8"))?;
    if text.starts_with('\u{feff}') {
        return Err(format!("{what}, without a byte order mark in front"));
    }
    Ok(text)
}

/// Whether brackets nest deeper than the limit. The bytes alone tell: no parser, no stack.
fn is_deeper_than(limit: usize, json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    json.iter().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > limit
    })
}

/// Writes bytes as the part of a message that is a `google.api.HttpBody`: behind what was read of the request, or as a
/// message of a stream that follows the first.
pub fn http_body(part: Part, body: &HttpBody, out: &mut Vec<u8>) {
    match part {
        Part::Nothing => {}
        Part::Whole => body.encode_raw(out),
        Part::Field(field) => message::encode(field.number, body, out),
    }
}

/// Reads the part of an answer that is a `google.api.HttpBody`. A body that is not there is empty.
pub fn http_body_of(part: Part, wire: &[u8]) -> Result<HttpBody, Unreadable> {
    let content = match part {
        Part::Nothing => None,
        Part::Whole => Some(wire),
        Part::Field(field) => content_of(field, wire)?,
    };
    content.map_or_else(|| Ok(HttpBody::default()), |it| Ok(HttpBody::decode(it)?))
}
