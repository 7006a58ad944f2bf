//! Sends spans to the collector. They wait in a queue of bounded length. A span that does not fit, or cannot be
//! delivered, is counted and forgotten. Code that makes a span never waits.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor},
};

/// How many spans there may be at a time, waiting or on their way: about 4 MiB.
const MOST: usize = 2_048;
const BATCH: usize = 512;
const EVERY: Duration = Duration::from_secs(1);

/// Collects spans and hands them to the exporter once a second, or sooner when there are many.
pub(super) fn in_batches(exporter: impl SpanExporter + 'static) -> Door {
    let here = Arc::new(AtomicUsize::new(0));
    let exporter =
        Counted { exporter, here: Arc::clone(&here), is_failing: AtomicBool::new(false) };
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(MOST)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(EVERY)
        .build();
    let queue = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
    Door { queue, here }
}

/// Counts what became of spans.
fn count(outcome: &'static str, spans: usize) {
    metrics::counter!("sir0_trace_spans_total", "outcome" => outcome).increment(spans as u64);
}

/// Lets spans in while there is room.
#[derive(Debug)]
pub(super) struct Door {
    queue: BatchSpanProcessor,
    here: Arc<AtomicUsize>,
}

impl SpanProcessor for Door {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.queue.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        let enter = |here| (here < MOST).then_some(here + 1);
        match self.here.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter) {
            Ok(_) => self.queue.on_end(span),
            Err(_full) => count("queue_full", 1),
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.queue.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.queue.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.queue.set_resource(resource);
    }
}

/// Counts the spans that leave the queue, and logs when the collector takes none.
struct Counted<E> {
    exporter: E,
    here: Arc<AtomicUsize>,
    is_failing: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let exported = self.exporter.export(batch).await;
        self.here.fetch_sub(spans, Ordering::Relaxed);
        count(if exported.is_ok() { "sent" } else { "failed" }, spans);

        let was_failing = self.is_failing.swap(exported.is_err(), Ordering::Relaxed);
        match &exported {
            Err(error) if !was_failing => tracing::warn!(
                error = error as &dyn std::error::Error,
                "the collector takes no traces, they are dropped until it does"
            ),
            Ok(()) if was_failing => tracing::info!("the collector takes traces again"),
            Ok(()) | Err(_) => {}
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E> fmt::Debug for Counted<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::{future, time::Instant};

    use opentelemetry::trace::{Tracer, TracerProvider};
    use opentelemetry_sdk::{
        error::OTelSdkError,
        trace::{Sampler, SdkTracerProvider},
    };

    use super::*;

    /// A collector that takes a batch and never answers.
    #[derive(Debug)]
    struct Silent;

    impl SpanExporter for Silent {
        async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
            future::pending().await
        }
    }

    /// A collector that is not there.
    #[derive(Debug)]
    struct Dead;

    impl SpanExporter for Dead {
        async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
            Err(OTelSdkError::InternalFailure("nobody is there".to_owned()))
        }
    }

    fn spans(count: usize, delivery: impl SpanProcessor + 'static) -> SdkTracerProvider {
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOn)
            .with_span_processor(delivery)
            .build();
        let tracer = provider.tracer("tests");
        for _ in 0..count {
            drop(tracer.start("span"));
        }
        provider
    }

    #[test]
    fn a_collector_that_never_answers_costs_a_bounded_memory_and_a_bounded_wait() {
        let metrics = crate::metrics::start();
        let began = Instant::now();

        let provider = spans(MOST + 100, in_batches(Silent));
        let making = began.elapsed();
        let stopped = provider.shutdown_with_timeout(Duration::from_millis(200));

        assert!(stopped.is_err(), "{stopped:?}");
        assert!(making < Duration::from_secs(1), "making spans took {making:?}");
        assert!(began.elapsed() < Duration::from_secs(3), "stopping took {:?}", began.elapsed());
        let text = metrics.render();
        assert!(text.contains("sir0_trace_spans_total{outcome=\"queue_full\"} 100\n"), "{text}");
    }

    #[test]
    fn spans_that_are_not_taken_are_counted_and_make_room_for_more() {
        let metrics = crate::metrics::start();
        let delivery = in_batches(Dead);
        let here = Arc::clone(&delivery.here);

        let flushed = spans(100, delivery).force_flush();

        assert!(flushed.is_err(), "{flushed:?}");
        assert_eq!(here.load(Ordering::Relaxed), 0);
        let text = metrics.render();
        assert!(text.contains("sir0_trace_spans_total{outcome=\"failed\"} 100\n"), "{text}");
    }
}
