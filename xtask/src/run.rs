//! A run is a list of steps: each says when it starts, how it ended and how long it took, and one that fails
//! does not hide the next.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The steps so far.
pub(crate) struct Run {
    started: Instant,
    steps: Vec<Step>,
    last_word: Option<String>,
}

struct Step {
    name: &'static str,
    took: Duration,
    passed: bool,
}

impl Run {
    /// Starts the clock.
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), steps: Vec::new(), last_word: None }
    }

    /// Does one step and says how it went. What it found is there only if it passed.
    pub(crate) fn step<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<T>,
    ) -> Option<T> {
        println!("── {name}");
        let started = Instant::now();
        let outcome = work();
        let step = Step { name, took: started.elapsed(), passed: outcome.is_ok() };
        println!("{}", step.line());
        self.steps.push(step);
        outcome.map_err(|failure| println!("   {failure:#}")).ok()
    }

    /// Keeps a line for the very end, where a reader of a long log looks first.
    pub(crate) fn end_with(&mut self, line: String) {
        self.last_word = Some(line);
    }

    /// Sums up. Fails if any step did.
    pub(crate) fn finish(self) -> Result<()> {
        let failed: Vec<_> =
            self.steps.iter().filter(|step| !step.passed).map(|step| step.name).collect();
        println!("── all steps, {}", seconds(self.started.elapsed()));
        for step in &self.steps {
            println!("{}", step.line());
        }
        if let Some(line) = &self.last_word {
            println!("{line}");
        }
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}

impl Step {
    fn line(&self) -> String {
        let word = if self.passed { "ok" } else { "FAILED" };
        format!("   {word:<6} {:<16} {:>8}", self.name, seconds(self.took))
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_run_but_not_the_step_after_it() {
        let mut run = Run::start();

        let first: Option<()> = run.step("first", || bail!("broken"));
        let second = run.step("second", || Ok(2));

        assert_eq!((first, second), (None, Some(2)));
        let failure = run.finish().expect_err("the first step failed");
        assert_eq!(failure.to_string(), "failed: first");
    }

    #[test]
    fn a_run_without_failures_passes() {
        let mut run = Run::start();

        run.step("only", || Ok(()));

        assert!(run.finish().is_ok());
    }
}
