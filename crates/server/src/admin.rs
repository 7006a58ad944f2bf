//! What an operator does at the command line, straight in the accounts database; a running server hears of it.

use anyhow::Context;
use sir0_accounts::Accounts;

use crate::{
    Config, Parts,
    cli::{Admin, read_password},
    parts::Part,
    services::Services,
};

/// Runs one command and says what it did.
pub async fn run(config: &Config, command: Admin) -> anyhow::Result<()> {
    let password = match &command {
        Admin::Create { .. } => read_password()?,
        Admin::Grant { .. } => String::new(),
    };
    let services = Services::open(config, Parts::only(Part::Accounts)).await?;
    let accounts = services.accounts.clone().expect("accounts was asked for");
    let done = perform(&accounts, command, &password).await;
    services.close().await;
    println!("{}", done?);
    Ok(())
}

async fn perform(accounts: &Accounts, command: Admin, password: &str) -> anyhow::Result<String> {
    match command {
        Admin::Create { email, username, role } => {
            let id = accounts.create(&username, &email, password, role).await;
            let id = id.context("the account was not made")?;
            Ok(format!("User {id} `{username}` can sign in as {role}."))
        }
        Admin::Grant { email, role } => {
            let (id, changed) =
                accounts.grant(&email, role).await.context("the role was not given")?;
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
