//! Accounts as they are listed, shown and changed at the command line.

use std::fmt::Write;

use anyhow::Context;
use clap::Args;
use sir0_kernel::Role;
use sir0_rpc::wire_time;

use super::role;
use crate::{
    Operator,
    convert::administration::search,
    domain::{Access, Account, Measure, Shown},
    operator::Done,
};

/// Which accounts to list.
#[derive(Clone, Debug, Args)]
pub(super) struct List {
    /// Only the account with this e-mail, in any case.
    #[arg(long)]
    email: Option<String>,
    /// Only accounts whose name begins so, in any case.
    #[arg(long)]
    username: Option<String>,
    /// Only accounts with this role.
    #[arg(long, value_parser = role())]
    role: Option<Role>,
    /// Only accounts that are disabled.
    #[arg(long)]
    disabled: bool,
    /// How many at most.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    most: u16,
}

/// Which account it is about.
#[derive(Clone, Debug, Args)]
pub(super) struct Of {
    /// The e-mail of the account, in any case.
    #[arg(long)]
    email: String,
}

/// A line for each account: its id, its role, its state, its e-mail, and its name, which may have blanks in it.
pub(super) async fn list(operator: &Operator, list: List) -> anyhow::Result<String> {
    let List { email, username, role, disabled, most } = list;
    let role = role.map(Role::as_str);
    let disabled = disabled.then_some(true);
    let search = search(email.as_deref(), username.as_deref(), role, disabled)?;
    let listed = operator.list(&search, most.into()).await;
    let (accounts, has_more) = listed.context("the accounts cannot be read")?;
    let mut text = String::new();
    for account in &accounts {
        let Account { user, .. } = account;
        let (id, role, state) = (user.id.to_string(), user.role.as_str(), state(account));
        let (email, name) = (user.email.as_str(), &user.username);
        writeln!(text, "{id:>6}  {role:<9}  {state:<12}  {email}  {name}")?;
    }
    if accounts.is_empty() {
        text.push_str("No account is like that.\n");
    }
    if has_more {
        writeln!(text, "There are more: ask for a part of them, or for `--most` of them.")?;
    }
    Ok(text)
}

/// Whether an account can be signed in to, in a word.
const fn state(account: &Account) -> &'static str {
    match (account.locks.disabled, account.locks.new_password) {
        (Some(_), _) => "disabled",
        (None, Some(_)) => "needs-reset",
        (None, None) => "enabled",
    }
}

pub(super) async fn show(operator: &Operator, Of { email }: &Of) -> anyhow::Result<String> {
    let shown = operator.show(email).await.context("the account cannot be shown")?;
    let Shown { account, access, studios } = shown;
    let Account { user, locks } = &account;
    let mut text = String::new();
    writeln!(text, "User {} `{}`, {}", user.id, user.username, user.email.as_str())?;
    writeln!(
        text,
        "role      {}, since the account was made {}",
        user.role,
        wire_time(user.created)
    )?;
    writeln!(text, "state     {}", state(&account))?;
    if let Some(since) = locks.disabled {
        writeln!(text, "disabled  {}", wire_time(since))?;
    }
    if let Some(since) = locks.new_password {
        writeln!(text, "reset     needed since {}", wire_time(since))?;
    }
    let Access { sessions, factors, devices, api_tokens } = access;
    writeln!(text, "sessions  {sessions}")?;
    writeln!(text, "guard     second factors: {factors}, trusted devices: {devices}")?;
    writeln!(text, "machines  API tokens: {api_tokens}")?;
    for (studio, role) in studios {
        writeln!(text, "studio    {} `{}`, {role}", studio.id, studio.name.as_str())?;
    }
    Ok(text)
}

/// Changes an account, and says what came of it.
pub(super) async fn take(
    operator: &Operator,
    Of { email }: &Of,
    measure: Measure,
) -> anyhow::Result<String> {
    let done = operator.take(email, measure).await.context("the account was not changed")?;
    let Done { user, is_new, ended } = done;
    let ended = match ended {
        0 => "no session was open".to_owned(),
        1 => "1 session has ended".to_owned(),
        many => format!("{many} sessions have ended"),
    };
    Ok(match measure {
        Measure::Disable if is_new => format!("User {user} is disabled; {ended}."),
        Measure::Disable => format!("User {user} is disabled already."),
        Measure::Enable if is_new => format!("User {user} is enabled."),
        Measure::Enable => format!("User {user} is enabled already."),
        _ => format!("User {user} is signed out; {ended}."),
    })
}

/// Forgets failures, and says whether there were any.
pub(super) async fn unlock(operator: &Operator, Of { email }: &Of) -> anyhow::Result<String> {
    let (user, had_failures) = operator.unlock(email).await.context("nothing was forgotten")?;
    Ok(if had_failures {
        format!(
            "User {user} can sign in at once from everywhere: wrong passwords and codes are forgotten."
        )
    } else {
        format!("At user {user} there is no wrong password or code to forget.")
    })
}

/// Makes a reset link, and says how its secret is used.
pub(super) async fn reset(
    operator: &Operator,
    Of { email }: &Of,
    (requires, removes_factors): (bool, bool),
    address: &str,
) -> anyhow::Result<String> {
    let made = operator.reset(email, requires, removes_factors).await;
    let made = made.context("no link was made")?;
    let (user, secret) = made;
    let until = if requires {
        "The old password is worthless, and all sessions have ended."
    } else {
        "The old password stays good until then."
    };
    let factors = if removes_factors { " Its use removes the second factors." } else { "" };
    let secret = secret.as_str();
    Ok(format!(
        "Whoever has this secret sets the password of user {user}. It works once, for a day. {until}{factors}\n\n    \
         {secret}\n\nThe person sets a new password with it:\n\n    \
         curl {address}/api/users/resets:use -d '{{\"secret\":\"{secret}\",\"newPassword\":\"...\"}}'\n"
    ))
}
