//! A database: whether it answers, is whole, is on time, and has the tables of this version.

use std::time::Duration;

use sir0_host::{Configured, Finding, full};
use sir0_kernel::{Clock, SystemClock};
use sir0_storage::{Examination, Location, Step, StepState};

use crate::{Config, commands::migrate::steps};

/// Tokens expire by the clocks of several machines: further apart than this, one refuses what another just made.
const CLOCKS_APART: Duration = Duration::from_secs(2);
/// A database that takes longer to answer makes every call slow.
const SLOW: Duration = Duration::from_millis(500);

/// What was found about a database or its tables, and whether what is in it can be looked at.
pub(super) struct Look {
    pub(super) finding: Finding,
    pub(super) is_there: bool,
}

/// Looks at a database from outside.
pub(super) async fn look(place: &Location) -> Look {
    if let Location::Sqlite(file) = place
        && !file.exists()
    {
        let finding =
            Finding::Doubtful(format!("{place} is not there yet"), "`sir0 serve` makes it");
        return Look { finding, is_there: false };
    }
    match place.examine().await {
        Ok(exam) => Look { finding: judge(place, &exam), is_there: true },
        Err(error) => {
            let finding = Finding::Failing(format!("{place}: {}", full(&error)), error.cure());
            Look { finding, is_there: false }
        }
    }
}

fn judge(place: &Location, exam: &Examination) -> Finding {
    let Examination { engine, took, clock, is_writable, connections } = exam;
    let detail = format!("{place}: {engine} answers in {} ms", took.as_millis());
    if !is_writable {
        return Finding::Failing(
            format!("{detail}, but only reads"),
            "promote the standby, or check the owner of the file",
        );
    }
    if let Some(clock) = clock {
        let apart = Duration::from_micros(clock.micros().abs_diff(SystemClock.now().micros()));
        if apart > CLOCKS_APART + *took {
            return Finding::Failing(
                format!("{detail}, its clock is {} ms from ours", apart.as_millis()),
                "let both machines follow NTP",
            );
        }
    }
    if let Some((used, most)) = connections
        && used * 10 > most * 8
    {
        return Finding::Doubtful(
            format!("{detail}, {used} of its {most} connections are in use"),
            "lower `database_connections`, raise `max_connections`, or put a pooler in between",
        );
    }
    if *took > SLOW {
        return Finding::Doubtful(
            detail,
            "every call waits for this: check the network and its load",
        );
    }
    Finding::Well(detail)
}

/// Looks at the tables of a service, as far as this version knows them.
pub(super) async fn tables(config: &Config, service: &dyn Configured) -> Look {
    let steps = match steps(config, service, true).await {
        Ok(steps) => steps,
        Err(error) => {
            let finding = Finding::Failing(full(&error), error.cure());
            return Look { finding, is_there: false };
        }
    };
    let is_there = steps.iter().all(|step| step.state != StepState::Missing);
    Look { finding: judge_tables(&steps), is_there }
}

fn judge_tables(steps: &[Step]) -> Finding {
    let newer = Step::newer(steps);
    let ours = steps.len() - newer.len();
    let missing = steps.iter().filter(|step| step.state == StepState::Missing).count();
    if missing > 0 {
        return Finding::Doubtful(
            format!("{missing} of {ours} steps are missing"),
            "`sir0 migrate` applies them, and so does `sir0 serve`",
        );
    }
    if newer.is_empty() {
        return Finding::Well(format!("all {ours} steps are there"));
    }
    Finding::Doubtful(
        format!("all {ours} steps are there, and step {} of a newer version", newer.join(", ")),
        "fine while one version replaces the other; else run the newer one",
    )
}
