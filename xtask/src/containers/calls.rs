//! Calls that go on while something happens, and how they went.

use std::{
    fmt::Write as _,
    fs::{self, File},
    path::PathBuf,
    process::{Child, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};

use super::engine::Engine;

/// How many calls a second.
const RATE: &str = "100/s";
/// Enough for the longest of what happens meanwhile.
const MOST: usize = 12_000;

/// A call that is made over and over.
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Option<&'static str>,
}

/// Calls that go on. They end when this is dropped.
pub(super) struct Calls {
    curl: Child,
    told: PathBuf,
}

/// How calls went.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) right: usize,
    /// Calls that were answered with 503: trying again is safe, and helps.
    pub(super) again: usize,
    /// Calls with any other answer, or with none.
    pub(super) wrong: Vec<String>,
    pub(super) longest: Duration,
}

impl Calls {
    /// Begins to make these calls by turns, through the proxy.
    pub(super) fn begin(engine: &Engine, calls: &[Call], token: &str) -> Result<Self> {
        let list = engine.folder().join("calls.txt");
        let mut text = format!("rate = {RATE}\n");
        for call in calls.iter().cycle().take(MOST) {
            let Call { method, path, body } = call;
            writeln!(
                text,
                "url = \"http://127.0.0.1:8080{path}\"\nrequest = {method}\nsilent\nmax-time = 10\n\
                 header = \"authorization: Bearer {token}\"\noutput = /dev/null\n\
                 write-out = \"%{{http_code}} %{{time_total}} {method} {path}\\n\""
            )?;
            if let Some(body) = body {
                writeln!(text, "data = {body:?}")?;
            }
            text += "next\n";
        }
        fs::write(&list, text)?;
        let told = engine.folder().join("answers.txt");
        let curl = engine
            .command("curl")
            .arg("--config")
            .arg(list)
            .stdin(Stdio::null())
            .stdout(File::create(&told)?)
            .spawn()
            .context("there is no curl")?;
        Ok(Self { curl, told })
    }

    /// Ends the calls, and answers with how they went.
    pub(super) fn end(mut self) -> Result<Tally> {
        self.curl.kill()?;
        self.curl.wait()?;
        Ok(Tally::of(&fs::read_to_string(&self.told)?))
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.curl.kill();
        let _ = self.curl.wait();
    }
}

impl Tally {
    fn of(answers: &str) -> Self {
        let mut tally = Self::default();
        // The last line may have been cut off.
        let whole = answers.rfind('\n').map_or("", |end| &answers[..end]);
        for line in whole.lines() {
            match line.get(..4) {
                Some("200 ") => tally.right += 1,
                Some("503 ") => tally.again += 1,
                _ => tally.wrong.push(line.to_owned()),
            }
            let seconds = line.split(' ').nth(1).and_then(|word| word.parse().ok());
            let took = Duration::from_secs_f64(seconds.unwrap_or_default());
            tally.longest = tally.longest.max(took);
        }
        tally
    }

    /// The tally in one line.
    pub(super) fn line(&self) -> String {
        let Self { right, again, wrong, longest } = self;
        let wrong = wrong.len();
        format!(
            "{right} calls right, {again} to be tried again, {wrong} wrong, longest {longest:.2?}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_right_or_says_try_again_or_is_wrong() {
        let answers = "200 0.001 GET /a\n503 0.2 PUT /a\n404 0.1 GET /a\n000 10.0 GET /a\n200 0.0";

        let tally = Tally::of(answers);

        assert_eq!((tally.right, tally.again), (1, 1));
        assert_eq!(tally.wrong, ["404 0.1 GET /a", "000 10.0 GET /a"]);
        assert_eq!(tally.longest, Duration::from_secs(10));
    }
}
