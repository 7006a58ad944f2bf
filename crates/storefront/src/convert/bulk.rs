//! The catalogue in bulk, on the wire and as the rules know it.

use sir0_contract_storefront::{self as pb, import_games_response::Update};
use sir0_kernel::StudioId;
use sir0_rpc::{FieldReader, InvalidFields};
use sir0_transcoding::HttpBody;

use super::games::given;
use crate::domain::{
    ExportGames, ImportGames,
    bulk::{BadLine, Counts, Format, Told},
};

const FORMATS: &str = "must be `csv` or `ndjson`";

impl TryFrom<&pb::ExportGamesRequest> for ExportGames {
    type Error = InvalidFields;

    fn try_from(request: &pb::ExportGamesRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let format = given(&request.format).map_or(Some(Format::Csv), Format::named);
        let format = fields.read("format", format.ok_or(FORMATS));
        let studio =
            fields.read_optional("studio_id", given(&request.studio_id).map(StudioId::parse));
        let (Some(format), Some(studio)) = (format, studio) else {
            return Err(fields.into_faults());
        };
        Ok(Self { format, studio })
    }
}

/// A part of a file. Only the first says what it is.
pub(crate) fn exported(format: Format, data: Vec<u8>) -> pb::ExportGamesResponse {
    let content_type = format.media_type().to_owned();
    pb::ExportGamesResponse { file: Some(HttpBody { content_type, data: data.into() }) }
}

impl TryFrom<&pb::ImportGamesRequest> for ImportGames {
    type Error = InvalidFields;

    fn try_from(request: &pb::ImportGamesRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let media_type = request.file.as_ref().map(|file| file.content_type.as_str());
        let format = given(&request.format)
            .map_or_else(|| Format::of_media_type(media_type.unwrap_or_default()), Format::named);
        let format = fields.read("format", format.ok_or(FORMATS));
        let studio =
            fields.read_optional("studio_id", given(&request.studio_id).map(StudioId::parse));
        let from_line = fields.read(
            "from_line",
            u32::try_from(request.from_line).map_err(|_below| "must be at least 0"),
        );
        let (Some(format), Some(studio), Some(from_line)) = (format, studio, from_line) else {
            return Err(fields.into_faults());
        };
        Ok(Self { format, studio, from_line, tells_all: request.tells_all_bad_lines })
    }
}

/// One thing that an importer hears.
pub(crate) fn told(told: Told) -> pb::ImportGamesResponse {
    let update = match told {
        Told::Progress(counts) => Update::Progress(progress(counts)),
        Told::Bad(BadLine { line, reason }) => {
            Update::BadLine(pb::BadLine { line: number(line), reason })
        }
        Told::Ended(counts) => Update::Ended(progress(counts)),
    };
    pb::ImportGamesResponse { update: Some(update) }
}

fn progress(Counts { line, added, changed, unchanged, bad }: Counts) -> pb::ImportProgress {
    pb::ImportProgress {
        line: number(line),
        added: number(added),
        changed: number(changed),
        unchanged: number(unchanged),
        bad: number(bad),
    }
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
