//! A process apart from accounts, and what it lets in. Accounts runs on loopback, with a separate runtime, so that it
//! can die like a process and be there again.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use sir0_accounts::{
    Accounts, Config, Trust,
    remote::{RemoteTrust, follow_accounts},
};
use sir0_contract_accounts::{
    AcceptInvitationRequest, CreateInvitationRequest, LoginRequest, LogoutRequest,
    RemoveMemberRequest, accounts_service_server::AccountsService,
    studios_service_server::StudiosService,
};
use sir0_contract_accounts_internal::trust_service_server::TrustServiceServer;
use sir0_host::Configured;
use sir0_kernel::{Clock, Role, StudioId, StudioRole, SystemClock, UserId};
use sir0_rpc::{
    Denied, Doorman, Founding, Peer, Shared, Studios, Tasks, TrustAge,
    peer::{self, Secret},
};
use sir0_tokens::{EndedSessions, Keys, Vault, Verifier};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime, time::Instant};
use tokio_util::sync::CancellationToken;
use tonic::{
    Request,
    metadata::MetadataMap,
    transport::{Server, server::TcpIncoming},
};

const SECRET: &str = "0123456789abcdef";
const PASSWORD: &str = "lantern-harbour-7-owls";
const EMAIL: &str = "ada@example.org";
const LONG: Duration = Duration::from_secs(20);
const ANYWHERE: &str = "127.0.0.1:0";

/// A process of accounts.
struct AccountsProcess {
    accounts: Accounts,
    address: SocketAddr,
    runtime: Runtime,
}

impl AccountsProcess {
    /// Begins with the contents of the folder.
    fn begins(folder: &Path, address: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let mut config = Config::default();
        (config.hashing.log_n, config.hashing.p) = (15, 3);
        let (folder, address) = (folder.to_owned(), address.to_owned());
        let (opened, opening) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            let database = config.connect(&folder).await.expect("a database");
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let vault = Vault::with(&[7; 32]).expect("a key of 32 bytes");
            let trust = Trust::open(&config, &database, vault, None, clock.now()).await;
            let trust = trust.expect("keys");
            let (verifier, ended) = (trust.verifier.clone(), trust.ended.clone());
            let doorman = Doorman::new(verifier, ended, Arc::clone(&clock))
                .admitting_peers(Arc::new(Secret::parse(SECRET).expect("a secret")));
            let shared = Shared {
                doorman,
                tasks: Tasks::default(),
                clock,
                stopping: CancellationToken::new(),
                redis: None,
            };
            let accounts =
                Accounts::open(&config, database, trust, shared).await.expect("accounts");
            let listener = TcpListener::bind(address).await.expect("a free port");
            let address = listener.local_addr().expect("bound");
            opened.send((accounts.clone(), address)).expect("someone waits");
            Server::builder()
                .add_service(TrustServiceServer::new(accounts))
                .serve_with_incoming(TcpIncoming::from(listener))
                .await
                .expect("serves");
        });
        let (accounts, address) = opening.recv().expect("it opens");
        Self { accounts, address, runtime }
    }

    /// Kills the process. Answers with its address.
    fn dies(self) -> String {
        self.runtime.shutdown_background();
        self.address.to_string()
    }

    async fn registers(&self) {
        let player = self.accounts.create("Ada", EMAIL, PASSWORD, Role::Player).await;
        player.expect("a player");
    }

    async fn signs_in(&self) -> String {
        let (email, password) = (EMAIL.to_owned(), PASSWORD.to_owned());
        let login = Request::new(LoginRequest { email, password, ..Default::default() });
        self.accounts.login(login).await.expect("signed in").into_inner().token
    }

    async fn signs_out(&self, token: &str) {
        let logout = Request::new(LogoutRequest { token: token.to_owned() });
        self.accounts.logout(logout).await.expect("signed out");
    }
}

/// A process that knows what accounts tells it.
struct Apart {
    doorman: Doorman,
    ended: EndedSessions,
    studios: Studios,
    stopping: CancellationToken,
}

impl Apart {
    fn from(address: &str, secret: &str, grace: Duration) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (keys, ended) = (Keys::unknown(), EndedSessions::default());
        let age = TrustAge::starting_now(grace);
        let verifier = Verifier::new(keys.clone(), "sir0", "sir0");
        let doorman =
            Doorman::new(verifier, ended.clone(), Arc::clone(&clock)).told_by_another(age.clone());
        let peer = Peer::at(&format!("http://{address}"), peer::Config::default());
        let secret = Arc::new(Secret::parse(secret).expect("a secret"));
        let studios = Studios::default();
        let trust =
            RemoteTrust { keys, ended: ended.clone(), studios: studios.clone(), age, clock };
        let stopping = CancellationToken::new();
        let following = follow_accounts(peer.expect("an address"), secret, trust, stopping.clone());
        tokio::spawn(following);
        Self { doorman, ended, studios, stopping }
    }

    fn says(&self, token: &str) -> Result<(), Denied> {
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", format!("Bearer {token}").parse().expect("text"));
        self.doorman.identify(&metadata).map(drop)
    }

    /// Waits until the process says this of the token. Answers how long that took.
    async fn comes_to_say(&self, token: &str, expected: Result<(), Denied>) -> Duration {
        let began = Instant::now();
        while self.says(token) != expected {
            assert!(began.elapsed() < LONG, "{:?}, not {expected:?}", self.says(token));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

fn a_folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_accounts_says_is_learnt_and_a_logout_is_heard_at_once() {
    let folder = a_folder();
    let accounts = AccountsProcess::begins(folder.path(), ANYWHERE);
    accounts.registers().await;
    let (stays, over, leaves) =
        (accounts.signs_in().await, accounts.signs_in().await, accounts.signs_in().await);
    accounts.signs_out(&over).await;

    let apart = Apart::from(&accounts.address.to_string(), SECRET, TrustAge::GRACE);
    apart.comes_to_say(&stays, Ok(())).await;
    assert_eq!(apart.says(&over), Err(Denied::SignInRequired), "known with the keys, not after");

    accounts.signs_out(&leaves).await;
    let heard_after = apart.comes_to_say(&leaves, Err(Denied::SignInRequired)).await;

    assert!(heard_after < Duration::from_secs(1), "{heard_after:?}");
    assert_eq!(apart.says(&stays), Ok(()));
    assert_eq!(apart.ended.len(), 2);
    accounts.dies();
}

#[tokio::test(flavor = "multi_thread")]
async fn until_accounts_is_heard_everyone_is_asked_to_try_again() {
    let folder = a_folder();
    let accounts = AccountsProcess::begins(folder.path(), ANYWHERE);
    accounts.registers().await;
    let token = accounts.signs_in().await;
    let address = accounts.dies();

    let apart = Apart::from(&address, SECRET, TrustAge::GRACE);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(apart.says(&token), Err(Denied::OutOfTouch));

    let back = AccountsProcess::begins(folder.path(), &address);
    apart.comes_to_say(&token, Ok(())).await;
    back.dies();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_while_accounts_was_not_heard_is_refused_once_it_is() {
    let folder = a_folder();
    let accounts = AccountsProcess::begins(folder.path(), ANYWHERE);
    accounts.registers().await;
    let (stays, leaves) = (accounts.signs_in().await, accounts.signs_in().await);
    let apart = Apart::from(&accounts.address.to_string(), SECRET, TrustAge::GRACE);
    apart.comes_to_say(&leaves, Ok(())).await;

    let address = accounts.dies();
    let elsewhere = AccountsProcess::begins(folder.path(), ANYWHERE);
    elsewhere.signs_out(&leaves).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(apart.says(&leaves), Ok(()), "nobody could tell it yet");
    let back = AccountsProcess::begins(folder.path(), &address);

    apart.comes_to_say(&leaves, Err(Denied::SignInRequired)).await;
    assert_eq!(apart.says(&stays), Ok(()));
    elsewhere.dies();
    back.dies();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_heard_too_long_ago_is_not_relied_on_and_is_again_once_accounts_is_back() {
    let folder = a_folder();
    let accounts = AccountsProcess::begins(folder.path(), ANYWHERE);
    accounts.registers().await;
    let token = accounts.signs_in().await;
    let grace = Duration::from_secs(4);
    let apart = Apart::from(&accounts.address.to_string(), SECRET, grace);
    apart.comes_to_say(&token, Ok(())).await;

    // Heartbeats keep it fresh for longer than it would last without.
    let began = Instant::now();
    while began.elapsed() < grace + Duration::from_secs(1) {
        assert_eq!(apart.says(&token), Ok(()), "after {:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let address = accounts.dies();
    let lasted = apart.comes_to_say(&token, Err(Denied::OutOfTouch)).await;
    assert!(lasted <= grace + Duration::from_millis(500), "{lasted:?}");

    let back = AccountsProcess::begins(folder.path(), &address);
    apart.comes_to_say(&token, Ok(())).await;
    back.dies();
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_with_another_key_is_believed_and_the_old_key_no_more() {
    let (folder, other) = (a_folder(), a_folder());
    let accounts = AccountsProcess::begins(folder.path(), ANYWHERE);
    accounts.registers().await;
    let old = accounts.signs_in().await;
    let apart = Apart::from(&accounts.address.to_string(), SECRET, TrustAge::GRACE);
    apart.comes_to_say(&old, Ok(())).await;

    let address = accounts.dies();
    let replaced = AccountsProcess::begins(other.path(), &address);
    replaced.registers().await;
    let new = replaced.signs_in().await;

    apart.comes_to_say(&new, Ok(())).await;
    assert_eq!(apart.says(&old), Err(Denied::SignInRequired));
    replaced.dies();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_secret_nothing_is_learnt() {
    let folder = a_folder();
    let accounts = AccountsProcess::begins(folder.path(), ANYWHERE);
    accounts.registers().await;
    let token = accounts.signs_in().await;

    let apart = Apart::from(&accounts.address.to_string(), "fedcba9876543210", TrustAge::GRACE);
    tokio::time::sleep(Duration::from_secs(1)).await;

    assert_eq!(apart.says(&token), Err(Denied::OutOfTouch));
    accounts.dies();
}

/// A request of the holder of this token.
fn by<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {token}").parse().expect("text");
    request.metadata_mut().insert("authorization", bearer);
    request
}

/// A publisher with a studio, and a player.
struct Cast {
    studio: StudioId,
    owner: String,
    player: String,
    player_id: UserId,
}

impl AccountsProcess {
    async fn has_a_studio(&self) -> Cast {
        let grace = "grace@example.org";
        let owner = self.accounts.create("Grace", grace, PASSWORD, Role::Publisher).await;
        let player = self.accounts.create("Ada", EMAIL, PASSWORD, Role::Player).await;
        let roster = self.accounts.first_studio(owner.expect("a publisher")).await;
        let login = LoginRequest {
            email: grace.to_owned(),
            password: PASSWORD.to_owned(),
            ..Default::default()
        };
        let owner = self.accounts.login(Request::new(login)).await.expect("signed in");
        Cast {
            studio: roster.expect("a studio").studio,
            owner: owner.into_inner().token,
            player: self.signs_in().await,
            player_id: player.expect("a player"),
        }
    }

    async fn lets_in(&self, cast: &Cast) {
        let (studio_id, role) = (cast.studio.to_string(), "editor".to_owned());
        let invite = CreateInvitationRequest { studio_id, role, life_hours: 0 };
        let invited = self.accounts.create_invitation(by(&cast.owner, invite)).await;
        let secret = invited.expect("an invitation").into_inner().secret;
        let accept = by(&cast.player, AcceptInvitationRequest { secret });
        self.accounts.accept_invitation(accept).await.expect("it is good");
    }

    async fn removes(&self, cast: &Cast) {
        let (studio_id, user_id) = (cast.studio.to_string(), cast.player_id.get());
        let remove = by(&cast.owner, RemoveMemberRequest { studio_id, user_id });
        self.accounts.remove_member(remove).await.expect("a member");
    }
}

impl Apart {
    /// Waits until the process knows this of the player. Answers how long that took.
    async fn comes_to_know(&self, cast: &Cast, role: Option<StudioRole>) -> Duration {
        let began = Instant::now();
        while !self.studios.is_complete() || self.studios.role(cast.player_id, cast.studio) != role
        {
            assert!(began.elapsed() < LONG, "{:?}", self.studios);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_removed_from_a_studio_is_not_in_it_for_a_process_apart_either() {
    let folder = a_folder();
    let accounts = AccountsProcess::begins(folder.path(), ANYWHERE);
    let cast = accounts.has_a_studio().await;
    accounts.lets_in(&cast).await;
    let apart = Apart::from(&accounts.address.to_string(), SECRET, TrustAge::GRACE);
    apart.comes_to_know(&cast, Some(StudioRole::Editor)).await;

    accounts.removes(&cast).await;
    let heard_after = apart.comes_to_know(&cast, None).await;

    assert!(heard_after < Duration::from_secs(1), "{heard_after:?}");
    accounts.dies();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_removed_while_accounts_was_not_heard_is_not_in_the_studio_once_it_is() {
    let folder = a_folder();
    let accounts = AccountsProcess::begins(folder.path(), ANYWHERE);
    let cast = accounts.has_a_studio().await;
    accounts.lets_in(&cast).await;
    let apart = Apart::from(&accounts.address.to_string(), SECRET, TrustAge::GRACE);
    apart.comes_to_know(&cast, Some(StudioRole::Editor)).await;

    let address = accounts.dies();
    let elsewhere = AccountsProcess::begins(folder.path(), ANYWHERE);
    elsewhere.removes(&cast).await;
    let back = AccountsProcess::begins(folder.path(), &address);

    apart.comes_to_know(&cast, None).await;
    elsewhere.dies();
    back.dies();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_studios_of_another_database_take_the_place_of_those_that_were_known() {
    let (folder, other) = (a_folder(), a_folder());
    let accounts = AccountsProcess::begins(folder.path(), ANYWHERE);
    let cast = accounts.has_a_studio().await;
    for _ in 0..3 {
        accounts.lets_in(&cast).await;
        accounts.removes(&cast).await;
    }
    accounts.lets_in(&cast).await;
    let apart = Apart::from(&accounts.address.to_string(), SECRET, TrustAge::GRACE);
    apart.comes_to_know(&cast, Some(StudioRole::Editor)).await;

    let address = accounts.dies();
    let restored = AccountsProcess::begins(other.path(), &address);
    let fewer = restored.has_a_studio().await;

    apart.comes_to_know(&cast, None).await;
    assert!(!apart.studios.has(cast.studio) && apart.studios.has(fewer.studio));
    restored.dies();
}
