//! `sir0 migrate`: the tables of a database brought up to date, and a report of what was done.

use std::fmt::Write;

use anyhow::Context;
use sir0_accounts::Accounts;
use sir0_storage::{Step, StepState};
use sir0_storefront::Storefront;

use crate::{Config, cli::Service, services::make_data_folder};

/// Applies what is missing, or with `check` only looks. Prints a line a step. Answers whether nothing is missing.
pub async fn migrate(
    config: &Config,
    service: Option<Service>,
    check: bool,
) -> anyhow::Result<bool> {
    let mut is_complete = true;
    for each in [Service::Accounts, Service::Storefront] {
        if service.is_some_and(|only| only != each) {
            continue;
        }
        if !check && config.keeps_tables_in_a_file(each.part()) {
            make_data_folder(config)?;
        }
        let steps = steps(config, each, check).await.with_context(|| {
            format!("the tables of {} cannot be brought up to date", each.name())
        })?;
        is_complete &= steps.iter().all(|step| step.state != StepState::Missing);
        say(&report(each.name(), &steps));
    }
    Ok(is_complete)
}

/// The steps of a service's tables: applied where they were missing, or with `check` only looked at.
pub(crate) async fn steps(
    config: &Config,
    service: Service,
    check: bool,
) -> sir0_storage::Result<Vec<Step>> {
    let Config { accounts, storefront, data_dir, .. } = config;
    match (service, check) {
        (Service::Accounts, false) => Accounts::migrate(accounts, data_dir).await,
        (Service::Accounts, true) => Accounts::inspect(accounts, data_dir).await,
        (Service::Storefront, false) => Storefront::migrate(storefront, data_dir).await,
        (Service::Storefront, true) => Storefront::inspect(storefront, data_dir).await,
    }
}

fn report(service: &str, steps: &[Step]) -> String {
    let mut text = format!("{service}\n");
    for Step { version, name, state } in steps {
        let state = match state {
            StepState::Present => "was there".to_owned(),
            StepState::Applied(took) => format!("applied in {} ms", took.as_millis()),
            StepState::Missing => "MISSING".to_owned(),
        };
        writeln!(text, "  {version:04} {name:<24} {state}").expect("a string grows");
    }
    text
}

#[expect(clippy::print_stdout, reason = "this is the program speaking to its user")]
fn say(text: &str) {
    print!("{text}");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_report_says_of_each_step_what_became_of_it() {
        let step = |version, name, state| Step { version, name, state };

        let text = report(
            "storefront",
            &[
                step(1, "games", StepState::Present),
                step(2, "events", StepState::Applied(Duration::from_millis(12))),
                step(3, "search", StepState::Missing),
            ],
        );

        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "storefront");
        assert!(lines[1].contains("0001 games") && lines[1].ends_with("was there"));
        assert!(lines[2].contains("0002 events") && lines[2].ends_with("applied in 12 ms"));
        assert!(lines[3].contains("0003 search") && lines[3].ends_with("MISSING"));
    }
}
