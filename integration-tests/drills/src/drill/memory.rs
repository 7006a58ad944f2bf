//! How much memory a process took.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use sir0_testkit::rss_of;
use tokio::{task::JoinHandle, time::sleep};

/// The most memory that was resident.
pub(super) struct Peak {
    is_over: Arc<AtomicBool>,
    most: Arc<AtomicU64>,
    watching: JoinHandle<()>,
}

impl Peak {
    /// Looks at this process from now on.
    pub(super) fn begins(pid: u32) -> Self {
        let (is_over, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (over, peak) = (Arc::clone(&is_over), Arc::clone(&most));
        let watching = tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                peak.fetch_max(rss_of(pid).unwrap_or_default(), Ordering::SeqCst);
                sleep(Duration::from_millis(10)).await;
            }
        });
        Self { is_over, most, watching }
    }

    /// Looks no longer, and answers with the most, in bytes.
    pub(super) async fn ends(self) -> Result<u64> {
        self.is_over.store(true, Ordering::SeqCst);
        self.watching.await.context("nobody watched")?;
        Ok(self.most.load(Ordering::SeqCst))
    }
}
