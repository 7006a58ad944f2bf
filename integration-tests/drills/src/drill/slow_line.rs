//! A database that is some milliseconds away.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep_until},
};

/// How many pieces may be under way; more wait at their sender.
const UNDER_WAY: usize = 256;

/// Hands bytes on, each after the delay of the line. It makes no new connection once it is dropped.
pub(crate) struct SlowLine {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl SlowLine {
    /// A line to this port of loopback.
    pub(crate) async fn to(port: u16, delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(async move {
                    // When one side is gone, the other is soon gone too.
                    if let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await {
                        join(near, far, delay);
                    }
                });
            }
        });
        Ok(Self { address, accepting })
    }

    /// Where it begins.
    pub(crate) const fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for SlowLine {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn join(near: TcpStream, far: TcpStream, delay: Duration) {
    for side in [&near, &far] {
        // A line that waits for more before it sends would be slower than it says. A line that is gone is no slower.
        let _ = side.set_nodelay(true);
    }
    let (near_reads, near_writes) = near.into_split();
    let (far_reads, far_writes) = far.into_split();
    carry(near_reads, far_writes, delay);
    carry(far_reads, near_writes, delay);
}

fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (sender, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    tokio::spawn(async move {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            let bytes = piece.get(..length).unwrap_or_default().to_vec();
            if sender.send((Instant::now() + delay, bytes)).await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((due, bytes)) = under_way.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_goes_over_the_line_takes_its_time_both_ways_and_arrives_whole() {
        let echo = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = echo.local_addr().expect("a bound port").port();
        tokio::spawn(async move {
            let (mut stream, _) = echo.accept().await.expect("a connection");
            let (mut reads, mut writes) = stream.split();
            tokio::io::copy(&mut reads, &mut writes).await.expect("an echo");
        });
        let delay = Duration::from_millis(20);
        let line = SlowLine::to(port, delay).await.expect("a line");
        let mut stream = TcpStream::connect(("127.0.0.1", line.port())).await.expect("it takes us");

        let asked = Instant::now();
        stream.write_all(b"lantern").await.expect("room to write");
        let mut heard = [0; 7];
        stream.read_exact(&mut heard).await.expect("an echo");

        assert_eq!(&heard, b"lantern");
        assert!(asked.elapsed() >= 2 * delay);
    }
}
