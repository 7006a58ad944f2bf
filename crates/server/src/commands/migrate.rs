//! `sir0 migrate`: the tables of a database brought up to date, and a report of what was done.

use std::fmt::Write;

use anyhow::Context;
use sir0_host::{Configured, Progress, Service};
use sir0_storage::{self as storage, Step, StepState};

use super::say;
use crate::{Config, services::close_data_folder};

/// Applies what is missing, or with `check` only looks. Prints a line a step. Answers whether nothing is missing.
pub async fn migrate(
    config: &Config,
    service: Option<&Service>,
    check: bool,
) -> anyhow::Result<bool> {
    let mut is_complete = true;
    for each in config.services.iter() {
        let name = each.service().name;
        if service.is_some_and(|only| only.name != name) {
            continue;
        }
        if !check && each.keeps_tables_in_a_file() {
            close_data_folder(config)?;
        }
        let progress = Progress::of_time(config.shows_progress());
        progress.names(&format!("the tables of {name}"));
        let steps = steps(config, each, check).await;
        drop(progress);
        let steps =
            steps.with_context(|| format!("the tables of {name} cannot be brought up to date"))?;
        is_complete &= steps.iter().all(|step| step.state != StepState::Missing);
        say(&report(&format!("{name} in {}", each.location(&config.data_dir)?), &steps))?;
    }
    Ok(is_complete)
}

/// The steps of a service's tables: applied where they were missing, or with `check` only looked at.
pub(crate) async fn steps(
    config: &Config,
    service: &dyn Configured,
    check: bool,
) -> storage::Result<Vec<Step>> {
    let place = service.location(&config.data_dir)?;
    if check {
        place.inspect(service.service().tables).await
    } else {
        service.migrate(&place).await
    }
}

fn report(tables: &str, steps: &[Step]) -> String {
    let mut text = format!("{tables}\n");
    for Step { version, name, state } in steps {
        let name = if *state == StepState::Newer { "(not known here)" } else { name };
        let state = match state {
            StepState::Present => "was there".to_owned(),
            StepState::Applied(took) => format!("applied in {} ms", took.as_millis()),
            StepState::Missing => "MISSING".to_owned(),
            StepState::Newer => "from a newer version".to_owned(),
        };
        writeln!(text, "  {version:04} {name:<24} {state}").expect("a string grows");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_report_says_of_each_step_what_became_of_it() {
        let step = |version, name, state| Step { version, name, state };

        let text = report(
            "storefront in /srv/games/storefront.db",
            &[
                step(1, "games", StepState::Present),
                step(2, "events", StepState::Applied(Duration::from_millis(12))),
                step(3, "search", StepState::Missing),
                step(4, "", StepState::Newer),
            ],
        );

        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "storefront in /srv/games/storefront.db");
        assert!(lines[1].contains("0001 games") && lines[1].ends_with("was there"));
        assert!(lines[2].contains("0002 events") && lines[2].ends_with("applied in 12 ms"));
        assert!(lines[3].contains("0003 search") && lines[3].ends_with("MISSING"));
        assert!(lines[4].contains("0004 (not known") && lines[4].ends_with("newer version"));
    }
}
