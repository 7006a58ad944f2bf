//! Leaves out the lines of places that say too much, before they are formatted.

use std::sync::Arc;

use tracing::{
    Event, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context};

use super::Bounds;

/// Passes on to another layer what may be written.
///
/// A filter beside the filter of levels would be shorter. But when such a filter lets an event through at first, and
/// refuses it when it sees its fields, the refusal stays for the next event (`Filter::event_enabled` in
/// tracing-subscriber 0.3).
pub(in super::super) struct ByPlace<L> {
    inner: L,
    bounds: Arc<Bounds>,
}

impl<L> ByPlace<L> {
    pub(in super::super) const fn new(inner: L, bounds: Arc<Bounds>) -> Self {
        Self { inner, bounds }
    }
}

impl<S: Subscriber, L: Layer<S>> Layer<S> for ByPlace<L> {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if self.bounds.admits(event) {
            self.inner.on_event(event, context);
        }
    }

    fn on_layer(&mut self, subscriber: &mut S) {
        self.inner.on_layer(subscriber);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        self.inner.on_new_span(attributes, id, context);
    }

    fn on_record(&self, span: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.inner.on_record(span, values, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.inner.on_enter(id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.inner.on_exit(id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.inner.on_close(id, context);
    }
}
