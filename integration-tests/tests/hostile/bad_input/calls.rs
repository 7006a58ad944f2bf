//! Bad fields over gRPC, as programs and as browsers send them.

use prost::Message;
use sir0_contract::{accounts, storefront};
use sir0_testkit::process;

use crate::{
    http2::{Http2, calls_from_browser, framed},
    stage::{BESIDE_OTHERS_MIB, Unshaken, a_game, adds},
};

const INVALID_ARGUMENT: i32 = 3;
const GAMES: &str = "/sir0.storefront.v1.GamesService";
const ACCOUNTS: &str = "/sir0.accounts.v1.AccountsService";

/// Requests with a field that cannot be, each as its path and its message.
fn bad_requests(id: i32, user: i32) -> Vec<(String, String, Vec<u8>)> {
    let mut cases = Vec::new();
    let mut add =
        |call: &str, what: String, message: Vec<u8>| cases.push((call.to_owned(), what, message));

    for game_id in [0, -1, i32::MIN] {
        let bare = [
            ("GetGame", storefront::GetGameRequest { game_id }.encode_to_vec()),
            ("DeleteGame", storefront::DeleteGameRequest { game_id }.encode_to_vec()),
        ];
        for (call, message) in bare {
            add(&format!("{GAMES}/{call}"), format!("id {game_id}"), message);
        }
        let update = storefront::UpdateGameRequest {
            game_id,
            title: Some("x".to_owned()),
            ..Default::default()
        };
        add(&format!("{GAMES}/UpdateGame"), format!("id {game_id}"), update.encode_to_vec());
        let user = accounts::GetUserRequest { user_id: game_id };
        add(&format!("{ACCOUNTS}/GetUser"), format!("id {game_id}"), user.encode_to_vec());
    }

    let prices = [
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.01,
        1e308,
        f64::MIN_POSITIVE,
        0.001,
        19.999,
        1e6,
    ];
    for price in prices {
        let create = storefront::CreateGameRequest { price: Some(price), ..a_game("Lanterns") };
        add(&format!("{GAMES}/CreateGame"), format!("price {price}"), create.encode_to_vec());
        let update =
            storefront::UpdateGameRequest { game_id: id, price: Some(price), ..Default::default() };
        add(&format!("{GAMES}/UpdateGame"), format!("price {price}"), update.encode_to_vec());
    }
    let free = storefront::CreateGameRequest { price: None, ..a_game("Lanterns") };
    add(&format!("{GAMES}/CreateGame"), "no price".to_owned(), free.encode_to_vec());

    for text in
        ["", " ", "a\0b", "\u{202e}x", "a\u{200b}b", &"x".repeat(10_000), &"\u{fdfa}".repeat(121)]
    {
        let what = format!("text {:?}", text.chars().take(20).collect::<String>());
        add(&format!("{GAMES}/CreateGame"), what.clone(), a_game(text).encode_to_vec());
        let update = storefront::UpdateGameRequest {
            game_id: id,
            title: Some(text.to_owned()),
            ..Default::default()
        };
        add(&format!("{GAMES}/UpdateGame"), what.clone(), update.encode_to_vec());
        let register = accounts::RegisterRequest {
            username: text.to_owned(),
            email: text.to_owned(),
            password: text.to_owned(),
            setup_token: None,
        };
        add(&format!("{ACCOUNTS}/Register"), what.clone(), register.encode_to_vec());
        let profile = accounts::UpdateUserRequest {
            user_id: user,
            username: Some(text.to_owned()),
            ..Default::default()
        };
        add(&format!("{ACCOUNTS}/UpdateUser"), what, profile.encode_to_vec());
    }
    let nothing = storefront::UpdateGameRequest { game_id: id, ..Default::default() };
    add(&format!("{GAMES}/UpdateGame"), "no change".to_owned(), nothing.encode_to_vec());
    let nobody = accounts::UpdateUserRequest { user_id: user, ..Default::default() };
    add(&format!("{ACCOUNTS}/UpdateUser"), "no change".to_owned(), nobody.encode_to_vec());
    let token = accounts::LogoutRequest { token: "x".repeat(100_000) };
    add(&format!("{ACCOUNTS}/Logout"), "a token of 100 KB".to_owned(), token.encode_to_vec());

    cases.extend(bad_lists());
    cases
}

/// Requests for lists and streams that make no sense.
fn bad_lists() -> Vec<(String, String, Vec<u8>)> {
    let mut cases = Vec::new();
    let mut add =
        |call: &str, what: String, message: Vec<u8>| cases.push((call.to_owned(), what, message));
    let list = storefront::ListGamesRequest::default;
    for (what, message) in [
        ("page size", storefront::ListGamesRequest { page_size: -1, ..list() }),
        ("page token", storefront::ListGamesRequest { page_token: "A".repeat(10_000), ..list() }),
        ("sort", storefront::ListGamesRequest { sort: "cheapest".to_owned(), ..list() }),
        ("genre", storefront::ListGamesRequest { genre: "\0".to_owned(), ..list() }),
        ("words", storefront::ListGamesRequest { q: "a ".repeat(100_000), ..list() }),
    ] {
        add(&format!("{GAMES}/ListGames"), what.to_owned(), message.encode_to_vec());
    }
    for (what, message) in [
        (
            "resume token",
            storefront::WatchGamesRequest { resume_token: "x".to_owned(), ..Default::default() },
        ),
        ("an id", storefront::WatchGamesRequest { game_ids: vec![1, 0], ..Default::default() }),
        (
            "1,000 bad ids",
            storefront::WatchGamesRequest { game_ids: vec![0; 1_000], ..Default::default() },
        ),
        (
            "100,000 ids",
            storefront::WatchGamesRequest {
                game_ids: (1..100_000).collect(),
                ..Default::default()
            },
        ),
        (
            "genre",
            storefront::WatchGamesRequest { genre: "x".repeat(100_000), ..Default::default() },
        ),
    ] {
        add(&format!("{GAMES}/WatchGames"), what.to_owned(), message.encode_to_vec());
    }
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_is_refused_with_its_reason_over_grpc() {
    let mut server = Unshaken::new(process().await);
    let admin = server.process.admin("Root").await;
    let id = adds(&admin, "Lanterns").await;
    let authorization = format!("Bearer {}", admin.token());
    let connection = Http2::open(admin.address()).await;

    for (path, what, message) in bad_requests(id, admin.id) {
        let ended =
            connection.calls(&path, &[("authorization", &authorization)], framed(&message)).await;

        ended.is_refused(INVALID_ARGUMENT, &format!("{what} to {path}"));
    }
    server.is_unshaken(BESIDE_OTHERS_MIB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_is_refused_with_its_reason_over_grpc_web() {
    let mut server = Unshaken::new(process().await);
    let admin = server.process.admin("Root").await;
    let id = adds(&admin, "Lanterns").await;
    let authorization = format!("Bearer {}", admin.token());

    for (path, what, message) in bad_requests(id, admin.id) {
        let headers = [("Authorization", authorization.as_str())];
        let ended = calls_from_browser(admin.address(), &path, &headers, &framed(&message)).await;

        ended.is_refused(INVALID_ARGUMENT, &format!("{what} to {path}"));
    }
    server.is_unshaken(BESIDE_OTHERS_MIB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_knows_is_unimplemented() {
    let server = process().await;
    let connection = Http2::open(server.address()).await;

    for path in [
        "/",
        "/x",
        "/sir0.storefront.v1.GamesService",
        "/sir0.storefront.v1.GamesService/",
        "/sir0.nothing.v1.None/Get",
        "/sir0.storefront.v1.GamesService/getgame",
        "/sir0.storefront.v1.GamesService/GetGame/x",
        "/api/games",
    ] {
        for body in [framed(&[]), framed(&[0xff]), Vec::new(), vec![7; 9]] {
            let ended = connection.calls(path, &[], body).await;

            assert_eq!((ended.http, ended.code), (200, Some(12)), "{path}: {ended:?}");
        }
    }
}
