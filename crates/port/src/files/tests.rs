//! The door in front of files that a test keeps.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::Ipv4Addr,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::join_all, stream};
use http::header::{
    ALLOW, CONTENT_ENCODING, IF_MATCH, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE, RETRY_AFTER,
    VARY,
};
use http_body_util::{BodyExt, Empty};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sir0_host::OpenFile;
use sir0_kernel::{Budget, Client};
use sir0_transcoding::Tag;
use tokio::{net::TcpListener, time::Instant};

use super::{memory::LARGEST, *};

const COVER: &str = "/media/aa/cover.webp";
const LARGE: &str = "/media/bb/large.webp";
const SIZE: usize = 60_000;
const LARGE_SIZE: usize = 3 * 1024 * 1024;

/// What becomes of the pieces of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Comes {
    #[default]
    Whole,
    /// No word at all.
    Silent,
    /// The question fails.
    Refused(Code),
    /// Half of the bytes, and then a failure.
    Fails,
    /// Half of the bytes, and then nothing, although more are said to come.
    Ends,
    /// Half of the bytes, and then silence.
    Stops,
    /// A byte too many.
    Overflows,
}

/// Files that a test keeps.
#[derive(Default)]
struct Shelf {
    files: BTreeMap<String, Bytes>,
    comes: Mutex<Comes>,
    /// Every question: the name and the range.
    asked: Mutex<Vec<(String, Option<Range<u64>>)>>,
}

impl Shelf {
    fn asked(&self) -> Vec<(String, Option<Range<u64>>)> {
        self.asked.lock().expect("no test panics here").clone()
    }

    fn now(&self, comes: Comes) {
        *self.comes.lock().expect("no test panics here") = comes;
    }
}

#[tonic::async_trait]
impl Files for Shelf {
    fn below(&self) -> &'static str {
        "/media/"
    }

    fn parse(&self, name: &str) -> Option<FileName> {
        let (folder, file) = name.split_once('/')?;
        let (stem, _) = file.split_once(".webp").filter(|(_, end)| end.is_empty())?;
        let is_name = folder.len() == 2 && stem.bytes().all(|it| it.is_ascii_lowercase());
        is_name.then(|| FileName::new(name, Tag::new(stem)))
    }

    async fn open(&self, name: &FileName, range: Option<Range<u64>>) -> Result<OpenFile, Status> {
        let asked = (name.as_str().to_owned(), range.clone());
        self.asked.lock().expect("no test panics here").push(asked);
        tokio::task::yield_now().await;
        let comes = *self.comes.lock().expect("no test panics here");
        match comes {
            Comes::Silent => std::future::pending().await,
            Comes::Refused(code) => return Err(Status::new(code, "refused")),
            _ => {}
        }
        let Some(whole) = self.files.get(name.as_str()) else {
            return Err(Status::not_found("there is no such file"));
        };
        let size = whole.len() as u64;
        let range = range.unwrap_or(0..size);
        let part = whole.slice(at(range.start)..at(range.end));
        let half = part.slice(..part.len() / 2);
        let (part, then): (Bytes, Option<_>) = match comes {
            Comes::Fails => (half, Some(stream::iter([failed()]).boxed())),
            Comes::Ends => (half, None),
            Comes::Stops => (half, Some(stream::pending().boxed())),
            Comes::Overflows => (part, Some(stream::iter([Ok(Bytes::from_static(b"!"))]).boxed())),
            _ => (part, None),
        };
        let pieces: Vec<_> = part.chunks(8 * 1024).map(Bytes::copy_from_slice).map(Ok).collect();
        let then = then.unwrap_or_else(|| stream::empty().boxed());
        let bytes = stream::iter(pieces).chain(then).boxed();
        Ok(OpenFile { size, media_type: "image/webp".to_owned(), bytes })
    }
}

fn failed() -> Result<Bytes, Status> {
    Err(Status::unavailable("the disk is gone"))
}

fn at(byte: u64) -> usize {
    usize::try_from(byte).expect("a file of a test is small")
}

fn bytes(count: usize) -> Bytes {
    (0..count).map(|at| u8::try_from(at % 251).expect("less than 251")).collect()
}

/// A door, and the files behind it.
struct Open {
    door: FilesDoor,
    shelf: Arc<Shelf>,
}

fn open() -> Open {
    let files = [(COVER, SIZE), (LARGE, LARGE_SIZE)];
    let files = files.map(|(path, size)| (path["/media/".len()..].to_owned(), bytes(size)));
    let shelf = Arc::new(Shelf { files: files.into(), ..Shelf::default() });
    Open { door: FilesDoor::new(vec![Arc::clone(&shelf) as Arc<dyn Files>]), shelf }
}

/// An answer to its end.
struct Answer {
    status: u16,
    headers: HeaderMap,
    /// As much as came, and whether that is all.
    body: Bytes,
    is_whole: bool,
}

impl Answer {
    async fn of(response: Response<Body>) -> Self {
        let (parts, mut body) = response.into_parts();
        let (mut came, mut is_whole) = (Vec::new(), true);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => came.extend(frame.into_data().expect("a file has no trailers")),
                Err(_cut) => is_whole = false,
            }
        }
        let status = parts.status.as_u16();
        Self { status, headers: parts.headers, body: came.into(), is_whole }
    }

    fn header(&self, name: &http::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The status and the reason of the contract's error body. Checks that `Cache-Control` forbids to keep the answer.
    fn refusal(&self) -> (u16, String) {
        let body: Value = serde_json::from_slice(&self.body).expect("the contract's error body");
        assert_eq!(self.header(&CACHE_CONTROL), "no-store");
        assert_eq!(self.header(&CONTENT_TYPE), "application/json");
        (self.status, body["reason"].as_str().expect("a reason").to_owned())
    }
}

impl Open {
    async fn answers(
        &self,
        method: Method,
        path: &str,
        lines: &[(http::HeaderName, &str)],
        share: Option<Share>,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in lines {
            request = request.header(name, *value);
        }
        let request = request.body(Empty::<Bytes>::new()).expect("a request");
        let file = self.door.find(request.uri().path()).expect("the path of a file");
        self.door.answer(file, &request, share).await
    }

    async fn asks(&self, method: Method, path: &str, lines: &[(http::HeaderName, &str)]) -> Answer {
        Answer::of(self.answers(method, path, lines, None).await).await
    }

    async fn gets(&self, path: &str, lines: &[(http::HeaderName, &str)]) -> Answer {
        self.asks(Method::GET, path, lines).await
    }
}

#[tokio::test]
async fn a_file_is_answered_whole_with_leave_to_keep_it_for_ever() {
    let open = open();
    for path in [COVER, LARGE, COVER, "/media/aa/cover.webp?size=9"] {
        let answer = open.gets(path, &[]).await;

        let size = if path == LARGE { LARGE_SIZE } else { SIZE };
        assert_eq!((answer.status, answer.is_whole), (200, true), "{path}");
        assert_eq!(answer.body, bytes(size), "{path}");
        assert_eq!(answer.header(&CONTENT_LENGTH), size.to_string());
        assert_eq!(answer.header(&CONTENT_TYPE), "image/webp");
        assert_eq!(answer.header(&ETAG), if path == LARGE { "\"large\"" } else { "\"cover\"" });
        assert_eq!(answer.header(&CACHE_CONTROL), "public, max-age=31536000, immutable");
        assert_eq!(answer.header(&ACCEPT_RANGES), "bytes");
        assert_eq!(answer.header(&X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(answer.header(&CONTENT_SECURITY_POLICY), "default-src 'none'; sandbox");
        for absent in [CONTENT_RANGE, CONTENT_ENCODING, VARY, LAST_MODIFIED] {
            assert!(!answer.headers.contains_key(&absent), "{absent}");
        }
    }
}

#[tokio::test]
async fn a_part_is_answered_with_where_it_lies() {
    let open = open();
    for (path, size) in [(COVER, SIZE), (LARGE, LARGE_SIZE)] {
        let end = size - 1;
        for (range, part) in [
            ("bytes=0-0".to_owned(), 0..1),
            ("bytes=100-40099".to_owned(), 100..40_100),
            ("bytes=-7".to_owned(), size - 7..size),
            (format!("bytes={end}-"), end..size),
            ("bytes=0-".to_owned(), 0..size),
        ] {
            let tag = if path == LARGE { "\"large\"" } else { "\"cover\"" };
            let answer = open.gets(path, &[(RANGE, &range), (IF_RANGE, tag)]).await;

            assert_eq!((answer.status, answer.is_whole), (206, true), "{path} {range}");
            assert_eq!(answer.body, bytes(size).slice(part.clone()), "{path} {range}");
            let said = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            assert_eq!(answer.header(&CONTENT_RANGE), said);
            assert_eq!(answer.header(&CONTENT_LENGTH), part.len().to_string());
            assert_eq!(answer.header(&ETAG), tag);
            assert_eq!(answer.header(&CACHE_CONTROL), "public, max-age=31536000, immutable");
        }
    }
}

#[tokio::test]
async fn several_ranges_and_a_range_of_another_file_are_answered_with_the_whole() {
    let open = open();
    for lines in [
        &[(RANGE, "bytes=0-1,5-6")][..],
        &[(RANGE, "bytes=6-5")],
        &[(RANGE, "bytes=0-1"), (IF_RANGE, "\"other\"")],
    ] {
        let answer = open.gets(COVER, lines).await;

        assert_eq!((answer.status, answer.body.len()), (200, SIZE), "{lines:?}");
        assert!(!answer.headers.contains_key(CONTENT_RANGE));
    }
}

#[tokio::test]
async fn a_range_beyond_the_end_is_refused_with_the_size() {
    let open = open();
    for (path, size) in [(COVER, SIZE), (LARGE, LARGE_SIZE)] {
        let answer = open.gets(path, &[(RANGE, &format!("bytes={size}-"))]).await;

        assert_eq!(answer.refusal(), (416, "RANGE_NOT_SATISFIABLE".to_owned()));
        assert_eq!(answer.header(&CONTENT_RANGE), format!("bytes */{size}"));
    }
}

#[tokio::test]
async fn who_has_the_file_is_told_so_and_sent_nothing() {
    let open = open();
    for method in [Method::GET, Method::HEAD] {
        for path in [COVER, LARGE] {
            let tags = "\"other\", W/\"cover\", \"large\"";
            let answer = open.asks(method.clone(), path, &[(IF_NONE_MATCH, tags)]).await;

            assert_eq!((answer.status, answer.body.len()), (304, 0), "{method} {path}");
            assert_eq!(answer.header(&ETAG), if path == LARGE { "\"large\"" } else { "\"cover\"" });
            assert_eq!(answer.header(&CACHE_CONTROL), "public, max-age=31536000, immutable");
            assert!(!answer.headers.contains_key(CONTENT_TYPE));
        }
    }
    let answer = open.gets(COVER, &[(IF_NONE_MATCH, "\"other\"")]).await;
    assert_eq!(answer.status, 200);
    let answer = open.gets("/media/aa/gone.webp", &[(IF_NONE_MATCH, "\"gone\"")]).await;
    assert_eq!(answer.refusal(), (404, "NOT_FOUND".to_owned()));
    let answer = open.gets(COVER, &[(IF_MATCH, "\"other\"")]).await;
    assert_eq!(answer.refusal(), (412, "PRECONDITION_FAILED".to_owned()));
}

#[tokio::test]
async fn the_head_of_a_file_is_that_of_the_whole_file() {
    let open = open();
    for path in [COVER, LARGE] {
        let got = open.gets(path, &[]).await;

        let head = open.asks(Method::HEAD, path, &[(RANGE, "bytes=0-1")]).await;

        assert_eq!((head.status, &head.headers), (200, &got.headers), "{path}");
        assert!(head.body.is_empty());
    }
    let head = open.asks(Method::HEAD, "/media/aa/gone.webp", &[]).await;
    assert_eq!(head.status, 404);
}

#[tokio::test]
async fn a_file_is_read_and_nothing_else() {
    let open = open();
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
        let answer = open.asks(method.clone(), COVER, &[]).await;

        assert_eq!(answer.refusal(), (405, "METHOD_NOT_ALLOWED".to_owned()), "{method}");
        assert_eq!(answer.header(&ALLOW), "GET, HEAD, OPTIONS");
    }
    let options = open.asks(Method::OPTIONS, COVER, &[]).await;
    assert_eq!((options.status, options.header(&ALLOW)), (204, "GET, HEAD, OPTIONS"));
    assert_eq!(open.shelf.asked(), []);
}

#[tokio::test]
async fn what_is_no_name_is_not_found_and_nobody_is_asked() {
    let open = open();
    let long = format!("/media/aa/{}.webp/", "a".repeat(30_000));
    for path in [
        "/media/",
        "/media//",
        "/media/aa",
        "/media/aa/",
        "/media/aa/cover.webp/",
        "/media//aa/cover.webp",
        "/media/aa/../aa/cover.webp",
        "/media/../media/aa/cover.webp",
        "/media/../../etc/passwd",
        "/media/aa/..%2f..%2fetc%2fpasswd",
        "/media/%61%61/cover.webp",
        "/media/aa%2Fcover.webp",
        "/media/aa/cover%2ewebp",
        "/media/aa/cover.webp%00",
        "/media/AA/COVER.WEBP",
        "/media/aa/Cover.webp",
        "/media/aa\\cover.webp",
        &long,
    ] {
        let answer = open.gets(path, &[]).await;

        assert_eq!(answer.refusal(), (404, "NOT_FOUND".to_owned()), "{path}");
    }
    assert_eq!(open.shelf.asked(), []);
    for path in ["/", "/media", "/mediaa/cover.webp", "/Media/aa/cover.webp", "/api/media/aa"] {
        assert!(open.door.find(path).is_none(), "{path}");
    }
}

#[tokio::test]
async fn many_who_ask_at_the_same_time_are_one_question() {
    let open = open();

    let answers = join_all((0..50).map(|_| open.gets(COVER, &[]))).await;

    assert!(answers.iter().all(|answer| answer.body == bytes(SIZE)));
    open.gets(COVER, &[(RANGE, "bytes=5-9")]).await;
    assert_eq!(open.shelf.asked(), [("aa/cover.webp".to_owned(), None)]);
}

#[tokio::test]
async fn who_waits_for_a_file_reads_it_if_the_first_one_goes() {
    let open = open();
    open.shelf.now(Comes::Silent);
    let mut first = Box::pin(open.gets(COVER, &[]));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(first.as_mut().now_or_never().is_none(), "it waits for an answer");
    let mut second = Box::pin(open.gets(COVER, &[]));
    assert!(second.as_mut().now_or_never().is_none(), "it waits for the first");
    open.shelf.now(Comes::Whole);

    drop(first);

    assert_eq!(second.await.body, bytes(SIZE));
    assert_eq!(open.shelf.asked().len(), 2);
}

#[tokio::test]
async fn a_large_file_is_read_in_the_part_that_is_wanted_and_not_kept() {
    let open = open();
    assert!(LARGE_SIZE as u64 > LARGEST);

    for _ in 0..2 {
        open.gets(LARGE, &[(RANGE, "bytes=1000-1999")]).await;
    }
    open.asks(Method::HEAD, LARGE, &[]).await;

    let asked: Vec<_> = open.shelf.asked().into_iter().map(|(_, range)| range).collect();
    assert_eq!(asked, [None, Some(1000..2000), Some(1000..2000)], "once for its size");
    assert!(open.door.memory.taken() < 10_000);
}

#[tokio::test]
async fn memory_holds_no_more_than_it_may() {
    let names = [b'a', b'b', b'c', b'd', b'e', b'f', b'g', b'h'];
    let names = names.map(|name| format!("aa/{}.webp", char::from(name)));
    let files = names.clone().map(|name| (name, bytes(SIZE))).into();
    let shelf = Arc::new(Shelf { files, ..Shelf::default() });
    let (memory, most) = (Memory::small(4 * SIZE as u64), 4 * SIZE as u64);
    let door = FilesDoor { served: vec![Arc::clone(&shelf) as Arc<dyn Files>], memory };
    let open = Open { door, shelf };

    for name in &names {
        let answer = open.gets(&format!("/media/{name}"), &[]).await;

        assert_eq!(answer.body, bytes(SIZE));
        assert!(open.door.memory.taken() <= most);
    }
    assert!(open.door.memory.taken() > 0, "something is kept");
}

#[tokio::test]
async fn where_files_cannot_be_read_the_client_is_told_to_try_again() {
    let open = open();
    for (code, status, reason) in [
        (Code::Unavailable, 503, "UNAVAILABLE"),
        (Code::DeadlineExceeded, 503, "UNAVAILABLE"),
        (Code::ResourceExhausted, 503, "UNAVAILABLE"),
        (Code::NotFound, 404, "NOT_FOUND"),
        (Code::InvalidArgument, 404, "NOT_FOUND"),
        (Code::Internal, 500, "INTERNAL_ERROR"),
        (Code::DataLoss, 500, "INTERNAL_ERROR"),
    ] {
        open.shelf.now(Comes::Refused(code));

        let answer = open.gets(COVER, &[]).await;

        assert_eq!(answer.refusal(), (status, reason.to_owned()), "{code:?}");
        let again = if status == 503 { "1" } else { "" };
        assert_eq!(answer.header(&RETRY_AFTER), again, "{code:?}");
    }
    open.shelf.now(Comes::Whole);
    assert_eq!(open.gets(COVER, &[]).await.body, bytes(SIZE), "no failure is remembered");
}

#[tokio::test]
async fn a_small_file_that_comes_in_part_is_refused_before_anything_is_sent() {
    let open = open();
    for (comes, status) in [(Comes::Fails, 503), (Comes::Ends, 500)] {
        open.shelf.now(comes);

        let answer = open.gets(COVER, &[]).await;

        assert_eq!(answer.refusal().0, status, "{comes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_ends_in_a_refusal_and_in_the_middle_in_a_cut() {
    let open = open();
    for comes in [Comes::Silent, Comes::Stops] {
        open.shelf.now(comes);
        let begun = Instant::now();

        let answer = open.gets(COVER, &[]).await;

        assert_eq!(answer.refusal(), (503, "UNAVAILABLE".to_owned()), "{comes:?}");
        assert!(begun.elapsed() < PATIENCE + Duration::from_secs(1), "{comes:?}");
    }
    open.shelf.now(Comes::Whole);
    open.asks(Method::HEAD, LARGE, &[]).await;
    open.shelf.now(Comes::Silent);
    assert_eq!(open.gets(LARGE, &[]).await.refusal().0, 503);
    open.shelf.now(Comes::Stops);
    let answer = open.gets(LARGE, &[]).await;
    assert_eq!((answer.status, answer.is_whole), (200, false));
    assert_eq!(answer.body, bytes(LARGE_SIZE).slice(..LARGE_SIZE / 2));
}

#[tokio::test]
async fn a_large_file_that_comes_in_part_is_cut_off_and_never_ends_well() {
    let open = open();
    for range in ["bytes=0-", "bytes=5-200004"] {
        for comes in [Comes::Fails, Comes::Ends] {
            open.shelf.now(comes);

            let answer = open.gets(LARGE, &[(RANGE, range)]).await;

            assert_eq!((answer.status, answer.is_whole), (206, false), "{comes:?} {range}");
        }
    }
    open.shelf.now(Comes::Overflows);
    let answer = open.gets(LARGE, &[]).await;
    assert_eq!(answer.body, bytes(LARGE_SIZE), "never more than was announced");
}

#[tokio::test]
async fn what_has_no_room_in_memory_comes_piece_by_piece_and_costs_a_slice() {
    let open = open();
    open.gets(COVER, &[]).await;
    // A client alone may hold half of this at first, which is less than the file.
    let budget = Budget::of(120 * 1024);
    let share = budget.share(Client::at(Ipv4Addr::LOCALHOST.into()));

    let response = open.answers(Method::GET, COVER, &[], Some(share)).await;

    assert!(budget.held() < 10 * 1024, "{} bytes are held", budget.held());
    let answer = Answer::of(response).await;
    assert_eq!((answer.status, answer.body, answer.is_whole), (200, bytes(SIZE), true));
    assert_eq!(open.shelf.asked().len(), 2, "it was read again for this client");
    assert_eq!(budget.held(), 0);
}

#[tokio::test]
async fn what_waits_for_a_client_is_held_against_its_share_until_it_is_full() {
    let open = open();
    let budget = Budget::of(1024 * 1024);
    let share = budget.share(Client::at(Ipv4Addr::LOCALHOST.into()));
    let mut unread = Vec::new();

    let refused = loop {
        let response = open.answers(Method::GET, COVER, &[], Some(share.clone())).await;
        if response.status() != StatusCode::OK {
            break Answer::of(response).await;
        }
        unread.push(response);
    };

    assert_eq!(refused.refusal(), (429, "TOO_MUCH_WAITING".to_owned()));
    assert!(budget.held() <= budget.total() / 2);
    let held = budget.held();
    assert!(held >= 3 * SIZE, "{held} bytes are held for {} answers", unread.len());
    drop(unread);
    assert_eq!(budget.held(), 0);
    let known = [(IF_NONE_MATCH, "\"cover\"")];
    assert_eq!(open.answers(Method::GET, COVER, &known, Some(share)).await.status(), 304);
}

#[tokio::test]
async fn a_client_sees_that_an_answer_was_cut_off() {
    let open = Arc::new(open());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}{LARGE}", listener.local_addr().expect("it is bound"));
    let is_over = Arc::new(AtomicBool::new(false));
    let (behind, ends) = (Arc::clone(&open), Arc::clone(&is_over));
    tokio::spawn(async move {
        while !ends.load(Ordering::Relaxed) {
            let (connection, _) = listener.accept().await.expect("it listens");
            let open = Arc::clone(&behind);
            let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
                let open = Arc::clone(&open);
                async move {
                    let file = open.door.find(request.uri().path()).expect("the path of a file");
                    Ok::<_, Infallible>(open.door.answer(file, &request, None).await)
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), answer));
        }
    });
    for (comes, is_whole) in
        [(Comes::Whole, true), (Comes::Ends, false), (Comes::Fails, false), (Comes::Whole, true)]
    {
        open.shelf.now(comes);
        let answer = reqwest::get(&url).await.expect("an answer begins");
        assert_eq!(answer.content_length(), Some(LARGE_SIZE as u64));

        let came = answer.bytes().await;

        assert_eq!(came.is_ok_and(|came| came == bytes(LARGE_SIZE)), is_whole, "{comes:?}");
    }
    is_over.store(true, Ordering::Relaxed);
    let head = reqwest::Client::new().head(&url).send().await.expect("an answer");
    assert_eq!(head.headers()[CONTENT_LENGTH], LARGE_SIZE.to_string());
}
