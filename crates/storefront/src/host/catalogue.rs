//! `sir0 catalogue`: a catalogue as a file, out of a running store and into it. It makes the calls that anyone can make, as
//! the person whose access token it is given.

mod exporting;
mod importing;

use std::{fs::File, path::PathBuf};

use anyhow::Context;
use clap::{Args, FromArgMatches, Subcommand, builder::PossibleValuesParser};
use futures::{FutureExt, future::BoxFuture};
use sir0_contract_storefront::bulk_service_client::BulkServiceClient;
use sir0_host::{Asked, Command};
use sir0_kernel::read_secret;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

use crate::domain::bulk::Format;

/// The command `catalogue`.
pub(super) const COMMAND: Command = Command {
    definition: || {
        Catalogue::augment_subcommands(clap::Command::new("catalogue"))
            .about("Take a catalogue out of a running store as a file, or into it")
            .subcommand_required(true)
            .arg_required_else_help(true)
    },
    run,
    first: None,
};

/// What to do with a catalogue.
#[derive(Clone, Debug, Subcommand)]
enum Catalogue {
    /// Write the products of your studios into a file, drafts too; as an administrator, those of the whole store.
    Export(exporting::Export),
    /// Add the products of a file, and change those that are there and differ. It can be repeated: nothing is made twice.
    Import(importing::Import),
}

/// Where the store is, and who asks.
#[derive(Clone, Debug, Args)]
struct At {
    /// Where the store is, such as `http://127.0.0.1:8080`. Left out, where this configuration listens.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A file that holds your access token, so that no list of processes does.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
}

/// What the calls are made with.
struct Store {
    client: BulkServiceClient<Channel>,
    token: MetadataValue<Ascii>,
}

impl Store {
    async fn reach(at: &At, here: &str) -> anyhow::Result<Self> {
        let path = &at.token_file;
        let token = File::open(path).and_then(read_secret);
        let token =
            token.with_context(|| format!("the token in {} cannot be read", path.display()))?;
        let mut token: MetadataValue<Ascii> = format!("Bearer {}", token.trim())
            .parse()
            .with_context(|| format!("{} holds no access token", path.display()))?;
        token.set_sensitive(true);
        let url = at.url.as_deref().unwrap_or(here);
        let endpoint = Endpoint::from_shared(url.to_owned());
        let endpoint = endpoint.with_context(|| format!("`{url}` is no address"))?;
        let channel = endpoint.connect().await;
        let channel = channel.with_context(|| format!("the store at {url} cannot be reached"))?;
        Ok(Self { client: BulkServiceClient::new(channel), token })
    }

    fn asks<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }
}

/// What the store says when it refuses.
fn refusal(status: &Status) -> anyhow::Error {
    anyhow::anyhow!("the store refuses: {}", status.message())
}

/// The names of formats, for the command line.
fn format() -> PossibleValuesParser {
    Format::ALL.map(Format::as_str).into()
}

/// The format of a file: the one that is named, or else that of its ending.
fn format_of(named: Option<&str>, file: Option<&PathBuf>) -> anyhow::Result<Format> {
    let ending = file.and_then(|file| file.extension()?.to_str());
    let format = match (named, ending) {
        (Some(named), _) => Format::named(named),
        (None, Some("jsonl")) => Some(Format::Ndjson),
        (None, ending) => ending.and_then(Format::named),
    };
    format.context("the name of the file says no format, give `--format csv` or `--format ndjson`")
}

fn run(asked: Asked) -> BoxFuture<'static, anyhow::Result<String>> {
    async move {
        let Asked { address, shows_progress, line, .. } = asked;
        match Catalogue::from_arg_matches(&line)? {
            Catalogue::Export(export) => exporting::run(export, &address, shows_progress).await,
            Catalogue::Import(import) => importing::run(import, &address, shows_progress).await,
        }
    }
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        (COMMAND.definition)().debug_assert();
    }

    #[test]
    fn the_ending_of_a_file_says_its_format_unless_one_is_named() {
        let of = |named, file: &str| format_of(named, Some(&PathBuf::from(file))).ok();

        assert_eq!(of(None, "games.csv"), Some(Format::Csv));
        assert_eq!(of(None, "games.ndjson"), Some(Format::Ndjson));
        assert_eq!(of(None, "games.jsonl"), Some(Format::Ndjson));
        assert_eq!(of(Some("csv"), "games.txt"), Some(Format::Csv));
        assert_eq!(of(None, "games"), None);
        assert_eq!(format_of(None, None).ok(), None);
    }
}
