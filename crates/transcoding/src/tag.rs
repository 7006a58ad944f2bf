//! Entity tags, and the conditions that name them (RFC 9110, 8.8.3 and 13.1).

use tonic::codegen::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{IF_MATCH, IF_NONE_MATCH},
};

/// A strong entity tag: two answers with the same tag are the same, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(HeaderValue);

impl Tag {
    /// A tag of this text. It is one of letters, digits, `-`, `_` and `.`, so that nothing on the way takes it apart.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        debug_assert!(text.bytes().all(is_plain), "{text} stands in no tag of ours");
        Self(HeaderValue::try_from(format!("\"{text}\"")).expect("plain text is a header"))
    }

    /// As the header has it, in quotes.
    #[must_use]
    pub const fn as_header(&self) -> &HeaderValue {
        &self.0
    }

    fn opaque(&self) -> &[u8] {
        let quoted = self.0.as_bytes();
        &quoted[1..quoted.len() - 1]
    }
}

/// What a request asks of the thing as it is before anything is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// `If-Match`: it is one of these.
    matching: Option<Named>,
    /// `If-None-Match`: it is none of these.
    not_matching: Option<Named>,
}

/// What the lines of a header name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    /// `*`: the thing, whatever its tag.
    Any,
    /// These tags. What is no tag names nothing.
    Tags(Vec<Opaque>),
}

/// What stands between the quotes of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Opaque {
    is_weak: bool,
    text: Vec<u8>,
}

impl Conditions {
    /// Reads them in the headers of a request.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self { matching: named(headers, &IF_MATCH), not_matching: named(headers, &IF_NONE_MATCH) }
    }

    /// Whether the thing, which has this tag, is one of those that `If-Match` names. A weak tag names none (13.1.1).
    /// Holds without the header.
    #[must_use]
    pub fn holds_match(&self, tag: &Tag) -> bool {
        self.matching.as_ref().is_none_or(|named| named.names(|it| !it.is_weak && it.is(tag)))
    }

    /// Whether the thing, which has this tag, is none of those that `If-None-Match` names, weak tags included (13.1.2).
    /// Holds without the header.
    #[must_use]
    pub fn holds_none_match(&self, tag: &Tag) -> bool {
        self.not_matching.as_ref().is_none_or(|named| !named.names(|it| it.is(tag)))
    }

    /// Whether `If-Match` lists tags, which nothing without a tag can have.
    #[must_use]
    pub fn lists_tags(&self) -> bool {
        matches!(self.matching, Some(Named::Tags(_)))
    }
}

impl Named {
    fn names(&self, is_it: impl Fn(&Opaque) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(is_it),
        }
    }
}

impl Opaque {
    fn is(&self, tag: &Tag) -> bool {
        self.text == tag.opaque()
    }
}

/// What all lines of a header name together. `*` stands alone; among tags it is one that is broken.
fn named(headers: &HeaderMap, name: &HeaderName) -> Option<Named> {
    // Most requests have none.
    if !headers.contains_key(name) {
        return None;
    }
    let lines: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    match &*lines {
        [line] if line.trim_ascii() == b"*" => Some(Named::Any),
        lines => {
            let mut tags = Vec::new();
            for line in lines {
                read(line, &mut tags);
            }
            Some(Named::Tags(tags))
        }
    }
}

/// Reads the tags of a line. What is no tag is passed over, up to the next comma.
fn read(mut line: &[u8], tags: &mut Vec<Opaque>) {
    loop {
        line = trimmed(line);
        let (is_weak, quoted) = match line.strip_prefix(b"W/") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        if let Some((text, behind)) = opaque(quoted)
            && matches!(trimmed(behind).first(), None | Some(b','))
        {
            tags.push(Opaque { is_weak, text: text.to_owned() });
            line = behind;
        }
        match line.iter().position(|byte| *byte == b',') {
            Some(comma) => line = &line[comma + 1..],
            None => return,
        }
    }
}

/// The text between quotes at the beginning of this, and what is behind it. Commas may stand in it, blanks may not.
fn opaque(quoted: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = quoted.strip_prefix(b"\"")?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    let is_of_tag = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
    let (text, behind) = (&rest[..end], &rest[end + 1..]);
    text.iter().all(is_of_tag).then_some((text, behind))
}

fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(name: &HeaderName, lines: &[&'static str]) -> Conditions {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), HeaderValue::from_static(line));
        }
        Conditions::of(&headers)
    }

    /// Whether these lines name the tag `"a,b"`: with `If-None-Match`, and with `If-Match`.
    fn names(lines: &[&'static str]) -> (bool, bool) {
        let tag = Tag(HeaderValue::from_static("\"a,b\""));
        let none = conditions(&IF_NONE_MATCH, lines);
        let one = conditions(&IF_MATCH, lines);
        (!none.holds_none_match(&tag), one.holds_match(&tag))
    }

    #[test]
    fn a_tag_is_found_wherever_it_stands() {
        for lines in [
            &["\"a,b\""][..],
            &[" \"a,b\"\t"],
            &["*"],
            &[" * "],
            &["\"x\", \"a,b\",\"y\""],
            &[",, ,\"a,b\",,"],
            &["\"x\"", "\"a,b\""],
            &["\"a,b\"", "\"x\"", "\"y\""],
            &["W/\"x\",\"a,b\""],
            &["\"\", \"a,b\""],
        ] {
            assert_eq!(names(lines), (true, true), "{lines:?}");
        }
    }

    #[test]
    fn a_weak_tag_is_enough_to_read_and_not_to_write() {
        for lines in [&["W/\"a,b\""][..], &["\"x\", W/\"a,b\""], &["\"x\"", "W/\"a,b\""]] {
            assert_eq!(names(lines), (true, false), "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_tag_names_nothing_and_hides_no_other() {
        for lines in [
            &[""][..],
            &["a,b"],
            &["\"a,b"],
            &["a,b\""],
            &["\"a\",\"b\""],
            &["\"a,b\"\"a,b\""],
            &["\"a,b\" x"],
            &["w/\"a,b\""],
            &["W/ \"a,b\""],
            &["'a,b'"],
            &["\"A,B\""],
            &["\"a, b\""],
            &["\"*\""],
            &["**"],
            &["*", "*"],
            &["*, \"x\""],
            &["\"x\"", "*"],
        ] {
            assert_eq!(names(lines), (false, false), "{lines:?}");
        }
        for lines in
            [&["\"a b\", \"a,b\""][..], &["x, \"a,b\""], &["*, \"a,b\""], &["\"a,b\"", "\"x"]]
        {
            assert_eq!(names(lines), (true, true), "{lines:?}");
        }
    }

    #[test]
    fn without_a_header_every_condition_holds() {
        let tag = Tag::new("7-1");

        assert_eq!(Conditions::of(&HeaderMap::new()), Conditions::default());
        assert!(Conditions::default().holds_match(&tag));
        assert!(Conditions::default().holds_none_match(&tag));
        assert!(!Conditions::default().lists_tags());
    }
}
