//! When to stop.

use std::io;

/// Listens from now on for a request to stop the process: `SIGTERM` from a supervisor, Ctrl-C from a person. The future
/// it returns ends when one came. Until this is called, either signal ends the process on the spot.
pub fn listen() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut asked = signals()?;
    Ok(async move {
        asked.recv().await;
        tracing::info!(
            "stopping: streams are told to resume elsewhere, calls that run are finished"
        );
    })
}

#[cfg(unix)]
fn signals() -> io::Result<Asked> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Asked {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
    })
}

#[cfg(unix)]
struct Asked {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Asked {
    async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(windows)]
type Asked = tokio::signal::windows::CtrlC;

#[cfg(windows)]
fn signals() -> io::Result<Asked> {
    tokio::signal::windows::ctrl_c()
}
