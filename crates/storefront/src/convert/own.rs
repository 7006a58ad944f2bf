//! Games as their studio sees them, and what it asks of them, on the wire and as the rules know them.

use sir0_contract_storefront as pb;
use sir0_feed::{BadToken, Moment, Reached};
use sir0_kernel::{Currency, GameId, StudioId, UserId};
use sir0_rpc::{FieldReader, InvalidFields, Seal, moment, page_size, wire_time};
use tonic::metadata::MetadataMap;

use super::games::{given, reached, wire_game};
use crate::domain::{
    Game, HandOverGame, OwnListing, OwnPage, OwnPlace, PublishGame, Published, Schedule, State,
};

/// What is planned, on the wire. `None` if nothing is.
pub(crate) fn schedule(schedule: Schedule) -> Option<pb::Schedule> {
    let Schedule { announce, release } = schedule;
    let (announce_time, release_time) = (announce.map(wire_time), release.map(wire_time));
    (!schedule.is_empty()).then_some(pb::Schedule { announce_time, release_time })
}

/// What the token of a page of someone's games is sealed for.
fn own_purpose(user: UserId, state: Option<State>) -> Vec<u8> {
    let of = format!("games of {user}");
    state.map_or_else(|| of.clone(), |state| format!("{of} that are {state}")).into_bytes()
}

/// Reads which page of the caller's games a request asks for.
pub(crate) fn own_listing(
    request: &pb::ListMyGamesRequest,
    user: UserId,
    seal: &Seal,
) -> Result<OwnListing, InvalidFields> {
    let mut fields = FieldReader::default();
    let page_size = fields.read("page_size", page_size(request.page_size));
    let state = fields.read_optional("state", given(&request.state).map(str::parse));
    let after = given(&request.page_token).map(|token| {
        let purpose = own_purpose(user, state.flatten());
        let opened = seal.open(&purpose, token).map_err(|forged| forged.to_string())?;
        OwnPlace::from_bytes(&opened)
            .ok_or_else(|| "is of another version, begin the list again".to_owned())
    });
    let after = fields.read_optional("page_token", after);
    let (Some(page_size), Some(state), Some(after)) = (page_size, state, after) else {
        return Err(fields.into_faults());
    };
    Ok(OwnListing { state, after, page_size })
}

/// A page of the caller's games, with the sealed place where the next one begins.
pub(crate) fn own_page(
    page: &OwnPage,
    listing: &OwnListing,
    user: UserId,
    currency: Currency,
    seal: &Seal,
) -> pb::ListMyGamesResponse {
    let purpose = own_purpose(user, listing.state);
    let next = page.next.map(|place| seal.close(&purpose, &place.to_bytes()));
    let games = page.games.iter().map(|game| wire_game(game, currency)).collect();
    pb::ListMyGamesResponse { games, next_page_token: next }
}

/// Says that a game was handed over, and which revision it has.
pub(crate) fn handed_over(revision: i32) -> pb::HandOverGameResponse {
    pb::HandOverGameResponse { message: "Game handed over successfully".to_owned(), revision }
}

/// A game as its studio sees it.
pub(crate) fn own_game(
    (game, planned): &(Game, Schedule),
    currency: Currency,
) -> pb::GetMyGameResponse {
    let game = Some(wire_game(game, currency));
    pb::GetMyGameResponse { game, schedule: schedule(*planned) }
}

impl TryFrom<pb::PublishGameRequest> for PublishGame {
    type Error = InvalidFields;

    fn try_from(request: pb::PublishGameRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let id = fields.read("game_id", GameId::parse(request.game_id));
        let public = fields.read("state", request.state.parse());
        let at = fields.read_optional("time", request.time.as_ref().map(moment));
        let (Some(id), Some(public), Some(at)) = (id, public, at) else {
            return Err(fields.into_faults());
        };
        Ok(Self { id, public, at })
    }
}

/// Says that a game is public, or will be.
pub(crate) fn published(published: &Published) -> pb::PublishGameResponse {
    let done = if published.is_planned { "scheduled" } else { "published" };
    pb::PublishGameResponse {
        message: format!("Game {done} successfully"),
        state: published.state.as_str().to_owned(),
        revision: published.revision,
        schedule: schedule(published.schedule),
    }
}

/// Says that nothing is planned for a game.
pub(crate) fn unscheduled() -> pb::UnscheduleGameResponse {
    pb::UnscheduleGameResponse { message: "Game unscheduled successfully".to_owned() }
}

impl TryFrom<pb::HandOverGameRequest> for HandOverGame {
    type Error = InvalidFields;

    fn try_from(request: pb::HandOverGameRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let id = fields.read("game_id", GameId::parse(request.game_id));
        let studio = fields.read("studio_id", StudioId::parse(&request.studio_id));
        let (Some(id), Some(studio)) = (id, studio) else { return Err(fields.into_faults()) };
        Ok(Self { id, studio })
    }
}

/// Reads a request to watch the games of the caller's studios: whether the games as they are come first, and the moment that
/// the watcher reached before.
pub(crate) fn watch_own(
    request: &pb::WatchMyGamesRequest,
    user: UserId,
    studios: &[StudioId],
    metadata: &MetadataMap,
    seal: &Seal,
) -> Result<(bool, Option<Moment>), InvalidFields> {
    let mut fields = FieldReader::default();
    let of = Watched::of(user, studios, seal);
    let resume = reached(&mut fields, &request.resume_token, metadata, |token| of.moment(token));
    fields.finish()?;
    Ok((request.send_present, resume))
}

/// Whose games a stream is about: it makes its tokens, and reads them.
///
/// A token names the studios that its user was in. In others, the user has games of which they were told nothing, or was
/// told of games that are theirs no longer. So a token of other studios starts over.
pub(crate) struct Watched {
    user: UserId,
    studios: [u8; 8],
    seal: Seal,
}

impl Watched {
    /// The games of these studios, which this user watches.
    pub(crate) fn of(user: UserId, studios: &[StudioId], seal: &Seal) -> Self {
        let listed = studios.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let code = seal.wrap(b"studios of a stream", listed.as_bytes());
        let studios = *code.first_chunk().expect("a code has 16 bytes");
        Self { user, studios, seal: seal.clone() }
    }

    /// The token that resumes here.
    pub(crate) fn token(&self, at: Moment) -> String {
        let content = [&self.studios[..], &at.to_bytes()].concat();
        self.seal.close_afresh(&self.purpose(), &content)
    }

    fn moment(&self, token: &str) -> Result<Moment, BadToken> {
        let opened = self.seal.open(&self.purpose(), token)?;
        let (studios, moment) = opened.split_first_chunk().ok_or(BadToken::OtherVersion)?;
        let moment = Moment::from_bytes(moment)?;
        let is_of_others = *studios != self.studios;
        Ok(if is_of_others { Moment { stage: Reached::Present, ..moment } } else { moment })
    }

    fn purpose(&self) -> Vec<u8> {
        format!("watch games of {}", self.user).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use sir0_kernel::Timestamp;

    use super::*;

    #[test]
    fn a_token_of_other_studios_starts_over() {
        let (user, seal) = (UserId::parse(7).expect("positive"), Seal::new(&[7; 32]));
        let [north, south] = [1, 2].map(|at| StudioId::fresh(Timestamp::from_micros(at)));
        let moment = Moment { position: 7, stage: Reached::Changes };
        let token = Watched::of(user, &[north], &seal).token(moment);
        let read = |user, studios: &[_]| Watched::of(user, studios, &seal).moment(&token);

        assert_eq!(read(user, &[north]), Ok(moment));
        for others in [&[north, south][..], &[south], &[]] {
            assert_eq!(read(user, others), Ok(Moment { stage: Reached::Present, ..moment }));
        }
        let other = UserId::parse(8).expect("positive");
        assert!(matches!(read(other, &[north]), Err(BadToken::Forged(_))));
    }
}
