//! What an operator does at the command line, straight in the accounts database; a running server hears of it.

use std::sync::Arc;

use anyhow::Context;
use sir0_accounts::Operator;
use sir0_kernel::SystemClock;

use crate::{
    Config,
    cli::{Admin, read_password},
    say::say,
};

/// Runs one command, and says what it did and where.
pub async fn run(config: &Config, command: Admin) -> anyhow::Result<()> {
    // The database is opened before the password is asked for; otherwise the password could be typed for nothing.
    let operator =
        Operator::open(&config.accounts, &config.data_dir, Arc::new(SystemClock)).await?;
    let done = perform(&operator, command).await;
    let place = operator.place();
    operator.close().await;
    say(&format!("{}\nAccounts are in {place}\n", done?))?;
    Ok(())
}

async fn perform(operator: &Operator, command: Admin) -> anyhow::Result<String> {
    match command {
        Admin::Create { email, username, role } => {
            let password = read_password()?;
            let id = operator.create(&username, &email, &password, role).await;
            let id = id.context("the account was not made")?;
            Ok(format!("User {id} `{username}` can sign in as {role}."))
        }
        Admin::Grant { email, role } => {
            let (id, changed) =
                operator.grant(&email, role).await.context("the role was not given")?;
            Ok(if changed {
                format!(
                    "User {id} is {role} from the next sign-in on; sessions that were open have ended."
                )
            } else {
                format!("User {id} is {role} already.")
            })
        }
    }
}
