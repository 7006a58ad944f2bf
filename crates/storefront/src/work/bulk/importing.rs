//! A file taken in, line by line, while it arrives. Two batches of it are in memory at most: one is read while the one before
//! is written.

use std::{collections::VecDeque, mem, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use sir0_kernel::StudioId;
use sir0_rpc::{Caller, InvalidFields, Status};
use tokio::time::timeout;

use super::{
    super::Storefront,
    batch::{Outcome, Taking},
};
use crate::{
    StorefrontError,
    domain::{
        ImportGames,
        bulk::{BadLine, Counts, Found, Placed, Reader, Reference, Row, Told},
    },
    measured,
};

/// How many lines are taken at a time: all that are good, or none. On SQLite others wait for them.
const AT_A_TIME: usize = 500;
/// How many bytes their texts take.
const BYTES: usize = 512 * 1024;

/// How many bytes are read between two looks at what came of them: a file may be nothing but bad lines of one byte.
const PIECE: usize = 16 * 1024;

/// How many bad lines are told to those who do not ask for all.
const MOST_TOLD: u32 = 100;

/// How slow an import becomes at most, in lines a second, so that those who follow are not thrown back. Who hears less than
/// that has as long as events are kept.
const SLOWEST: f64 = 200.0;

/// An import on its way.
struct Importing<P> {
    storefront: Storefront,
    by: Caller,
    import: ImportGames,
    pieces: P,
    /// What arrived and was not read yet.
    arrived: Bytes,
    reader: Reader,
    /// Where a line belongs that names no studio, once that was asked: or why it belongs nowhere.
    home: Option<Result<Option<StudioId>, String>>,
    /// What was read.
    lines: Lines,
    /// What was read before, and is being written.
    writing: Option<Writing>,
    counts: Counts,
    told: VecDeque<Told>,
    /// Why it ended before the file did.
    refused: Option<Status>,
    is_over: bool,
}

/// Lines that follow each other. What came of them is told when all of them are done.
#[derive(Default)]
struct Lines {
    /// Those that may be taken.
    placed: Vec<Placed>,
    /// Those that are not, whatever the store holds.
    bad: Vec<BadLine>,
    /// How many bytes of memory their texts take.
    bytes: usize,
    /// The last of them.
    last: u32,
}

impl Lines {
    fn is_full(&self) -> bool {
        self.placed.len() + self.bad.len() >= AT_A_TIME || self.bytes >= BYTES
    }

    fn refuse(&mut self, bad: BadLine) {
        self.bytes += bad.reason.len();
        self.bad.push(bad);
    }
}

/// A batch that is being written.
struct Writing {
    /// The lines of its products.
    lines: Vec<u32>,
    bad: Vec<BadLine>,
    last: u32,
    taking: Taking,
}

impl Storefront {
    /// Takes in the products of a file that arrives in pieces, and tells how that goes.
    pub(crate) async fn import<P>(
        &self,
        by: Caller,
        import: ImportGames,
        pieces: P,
    ) -> Result<impl Stream<Item = Result<Told, Status>> + use<P>, Status>
    where
        P: Stream<Item = Result<Bytes, Status>> + Send + Unpin + 'static,
    {
        let home = match import.studio {
            None => None,
            named => Some(Ok(self.studio_of_new(by, named).await?)),
        };
        let importing = Importing {
            storefront: self.clone(),
            by,
            import,
            pieces,
            arrived: Bytes::new(),
            reader: Reader::of(import.format),
            home,
            lines: Lines::default(),
            writing: None,
            // What is before the line to begin with was taken by an import before.
            counts: Counts { line: import.from_line.saturating_sub(1), ..Counts::default() },
            told: VecDeque::new(),
            refused: None,
            is_over: false,
        };
        Ok(stream::unfold(importing, |mut importing| async {
            let next = Box::pin(importing.next()).await?;
            Some((next, importing))
        }))
    }
}

impl<P: Stream<Item = Result<Bytes, Status>> + Send + Unpin> Importing<P> {
    async fn next(&mut self) -> Option<Result<Told, Status>> {
        loop {
            if let Some(told) = self.told.pop_front() {
                return Some(Ok(told));
            }
            if let Some(refused) = self.refused.take() {
                self.is_over = true;
                return Some(Err(refused));
            }
            if self.is_over {
                return None;
            }
            if let Err(refused) = self.go_on().await {
                // What was begun before is told first.
                self.refused = Some(self.settle().await.err().unwrap_or(refused));
            }
        }
    }

    /// Reads a piece of the file, or ends it, or hears what came of the batch that is being written.
    async fn go_on(&mut self) -> Result<(), Status> {
        if self.arrived.is_empty() {
            let piece = match &mut self.writing {
                None => self.pieces.next().await,
                Some(writing) => tokio::select! {
                    biased;
                    outcomes = &mut writing.taking => return self.settled(outcomes),
                    piece = self.pieces.next() => piece,
                },
            };
            match piece {
                Some(piece) => self.arrived = piece?,
                None => return self.end().await,
            }
        }
        let piece = self.arrived.split_to(self.arrived.len().min(PIECE));
        let mut found = Vec::new();
        let read = self.reader.read(&piece, &mut found);
        self.take(found).await?;
        read.map_err(|bad| InvalidFields::one("file", bad).into())
    }

    async fn end(&mut self) -> Result<(), Status> {
        let mut found = Vec::new();
        let read = self.reader.finish(&mut found);
        self.take(found).await?;
        read.map_err(|bad| InvalidFields::one("file", bad))?;
        Box::pin(self.begin()).await?;
        self.settle().await?;
        self.told.push_back(Told::Ended(self.counts));
        self.is_over = true;
        Ok(())
    }

    async fn take(&mut self, found: Vec<Found>) -> Result<(), Status> {
        for found in found {
            let line = match &found {
                Found::Record(line, _) | Found::Bad(BadLine { line, .. }) => *line,
            };
            if line < self.import.from_line {
                continue;
            }
            match found {
                Found::Bad(bad) => self.lines.refuse(bad),
                Found::Record(line, record) => match Row::read(&record, self.storefront.currency) {
                    Ok(row) => self.place(line, row).await?,
                    Err(why) => self.lines.refuse(BadLine::new(line, &why)),
                },
            }
            self.lines.last = line;
            if self.lines.is_full() {
                Box::pin(self.begin()).await?;
            }
        }
        Ok(())
    }

    /// Puts a line where it belongs, if the caller may.
    async fn place(&mut self, line: u32, row: Row) -> Result<(), Status> {
        let studio = match row.studio {
            Some(studio) => Ok(Some(studio)),
            None => self.home().await,
        };
        let writer = self.storefront.writer(self.by)?;
        let studio = match (&row.of, studio) {
            (Reference::Key(_), Ok(studio)) => {
                writer.must_add_to(studio).map(|()| studio).map_err(|why| why.to_string())
            }
            (Reference::Key(_), Err(why)) => Err(why),
            // Whose the product is that has this id, is asked when it is read.
            (Reference::Id(_), studio) => Ok(studio.unwrap_or_default()),
        };
        match studio {
            Ok(studio) => {
                self.lines.bytes += row.size();
                self.lines.placed.push(Placed { line, row, studio });
            }
            Err(why) => self.lines.refuse(BadLine::new(line, &why)),
        }
        Ok(())
    }

    /// Where a line belongs that names no studio. A studio is founded for a publisher without one only when it is needed.
    async fn home(&mut self) -> Result<Option<StudioId>, String> {
        if self.home.is_none() {
            let home = self.storefront.studio_of_new(self.by, None).await;
            self.home = Some(home.map_err(|status| status.message().to_owned()));
        }
        self.home.clone().unwrap_or(Ok(None))
    }

    /// Begins to write the lines that were read, once those before are written.
    async fn begin(&mut self) -> Result<(), Status> {
        self.settle().await?;
        let Lines { placed, bad, last, .. } = mem::take(&mut self.lines);
        if placed.is_empty() && bad.is_empty() {
            return Ok(());
        }
        if self.storefront.shared.stopping.is_cancelled() {
            return Err(StorefrontError::ImportCutOff(self.counts.line + 1).into());
        }
        let lines: Vec<_> = placed.iter().map(|placed| placed.line).collect();
        if placed.is_empty() {
            self.tell(bad, last);
            return Ok(());
        }
        self.leave_time(placed.len()).await?;
        let taking = self.storefront.begin_lines(self.by, placed);
        self.writing = Some(Writing { lines, bad, last, taking });
        Ok(())
    }

    /// Waits for the batch that is being written.
    async fn settle(&mut self) -> Result<(), Status> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        let outcomes = (&mut writing.taking).await;
        self.settled(outcomes)
    }

    fn settled(&mut self, outcomes: Result<Vec<Outcome>, StorefrontError>) -> Result<(), Status> {
        let Some(Writing { lines, mut bad, last, .. }) = self.writing.take() else { return Ok(()) };
        let before = self.counts;
        for (line, outcome) in lines.into_iter().zip(outcomes?) {
            match outcome {
                Outcome::Added => self.counts.added += 1,
                Outcome::Changed => self.counts.changed += 1,
                Outcome::Unchanged => self.counts.unchanged += 1,
                Outcome::Refused(why) => bad.push(BadLine::new(line, &why)),
            }
        }
        for (outcome, now, then) in [
            ("added", self.counts.added, before.added),
            ("changed", self.counts.changed, before.changed),
            ("unchanged", self.counts.unchanged, before.unchanged),
        ] {
            measured::imported(outcome, now - then);
        }
        self.tell(bad, last);
        Ok(())
    }

    /// Tells what is wrong with a batch, and how far that is.
    fn tell(&mut self, mut bad: Vec<BadLine>, last: u32) {
        measured::imported("bad", u32::try_from(bad.len()).unwrap_or(u32::MAX));
        bad.sort_unstable_by_key(|bad| bad.line);
        for bad in bad {
            self.counts.bad = self.counts.bad.saturating_add(1);
            if self.import.tells_all || self.counts.bad <= MOST_TOLD {
                self.told.push_back(Told::Bad(bad));
            }
        }
        self.counts.line = last;
        self.told.push_back(Told::Progress(self.counts));
    }

    /// Waits for those who follow changes and are far behind, but not for ever: anyone may follow as slowly as they like.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    async fn leave_time(&self, lines: usize) -> Result<(), StorefrontError> {
        let patience = Duration::from_secs_f64(lines as f64 / SLOWEST);
        match timeout(patience, self.storefront.feed.has_room()).await {
            Ok(has_room) => Ok(has_room?),
            Err(_late) => Ok(()),
        }
    }
}
