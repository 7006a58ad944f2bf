//! A client that follows every change over many streams, and what it heard held against the table of events.

use std::{
    collections::HashMap,
    net::SocketAddr,
    ops::AddAssign,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail};
use sir0_contract::storefront::{
    Game, WatchGamesRequest, WatchGamesResponse, games_service_client::GamesServiceClient,
    watch_games_response::Update,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tonic::{Code, Status, Streaming};

use super::{caller::channel, dice::Dice, report::Report};

/// How long a watcher waits for the last change after it was made.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a watcher that has heard everything listens for what should not come.
const A_MOMENT: Duration = Duration::from_millis(500);
/// A look at whether all is over.
const GLANCE: Duration = Duration::from_millis(50);

/// One change, as a watcher hears it.
pub(crate) struct Change {
    /// `changed 7 3`: what happened, to which game, and its revision then.
    pub(crate) what: String,
    pub(crate) description: String,
    pub(crate) at: Instant,
}

/// What a watcher heard.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) changes: Vec<Change>,
    /// Streams that were opened with a resume token.
    pub(crate) resumed: usize,
    /// Streams that ended otherwise than with `going_away`, by what they said.
    pub(crate) broken: HashMap<String, usize>,
    /// Tokens that were refused: none of them was forged.
    pub(crate) refused: Vec<String>,
    pub(crate) started_over: usize,
    /// From the end of one stream to the first word of the next.
    pub(crate) longest_silence: Duration,
}

/// How many changes there are to hear: known when the last one was made.
#[derive(Clone)]
pub(crate) struct Goal(Arc<AtomicUsize>);

impl Goal {
    /// The count is not known yet.
    pub(crate) fn unknown() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }

    /// The count is this, and no more changes will be made.
    pub(crate) fn is(&self, count: usize) {
        self.0.store(count, Ordering::SeqCst);
    }

    fn count(&self) -> Option<usize> {
        let count = self.0.load(Ordering::SeqCst);
        (count != usize::MAX).then_some(count)
    }
}

/// A client that follows every change, from now on.
pub(crate) struct Watcher {
    doors: Vec<SocketAddr>,
    /// The longest it stays on one stream. `None`: until the stream ends.
    stay: Option<Duration>,
    goal: Goal,
    dice: Dice,
    stream: Option<Streaming<WatchGamesResponse>>,
    token: String,
    log: Log,
}

impl Watcher {
    /// Opens a stream at one of these doors. What is changed from now on will be heard.
    pub(crate) async fn begins(
        doors: &[SocketAddr],
        stay: Option<Duration>,
        goal: Goal,
    ) -> Result<JoinHandle<Result<Log>>> {
        let mut watcher = Self {
            doors: doors.to_vec(),
            stay,
            goal,
            dice: Dice::new(),
            stream: None,
            token: String::new(),
            log: Log::default(),
        };
        let asked = WatchGamesRequest { send_present: true, ..Default::default() };
        let mut stream = watcher.opens(asked).await.context("a stream is refused")?;
        loop {
            let heard = timeout(PATIENCE, stream.message()).await.context("the present is late")?;
            let heard = heard?.context("a stream ended before it began")?;
            if let Some(Update::InSync(_)) = heard.update {
                watcher.token = heard.resume_token;
                break;
            }
        }
        watcher.stream = Some(stream);
        Ok(tokio::spawn(watcher.follows()))
    }

    async fn opens(
        &mut self,
        asked: WatchGamesRequest,
    ) -> Result<Streaming<WatchGamesResponse>, Status> {
        let count = u64::try_from(self.doors.len()).expect("a few doors");
        let which = usize::try_from(self.dice.below(count)).expect("one of a few");
        let door = self.doors.get(which).copied().expect("one of them");
        Ok(GamesServiceClient::new(channel(door)).watch_games(asked).await?.into_inner())
    }

    async fn follows(mut self) -> Result<Log> {
        let (mut known_since, mut silent_since) = (None, None);
        let mut leaves_at = self.next_leave();
        loop {
            if let Some(goal) = self.goal.count() {
                let known_since = *known_since.get_or_insert_with(Instant::now);
                let last = self.log.changes.last().map(|change| change.at);
                let is_quiet = last.is_none_or(|last| last.elapsed() > A_MOMENT);
                let is_done = self.log.changes.len() >= goal && is_quiet;
                if is_done || known_since.elapsed() > PATIENCE {
                    return Ok(self.log);
                }
            }
            if leaves_at.is_some_and(|at| Instant::now() >= at) {
                self.stream = None;
            }
            let Some(stream) = &mut self.stream else {
                silent_since.get_or_insert_with(Instant::now);
                self.resumes().await?;
                leaves_at = self.next_leave();
                continue;
            };
            // Nothing is lost with a look at the clock: the next look at the stream goes on where this one was.
            let Ok(heard) = timeout(GLANCE, stream.message()).await else { continue };
            if let Some(since) = silent_since.take() {
                self.log.longest_silence = self.log.longest_silence.max(since.elapsed());
            }
            match heard {
                Ok(Some(heard)) => self.hears(heard)?,
                Ok(None) => self.loses("it ended without a word"),
                Err(status) => self.loses(&format!("{:?}: {}", status.code(), status.message())),
            }
        }
    }

    /// When this stream is left.
    fn next_leave(&mut self) -> Option<Instant> {
        let stay = self.stay?;
        Some(Instant::now() + self.dice.shorter_than(stay))
    }

    async fn resumes(&mut self) -> Result<()> {
        let asked = WatchGamesRequest { resume_token: self.token.clone(), ..Default::default() };
        match timeout(PATIENCE, self.opens(asked)).await.context("a stream does not open")? {
            Ok(stream) => {
                self.log.resumed += 1;
                self.stream = Some(stream);
            }
            Err(status) if status.code() == Code::Unavailable => {
                self.loses(&format!("when opened, {:?}: {}", status.code(), status.message()));
                sleep(GLANCE).await;
            }
            Err(status) => {
                self.log.refused.push(status.to_string());
                if self.log.refused.len() > 100 {
                    bail!("tokens are refused, the last one with {status}");
                }
                sleep(GLANCE).await;
            }
        }
        Ok(())
    }

    fn loses(&mut self, why: &str) {
        self.stream = None;
        *self.log.broken.entry(why.to_owned()).or_default() += 1;
    }

    fn hears(&mut self, heard: WatchGamesResponse) -> Result<()> {
        let told = |kind: &str, game: Game| Change {
            what: format!("{kind} {} {}", game.game_id, game.revision),
            description: game.description,
            at: Instant::now(),
        };
        match heard.update.context("a message says nothing")? {
            Update::Added(game) => self.log.changes.push(told("added", game)),
            Update::Changed(game) => self.log.changes.push(told("changed", game)),
            Update::Removed(game) => self.log.changes.push(told("removed", game)),
            Update::GoingAway(_) => self.stream = None,
            Update::StartOver(_) => self.log.started_over += 1,
            Update::Present(_) | Update::InSync(_) | Update::Heartbeat(_) => {}
        }
        if !heard.resume_token.is_empty() {
            self.token = heard.resume_token;
        }
        Ok(())
    }
}

/// The phase in which a description such as `12 1 3500000` was written, and when that was, in microseconds since the
/// beginning.
pub(crate) fn sent(description: &str) -> Option<(u8, Duration)> {
    let mut words = description.split(' ').skip(1);
    let phase = words.next()?.parse().ok()?;
    Some((phase, Duration::from_micros(words.next()?.parse().ok()?)))
}

/// Selects what is in the table of events, as watchers hear it.
pub(crate) const TOLD: &str =
    "SELECT kind || ' ' || (payload::json->>'game_id') || ' ' || (payload::json->>'revision')
       FROM events ORDER BY position";

/// What one watcher heard, held against the table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Changes that were not heard.
    pub(crate) gaps: usize,
    /// Changes that were heard again.
    pub(crate) repeats: usize,
    /// Changes that were heard after a later one.
    pub(crate) disordered: usize,
    /// Changes that are not in the table.
    pub(crate) strangers: usize,
}

impl AddAssign for Verdict {
    fn add_assign(&mut self, other: Self) {
        self.gaps += other.gaps;
        self.repeats += other.repeats;
        self.disordered += other.disordered;
        self.strangers += other.strangers;
    }
}

impl Verdict {
    /// Every watcher is to hear every change once, in one order.
    pub(crate) fn adds_to(&self, report: &mut Report) {
        report.must_be_none("changes a watcher missed", self.gaps);
        report.must_be_none("changes a watcher heard again", self.repeats);
        report.must_be_none("changes heard after a later one", self.disordered);
        report.must_be_none("changes heard that are not in the table", self.strangers);
    }
}

/// Holds what was heard against what was told since the watcher began.
pub(crate) fn judge<'h>(heard: impl IntoIterator<Item = &'h str>, told: &[&str]) -> Verdict {
    let places: HashMap<&str, usize> = told.iter().copied().zip(0..).collect();
    let (mut verdict, mut times) = (Verdict::default(), vec![0_usize; told.len()]);
    let mut last = None;
    for what in heard {
        let Some(place) = places.get(what).copied() else {
            verdict.strangers += 1;
            continue;
        };
        if let Some(count) = times.get_mut(place) {
            *count += 1;
        }
        verdict.disordered += usize::from(last.is_some_and(|last| place < last));
        last = last.max(Some(place));
    }
    verdict.gaps = times.iter().filter(|count| **count == 0).count();
    verdict.repeats = times.iter().map(|count| count.saturating_sub(1)).sum();
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD_HERE: [&str; 4] = ["added 1 1", "changed 1 2", "added 2 1", "removed 1 2"];

    #[test]
    fn whoever_heard_everything_once_and_in_order_missed_nothing() {
        assert_eq!(judge(TOLD_HERE, &TOLD_HERE), Verdict::default());
    }

    #[test]
    fn a_gap_a_repeat_a_stranger_and_another_order_are_told_apart() {
        let gap = judge(["added 1 1", "added 2 1", "removed 1 2"], &TOLD_HERE);
        let repeat = judge(TOLD_HERE.into_iter().chain(["removed 1 2"]), &TOLD_HERE);
        let stranger = judge(TOLD_HERE.into_iter().chain(["added 9 1"]), &TOLD_HERE);
        let order = judge(["changed 1 2", "added 1 1", "added 2 1", "removed 1 2"], &TOLD_HERE);

        assert_eq!(gap, Verdict { gaps: 1, ..Verdict::default() });
        assert_eq!(repeat, Verdict { repeats: 1, ..Verdict::default() });
        assert_eq!(stranger, Verdict { strangers: 1, ..Verdict::default() });
        assert_eq!(order, Verdict { disordered: 1, ..Verdict::default() });
    }
}
