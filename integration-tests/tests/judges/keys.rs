//! `PyJWT` and `jose`, which verify tokens with the keys that the server publishes, as a game server of a studio would.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;
use sir0_testkit::{LONG, process_with};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::judge::judge;

/// `jose` asks for the keys again no sooner than 30 s after it asked before, and `PyJWT` keeps them for five minutes unless it
/// meets a key it does not know.
const NOTICE: Duration = Duration::from_secs(35);

/// A verifier that keeps the keys it read for as long as its makers think right.
pub(crate) struct Verifier {
    name: &'static str,
    _child: Child,
    tokens: ChildStdin,
    verdicts: Lines<BufReader<ChildStdout>>,
}

impl Verifier {
    pub(crate) fn starts(name: &'static str, script: &str, url: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
        let mut command: Command = judge(name);
        command.arg(script).arg(url).stdin(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the judge starts");
        let tokens = child.stdin.take().expect("a piped stream is there once");
        let verdicts = BufReader::new(child.stdout.take().expect("a piped stream is there once"));
        Self { name, _child: child, tokens, verdicts: verdicts.lines() }
    }

    /// What it says of this token: `good`, or why not.
    pub(crate) async fn judges(&mut self, token: &str) -> String {
        self.tokens.write_all(format!("{token}\n").as_bytes()).await.expect("it reads");
        let verdict = timeout(LONG, self.verdicts.next_line()).await.expect("it answers in time");
        verdict.expect("UTF-8").expect("it goes on")
    }
}

async fn published(visitor: &sir0_testkit::Person) -> Value {
    visitor.rest().get("/.well-known/jwks.json").await.json["keys"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn verifiers_of_others_follow_the_published_keys_and_never_refuse_a_good_token() {
    let server = process_with(&[("SIR0_ACCOUNTS_KEY_NOTICE", "35s")]).await;
    server.player("Ada").await;
    let url = format!("http://{}/.well-known/jwks.json", server.address());
    let mut verifiers = [
        Verifier::starts("python", "tests/judges/keys/follow.py", &url),
        Verifier::starts("node", "web/follow_keys.js", &url),
    ];
    let visitor = server.visitor();
    let first = visitor.signs_in("Ada").await;
    let before = published(&visitor).await;
    for verifier in &mut verifiers {
        assert_eq!(verifier.judges(first.token()).await, "good", "{}", verifier.name);
    }

    let rotated = server.runs(&["keys", "rotate"]).await;
    assert!(rotated.status.success(), "{rotated:?}");
    let begun = Instant::now();
    let mut heads = std::collections::BTreeSet::new();
    while begun.elapsed() < NOTICE + Duration::from_secs(2) {
        let fresh = visitor.signs_in("Ada").await;
        heads.insert(fresh.token().split('.').next().expect("a JWT").to_owned());
        for verifier in &mut verifiers {
            for person in [&first, &fresh] {
                let verdict = verifier.judges(person.token()).await;
                assert_eq!(verdict, "good", "{} after {:?}", verifier.name, begun.elapsed());
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    assert_eq!(heads.len(), 2, "the key changed");
    let after = published(&visitor).await;
    assert_eq!(
        [before.as_array().map(Vec::len), after.as_array().map(Vec::len)],
        [Some(1), Some(2)]
    );
    let forged = format!("{}A", &first.token()[..first.token().len() - 1]);
    for verifier in &mut verifiers {
        assert!(verifier.judges(&forged).await != "good" || forged == first.token());
        assert_ne!(verifier.judges("no token").await, "good", "{}", verifier.name);
    }
}
