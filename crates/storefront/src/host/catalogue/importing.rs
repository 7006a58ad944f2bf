//! `sir0 catalogue import`.

use std::{
    fs::{File, Metadata},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use anyhow::Context;
use clap::Args;
use futures::{Stream, future, stream};
use sir0_contract_storefront::{self as pb, ImportProgress, import_games_response::Update};
use sir0_host::Progress;
use sir0_transcoding::HttpBody;
use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_blocking,
};

use super::{At, Store, format, format_of, refusal};
use crate::domain::bulk::Format;

/// How many bytes are sent at a time.
const PIECE: usize = 64 * 1024;

/// What to take in.
#[derive(Clone, Debug, Args)]
pub(super) struct Import {
    /// The file, or `-` for standard input.
    file: PathBuf,
    /// The form of the file. Left out, as its ending says.
    #[arg(long, value_name = "FORMAT", value_parser = format())]
    format: Option<String>,
    /// The studio of lines that name none.
    #[arg(long, value_name = "ID")]
    studio: Option<String>,
    /// Go on with this line, as the end of an import that was cut off said.
    #[arg(long, value_name = "LINE", default_value_t = 0, value_parser = clap::value_parser!(i32).range(0..))]
    from_line: i32,
    /// Write every line that is not taken into this file, with the reason, as it is found.
    #[arg(long, value_name = "FILE")]
    bad_lines: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

pub(super) async fn run(
    import: Import,
    here: &str,
    shows_progress: bool,
) -> anyhow::Result<String> {
    let format = format_of(import.format.as_deref(), Some(&import.file))?;
    let (file, size) = open(&import.file)?;
    let mut report = Report::new(import.bad_lines.as_deref())?;
    let mut store = Store::reach(&import.at, here).await?;
    let progress = match size {
        Some(size) => Progress::of_bytes(shows_progress, size),
        None => Progress::of_time(shows_progress),
    };
    let sent = Arc::new(AtomicU64::new(0));
    let (unreadable, failed) = oneshot::channel();
    let pieces = pieces(file, first(&import, format), Arc::clone(&sent), unreadable);
    let taking = async {
        let told = store.client.import_games(store.asks(pieces)).await;
        let mut told = told.map_err(|status| refusal(&status))?.into_inner();
        while let Some(news) = told.message().await.map_err(|status| refusal(&status))? {
            match news.update {
                Some(Update::Progress(at)) => {
                    progress.names(&format!("line {}", at.line));
                    report.at = at;
                }
                Some(Update::BadLine(bad)) => report.note(&bad)?,
                Some(Update::Ended(at)) => {
                    report.at = at;
                    report.has_ended = true;
                }
                None => {}
            }
        }
        anyhow::Ok(())
    };
    let taking = async {
        tokio::select! {
            taken = taking => taken,
            Ok(error) = failed => {
                Err(error).with_context(|| format!("{} cannot be read", import.file.display()))
            }
        }
    };
    let taken = progress.follows(taking, || sent.load(Relaxed)).await;
    drop(progress);
    report.ends(taken)
}

/// What came of an import.
struct Report {
    at: ImportProgress,
    has_ended: bool,
    /// The bad lines that people read, or all of them in a file.
    bad: String,
    file: Option<(PathBuf, io::BufWriter<File>)>,
}

impl Report {
    fn new(file: Option<&Path>) -> anyhow::Result<Self> {
        let file = file.map(|path| {
            let file = File::create(path);
            let file = file.with_context(|| format!("{} cannot be written", path.display()))?;
            anyhow::Ok((path.to_owned(), io::BufWriter::new(file)))
        });
        let (at, has_ended, bad) = (ImportProgress::default(), false, String::new());
        Ok(Self { at, has_ended, bad, file: file.transpose()? })
    }

    fn note(&mut self, pb::BadLine { line, reason }: &pb::BadLine) -> anyhow::Result<()> {
        let told = format!("line {line}: {reason}\n");
        if let Some((path, file)) = &mut self.file {
            let written = file.write_all(told.as_bytes());
            return written.with_context(|| format!("{} cannot be written", path.display()));
        }
        self.bad.push_str("  ");
        self.bad.push_str(&told);
        Ok(())
    }

    /// Says what was done. It fails if a line was not taken, or the file was not taken to its end.
    fn ends(mut self, taken: anyhow::Result<()>) -> anyhow::Result<String> {
        if let Some((path, file)) = &mut self.file {
            file.flush().with_context(|| format!("{} cannot be written", path.display()))?;
        }
        let ImportProgress { line, added, changed, unchanged, bad } = self.at;
        let counts =
            format!("{added} added, {changed} changed, {unchanged} unchanged, {bad} not taken");
        let told = match &self.file {
            Some((path, _)) if bad > 0 => {
                format!("the lines that were not taken are in {}\n", path.display())
            }
            _ => self.bad,
        };
        if let Err(error) = taken {
            let next = line.saturating_add(1);
            return Err(error.context(format!(
                "the import ended after line {line}: {counts}; `--from-line {next}` goes on\n{told}"
            )));
        }
        anyhow::ensure!(self.has_ended, "the import ended after line {line}: {counts}\n{told}");
        anyhow::ensure!(bad == 0, "{counts}\n{told}");
        Ok(format!("{counts}\n"))
    }
}

/// The file, and how large it is, if it has a size.
fn open(path: &Path) -> anyhow::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let size = file.metadata().ok().filter(Metadata::is_file).map(|about| about.len());
    Ok((Box::new(file), size))
}

/// What the first message says.
fn first(import: &Import, format: Format) -> pb::ImportGamesRequest {
    pb::ImportGamesRequest {
        format: format.as_str().to_owned(),
        studio_id: import.studio.clone().unwrap_or_default(),
        from_line: import.from_line,
        tells_all_bad_lines: import.bad_lines.is_some(),
        file: None,
    }
}

/// The messages of the call: what it is, and then the file, piece by piece. When the file cannot be read any further, there
/// is no next message and no end: the end of the messages would be the end of the file.
fn pieces(
    mut file: Box<dyn Read + Send>,
    first: pb::ImportGamesRequest,
    sent: Arc<AtomicU64>,
    unreadable: oneshot::Sender<io::Error>,
) -> impl Stream<Item = pb::ImportGamesRequest> {
    let (pieces, read) = mpsc::channel(4);
    spawn_blocking(move || {
        let mut next = Some(Ok(first));
        while let Some(message) = next {
            if pieces.blocking_send(message).is_err() {
                return;
            }
            let mut data = vec![0; PIECE];
            let count = loop {
                match file.read(&mut data) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read,
                }
            };
            next = match count {
                Ok(0) => None,
                Ok(count) => {
                    data.truncate(count);
                    sent.fetch_add(count as u64, Relaxed);
                    let file = Some(HttpBody { content_type: String::new(), data: data.into() });
                    Some(Ok(pb::ImportGamesRequest { file, ..Default::default() }))
                }
                Err(error) => Some(Err(error)),
            };
        }
    });
    stream::unfold((read, Some(unreadable)), async |(mut read, mut unreadable)| {
        match read.recv().await? {
            Ok(message) => Some((message, (read, unreadable))),
            Err(error) => {
                let told = unreadable.take().map(|unreadable| unreadable.send(error));
                drop(told);
                future::pending().await
            }
        }
    })
}
