//! What accounts tells another service, with a separate database for each story.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use futures::StreamExt;
use sir0_accounts::{Accounts, Config, Trust};
use sir0_contract_accounts::{self as pb, accounts_service_server::AccountsService};
use sir0_contract_accounts_internal::{
    SessionEnded, WatchEndedSessionsRequest, WatchEndedSessionsResponse as Message,
    trust_service_server::TrustService, watch_ended_sessions_response::Update,
};
use sir0_host::Configured;
use sir0_kernel::{Clock, Role, SystemClock, Timestamp};
use sir0_rpc::{Doorman, Shared, Tasks, peer::Secret};
use sir0_storage::{
    Announcement,
    sqlite::{self, Database},
};
use sir0_tokens::{KeySet, Vault, Verifier};
use tempfile::TempDir;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status};

const SECRET: &str = "0123456789abcdef";
const PASSWORD: &str = "lantern-harbour-7-owls";
const LONG: Duration = Duration::from_secs(10);

/// Accounts with one player, and the folder that goes with it.
struct Setup {
    accounts: Accounts,
    verifier: Verifier,
    stopping: CancellationToken,
    folder: TempDir,
}

fn a_vault() -> Vault {
    Vault::with(&[7; 32]).expect("a key of 32 bytes")
}

async fn a_setup() -> Setup {
    let setup = a_setup_in(tempfile::tempdir().expect("a folder")).await;
    let player = setup.accounts.create("Ada", "ada@example.org", PASSWORD, Role::Player).await;
    player.expect("a player");
    setup
}

async fn a_setup_in(folder: TempDir) -> Setup {
    let mut config = Config::default();
    (config.hashing.log_n, config.hashing.p) = (15, 3);
    let database = config.connect(folder.path()).await.expect("a database");
    let trust = Trust::open(&config, &database, a_vault(), None, SystemClock.now()).await;
    let trust = trust.expect("keys");
    let verifier = trust.verifier.clone();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secret = Arc::new(Secret::parse(SECRET).expect("a secret"));
    let doorman = Doorman::new(verifier.clone(), trust.ended.clone(), Arc::clone(&clock))
        .admitting_peers(secret);
    let stopping = CancellationToken::new();
    let shared =
        Shared { doorman, tasks: Tasks::default(), clock, stopping: stopping.clone(), redis: None };
    let accounts = Accounts::open(&config, database, trust, shared).await.expect("accounts");
    Setup { accounts, verifier, stopping, folder }
}

type Messages = <Accounts as TrustService>::WatchEndedSessionsStream;

impl Setup {
    async fn watches(&self, resume_token: &str) -> Result<Messages, Status> {
        self.watches_showing(SECRET, resume_token).await
    }

    async fn watches_showing(&self, secret: &str, resume_token: &str) -> Result<Messages, Status> {
        let resume_token = resume_token.to_owned();
        let mut request = Request::new(WatchEndedSessionsRequest { resume_token, studios: false });
        let bearer = format!("Bearer {secret}").parse().expect("text");
        request.metadata_mut().insert("authorization", bearer);
        Ok(self.accounts.watch_ended_sessions(request).await?.into_inner())
    }

    async fn signs_in(&self) -> String {
        let (email, password) = ("ada@example.org".to_owned(), PASSWORD.to_owned());
        let login = Request::new(pb::LoginRequest { email, password, ..Default::default() });
        self.accounts.login(login).await.expect("signed in").into_inner().token
    }

    /// Signs in and out again; answers with the session.
    async fn ends_a_session(&self) -> String {
        let token = self.signs_in().await;
        let session = self.verifier.recognise(&token).expect("ours").session;
        self.accounts.logout(Request::new(pb::LogoutRequest { token })).await.expect("out");
        session.to_string()
    }
}

async fn next(messages: &mut Messages) -> Message {
    let message = timeout(LONG, messages.next()).await.expect("in time").expect("not over");
    message.expect("no refusal")
}

/// The updates up to the moment when nothing is missing, without the keys, and the token of that moment.
async fn up_to_sync(messages: &mut Messages) -> (Vec<Update>, String) {
    let mut heard = Vec::new();
    let keys = next(messages).await;
    assert!(matches!(keys.update, Some(Update::KeySet(_))), "the keys come first: {keys:?}");
    loop {
        let Message { update, resume_token } = next(messages).await;
        match update.expect("always something") {
            Update::InSync(_) => return (heard, resume_token),
            update => heard.push(update),
        }
    }
}

fn sessions(updates: &[Update]) -> Vec<&str> {
    let session = |update| match update {
        &Update::Ended(SessionEnded { ref session_id, .. }) => Some(session_id.as_str()),
        _ => None,
    };
    updates.iter().filter_map(session).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_hears_the_keys_what_is_over_and_then_each_end() {
    let setup = a_setup().await;
    let over = setup.ends_a_session().await;
    setup.signs_in().await;

    let mut messages = setup.watches("").await.expect("a peer");
    let keys = next(&mut messages).await;
    let present = next(&mut messages).await;
    let in_sync = next(&mut messages).await;
    let later = setup.ends_a_session().await;
    let change = next(&mut messages).await;

    let Some(Update::KeySet(set)) = keys.update else { panic!("{keys:?}") };
    assert!(KeySet::parse(&set.jwks).is_ok());
    assert_eq!(sessions(present.update.as_slice()), [over]);
    assert!(present.resume_token.is_empty(), "there is no resuming inside the present");
    assert!(matches!(in_sync.update, Some(Update::InSync(_))), "{in_sync:?}");
    assert_eq!(sessions(change.update.as_slice()), [later]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_break_exactly_what_was_missed_is_heard() {
    let setup = a_setup().await;
    setup.ends_a_session().await;
    let mut messages = setup.watches("").await.expect("a peer");
    let (_, token) = up_to_sync(&mut messages).await;
    drop(messages);
    let missed = [setup.ends_a_session().await, setup.ends_a_session().await];

    let mut resumed = setup.watches(&token).await.expect("a token of ours");
    let (heard, token) = up_to_sync(&mut resumed).await;
    let mut again = setup.watches(&token).await.expect("a token of ours");
    let (nothing, _) = up_to_sync(&mut again).await;

    assert_eq!(sessions(&heard), missed);
    assert!(nothing.is_empty(), "{nothing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_resume_starts_over_with_the_present() {
    let setup = a_setup().await;
    let first = setup.ends_a_session().await;
    let second = setup.ends_a_session().await;
    // What memory holds is lost with the process.
    setup.accounts.close().await;
    let file = setup.folder.path().join("accounts.db");
    let database = Database::open(&file, &[]).await.expect("a database");
    database
        .prune_events(1, sir0_kernel::Timestamp::from_micros(253_402_300_799_000_000))
        .await
        .expect("a database");
    database.close().await;
    let setup = a_setup_in(setup.folder).await;
    let mut over = [first.as_str(), second.as_str()];
    over.sort_unstable();

    for token in ["0", "1000000"] {
        let mut messages = setup.watches(token).await.expect("a token that was one once");
        let (heard, token) = up_to_sync(&mut messages).await;

        assert!(matches!(heard[0], Update::StartOver(_)), "{heard:?}");
        let mut heard = sessions(&heard);
        heard.sort_unstable();
        assert_eq!(heard, over);
        let mut resumed = setup.watches(&token).await.expect("a token of ours");
        assert!(up_to_sync(&mut resumed).await.0.is_empty(), "nothing happened since");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_hears_a_heartbeat_while_nothing_happens_and_none_without_a_database() {
    let setup = a_setup().await;
    let mut messages = setup.watches("").await.expect("a peer");
    up_to_sync(&mut messages).await;

    let heartbeat = next(&mut messages).await;
    setup.accounts.close().await;
    let without = timeout(LONG, messages.next()).await.expect("in time").expect("an answer");

    assert!(matches!(heartbeat.update, Some(Update::Heartbeat(_))), "{heartbeat:?}");
    assert!(!heartbeat.resume_token.is_empty());
    assert!(without.is_err(), "{without:?}");
}

/// Makes the next key, as an operator does beside a server.
async fn an_operator_rotates(folder: &Path) {
    let key = folder.join("sealing-key");
    fs::write(&key, "07".repeat(32)).expect("our own folder");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("our own file");
    let named = |it: &&sir0_host::Command| (it.definition)().get_name() == "keys";
    let command = sir0_accounts::SERVICE.commands.iter().find(named).expect("a command");
    let asked = sir0_host::Asked {
        config: Box::new(Config::default()),
        data_dir: folder.to_owned(),
        address: String::new(),
        clock: Arc::new(SystemClock),
        shows_progress: false,
        line: (command.definition)().get_matches_from(["keys", "rotate"]),
    };
    (command.run)(asked).await.expect("made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_hears_of_new_keys_in_the_place_of_a_heartbeat_and_is_in_sync_with_them() {
    let setup = a_setup().await;
    let mut messages = setup.watches("").await.expect("a peer");
    up_to_sync(&mut messages).await;

    an_operator_rotates(setup.folder.path()).await;
    let keys = loop {
        match next(&mut messages).await.update {
            Some(Update::KeySet(keys)) => break keys.jwks,
            Some(Update::Heartbeat(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    let behind = next(&mut messages).await;
    let later = next(&mut messages).await;

    assert_eq!(keys.matches(r#""kid""#).count(), 2, "{keys}");
    assert!(matches!(behind.update, Some(Update::InSync(_))), "{behind:?}");
    assert!(!behind.resume_token.is_empty(), "it resumes as behind a heartbeat");
    assert!(matches!(later.update, Some(Update::Heartbeat(_))), "told once: {later:?}");
    assert!(setup.verifier.verify(&setup.signs_in().await, SystemClock.now()).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_stays_in_sync_across_what_only_a_newer_version_understands() {
    let setup = a_setup().await;
    let mut messages = setup.watches("").await.expect("a peer");
    let (_, token) = up_to_sync(&mut messages).await;
    let newer = Database::open(&setup.folder.path().join("accounts.db"), &[]).await;
    let newer = newer.expect("a database");
    let mut tx = newer.write().await.expect("a turn to write");
    let (payload, at) = ("not JSON".to_owned(), Timestamp::from_micros(0));
    let renamed = Announcement { kind: "renamed", payload, at };
    sqlite::announce(&mut tx, &renamed).await.expect("a table");
    tx.commit().await.expect("room on the disk");
    let position = newer.event_bounds().await.expect("a table").head.to_string();

    let heartbeat = next(&mut messages).await;
    let mut resumed = setup.watches(&token).await.expect("a token of ours");
    let (nothing, token) = up_to_sync(&mut resumed).await;

    assert!(matches!(heartbeat.update, Some(Update::Heartbeat(_))), "{heartbeat:?}");
    assert_eq!(heartbeat.resume_token, position);
    assert!(nothing.is_empty(), "{nothing:?}");
    assert_eq!(token, position);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_peer_hears_anything_and_only_with_a_token_of_ours() {
    let setup = a_setup().await;
    let token = setup.signs_in().await;

    for other in ["0123456789abcdee", token.as_str()] {
        let refused = setup.watches_showing(other, "").await.err().expect("no peer");
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    for forged in ["-1", "x", "99999999999999999999"] {
        let refused = setup.watches(forged).await.err().expect("no token of ours");
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_ends_when_the_process_is_to_stop() {
    let setup = a_setup().await;
    let mut messages = setup.watches("").await.expect("a peer");
    up_to_sync(&mut messages).await;

    setup.stopping.cancel();

    let end = timeout(LONG, messages.next()).await.expect("in time");
    assert!(end.is_none(), "{end:?}");
}
