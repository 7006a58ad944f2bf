//! What a reader of the documents does with the containers, what happens to them meanwhile, and what must be true then.

use std::{path::PathBuf, process::Stdio, thread::sleep, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use super::{
    Log,
    calls::{Call, Calls, Tally},
    checkout::Checkout,
    engine::Engine,
    topology::Topology,
};
use crate::{
    blocks::{self, Block},
    shell,
};

/// Programs of other projects that documented lines call.
pub(super) struct Tools {
    /// Where `node_modules` is.
    pub(super) node: PathBuf,
    /// Where grpcurl is.
    pub(super) judges: PathBuf,
}

/// Documented lines that are not run here, and why.
const NOT_RUN: &[(&str, &str)] = &[("THE_REQUEST_ID", "stands for an id that the reader has")];
pub(super) const DEPLOYMENT: &str = "docs/deployment.md";

/// What README's lines answer, in the order of its lines.
const ANSWERS: &[&str] = &[
    "\"title\":\"Lanterns\"",
    "\"games\":",
    "\"price\":14.99",
    "sir0.storefront.v1.GamesService",
    "\"title\": \"Lanterns\"",
    "Subscribed to game_updates",
    "Game deleted successfully",
    "Logout successful",
];

/// Tells the story in order. Ends at the first thing that is not as promised.
pub(super) fn tell(
    engine: &Engine,
    checkout: &Checkout,
    tools: &Tools,
    log: &mut Log,
) -> Result<()> {
    let topology = Topology { engine, folder: &checkout.folder };
    let mut story = Story { topology, tools, blocks: blocks::shown()?, checkout };
    let told = story.told(log);
    if told.is_err() {
        let containers = story.topology.compose(&["ps", "--all"]).unwrap_or_default();
        let last = story.topology.compose(&["logs", "--tail=5"]).unwrap_or_default();
        println!("{containers}\n{last}");
    }
    told
}

/// A reader that follows the documents.
pub(super) struct Story<'e> {
    pub(super) topology: Topology<'e>,
    tools: &'e Tools,
    /// The blocks that were not run yet.
    blocks: Vec<Block>,
    pub(super) checkout: &'e Checkout,
}

impl Story<'_> {
    fn told(&mut self, log: &mut Log) -> Result<()> {
        self.runs("README.md", "up --build")?;
        log.says("README's lines for Compose: up, and every health check is healthy");
        let status = self.runs(DEPLOYMENT, "curl http://127.0.0.1:8080/api/status")?;
        ensure!(status.contains("\"status\":\"OK\""), "the status is {status}");
        let link = self.runs(DEPLOYMENT, "admin link")?;
        ensure!(link.contains("/#setup="), "there is no link in {link}");
        self.runs(DEPLOYMENT, "admin create")?;
        let processes = self.topology.has_no_rights()?;
        log.says(&format!(
            "{processes} processes without root, capabilities, new privileges, a root to write"
        ));
        self.runs(DEPLOYMENT, "STOREFRONTS=3")?;
        self.counts(3)?;
        self.runs(DEPLOYMENT, "doctor")?;
        log.says("a third storefront; doctor finds nothing");
        self.talks()?;
        log.says("README's lines for REST, gRPC and WebSocket, through Envoy");

        let (token, game) = self.publishes()?;
        let tally = self.meanwhile(&token, &game, Self::kills_a_storefront)?;
        log.says(&format!("a storefront was killed: {tally}"));
        let tally = self.meanwhile(&token, &game, Self::swaps_addresses)?;
        log.says(&format!("accounts and a storefront took each other's address: {tally}"));
        let tally = self.meanwhile(&token, &game, Self::upgrades)?;
        log.says(&format!("the documented upgrade: {tally}"));
        self.goes_down_and_comes_back(&game)?;
        log.says("down, up: the game is there");

        for (words, reason) in NOT_RUN {
            self.blocks.retain(|block| !block.text.contains(words));
            log.says(&format!("not run: the lines with `{words}`, which {reason}"));
        }
        let left = self.blocks.iter().filter(|block| block.is_for_compose());
        let left: Vec<&Block> = left.collect();
        ensure!(left.is_empty(), "lines that nobody ran: {left:#?}");
        Ok(())
    }

    /// Runs the block of a document that holds these words, as it stands.
    pub(super) fn runs(&mut self, file: &str, words: &str) -> Result<String> {
        let wanted = |block: &Block| {
            block.is_for_compose() && block.file == file && block.text.contains(words)
        };
        let at = self.blocks.iter().position(wanted);
        let at = at.with_context(|| format!("{file} shows no lines with `{words}`"))?;
        let block = self.blocks.remove(at);
        self.shell(&block.text).with_context(|| format!("{file}, below `{}`", block.heading))
    }

    /// Runs lines in a shell in the clone, which finds the programs of other projects.
    fn shell(&self, lines: &str) -> Result<String> {
        let mut sh = self.topology.engine.command("sh");
        sh.args(["-e", "-c", lines]).current_dir(self.topology.folder);
        sh.env("PATH", shell::path_with(self.tools.judges.clone())?);
        sh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = sh.spawn().context("there is no shell")?;
        // A terminal's input stays open: wscat leaves when there is no more to say.
        let open = child.stdin.take();
        let output = child.wait_with_output()?;
        drop(open);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            bail!("{}:\n{lines}\n{said}{complaint}", output.status);
        }
        Ok(said)
    }

    pub(super) fn counts(&self, storefronts: usize) -> Result<()> {
        let there = self.topology.of("storefront")?.len();
        ensure!(there == storefronts, "{there} storefronts run, not {storefronts}");
        Ok(())
    }

    /// README's own lines, from the token to signing out.
    fn talks(&self) -> Result<()> {
        let modules = self.topology.folder.join("node_modules");
        std::os::unix::fs::symlink(self.tools.node.join("node_modules"), modules)?;
        let blocks = blocks::shown()?;
        let mine = |block: &&Block| block.file == "README.md" && block.heading == "Talk to it";
        let lines: String = blocks.iter().filter(mine).map(|block| block.text.as_str()).collect();
        let said = self.shell(&lines)?;
        let mut rest = said.as_str();
        for answer in ANSWERS {
            let Some((_, after)) = rest.split_once(answer) else {
                bail!("README's lines do not answer `{answer}` in its turn; they said:\n{said}");
            };
            rest = after;
        }
        let logged = self.topology.compose(&["logs", "--no-log-prefix", "envoy"])?;
        let sockets: Vec<&str> =
            logged.lines().filter(|line| line.contains("\"status\":101")).collect();
        ensure!(sockets.is_empty(), "WebSockets that ended well are logged: {sockets:#?}");
        Ok(())
    }

    /// Signs in and lists a game. Answers with the token, and the game's path.
    fn publishes(&self) -> Result<(String, String)> {
        let me = r#"{"email":"you@example.org","password":"seven cranes at dawn"}"#;
        let signed_in = self.topology.asks(&["--data", me], "/api/users/login")?;
        let token = between(&signed_in, "\"token\":\"", |it| it == '"')?;
        let bearer = format!("authorization: Bearer {token}");
        let game = r#"{"title":"Harbours","genre":"Puzzle","price":5,"description":"Dock."}"#;
        let added = self.topology.asks(&["--header", &bearer, "--data", game], "/api/games")?;
        let id = between(&added, "\"gameId\":", |it: char| !it.is_ascii_digit())?;
        Ok((token.to_owned(), format!("/api/games/{id}")))
    }

    /// Does this while both services are called. No answer may be wrong.
    fn meanwhile(
        &mut self,
        token: &str,
        game: &str,
        happens: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<String> {
        let call = |method, path: &str, body| Call { method, path: path.to_owned(), body };
        let calls = [
            call("GET", game, None),
            call("GET", "/api/users/1", None),
            call("PUT", game, Some(r#"{"price":7}"#)),
            call("PUT", "/api/users/1", Some(r#"{"username":"you"}"#)),
        ];
        let calls = Calls::begin(self.topology.engine, &calls, token)?;
        sleep(Duration::from_secs(1));
        happens(self)?;
        let tally: Tally = calls.end()?;
        ensure!(tally.right > 100, "too few calls went through: {}", tally.line());
        let some = &tally.wrong[..tally.wrong.len().min(5)];
        ensure!(tally.wrong.is_empty(), "{}, such as {some:#?}", tally.line());
        Ok(tally.line())
    }
}

fn between<'t, P>(text: &'t str, before: &str, end: P) -> Result<&'t str>
where
    P: FnMut(char) -> bool,
{
    let value = text.split_once(before).and_then(|(_, rest)| rest.split(end).next());
    value.filter(|value| !value.is_empty()).with_context(|| format!("no `{before}` in {text}"))
}
