//! Instructions a request: what a request costs in a processor, counted and not timed, so that a busy machine gives the
//! same figures as an idle one.

mod callgrind;
mod table;

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use hyper::Method;

use self::{
    callgrind::Callgrind,
    table::{Row, Table},
};
use crate::{
    cli::{Plan, typed},
    http1,
    load::changes::Changes,
    machine::Machine,
    process::{Answers, Bare},
    rest, rpc,
    sir0::{self, Installation, Sir0},
    stats,
};

/// Where the counts stand that a check compares with.
pub(crate) const TABLE: &str = "docs/instructions.md";

/// How often each request is made before it counts: caches filled, statements prepared.
const WARM_UP: usize = 300;
/// How often it is made for a count.
const REQUESTS: usize = 1_000;
/// How many counts are made. The middle one is shown.
const COUNTS: usize = 3;

/// A request, made again and again on one connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    RestOne,
    RestTwenty,
    GrpcOne,
    GrpcTwenty,
    Change,
}

const QUESTIONS: [(&str, Question); 5] = [
    ("REST `GET` one game", Question::RestOne),
    ("REST list of 20 games", Question::RestTwenty),
    ("gRPC `GetGame`", Question::GrpcOne),
    ("gRPC `ListGames` of 20", Question::GrpcTwenty),
    ("REST `PUT` of a price", Question::Change),
];

/// Counts, prints, and writes the table or compares with it.
pub(crate) async fn run(plan: &Plan) -> Result<()> {
    let folder = tempfile::tempdir().context("could not make a folder for the measurement")?;
    let machine = Machine::read().await;
    let valgrind = callgrind::version().await?;
    let rows = count(plan, folder.path()).await?;
    let table = Table { machine, valgrind, command: typed(), requests: REQUESTS, rows };
    println!("{table}");
    if plan.check {
        let committed = std::fs::read_to_string(TABLE);
        let committed = committed.with_context(|| format!("{TABLE} is not there"))?;
        return table.must_not_exceed(&table::read(&committed)?);
    }
    match plan.table() {
        Some(file) => std::fs::write(&file, table.to_string())
            .with_context(|| format!("could not write {}", file.display())),
        None => Ok(()),
    }
}

async fn count(plan: &Plan, folder: &Path) -> Result<Vec<Row>> {
    let installation = Installation::new(&plan.sir0, &folder.join("data"))?;
    installation.create_publisher().await?;
    // What takes long and is not counted happens before: the catalogue is made, and a password hashed.
    let sir0 = Sir0::start(&installation, &["--demo"]).await?;
    let authorization = sir0::sign_in(sir0.address).await?;
    let routes = rest::copy_answers(sir0.address, folder).await?;
    let answers = rpc::copy_answers(sir0.address, folder).await?;
    sir0.stop().await?;

    let callgrind = Callgrind::writes_to(&folder.join("sir0.callgrind"));
    let sir0 = Sir0::start(&installation.under(&callgrind.runner()), &[]).await?;
    callgrind.begin(sir0.process.id()?).await?;
    let changes = Changes::go_on(sir0.address, authorization, 0).await?;
    let ours = each(&callgrind, sir0.process.id()?, sir0.address, &QUESTIONS, Some(&changes)).await;
    let ours = ours.context("counting sir0")?;
    sir0.stop().await?;

    let grpc = of_bare(folder, "grpc", Answers::Grpc(&answers)).await?;
    let encoding = of_bare(folder, "encoding", Answers::Encoded(&routes)).await?;
    let storing = of_bare(folder, "storing", Answers::Rest(&routes)).await?;
    let rows = QUESTIONS.iter().zip(ours).map(|((what, _), sir0)| {
        let bare = encoding.get(what).or_else(|| grpc.get(what)).context("a count is missing")?;
        let stored = storing.get(what).copied();
        Ok(Row { what: (*what).to_owned(), sir0, bare: *bare, stored })
    });
    rows.collect()
}

/// Instructions of a bare server for the questions that it answers.
async fn of_bare(
    folder: &Path,
    name: &str,
    answers: Answers<'_>,
) -> Result<BTreeMap<&'static str, f64>> {
    let callgrind = Callgrind::writes_to(&folder.join(format!("{name}.callgrind")));
    let bare = Bare::start(&callgrind.runner(), answers).await?;
    let id = bare.process.id()?;
    callgrind.begin(id).await?;
    let is_grpc = matches!(answers, Answers::Grpc(_));
    let asked: Vec<_> =
        QUESTIONS.into_iter().filter(|(_, question)| question.is_grpc() == is_grpc).collect();
    let counts = each(&callgrind, id, bare.address, &asked, None).await;
    let counts = counts.context("counting a bare server")?;
    bare.stop().await?;
    Ok(asked.into_iter().map(|(what, _)| what).zip(counts).collect())
}

/// Instructions for each of these questions, as one server answers them.
async fn each(
    callgrind: &Callgrind,
    id: u32,
    address: SocketAddr,
    questions: &[(&str, Question)],
    changes: Option<&Arc<Changes>>,
) -> Result<Vec<f64>> {
    let mut medians = Vec::new();
    for (what, question) in questions {
        println!("counting {what}");
        let mut client = Client::of(*question, address, changes.cloned()).await?;
        client.ask(WARM_UP).await?;
        callgrind.count(id).await?;
        let mut counts = Vec::new();
        for _ in 0..COUNTS {
            client.ask(REQUESTS).await?;
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53 instructions")]
            counts.push(callgrind.count(id).await? as f64 / REQUESTS as f64);
        }
        client.must_have_changed(WARM_UP + COUNTS * REQUESTS).await?;
        medians.push(stats::median(&counts));
    }
    Ok(medians)
}

impl Question {
    const fn is_grpc(self) -> bool {
        matches!(self, Self::GrpcOne | Self::GrpcTwenty)
    }
}

/// One connection, and the question asked on it.
enum Client {
    Rest(http1::Connection, Method, &'static str, Bytes),
    GrpcOne(rpc::Client),
    GrpcTwenty(rpc::Client),
    Changes {
        connection: http1::Connection,
        changes: Arc<Changes>,
        /// The sum of the revisions at first.
        revisions: i64,
    },
}

impl Client {
    async fn of(
        question: Question,
        address: SocketAddr,
        changes: Option<Arc<Changes>>,
    ) -> Result<Self> {
        let open = http1::Connection::open(address);
        Ok(match (question, changes) {
            (Question::RestOne, _) => Self::Rest(open.await?, Method::GET, rest::ONE, Bytes::new()),
            (Question::RestTwenty, _) => {
                Self::Rest(open.await?, Method::GET, rest::TWENTY, Bytes::new())
            }
            (Question::GrpcOne, _) => Self::GrpcOne(rpc::client(address).await?),
            (Question::GrpcTwenty, _) => Self::GrpcTwenty(rpc::client(address).await?),
            (Question::Change, Some(changes)) => {
                let revisions = changes.revisions().await?;
                let connection = changes.connection().await?;
                Self::Changes { connection, changes, revisions }
            }
            (Question::Change, None) => {
                let body = Bytes::from_static(br#"{"price":100.00}"#);
                Self::Rest(open.await?, Method::PUT, rest::ONE, body)
            }
        })
    }

    async fn ask(&mut self, times: usize) -> Result<()> {
        for _ in 0..times {
            match self {
                Self::Rest(connection, method, path, body) => {
                    let answer = connection.send(method.clone(), path, body.clone()).await?;
                    ensure!(answer.status == 200, "{method} {path} answered {}", answer.status);
                }
                Self::GrpcOne(client) => {
                    client.get_game(rpc::QUESTION).await?;
                }
                Self::GrpcTwenty(client) => {
                    client.list_games(rpc::question_of_twenty()).await?;
                }
                Self::Changes { connection, changes, .. } => changes.next(connection).await?,
            }
        }
        Ok(())
    }

    /// Fails unless every request was a change, if changes are what was asked for.
    async fn must_have_changed(&self, requests: usize) -> Result<()> {
        let Self::Changes { changes, revisions, .. } = self else { return Ok(()) };
        let grown = changes.revisions().await? - revisions;
        let is_each = usize::try_from(grown).is_ok_and(|grown| grown == requests);
        ensure!(is_each, "{requests} requests made {grown} changes");
        Ok(())
    }
}
