//! A shelf in a bucket of S3, held against `moto`, a server that others wrote and that speaks as Amazon's does.
//!
//! It is one of the judges that `cargo xtask test` fetches.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::TryStreamExt;
use sir0_media::{Config, Error, Format, Name, OpenError, Put, S3, Shelf, Unavailable};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// A server of S3 with one bucket, `pictures`. It ends with this.
struct Server {
    program: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.program.kill().ok();
        self.program.wait().ok();
    }
}

impl Server {
    async fn start() -> Self {
        let judges = env::var_os("JUDGES").map(PathBuf::from);
        let moto = judges.map_or_else(|| "moto_server".into(), |judges| judges.join("moto_server"));
        let folder = tempfile::tempdir().expect("a folder");
        let log = File::create(folder.path().join("log")).expect("a file");
        // The port is free until the program takes it. Another may be faster, and then it is tried again.
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let port = free.local_addr().expect("it is bound").port();
            drop(free);
            let program = Command::new(&moto)
                .args(["-H", "127.0.0.1", "-p", &port.to_string()])
                // So few are on a page of a list.
                .env("MOTO_S3_DEFAULT_MAX_KEYS", "7")
                .stdout(Stdio::null())
                .stderr(log.try_clone().expect("a file"))
                .spawn()
                .unwrap_or_else(|fault| {
                    panic!(
                        "{}: {fault}: run `cargo xtask test`, which fetches the judges",
                        moto.display()
                    )
                });
            let mut server = Self { program, port, folder: tempfile::tempdir().expect("a folder") };
            if server.is_ready().await {
                assert!(ask(port, "PUT", "/pictures", "").await.contains(" 200 "));
                return server;
            }
        }
        let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        panic!("moto does not start: {log}");
    }

    async fn is_ready(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            if self.program.try_wait().expect("a child").is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return true;
            }
            sleep(Duration::from_millis(50)).await;
        }
        false
    }

    fn shelf(&self, change: impl FnOnce(&mut Config)) -> Shelf {
        let mut config = config(self.port, self.folder.path());
        change(&mut config);
        Shelf::open(&config, Path::new("unused")).expect("settings")
    }
}

/// The settings for a server on this machine.
fn config(port: u16, folder: &Path) -> Config {
    let key = folder.join("key");
    fs::write(&key, "of no one\n").expect("written");
    Config {
        s3: S3 {
            bucket: Some("pictures".to_owned()),
            endpoint: Some(format!("http://127.0.0.1:{port}")),
            access_key_id: Some("someone".to_owned()),
            secret_access_key_file: Some(key),
            allow_http: true,
            ..S3::default()
        },
        patience: Duration::from_secs(5),
        ..Config::default()
    }
}

/// Asks a server something without a client of S3, and answers with what it said.
async fn ask(port: u16, method: &str, path: &str, body: &str) -> String {
    let mut server = TcpStream::connect(("127.0.0.1", port)).await.expect("it is ready");
    let length = body.len();
    // Without one, no object may be reached; the server does not look at what it says.
    let signed = "AWS4-HMAC-SHA256 Credential=someone/20260101/us-east-1/s3/aws4_request, \
        SignedHeaders=host, Signature=0";
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: {signed}\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    server.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    server.read_to_string(&mut answer).await.expect("an answer");
    answer
}

fn picture(length: usize) -> (Name, Bytes) {
    let bytes: Bytes = (0..length).map(|at| u8::try_from(at % 251).expect("a byte")).collect();
    (Name::of(&bytes, Format::Jpeg), bytes)
}

#[tokio::test]
async fn a_bucket_keeps_what_a_folder_keeps() {
    let server = Server::start().await;
    let shelf = server.shelf(|_| {});
    let (name, bytes) = picture(300_000);
    shelf.reach().await.expect("a bucket");

    assert_eq!(shelf.put(name, bytes.clone()).await.expect("room"), Put::New);
    assert_eq!(shelf.put(name, bytes.clone()).await.expect("room"), Put::Known);

    let whole = shelf.get(name, None).await.expect("it is there");
    assert_eq!((whole.size, whole.range.clone()), (300_000, 0..300_000));
    assert_eq!(whole.bytes.try_collect::<Vec<_>>().await.expect("whole").concat(), bytes);
    let part = shelf.get(name, Some(200_000..200_010)).await.expect("a part");
    assert_eq!((part.size, part.range.clone()), (300_000, 200_000..200_010));
    let part = part.bytes.try_collect::<Vec<_>>().await.expect("a part").concat();
    assert_eq!(part, bytes[200_000..200_010]);
    for range in [300_000..300_001, 7..7] {
        let beyond = shelf.get(name, Some(range)).await.err().expect("beyond the end");
        assert!(matches!(beyond, Error::OutOfRange { size: 300_000, .. }), "{beyond:?}");
    }
    shelf.check(name).await.expect("its bytes");
    let answer = ask(server.port, "HEAD", &format!("/pictures/{name}"), "").await;
    assert!(answer.to_lowercase().contains("content-type: image/jpeg"), "{answer}");

    shelf.delete(name).await.expect("deleted");
    shelf.delete(name).await.expect("deleted before");
    for gone in [shelf.get(name, None).await.err(), shelf.check(name).await.err()] {
        assert!(matches!(gone, Some(Error::NotFound(it)) if it == name), "{gone:?}");
    }
    assert!(matches!(shelf.get(name, Some(1..2)).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_list_goes_over_pages_and_leaves_others_out() {
    let server = Server::start().await;
    let shelf = server.shelf(|_| {});
    let mut names = Vec::new();
    for length in 1..20 {
        let (name, bytes) = picture(length);
        shelf.put(name, bytes).await.expect("room");
        names.push(name);
    }
    for number in 0..30 {
        let answer = ask(server.port, "PUT", &format!("/pictures/other-{number}"), "x").await;
        assert!(answer.contains(" 200 "), "{answer}");
    }

    let mut listed: Vec<_> = shelf.list().map_ok(|it| it.name).try_collect().await.expect("a list");

    names.sort_unstable();
    listed.sort_unstable();
    assert_eq!(names, listed);
}

#[tokio::test]
async fn bytes_that_changed_in_the_bucket_are_told() {
    let server = Server::start().await;
    let shelf = server.shelf(|_| {});
    let (name, bytes) = picture(10);
    shelf.put(name, bytes).await.expect("room");

    let answer = ask(server.port, "PUT", &format!("/pictures/{name}"), "rotten").await;
    assert!(answer.contains(" 200 "), "{answer}");

    let told = shelf.check(name).await.expect_err("rotten");
    assert!(matches!(told, Error::Corrupt(it) if it == name), "{told:?}");
}

#[tokio::test]
async fn a_key_that_is_not_known_is_told_apart() {
    let server = Server::start().await;
    let shelf = server.shelf(|_| {});
    let (name, bytes) = picture(10);
    shelf.put(name, bytes.clone()).await.expect("room");

    // From here on it looks at keys, and knows none.
    let answer = ask(server.port, "POST", "/moto-api/reset-auth", "0").await;
    assert!(answer.contains(" 200 "), "{answer}");

    for refused in [
        shelf.reach().await.expect_err("no such key"),
        shelf.put(name, bytes).await.expect_err("no such key"),
        shelf.get(name, None).await.err().expect("no such key"),
        shelf.delete(name).await.expect_err("no such key"),
        shelf.list().try_next().await.expect_err("no such key"),
    ] {
        let is_denied = matches!(refused, Error::Unavailable(Unavailable::Denied(_)));
        assert!(is_denied, "{refused:?}");
        assert!(!format!("{refused:?}").contains("of no one"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_missing_is_told_from_a_picture_that_is() {
    let server = Server::start().await;
    let shelf = server.shelf(|config| config.s3.bucket = Some("elsewhere".to_owned()));
    let (name, bytes) = picture(10);

    for missing in [
        shelf.reach().await.expect_err("no bucket"),
        shelf.put(name, bytes).await.expect_err("no bucket"),
        shelf.get(name, None).await.err().expect("no bucket"),
        shelf.list().try_next().await.expect_err("no bucket"),
    ] {
        let is_bucket = matches!(missing, Error::Unavailable(Unavailable::NoBucket(_)));
        assert!(is_bucket, "{missing:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_told_in_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = free.local_addr().expect("it is bound").port();
    drop(free);
    let config = Config { patience: Duration::from_secs(2), ..config(port, folder.path()) };
    let shelf = Shelf::open(&config, folder.path()).expect("settings");
    let (name, bytes) = picture(10);

    let start = Instant::now();
    let put = shelf.put(name, bytes).await.expect_err("nobody is there");
    let get = shelf.get(name, None).await.err().expect("nobody is there");
    let reach = shelf.reach().await.expect_err("nobody is there");

    for fault in [put, get, reach] {
        assert!(matches!(fault, Error::Unavailable(_)), "{fault:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(7), "{:?}", start.elapsed());
}

/// A server that accepts connections and sends this to each, and then nothing more.
async fn silent_after(said: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut client, _)) = listener.accept().await {
            client.write_all(said).await.ok();
            held.push(client);
        }
    });
    port
}

#[tokio::test]
async fn a_server_that_is_slow_is_left_within_the_patience() {
    let folder = tempfile::tempdir().expect("a folder");
    let patience = Duration::from_millis(600);
    let (name, _) = picture(10);
    let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\netag: \"1\"\r\n\
        last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\nabc";

    for said in [b"".as_slice(), begun] {
        let config = Config { patience, ..config(silent_after(said).await, folder.path()) };
        let shelf = Shelf::open(&config, folder.path()).expect("settings");

        let start = Instant::now();
        let fault = shelf.check(name).await.expect_err("it is silent");

        assert!(matches!(fault, Error::Unavailable(_)), "{fault:?}");
        // Once for the answer, and once for its next piece.
        assert!(start.elapsed() < 3 * patience, "{:?}", start.elapsed());
    }
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |change: fn(&mut S3, PathBuf)| {
        let mut config = config(1, folder.path());
        change(&mut config.s3, folder.path().join("other"));
        Shelf::open(&config, folder.path()).expect_err("it cannot work")
    };

    assert!(matches!(open(|s3, _| s3.access_key_id = None), OpenError::NoKey));
    assert!(matches!(open(|s3, _| s3.allow_http = false), OpenError::PlainHttp));
    let missing = open(|s3, path| s3.secret_access_key_file = Some(path));
    assert!(matches!(missing, OpenError::KeyFile { .. }), "{missing:?}");
    let empty = open(|s3, path| {
        fs::write(&path, "\n").expect("written");
        s3.secret_access_key_file = Some(path);
    });
    assert!(matches!(empty, OpenError::KeyFile { .. }), "{empty:?}");
}
