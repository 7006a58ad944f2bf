//! Who is let in.

use std::time::Duration;

use futures::{StreamExt, stream};
use sir0_contract_status::CALLS;
use sir0_kernel::{Scopes, SystemClock, Timestamp};
use sir0_tokens::{Keys, Machine, Mint, SignIn, SigningKey};

use super::*;
use crate::{Status, rates::Rate};

struct Setup {
    mint: Mint,
    keys: Keys,
    ended: EndedSessions,
    doorman: Doorman,
}

fn a_setup() -> Setup {
    let folder = tempfile::tempdir().expect("a folder");
    let key = SigningKey::open_or_create(&folder.path().join("key.pem")).expect("a key");
    let mint = Mint::new(key, "sir0".to_owned(), "sir0".to_owned());
    let (keys, ended) = (Keys::unknown(), EndedSessions::default());
    let verifier = Verifier::new(keys.clone(), "sir0", "sir0");
    let doorman = Doorman::new(verifier, ended.clone(), Arc::new(SystemClock));
    Setup { mint, keys, ended, doorman }
}

impl Setup {
    fn a_sign_in(&self) -> (MetadataMap, SessionId, Timestamp) {
        self.a_sign_in_as(Role::Player)
    }

    fn a_sign_in_as(&self, role: Role) -> (MetadataMap, SessionId, Timestamp) {
        let now = SystemClock.now();
        let session = SessionId::fresh(now);
        let user = UserId::parse(7).expect("an id");
        let token = self.mint.mint(
            &SignIn::by_password(user, role, session, now),
            now,
            now.after(Duration::from_hours(1)),
        );
        (showing(&token.token), session, token.expires)
    }
}

fn showing(bearer: &str) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    metadata.insert("authorization", format!("Bearer {bearer}").parse().expect("text"));
    metadata
}

#[test]
fn until_the_keys_are_known_a_caller_is_asked_to_try_again() {
    let setup = a_setup();
    let (signed_in, _, _) = setup.a_sign_in();

    let unknown = setup.doorman.identify(&signed_in);
    let guest = setup.doorman.identify(&MetadataMap::new());
    setup.keys.set(setup.mint.key(SystemClock.now()).key_set());
    let known = setup.doorman.identify(&signed_in);

    assert_eq!(unknown, Err(Denied::OutOfTouch));
    assert_eq!(guest, Err(Denied::SignInRequired), "no keys are needed to see no token");
    assert!(known.is_ok());
    assert_eq!(tonic::Status::from(Denied::OutOfTouch).code(), tonic::Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn what_was_heard_too_long_ago_lets_no_one_in_and_keeps_no_one_out() {
    let setup = a_setup();
    setup.keys.set(setup.mint.key(SystemClock.now()).key_set());
    let age = TrustAge::starting_now(Duration::from_mins(1));
    let doorman = setup.doorman.clone().told_by_another(age.clone());
    let (signed_in, _, _) = setup.a_sign_in();
    let (logged_out, session, expires) = setup.a_sign_in();
    setup.ended.end(session, expires);
    assert!(doorman.identify(&signed_in).is_ok());

    tokio::time::advance(Duration::from_secs(61)).await;
    let out_of_touch = doorman.identify(&signed_in);
    age.heard();
    let in_touch = doorman.identify(&signed_in);

    assert_eq!(out_of_touch, Err(Denied::OutOfTouch));
    assert!(in_touch.is_ok());
    assert_eq!(doorman.identify(&logged_out), Err(Denied::SignInRequired));
}

#[tokio::test(start_paused = true)]
async fn a_start_waits_for_the_first_word_and_not_for_ever() {
    let age = TrustAge::starting_now(Duration::from_mins(1));
    let doorman = a_setup().doorman.clone().told_by_another(age.clone());
    let begun = tokio::time::Instant::now();

    doorman.wait_to_be_told(Duration::from_secs(2)).await;
    let unheard = begun.elapsed();
    age.heard();
    doorman.wait_to_be_told(Duration::from_secs(2)).await;

    assert_eq!(unheard, Duration::from_secs(2));
    assert_eq!(begun.elapsed(), unheard, "nothing more is waited for");
}

#[test]
fn only_the_secret_that_services_share_lets_a_peer_in() {
    let setup = a_setup();
    let secret = Secret::parse("correct horse battery staple").expect_err("a space");
    assert!(matches!(secret, crate::peer::InvalidSecret::Unprintable));
    let secret = Secret::parse("correct-horse-battery\n").expect("a secret");
    let doorman = setup.doorman.clone().admitting_peers(Arc::new(secret));
    let (signed_in, _, _) = setup.a_sign_in();

    assert_eq!(doorman.identify_peer(&showing("correct-horse-battery")), Ok(()));
    for other in [
        MetadataMap::new(),
        signed_in,
        showing(""),
        showing("correct-horse-batter"),
        showing("correct-horse-battery1"),
        showing("Correct-horse-battery"),
    ] {
        assert_eq!(doorman.identify_peer(&other), Err(Denied::PeersOnly));
    }
    let locked = setup.doorman.identify_peer(&showing("correct-horse-battery"));
    assert_eq!(locked, Err(Denied::PeersOnly), "without a secret there are no peers");
}

#[test]
fn who_may_make_a_call_is_read_from_the_contract() {
    let setup = a_setup();
    setup.keys.set(setup.mint.key(SystemClock.now()).key_set());
    let secret = Arc::new(Secret::parse("correct-horse-battery").expect("a secret"));
    let doorman = setup.doorman.clone().admitting_peers(secret).for_publishers_to("change games");
    let tokens = [Role::Player, Role::Publisher, Role::Admin];
    let [player, publisher, admin] = tokens.map(|role| setup.a_sign_in_as(role).0);
    let people = [MetadataMap::new(), player, publisher, admin, showing("correct-horse-battery")];
    let roles = |access| {
        let call = Call { access, rest: None, ..CALLS[0] };
        let admitted = people.each_ref().map(|metadata| doorman.admit(&call, metadata));
        admitted.map(|admitted| admitted.map(|it| it.caller().ok().map(|caller| caller.role)))
    };
    let sign_in = Err(Denied::SignInRequired);
    let publishers = Err(Denied::PublisherRoleRequired("change games"));
    let (player, publisher, admin) = (Role::Player, Role::Publisher, Role::Admin);

    for access in [Access::Anyone, Access::TokenHolder] {
        assert_eq!(roles(access), [Ok(None); 5], "they need not sign in");
    }
    let signed_in = [sign_in, Ok(Some(player)), Ok(Some(publisher)), Ok(Some(admin)), sign_in];
    assert_eq!([roles(Access::Owner), roles(Access::SignedIn)], [signed_in; 2]);
    let publishing = [sign_in, publishers, Ok(Some(publisher)), Ok(Some(admin)), sign_in];
    assert_eq!(roles(Access::Publisher), publishing);
    let admins = Err(Denied::AdministratorRoleRequired);
    let administering = [sign_in, admins, admins, Ok(Some(admin)), sign_in];
    assert_eq!(roles(Access::Admin), administering);
    let closed = Err(Denied::PeersOnly);
    for access in [Access::Peer, Access::Unspecified] {
        assert_eq!(roles(access), [closed, closed, closed, closed, Ok(None)]);
    }
    let refused = Denied::PublisherRoleRequired("change games").to_string();
    assert_eq!(refused, "only publishers and administrators may change games");
}

/// A stream that has said one thing, and says nothing more by itself.
async fn a_stream_of(doorman: &Doorman, caller: &MetadataMap) -> Attended<u8> {
    let says = stream::once(async { Ok(1_u8) }).chain(stream::pending());
    let mut attended = doorman.attend(caller, says);
    assert_eq!(attended.next().await.expect("open").ok(), Some(1));
    attended
}

/// Waits for the end of a stream, and tells why it ended.
async fn ends(mut stream: Attended<u8>) -> tonic::Code {
    let refused = stream.next().await.expect("it says why").expect_err("it says nothing more");
    assert!(stream.next().await.is_none(), "that is the last word");
    refused.code()
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_session_of_its_caller_and_the_streams_of_others_go_on() {
    let setup = a_setup();
    setup.keys.set(setup.mint.key(SystemClock.now()).key_set());
    let (ada, session, expires) = setup.a_sign_in();
    let (eve, ..) = setup.a_sign_in();
    let hers = a_stream_of(&setup.doorman, &ada).await;
    let mut others = a_stream_of(&setup.doorman, &eve).await;

    let ending = setup.ended.clone();
    tokio::spawn(async move { ending.end(session, expires) });
    let began = tokio::time::Instant::now();

    assert_eq!(ends(hers).await, tonic::Code::Unauthenticated);
    assert_eq!(began.elapsed(), Duration::ZERO, "it waits for no timer");
    let silence = tokio::time::timeout(Duration::from_mins(1), others.next());
    assert!(silence.await.is_err(), "the other session goes on");
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_its_token_expires_or_accounts_is_not_heard_from() {
    let clock = Arc::new(sir0_kernel::ManualClock::at(SystemClock.now()));
    let setup = a_setup();
    setup.keys.set(setup.mint.key(SystemClock.now()).key_set());
    let age = TrustAge::starting_now(Duration::from_mins(1));
    let doorman = Doorman { clock: Arc::clone(&clock) as _, ..setup.doorman.clone() };
    let apart = setup.doorman.clone().told_by_another(age);
    let (ada, ..) = setup.a_sign_in();
    let mut expiring = a_stream_of(&doorman, &ada).await;
    let untold = a_stream_of(&apart, &ada).await;

    assert!(tokio::time::timeout(Duration::from_secs(30), expiring.next()).await.is_err());
    clock.advance(Duration::from_hours(1));

    assert_eq!(ends(expiring).await, tonic::Code::Unauthenticated);
    assert_eq!(ends(untold).await, tonic::Code::Unavailable);
}

#[test]
fn the_token_of_a_machine_opens_what_its_scopes_name_and_nothing_else() {
    let setup = a_setup();
    setup.keys.set(setup.mint.key(SystemClock.now()).key_set());
    let doorman = setup.doorman.clone().for_publishers_to("change games");
    let now = SystemClock.now();
    let holding = |role, scopes: &str| {
        let grant = Grant { scopes: Scopes::known(scopes), studio: None };
        let (user, session) = (UserId::parse(7).expect("an id"), SessionId::fresh(now));
        let machine = Machine { user, role, session, client: "apitoken_1", grant };
        let token = setup.mint.mint_for_machine(&machine, now, now.after(Duration::from_hours(1)));
        showing(&token.token)
    };
    let admits = |access, scope, scopes: &str, role| {
        let call = Call { access, scope, rest: None, ..CALLS[0] };
        doorman.admit(&call, &holding(role, scopes)).map(drop)
    };
    let (write, both) = (Some("games:write"), "games:read games:write");

    for access in [Access::Owner, Access::SignedIn, Access::Publisher] {
        let admits = |scope, scopes| admits(access, scope, scopes, Role::Admin);
        assert_eq!(admits(write, both), Ok(()));
        assert_eq!(admits(write, "games:write"), Ok(()));
        let missing = Err(Denied::ScopeMissing(write));
        assert_eq!([admits(write, "games:read"), admits(write, "")], [missing; 2]);
        assert_eq!(admits(None, both), Err(Denied::ScopeMissing(None)), "no scope opens it");
        let unknown = Some("builds:upload");
        assert_eq!(admits(unknown, "builds:upload"), Err(Denied::ScopeMissing(unknown)));
    }
    let player = admits(Access::Publisher, write, both, Role::Player);
    assert_eq!(player, Err(Denied::PublisherRoleRequired("change games")));
    assert_eq!(admits(Access::Anyone, None, "", Role::Player), Ok(()), "anyone may");
    for access in [Access::Peer, Access::Unspecified] {
        assert_eq!(admits(access, write, both, Role::Admin), Err(Denied::PeersOnly));
    }
    let told = Denied::ScopeMissing(write).to_string();
    assert!(told.contains("`games:write`"), "{told}");
}

#[tokio::test]
async fn an_account_that_calls_too_often_is_refused_at_every_address_and_no_other_is() {
    let setup = a_setup();
    setup.keys.set(setup.mint.key(SystemClock.now()).key_set());
    let rate = Rate::a_minute(3).expect("a limit");
    let doorman = setup.doorman.clone().limiting(Some(Arc::new(Limiter::new("calls", rate))));
    let call = Call { access: Access::Owner, rest: None, ..CALLS[0] };
    let (ada, ..) = setup.a_sign_in();
    let asks = async |address: [u8; 4]| {
        let budget = sir0_kernel::Budget::of(1 << 20);
        let share = budget.share(Client::at(address.into()));
        request_id::within(request_id::RequestId::fresh(), Some(share), async {
            doorman.admit(&call, &ada).map(drop)
        })
        .await
    };

    for number in 1..=3 {
        assert_eq!(asks([192, 0, 2, number]).await, Ok(()));
    }

    let refused = asks([192, 0, 2, 4]).await.expect_err("the fourth in a moment");
    assert!(matches!(refused, Denied::TooManyRequests(_)));
    let status = Status::from(refused);
    let told = |name: &str| status.metadata().get(name).and_then(|it| it.to_str().ok());
    assert_eq!(told("ratelimit-policy"), Some("\"calls\";q=3;w=60"));
    assert!(told("ratelimit").is_some_and(|it| it.starts_with("\"calls\";r=0;t=")), "{status:?}");
    assert_eq!(asks([127, 0, 0, 1]).await, Ok(()), "the operator's own machine is not limited");
    assert_eq!(doorman.admit(&call, &ada).map(drop), Ok(()), "nor is this process itself");
    let anyone = Call { access: Access::Anyone, rest: None, ..CALLS[0] };
    assert_eq!(doorman.admit(&anyone, &ada).map(drop), Ok(()), "no one is asked who it is");
}
