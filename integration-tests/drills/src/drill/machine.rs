//! Where and when it was measured: without that, a figure says nothing.

use std::{fs, process::Command, thread};

/// What stands where the system does not tell.
const UNKNOWN: &str = "unknown";

/// The machine and the moment, in one line.
pub(crate) fn describe() -> String {
    let processor = field("/proc/cpuinfo", "model name");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let memory = field("/proc/meminfo", "MemTotal");
    let memory: u64 = memory.split(' ').next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
    let gibibytes = memory / 1_024 / 1_024;
    let (kernel, date) = (said_by("uname", &["-sr"]), said_by("date", &["-u", "+%Y-%m-%d"]));
    format!("{date}, {processor}, {cores} cores, {gibibytes} GiB of memory, {kernel}")
}

/// How many processes wanted a core in the last minute: what else the machine was doing.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or(UNKNOWN).to_owned()
}

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    value.map_or_else(|| UNKNOWN.to_owned(), |(_, value)| value.trim().to_owned())
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.unwrap_or_else(|_absent| UNKNOWN.to_owned())
}
