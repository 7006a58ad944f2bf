//! What was changed of a game, on the wire and as the rules know it.

use sir0_contract_storefront as pb;
use sir0_kernel::{Currency, GameId, Price, Timestamp};
use sir0_rpc::{FieldReader, InvalidFields, Seal, page_size, wire_time};

use super::games::given;
use crate::domain::{Difference, Field, PastChange};

/// Which changes of which game are listed.
pub(crate) struct Changes {
    pub(crate) id: GameId,
    /// Before which one the page begins.
    pub(crate) before: Option<i64>,
    pub(crate) page_size: u16,
}

/// What the token of a page is sealed for.
fn purpose(id: GameId) -> Vec<u8> {
    format!("changes of game {id}").into_bytes()
}

/// Reads which page of the changes of a game a request asks for.
pub(crate) fn changes(
    request: &pb::ListGameChangesRequest,
    seal: &Seal,
) -> Result<Changes, InvalidFields> {
    let mut fields = FieldReader::default();
    let id = fields.read("game_id", GameId::parse(request.game_id));
    let page_size = fields.read("page_size", page_size(request.page_size));
    let (Some(id), Some(page_size)) = (id, page_size) else { return Err(fields.into_faults()) };
    let before = given(&request.page_token).map(|token| {
        let opened = seal.open(&purpose(id), token).map_err(|forged| forged.to_string())?;
        let place = opened.try_into().map(i64::from_be_bytes);
        place.map_err(|_other| "is of another version, begin the list again".to_owned())
    });
    let before = fields.read_optional("page_token", before);
    fields.finish()?;
    Ok(Changes { id, before: before.flatten(), page_size })
}

/// A page of changes: one more than it holds tells whether another page follows.
pub(crate) fn page(
    mut changes: Vec<PastChange>,
    asked: &Changes,
    currency: Currency,
    seal: &Seal,
) -> pb::ListGameChangesResponse {
    let has_more = changes.len() > usize::from(asked.page_size);
    changes.truncate(asked.page_size.into());
    let last = changes.last().filter(|_| has_more);
    let next = last.map(|last| seal.close(&purpose(asked.id), &last.id.to_be_bytes()));
    let changes = changes.into_iter().map(|past| change(past, currency)).collect();
    pb::ListGameChangesResponse { changes, next_page_token: next }
}

fn change(past: PastChange, currency: Currency) -> pb::GameChange {
    let PastChange { id, revision, at, by, differences } = past;
    pb::GameChange {
        change_id: id.to_string(),
        revision,
        time: Some(wire_time(at)),
        user_id: by.map(sir0_kernel::UserId::get),
        fields: differences.into_iter().map(|difference| field(difference, currency)).collect(),
    }
}

fn field(difference: Difference, currency: Currency) -> pb::FieldChange {
    let Difference { field, before, after } = difference;
    let text = |text: Option<String>| text.map(|text| shown(field, text, currency));
    let name = field.as_str();
    pb::FieldChange { field: name.to_owned(), before: text(before), after: text(after) }
}

/// A text as people read it.
fn shown(field: Field, text: String, currency: Currency) -> String {
    let number = text.parse::<i64>();
    match (field, number) {
        (Field::Price, Ok(minor)) => Price::from_minor(minor).of(currency).major().to_string(),
        (Field::AnnounceTime | Field::ReleaseTime, Ok(micros)) => {
            wire_time(Timestamp::from_micros(micros)).to_string()
        }
        _ => text,
    }
}

/// Reads which change of which game is to be undone.
pub(crate) fn undo(request: &pb::UndoGameChangeRequest) -> Result<(GameId, i64), InvalidFields> {
    let mut fields = FieldReader::default();
    let id = fields.read("game_id", GameId::parse(request.game_id));
    let is_plain = !request.change_id.starts_with('0')
        && request.change_id.bytes().all(|byte| byte.is_ascii_digit());
    let change = request.change_id.parse().ok().filter(|_| is_plain);
    let change = fields.read("change_id", change.ok_or("must be the number of a change"));
    let (Some(id), Some(change)) = (id, change) else { return Err(fields.into_faults()) };
    Ok((id, change))
}

/// Says that a change was undone, and which revision the game has.
pub(crate) fn undone(revision: i32) -> pb::UndoGameChangeResponse {
    pb::UndoGameChangeResponse { message: "Change undone successfully".to_owned(), revision }
}
