//! What the program says while it runs: who did what, what strangers were refused, each request where an operator
//! wants it, and never a word that belongs to a person.

use std::time::Duration;

use http::Method;
use prost_reflect::Value as Field;
use serde_json::{Value, json};
use sir0_contract::{
    calls,
    storefront::{GetGameRequest, UpdateGameRequest},
};
use sir0_testkit::{Answer, PASSWORD, Person, Process, a_game, process, process_with};

use crate::{grpc_web, untyped};

/// Waits until the log has a line with all of these words, and answers with it.
async fn line(server: &Process, words: &[&str]) -> String {
    for _ in 0..300 {
        let log = server.log();
        if let Some(line) = log.lines().find(|line| words.iter().all(|word| line.contains(word))) {
            return line.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no line with {words:?} in:\n{}", server.log());
}

/// Asks over REST under this request id.
async fn asks(person: &Person, id: &str, method: Method, path: &str, body: Value) -> Answer {
    let request = person.rest().request(method, path).header("x-request-id", id);
    Answer::to(if body.is_null() { request } else { request.json(&body) }).await
}

#[tokio::test]
async fn a_log_for_machines_is_json_from_its_first_line_to_its_last_and_says_when_it_is_ready() {
    let mut server = process_with(&[("SIR0_LOG_FORMAT", "json")]).await;
    let (address, said) = (server.address().to_string(), server.said());
    server.visitor().rest().get("/api/games/7").await;
    assert!(server.terminate().await.success());

    let log = server.log();
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();

    assert_eq!(said, "", "a banner is for a person at a terminal");
    let ready: Vec<_> = lines.iter().filter(|line| line["message"] == "ready").collect();
    assert_eq!(ready.len(), 1, "{log}");
    assert_eq!(ready[0]["address"], address);
    assert_eq!(ready[0]["parts"], "all");
    assert_eq!(ready[0]["level"], "INFO");
    assert_eq!(lines.last().expect("a line")["message"], "stopped");
}

#[tokio::test]
async fn a_log_for_people_says_when_it_is_ready_and_prints_no_banner_to_a_file() {
    let server = process().await;

    line(&server, &["INFO ready address=", &server.address().to_string(), "parts=all"]).await;

    assert_eq!(server.said(), "");
}

#[tokio::test]
async fn what_people_do_who_are_signed_in_is_a_line_each_with_its_request() {
    let server = process().await;
    let visitor = server.visitor();
    let (email, new_email) = ("ada@example.com", "countess@example.com");
    let account = json!({"username": "Ada", "email": email, "password": PASSWORD});
    asks(&visitor, "act-1", Method::POST, "/api/users/register", account).await;
    let login = json!({"email": email, "password": PASSWORD});
    let login = asks(&visitor, "act-2", Method::POST, "/api/users/login", login).await;
    let ada = visitor.with_token(login.json["token"].as_str().expect("a token"));
    let me = "/api/users/1";
    let change = json!({"username": "Countess", "email": new_email});
    assert_eq!(asks(&ada, "act-3", Method::PUT, me, change.clone()).await.status, 200);
    assert_eq!(asks(&ada, "act-same", Method::PUT, me, change).await.status, 200);
    let password = json!({"password": "ten quiet lanterns over 58 harbours"});
    assert_eq!(asks(&ada, "act-4", Method::PUT, me, password).await.status, 200);
    let logout = json!({"token": ada.token()});
    asks(&visitor, "act-5", Method::POST, "/api/users/logout", logout.clone()).await;
    asks(&visitor, "act-again", Method::POST, "/api/users/logout", logout).await;

    for (id, did) in [
        ("act-1", "user 1 was added as player"),
        ("act-2", "user 1 signed in"),
        ("act-3", "the account of user 1 was changed"),
        ("act-4", "the account of user 1 was changed"),
        ("act-5", "user 1 signed out"),
    ] {
        line(&server, &["INFO", did, &format!("request={id}"), "user.id=1"]).await;
    }
    line(&server, &["act-3", "fields=\"username, email\""]).await;
    line(&server, &["act-4", "fields=password"]).await;
    let log = server.log();
    for nothing_new in ["act-same", "act-again"] {
        assert!(!log.contains(nothing_new), "it changed nothing:\n{log}");
    }
    for personal in [email, new_email, PASSWORD, "Countess", ada.token()] {
        assert!(!log.contains(personal), "`{personal}` is in the log:\n{log}");
    }
}

#[tokio::test]
async fn what_happens_to_a_game_is_a_line_each_that_names_who_did_it_over_every_door() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;
    let added = asks(&studio, "game-1", Method::POST, "/api/games", a_game("Lanterns")).await;
    let id = i32::try_from(added.json["gameId"].as_i64().expect("an id")).expect("a small one");
    let mut request = tonic::Request::new(UpdateGameRequest {
        game_id: id,
        price: Some(9.99),
        ..UpdateGameRequest::default()
    });
    request.metadata_mut().insert("x-request-id", "game-2".parse().expect("plain"));
    studio.games().update_game(request).await.expect("a good change");
    asks(&studio, "game-3", Method::DELETE, &format!("/api/games/{id}"), Value::Null).await;

    for (request, did) in [("game-1", "added"), ("game-2", "changed"), ("game-3", "withdrawn")] {
        let did = format!("game {id} was {did}");
        line(&server, &["INFO", &did, &format!("request={request}"), "user.id="]).await;
    }
    let of_the_operator = server
        .runs(&["admin", "grant", "--email", "Northlight@example.com", "--role", "admin"])
        .await;
    let said = String::from_utf8_lossy(&of_the_operator.stderr).into_owned();
    assert!(said.contains("has another role, by an operator") && !said.contains('@'), "{said}");
}

#[tokio::test]
async fn what_strangers_are_refused_is_summed_up_with_a_request_to_look_for() {
    let server = process().await;
    let visitor = server.visitor();

    for nth in 0..30 {
        let id = format!("refused-{nth}");
        asks(&visitor, &id, Method::GET, "/api/games/7", Value::Null).await;
    }
    visitor.games().get_game(GetGameRequest { game_id: -1 }).await.unwrap_err();
    let login = json!({"email": "nobody@example.com", "password": PASSWORD});
    asks(&visitor, "refused-login", Method::POST, "/api/users/login", login).await;
    asks(&visitor, "refused-path", Method::GET, "/nowhere", Value::Null).await;

    line(&server, &["INFO", "refused", "GetGame NOT_FOUND", "requests=", "refused-0"]).await;
    line(&server, &["INFO", "refused", "Login UNAUTHENTICATED"]).await;
    line(&server, &["INFO", "refused", "no call UNIMPLEMENTED"]).await;
    line(&server, &["INFO", "refused", "GetGame INVALID_ARGUMENT"]).await;
    let log = server.log();
    let lines = log.lines().filter(|line| line.contains("refused-")).count();
    assert!(lines < 15, "{lines} lines for 33 refusals:\n{log}");
}

#[tokio::test]
async fn at_level_debug_a_refused_request_is_found_by_its_id() {
    let server = process_with(&[("SIR0_LOG", "debug")]).await;
    let visitor = server.visitor();

    asks(&visitor, "found-by-id", Method::GET, "/api/games/seven?secret=1", Value::Null).await;

    let found = line(&server, &["DEBUG", "refused", "request=found-by-id"]).await;
    for word in ["door=rest", "method=GET", "path=/api/games/seven", "code=INVALID_ARGUMENT"] {
        assert!(found.contains(word), "no {word} in {found}");
    }
    assert!(!found.contains("secret"), "{found}");
}

#[tokio::test]
async fn an_operator_who_wants_it_has_a_line_for_each_request_whatever_its_door_and_its_end() {
    // The test finds the program by its line `ready`.
    let quiet = [("SIR0_LOG_ACCESS", "true"), ("SIR0_LOG", "warn,sir0_server::platform=info")];
    let server = process_with(&quiet).await;
    let visitor = server.visitor();
    let list = calls().find(|call| call.name == "ListGames").expect("a call");

    asks(&visitor, "seen-1", Method::GET, "/api/games?q=secret", Value::Null).await;
    asks(&visitor, "seen-2", Method::GET, "/api/games/7", Value::Null).await;
    asks(&visitor, "seen-3", Method::GET, "/api/users/ada@example.com", Value::Null).await;
    asks(&visitor, "seen-4", Method::GET, "/metrics", Value::Null).await;
    visitor.games().get_game(GetGameRequest { game_id: 7 }).await.unwrap_err();
    untyped::makes(&visitor, list, Vec::new()).await;
    grpc_web::makes(&visitor, list, &[]).await;
    drop(visitor.socket().await);

    for words in [
        ["request=seen-1", "door=rest method=GET path=/api/games status=200 code=OK"],
        ["request=seen-2", "path=/api/games/7 status=404 code=NOT_FOUND"],
        ["request=seen-3", "path=/api/users/… status=400 code=INVALID_ARGUMENT"],
        ["request=seen-4", "door=page method=GET path=/metrics status=200 code=OK"],
        ["door=grpc ", "GamesService/GetGame status=200 code=NOT_FOUND"],
        ["door=grpc ", "GamesService/ListGames status=200 code=OK"],
        ["door=grpc-web", "GamesService/ListGames status=200 code=OK"],
        ["door=ws", "path=/ws status=101"],
    ] {
        let words: Vec<_> = words.iter().flat_map(|words| words.split(' ')).collect();
        let found = line(&server, &words).await;
        for always in ["answered", "client=127.0.0.1", "milliseconds=", "bytes="] {
            assert!(found.contains(always), "no {always} in {found}");
        }
    }
    let log = server.log();
    assert_eq!(log.lines().filter(|line| line.contains("request=seen-1 ")).count(), 1);
    for private in ["secret", "ada@example.com"] {
        assert!(!log.contains(private), "{private} in:\n{log}");
    }
}

#[tokio::test]
async fn no_call_leaves_a_persons_words_in_the_log_however_much_is_logged() {
    let names = ["accounts", "storefront", "server", "rpc", "storage", "feed", "tokens", "redis"];
    let all = names.map(|name| format!("sir0_{name}=trace")).join(",");
    let log = format!("info,{all}");
    let server = process_with(&[("SIR0_LOG", log.as_str()), ("SIR0_LOG_ACCESS", "true")]).await;
    let studio = server.publisher("Northlight").await;
    let admin = server.admin("Keeper").await;
    let (mark, password) = ("marked.person@example.org", "a very marked password 4711");
    let account = json!({"username": "Markedname", "email": mark, "password": password});
    let visitor = server.visitor();
    for _ in 0..2 {
        // The second is refused.
        visitor.rest().post("/api/users/register", &account).await;
    }
    let login = json!({"email": mark, "password": password});
    let token = visitor.rest().post("/api/users/login", &login).await.json["token"].clone();
    let token = token.as_str().expect("a token").to_owned();
    let marked = visitor.with_token(&token);
    let wrong = json!({"email": mark, "password": "a very marked password 4712"});
    visitor.rest().post("/api/users/login", &wrong).await;

    let text = |text: &str| Field::String(text.to_owned());
    let values = [
        ("email", text(mark)),
        ("password", text(password)),
        ("username", text("Markedname")),
        ("token", text(&token)),
        ("resume_token", text(&token)),
        ("title", text(mark)),
        ("description", text(password)),
        ("genre", text("Puzzle")),
        ("user_id", Field::I32(3)),
        ("game_id", Field::I32(1)),
    ];
    for person in [&visitor, &studio, &marked, &admin] {
        for call in calls() {
            let request = untyped::request(call, &values);
            untyped::makes(person, call, request.clone()).await;
            if !call.streaming {
                grpc_web::makes(person, call, &request).await;
            }
        }
    }
    for path in [
        format!("/api/users/{mark}"),
        format!("/api/users/logout/{token}"),
        format!("/api/games?q={mark}&pageToken={token}"),
        format!("/ws?token={token}"),
    ] {
        visitor.rest().get(&path).await;
    }
    let mut socket = visitor.socket().await;
    socket.says(json!({"action": mark, "topic": token})).await;
    socket.hears().await;
    drop(socket);
    line(&server, &["INFO", "answered", "door=ws"]).await;

    let log = server.log();
    let of_studio = studio.token().to_owned();
    for private in
        [mark, "marked.person", "Markedname", password, "marked password", &token, &of_studio]
    {
        assert!(!log.contains(private), "`{private}` is in the log:\n{log}");
    }
    assert!(
        log.contains("a token was refused") || log.contains("refused"),
        "much is logged:\n{log}"
    );
}
