//! Where and when it was measured: without that, a figure says nothing.

use std::{fs, thread};

use tokio::process::Command;

/// The machine and the moment.
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    pub(crate) date: String,
    /// How many processes wanted a core in the last minute: what else the machine was doing.
    pub(crate) busy: String,
}

impl Machine {
    /// Asks the system.
    pub(crate) async fn read() -> Self {
        Self {
            processor: field("/proc/cpuinfo", "model name"),
            cores: thread::available_parallelism().map_or(1, usize::from),
            memory: memory(&field("/proc/meminfo", "MemTotal")),
            kernel: first_line("uname", &["-sr"]).await,
            rustc: first_line("rustc", &["--version"]).await,
            date: first_line("date", &["-u", "+%Y-%m-%d"]).await,
            busy: busy(),
        }
    }
}

/// What stands where the system does not tell.
const UNKNOWN: &str = "unknown";

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    value.map_or_else(|| UNKNOWN.to_owned(), |(_, value)| value.trim().to_owned())
}

fn busy() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or(UNKNOWN).to_owned()
}

/// `24684092 kB` as people say it.
fn memory(text: &str) -> String {
    let kibibytes = text.strip_suffix(" kB").and_then(|number| number.parse::<f64>().ok());
    kibibytes.map_or_else(
        || text.to_owned(),
        |kibibytes| format!("{:.1} GiB of memory", kibibytes / 1_024.0 / 1_024.0),
    )
}

async fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().await;
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    said.ok().and_then(|said| said.lines().next().map(str::to_owned)).unwrap_or(UNKNOWN.to_owned())
}
