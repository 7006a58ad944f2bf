//! What the storefront refuses.

use sir0_kernel::{GameId, StudioId};
use sir0_rpc::{Denied, InvalidFields, PRECONDITION_FAILED, Reason, Refusal};
use sir0_storage as storage;

use crate::domain::{NotPublishable, NotUndoable};

/// One variant for each thing a client can act on.
#[derive(Debug, thiserror::Error)]
pub enum StorefrontError {
    /// There is no such game, or no longer.
    #[error("there is no game {0}")]
    GameNotFound(GameId),
    /// Another change to the game came first.
    #[error("game {0} changed since you read it, read it again")]
    StaleRevision(GameId),
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
            Self::InvalidFields(invalid) => invalid.reason(),
            Self::StudioNotFound(id) => Reason::not_found("STUDIO_NOT_FOUND").about("studio", id),
            Self::StudioRoleRequired(id) => {
                Reason::denied("STUDIO_ROLE_REQUIRED").about("studio", id)
            }
            Self::OnlyForStudio(id) => Reason::denied("SCOPE_MISSING").about("studio", id),
            Self::Denied(denied) => denied.reason(),
            Self::ResumeTokenAhead => Reason::out_of_range("RESUME_TOKEN_AHEAD"),
            Self::NotIndexed | Self::ImportCutOff(_) => Reason::unavailable(),
            Self::Database(error) => Reason::of_storage(error),
        }
    }
}

sir0_rpc::refuses!(StorefrontError);
