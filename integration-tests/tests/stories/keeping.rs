//! What an installation keeps, and what its operator is told about it: files, databases, and the commands beside a
//! server.

mod accounts;
mod commands;
mod doctor;
mod files;

use std::process::Output;

/// What a command printed, on both streams.
fn said(output: &Output) -> String {
    let streams = [&output.stdout, &output.stderr];
    streams.map(|stream| String::from_utf8_lossy(stream).into_owned()).concat()
}
