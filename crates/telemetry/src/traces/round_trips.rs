//! Says of each call how many questions it asked its database. Each of them is a round trip, and they come one after the
//! other.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanId, SpanKind},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

/// The attribute of the span of a call.
const ROUND_TRIPS: &str = "sir0.database.round_trips";

/// The attribute that spans of questions to a database have.
const SYSTEM: &str = "db.system.name";

/// How many calls are counted at a time. More are at work only where some ended before their questions did.
const MOST: usize = 4_096;

/// Counts the ended questions of calls that have not ended, and passes all spans on.
#[derive(Debug)]
pub(super) struct Counting<P> {
    then: P,
    asked: Mutex<HashMap<SpanId, i64>>,
}

impl<P> Counting<P> {
    pub(super) fn before(then: P) -> Self {
        Self { then, asked: Mutex::default() }
    }
}

impl<P: SpanProcessor> SpanProcessor for Counting<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.then.on_start(span, context);
    }

    fn on_end(&self, mut span: SpanData) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if is_question(&span) {
            if asked.len() == MOST && !asked.contains_key(&span.parent_span_id) {
                // They were of calls whose clients left.
                asked.clear();
            }
            *asked.entry(span.parent_span_id).or_default() += 1;
        } else if span.span_kind == SpanKind::Server {
            let count = asked.remove(&span.span_context.span_id()).unwrap_or_default();
            span.attributes.push(KeyValue::new(ROUND_TRIPS, count));
        }
        drop(asked);
        self.then.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.then.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.then.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.then.set_resource(resource);
    }
}

/// Whether it is a question to a database. Redis is none: whoever asks it does not wait for long, and does without.
fn is_question(span: &SpanData) -> bool {
    let system = span.attributes.iter().find(|it| it.key.as_str() == SYSTEM);
    system.is_some_and(|it| it.value.as_str() != "redis")
}
