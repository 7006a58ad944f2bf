//! Traces: what a collector hears of the calls of the real program, and that no call hears of the collector.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{ResourceSpans, Span, span::SpanKind, status::StatusCode},
};
use serde_json::json;
use sir0_contract::storefront::GetGameRequest;
use sir0_testkit::{LONG, Process, a_game, process_with};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};
use tonic::{
    Code, Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

const GET_GAME: &str = "sir0.storefront.v1.GamesService/GetGame";
/// The span of the caller, which may be a browser.
const CALLER: &str = "b7ad6b7169203331";

/// A collector that keeps what it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<ResourceSpans>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut received = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        received.extend(request.into_inner().resource_spans);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn starts() -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let collector = Self::default();
        let service = TraceServiceServer::new(collector.clone());
        let serving = Server::builder().add_service(service);
        tokio::spawn(serving.serve_with_incoming(TcpIncoming::from(listener)));
        (collector, address)
    }

    fn received(&self) -> Vec<ResourceSpans> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every span of a kind that belongs to this trace.
    fn spans(&self, trace: &str, kind: SpanKind) -> Vec<Span> {
        let all = self.received().into_iter().flat_map(|resource| resource.scope_spans);
        let spans = all.flat_map(|scope| scope.spans);
        spans.filter(|it| hex(&it.trace_id) == trace && it.kind == kind as i32).collect()
    }

    /// The one call of this trace that came in, once the collector has heard of it.
    async fn call(&self, trace: &str) -> Span {
        let hearing = timeout(LONG, async {
            loop {
                let mut calls = self.spans(trace, SpanKind::Server);
                if let Some(call) = calls.pop() {
                    assert!(calls.is_empty(), "one call, more than one span: {calls:?}");
                    return call;
                }
                sleep(Duration::from_millis(20)).await;
            }
        });
        hearing.await.unwrap_or_else(|_| panic!("no call of {trace} in {:?}", self.received()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn attribute<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|it| it.key == key)?.value.as_ref()?.value.as_ref()
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    match attribute(attributes, key) {
        Some(Value::StringValue(text)) => text.clone(),
        other => panic!("{key} is {other:?}"),
    }
}

fn number(attributes: &[KeyValue], key: &str) -> i64 {
    match attribute(attributes, key) {
        Some(Value::IntValue(number)) => *number,
        other => panic!("{key} is {other:?}"),
    }
}

/// A separate trace for each story and number.
fn a_trace(number: u8) -> String {
    format!("0af7651916cd43dd8448eb211c8031{number:02x}")
}

async fn traced_to(collector: SocketAddr, settings: &[(&str, &str)]) -> Process {
    let endpoint = format!("http://{collector}");
    let settings: Vec<_> =
        settings.iter().copied().chain([("SIR0_TRACES_ENDPOINT", endpoint.as_str())]).collect();
    process_with(&settings).await
}

/// Asks over REST for a game that is not there, as part of this trace.
async fn asks(server: &Process, parent: &str) -> u16 {
    let request = server.visitor().rest().request(http::Method::GET, "/api/games/7?secret=hunter2");
    let request = request.header("traceparent", parent).header("x-request-id", "r1");
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.headers()["x-request-id"], "r1", "a trace changes no request id");
    answer.status().as_u16()
}

#[tokio::test]
async fn a_call_continues_the_trace_of_its_caller_whatever_door_it_came_by() {
    let (collector, address) = Collector::starts().await;
    let server = traced_to(address, &[]).await;
    let (by_rest, by_grpc) = (a_trace(1), a_trace(2));

    asks(&server, &format!("00-{by_rest}-{CALLER}-01")).await;
    let mut request = Request::new(GetGameRequest { game_id: 7 });
    let parent = format!("00-{by_grpc}-{CALLER}-01").parse().expect("metadata");
    request.metadata_mut().insert("traceparent", parent);
    let refused = server.visitor().games().get_game(request).await.expect_err("no such game");

    let (rest, grpc) = (collector.call(&by_rest).await, collector.call(&by_grpc).await);
    assert_eq!(refused.code(), Code::NotFound);
    for call in [&rest, &grpc] {
        assert_eq!(call.name, GET_GAME);
        assert_eq!(hex(&call.parent_span_id), CALLER);
        assert_eq!(text(&call.attributes, "rpc.system"), "grpc");
        assert_eq!(text(&call.attributes, "rpc.service"), "sir0.storefront.v1.GamesService");
        assert_eq!(text(&call.attributes, "rpc.method"), "GetGame");
        assert!(call.end_time_unix_nano > call.start_time_unix_nano);
        // A request for what is not there is no fault of the server.
        let status = call.status.as_ref().map_or(0, |status| status.code);
        assert_eq!(status, StatusCode::Unset as i32);
    }
    assert_eq!(number(&grpc.attributes, "rpc.grpc.status_code"), Code::NotFound as i64);
    assert!(attribute(&grpc.attributes, "http.route").is_none());
    assert_eq!(text(&rest.attributes, "http.request.method"), "GET");
    assert_eq!(text(&rest.attributes, "http.route"), "/api/games/{game_id}");
    assert!(number(&rest.attributes, "http.response.status_code") >= 400);
    let said = format!("{:?}", collector.received());
    assert!(!said.contains("hunter2"), "what people write is no part of a span: {said}");
    let resource = collector.received().remove(0).resource.expect("it says who it is");
    assert_eq!(text(&resource.attributes, "service.name"), "sir0");
}

#[tokio::test]
async fn a_call_says_how_many_round_trips_to_its_database_it_made() {
    let (collector, address) = Collector::starts().await;
    let server = traced_to(address, &[]).await;
    let publisher = server.publisher("Northlight").await;
    let game = publisher.rest().post("/api/games", &a_game("Lanterns")).await;
    let path = format!("/api/games/{}", game.json["gameId"]);
    let asks = async |nth: u8, method: http::Method, price: Option<f64>| {
        let trace = a_trace(nth);
        let mut request = publisher.rest().request(method, &path);
        request = request.header("traceparent", format!("00-{trace}-{CALLER}-01"));
        if let Some(price) = price {
            request = request.json(&json!({"price": price}));
        }
        request.send().await.expect("an answer").error_for_status().expect("it is there");
        number(&collector.call(&trace).await.attributes, "sir0.database.round_trips")
    };

    let read = asks(10, http::Method::GET, None).await;
    // When the server hears of the new game it drops its copy, which may be after this read.
    let mut from_memory = read;
    for nth in 11..20 {
        if from_memory > 0 {
            from_memory = asks(nth, http::Method::GET, None).await;
        }
    }
    let changed = asks(20, http::Method::PUT, Some(2.5)).await;
    let unchanged = asks(21, http::Method::PUT, Some(2.5)).await;

    assert_eq!((read, from_memory), (1, 0));
    assert_eq!(changed, 1, "a change and its announcement are one statement");
    assert_eq!(unchanged, 3, "what changes nothing is answered by the database: begin, read, end");
}

#[tokio::test]
async fn a_trace_that_its_caller_does_not_keep_is_not_kept_and_ours_are_as_often_as_asked_for() {
    let (collector, address) = Collector::starts().await;
    let mut server = traced_to(address, &[("SIR0_TRACES_SAMPLE", "0")]).await;
    let (dropped, kept) = (a_trace(3), a_trace(4));

    asks(&server, &format!("00-{dropped}-{CALLER}-00")).await;
    server.visitor().rest().get("/api/games/7").await;
    asks(&server, &format!("00-{kept}-{CALLER}-01")).await;

    collector.call(&kept).await;
    assert!(server.terminate().await.success());
    let all = collector.received().into_iter().flat_map(|resource| resource.scope_spans);
    let mut traces: Vec<_> =
        all.flat_map(|scope| scope.spans).map(|it| hex(&it.trace_id)).collect();
    traces.dedup();
    assert_eq!(traces, [kept], "and nothing that the program did for itself");
}

#[tokio::test]
async fn what_was_traced_last_is_sent_before_the_program_ends() {
    let (collector, address) = Collector::starts().await;
    let mut server = traced_to(address, &[]).await;
    let last = a_trace(5);

    asks(&server, &format!("00-{last}-{CALLER}-01")).await;
    assert!(server.terminate().await.success());

    assert_eq!(collector.spans(&last, SpanKind::Server).len(), 1);
}

#[tokio::test]
async fn without_a_collector_nobody_is_called() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let elsewhere = format!("http://{}", listener.local_addr().expect("it is bound"));
    // Variables that libraries of ours would listen to.
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", elsewhere.as_str()),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", elsewhere.as_str()),
    ];
    let mut server = process_with(&settings).await;

    asks(&server, &format!("00-{}-{CALLER}-01", a_trace(6))).await;
    assert!(server.terminate().await.success());

    let called = timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(called.is_err(), "somebody called: {called:?}");
}

#[tokio::test]
async fn a_collector_that_is_dead_or_silent_changes_no_answer() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let dead = closed.local_addr().expect("it is bound");
    drop(closed);
    // Its backlog takes connections; they are never read.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");

    for collector in [dead, silent.local_addr().expect("it is bound")] {
        let mut server = traced_to(collector, &[]).await;
        let begun = Instant::now();
        for number in 0..200 {
            let parent = format!("00-{}-{CALLER}-01", a_trace(number));
            assert_eq!(asks(&server, &parent).await, 400, "`secret` is no field");
        }
        let asking = begun.elapsed();

        let begun = Instant::now();
        assert!(server.terminate().await.success());
        let stopping = begun.elapsed();

        // Far less than if a single call had waited for the collector and given up.
        assert!(asking < LONG, "200 calls took {asking:?}");
        assert!(stopping < LONG, "stopping took {stopping:?}");
    }
}
