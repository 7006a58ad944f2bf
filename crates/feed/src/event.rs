//! What a row of the table says, if this version can read it.

use std::{
    collections::BTreeSet,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use sir0_kernel::InvalidId;
use sir0_storage::EventRow;

/// Something a service announces: read back from the row its transaction wrote.
pub trait Event: Sized + Send + Sync + 'static {
    /// Reads the row. The kind is looked at first, because nothing is known of a row of an unknown kind.
    fn read(kind: &str, payload: &str) -> Result<Self, Unreadable>;
}

/// Why a row could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Of a kind this version does not know. A newer version beside this one, or before it, wrote the row.
    #[error("an event is of an unknown kind")]
    Kind,
    /// Not in our form.
    #[error("an event is not in our form")]
    Form(#[from] serde_json::Error),
    /// About something that cannot exist.
    #[error("an event is about something that cannot exist")]
    Id(#[from] InvalidId),
}

/// Reads rows, and tells of each unknown kind once.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    unknown: Mutex<BTreeSet<String>>,
}

impl Reader {
    /// Reads a row. A row that cannot be read is passed over. A stream that stood still for it would lose everything
    /// behind it too.
    pub(crate) fn read<E: Event>(&self, row: &EventRow) -> Option<Arc<E>> {
        let EventRow { position, kind, payload, .. } = row;
        match E::read(kind, payload) {
            Ok(event) => return Some(Arc::new(event)),
            Err(Unreadable::Kind) => {
                if self.is_news(kind) {
                    tracing::info!(
                        kind,
                        "events of the kind {kind} are of a newer version and are passed over"
                    );
                }
            }
            Err(error) => tracing::error!(
                error = &error as &dyn Error,
                position,
                kind,
                "an event cannot be read and is passed over"
            ),
        }
        None
    }

    fn is_news(&self, kind: &str) -> bool {
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        !unknown.contains(kind) && unknown.insert(kind.to_owned())
    }
}

/// About how many bytes a row takes.
pub(crate) const fn row_bytes(row: &EventRow) -> usize {
    size_of::<EventRow>() + row.kind.len() + row.payload.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_kind_is_news_once() {
        let reader = Reader::default();

        let news = ["priced", "priced", "rated", "priced"].map(|kind| reader.is_news(kind));

        assert_eq!(news, [true, false, true, false]);
    }
}
