//! What a subscriber hears, and in which order.

use serde_json::json;
use sir0_contract::storefront::watch_games_response::Update;
use sir0_port::ws::{MAX_TOPICS, Options};
use tonic::{Code, Status};

use super::{
    a_server,
    stage::{FORGED, Server, Storefront, a_game, a_game_in_json, heartbeat, in_sync, start_over},
};

#[tokio::test]
async fn a_subscriber_hears_every_change_in_order_with_its_resume_token() {
    let server = a_server();
    let mut client = server.subscriber().await;

    server.games.says(Update::Added(a_game(7)), "t1");
    server.games.says(Update::Changed(a_game(7)), "t2");
    server.games.says(Update::Removed(a_game(7)), "t3");

    for (event, token) in [("added", "t1"), ("changed", "t2"), ("removed", "t3")] {
        assert_eq!(
            client.hears().await,
            json!({
                "topic": "game_updates", "event": event,
                "game": a_game_in_json(7), "resumeToken": token,
            })
        );
    }
}

#[tokio::test]
async fn the_answer_to_subscribe_comes_before_the_first_change() {
    let server = Server::start(Storefront::endless(a_game(7)), Options::default());

    for _ in 0..20 {
        let mut client = server.subscriber().await;

        assert_eq!(client.hears().await["event"], "changed");
    }
}

#[tokio::test]
async fn a_subscription_asks_for_changes_only_and_for_all_games() {
    let server = a_server();
    let _client = server.subscriber().await;

    let asked = server.games.asked();
    assert_eq!(asked.len(), 1);
    assert!(!asked[0].send_present);
    assert!(asked[0].game_ids.is_empty());
    assert!(asked[0].resume_token.is_empty());
}

#[tokio::test]
async fn one_game_can_be_watched_alone() {
    let server = a_server();
    let mut client = server.client().await;

    client.says(json!({"action": "subscribe", "topic": "game_updates/7"})).await;

    assert_eq!(client.hears().await, json!({"message": "Subscribed to game_updates/7"}));
    assert_eq!(server.games.asked()[0].game_ids, [7]);
    server.games.says(Update::Changed(a_game(7)), "t1");
    assert_eq!(client.hears().await["topic"], "game_updates/7");
}

#[tokio::test]
async fn whoever_unsubscribes_hears_no_more() {
    let server = a_server();
    let mut client = server.subscriber().await;

    client.says(json!({"action": "unsubscribe", "topic": "game_updates"})).await;

    assert_eq!(client.hears().await, json!({"message": "Unsubscribed from game_updates"}));
    server.games.is_left_alone(0).await;
    client.hears_nothing().await;
}

#[tokio::test]
async fn unsubscribing_from_what_one_never_heard_answers_the_same() {
    let server = a_server();
    let mut client = server.client().await;

    client.says(json!({"action": "unsubscribe", "topic": "game_updates/7"})).await;

    assert_eq!(client.hears().await, json!({"message": "Unsubscribed from game_updates/7"}));
}

#[tokio::test]
async fn subscribing_twice_doubles_no_change() {
    let server = a_server();
    let mut client = server.subscriber().await;

    client.says(json!({"action": "subscribe", "topic": "game_updates"})).await;
    assert_eq!(client.hears().await, json!({"message": "Subscribed to game_updates"}));
    server.games.says(Update::Changed(a_game(7)), "t1");

    assert_eq!(client.hears().await["resumeToken"], "t1");
    client.hears_nothing().await;
    assert_eq!(server.games.asked().len(), 1);
}

#[tokio::test]
async fn subscribing_again_with_a_token_restarts_from_there() {
    let server = a_server();
    let mut client = server.subscriber().await;

    client.says(json!({"action": "subscribe", "topic": "game_updates", "resume": "t0"})).await;

    assert_eq!(client.hears().await, json!({"message": "Subscribed to game_updates"}));
    assert_eq!(server.games.asked()[1].resume_token, "t0");
    server.games.is_left_alone(0).await;
}

#[tokio::test]
async fn a_forged_token_is_refused_and_leaves_the_subscription_as_it_was() {
    let server = a_server();
    let mut client = server.subscriber().await;

    client.says(json!({"action": "subscribe", "topic": "game_updates", "resume": FORGED})).await;

    let refusal = client.hears().await;
    assert_eq!(refusal["error"], "the resume token is not one of ours");
    assert_eq!(refusal["topic"], "game_updates");
    server.games.says(Update::Changed(a_game(7)), "t1");
    assert_eq!(client.hears().await["resumeToken"], "t1");
}

#[tokio::test]
async fn a_client_that_was_away_too_long_starts_over_with_the_present() {
    let server = a_server();
    let mut client = server.subscriber().await;

    server.games.says(start_over(), "");
    server.games.says(Update::Present(a_game(7)), "");
    server.games.says(in_sync(), "t9");
    server.games.says(heartbeat(), "t9");

    assert_eq!(client.hears().await, json!({"topic": "game_updates", "event": "start_over"}));
    assert_eq!(
        client.hears().await,
        json!({"topic": "game_updates", "event": "present", "game": a_game_in_json(7)})
    );
    for event in ["in_sync", "heartbeat"] {
        assert_eq!(
            client.hears().await,
            json!({"topic": "game_updates", "event": event, "resumeToken": "t9"})
        );
    }
}

#[tokio::test]
async fn a_subscription_that_fails_says_so_and_can_be_made_again() {
    let server = a_server();
    let mut client = server.subscriber().await;

    server.games.says_on(0, Err(Status::new(Code::Unavailable, "the database rests")));

    assert_eq!(client.hears().await["error"], "the database rests");
    client.says(json!({"action": "subscribe", "topic": "game_updates"})).await;
    assert_eq!(client.hears().await, json!({"message": "Subscribed to game_updates"}));
    assert_eq!(server.games.asked().len(), 2);
}

#[tokio::test]
async fn a_subscription_that_ends_without_a_word_is_reported_once() {
    let server = a_server();
    let mut client = server.subscriber().await;

    server.games.hangs_up();

    assert_eq!(client.hears().await["error"], "Subscription ended");
    client.hears_nothing().await;
}

#[tokio::test]
async fn a_socket_holds_so_many_topics_and_no_more() {
    let server = a_server();
    let mut client = server.client().await;
    for id in 1..=MAX_TOPICS {
        client.says(json!({"action": "subscribe", "topic": format!("game_updates/{id}")})).await;
        assert!(client.hears().await["message"].is_string());
    }

    client.says(json!({"action": "subscribe", "topic": "game_updates/1000"})).await;
    client.is_refused("Too many topics").await;

    client.says(json!({"action": "unsubscribe", "topic": "game_updates/1"})).await;
    client.hears().await;
    client.says(json!({"action": "subscribe", "topic": "game_updates/1000"})).await;
    assert_eq!(client.hears().await, json!({"message": "Subscribed to game_updates/1000"}));
}
