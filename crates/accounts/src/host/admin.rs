//! `sir0 admin`: what an operator does at the command line, directly in the database. A running server hears of it.

mod accounts;

use std::any::Any;

use anyhow::Context;
use clap::{
    FromArgMatches, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use futures::{FutureExt, future::BoxFuture};
use sir0_host::{Asked, Command};
use sir0_kernel::Role;

use super::password::read_password;
use crate::{Config, Operator, domain::Measure};

/// The command `admin`.
pub(super) const COMMAND: Command = Command {
    definition: || {
        Admin::augment_subcommands(clap::Command::new("admin"))
            .about("Look after accounts, straight in the database")
            .subcommand_required(true)
            .arg_required_else_help(true)
    },
    run,
    first: Some((
        "Make yourself the administrator, in another terminal (type a password, press Enter):",
        "admin create --email you@example.org --username you",
    )),
};

/// What to do with an account. Each works while the platform runs and while it does not.
#[derive(Clone, Debug, Subcommand)]
enum Admin {
    /// Make an account. Its password is the first line of standard input.
    Create {
        /// Where to reach the person, and what they sign in with.
        #[arg(long)]
        email: String,
        /// The name others see.
        #[arg(long)]
        username: String,
        /// What the account may do.
        #[arg(long, default_value = Role::Admin.as_str(), value_parser = role())]
        role: Role,
    },
    /// Print a link that makes the first administrator in the browser, once and within an hour.
    Link,
    /// Change what an account may do.
    Grant {
        /// The e-mail of the account, in any case.
        #[arg(long)]
        email: String,
        /// What the account may do from now on.
        #[arg(long, value_parser = role())]
        role: Role,
    },
    /// List accounts, the oldest first.
    List(accounts::List),
    /// Show an account: its role, whether it can be signed in to, what opens and guards it, and its studios.
    Show(accounts::Of),
    /// Disable an account: nobody signs in to it, and all its sessions end.
    Disable(accounts::Of),
    /// Enable an account that was disabled.
    Enable(accounts::Of),
    /// Forget the wrong passwords and codes at an account, so that its owner signs in at once from everywhere.
    Unlock(accounts::Of),
    /// End every session of an account.
    SignOut(accounts::Of),
    /// Print the secret with which the owner of an account sets a new password, once and within a day.
    Reset {
        #[command(flatten)]
        of: accounts::Of,
        /// The password may be known to someone else: it is worthless from now on, and all sessions end.
        #[arg(long)]
        require_new_password: bool,
        /// The person has neither the app that shows codes nor a recovery code: the link removes the second factors, too.
        #[arg(long)]
        factors: bool,
    },
}

pub(super) fn role() -> impl TypedValueParser<Value = Role> {
    let names = [Role::Admin, Role::Publisher, Role::Player].map(Role::as_str);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Role>())
}

/// Runs one command, and says what it did and where.
fn run(asked: Asked) -> BoxFuture<'static, anyhow::Result<String>> {
    async move {
        let Asked { config, data_dir, address, clock, line, .. } = asked;
        let admin = Admin::from_arg_matches(&line)?;
        let config =
            (&*config as &dyn Any).downcast_ref::<Config>().context("no settings of accounts")?;
        // The database is opened before the password is asked for; otherwise the password could be typed for nothing.
        let operator = Operator::open(config, &data_dir, clock).await?;
        let done = perform(&operator, admin, &address).await;
        let place = operator.place();
        operator.close().await;
        Ok(format!("{}\nAccounts are in {place}\n", done?))
    }
    .boxed()
}

async fn perform(operator: &Operator, command: Admin, address: &str) -> anyhow::Result<String> {
    match command {
        Admin::Create { email, username, role } => {
            let password = read_password()?;
            let id = operator.create(&username, &email, &password, role).await;
            let id = id.context("the account was not made")?;
            Ok(format!("User {id} `{username}` can sign in as {role}."))
        }
        Admin::Link => {
            let path = operator.setup_path().await.context("the link was not made")?;
            let path = path.context(
                "there is an administrator already, `sir0 admin grant` makes another account one",
            )?;
            Ok(format!(
                "Whoever opens this first becomes the administrator. It works once, for an hour.\n\n    \
                 {address}{path}\n"
            ))
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
        Admin::List(list) => accounts::list(operator, list).await,
        Admin::Show(of) => accounts::show(operator, &of).await,
        Admin::Disable(of) => accounts::take(operator, &of, Measure::Disable).await,
        Admin::Enable(of) => accounts::take(operator, &of, Measure::Enable).await,
        Admin::Unlock(of) => accounts::unlock(operator, &of).await,
        Admin::SignOut(of) => accounts::take(operator, &of, Measure::SignOut).await,
        Admin::Reset { of, require_new_password, factors } => {
            accounts::reset(operator, &of, (require_new_password, factors), address).await
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        (COMMAND.definition)().debug_assert();
    }

    fn role_in(line: &str) -> Result<Role, clap::Error> {
        let found = (COMMAND.definition)().try_get_matches_from(line.split(' '))?;
        match Admin::from_arg_matches(&found)? {
            Admin::Create { role, .. } | Admin::Grant { role, .. } => Ok(role),
            other => panic!("{other:?} has no role"),
        }
    }

    #[test]
    fn an_account_made_here_is_an_administrator_unless_said_otherwise() {
        for (line, role) in [
            ("admin create --email a@b.c --username a", Role::Admin),
            ("admin create --email a@b.c --username a --role player", Role::Player),
            ("admin grant --email a@b.c --role publisher", Role::Publisher),
        ] {
            assert_eq!(role_in(line).expect("a good line"), role, "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (line, kind) in [
            ("admin create --email a@b.c", ErrorKind::MissingRequiredArgument),
            ("admin grant --email a@b.c", ErrorKind::MissingRequiredArgument),
            ("admin grant --email a@b.c --role god", ErrorKind::InvalidValue),
            ("admin list --most 0", ErrorKind::ValueValidation),
            ("admin disable", ErrorKind::MissingRequiredArgument),
            ("admin reset --email a@b.c --password secret", ErrorKind::UnknownArgument),
            (
                "admin create --email a@b.c --username a --password secret",
                ErrorKind::UnknownArgument,
            ),
        ] {
            assert_eq!(role_in(line).expect_err("a bad line").kind(), kind, "{line}");
        }
    }
}
