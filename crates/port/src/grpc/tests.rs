//! Calls of the sample contract, over native gRPC.

use std::convert::Infallible;

use futures::stream;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use sir0_host::{Doors, serve};
use sir0_sample_contract::{
    CALLS, CountRequest, Echo, Everything, ImageRequest, SampleServiceDispatch,
    sample_service_client::SampleServiceClient, sample_service_server,
};
use sir0_transcoding::HttpBody;
use tokio::net::TcpListener;
use tonic::{
    codec::CompressionEncoding,
    transport::{Channel, Endpoint},
};

use super::*;

/// A client of a door to the sample contract.
async fn sample(limits: Limits) -> SampleServiceClient<Channel> {
    let mut doors = Doors { largest: limits.body_bytes, ..Doors::default() };
    serve!(doors, sample_service_server::SampleServiceServer, SampleServiceDispatch, Echo);
    let calls: Vec<_> =
        CALLS.iter().map(|call| (call, doors.served.get(call.service).cloned())).collect();
    let door = Arc::new(GrpcDoor::new(doors.routes, &calls, limits));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let (connection, _) = listener.accept().await.expect("it listens");
        let answer = service_fn(move |request| {
            let door = Arc::clone(&door);
            async move { Ok::<_, Infallible>(door.answer(request, Door::Grpc).await) }
        });
        let server = Builder::new(TokioExecutor::new());
        server.serve_connection(TokioIo::new(connection), answer).await
    });
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    SampleServiceClient::new(endpoint.connect_lazy())
}

fn part(bytes: usize) -> HttpBody {
    HttpBody { content_type: "text/plain".to_owned(), data: "x".repeat(bytes).into() }
}

#[tokio::test]
async fn a_message_is_answered_and_so_is_each_of_a_stream_that_comes() {
    let mut client = sample(Limits::default()).await;

    let everything = Everything { a_string: "words".to_owned(), ..Everything::default() };
    let echo = client.echo(everything.clone()).await.expect("an echo").into_inner();
    let sent = stream::iter((0..40).map(|_| part(64 * 1024)));
    let upload = client.upload(sent).await.expect("an upload").into_inner();
    let images = stream::iter(
        (1..=3).map(|bytes| ImageRequest { image: Some(part(bytes)), ..ImageRequest::default() }),
    );
    let mut chunks = client.chunks(images).await.expect("a stream").into_inner();
    let mut sizes = Vec::new();
    while let Some(answer) = chunks.message().await.expect("no failure") {
        sizes.push(answer.image.unwrap_or_default().data.len());
    }

    assert_eq!(echo, everything);
    assert_eq!((upload.messages, upload.bytes), (40, 40 * 64 * 1024), "more than one may have");
    assert_eq!(sizes, [1, 2, 3]);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_alone_and_in_a_stream() {
    let mut client = sample(Limits { body_bytes: 1024, ..Limits::default() }).await;

    let everything = Everything { a_string: "x".repeat(2048), ..Everything::default() };
    let alone = client.echo(everything).await.expect_err("too large");
    let sent = stream::iter([part(8), part(2048)]);
    let in_a_stream = client.upload(sent).await.expect_err("too large");
    let count = client.count(CountRequest { to: 1, fails_after: 0 }).await;

    assert_eq!(alone.code(), Code::ResourceExhausted, "{alone}");
    assert_eq!(in_a_stream.code(), Code::OutOfRange, "tonic says it so: {in_a_stream}");
    assert!(count.is_ok(), "the connection goes on");
}

#[tokio::test]
async fn messages_in_gzip_are_answered_like_plain_ones_and_have_the_same_bound() {
    let client = sample(Limits { body_bytes: 1024, ..Limits::default() }).await;
    let gzip = CompressionEncoding::Gzip;
    let mut client = client.send_compressed(gzip).accept_compressed(gzip);

    let everything = Everything { a_string: "x".repeat(900), ..Everything::default() };
    let echo = client.echo(everything.clone()).await.expect("an echo");
    let upload = client.upload(stream::iter((0..40).map(|_| part(900)))).await.expect("an upload");
    let images =
        (1..=3).map(|bytes| ImageRequest { image: Some(part(bytes)), ..ImageRequest::default() });
    let mut chunks = client.chunks(stream::iter(images)).await.expect("a stream").into_inner();
    let large = Everything { a_string: "x".repeat(1025), ..Everything::default() };
    let alone = client.echo(large).await.expect_err("too large");
    let in_a_stream = client.upload(stream::iter([part(8), part(2048)])).await.expect_err("so too");

    assert!(echo.metadata().get("grpc-encoding").is_none(), "no call of the sample is tagged");
    assert_eq!(echo.into_inner(), everything);
    let upload = upload.into_inner();
    assert_eq!((upload.messages, upload.bytes), (40, 40 * 900));
    for size in 1..=3 {
        let chunk = chunks.message().await.expect("no failure").expect("one more").image;
        assert_eq!(chunk.unwrap_or_default().data.len(), size);
    }
    assert_eq!(alone.code(), Code::ResourceExhausted, "{alone}");
    assert_eq!(in_a_stream.code(), Code::ResourceExhausted, "{in_a_stream}");
    assert!(client.count(CountRequest { to: 1, fails_after: 0 }).await.is_ok(), "it goes on");
}
