//! Writes the guide, `docs/api.md`, as a page of HTML. It runs no script and needs nothing but its style.

use std::{collections::BTreeSet, error::Error, fmt::Write as _, fs, io};

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Tag, TagEnd, html};
use sir0_coding::write_asset;

const SOURCE: &str = "../../docs/api.md";
const STYLE: &str = "src/docs/guide.css";

/// The guide as it is written.
pub(crate) fn source() -> io::Result<String> {
    for path in [SOURCE, STYLE, "build/guide.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }
    fs::read_to_string(SOURCE)
}

/// Writes the page and its style.
pub(crate) fn write<'e>(guide: impl Iterator<Item = Event<'e>>) -> Result<(), Box<dyn Error>> {
    write_asset("guide.html", page(guide.collect())?.as_bytes())?;
    write_asset("guide.css", &fs::read(STYLE)?)?;
    Ok(())
}

fn page(events: Vec<Event<'_>>) -> Result<String, String> {
    let headings = headings(&events)?;
    let mut body = String::new();
    html::push_html(&mut body, written(events, &headings).into_iter());
    let [top] = headings.iter().filter(|it| it.level == HeadingLevel::H1).collect::<Vec<_>>()[..]
    else {
        return Err("the guide has one heading of the first level".to_owned());
    };
    let mut contents = String::new();
    for Heading { id, text, .. } in headings.iter().filter(|it| it.level == HeadingLevel::H2) {
        writeln!(contents, "<li><a href=\"#{id}\">{}</a></li>", escaped(text))
            .expect("a string grows");
    }
    let title = escaped(&top.text);
    // Addresses are relative, so that the page also works behind a prefix.
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} · SIR0</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <link rel=\"stylesheet\" href=\"guide.css\">\n</head>\n<body>\n\
         <header><a class=\"skip\" href=\"#guide\">Skip the contents</a> <a href=\"..\">Home</a> \
         <a href=\"../docs\">Every call</a> <a href=\"../openapi.json\">OpenAPI</a> \
         <a href=\"../postman.json\">Postman</a></header>\n\
         <nav aria-label=\"Contents\">\n<ul>\n{contents}</ul>\n</nav>\n\
         <main id=\"guide\">\n{body}</main>\n</body>\n</html>\n"
    ))
}

struct Heading {
    level: HeadingLevel,
    id: String,
    text: String,
}

/// Every heading, in order. Their names are those that the pages of a forge give them.
fn headings(events: &[Event<'_>]) -> Result<Vec<Heading>, String> {
    let (mut headings, mut ids) = (Vec::new(), BTreeSet::from(["guide".to_owned()]));
    let mut rest = events.iter();
    while let Some(event) = rest.next() {
        let Event::Start(Tag::Heading { level, .. }) = event else { continue };
        let inside = rest.by_ref().take_while(|it| !matches!(it, Event::End(TagEnd::Heading(_))));
        let text: String = inside
            .filter_map(|it| match it {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        let kept = text.to_lowercase();
        let kept = kept.chars().filter(|it| it.is_alphanumeric() || " -_".contains(*it));
        let id: String = kept.map(|it| if it == ' ' { '-' } else { it }).collect();
        if !ids.insert(id.clone()) {
            return Err(format!("the guide has two headings `{id}`"));
        }
        headings.push(Heading { level: *level, id, text });
    }
    Ok(headings)
}

/// The page as it is written: headings have their names, what is wide scrolls in itself, and a link into the repository,
/// which the binary does not have, is only its text.
fn written<'e>(events: Vec<Event<'e>>, headings: &[Heading]) -> Vec<Event<'e>> {
    let markup = |html: String| Event::Html(CowStr::from(html));
    let mut headings = headings.iter();
    let mut is_link = Vec::new();
    let mut written = Vec::with_capacity(events.len());
    let mut open = None;
    for event in events {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let Heading { id, text, .. } = headings.next().expect("each was read before");
                let name = if is_reason(text) {
                    format!("<{level} id=\"{id}\"><code id=\"{text}\">")
                } else {
                    format!("<{level} id=\"{id}\">")
                };
                open = Some(is_reason(text));
                written.push(markup(name));
            }
            Event::End(TagEnd::Heading(level)) => {
                let code = if open.take() == Some(true) { "</code>" } else { "" };
                written.push(markup(format!("{code}</{level}>\n")));
            }
            // It can be reached with the keyboard, because it scrolls.
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => {
                written.push(markup("<pre tabindex=\"0\"><code>".to_owned()));
            }
            Event::Start(Tag::Table(columns)) => {
                written.push(markup("<div class=\"wide\" tabindex=\"0\">".to_owned()));
                written.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                written.push(Event::End(TagEnd::Table));
                written.push(markup("</div>\n".to_owned()));
            }
            Event::Start(Tag::Link { ref dest_url, .. }) => {
                let leads = dest_url.starts_with('#') || dest_url.starts_with("https://");
                is_link.push(leads);
                written.extend(leads.then_some(event));
            }
            Event::End(TagEnd::Link) => {
                let leads = is_link.pop().unwrap_or_default();
                written.extend(leads.then_some(event));
            }
            other => written.push(other),
        }
    }
    written
}

/// Whether a heading is the name of a reason. It is found under that name as it stands, too.
fn is_reason(text: &str) -> bool {
    text.contains('_')
        && text.bytes().all(|it| it == b'_' || it.is_ascii_uppercase() || it.is_ascii_digit())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
