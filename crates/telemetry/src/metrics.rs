//! Numbers for graphs and alarms, kept in the process and read out in Prometheus' own text.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the buckets of every histogram that ends in `_seconds`: 100 µs, where a cached read ends, to 30 s,
/// where every deadline has passed.
const SECONDS: [f64; 17] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];

/// How old the text that is read out may be. It is not made more often, however many requests come.
const FRESH: Duration = Duration::from_millis(100);

/// What was counted and measured in this process.
#[derive(Clone, Debug)]
pub struct Metrics {
    recorder: PrometheusHandle,
    process: metrics_process::Collector,
    rendered: Arc<Mutex<Rendered>>,
}

/// The text that was made last, and when.
type Rendered = Option<(Instant, Arc<str>)>;

/// Counts and measures from now on, for the whole process. Every later call answers with the same numbers.
#[must_use]
pub fn start() -> Metrics {
    static STARTED: OnceLock<Metrics> = OnceLock::new();
    STARTED.get_or_init(install).clone()
}

fn install() -> Metrics {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .expect("there is at least one bucket")
        .build_recorder();
    let metrics = Metrics {
        recorder: recorder.handle(),
        process: metrics_process::Collector::default(),
        rendered: Arc::default(),
    };
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("something else in this process records metrics, ours will stay empty");
    }
    metrics.process.describe();
    metrics.process.collect();
    metrics
}

impl Metrics {
    /// Everything counted until a tenth of a second ago, in the Prometheus text format. Requests in the meantime get
    /// the same text, so the cost of making it does not grow with their number.
    #[must_use]
    pub fn read(&self) -> Arc<str> {
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, text)) = &*rendered
            && at.elapsed() < FRESH
        {
            return Arc::clone(text);
        }
        let text: Arc<str> = self.render().into();
        *rendered = Some((Instant::now(), Arc::clone(&text)));
        text
    }

    /// Everything counted so far, in the Prometheus text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.recorder.render()
    }

    /// Sums up what histograms measured, and asks the system about the process. Call it every few seconds: until it
    /// or [`Self::render`] runs, each single measurement is kept in memory.
    pub fn upkeep(&self) {
        self.process.collect();
        self.recorder.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_read_out() {
        let metrics = start();

        metrics::counter!("sir0_test_read_out_total", "call" => "GetGame").increment(2);

        assert!(metrics.render().contains("sir0_test_read_out_total{call=\"GetGame\"} 2\n"));
    }

    #[test]
    fn latencies_fall_into_buckets_from_100_microseconds_to_30_seconds() {
        let metrics = start();

        for seconds in [0.000_05, 0.02, 60.0] {
            metrics::histogram!("sir0_test_latency_seconds").record(seconds);
        }
        metrics.upkeep();

        let text = metrics.render();
        for bucket in ["0.0001\"} 1\n", "0.01\"} 1\n", "0.025\"} 2\n", "30\"} 2\n", "+Inf\"} 3\n"] {
            let line = format!("sir0_test_latency_seconds_bucket{{le=\"{bucket}");
            assert!(text.contains(&line), "no `{line}` in {text}");
        }
    }

    #[test]
    fn the_process_tells_of_itself_by_the_names_that_everyone_knows() {
        let metrics = start();

        metrics.upkeep();

        let text = metrics.render();
        for name in [
            "process_cpu_seconds_total",
            "process_resident_memory_bytes",
            "process_open_fds",
            "process_max_fds",
            "process_start_time_seconds",
            "process_threads",
        ] {
            let known = [format!("# HELP {name} "), format!("\n{name} ")];
            assert!(known.iter().all(|words| text.contains(words)), "{name} in {text}");
        }
    }

    #[test]
    fn a_flood_of_readers_has_the_text_made_once() {
        let metrics = start();
        let first = metrics.read();

        let again = metrics.read();
        std::thread::sleep(FRESH);
        let later = metrics.read();

        assert!(Arc::ptr_eq(&first, &again) && !Arc::ptr_eq(&first, &later));
    }

    #[test]
    fn starting_twice_reads_the_same_numbers() {
        let (first, second) = (start(), start());

        metrics::gauge!("sir0_test_twice").set(1.0);

        assert!(first.render().contains("sir0_test_twice 1\n"));
        assert!(second.render().contains("sir0_test_twice 1\n"));
    }
}
