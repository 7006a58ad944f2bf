//! Frames without a use: a client that sends them without end is told to calm down, and loses its connection.

use std::{net::SocketAddr, time::Duration};

use sir0_testkit::process;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use super::streams::{HELLO, frame, next_frame, watch};
use crate::stage::Unshaken;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const UNKNOWN: u8 = 0x42;
const ACK: u8 = 1;
const ENHANCE_YOUR_CALM: u8 = 11;

/// Every one of these floods ends sooner than this, also on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// Says something once, and something else until the connection ends. Answers with the last byte of the error that
/// `GOAWAY` named, if it came.
async fn floods(address: SocketAddr, first: &[u8], flood: &[u8]) -> Option<u8> {
    let stream = TcpStream::connect(address).await.expect("it listens");
    let (mut reader, mut writer) = stream.into_split();
    let (hello, many) = ([HELLO, first].concat(), flood.repeat(16 * 1024 / flood.len() + 1));
    let writing = tokio::spawn(async move {
        let _ = writer.write_all(&hello).await;
        while writer.write_all(&many).await.is_ok() {}
    });
    let mut why = None;
    let reading = async {
        while let Some(came) = next_frame(&mut reader).await {
            if came.kind == GOAWAY {
                why = came.content.get(7).copied();
            }
        }
    };
    let ended = timeout(SOON, reading).await;
    writing.abort();
    ended.expect("the connection ends");
    why
}

/// Each calls, and resets before there is an answer.
fn calls_and_resets() -> Vec<u8> {
    (0..20_000)
        .flat_map(|number| {
            let stream = 1 + 2 * number;
            [watch(stream), frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_any_frame_ends_its_connection_and_fills_no_log() {
    let mut server = Unshaken::new(process().await);
    let address = server.process.address();
    let logged = server.process.log().len();

    for (what, first, flood) in [
        ("answers to pings that nobody sent", vec![], frame(PING, ACK, 0, &[0; 8])),
        ("pings", vec![], frame(PING, 0, 0, &[0; 8])),
        ("settings", vec![], frame(SETTINGS, 0, 0, &[])),
        ("settings of a kind", vec![], frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0])),
        ("windows of the connection", vec![], frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("windows of a stream", watch(1), frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])),
        ("priorities", vec![], frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 16])),
        ("frames nobody knows", vec![], frame(UNKNOWN, 0, 0, &[7; 16])),
        ("resets of a call that ended", watch(1), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])),
        ("calls and resets", vec![], calls_and_resets()),
        ("empty data", frame(HEADERS, 4, 1, &[0x83, 0x86, 0x84]), frame(DATA, 0, 1, &[])),
        ("crumbs of data", frame(HEADERS, 4, 1, &[0x83, 0x86, 0x84]), frame(DATA, 0, 1, &[1])),
        ("headers that go on", frame(HEADERS, 0, 1, &[0x83]), frame(CONTINUATION, 0, 1, &[])),
        ("a ping in two halves", vec![0, 0, 8], {
            // Always cut in the middle of its head.
            [&[PING, 0, 0, 0, 0, 0][..], &[0; 8], &[0, 0, 8]].concat()
        }),
    ] {
        let mut why = None;
        // The word is lost when the end of a connection with unread bytes overtakes it (RFC 9112, 9.6).
        for _ in 0..10 {
            why = floods(address, &first, &flood).await;
            if why.is_some() {
                break;
            }
        }

        // Where the frames break the protocol as well, that may be said first; the crumbs fill a window.
        let why = why.unwrap_or_else(|| panic!("no word after {what}"));
        let also = matches!(what, "resets of a call that ended" | "crumbs of data");
        assert!(why == ENHANCE_YOUR_CALM || also, "{what}: {why}");
    }

    let logged = server.process.log().len() - logged;
    assert!(logged < 32 * 1024, "{logged} bytes of log");
    server.is_unshaken(48).await;
}
