//! Running a foreign program for a bounded time, and keeping what it said.

use std::{process::Stdio, time::Duration};

use serde_json::{Deserializer, Value};
use sir0_testkit::LONG;
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::find::find;

/// What a judge said once it was done.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The code it ended with.
    pub(crate) code: Option<i32>,
    /// What it wrote to standard output.
    pub(crate) said: String,
    /// What it wrote to standard error.
    pub(crate) complained: String,
}

impl Verdict {
    /// What it said, for one that has nothing to complain about.
    pub(crate) fn approved(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.said, self.complained);
        self.said
    }

    /// As [`Self::approved`], for one that answers in JSON.
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.approved()).expect("the judge answers in JSON")
    }
}

/// A foreign program that still needs its arguments. It is killed when it is dropped.
pub(crate) fn judge(name: &str) -> Command {
    let mut command = Command::new(find(name));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs a judge to its end.
pub(crate) async fn hear(command: &mut Command) -> Verdict {
    hear_within(LONG, command).await
}

/// As [`hear`], for one that takes its time.
pub(crate) async fn hear_within(patience: Duration, command: &mut Command) -> Verdict {
    let output = timeout(patience, command.output()).await.expect("the judge ends in time");
    let output = output.expect("the judge starts");
    let text = |bytes| String::from_utf8(bytes).expect("the judge writes UTF-8");
    Verdict {
        code: output.status.code(),
        said: text(output.stdout),
        complained: text(output.stderr),
    }
}

/// A judge that listens to a stream. It is killed when it is dropped.
pub(crate) struct Listener {
    _child: Child,
    stdout: ChildStdout,
    read: Vec<u8>,
}

impl Listener {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::inherit()).spawn().expect("the judge starts");
        let stdout = child.stdout.take().expect("a piped stream is there once");
        Self { _child: child, stdout, read: Vec::new() }
    }

    /// The next object it tells of.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            let mut told = Deserializer::from_slice(&self.read).into_iter();
            if let Some(Ok(value)) = told.next() {
                let end = told.byte_offset();
                self.read.drain(..end);
                return value;
            }
            let more = timeout(LONG, self.stdout.read_buf(&mut self.read)).await;
            let more = more.expect("the judge hears something in time").expect("a pipe");
            assert!(more > 0, "the judge ended");
        }
    }
}
