//! How far a command has come, for a person who waits for it at a terminal. Standard output is for what was done, and a
//! log that a machine reads has nothing else between its lines: then there is no bar.

use std::{pin::pin, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
/// How often a bar moves by itself.
const BEAT: Duration = Duration::from_millis(100);

/// A line on standard error that says how far something has come. It is gone when this is dropped. Nothing is written
/// where no person looks: into a file, a pipe, a terminal that cannot move its cursor, or beside JSON.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Of so many rows, each written and read back.
    #[must_use]
    pub fn of_rows(is_shown: bool) -> Self {
        const ROWS: &str =
            "{msg:<12} {wide_bar} {percent:>3} %  {human_pos} of {human_len}  {eta} left";
        Self::new(is_shown, ROWS)
    }

    /// Of so many bytes.
    #[must_use]
    pub fn of_bytes(is_shown: bool, all: u64) -> Self {
        const BYTES: &str = "{msg:<12} {wide_bar} {percent:>3} %  {bytes} of {total_bytes}";
        let this = Self::new(is_shown, BYTES);
        this.0.set_length(all);
        this
    }

    /// Of work whose size is unknown.
    #[must_use]
    pub fn of_time(is_shown: bool) -> Self {
        let this = Self::new(is_shown, "{spinner} {msg}  {elapsed}");
        if !this.0.is_hidden() {
            this.0.enable_steady_tick(BEAT);
        }
        this
    }

    fn new(is_shown: bool, template: &str) -> Self {
        let target =
            if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template(template).expect("the templates are tested");
        let style = style.progress_chars("=> ").tick_chars("-\\|/ ");
        Self(ProgressBar::with_draw_target(Some(0), target).with_style(style))
    }

    /// Says what is worked on.
    pub fn names(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    /// Says how much is done, of how much.
    pub fn is_at(&self, done: u64, of: u64) {
        self.0.set_length(of);
        self.0.set_position(done);
    }

    /// Waits for the end of something, and looks now and then how much of it is done.
    pub async fn follows<T>(&self, work: impl Future<Output = T>, done: impl Fn() -> u64) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                end = &mut work => return end,
                () = tokio::time::sleep(BEAT) => self.0.set_position(done()),
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_bar_can_be_made_and_hides_from_what_is_no_terminal() {
        for bar in [Progress::of_rows(true), Progress::of_bytes(true, 10), Progress::of_time(true)]
        {
            bar.names("games");
            bar.is_at(1, 2);
            let followed = bar.follows(async { tokio::time::sleep(BEAT * 2).await }, || 2);
            followed.await;
            assert_eq!(bar.0.position(), 2);
        }
    }
}
