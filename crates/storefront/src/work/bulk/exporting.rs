//! A catalogue as a file, read piece by piece while it is sent.

use futures::{Stream, TryStreamExt, stream};
use sir0_kernel::{GameId, Role, StudioId};
use sir0_rpc::{Caller, request_id};
use sir0_storage as storage;

use super::super::Storefront;
use crate::{
    StorefrontError,
    domain::{
        Bounds, ExportGames, Game, Kind,
        bulk::{Record, Writer},
    },
};

/// The kinds in the order in which a file has them: each behind those that it may refer to.
const PASSES: [&[Kind]; 3] =
    [&[Kind::Game, Kind::Software], &[Kind::Dlc, Kind::Demo, Kind::Soundtrack], &[Kind::Bundle]];

/// How much of the table is read at a time.
const AT_A_TIME: Bounds = Bounds { rows: 500, bytes: 256 * 1024 };

/// A file on its way.
struct Export {
    storefront: Storefront,
    /// Whose products. `None` is the whole store.
    studios: Option<Vec<StudioId>>,
    writer: Writer,
    /// What is to be sent before anything is read. It may be nothing, and goes all the same: the first part says what the
    /// file is.
    beginning: Option<Vec<u8>>,
    pass: usize,
    after: Option<GameId>,
}

impl Storefront {
    /// Sends the products of the caller's studios, or of the one that is named, as a file.
    pub(crate) fn export(
        &self,
        by: Caller,
        ExportGames { format, studio }: ExportGames,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, StorefrontError>> + use<>, StorefrontError> {
        let studios = match studio {
            Some(studio) => {
                self.writer_among_known(by)?.must_be_in(studio)?;
                Some(vec![studio])
            }
            None if by.role == Role::Admin && by.reaches(None) => None,
            None => Some(self.studios_of(by)?),
        };
        let writer = Writer::of(format);
        let beginning = Some(writer.beginning());
        let storefront = self.clone();
        let export = Export { storefront, studios, writer, beginning, pass: 0, after: None };
        Ok(stream::try_unfold(export, Export::next).map_err(StorefrontError::from))
    }
}

impl Export {
    /// The next bytes, until there are none.
    async fn next(mut self) -> storage::Result<Option<(Vec<u8>, Self)>> {
        if let Some(beginning) = self.beginning.take() {
            return Ok(Some((beginning, self)));
        }
        while let Some(kinds) = PASSES.get(self.pass) {
            let reading = self.read(kinds);
            let records = self.storefront.reads.present(request_id::client(), reading).await?;
            match records.last() {
                None => (self.pass, self.after) = (self.pass + 1, None),
                Some((last, _)) => {
                    self.after = Some(*last);
                    let records: Vec<_> = records.into_iter().map(|(_, record)| record).collect();
                    return Ok(Some((self.writer.write(&records), self)));
                }
            }
        }
        Ok(None)
    }

    async fn read(&self, kinds: &[Kind]) -> storage::Result<Vec<(GameId, Record)>> {
        let db = &self.storefront.db;
        let games = db.export(self.studios.as_deref(), kinds, self.after, AT_A_TIME).await?;
        if games.is_empty() {
            return Ok(Vec::new());
        }
        let parts = games.iter().flat_map(Game::parts);
        let ids: Vec<_> = games.iter().map(|game| game.id).chain(parts).collect();
        let keys = db.keys_of(&ids).await?;
        let currency = self.storefront.currency;
        let record = |game: &Game| {
            let key_of = |id| keys.get(&(game.studio, id)).map(|key| key.as_str().to_owned());
            (game.id, Record::of(game, currency, key_of))
        };
        Ok(games.iter().map(record).collect())
    }
}
