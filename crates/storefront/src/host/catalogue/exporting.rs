//! `sir0 catalogue export`.

use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;
use sir0_contract_storefront as pb;
use sir0_host::Progress;

use super::{At, Store, format, format_of, refusal};

/// What to write, and where.
#[derive(Clone, Debug, Args)]
pub(super) struct Export {
    /// The file. It takes the place of one that is there, once it is whole. Left out, standard output.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// The form of the file. Left out, as its ending says.
    #[arg(long, value_name = "FORMAT", value_parser = format())]
    format: Option<String>,
    /// Only the products of this studio.
    #[arg(long, value_name = "ID")]
    studio: Option<String>,
    #[command(flatten)]
    at: At,
}

pub(super) async fn run(
    Export { to, format, studio, at }: Export,
    here: &str,
    shows_progress: bool,
) -> anyhow::Result<String> {
    let format = format_of(format.as_deref(), to.as_ref())?;
    let mut store = Store::reach(&at, here).await?;
    let progress = Progress::of_time(shows_progress && to.is_some());
    let request = pb::ExportGamesRequest {
        format: format.as_str().to_owned(),
        studio_id: studio.unwrap_or_default(),
    };
    let answer = store.client.export_games(store.asks(request)).await;
    let mut parts = answer.map_err(|status| refusal(&status))?.into_inner();

    // Half of a file would look like all of it, so it gets its name at the end.
    let partial = to.as_deref().map(partial);
    let mut file: Box<dyn Write + Send> = match &partial {
        Some(partial) => Box::new(
            fs::File::create(partial)
                .with_context(|| format!("{} cannot be written", partial.display()))?,
        ),
        None => Box::new(io::stdout()),
    };
    let mut bytes = 0;
    let written = async {
        while let Some(part) = parts.message().await.map_err(|status| refusal(&status))? {
            let data = part.file.unwrap_or_default().data;
            match file.write_all(&data) {
                // The reader is gone, as behind `| head`: the command is done all the same.
                Err(error) if partial.is_none() && error.kind() == ErrorKind::BrokenPipe => break,
                written => written?,
            }
            bytes += data.len();
            progress.names(&format!("{} KiB", bytes / 1024));
        }
        match file.flush() {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error)?,
            _ => anyhow::Ok(()),
        }
    };
    let written = written.await.context("the catalogue was not written");
    drop((file, progress));
    let (Some(to), Some(partial)) = (to, partial) else { return written.map(|()| String::new()) };
    match written {
        Ok(()) => {
            fs::rename(&partial, &to)
                .with_context(|| format!("{} cannot be written", to.display()))?;
            Ok(format!("the catalogue is in {}, {bytes} bytes\n", to.display()))
        }
        Err(error) => {
            // What is left of it helps nobody. That it cannot be removed is no news beside the first failure.
            let _ = fs::remove_file(&partial);
            Err(error)
        }
    }
}

/// The name of a file while it is written.
fn partial(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}
