//! Which trace something belongs to, and how a trace travels between processes: W3C `traceparent` and `tracestate`.

use futures::future::Either;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context,
    context::FutureExt,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{IdGenerator, RandomIdGenerator},
};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{KEPT, is_kept};

const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";

/// A longer `tracestate` is not passed on. The standard asks for this much.
const LONGEST_STATE: usize = 512;

/// How a piece of work is traced. By default it is not traced.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Disabled unless the trace is kept.
    span: Span,
    /// For a trace that is not kept: the context that other processes get, so that they do not keep it either.
    passed_on: Option<Context>,
}

impl Default for Trace {
    fn default() -> Self {
        Self { span: Span::none(), passed_on: None }
    }
}

impl Trace {
    /// Continues the trace of a request that came in, or begins one. The span is made only if the trace is kept.
    #[must_use]
    pub fn of(headers: &HeaderMap, span: impl FnOnce() -> Span) -> Self {
        let Some(share) = KEPT.get() else { return Self::default() };
        if let Some(parent) = read(headers) {
            if !parent.is_sampled() {
                return Self::not_kept(parent);
            }
            let span = span();
            // Fails only where no layer wants spans.
            let _ = span.set_parent(Context::new().with_remote_span_context(parent));
            return Self { span, passed_on: None };
        }
        let ids = RandomIdGenerator::default();
        let trace_id = ids.new_trace_id();
        if is_kept(share, trace_id) {
            return Self { span: span(), passed_on: None };
        }
        let flags = TraceFlags::NOT_SAMPLED;
        let state = TraceState::default();
        Self::not_kept(SpanContext::new(trace_id, ids.new_span_id(), flags, false, state))
    }

    /// The trace of what this task is doing.
    #[must_use]
    pub fn current() -> Self {
        if KEPT.get().is_none() {
            return Self::default();
        }
        let context = Context::current();
        match context.span().span_context() {
            ids if ids.is_sampled() => Self { span: Span::current(), passed_on: None },
            ids if ids.is_valid() => Self { span: Span::none(), passed_on: Some(context.clone()) },
            _ => Self::default(),
        }
    }

    /// A part of what this task is doing, in a separate span.
    #[must_use]
    pub fn part(span: Span) -> Self {
        if span.is_disabled() { Self::current() } else { Self { span, passed_on: None } }
    }

    fn not_kept(ids: SpanContext) -> Self {
        let context = Context::new().with_remote_span_context(ids);
        Self { span: Span::none(), passed_on: Some(context) }
    }

    /// Does the work as part of this trace.
    pub fn around<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        match &self.passed_on {
            None => Either::Left(work.instrument(self.span.clone())),
            // Boxed, so that the future of usual work stays small.
            Some(context) => Either::Right(Box::pin(work.with_context(context.clone()))),
        }
    }

    /// The span: disabled unless the trace is kept.
    #[must_use]
    pub const fn span(&self) -> &Span {
        &self.span
    }

    /// Writes into these headers which trace they are part of.
    pub fn write(&self, headers: &mut HeaderMap) {
        let context = match &self.passed_on {
            Some(context) => context.clone(),
            None if self.span.is_disabled() => return,
            None => self.span.context(),
        };
        TraceContextPropagator::new().inject_context(&context, &mut Written(headers));
    }
}

/// The current trace and span of this thread, if they are kept.
pub(crate) fn current_ids() -> Option<(TraceId, SpanId)> {
    KEPT.get()?;
    Context::map_current(|context| {
        let span = context.span();
        let ids = span.span_context();
        ids.is_sampled().then(|| (ids.trace_id(), ids.span_id()))
    })
}

/// The span that these headers come from. `None` when they make no sense, or name two spans.
fn read(headers: &HeaderMap) -> Option<SpanContext> {
    let mut parents = headers.get_all(PARENT).iter();
    let parent = parents.next()?.to_str().ok()?;
    if parents.next().is_some() {
        return None;
    }
    let states = headers.get_all(STATE).iter().map(|state| state.to_str().ok());
    let state = states.collect::<Option<Vec<_>>>().unwrap_or_default().join(",");
    let received = Received { parent, state: Some(state).filter(|it| it.len() <= LONGEST_STATE) };
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &received);
    let ids = context.span().span_context().clone();
    ids.is_valid().then_some(ids)
}

struct Received<'h> {
    parent: &'h str,
    state: Option<String>,
}

impl Extractor for Received<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            PARENT => Some(self.parent),
            STATE => self.state.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![PARENT, STATE]
    }
}

struct Written<'h>(&'h mut HeaderMap);

impl Injector for Written<'_> {
    fn set(&mut self, key: &str, value: String) {
        // An empty `tracestate` says nothing.
        if let (Ok(name), Ok(value)) = (key.parse::<HeaderName>(), HeaderValue::try_from(value))
            && !value.is_empty()
        {
            self.0.insert(name, value);
        }
    }
}
