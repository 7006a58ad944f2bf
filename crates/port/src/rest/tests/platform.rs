//! The paths and the bounds of our own contract.

use super::*;

/// A door to the platform's calls, none of which is served here.
fn door() -> RestDoor {
    let calls = sir0_contract::calls().map(|call| (call, None));
    RestDoor::new(calls, Limits::default()).expect("no two calls share a path")
}

#[test]
fn a_path_leads_to_the_call_whose_template_it_fits() {
    let door = door();
    let found = |method: &Method, path: &str| {
        let found = door.find(method, path).ok();
        found.map(|(_, _, number)| door.calls[number].metrics.call.name)
    };

    assert_eq!(found(&Method::GET, "/api/games"), Some("ListGames"));
    assert_eq!(found(&Method::HEAD, "/api/games/7"), Some("GetGame"));
    assert_eq!(found(&Method::GET, "/api/games:watch"), Some("WatchGames"));
    assert_eq!(found(&Method::GET, "/api/games%3Awatch"), Some("WatchGames"));
    assert_eq!(found(&Method::GET, "/api/g%61mes/%37"), Some("GetGame"));
    assert_eq!(found(&Method::GET, "/api/games/a%2Fb"), Some("GetGame"), "and is no number there");
    assert_eq!(found(&Method::PUT, "/api/users/7"), Some("UpdateUser"));
    assert_eq!(found(&Method::POST, "/api/users/login"), Some("Login"));
    assert_eq!(found(&Method::PUT, "/api/users/login"), None, "no user is called `login`");
    for nowhere in [
        "/api/games/",
        "/api/games/7/8",
        "/api//games",
        "/api/games/../users/7",
        "api/games",
        "/",
        "/api%2Fgames",
        "/api/games%2F7",
        "/api/%2e%2e/games",
        "/%61pi/games%",
    ] {
        assert_eq!(found(&Method::GET, nowhere), None, "{nowhere}");
    }
}

#[tokio::test]
async fn a_call_of_another_process_is_asked_for_elsewhere() {
    let door = open(door()).await;

    let answer = door.request("GET", "/api/games/7").send().await.expect("an answer");

    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
}

#[tokio::test]
async fn a_misspelt_title_and_a_price_below_0_are_told_in_one_answer() {
    let by: Arc<dyn Dispatch> = Arc::new(SampleServiceDispatch(Arc::new(Echo)));
    let calls = sir0_contract::calls().map(|call| (call, Some(Arc::clone(&by))));
    let door = open(RestDoor::new(calls, Limits::default()).expect("no two share a path")).await;

    assert_eq!(
        door.faults("POST", "/api/games", json!({"titel": "x", "price": -1})).await,
        [
            "titel is not a field of this request",
            "price must not be negative",
            "title is required",
            "genre is required",
        ]
    );
    assert_eq!(
        door.faults("PUT", "/api/games/0", json!({"titel": "x", "genre": "", "revision": 0})).await,
        [
            "titel is not a field of this request",
            "gameId must be 1 or more",
            "genre must not be empty",
        ]
    );
    assert_eq!(
        door.faults("GET", "/api/games?pageSize=-1&sort=age&qq=1", json!(null)).await,
        [
            "qq is not a parameter of this call",
            "pageSize must not be negative",
            "sort must be one of newest, title, price, price_down, release, release_up, relevance",
        ]
    );
}
