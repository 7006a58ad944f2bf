//! Games and what is asked of them, on the wire and as the rules know them.

use std::{collections::BTreeSet, sync::Arc};

use sir0_contract_storefront::{
    self as pb, calls::games_service as calls, watch_games_response::Update,
};
use sir0_feed::{BadToken, Moment};
use sir0_kernel::{Currency, GameId, Language, Price, StudioId};
use sir0_rpc::{FieldReader, InvalidFields, Seal, content_tag, page_size, wire_time};
use sir0_transcoding::{Conditions, Kept, Tag};
use tonic::metadata::MetadataMap;

use crate::domain::{
    Base, Change, CreateGame, Created, Description, Dimension, Expected, Filter, Game, GameEvent,
    Genre, Kind, Label, Listing, MOST_BUNDLED, NewGame, Page, PageToken, RequestId, Sort, State,
    Title, UnknownKind, UpdateGame, WatchGames, Words,
};

/// What the token of a stream is sealed for.
pub(crate) const WATCH: &[u8] = b"watch";

const MOST_WATCHED_GAMES: usize = 1000;

/// A game on the wire. Its price is in this currency, which is the store's.
pub(crate) fn wire_game(game: &Game, currency: Currency) -> pb::Game {
    let traits = game.traits.as_deref();
    pb::Game {
        game_id: game.id.get(),
        title: game.title.as_str().to_owned(),
        genre: game.genre.as_str().to_owned(),
        price: game.price.of(currency).major(),
        description: game.description.as_str().to_owned(),
        revision: game.revision,
        studio_id: game.studio.map(|studio| studio.to_string()),
        kind: game.kind.as_str().to_owned(),
        state: game.standing.state.as_str().to_owned(),
        release_date: game.standing.release_day.map(|day| day.to_string()),
        release_time: game.standing.released.map(wire_time),
        base_game_id: game.base.map(GameId::get),
        bundled_game_ids: game.bundled.iter().map(|id| id.get()).collect(),
        cover: game.shown.as_ref().and_then(|shown| shown.cover.as_ref()).map(Into::into),
        header: game.shown.as_ref().and_then(|shown| shown.header.as_ref()).map(Into::into),
        tags: traits.map_or_else(Vec::new, |traits| texts(&traits.tags, Label::as_str)),
        platforms: traits.map_or_else(Vec::new, |traits| {
            traits.platforms.iter().map(ToString::to_string).collect()
        }),
        languages: traits
            .map_or_else(Vec::new, |traits| texts(&traits.languages, Language::as_str)),
    }
}

/// As texts on the wire.
pub(super) fn texts<'t, T: 't>(all: &'t [T], text: impl Fn(&'t T) -> &'t str) -> Vec<String> {
    all.iter().map(|it| text(it).to_owned()).collect()
}

/// What everyone hears of a change. `None` for one that only a studio sees.
pub(crate) fn update(event: &GameEvent, currency: Currency) -> Option<Update> {
    match event {
        GameEvent::Added(game) => Some(Update::Added(wire_game(game, currency))),
        GameEvent::Changed { game, .. } => Some(Update::Changed(wire_game(game, currency))),
        GameEvent::Removed(game) => Some(Update::Removed(wire_game(game, currency))),
        GameEvent::Hidden { .. } | GameEvent::Scheduled { .. } => None,
    }
}

/// Reads the one field that names a game.
pub(crate) fn game_id(number: i32) -> Result<GameId, InvalidFields> {
    GameId::parse(number).map_err(|fault| InvalidFields::one("game_id", fault))
}

/// Reads which list a request asks for.
pub(crate) fn listing(
    request: &pb::ListGamesRequest,
    seal: &Seal,
) -> Result<Listing, InvalidFields> {
    let mut fields = FieldReader::default();
    let page_size = fields.read("page_size", page_size(request.page_size));
    let genre = fields.read_optional("genre", given(&request.genre).map(Genre::parse));
    let words = fields.read_optional("q", given(&request.q).map(Words::parse));
    let sort: Option<Sort> = fields.read("sort", request.sort.parse());
    let studio = fields.read_optional("studio_id", given(&request.studio_id).map(StudioId::parse));
    let kind = fields.read("kind", kind_asked(&request.kind, Some(Kind::Game)));
    let band = fields.read_optional("price_band", given(&request.price_band).map(str::parse));
    let state = fields.read_optional("state", given(&request.state).map(str::parse));
    let tag = fields.read_optional("tag", given(&request.tag).map(Label::parse));
    let platform = fields.read_optional("platform", given(&request.platform).map(str::parse));
    let language = fields.read_optional("language", given(&request.language).map(str::parse));
    let facets = facets(&mut fields, &request.facets);

    let (Some(page_size), Some(genre), Some(words), Some(sort), Some(studio), Some(kind)) =
        (page_size, genre, words, sort, studio, kind)
    else {
        return Err(fields.into_faults());
    };
    let (Some(band), Some(state), Some(tag), Some(platform), Some(language)) =
        (band, state, tag, platform, language)
    else {
        return Err(fields.into_faults());
    };
    fields.finish()?;
    let mut listing = Listing {
        sort,
        kind,
        genre,
        words,
        studio,
        band,
        state,
        tag,
        platform,
        language,
        facets,
        page_size,
        after: None,
    };
    if let Some(token) = given(&request.page_token) {
        let opened = seal.open(&listing.purpose(), token);
        let opened = opened.map_err(|forged| InvalidFields::one("page_token", forged))?;
        // The token was sealed for this list, so only another version of this program can have written it in another
        // form.
        let after = serde_json::from_slice::<PageToken>(&opened).map_err(|_older| {
            InvalidFields::one("page_token", "is of another version, begin the list again")
        })?;
        listing.after = Some(after);
    }
    Ok(listing)
}

/// What is to be counted.
fn facets(fields: &mut FieldReader, names: &[String]) -> Vec<Dimension> {
    if names.len() > Dimension::ALL.len() {
        fields.fault("facets", format_args!("must be at most {}", Dimension::ALL.len()));
    }
    let names = names.iter().take(Dimension::ALL.len());
    names.filter_map(|name| fields.read("facets", name.parse())).collect()
}

/// The kind that a list keeps. `None` for all of them.
fn kind_asked(name: &str, unsaid: Option<Kind>) -> Result<Option<Kind>, &'static str> {
    match name {
        "" => Ok(unsaid),
        "all" => Ok(None),
        name => name.parse().map(Some).map_err(|UnknownKind| {
            "must be `game`, `dlc`, `demo`, `soundtrack`, `software`, `bundle` or `all`"
        }),
    }
}

/// The form of a game over REST. It is part of the tag of each, and grows when any of them is written in another way: when
/// a field is added, for example.
const FORM: u8 = 5;

/// Names a game as REST sends it.
fn tag(id: GameId, revision: i32) -> Tag {
    Tag::new(&format!("{id}.{revision}.{FORM}"))
}

/// Which revisions of a game a request asks for: those whose tags its headers name.
pub(crate) fn expected(id: GameId, metadata: &MetadataMap) -> Expected {
    let conditions = Conditions::of(metadata.as_ref());
    Expected::if_it(move |revision| {
        let tag = tag(id, revision);
        conditions.holds_match(&tag) && conditions.holds_none_match(&tag)
    })
}

/// A game, as it is answered.
pub(crate) fn game(game: &Game, currency: Currency) -> Kept {
    let answer = pb::GetGameResponse { game: Some(wire_game(game, currency)) };
    Kept::new(calls::GET_GAME, &answer, |_| Some(tag(game.id, game.revision)))
}

/// A page of this list, as it is answered, with the sealed place where the next one begins.
pub(crate) fn page(page: &Page, listing: &Listing, currency: Currency, seal: &Seal) -> Kept {
    let next_page_token = page.next.as_ref().map(|next| {
        let place = serde_json::to_vec(next).expect("a place is always JSON");
        seal.close(&listing.purpose(), &place)
    });
    let games = page.games.iter().map(|game| wire_game(game, currency)).collect();
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let facets = page.facets.iter().map(|facet| {
        let values = facet.values.iter();
        let values = values
            .map(|(value, games)| pb::FacetValue { value: value.clone(), count: count(*games) });
        pb::Facet { name: facet.dimension.as_str().to_owned(), values: values.collect() }
    });
    let (facets, total_size) = (facets.collect(), page.total.map(count));
    let answer = pb::ListGamesResponse { games, next_page_token, total_size, facets };
    Kept::new(calls::LIST_GAMES, &answer, |json| Some(content_tag(json)))
}

/// Says that a game was added.
pub(crate) fn created(Created { id, title }: &Created) -> pb::CreateGameResponse {
    pb::CreateGameResponse {
        message: "Game added successfully".to_owned(),
        title: title.as_str().to_owned(),
        game_id: id.get(),
    }
}

/// Says that a game was changed, and which revision it has.
pub(crate) fn changed(revision: i32) -> pb::UpdateGameResponse {
    pb::UpdateGameResponse { message: "Game updated successfully".to_owned(), revision }
}

/// Says that a game was removed.
pub(crate) fn removed() -> pb::DeleteGameResponse {
    pb::DeleteGameResponse { message: "Game deleted successfully".to_owned() }
}

/// A text that was left out is empty on the wire.
pub(super) fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

impl CreateGame {
    /// Reads a request, with the price in this currency.
    pub(crate) fn read(
        request: &pb::CreateGameRequest,
        currency: Currency,
    ) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let title = fields.read("title", Title::parse(&request.title));
        let genre = fields.read("genre", Genre::parse(&request.genre));
        let price = fields.read("price", request.price.ok_or("is required"));
        let price = price.and_then(|price| fields.read("price", Price::parse(price, currency)));
        let description = fields.read("description", Description::parse(&request.description));
        let studio =
            fields.read_optional("studio_id", request.studio_id.as_deref().map(StudioId::parse));
        let id =
            fields.read_optional("request_id", request.request_id.as_deref().map(RequestId::parse));
        let kind = fields.read("kind", given(&request.kind).map_or(Ok(Kind::Game), str::parse));
        let state = fields.read("state", state_of_new(&request.state));
        let release_day =
            fields.read_optional("release_date", request.release_date.as_deref().map(str::parse));
        let base = fields.read_optional("base_game_id", request.base_game_id.map(GameId::parse));
        let bundled = bundled(&mut fields, &request.bundled_game_ids);
        if kind.is_some_and(|kind| kind.base() == Base::Required) && request.base_game_id.is_none()
        {
            fields.fault("base_game_id", "is required for this kind");
        }
        if kind == Some(Kind::Bundle) && request.bundled_game_ids.is_empty() {
            fields.fault("bundled_game_ids", "is required for a bundle");
        }

        let (Some(title), Some(genre), Some(price), Some(description)) =
            (title, genre, price, description)
        else {
            return Err(fields.into_faults());
        };
        let (Some(kind), Some(state), Some(release_day), Some(base)) =
            (kind, state, release_day, base)
        else {
            return Err(fields.into_faults());
        };
        let (Some(studio), Some(request)) = (studio, id) else { return Err(fields.into_faults()) };
        fields.finish()?;
        let game =
            NewGame { title, genre, price, description, kind, state, release_day, base, bundled };
        Ok(Self { game, studio, request })
    }
}

/// The state of a new game. One cannot be withdrawn before it is there.
fn state_of_new(name: &str) -> Result<State, &'static str> {
    let state = given(name).map_or(Ok(State::Released), str::parse);
    let state = state.ok().filter(|state| *state != State::Withdrawn);
    state.ok_or("must be `draft`, `announced` or `released`")
}

/// What is in a bundle, each once.
fn bundled(fields: &mut FieldReader, ids: &[i32]) -> Arc<[GameId]> {
    some_games(fields, "bundled_game_ids", ids, MOST_BUNDLED).into()
}

/// So many games at most, each once.
pub(super) fn some_games(
    fields: &mut FieldReader,
    field: &str,
    ids: &[i32],
    most: usize,
) -> Vec<GameId> {
    if ids.len() > most {
        fields.fault(field, format_args!("must be at most {most}"));
    }
    let ids = ids.iter().take(most);
    let read: Vec<_> = ids.filter_map(|id| fields.read(field, GameId::parse(*id))).collect();
    if read.iter().collect::<BTreeSet<_>>().len() < read.len() {
        fields.fault(field, "must name each once");
    }
    read
}

impl UpdateGame {
    /// Reads a request, with the price in this currency.
    pub(crate) fn read(
        request: &pb::UpdateGameRequest,
        currency: Currency,
    ) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let id = fields.read("game_id", GameId::parse(request.game_id));
        let title = fields.read_optional("title", request.title.as_deref().map(Title::parse));
        let genre = fields.read_optional("genre", request.genre.as_deref().map(Genre::parse));
        let price =
            fields.read_optional("price", request.price.map(|price| Price::parse(price, currency)));
        let description = fields
            .read_optional("description", request.description.as_deref().map(Description::parse));
        let day = |text: &str| given(text).map(str::parse).transpose();
        let release_day =
            fields.read_optional("release_date", request.release_date.as_deref().map(day));
        let bundled = bundled(&mut fields, &request.bundled_game_ids);

        let (Some(id), Some(title), Some(genre), Some(price), Some(description)) =
            (id, title, genre, price, description)
        else {
            return Err(fields.into_faults());
        };
        let Some(release_day) = release_day else { return Err(fields.into_faults()) };
        fields.finish()?;
        let bundled = Some(bundled).filter(|bundled| !bundled.is_empty());
        let change = Change { title, genre, price, description, release_day, bundled };
        if change == Change::default() {
            return Err(InvalidFields::one(
                "request",
                "must change title, genre, price, description, release date or what is in a bundle",
            ));
        }
        Ok(Self { id, change, revision: request.revision })
    }
}

/// What a browser's `EventSource` sends when it reconnects: the id of the last event.
const LAST_EVENT_ID: &str = "last-event-id";

/// Reads a request to watch, and the moment that the watcher reached before.
pub(crate) fn watch(
    request: &pb::WatchGamesRequest,
    metadata: &MetadataMap,
    seal: &Seal,
) -> Result<(WatchGames, Option<Moment>), InvalidFields> {
    let mut fields = FieldReader::default();
    let genre = fields.read_optional("genre", given(&request.genre).map(Genre::parse));
    let unsaid = Some(Kind::Game).filter(|_| request.game_ids.is_empty());
    let kind = fields.read("kind", kind_asked(&request.kind, unsaid));
    let of = |token: &str| Moment::of(token, seal, WATCH);
    let resume = reached(&mut fields, &request.resume_token, metadata, of);
    if request.game_ids.len() > MOST_WATCHED_GAMES {
        fields.fault("game_ids", format_args!("must be at most {MOST_WATCHED_GAMES}"));
    }
    let games = request.game_ids.iter().take(MOST_WATCHED_GAMES);
    let games: Vec<_> =
        games.filter_map(|id| fields.read("game_ids", GameId::parse(*id))).collect();

    let (Some(genre), Some(kind)) = (genre, kind) else { return Err(fields.into_faults()) };
    fields.finish()?;
    let filter = Filter::new(games, kind, genre.as_ref());
    let asked = WatchGames { filter, send_present: request.send_present };
    Ok((asked, resume))
}

/// The moment that a watcher reached before. A client that reconnects by itself repeats the token that it began with and adds
/// the one that it reached. The later of the two counts.
pub(super) fn reached(
    fields: &mut FieldReader,
    token: &str,
    metadata: &MetadataMap,
    moment_of: impl Fn(&str) -> Result<Moment, BadToken>,
) -> Option<Moment> {
    let token = given(token).map(&moment_of);
    let token = fields.read_optional("resume_token", token).flatten();
    let ids = metadata.get_all(LAST_EVENT_ID).iter().filter(|id| !id.is_empty());
    let ids = ids.map(|id| moment_of(id.to_str().unwrap_or_default()));
    let ids: Vec<_> = ids.filter_map(|id| fields.read(LAST_EVENT_ID, id)).collect();
    ids.into_iter().chain(token).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Caches and clients keep games by their tags. When this test fails because a game is written in another way, raise
    /// [`FORM`], and then change what is expected here.
    #[test]
    fn a_tag_names_one_form_of_a_game() {
        let description = Description::parse("Light \"finds\" a way.").expect("a description");
        let lanterns = Game { description, ..Game::example(7, 3) };
        let binding = &calls::GET_GAME.rest.as_ref().expect("a REST form").bindings[0];

        let kept = game(&lanterns, Currency::EUR);

        let (json, tag) = kept.json(binding).expect("what REST sends");
        let expected = r#"{"gameId":7,"title":"Lanterns","genre":"Puzzle","price":19.99,"description":"Light \"finds\" a way.","revision":3,"kind":"game","state":"released","releaseTime":"1970-01-01T00:00:00.000001Z","bundledGameIds":[],"tags":[],"platforms":[],"languages":[]}"#;
        assert_eq!(str::from_utf8(json), Ok(expected));
        assert_eq!(tag, Some(&Tag::new("7.3.5")));
    }
}
