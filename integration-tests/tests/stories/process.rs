//! The real program: what an operator does beside it, and what it keeps when it is killed.

use serde_json::json;
use sir0_testkit::{PASSWORD, a_game, process};

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_program_was_killed() {
    let mut server = process().await;
    let studio = server.publisher("Northlight").await;
    let ada = server.player("Ada").await;
    let added = studio.rest().post("/api/games", &a_game("Lanterns")).await;
    let before = studio.rest().get("/api/games").await.json;
    let logout = json!({"token": ada.token()});
    assert_eq!(ada.rest().post("/api/users/logout", &logout).await.status, 200);

    server.kill_9().await;
    server.starts_again().await;

    assert_eq!(added.status, 201);
    assert_eq!(studio.rest().get("/api/games").await.json, before);
    assert_eq!(studio.rest().post("/api/games", &a_game("Harbours")).await.status, 201);
    assert_eq!(ada.rest().get(&format!("/api/users/{}", ada.id)).await.status, 401);
}

#[tokio::test]
async fn a_role_that_an_operator_gives_beside_the_running_program_counts_from_the_next_sign_in() {
    let mut server = process().await;
    let ada = server.player("Ada").await;
    let post = async |person: &sir0_testkit::Person| {
        person.rest().post("/api/games", &a_game("Lanterns")).await.status
    };
    assert_eq!(post(&ada).await, 403);

    let grant = ["grant", "--email", "ada@example.com", "--role", "publisher"];
    let said = server.operator(&grant, "").await;

    assert!(said.contains("publisher"), "{said}");
    // The program hears of it from the table, which it looks at twice a second.
    let mut status = post(&ada).await;
    for _ in 0..100 {
        if status == 401 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        status = post(&ada).await;
    }
    assert_eq!(status, 401, "the sessions of the old role have ended");
    assert_eq!(post(&ada.signs_in("Ada").await).await, 201);
    assert!(server.terminate().await.success());
    assert!(!server.log().contains(PASSWORD));
}
