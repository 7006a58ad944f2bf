//! `sir0 keys`: the keys that sign tokens, in the hands of an operator. A running server hears of it.

use std::{any::Any, fmt::Write};

use anyhow::Context;
use clap::{FromArgMatches, Subcommand};
use futures::{FutureExt, future::BoxFuture};
use sir0_host::{Asked, Command};
use sir0_rpc::wire_time;

use super::sealing;
use crate::{Config, Operator, domain::Stage, work::keys::Why};

/// The command `keys`.
pub(super) const COMMAND: Command = Command {
    definition: || {
        Keys::augment_subcommands(clap::Command::new("keys"))
            .about("Look after the keys that sign tokens, straight in the database")
            .subcommand_required(true)
            .arg_required_else_help(true)
    },
    run,
    first: None,
};

/// What to do with the keys. Each works while the platform runs and while it does not.
#[derive(Clone, Debug, Subcommand)]
enum Keys {
    /// Say which keys there are and what each does.
    List,
    /// Make the next key. It is published now, and signs after `accounts.key_notice`.
    Rotate {
        /// The keys that are there may have leaked: the next one signs in 15 seconds, and from then on their tokens are
        /// refused. Who holds no refresh token signs in again.
        #[arg(long)]
        now: bool,
        /// With `--now`: the sealing key is lost, so the keys that are there do not open any more. The next one is sealed
        /// under the sealing key that is here, which is made where none is given.
        #[arg(long, requires = "now")]
        sealing_key_lost: bool,
    },
}

/// Runs one command, and says what it did and where.
fn run(asked: Asked) -> BoxFuture<'static, anyhow::Result<String>> {
    async move {
        let Asked { config, data_dir, clock, line, .. } = asked;
        let keys = Keys::from_arg_matches(&line)?;
        let config =
            (&*config as &dyn Any).downcast_ref::<Config>().context("no settings of accounts")?;
        let operator = Operator::open(config, &data_dir, clock).await?;
        let done = match keys {
            Keys::List => list(&operator, config).await,
            Keys::Rotate { now, sealing_key_lost } => {
                let has_sealed = !sealing_key_lost && operator.has_sealed().await?;
                let vault = sealing::open(config, &data_dir, has_sealed)?;
                let why = match (now, sealing_key_lost) {
                    (_, true) => Why::SealingKeyLost,
                    (true, false) => Why::Leaked,
                    (false, false) => Why::Time,
                };
                rotate(&operator, config, &vault, why).await
            }
        };
        let place = operator.place();
        operator.close().await;
        Ok(format!("{}\nAccounts are in {place}\n", done?))
    }
    .boxed()
}

async fn list(operator: &Operator, config: &Config) -> anyhow::Result<String> {
    let keys = operator.signing_keys(config).await.context("the keys cannot be read")?;
    let mut text = String::new();
    for (key, stage) in keys {
        let does = match stage {
            Stage::Next(from) => format!("signs from {}", wire_time(from)),
            Stage::Signs => format!("signs, since {}", wire_time(key.signs_from)),
            Stage::Verifies(until) => format!("its tokens are good until {}", wire_time(until)),
            Stage::Over if key.refused_from.is_some() => "refused, it may have leaked".to_owned(),
            Stage::Over => "over, its tokens have expired".to_owned(),
        };
        writeln!(text, "{}  {does}", key.kid).expect("a string grows");
    }
    if text.is_empty() {
        text.push_str("There is no key yet, the first `sir0 serve` makes it.\n");
    }
    Ok(text)
}

async fn rotate(
    operator: &Operator,
    config: &Config,
    vault: &sir0_tokens::Vault,
    why: Why,
) -> anyhow::Result<String> {
    let key = operator.rotate_keys(config, vault, why).await.context("no key was made")?;
    let from = wire_time(key.signs_from);
    let others = match why {
        Why::Time => "Until then the key before it signs. Its tokens stay good until they expire.",
        Why::Leaked | Why::SealingKeyLost => {
            "From then on the access tokens of all other keys are refused. Who holds a refresh token goes on with it, \
             everyone else signs in again. A verifier elsewhere believes the old keys until it reads the published ones \
             again."
        }
    };
    Ok(format!("Key {} is published, and signs from {from}.\n{others}", key.kid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        (COMMAND.definition)().debug_assert();
    }

    #[test]
    fn a_key_is_taken_as_leaked_only_if_that_is_said() {
        let read = |line: &str| {
            let found = (COMMAND.definition)().try_get_matches_from(line.split(' '));
            Keys::from_arg_matches(&found.expect("a good line")).expect("a good line")
        };

        assert!(matches!(read("keys rotate"), Keys::Rotate { now: false, .. }));
        assert!(matches!(
            read("keys rotate --now"),
            Keys::Rotate { now: true, sealing_key_lost: false }
        ));
        let lost =
            (COMMAND.definition)().try_get_matches_from(["keys", "rotate", "--sealing-key-lost"]);
        assert!(lost.is_err(), "all access tokens are refused then, which has to be said");
        assert!(matches!(read("keys list"), Keys::List));
    }
}
