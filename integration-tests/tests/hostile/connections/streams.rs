//! Many calls on one connection, written frame by frame (RFC 9113): a good client would keep to what it was told.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::stage::{Unshaken, process_with};

const FEW_STREAMS: &str = "
    [limits]
    streams_per_connection = 4";

pub(super) const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

pub(super) fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), content].concat()
}

/// The headers of a gRPC call, in HPACK without a table and without Huffman (RFC 7541).
fn call(path: &str) -> Vec<u8> {
    let text =
        |text: &str| [&[u8::try_from(text.len()).expect("a short text")], text.as_bytes()].concat();
    // `:method POST` and `:scheme http` from the static table; `:path`, `:authority` and `content-type` spelled out.
    let content_type = [&[0x0f, 0x10], &text("application/grpc")[..]].concat();
    [&[0x83, 0x86, 0x04], &text(path)[..], &[0x01], &text("sir0"), &content_type].concat()
}

pub(super) fn watch(stream: u32) -> Vec<u8> {
    let headers =
        frame(HEADERS, END_HEADERS, stream, &call("/sir0.storefront.v1.GamesService/WatchGames"));
    [headers, frame(DATA, END_STREAM, stream, &[0; 5])].concat()
}

/// The headers of a call, and the beginning of a message that never ends.
pub(super) fn half_a_call(stream: u32) -> (Vec<u8>, Vec<u8>) {
    let headers =
        frame(HEADERS, END_HEADERS, stream, &call("/sir0.storefront.v1.GamesService/GetGame"));
    (headers, frame(DATA, 0, stream, &[0, 0, 0, 0, 100, 8]))
}

/// A frame that came.
pub(super) struct Came {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) content: Vec<u8>,
}

pub(super) async fn next_frame(stream: &mut (impl AsyncRead + Unpin)) -> Option<Came> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let [a, b, c, kind, flags, id @ ..] = head;
    let mut content = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut content).await.ok()?;
    Some(Came { kind, flags, stream: u32::from_be_bytes(id), content })
}

/// Answers pings, and tells whether a stream, or the whole connection, was ended within the time.
pub(super) async fn answers_pings_until_stream_ends(
    stream: &mut TcpStream,
    patience: Duration,
) -> bool {
    let ended = async {
        while let Some(came) = next_frame(stream).await {
            match came.kind {
                PING if came.flags & ACK == 0 => {
                    let pong = frame(PING, ACK, 0, &came.content);
                    if stream.write_all(&pong).await.is_err() {
                        return;
                    }
                }
                RST_STREAM | GOAWAY => return,
                HEADERS | DATA if came.flags & END_STREAM != 0 => return,
                _ => {}
            }
        }
    };
    timeout(patience, ended).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_those_a_connection_may_have_are_refused_and_the_others_go_on() {
    let mut server = Unshaken::new(process_with(FEW_STREAMS).await);
    let mut stream = TcpStream::connect(server.process.address()).await.expect("it listens");
    let calls: Vec<u8> = (0..20).flat_map(|number| watch(1 + 2 * number)).collect();
    stream.write_all(&[HELLO, &calls].concat()).await.expect("it reads");

    let (mut answered, mut refused, mut told) = (BTreeSet::new(), BTreeMap::new(), None);
    let reading = async {
        while let Some(came) = next_frame(&mut stream).await {
            match came.kind {
                SETTINGS if came.flags & ACK == 0 => {
                    let most = came.content.chunks(6).find(|setting| setting[..2] == [0, 3]);
                    told = most.map(|setting| {
                        u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]])
                    });
                }
                HEADERS => drop(answered.insert(came.stream)),
                // What is sent to a stream that was refused may be refused once more, for another reason.
                RST_STREAM => drop(refused.entry(came.stream).or_insert(came.content)),
                _ => {}
            }
            if answered.len() + refused.len() == 20 {
                return;
            }
        }
    };
    timeout(Duration::from_secs(10), reading).await.expect("each is answered or refused");

    assert_eq!(told, Some(4), "the limit is told in the settings");
    assert_eq!(answered, BTreeSet::from([1, 3, 5, 7]));
    assert!(
        refused.values().all(|why| why[..] == [0, 0, 0, 7]),
        "REFUSED_STREAM: safe to try again"
    );
    server.is_unshaken(16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_begun_and_reset_by_the_thousand_do_not_trouble_others() {
    let mut server = Unshaken::new(process_with("").await);
    let address = server.process.address();
    let begun = Instant::now();
    let flood = tokio::spawn(async move {
        for _ in 0..20 {
            let Ok(mut stream) = TcpStream::connect(address).await else { continue };
            let mut bytes = HELLO.to_vec();
            for number in 0..5_000 {
                bytes.extend(watch(1 + 2 * number));
                bytes.extend(frame(RST_STREAM, 0, 1 + 2 * number, &[0, 0, 0, 8]));
            }
            // Cut off half-way, as it should be.
            let _ = timeout(Duration::from_secs(2), stream.write_all(&bytes)).await;
        }
    });

    let rest = server.process.visitor().rest();
    let mut slowest = Duration::ZERO;
    while !flood.is_finished() {
        let asked = Instant::now();
        assert_eq!(rest.get("/api/status").await.status, 200);
        slowest = slowest.max(asked.elapsed());
    }

    assert!(
        slowest < Duration::from_secs(1),
        "an answer took {slowest:?} within {:?}",
        begun.elapsed()
    );
    server.is_unshaken(48).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_break_the_protocol_end_their_connection_only() {
    let mut server = Unshaken::new(process_with("").await);

    for (what, bytes) in [
        ("a frame on stream 0", frame(HEADERS, END_HEADERS, 0, &call("/"))),
        ("an even stream", watch(2)),
        ("a stream from the past", [watch(5), watch(3)].concat()),
        ("broken HPACK", frame(HEADERS, END_HEADERS, 1, &[0xff; 20])),
        ("a vast table", frame(HEADERS, END_HEADERS, 1, &[0x3f, 0xff, 0xff, 0xff, 0xff, 0x7f])),
        ("headers that go on and on", {
            let goes_on: Vec<u8> = (0..1_000).flat_map(|_| frame(9, 0, 1, &[0x40; 100])).collect();
            [frame(HEADERS, 0, 1, &call("/")), goes_on].concat()
        }),
        ("a frame of 16 MB", [0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1].to_vec()),
        ("a window beyond its end", frame(8, 0, 0, &[0x7f, 0xff, 0xff, 0xff]).repeat(2)),
        ("a window that does not grow", frame(8, 0, 0, &[0; 4])),
        ("settings of five bytes", frame(SETTINGS, 0, 0, &[0; 5])),
        ("a short ping", frame(PING, 0, 0, &[0; 7])),
        ("a flood of pings", frame(PING, 0, 0, &[0; 8]).repeat(20_000)),
        ("a flood of settings", frame(SETTINGS, 0, 0, &[]).repeat(20_000)),
        ("a flood of empty data", [watch(1), frame(DATA, 0, 1, &[]).repeat(20_000)].concat()),
        ("a promise from a client", frame(5, END_HEADERS, 1, &[0, 0, 0, 2])),
    ] {
        let mut stream = TcpStream::connect(server.process.address()).await.expect("it listens");
        let _ = stream.write_all(&[HELLO, &bytes].concat()).await;
        let reading = async { while next_frame(&mut stream).await.is_some() {} };
        // Most are told GOAWAY at once; a flood may also simply be answered.
        let _ = timeout(Duration::from_millis(500), reading).await;
        drop(stream);

        let answer = server.process.visitor().rest().get("/api/status").await;
        assert_eq!(answer.status, 200, "after {what}");
    }
    server.is_unshaken(48).await;
}
