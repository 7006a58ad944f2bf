//! Closing a connection so that the last answer is read.
//!
//! A socket that is closed while bytes of the client lie unread is reset, and a reset overtakes the answer on its way.
//! The sender of a body that is too large would see a broken connection, not the refusal. So the server says the end
//! first, and throws away for a moment what still comes (RFC 9112, 9.6).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    runtime::Handle,
    time::timeout,
};

/// How long the client has to read the last answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much of what the client still sends is read meanwhile.
const MOST: u64 = 16 * 1024 * 1024;

/// A connection that lingers when it is dropped.
pub(crate) struct LingeringStream(Option<TcpStream>);

impl LingeringStream {
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self(Some(stream))
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(self.get_mut().0.as_mut().expect("taken only when dropped"))
    }
}

impl Drop for LingeringStream {
    fn drop(&mut self) {
        let (Some(stream), Ok(runtime)) = (self.0.take(), Handle::try_current()) else { return };
        runtime.spawn(async move {
            let _ = timeout(PATIENCE, linger(stream)).await;
        });
    }
}

async fn linger(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = stream.take(MOST);
    let mut discarded = [0; 8 * 1024];
    while rest.read(&mut discarded).await? > 0 {}
    Ok(())
}

impl AsyncRead for LingeringStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(context, into)
    }
}

impl AsyncWrite for LingeringStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, from)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(context, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }
}
