//! Pages of games, on the wire and as the rules know them.

use std::{collections::BTreeSet, fmt::Display};

use sir0_contract_storefront as pb;
use sir0_kernel::{Country, GameId, Language};
use sir0_rpc::{FieldReader, InvalidFields};

use super::games::{given, texts};
use crate::{
    domain::{
        Board, GamePage, Label, Link, LinkUrl, MOST_DESCRIPTORS, MOST_DEVELOPERS, MOST_LANGUAGES,
        MOST_LINKS, MOST_PAGE_BYTES, MOST_TAGS, MOST_TEXTS, Markdown, Name, Need, PageText,
        Platform, Rating, Requirements, Summary, Title, UpdatePage,
    },
    stored::StoredPage,
};

/// How many countries there are at most.
const MOST_COUNTRIES: usize = 250;

impl From<&GamePage> for pb::GamePage {
    fn from(page: &GamePage) -> Self {
        Self {
            tags: texts(&page.tags, Label::as_str),
            platforms: page.platforms.iter().map(ToString::to_string).collect(),
            languages: texts(&page.languages, Language::as_str),
            developers: texts(&page.developers, Name::as_str),
            texts: page.texts.iter().map(Into::into).collect(),
            links: page.links.iter().map(Into::into).collect(),
            requirements: page.requirements.iter().map(Into::into).collect(),
            ratings: page.ratings.iter().map(Into::into).collect(),
            sale_barred_countries: texts(&page.sale_barred, Country::as_str),
            play_barred_countries: texts(&page.play_barred, Country::as_str),
        }
    }
}

impl From<&PageText> for pb::PageText {
    fn from(text: &PageText) -> Self {
        Self {
            language: text.language.to_string(),
            title: text.title.as_ref().map(|it| it.as_str().to_owned()),
            summary: text.summary.as_ref().map(|it| it.as_str().to_owned()),
            description: text.description.as_str().to_owned(),
            description_html: text.description.to_html(),
        }
    }
}

impl From<&Link> for pb::PageLink {
    fn from(link: &Link) -> Self {
        Self {
            kind: link.kind.to_string(),
            url: link.url.as_str().to_owned(),
            title: link.title.as_ref().map(|it| it.as_str().to_owned()),
        }
    }
}

impl From<&Requirements> for pb::SystemRequirements {
    fn from(needs: &Requirements) -> Self {
        let text = |need: &Option<Need>| need.as_ref().map(|it| it.as_str().to_owned());
        Self {
            platform: needs.platform.to_string(),
            minimum: text(&needs.minimum),
            recommended: text(&needs.recommended),
        }
    }
}

impl From<&Rating> for pb::AgeRating {
    fn from(rating: &Rating) -> Self {
        Self {
            board: rating.board.to_string(),
            rating: rating.rating.clone(),
            descriptors: texts(&rating.descriptors, Name::as_str),
        }
    }
}

/// Says that a page was written, and which revision the game has.
pub(crate) fn updated(revision: i32) -> pb::UpdateGamePageResponse {
    pb::UpdateGamePageResponse { message: "Page updated successfully".to_owned(), revision }
}

impl TryFrom<pb::UpdateGamePageRequest> for UpdatePage {
    type Error = InvalidFields;

    fn try_from(request: pb::UpdateGamePageRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let id = fields.read("game_id", GameId::parse(request.game_id));
        let page = fields.read("page", request.page.ok_or("is required"));
        let page = page.map(|page| read(&mut fields, &page));
        let (Some(id), Some(page)) = (id, page) else { return Err(fields.into_faults()) };
        if StoredPage::is_too_long(&page) {
            fields.fault("page", format_args!("must have at most {MOST_PAGE_BYTES} bytes in all"));
        }
        fields.finish()?;
        Ok(Self { id, page, revision: request.revision })
    }
}

/// Reads every part of a page. What is wrong is noted, and left out.
fn read(fields: &mut FieldReader, page: &pb::GamePage) -> GamePage {
    let countries = |fields: &mut FieldReader, field: &str, codes: &[String]| {
        list(fields, field, codes, MOST_COUNTRIES, str::parse::<Country>)
    };
    let page = GamePage {
        tags: list(fields, "page.tags", &page.tags, MOST_TAGS, Label::parse),
        platforms: list(fields, "page.platforms", &page.platforms, Platform::ALL.len(), |it| {
            it.parse::<Platform>()
        }),
        languages: list(fields, "page.languages", &page.languages, MOST_LANGUAGES, |it| {
            it.parse::<Language>()
        }),
        developers: list(fields, "page.developers", &page.developers, MOST_DEVELOPERS, |it| {
            Name::parse(it)
        }),
        texts: some(fields, "page.texts", &page.texts, MOST_TEXTS, text),
        links: some(fields, "page.links", &page.links, MOST_LINKS, link),
        requirements: some(
            fields,
            "page.requirements",
            &page.requirements,
            Platform::ALL.len(),
            requirements,
        ),
        ratings: some(fields, "page.ratings", &page.ratings, Board::ALL.len(), rating),
        sale_barred: countries(fields, "page.sale_barred_countries", &page.sale_barred_countries),
        play_barred: countries(fields, "page.play_barred_countries", &page.play_barred_countries),
    };
    each_once(fields, "page.tags", page.tags.iter().map(Label::key));
    each_once(fields, "page.platforms", page.platforms.iter());
    each_once(fields, "page.languages", page.languages.iter());
    each_once(fields, "page.developers", page.developers.iter());
    each_once(fields, "page.texts.language", page.texts.iter().map(|text| &text.language));
    each_once(fields, "page.requirements.platform", page.requirements.iter().map(|it| it.platform));
    each_once(fields, "page.ratings.board", page.ratings.iter().map(|it| it.board));
    each_once(fields, "page.sale_barred_countries", page.sale_barred.iter());
    each_once(fields, "page.play_barred_countries", page.play_barred.iter());
    page
}

fn list<T, E: Display>(
    fields: &mut FieldReader,
    field: &str,
    given: &[String],
    most: usize,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Vec<T> {
    some(fields, field, given, most, |fields, it: &String| fields.read(field, parse(it)))
}

fn some<W, T>(
    fields: &mut FieldReader,
    field: &str,
    given: &[W],
    most: usize,
    read: impl Fn(&mut FieldReader, &W) -> Option<T>,
) -> Vec<T> {
    if given.len() > most {
        fields.fault(field, format_args!("must be at most {most}"));
    }
    given.iter().take(most).filter_map(|it| read(fields, it)).collect()
}

fn each_once<T: Ord>(fields: &mut FieldReader, field: &str, all: impl Iterator<Item = T>) {
    let mut seen = BTreeSet::new();
    for it in all {
        if !seen.insert(it) {
            fields.fault(field, "must name each once");
            return;
        }
    }
}

fn text(fields: &mut FieldReader, text: &pb::PageText) -> Option<PageText> {
    let language = fields.read("page.texts.language", text.language.parse());
    let title = fields
        .read_optional("page.texts.title", text.title.as_deref().and_then(given).map(Title::parse));
    let summary = fields.read_optional(
        "page.texts.summary",
        text.summary.as_deref().and_then(given).map(Summary::parse),
    );
    let description = fields.read("page.texts.description", Markdown::parse(&text.description));
    Some(PageText {
        language: language?,
        title: title?,
        summary: summary?,
        description: description?,
    })
}

fn link(fields: &mut FieldReader, link: &pb::PageLink) -> Option<Link> {
    let kind = fields.read("page.links.kind", link.kind.parse());
    let url = fields.read("page.links.url", LinkUrl::parse(&link.url));
    let title = fields
        .read_optional("page.links.title", link.title.as_deref().and_then(given).map(Name::parse));
    Some(Link { kind: kind?, url: url?, title: title? })
}

fn requirements(fields: &mut FieldReader, needs: &pb::SystemRequirements) -> Option<Requirements> {
    let platform = fields.read("page.requirements.platform", needs.platform.parse());
    let minimum = fields.read_optional(
        "page.requirements.minimum",
        needs.minimum.as_deref().and_then(given).map(Need::parse),
    );
    let recommended = fields.read_optional(
        "page.requirements.recommended",
        needs.recommended.as_deref().and_then(given).map(Need::parse),
    );
    Some(Requirements { platform: platform?, minimum: minimum?, recommended: recommended? })
}

fn rating(fields: &mut FieldReader, given: &pb::AgeRating) -> Option<Rating> {
    let board = fields.read("page.ratings.board", given.board.parse::<Board>());
    let descriptors =
        list(fields, "page.ratings.descriptors", &given.descriptors, MOST_DESCRIPTORS, Name::parse);
    let board = board?;
    let known = board.ratings();
    if !known.contains(&&*given.rating) {
        let why = format_args!("must be one of {board}: {}", known.join(", ")).to_string();
        fields.fault("page.ratings.rating", why);
        return None;
    }
    Some(Rating { board, rating: given.rating.clone(), descriptors })
}
