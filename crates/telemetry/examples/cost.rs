use std::{hint::black_box, io, pin::pin, time::Instant};
use http::HeaderMap;
use sir0_telemetry::{logs, traces::{self, Trace}};

fn a_call() -> tracing::Span {
    tracing::info_span!(target: "sir0::trace::call", parent: None, "call", otel.name = "sir0.storefront.v1.GamesService/GetGame", otel.kind = "server",
      otel.status_code = tracing::field::Empty, rpc.system = "grpc", rpc.service = "sir0.storefront.v1.GamesService", rpc.method = "GetGame", rpc.grpc.status_code = tracing::field::Empty,
      http.request.method = "GET", http.route = "/api/games/{game_id}", http.response.status_code = tracing::field::Empty)
}
async fn work(n: u64) -> u64 { tokio::task::yield_now().await; black_box(n) + 1 }
async fn sql(n: u64) -> u64 {
    let _span = tracing::info_span!(target: "sir0::trace::sql", "sql", otel.kind = "client", otel.name = "read", db.system.name = "sqlite").entered();
    black_box(n)
}
#[tokio::main]
async fn main() {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let config = match mode.as_str() {
        "off" => traces::Config::default(),
        "none" => traces::Config { endpoint: Some("http://127.0.0.1:9".into()), sample: 0.0 },
        _ => traces::Config { endpoint: Some("http://127.0.0.1:9".into()), sample: 1.0 },
    };
    let t = traces::start(&config, "cost").unwrap();
    logs::start(&logs::Config::default(), true, &t).unwrap();
    let _ = io::stderr();
    let headers = HeaderMap::new();
    let rounds: u64 = 1_000_000;
    for _ in 0..3 {
        let began = Instant::now();
        for n in 0..rounds { let w = pin!(work(n)); black_box(w.await); }
        let bare = began.elapsed();
        let began = Instant::now();
        for n in 0..rounds {
            let trace = Trace::of(black_box(&headers), a_call);
            let w = pin!(work(n));
            black_box(trace.around(w).await);
        }
        let call = began.elapsed();
        let began = Instant::now();
        for n in 0..rounds { black_box(sql(n).await); }
        let part = began.elapsed();
        println!("{mode}: bare {} ns, traced call {} ns, sql span {} ns", bare.as_nanos() as f64 / rounds as f64, call.as_nanos() as f64 / rounds as f64, part.as_nanos() as f64 / rounds as f64);
    }
    t.stop().await;
}
