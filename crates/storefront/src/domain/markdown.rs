//! Text with marks, as `CommonMark` has them, and the HTML that a page may show.

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use sir0_kernel::{Form, InvalidText, Text};

/// A text in `CommonMark`, with tables and struck words: at most 20,000 characters, may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markdown(String);

/// How deep lists, quotations and marks may stand in each other. What is deeper is no text that people write.
const DEEPEST: usize = 24;

/// Why a text is no Markdown that is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMarkdown {
    /// As a text.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// It has lists in lists in lists, or something of the kind.
    #[error("must not have lists, quotations and marks more than {DEEPEST} deep in each other")]
    TooDeep,
}

impl Markdown {
    const BOUNDS: Text = Text { min: 0, max: 20_000, form: Form::Prose };

    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, InvalidMarkdown> {
        let text = Self::BOUNDS.read(text)?;
        let mut depth = 0_usize;
        for event in parser(&text) {
            match event {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                _ => {}
            }
            if depth > DEEPEST {
                return Err(InvalidMarkdown::TooDeep);
            }
        }
        Ok(Self(text))
    }

    /// The way in from the database, which holds only good ones.
    #[must_use]
    pub const fn from_row(text: String) -> Self {
        Self(text)
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The HTML of it, safe to stand in any page: no script, no style, no picture from elsewhere, and links that lead to
    /// `https://` alone, as the OWASP cheat sheet on cross-site scripting asks. HTML in the text is shown as it is written.
    #[must_use]
    pub fn to_html(&self) -> String {
        let events = parser(&self.0).filter_map(|event| match event {
            Event::Html(written) | Event::InlineHtml(written) => Some(Event::Text(written)),
            Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
            // A picture from elsewhere would tell its server who reads the page. Its text stays.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
            event => Some(event),
        });
        let mut written = String::new();
        html::push_html(&mut written, events);
        SANITISER.with(|sanitiser| sanitiser.clean(&written).to_string())
    }
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
}

/// What a page may show.
const TAGS: [&str; 27] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
    "s",
];

thread_local! {
    static SANITISER: Builder<'static> = {
        let mut builder = Builder::empty();
        builder
            .tags(TAGS.into())
            .tag_attributes([("a", ["href"].into()), ("ol", ["start"].into())].into())
            .url_schemes(["https"].into())
            .url_relative(UrlRelative::Deny)
            .link_rel(Some("nofollow noopener noreferrer ugc"));
        builder
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        Markdown::parse(text).expect("Markdown").to_html()
    }

    #[test]
    fn a_text_is_shown_with_its_marks() {
        let text = "# Light\n\n*Dark* and **bright**, ~~grey~~.\n\n1. one\n2. two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";

        let html = html(text);

        for part in [
            "<h1>Light</h1>",
            "<em>Dark</em> and <strong>bright</strong>, <del>grey</del>",
            "<ol>\n<li>one</li>",
            "<td>1</td>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        let link = self::html("[more](https://example.org/a?b=c&d)");
        assert!(link.contains(r#"href="https://example.org/a?b=c&amp;d""#), "{link}");
        assert!(link.contains(r#"rel="nofollow noopener noreferrer ugc""#), "{link}");
    }

    #[test]
    fn nothing_in_it_runs_and_nothing_is_fetched() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt&colon;alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](http://example.org)",
            "[x](//example.org)",
            "![x](https://example.org/pixel.png)",
            "<a href=\"https://example.org\" onclick=\"alert(1)\">x</a>",
            "<style>p { background: url(https://example.org) }</style>",
            "`<script>`",
            "a <b onmouseover=alert(1)>b</b>",
            "<svg><script>alert(1)</script></svg>",
            "[x]: javascript:alert(1)\n[x]",
            "<https://example.org/\"onmouseover=alert(1)>",
            "<!-- --!><img src=x onerror=alert(1)> -->",
        ] {
            let html = html(text);

            let tags: Vec<_> = html.split('<').skip(1).map(str::to_ascii_lowercase).collect();
            for bad in ["script", "img", "svg", "style", "b ", "iframe"] {
                assert!(!tags.iter().any(|tag| tag.starts_with(bad)), "{text}: {html}");
            }
            for tag in tags.iter().filter_map(|tag| tag.split('>').next()) {
                let attributes = tag.split('"').step_by(2).collect::<String>();
                assert!(!attributes.contains(" on"), "{text}: {html}");
                assert!(!tag.contains("javascript") && !tag.contains("data:"), "{text}: {html}");
                assert!(!tag.contains("href=\"/") && !tag.contains("http:"), "{text}: {html}");
            }
        }
    }

    #[test]
    fn what_nobody_writes_is_refused_soon() {
        let lists: String = (0..200).map(|depth| "  ".repeat(depth.min(90)) + "- x\n").collect();
        for deep in
            [&"> ".repeat(10_000)[..], &"*_".repeat(9_000), &lists[..lists.len().min(19_000)]]
        {
            let parsed = Markdown::parse(deep);

            assert!(
                matches!(parsed, Err(InvalidMarkdown::TooDeep))
                    || parsed.is_ok_and(|it| it.to_html().len() < 400_000)
            );
        }
        assert_eq!(Markdown::parse(&"> ".repeat(10_000)), Err(InvalidMarkdown::TooDeep));
        assert!(Markdown::parse(&"- ".repeat(11)).is_ok());
        assert!(Markdown::parse(&"x".repeat(20_001)).is_err());
    }
}
