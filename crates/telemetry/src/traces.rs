//! Traces: which way a call went and how long each part of it took, sent to a collector over OTLP. When no collector is
//! named, nothing is built, nothing runs and no span is made.
//!
//! Spans are those of `tracing`, at a target that begins with [`TARGET`]. The log does not show them. A span at
//! [`CALLS`] may begin a trace. Any other span is made only inside a trace that is kept:
//!
//! ```
//! let span = tracing::info_span!(
//!     target: "sir0::trace::sql", "sql", otel.kind = "client", otel.name = "storefront read",
//!     db.system.name = "sqlite",
//! );
//! # assert!(span.is_disabled());
//! ```
//!
//! A span may hold names and numbers of ours. It may not hold what a person wrote: no token, address, body or value.

mod config;
mod context;
mod delivery;
mod round_trips;

use std::{sync::OnceLock, time::Duration};

use opentelemetry::{
    KeyValue,
    trace::{SpanKind, TraceId, TracerProvider},
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{
        IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, SdkTracer, SdkTracerProvider,
        ShouldSample, SpanProcessor,
    },
};
use tracing::{Metadata, Subscriber, subscriber::Interest};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, filter_fn},
    layer,
    registry::LookupSpan,
};

pub use config::{Config, SETTINGS};
pub use context::Trace;
pub(crate) use context::current_ids;
use round_trips::Counting;

/// Spans whose target begins like this go to the collector, and nowhere else.
pub const TARGET: &str = "sir0::trace";

/// The target of the span of a call that came in.
pub const CALLS: &str = "sir0::trace::call";

/// How long to wait for the collector, on each delivery and when stopping.
const PATIENCE: Duration = Duration::from_secs(3);

/// Which share of the traces begun here is kept. Set once traces are on.
static KEPT: OnceLock<Sampler> = OnceLock::new();

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The collector cannot be spoken to at all.
    #[error("the collector of traces cannot be used")]
    Unusable(#[from] ExporterBuildError),
    /// Traces go to one place for as long as the process lives.
    #[error("traces were started before in this process")]
    AlreadyStarted,
}

/// Sends what is traced, until it is stopped.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    provider: Option<SdkTracerProvider>,
}

/// Traces from now on, for the whole process, if a collector is named. It need not answer yet. Give what this returns
/// to [`crate::logs::start`], which brings spans to it.
///
/// `service` is what the process is called. Needs a runtime to be running.
pub fn start(config: &Config, service: &'static str) -> Result<Traces, Error> {
    let Some(endpoint) = &config.endpoint else { return Ok(Traces::default()) };
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(PATIENCE)
        .build()?;
    begin(config.sample, service, delivery::in_batches(exporter))
}

fn begin(
    sample: f64,
    service: &'static str,
    delivery: impl SpanProcessor + 'static,
) -> Result<Traces, Error> {
    KEPT.set(Sampler::TraceIdRatioBased(sample)).map_err(|_share| Error::AlreadyStarted)?;
    let provider = SdkTracerProvider::builder()
        // Whether a span is made is decided before it comes here.
        .with_sampler(Sampler::AlwaysOn)
        .with_resource(resource(service))
        .with_span_processor(Counting::before(delivery))
        .build();
    Ok(Traces { provider: Some(provider) })
}

/// Which process this is, in the words of OpenTelemetry.
fn resource(service: &'static str) -> Resource {
    let instance = RandomIdGenerator::default().new_trace_id().to_string();
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.namespace", "sir0"),
            KeyValue::new("service.name", service),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance),
        ])
        .build()
}

/// Whether anything is traced in this process. Costs next to nothing.
#[must_use]
pub fn is_on() -> bool {
    KEPT.get().is_some()
}

impl Traces {
    /// Sends what is still here and stops. Waits 3 s for it and no longer.
    pub async fn stop(self) {
        let Some(provider) = self.provider else { return };
        let stopping =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(PATIENCE));
        if let Ok(Err(error)) = stopping.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the last traces are lost");
        }
    }

    /// Brings spans here. `None` when there are no traces.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + Send + Sync + use<S>>
    where
        S: Subscriber + for<'s> LookupSpan<'s> + Send + Sync,
    {
        let tracer: SdkTracer = self.provider.as_ref()?.tracer("sir0");
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        let ours = filter_fn(is_ours).with_max_level_hint(LevelFilter::INFO);
        Some(layer.with_filter(ours))
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with(TARGET)
}

/// Makes the parts of a call spans only where the call itself is a span. It wraps all layers, because the filter of a
/// single layer is not enough: a span that no layer wants is made all the same.
pub(crate) struct OnlyWithin;

impl OnlyWithin {
    fn is_part(metadata: &Metadata<'_>) -> bool {
        is_ours(metadata) && metadata.target() != CALLS
    }
}

impl<S: Subscriber> Layer<S> for OnlyWithin {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::is_part(metadata) { Interest::sometimes() } else { Interest::always() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: layer::Context<'_, S>) -> bool {
        !Self::is_part(metadata) || current_ids().is_some()
    }

    /// Leaves the level to the other layers: the most talkative of them counts.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::OFF)
    }
}

/// Whether a trace that begins here is kept. That follows from its id: two processes with the same share keep the same
/// traces.
fn is_kept(share: &Sampler, id: TraceId) -> bool {
    let judged = share.should_sample(None, id, "", &SpanKind::Server, &[], &[]);
    judged.decision == SamplingDecision::RecordAndSample
}

#[cfg(test)]
mod tests;
