//! The store as a whole, on the wire and as the rules know it.

use sir0_contract_storefront::{self as pb, calls::store_service as calls};
use sir0_kernel::{Currency, Price};
use sir0_rpc::{FieldReader, InvalidFields, content_tag};
use sir0_transcoding::Kept;

use super::games::{some_games, wire_game};
use crate::domain::{Band, FrontPage, Game, MOST_PICKED, Picks, UpdatePicks};

/// What a store has whose prices are in this currency.
pub(crate) fn store(currency: Currency) -> pb::GetStoreResponse {
    let major = |price: Price| price.of(currency).major();
    let bands = Band::ALL.into_iter().map(|band| pb::PriceBand {
        name: band.as_str().to_owned(),
        from: major(band.from()),
        below: band.below().map(major),
    });
    let price_bands = bands.collect();
    let (code, decimals) = (currency.code().to_owned(), currency.decimals().into());
    pb::GetStoreResponse { currency: Some(pb::Currency { code, decimals }), price_bands }
}

/// The front page, as it is answered.
pub(crate) fn front_page(front: &FrontPage, currency: Currency) -> Kept {
    let FrontPage { picked, new, coming } = front;
    let lists = [("picked", picked), ("new", new), ("coming", coming)];
    let list = |(name, games): (&str, &Vec<Game>)| pb::FrontPageList {
        name: name.to_owned(),
        games: games.iter().map(|game| wire_game(game, currency)).collect(),
    };
    let lists = lists.into_iter().filter(|(_, games)| !games.is_empty()).map(list).collect();
    let answer = pb::GetFrontPageResponse { lists };
    Kept::new(calls::GET_FRONT_PAGE, &answer, |json| Some(content_tag(json)))
}

/// Which games are picked.
pub(crate) fn picks(Picks { games, revision }: &Picks) -> pb::GetPicksResponse {
    let game_ids = games.iter().map(|id| id.get()).collect();
    pb::GetPicksResponse { game_ids, revision: *revision }
}

/// Says that games were picked, and which revision the picks have.
pub(crate) fn picked(revision: i32) -> pb::UpdatePicksResponse {
    pb::UpdatePicksResponse { message: "Picks updated successfully".to_owned(), revision }
}

impl TryFrom<&pb::UpdatePicksRequest> for UpdatePicks {
    type Error = InvalidFields;

    fn try_from(request: &pb::UpdatePicksRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let games = some_games(&mut fields, "game_ids", &request.game_ids, MOST_PICKED);
        fields.finish()?;
        Ok(Self { games, revision: request.revision })
    }
}
