//! Rust read just well enough to tell which paths it names: comments and literals do not count.

/// The words and marks of a source file.
pub(crate) struct Code(Vec<Token>);

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Mark(char),
}

impl Code {
    /// Reads a source file. One that does not compile gives some answer, never a panic.
    pub(crate) fn read(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            rest = if next.is_whitespace() {
                rest.trim_start()
            } else if let Some(after) = skip_unspoken(rest) {
                after
            } else if is_word(next) {
                let (word, after) = split_at_end(rest, is_word);
                tokens.push(Token::Word(word.to_owned()));
                after
            } else {
                tokens.push(Token::Mark(next));
                &rest[next.len_utf8()..]
            };
        }
        Self(tokens)
    }

    /// Whether a word like this occurs.
    pub(crate) fn names(&self, like: fn(&str) -> bool) -> bool {
        self.0.iter().any(|token| matches!(token, Token::Word(word) if like(word)))
    }

    /// Whether `outer::inner` occurs, also as `outer::{…, inner}`. Not `outer::inner!`, which is a macro.
    pub(crate) fn names_in(&self, outer: &str, inner: &str) -> bool {
        self.0.windows(3).enumerate().any(|(at, window)| {
            let [Token::Word(word), Token::Mark(':'), Token::Mark(':')] = window else {
                return false;
            };
            word == outer && begins_with(&self.0[at + 3..], inner)
        })
    }

    /// What `outer::…` leads to at its first step, also in groups: `a` and `b` of `outer::{a::x, b}`.
    pub(crate) fn named_below(&self, outer: &str) -> Vec<&str> {
        let starts = self.0.windows(3).enumerate().filter(|(_, window)| {
            matches!(window, [Token::Word(word), Token::Mark(':'), Token::Mark(':')] if word == outer)
        });
        starts.flat_map(|(at, _)| first_steps(&self.0[at + 3..])).collect()
    }

    /// Each `async fn` with a body: its name, and its first statement without white space.
    pub(crate) fn async_functions(&self) -> Vec<(&str, String)> {
        let functions = self.0.windows(3).enumerate().filter_map(|(at, window)| match window {
            [Token::Word(first), Token::Word(second), Token::Word(name)]
                if first == "async" && second == "fn" =>
            {
                Some((name.as_str(), &self.0[at + 3..]))
            }
            _ => None,
        });
        let with_bodies = functions.filter_map(|(name, rest)| {
            let begins = rest.iter().position(|token| matches!(token, Token::Mark('{' | ';')))?;
            let body = &rest[begins..];
            let ends = body.iter().position(|token| *token == Token::Mark(';'))?;
            (ends > 0).then(|| (name, body[1..ends].iter().map(Token::text).collect()))
        });
        with_bodies.collect()
    }
}

impl Token {
    fn text(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Mark(mark) => mark.to_string(),
        }
    }
}

/// The first step of a path, or of each path of a group.
fn first_steps(tokens: &[Token]) -> Vec<&str> {
    match tokens {
        [Token::Word(word), ..] => vec![word],
        [Token::Mark('{'), group @ ..] => group_steps(group),
        _ => Vec::new(),
    }
}

fn group_steps(group: &[Token]) -> Vec<&str> {
    let (mut depth, mut starts, mut steps) = (0_usize, true, Vec::new());
    for token in group {
        match token {
            Token::Mark('}') if depth == 0 => break,
            Token::Mark('}') => depth -= 1,
            Token::Mark('{') => depth += 1,
            Token::Word(word) if depth == 0 && starts => steps.push(word.as_str()),
            _ => {}
        }
        starts = depth == 0 && matches!(token, Token::Mark(','));
    }
    steps
}

fn begins_with(tokens: &[Token], inner: &str) -> bool {
    match tokens {
        [Token::Word(word), Token::Mark('!'), ..] if word == inner => false,
        [Token::Word(word), ..] => word == inner,
        [Token::Mark('{'), group @ ..] => group_steps(group).contains(&inner),
        _ => false,
    }
}

/// What follows the comment or literal that starts here, if one does.
fn skip_unspoken(text: &str) -> Option<&str> {
    if text.starts_with("//") {
        return Some(text.split_once('\n').map_or("", |(_, after)| after));
    }
    if text.starts_with("/*") {
        return Some(skip_block_comment(text));
    }
    let literal = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - literal.len();
    match literal.as_bytes() {
        [b'"', ..] if prefix <= 1 => Some(skip_quoted(&literal[1..], '"')),
        [b'r', ..] if prefix <= 1 => skip_raw(&literal[1..]),
        [b'\'', ..] if prefix <= 1 => skip_character(&literal[1..]),
        _ => None,
    }
}

fn skip_block_comment(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut rest = text;
    loop {
        if let Some(after) = rest.strip_prefix("/*") {
            depth += 1;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("*/") {
            depth -= 1;
            rest = after;
            if depth == 0 {
                return rest;
            }
        } else {
            let mut chars = rest.chars();
            if chars.next().is_none() {
                return "";
            }
            rest = chars.as_str();
        }
    }
}

fn skip_quoted(text: &str, quote: char) -> &str {
    let mut chars = text.chars();
    while let Some(next) = chars.next() {
        match next {
            '\\' => drop(chars.next()),
            _ if next == quote => break,
            _ => {}
        }
    }
    chars.as_str()
}

fn skip_raw(text: &str) -> Option<&str> {
    let body = text.trim_start_matches('#');
    let hashes = &text[..text.len() - body.len()];
    let body = body.strip_prefix('"')?;
    Some(body.split_once(&format!("\"{hashes}")).map_or("", |(_, after)| after))
}

/// A character, unless it is a lifetime: `'a'` against `'a`.
fn skip_character(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    match chars.next()? {
        '\\' => Some(skip_quoted(text, '\'')),
        _ => chars.as_str().strip_prefix('\''),
    }
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

fn split_at_end(text: &str, belongs: fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|character| !belongs(character)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_env(text: &str) -> bool {
        Code::read(text).names_in("std", "env")
    }

    #[test]
    fn a_path_is_seen_whichever_way_it_is_written() {
        assert!(names_env("let p = std::env::args();"));
        assert!(names_env("use std :: env;"));
        assert!(names_env("use std::{fs, env};"));
        assert!(names_env("use std::{fs::{self, File}, env::args};"));
    }

    #[test]
    fn another_path_with_the_same_end_is_another_path() {
        assert!(!names_env("use std::{mine::{env}, fs};"));
        assert!(!names_env("use other::env; use std::fs;"));
        assert!(!names_env("std::env!(\"CARGO_PKG_VERSION\")"));
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        assert!(!names_env("// std::env\n/* std::env /* deeper */ std::env */"));
        assert!(!names_env(r##"("std::env", b"std::env", r#"std::env"#, '"', "\" std::env")"##));
    }

    #[test]
    fn code_behind_a_literal_is_code_again() {
        assert!(names_env(r##"f('"', r#"""#, 'x'); std::env::args()"##));
        assert!(names_env("fn f<'a>(x: &'a str) { std::env::args() }"));
        assert!(names_env(r"let c = '\''; std::env::args()"));
    }

    #[test]
    fn text_that_is_no_rust_is_read_without_a_panic() {
        for text in ["\"", "'", "r#\"", "/*", "std::{", "b'", "'\\", "ü'ü", "r#", "bc\"x\""] {
            names_env(text);
        }
    }
}
