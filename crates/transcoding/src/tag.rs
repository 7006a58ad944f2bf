//! Entity tags, and the conditions that name them (RFC 9110, 8.8.3 and 13.1).

use sir0_coding::Coding;
use tonic::codegen::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{IF_MATCH, IF_NONE_MATCH},
};

/// A strong entity tag: two answers with the same tag are the same, byte for byte.
///
/// It is that of the plain answer. Each coding of the answer has other bytes, and so another tag: this one with the
/// [suffix](Coding::suffix) of the coding.
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

    /// The tag of the answer in this coding, as the header has it.
    #[must_use]
    pub fn of_form(&self, coding: Option<Coding>) -> HeaderValue {
        let Some(coding) = coding else { return self.0.clone() };
        let tag = [b"\"", self.opaque(), coding.suffix().as_bytes(), b"\""].concat();
        HeaderValue::try_from(tag).expect("plain text is a header")
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

    /// Whether the thing, which has this tag, is one of those that `If-Match` names, in whatever coding it was read. A
    /// weak tag names none (13.1.1). Holds without the header.
    #[must_use]
    pub fn holds_match(&self, tag: &Tag) -> bool {
        self.matching.as_ref().is_none_or(|named| named.names(|it| !it.is_weak && it.is_any(tag)))
    }

    /// Whether the thing, which has this tag, is none of those that `If-None-Match` names, in whatever coding it was
    /// read, and weak tags included (13.1.2). Holds without the header.
    #[must_use]
    pub fn holds_none_match(&self, tag: &Tag) -> bool {
        self.not_matching.as_ref().is_none_or(|named| !named.names(|it| it.is_any(tag)))
    }

    /// The first of these forms of an answer that `If-None-Match` names: the caller has it. A form that the caller would
    /// not accept now is none of them, because a cache would hand it on.
    pub fn known_form(
        &self,
        tag: &Tag,
        mut forms: impl Iterator<Item = Option<Coding>>,
    ) -> Option<Option<Coding>> {
        let named = self.not_matching.as_ref()?;
        forms.find(|form| named.names(|it| it.is(tag, *form)))
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
    fn is(&self, tag: &Tag, form: Option<Coding>) -> bool {
        let suffix = form.map_or("", Coding::suffix);
        self.text.strip_suffix(suffix.as_bytes()) == Some(tag.opaque())
    }

    fn is_any(&self, tag: &Tag) -> bool {
        self.is(tag, None) || Coding::ALL.into_iter().any(|coding| self.is(tag, Some(coding)))
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
    fn each_coding_of_an_answer_has_a_tag_and_all_name_the_same_thing() {
        let tag = Tag::new("7.3.1");
        for (form, header) in [
            (None, "\"7.3.1\""),
            (Some(Coding::Gzip), "\"7.3.1-gz\""),
            (Some(Coding::Brotli), "\"7.3.1-br\""),
            (Some(Coding::Zstd), "\"7.3.1-zst\""),
        ] {
            assert_eq!(tag.of_form(form), header);
            let one = conditions(&IF_MATCH, &[header]);
            let none = conditions(&IF_NONE_MATCH, &[header]);
            assert!(one.holds_match(&tag) && !none.holds_none_match(&tag), "{header}");
            assert_eq!(none.known_form(&tag, [form].into_iter()), Some(form));
            let others = Coding::ALL.map(Some).into_iter().chain([None]);
            let others = others.filter(|other| *other != form);
            assert_eq!(none.known_form(&tag, others), None, "{header} is another form");
        }
        for other in ["\"7.3.1-\"", "\"7.3.1-gzip\"", "\"7.3.1-gz-gz\"", "\"7.3-gz\"", "\"-gz\""] {
            assert!(!conditions(&IF_MATCH, &[other]).holds_match(&tag), "{other}");
        }
        let any = conditions(&IF_NONE_MATCH, &["*"]);
        let forms = [Some(Coding::Gzip), None];
        assert_eq!(any.known_form(&tag, forms.into_iter()), Some(forms[0]), "the one to be sent");
    }

    #[test]
    fn without_a_header_every_condition_holds() {
        let tag = Tag::new("7-1");

        assert_eq!(Conditions::of(&HeaderMap::new()), Conditions::default());
        assert!(Conditions::default().holds_match(&tag));
        assert!(Conditions::default().holds_none_match(&tag));
        assert!(Conditions::default().known_form(&tag, [None].into_iter()).is_none());
        assert!(!Conditions::default().lists_tags());
    }
}
