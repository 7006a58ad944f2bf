//! callgrind, which runs a server and counts its instructions between two moments.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::process::Runner;

/// A server under callgrind writes its counts here, each time it is asked to.
pub(super) struct Callgrind {
    file: PathBuf,
}

/// What valgrind calls itself; fails where it is missing.
pub(super) async fn version() -> Result<String> {
    let told = Command::new("valgrind").arg("--version").output().await;
    let told = told.context("valgrind is not installed: on Debian, `apt-get install valgrind`")?;
    Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
}

impl Callgrind {
    /// One for one server.
    pub(super) fn writes_to(file: &Path) -> Self {
        Self { file: file.to_owned() }
    }

    /// Runs a server so that nothing is counted yet, which is several times quicker. It has one worker thread: then
    /// nothing depends on how many cores the machine has, and on which of them wakes first.
    pub(super) fn runner(&self) -> Runner {
        let mut file = OsString::from("--callgrind-out-file=");
        file.push(&self.file);
        let words = ["valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no"];
        let words = words.into_iter().map(OsString::from).chain([file]).collect();
        Runner { words, variables: vec![("TOKIO_WORKER_THREADS", "1".to_owned())] }
    }

    /// Lets this process count from now on.
    pub(super) async fn begin(&self, id: u32) -> Result<()> {
        tell(id, &["instrumentation", "on"]).await
    }

    /// Instructions since the last count.
    pub(super) async fn count(&self, id: u32) -> Result<u64> {
        tell(id, &["dump"]).await?;
        let folder = self.file.parent().context("the file has a folder")?;
        let name = self.file.file_name().context("the file has a name")?;
        let begin = format!("{}.", name.display());
        let mut dumps = fs::read_dir(folder)?.filter_map(Result::ok).filter_map(|file| {
            let number = file.file_name().to_string_lossy().strip_prefix(&begin)?.parse::<u32>();
            Some((number.ok()?, file.path()))
        });
        let (_, dump) = dumps.next().context("callgrind wrote nothing")?;
        ensure!(dumps.next().is_none(), "callgrind wrote more than one count");
        let count = total(&fs::read_to_string(&dump)?)?;
        // So that the next one is alone again.
        fs::remove_file(dump)?;
        Ok(count)
    }
}

/// vgdb, which comes with valgrind, gives a running process an order.
async fn tell(id: u32, order: &[&str]) -> Result<()> {
    let told = Command::new("vgdb").arg(format!("--pid={id}")).args(order).output().await;
    let told = told.context("could not start vgdb, which comes with valgrind")?;
    let complaint = String::from_utf8_lossy(&told.stderr);
    ensure!(told.status.success(), "vgdb failed at {order:?}: {complaint}");
    Ok(())
}

/// What a file of counts says of all of them.
fn total(told: &str) -> Result<u64> {
    let total = told.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = total.context("callgrind wrote no total")?.trim();
    total.parse().with_context(|| format!("a total is `{total}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_a_file_is_read() {
        let told = "version: 1\nevents: Ir\nsummary: 12\n\nfn=(1) main\n3 12\n\ntotals: 2786588\n";

        assert_eq!(total(told).expect("a total"), 2_786_588);
        assert!(total("events: Ir\n").is_err());
        assert!(total("totals: many\n").is_err());
    }
}
