//! Pictures: how long an upload takes, and how fast its files are sent, in turns with nginx on the same files.

use std::{
    fs,
    io::Cursor,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use hyper::Method;
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::Value;
use tokio::{process::Command, time::sleep};

use crate::{
    cli::Plan,
    http1::{self, Connection},
    load::{Generators, Load, Target, starts},
    process::{PATIENCE, Process, free_address},
    sir0::{self, Installation, Sir0},
    stats,
};

/// The picture that is uploaded.
pub(crate) const WIDTH: u32 = 1200;
pub(crate) const HEIGHT: u32 = 1800;
/// How many pictures are uploaded, one after the other.
const UPLOADS: u32 = 5;
const CONNECTIONS: usize = 16;

/// What pictures showed.
pub(crate) struct Media {
    /// Each upload, to the answer that has three widths in two forms.
    pub(crate) uploads_s: Vec<f64>,
    /// The files of one form, the largest first.
    pub(crate) sent: Vec<Sent>,
}

/// How fast a file is sent.
pub(crate) struct Sent {
    pub(crate) bytes: usize,
    /// Requests a second in each turn.
    pub(crate) ours: Vec<f64>,
    pub(crate) nginx: Vec<f64>,
}

impl Sent {
    /// The middle of the ratios of the turns.
    pub(crate) fn ratio(&self) -> f64 {
        let pairs = self.ours.iter().zip(&self.nginx);
        stats::median(&pairs.map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>())
    }
}

/// Measures on SQLite: which database there is makes no difference to a file. `None` where there is no nginx.
pub(crate) async fn measure(plan: &Plan, folder: &Path) -> Result<Option<Media>> {
    if !starts("nginx").await {
        println!("pictures are not measured: nginx is not installed");
        return Ok(None);
    }
    println!("measuring pictures beside nginx");
    let folder = folder.join("media");
    let installation = Installation::new(&plan.sir0, &folder.join("data"))?;
    installation.create_publisher().await?;
    let sir0 = Sir0::start(&installation, &[]).await?;
    let authorization = sir0::sign_in(sir0.address).await?;
    let mut connection = Connection::open_as(sir0.address, &authorization).await?;

    let (mut uploads_s, mut paths) = (Vec::new(), Vec::new());
    for number in 0..UPLOADS {
        let game =
            serde_json::json!({"title": format!("Game {number}"), "genre": "Puzzle", "price": 1});
        let added = connection.send(Method::POST, "/api/games", game.to_string().into()).await?;
        let added: Value = serde_json::from_slice(&added.body)?;
        let at = format!("/api/games/{}/pictures?purpose=cover", added["gameId"]);
        let picture = painted(number)?;
        let begun = Instant::now();
        let answer = connection.send(Method::POST, &at, picture.into()).await?;
        uploads_s.push(begun.elapsed().as_secs_f64());
        ensure!(answer.status == 201, "an upload answered {}", answer.status);
        let answer: Value = serde_json::from_slice(&answer.body)?;
        paths = paths_of(&answer["picture"])?;
    }
    let nginx = Nginx::start(&folder, sir0.address, &paths).await?;
    let generators = Generators::find(plan.built_in).await;
    let mut sent = Vec::new();
    for path in &paths {
        sent.push(in_turns(plan, &generators, (sir0.address, nginx.address), path, &folder).await?);
    }
    nginx.process.stop().await?;
    sir0.stop().await?;
    Ok(Some(Media { uploads_s, sent }))
}

/// A picture of smooth parts and of noise, as games have them.
fn painted(seed: u32) -> Result<Vec<u8>> {
    let byte = |value: u32| u8::try_from(value % 256).unwrap_or(u8::MAX);
    let picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let noise = (x.wrapping_mul(73_856_093) ^ y.wrapping_mul(19_349_663) ^ seed) >> 7;
        let noise = if (x / 150 + y / 150) % 3 == 0 { noise % 48 } else { noise % 6 };
        Rgb([byte(x / 6 + noise), byte(y / 8 + noise), byte((x + y) / 12 + seed * 20)])
    });
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).context("could not paint a picture")?;
    Ok(file.into_inner())
}

/// Where the JPEG files of a picture are, the widest and the narrowest.
fn paths_of(picture: &Value) -> Result<Vec<String>> {
    let files = picture["files"].as_array().context("a picture has files")?;
    let is_jpeg = |file: &&Value| file["mediaType"] == "image/jpeg";
    let mut files: Vec<_> = files.iter().filter(is_jpeg).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file["width"].as_u64()));
    let path = |file: &&Value| file["path"].as_str().map(str::to_owned);
    let (first, last) = (files.first().and_then(path), files.last().and_then(path));
    Ok(vec![first.context("a file has a path")?, last.context("a file has a path")?])
}

/// nginx, which sends files and does nothing else.
struct Nginx {
    process: Process,
    address: SocketAddr,
}

impl Nginx {
    /// Starts it on the files as sir0 sends them, and waits until it sends the same.
    async fn start(folder: &Path, sir0: SocketAddr, paths: &[String]) -> Result<Self> {
        let root = folder.join("root");
        for path in paths {
            let file = root.join(path.trim_start_matches('/'));
            fs::create_dir_all(file.parent().context("a file is in a folder")?)?;
            fs::write(file, http1::get(sir0, path).await?.body)?;
        }
        let address = free_address().await?;
        let configuration = folder.join("nginx.conf");
        let (at, root) = (folder.display(), root.display());
        let text = format!(
            "daemon off; user root; worker_processes 2; pid {at}/nginx.pid; error_log {at}/nginx.log;
             events {{ worker_connections 1024; }}
             http {{
                 types {{ image/jpeg jpg; }}
                 access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
                 open_file_cache max=100; open_file_cache_valid 60s;
                 server {{ listen {address}; root {root}; expires max; }}
             }}"
        );
        fs::write(&configuration, text)?;
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&configuration).arg("-p").arg(folder).stdin(Stdio::null());
        let process = Process::spawn(&mut command)?;
        let started = Instant::now();
        for path in paths {
            let ours = http1::get(sir0, path).await?;
            while !http1::get(address, path).await.is_ok_and(|answer| answer.body == ours.body) {
                if started.elapsed() > PATIENCE {
                    bail!("nginx does not send the files as sir0 does");
                }
                sleep(Duration::from_millis(5)).await;
            }
        }
        Ok(Self { process, address })
    }
}

async fn in_turns(
    plan: &Plan,
    generators: &Generators,
    (ours, theirs): (SocketAddr, SocketAddr),
    path: &str,
    folder: &Path,
) -> Result<Sent> {
    let bytes = http1::get(ours, path).await?.body.len();
    let turn = Duration::from_secs(plan.seconds);
    // There are two, and the program ends soon.
    let load = Load::Rest { path: path.to_owned().leak(), connections: CONNECTIONS };
    let mut sent = Sent { bytes, ours: Vec::new(), nginx: Vec::new() };
    for _ in 0..plan.rounds {
        for (address, figures) in [(ours, &mut sent.ours), (theirs, &mut sent.nginx)] {
            let target = Target { address, answer_bytes: bytes, folder };
            figures.push(generators.run(load, target, turn).await?.per_second);
        }
    }
    Ok(sent)
}
