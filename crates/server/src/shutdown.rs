//! When to stop.

/// Ends when someone asks the process to stop: `SIGTERM` from a supervisor, Ctrl-C from a person.
pub async fn requested() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate =
            signal(SignalKind::terminate()).expect("this process may listen to its own signals");
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
    tracing::info!("stopping: streams are told to resume elsewhere, calls that run are finished");
}
