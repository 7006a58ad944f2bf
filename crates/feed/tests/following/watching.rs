//! Streams over a list, tested on every engine. The list is the numbers below three; the changes are what is noted.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{Stream, StreamExt};
use sir0_feed::{Begin, Feed, List, Moment, Piece, Reached, Told, Watch};
use sir0_storage as storage;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    LONG, Noted, POLLED, RUNG_FOR, is_at,
    place::{Place, on_every_engine},
};

/// What a watcher heard, and when.
type Heard = (String, Moment);

/// A list that is read one number at a time, and is another one once that is said.
#[derive(Default)]
struct Numbers<const PROVES: bool> {
    is_another: Arc<AtomicBool>,
}

impl<const PROVES: bool> List for Numbers<PROVES> {
    type Event = Noted;
    type Item = u32;
    type Place = u32;
    type Message = Heard;

    const HEARTBEAT: Duration = Duration::from_millis(50);
    const PROVES: bool = PROVES;

    async fn present(&self, from: u32) -> storage::Result<Piece<Self>> {
        let items: VecDeque<_> = (from < 3).then_some(from).into_iter().collect();
        let rest = (!items.is_empty()).then_some(from + 1);
        Ok(Piece { items, rest, held: None })
    }

    fn became_another(&mut self) -> bool {
        self.is_another.swap(false, Ordering::AcqRel)
    }

    fn message(&self, told: Told<'_, Self>, at: Moment) -> Option<Heard> {
        let text = match told {
            Told::Present(number) => format!("present {number}"),
            Told::Change(Noted(0)) => return None,
            Told::Change(Noted(number)) => format!("noted {number}"),
            Told::InSync => "in sync".to_owned(),
            Told::Heartbeat => "heartbeat".to_owned(),
            Told::StartOver => "start over".to_owned(),
            Told::GoingAway => "going away".to_owned(),
        };
        Some((text, at))
    }
}

type Messages = Pin<Box<dyn Stream<Item = storage::Result<Heard>> + Send>>;

/// Watches from a moment, or from the present.
async fn watch<const PROVES: bool>(
    feed: &Feed<Noted>,
    resume: Option<Moment>,
    stopping: &CancellationToken,
) -> Messages {
    let head = feed.committed().await.expect("a table");
    let begin = Begin { head, resume, sends_present: true };
    Watch::begin(Numbers::<PROVES>::default(), feed, begin, stopping.clone()).messages().boxed()
}

async fn next(messages: &mut Messages) -> Heard {
    let next = timeout(LONG, messages.next()).await.expect("in time");
    next.expect("not over").expect("a table")
}

/// The next message that is no heartbeat.
async fn hears(messages: &mut Messages) -> Heard {
    loop {
        let heard = next(messages).await;
        if heard.0 != "heartbeat" {
            return heard;
        }
    }
}

/// The next heartbeat, and nothing else.
async fn beats(messages: &mut Messages) -> Moment {
    let (text, at) = next(messages).await;
    assert_eq!(text, "heartbeat");
    at
}

const fn behind(position: i64) -> Moment {
    Moment { position, stage: Reached::Changes }
}

on_every_engine! {
    async fn a_watcher_hears_the_present_and_then_every_change_it_wants_to_hear(place: Place) {
        let (process, stopping) = (place.open().await, CancellationToken::new());
        process.notes([7]).await;
        let feed = process.feed(POLLED).await;
        let mut messages = watch::<false>(&feed, None, &stopping).await;

        for expected in ["present 0", "present 1", "present 2"] {
            let inside = Moment { position: 1, stage: Reached::Present };
            assert_eq!(hears(&mut messages).await, (expected.to_owned(), inside));
        }
        assert_eq!(hears(&mut messages).await, ("in sync".to_owned(), behind(1)));
        process.notes([0, 8]).await;
        assert_eq!(hears(&mut messages).await, ("noted 8".to_owned(), behind(3)));

        stopping.cancel();
        assert_eq!(hears(&mut messages).await, ("going away".to_owned(), behind(3)));
        assert!(messages.next().await.is_none());
    }

    async fn a_list_that_became_another_one_is_sent_anew(place: Place) {
        let (process, stopping) = (place.open().await, CancellationToken::new());
        let feed = process.feed(POLLED).await;
        let numbers = Numbers::<false>::default();
        let is_another = Arc::clone(&numbers.is_another);
        let begin = Begin { head: 0, resume: None, sends_present: false };
        let mut messages = Watch::begin(numbers, &feed, begin, stopping.clone()).messages().boxed();
        assert_eq!(next(&mut messages).await.0, "heartbeat");

        is_another.store(true, Ordering::Release);
        process.notes([7]).await;

        // What happens just then is heard before or after.
        let mut heard = Vec::new();
        while heard.last().is_none_or(|text| text != "in sync") {
            heard.push(hears(&mut messages).await.0);
        }
        heard.retain(|text| text != "noted 7");
        assert_eq!(heard, ["start over", "present 0", "present 1", "present 2", "in sync"]);
    }

    async fn a_moment_that_no_one_can_go_on_from_starts_over(place: Place) {
        let (process, stopping) = (place.open().await, CancellationToken::new());
        process.notes(1..=20).await;
        process.keeps_only(10).await;
        let feed = process.feed(POLLED).await;
        let inside = Moment { position: 20, stage: Reached::Present };

        for from in [behind(9), behind(21), inside] {
            let mut messages = watch::<false>(&feed, Some(from), &stopping).await;

            for expected in ["start over", "present 0", "present 1", "present 2", "in sync"] {
                assert_eq!(hears(&mut messages).await.0, expected, "from {from:?}");
            }
        }
    }

    async fn watchers_go_on_across_an_event_of_a_newer_version(place: Place) {
        let (process, stopping) = (place.open().await, CancellationToken::new());
        let early = process.feed(POLLED).await;
        process.notes([1]).await;
        process.announces("renamed", ["not JSON", "{}"]).await;
        process.notes([4]).await;
        // This feed has these events in the table only, the other one has them in memory.
        let late = process.feed(POLLED).await;
        process.announces("renamed", ["{}"]).await;
        is_at(&early, 5).await;
        is_at(&late, 5).await;

        for feed in [&late, &early] {
            for from in [behind(0), behind(1), behind(2), behind(4)] {
                let mut messages = watch::<false>(feed, Some(from), &stopping).await;
                let mut proof = watch::<true>(feed, Some(from), &stopping).await;

                for (position, text) in [(1, "noted 1"), (4, "noted 4")] {
                    if from.position < position {
                        let heard = (text.to_owned(), behind(position));
                        assert_eq!(hears(&mut messages).await, heard);
                        assert_eq!(hears(&mut proof).await, heard);
                    }
                }
                timeout(LONG, async { while beats(&mut messages).await != behind(5) {} }).await.expect("in time");
                assert_eq!(next(&mut proof).await, ("in sync".to_owned(), behind(5)));
                assert_eq!(beats(&mut proof).await, behind(5));
            }
        }
    }

    async fn a_heartbeat_that_is_a_proof_waits_for_everything_committed_before_it(place: Place) {
        let (process, stopping) = (place.open().await, CancellationToken::new());
        let feed = process.deaf_feed(RUNG_FOR).await;
        let (mut plain, mut proof) = (
            watch::<false>(&feed, Some(behind(0)), &stopping).await,
            watch::<true>(&feed, Some(behind(0)), &stopping).await,
        );
        assert_eq!(next(&mut proof).await, ("in sync".to_owned(), behind(0)));
        beats(&mut proof).await;

        // The feed does not read on, because it hears no ring. On PostgreSQL the question for the proof gives the event
        // its position, and rings.
        process.notes([1]).await;
        if place.server.is_none() {
            assert_eq!(beats(&mut plain).await, behind(0));
            let silence = timeout(4 * Numbers::<true>::HEARTBEAT, proof.next()).await;
            assert!(silence.is_err(), "{silence:?}");
            feed.ring();
        }

        assert_eq!(next(&mut proof).await, ("noted 1".to_owned(), behind(1)));
        assert_eq!(beats(&mut proof).await, behind(1));
    }
}
