use std::{future::poll_fn, pin::pin, time::Duration};

use http::{StatusCode, Version};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::*;

async fn a_wire() -> (TcpStream, Wire, Activity) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let activity = Activity::default();
    (
        client,
        Wire::new(LingeringStream::new(stream), activity.clone(), Backlog::default()),
        activity,
    )
}

/// Reads for this time, and answers how many bytes came.
async fn reads_for(wire: &mut Wire, time: Duration) -> usize {
    let (mut chunk, mut all) = ([0; 4096], 0);
    let _ = timeout(time, async {
        while let Ok(count @ 1..) = wire.read(&mut chunk).await {
            all += count;
        }
    })
    .await;
    all
}

#[tokio::test]
async fn a_socket_is_read_at_its_pace_and_a_request_is_not() {
    const BURST: usize = SOCKET_BURST as usize;
    let (mut client, mut wire, activity) = a_wire().await;
    tokio::spawn(async move {
        let _ = client.write_all(b"GET /ws HTTP/1.1\r\n\r\n").await;
        let bytes = vec![0x80; 64 * 1024];
        while client.write_all(&bytes).await.is_ok() {}
    });

    let before = reads_for(&mut wire, Duration::from_millis(500)).await;
    activity.begin(Version::HTTP_11).answered(StatusCode::SWITCHING_PROTOCOLS);
    let begun = Instant::now();
    let after = reads_for(&mut wire, Duration::from_secs(1)).await;

    assert!(before > 2 * BURST, "{before} bytes of a request");
    let most = BURST + 4096 + begun.elapsed().as_millis() as usize * SOCKET_PACE as usize / 1000;
    assert!((BURST..=most).contains(&after), "{after} bytes of a socket");
}

/// Hears what the client speaks, and then reads as much as was said.
async fn is_heard_to_speak(said: &[&[u8]]) -> (Version, Vec<usize>, Vec<u8>) {
    let (mut client, mut wire, _activity) = a_wire().await;
    let pieces: Vec<Vec<u8>> = said.iter().map(|piece| piece.to_vec()).collect();
    let talking = tokio::spawn(async move {
        for piece in pieces {
            client.write_all(&piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let version = poll_fn(|context| wire.poll_spoken(context)).await.unwrap();
    talking.await.unwrap();
    let (mut heard, mut reads) = (Vec::with_capacity(4096), Vec::new());
    while let Ok(count @ 1..) = wire.read_buf(&mut heard).await {
        reads.push(count);
    }
    (version, reads, heard)
}

#[tokio::test]
async fn the_first_bytes_tell_what_a_client_speaks_and_are_read_with_those_that_follow() {
    let head = &b"GET /api/games:watch HTTP/1.1\r\nHost: sir0\r\n\r\n"[..];
    let nearly = &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX and more"[..];
    let both = [&PREFACE[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    for (said, version, reads) in [
        (vec![head], Version::HTTP_11, vec![head.len()]),
        (vec![&head[..1], &head[1..]], Version::HTTP_11, vec![head.len()]),
        (vec![&nearly[..3], &nearly[3..]], Version::HTTP_11, vec![nearly.len()]),
        (vec![&b"P"[..]], Version::HTTP_11, vec![1]),
        (vec![], Version::HTTP_11, vec![]),
        (vec![&both[..5], &both[5..20], &both[20..]], Version::HTTP_2, vec![24, 9]),
    ] {
        let spoken = is_heard_to_speak(&said).await;

        assert_eq!(spoken, (version, reads, said.concat()), "{said:?}");
    }
}

#[tokio::test]
async fn a_connection_that_says_much_lets_others_go_first_and_loses_nothing() {
    let (mut client, mut wire, _activity) = a_wire().await;
    client.write_all(PREFACE).await.unwrap();
    wire.read_exact(&mut [0; PREFACE.len()]).await.unwrap();
    let data = [&[0, 4, 0, 0, 0, 0, 0, 0, 1][..], &[7; 1024][..]].concat();
    let said = [[0, 0, 0, 8, 0, 0, 0, 0, 0].repeat(100), data].concat();
    client.write_all(&said).await.unwrap();

    let (mut chunk, mut heard, mut turns) = ([0; 4096], Vec::new(), 0);
    while heard.len() < said.len() {
        let mut reading = pin!(wire.read(&mut chunk));
        let read = match futures::poll!(reading.as_mut()) {
            Poll::Ready(read) => read,
            Poll::Pending => {
                turns += 1;
                reading.await
            }
        };
        heard.extend_from_slice(&chunk[..read.unwrap()]);
    }

    assert_eq!(heard, said);
    assert!((2..=3).contains(&turns), "900 bytes of frames and a body in {turns} turns");
}

#[tokio::test]
async fn a_flood_is_read_as_headers_that_never_end() {
    let (mut client, mut wire, activity) = a_wire().await;
    let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    client.write_all(&[&PREFACE[..], &ping.repeat(4_100)].concat()).await.unwrap();

    let mut read = Vec::new();
    while !activity.is_flooded() {
        assert!(wire.read_buf(&mut read).await.unwrap() > 0);
    }

    let pings = &read[PREFACE.len()..];
    let end = pings.windows(9).position(|it| it == [0, 0, 0, 1, 0, 0x7f, 0xff, 0xff, 0xff]);
    let end = end.expect("headers behind them");
    assert!(end % ping.len() == 0 && end / ping.len() >= 4_000, "{end}");
    assert!(pings[end + 9..].starts_with(&[0, 0, 0, 9, 0, 0x7f, 0xff, 0xff, 0xff]));
}
