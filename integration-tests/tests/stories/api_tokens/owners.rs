//! What an API token may do follows its owner: their studios, their role, and what they decide.

use serde_json::json;
use sir0_kernel::Role;
use sir0_testkit::{Person, a_game, platform};

use super::{adds, exchanges, founds, machine_with, makes, path_of, refused, reprices};

async fn studio_of(person: &Person) -> String {
    let studios = person.rest().get("/api/studios").await;
    studios.json["studios"][0]["studioId"].as_str().expect("an id").to_owned()
}

async fn lets_in(owner: &Person, studio: &str, person: &Person, role: &str) {
    let path = format!("/api/studios/{studio}/invitations");
    let invited = owner.rest().post(&path, &json!({"role": role})).await;
    let secret = json!({"secret": invited.json["secret"]});
    let joined = person.rest().post("/api/invitations:accept", &secret).await;
    assert_eq!(joined.status, 200, "{joined:?}");
}

#[tokio::test]
async fn an_api_token_for_one_studio_leaves_all_others_alone() {
    let platform = platform().await;
    let owner = platform.publisher("Northlight").await;
    let (north, south) = (founds(&owner).await, founds(&owner).await);
    let of = |studio: &str| {
        let mut game = a_game("Lanterns");
        game["studioId"] = json!(studio);
        game
    };
    let (mine, other) = (adds(&owner, &of(&north)).await, adds(&owner, &of(&south)).await);
    let (token, _) = makes(&owner, &["games:read", "games:write"], &north).await;
    let machine = machine_with(&owner, &token).await;

    let removed = machine.rest().delete(&other).await;
    let repriced = reprices(&machine, &other, 0.0).await;
    let added = machine.rest().post("/api/games", &of(&south)).await;

    for answer in [&removed, &repriced, &added] {
        assert_eq!(refused(answer), (403, "SCOPE_MISSING"), "{answer:?}");
    }
    assert_eq!(owner.rest().get(&other).await.json["price"], a_game("")["price"]);
    assert_eq!(reprices(&machine, &mine, 5.0).await.status, 200);
    // Whoever has two studios names one; this machine has one.
    let unnamed = adds(&machine, &a_game("Harbours")).await;
    assert_eq!(owner.rest().get(&unnamed).await.json["studioId"], json!(north));
    let listed = machine.rest().get("/api/games:mine").await;
    let listed = listed.json["games"].as_array().expect("games").clone();
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert!(listed.iter().all(|game| game["studioId"] == json!(north)), "{listed:?}");
    let away = json!({"studioId": south});
    let given = machine.rest().post(&format!("{mine}:handOver"), &away).await;
    assert_eq!(refused(&given), (403, "SCOPE_MISSING"), "no API token gives a game away");
}

#[tokio::test]
async fn an_administrators_api_token_for_one_studio_does_not_reach_the_platforms_games() {
    let platform = platform().await;
    let admin = platform.admin("Root").await;
    let game = adds(&admin, &a_game("Harbours")).await;
    let studio = founds(&admin).await;
    let (token, _) = makes(&admin, &["games:write"], &studio).await;

    let machine = machine_with(&admin, &token).await;

    assert_eq!(refused(&reprices(&machine, &game, 0.0).await), (403, "SCOPE_MISSING"));
    let added = adds(&machine, &a_game("Lanterns")).await;
    assert_eq!(admin.rest().get(&added).await.json["studioId"], json!(studio));
}

#[tokio::test]
async fn the_api_token_of_a_removed_member_is_refused_and_so_is_what_it_gave_before() {
    let platform = platform().await;
    let owner = platform.publisher("Northlight").await;
    let game = adds(&owner, &a_game("Lanterns")).await;
    let studio = studio_of(&owner).await;
    let ada = platform.player("Ada").await;
    lets_in(&owner, &studio, &ada, "editor").await;
    let (for_it, _) = makes(&ada, &["games:write"], &studio).await;
    let (for_all, _) = makes(&ada, &["games:write"], "").await;
    let machines = [machine_with(&ada, &for_it).await, machine_with(&ada, &for_all).await];
    for machine in &machines {
        assert_eq!(reprices(machine, &game, 5.0).await.status, 200);
    }

    let member = format!("/api/studios/{studio}/members/{}", ada.id);
    let lesser = owner.rest().put(&member, &json!({"role": "viewer"})).await;
    assert_eq!(lesser.status, 200, "{lesser:?}");
    assert_eq!(refused(&exchanges(&ada, &for_it).await), (401, "API_TOKEN_REFUSED"), "a viewer");
    assert_eq!(owner.rest().delete(&member).await.status, 200);

    for (machine, token) in machines.iter().zip([&for_it, &for_all]) {
        let repriced = reprices(machine, &game, 6.0).await;
        assert_eq!(refused(&repriced), (403, "PUBLISHER_ROLE_REQUIRED"));
        assert_eq!(refused(&exchanges(&ada, token).await), (401, "API_TOKEN_REFUSED"));
    }
    assert_eq!(owner.rest().get(&game).await.json["price"], 5.0);
}

#[tokio::test]
async fn an_api_token_follows_the_role_of_its_owner_at_once() {
    let platform = platform().await;
    let owner = platform.publisher("Northlight").await;
    let game = adds(&owner, &a_game("Lanterns")).await;
    let admin = platform.admin("Root").await;
    platform.admin("Other").await;
    let platforms = adds(&admin, &a_game("Harbours")).await;
    let (token, _) = makes(&admin, &["games:write"], "").await;
    let machine = machine_with(&admin, &token).await;
    assert_eq!(reprices(&machine, &platforms, 5.0).await.status, 200);

    platform.operator().grants("Root", Role::Publisher).await;

    let repriced = reprices(&machine, &platforms, 6.0).await;
    assert_eq!(refused(&repriced), (401, "SIGN_IN_REQUIRED"), "it had the role before");
    let machine = machine_with(&admin, &token).await;
    for game in [&platforms, &game] {
        assert_eq!(refused(&reprices(&machine, game, 6.0).await), (403, "NOT_YOUR_GAME"));
    }
    platform.operator().grants("Root", Role::Player).await;
    assert_eq!(refused(&exchanges(&admin, &token).await), (401, "API_TOKEN_REFUSED"));
}

#[tokio::test]
async fn a_new_password_and_the_end_of_all_sessions_leave_machines_at_work() {
    let platform = platform().await;
    let owner = platform.publisher("Northlight").await;
    let game = adds(&owner, &a_game("Lanterns")).await;
    let (token, id) = makes(&owner, &["games:write"], "").await;
    let machine = machine_with(&owner, &token).await;
    let user = format!("/api/users/{}", owner.id);

    let changed = owner.rest().put(&user, &json!({"password": "nine lanterns at dusk"})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(reprices(&machine, &game, 5.0).await.status, 200);
    let ended = owner.rest().post(&format!("{user}/sessions:end"), &json!({})).await;
    assert_eq!(ended.json["ended"], 1, "the one that the list shows: {ended:?}");

    assert_eq!(reprices(&machine, &game, 6.0).await.status, 200);
    assert_eq!(exchanges(&owner, &token).await.status, 200);
    let admin = platform.admin("Root").await;
    let listed = admin.rest().get(&path_of(&owner)).await;
    assert_eq!(listed.json["apiTokens"][0]["tokenId"], json!(id), "an administrator sees it");
    let revoked = admin.rest().delete(&format!("{}/{id}", path_of(&owner))).await;
    assert_eq!(revoked.json["wasGood"], true, "and revokes it");
    assert_eq!(refused(&reprices(&machine, &game, 7.0).await), (401, "SIGN_IN_REQUIRED"));
}
