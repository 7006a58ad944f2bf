use std::{
    io::{self, Write},
    sync::{LazyLock, Mutex, PoisonError},
};

use futures::FutureExt;
use http::HeaderMap;
use opentelemetry::{
    Value,
    trace::{SpanId, SpanKind, TraceId},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SimpleSpanProcessor, SpanData};
use tracing::{Dispatch, Span, dispatcher, field::Empty, info_span};

use super::*;
use crate::logs;

/// A caller with a trace. Each test has a separate trace.
struct Caller {
    trace: TraceId,
    span: SpanId,
    headers: HeaderMap,
}

impl Caller {
    fn keeping(kept: bool) -> Self {
        let ids = RandomIdGenerator::default();
        let (trace, span) = (ids.new_trace_id(), ids.new_span_id());
        let parent = format!("00-{trace}-{span}-{:02x}", u8::from(kept));
        Self { trace, span, headers: headers([("traceparent", parent.as_str())]) }
    }
}

fn headers<'h>(pairs: impl IntoIterator<Item = (&'h str, &'h str)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: http::HeaderName = name.parse().expect("a name");
        headers.append(name, value.parse().expect("a value"));
    }
    headers
}

/// The lines that the tests log.
static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Traces start once in a process, so every test here shares what receives them.
static RECEIVED: LazyLock<(InMemorySpanExporter, Dispatch)> = LazyLock::new(|| {
    let received = InMemorySpanExporter::default();
    let traces = begin(1.0, "tests", SimpleSpanProcessor::new(received.clone()));
    let traces = traces.expect("the first");
    let log =
        logs::Config { filter: "trace".to_owned(), format: logs::Format::Json, access: false };
    let clock = std::sync::Arc::new(sir0_kernel::SystemClock);
    let dispatch = logs::subscriber(&log, false, clock, || Lines, &traces);
    (received, dispatch.expect("a readable filter").0)
});

/// Runs the story, and answers with the spans of this trace.
fn spans_of(trace: TraceId, story: impl FnOnce()) -> Vec<SpanData> {
    let (received, dispatch) = &*RECEIVED;
    dispatcher::with_default(dispatch, story);
    let mut spans = received.get_finished_spans().expect("they are in memory");
    spans.retain(|span| span.span_context.trace_id() == trace);
    spans
}

fn a_call() -> Span {
    info_span!(target: "sir0::trace::call", parent: None, "call", otel.kind = "server", rpc.method = Empty)
}

fn a_query() -> Span {
    info_span!(target: "sir0::trace::sql", "sql", otel.name = "read", otel.kind = "client", db.system.name = "sqlite")
}

fn run<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("it waits for nothing")
}

#[test]
fn a_call_continues_the_trace_of_its_caller_and_its_parts_belong_to_it() {
    let caller = Caller::keeping(true);

    let spans = spans_of(caller.trace, || {
        let trace = Trace::of(&caller.headers, a_call);
        trace.span().record("rpc.method", "GetGame");
        run(trace.around(async { drop(a_query().entered()) }));
    });

    let [query, call] = &spans[..] else { panic!("two spans, not {spans:?}") };
    assert_eq!((call.parent_span_id, call.span_kind.clone()), (caller.span, SpanKind::Server));
    assert_eq!(query.parent_span_id, call.span_context.span_id());
    assert_eq!((&*query.name, query.span_kind.clone()), ("read", SpanKind::Client));
    let attributes: Vec<_> =
        call.attributes.iter().map(|it| (it.key.as_str(), it.value.clone())).collect();
    let round_trips = ("sir0.database.round_trips", Value::I64(1));
    let said = [("rpc.method", Value::from("GetGame")), round_trips];
    assert_eq!(attributes, said, "and nothing of our insides");
}

#[test]
fn a_caller_that_does_not_keep_its_trace_makes_no_span_and_others_are_told_so() {
    let caller = Caller::keeping(false);
    let mut told = HeaderMap::new();

    let spans = spans_of(caller.trace, || {
        let trace = Trace::of(&caller.headers, || unreachable!("nobody wants it"));
        run(trace.around(async {
            assert!(a_query().is_disabled());
            Trace::part(a_query()).write(&mut told);
        }));
    });

    assert!(spans.is_empty());
    assert_eq!(told, caller.headers);
}

#[test]
fn who_is_asked_hears_of_the_span_that_asks_and_of_what_others_wrote_about_the_trace() {
    let mut caller = Caller::keeping(true);
    caller.headers.extend(headers([("tracestate", "a=1"), ("tracestate", "b=2")]));
    let mut told = HeaderMap::new();

    let spans = spans_of(caller.trace, || {
        let trace = Trace::of(&caller.headers, a_call);
        run(trace.around(async { Trace::part(a_query()).write(&mut told) }));
    });

    let asking = spans[0].span_context.span_id();
    assert_eq!(told["traceparent"], format!("00-{}-{asking}-01", caller.trace));
    assert_eq!(told["tracestate"], "a=1,b=2");
}

#[test]
fn work_that_goes_on_elsewhere_stays_part_of_the_trace() {
    let (kept, not_kept) = (Caller::keeping(true), Caller::keeping(false));
    let mut told = HeaderMap::new();

    let spans = spans_of(kept.trace, || {
        let carried = |caller: &Caller| {
            let trace = Trace::of(&caller.headers, a_call);
            run(trace.around(async { Trace::current() }))
        };
        run(carried(&kept).around(async { drop(a_query()) }));
        run(carried(&not_kept).around(async { Trace::current().write(&mut told) }));
    });

    assert_eq!(spans.len(), 2);
    assert_eq!(told, not_kept.headers);
}

#[test]
fn headers_that_make_no_sense_begin_a_trace_of_our_own() {
    let good = Caller::keeping(true).headers;
    let twice: HeaderMap = good.iter().chain(&Caller::keeping(true).headers).fold(
        HeaderMap::new(),
        |mut all, (name, value)| {
            all.append(name, value.clone());
            all
        },
    );
    let senseless =
        ["", "garbage", "00-0-0-01", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"];
    let senseless = senseless.map(|parent| headers([("traceparent", parent)]));

    for headers in senseless.into_iter().chain([twice, HeaderMap::new()]) {
        let mut told = HeaderMap::new();
        dispatcher::with_default(&RECEIVED.1, || Trace::of(&headers, a_call).write(&mut told));

        let parent = told["traceparent"].to_str().expect("text");
        assert!(parent.starts_with("00-") && parent.ends_with("-01"), "{parent}");
        assert_ne!(headers.get("traceparent"), told.get("traceparent"));
    }
}

#[test]
fn a_line_names_the_trace_that_is_kept_and_shows_nothing_of_its_spans() {
    let (kept, not_kept) = (Caller::keeping(true), Caller::keeping(false));

    let spans = spans_of(kept.trace, || {
        for caller in [&kept, &not_kept] {
            let trace = Trace::of(&caller.headers, a_call);
            let message = caller.span.to_string();
            run(trace.around(async { tracing::info!("line {message}") }));
        }
    });

    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let lines = String::from_utf8(lines).expect("text");
    let line_of = |caller: &Caller| {
        let message = format!("line {}", caller.span);
        let line = lines.lines().find(|line| line.contains(&message)).expect("it was logged");
        serde_json::from_str::<serde_json::Value>(line).expect("an object")
    };
    let (named, plain) = (line_of(&kept), line_of(&not_kept));
    assert_eq!(named["trace_id"], kept.trace.to_string());
    assert_eq!(named["span_id"], spans[0].span_context.span_id().to_string());
    assert_eq!(named.as_object().map(serde_json::Map::len), Some(6), "{named}");
    assert!(plain.get("trace_id").is_none(), "{plain}");
    assert!(spans[0].events.is_empty(), "lines stay in the log");
}

#[test]
fn a_share_keeps_as_many_traces_as_it_says() {
    let ids = RandomIdGenerator::default();
    for share in [0.0, 0.1, 0.5, 1.0] {
        let sampler = Sampler::TraceIdRatioBased(share);
        let kept = (0..20_000).filter(|_| is_kept(&sampler, ids.new_trace_id())).count();

        let expected = 20_000.0 * share;
        let off = (f64::from(u32::try_from(kept).expect("few")) - expected).abs();
        // Six standard deviations.
        assert!(off <= 6.0 * (expected * (1.0 - share)).sqrt(), "{kept} of 20,000 for {share}");
    }
}

#[tokio::test]
async fn without_a_collector_there_is_nothing() {
    let traces = start(&Config::default(), "tests").expect("nothing to refuse");

    assert!(traces.provider.is_none());
    traces.stop().await;
}
