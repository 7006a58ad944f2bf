//! What the storefront refuses.

use std::time::Duration;

use sir0_kernel::{GameId, PictureId, StudioId};
use sir0_media::{EncodeError, Refused};
use sir0_rpc::{Denied, InvalidFields, PRECONDITION_FAILED, Reason, Refusal};
use sir0_storage as storage;

use crate::domain::{NotPublishable, NotUndoable, TooManyScreenshots};

/// About how long a picture takes that is encoded before another one.
const A_FEW_SECONDS: Duration = Duration::from_secs(3);

/// Why an upload is no picture for us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPicture {
    /// It lies in its bytes.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The file did not come to its end in time.
    #[error("the upload took longer than two minutes to arrive")]
    TooSlow,
}

impl From<EncodeError> for StorefrontError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Refused(refused) => Self::PictureRefused(refused.into()),
            EncodeError::Busy => Self::MediaBusy,
            EncodeError::Failed(_) => Self::NotEncoded(error),
        }
    }
}

fn of_shelf(error: &sir0_media::Error) -> Reason {
    use sir0_media::Error;

    match error {
        Error::NotFound(name) => Reason::not_found("PICTURE_NOT_FOUND").about("file", name),
        Error::OutOfRange { name, size } => {
            Reason::out_of_range("OUT_OF_RANGE").about("file", name).about("size", size)
        }
        Error::Corrupt(_) => Reason::internal(),
        Error::Unavailable(_) => Reason::unavailable(),
    }
}

/// One variant for each thing a client can act on.
#[derive(Debug, thiserror::Error)]
pub enum StorefrontError {
    /// There is no such game, or no longer.
    #[error("there is no game {0}")]
    GameNotFound(GameId),
    /// Another change to the game came first.
    #[error("game {0} changed since you read it, read it again")]
    StaleRevision(GameId),
    /// Other games were picked first.
    #[error("the picks changed since you read them, read them again")]
    StalePicks,
    /// The game is not one that the request names by its tag.
    #[error("game {0} is not as `If-Match` or `If-None-Match` says, read it again")]
    NotAsExpected(GameId),
    /// The game is not one that the caller may change.
    #[error(
        "game {0} is another's, only who writes the games of its studio and administrators may do this"
    )]
    NotYourGame(GameId),
    /// The game cannot become public as it is asked to.
    #[error("game {0} {1}")]
    NotPublishable(GameId, NotPublishable),
    /// The game has no such change.
    #[error("game {0} has no change {1}")]
    ChangeNotFound(GameId, i64),
    /// The change cannot be undone.
    #[error("change {1} {2}")]
    NotUndoable(GameId, i64, NotUndoable),
    /// The game has no such picture.
    #[error("game {0} has no picture {1}")]
    PictureNotFound(GameId, PictureId),
    /// The upload is no picture for us.
    #[error(transparent)]
    PictureRefused(NoPicture),
    /// The game has as many screenshots as it may have.
    #[error(transparent)]
    PictureLimitReached(#[from] TooManyScreenshots),
    /// As many pictures come, or wait to be encoded, as may.
    #[error("other pictures are being encoded, try again in a few seconds")]
    MediaBusy,
    /// No setting names a place for pictures.
    #[error(
        "pictures have no place here: the operator names one in `storefront.media.s3.bucket` or \
         `storefront.media.folder`"
    )]
    NoPlaceForPictures,
    /// Another storefront keeps the pictures, and not where this one would.
    #[error("pictures are kept elsewhere by now, this storefront has to be started again")]
    KeptElsewhere,
    /// The picture could not be encoded.
    #[error("the picture could not be encoded")]
    NotEncoded(#[source] EncodeError),
    /// There is no such file, or where files are kept does not answer.
    #[error(transparent)]
    Shelf(#[from] sir0_media::Error),
    /// What the game belongs to, or holds, is none that it may.
    #[error(transparent)]
    InvalidFields(#[from] InvalidFields),
    /// There is no such studio.
    #[error("there is no studio {0}")]
    StudioNotFound(StudioId),
    /// The caller may not do this in the studio.
    #[error("your role in this studio does not allow this, ask one of its owners")]
    StudioRoleRequired(StudioId),
    /// The access token is that of an API token for the games of one studio.
    #[error("the API token of this access token is for the games of {0} alone")]
    OnlyForStudio(StudioId),
    /// Who is in which studio is not known.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A resume token of changes that have not happened.
    #[error("the resume token is ahead of every change there is, watch again without it")]
    ResumeTokenAhead,
    /// The process is about to stop, in the middle of an import.
    #[error("the server is about to stop, import again from line {0} on")]
    ImportCutOff(u32),
    /// Only the index knows the answer, and it is not whole yet.
    #[error("games are being indexed, ask again in a moment")]
    NotIndexed,
    /// The database failed.
    #[error("the storefront database failed")]
    Database(#[from] storage::Error),
}

impl Refusal for StorefrontError {
    const DOMAIN: &'static str = "storefront";

    fn reason(&self) -> Reason {
        match self {
            Self::GameNotFound(id) => Reason::not_found("GAME_NOT_FOUND").about("game", id),
            Self::StaleRevision(id) => Reason::aborted("STALE_REVISION").about("game", id),
            Self::StalePicks => Reason::aborted("STALE_REVISION"),
            Self::NotAsExpected(id) => Reason::precondition(PRECONDITION_FAILED).about("game", id),
            Self::NotYourGame(id) => Reason::denied("NOT_YOUR_GAME").about("game", id),
            Self::NotPublishable(id, _) => {
                Reason::precondition("NOT_PUBLISHABLE").about("game", id)
            }
            Self::ChangeNotFound(game, change) => {
                Reason::not_found("CHANGE_NOT_FOUND").about("game", game).about("change", change)
            }
            Self::NotUndoable(game, change, _) => {
                Reason::precondition("NOT_UNDOABLE").about("game", game).about("change", change)
            }
            Self::PictureNotFound(game, picture) => {
                let reason = Reason::not_found("PICTURE_NOT_FOUND");
                reason.about("game", game).about("picture", picture)
            }
            Self::PictureRefused(_) => Reason::precondition("PICTURE_REFUSED"),
            Self::PictureLimitReached(_) => Reason::precondition("PICTURE_LIMIT_REACHED"),
            Self::MediaBusy => Reason::exhausted("MEDIA_BUSY").after(A_FEW_SECONDS),
            Self::NotEncoded(_) => Reason::internal(),
            Self::Shelf(error) => of_shelf(error),
            Self::InvalidFields(invalid) => invalid.reason(),
            Self::StudioNotFound(id) => Reason::not_found("STUDIO_NOT_FOUND").about("studio", id),
            Self::StudioRoleRequired(id) => {
                Reason::denied("STUDIO_ROLE_REQUIRED").about("studio", id)
            }
            Self::OnlyForStudio(id) => Reason::denied("SCOPE_MISSING").about("studio", id),
            Self::Denied(denied) => denied.reason(),
            Self::ResumeTokenAhead => Reason::out_of_range("RESUME_TOKEN_AHEAD"),
            Self::NotIndexed
            | Self::ImportCutOff(_)
            | Self::NoPlaceForPictures
            | Self::KeptElsewhere => Reason::unavailable(),
            Self::Database(error) => Reason::of_storage(error),
        }
    }
}

sir0_rpc::refuses!(StorefrontError);
