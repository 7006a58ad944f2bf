//! Nobody takes or spoils what is another's: studios, who is in them, and whose games are whose.

use serde_json::{Value, json};
use sir0_testkit::{Answer, Person, Running, a_game, platform};

/// A studio and its owner, with one game.
struct Studio {
    owner: Person,
    id: String,
    game: String,
}

impl Studio {
    async fn of(platform: &Running, name: &str) -> Self {
        let owner = platform.publisher(name).await;
        let added = owner.rest().post("/api/games", &a_game("Lanterns")).await;
        assert_eq!(added.status, 201, "{added:?}");
        let studios = owner.rest().get("/api/studios").await;
        let id = studios.json["studios"][0]["studioId"].as_str().expect("an id").to_owned();
        Self { owner, id, game: format!("/api/games/{}", added.json["gameId"]) }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/studios/{}{rest}", self.id)
    }

    async fn invites(&self, role: &str) -> Value {
        let path = self.path("/invitations");
        let invited = self.owner.rest().post(&path, &json!({"role": role})).await;
        assert_eq!(invited.status, 201, "{invited:?}");
        json!({"secret": invited.json["secret"]})
    }

    async fn lets_in(&self, person: &Person, role: &str) {
        let joined = accepts(person, &self.invites(role).await).await;
        assert_eq!(joined.json["studio"]["role"], role, "{joined:?}");
    }
}

async fn accepts(person: &Person, secret: &Value) -> Answer {
    person.rest().post("/api/invitations:accept", secret).await
}

async fn reprices(person: &Person, game: &str, price: f64) -> Answer {
    person.rest().put(game, &json!({"price": price})).await
}

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["reason"].as_str().unwrap_or("nothing"))
}

#[tokio::test]
async fn a_publisher_neither_changes_nor_removes_the_game_of_another() {
    let platform = platform().await;
    let (north, south) =
        (Studio::of(&platform, "Northlight").await, Studio::of(&platform, "Southlight").await);

    let changed = reprices(&south.owner, &north.game, 0.0).await;
    let removed = south.owner.rest().delete(&north.game).await;

    for answer in [&changed, &removed] {
        assert_eq!(refused(answer), (403, "NOT_YOUR_GAME"), "{answer:?}");
    }
    let game = north.owner.rest().get(&north.game).await;
    assert_eq!((&game.json["price"], &game.json["revision"]), (&json!(19.99), &json!(1)));
    assert_eq!(game.json["studioId"], json!(north.id));
    let gone = south.owner.rest().delete("/api/games/2000000").await;
    assert_eq!(refused(&gone), (404, "GAME_NOT_FOUND"), "there is none to be another's");
    assert_eq!(reprices(&north.owner, &north.game, 5.0).await.status, 200);
    assert_eq!(reprices(&platform.admin("Root").await, &north.game, 6.0).await.status, 200);
}

#[tokio::test]
async fn a_game_of_the_platform_is_changed_by_administrators_alone_until_it_is_handed_over() {
    let platform = platform().await;
    let north = Studio::of(&platform, "Northlight").await;
    let admin = platform.admin("Root").await;
    let added = admin.rest().post("/api/games", &a_game("Harbours")).await;
    let game = format!("/api/games/{}", added.json["gameId"]);
    assert!(admin.rest().get(&game).await.json.get("studioId").is_none());
    let to = json!({"studioId": north.id});

    assert_eq!(refused(&reprices(&north.owner, &game, 1.0).await), (403, "NOT_YOUR_GAME"));
    let taken = north.owner.rest().post(&format!("{game}:handOver"), &to).await;
    assert_eq!(refused(&taken), (403, "NOT_YOUR_GAME"));
    let given = admin.rest().post(&format!("{game}:handOver"), &to).await;

    assert_eq!((given.status, &given.json["revision"]), (200, &json!(2)), "{given:?}");
    assert_eq!(reprices(&north.owner, &game, 1.0).await.status, 200);
    assert_eq!(admin.rest().get(&game).await.json["studioId"], json!(north.id));
    let again = admin.rest().post(&format!("{game}:handOver"), &to).await;
    assert_eq!(again.json["revision"], 3, "nothing changes");
}

#[tokio::test]
async fn fifty_first_games_at_once_found_one_studio() {
    let platform = platform().await;
    let publisher = platform.publisher("Northlight").await;

    let adding = (0..50).map(|number| {
        let publisher = publisher.clone();
        tokio::spawn(async move {
            publisher.rest().post("/api/games", &a_game(&format!("Game {number}"))).await
        })
    });
    for added in futures::future::join_all(adding).await {
        let added = added.expect("no one panics");
        assert_eq!(added.status, 201, "{added:?}");
    }

    let studios = publisher.rest().get("/api/studios").await;
    let studios = studios.json["studios"].as_array().expect("a list");
    assert_eq!(studios.len(), 1, "{studios:?}");
    assert_eq!((&studios[0]["name"], &studios[0]["role"]), (&json!("Northlight"), &json!("owner")));
    let mine = publisher.rest().get("/api/games:mine?pageSize=30").await;
    assert_eq!(mine.json["games"].as_array().map(Vec::len), Some(30));
    let token = mine.json["nextPageToken"].as_str().expect("a second page");
    let rest = publisher.rest().get(&format!("/api/games:mine?pageToken={token}")).await;
    assert_eq!(rest.json["games"].as_array().map(Vec::len), Some(20));
    let eve = platform.player("Eve").await;
    let stolen = eve.rest().get(&format!("/api/games:mine?pageToken={token}")).await;
    assert_eq!(refused(&stolen), (400, "INVALID_FIELDS"), "a page token is its owner's");
}

#[tokio::test]
async fn a_player_whom_a_studio_lets_write_its_games_may_and_who_was_removed_may_not() {
    let platform = platform().await;
    let north = Studio::of(&platform, "Northlight").await;
    let ada = platform.player("Ada").await;
    let before = reprices(&ada, &north.game, 1.0).await;
    assert_eq!(refused(&before), (403, "PUBLISHER_ROLE_REQUIRED"));

    north.lets_in(&ada, "editor").await;
    assert_eq!(reprices(&ada, &north.game, 2.0).await.status, 200);
    let added = ada.rest().post("/api/games", &a_game("Harbours")).await;
    assert_eq!(added.status, 201, "{added:?}");
    let listed = ada.rest().get(&format!("/api/games?studioId={}", north.id)).await;
    assert_eq!(listed.json["totalSize"], 2, "{listed:?}");

    let member = north.path(&format!("/members/{}", ada.id));
    let lesser = north.owner.rest().put(&member, &json!({"role": "uploader"})).await;
    assert_eq!(lesser.status, 200, "{lesser:?}");
    assert_eq!(refused(&reprices(&ada, &north.game, 3.0).await), (403, "PUBLISHER_ROLE_REQUIRED"));
    assert_eq!(north.owner.rest().delete(&member).await.status, 200);
    assert_eq!(refused(&ada.rest().get(&north.path("")).await), (403, "NOT_YOUR_STUDIO"));
    let game = north.owner.rest().get(&north.game).await;
    assert_eq!(game.json["price"], 2.0);
}

#[tokio::test]
async fn who_writes_the_games_of_several_studios_says_of_which_a_new_one_is() {
    let platform = platform().await;
    let (north, south) =
        (Studio::of(&platform, "Northlight").await, Studio::of(&platform, "Southlight").await);
    south.lets_in(&north.owner, "editor").await;
    let add = async |studio: &str| {
        let mut game = a_game("Harbours");
        game["studioId"] = json!(studio);
        north.owner.rest().post("/api/games", &game).await
    };

    let unnamed = north.owner.rest().post("/api/games", &a_game("Harbours")).await;
    assert_eq!((unnamed.status, &unnamed.json["fields"][0]["field"]), (400, &json!("studioId")));
    assert_eq!(add(&south.id).await.status, 201);
    let game = south.owner.rest().get("/api/games:mine").await;
    assert_eq!(game.json["games"].as_array().map(Vec::len), Some(2));
    // What one owner could give away alone, another could take.
    let away = json!({"studioId": south.id});
    let given = north.owner.rest().post(&format!("{}:handOver", north.game), &away).await;
    assert_eq!(refused(&given), (403, "STUDIO_ROLE_REQUIRED"));
}

#[tokio::test]
async fn an_invitation_that_is_refused_loses_nothing_and_one_that_was_used_opens_nothing() {
    let platform = platform().await;
    let north = Studio::of(&platform, "Northlight").await;
    let (ada, eve) = (platform.player("Ada").await, platform.player("Eve").await);
    let secret = north.invites("editor").await;

    assert_eq!(refused(&accepts(&north.owner, &secret).await), (400, "ALREADY_MEMBER"));
    assert_eq!(accepts(&ada, &secret).await.status, 200, "it was good still");
    assert_eq!(refused(&accepts(&ada, &secret).await), (403, "INVITATION_REFUSED"));
    assert_eq!(refused(&accepts(&eve, &secret).await), (403, "INVITATION_REFUSED"));

    let secret = north.invites("editor").await;
    let open = north.owner.rest().get(&north.path("/invitations")).await;
    let id = open.json["invitations"][0]["invitationId"].as_str().expect("an id");
    let path = north.path(&format!("/invitations/{id}"));
    for was_open in [true, false] {
        let revoked = north.owner.rest().delete(&path).await;
        assert_eq!((revoked.status, &revoked.json["wasOpen"]), (200, &json!(was_open)));
    }
    assert_eq!(refused(&accepts(&eve, &secret).await), (403, "INVITATION_REFUSED"));
}

#[tokio::test]
async fn who_is_no_owner_any_more_comes_back_by_no_invitation_of_their_own() {
    let platform = platform().await;
    let north = Studio::of(&platform, "Northlight").await;
    let (ada, eve) = (platform.player("Ada").await, platform.player("Eve").await);
    north.lets_in(&ada, "owner").await;
    let path = north.path("/invitations");
    let kept = ada.rest().post(&path, &json!({"role": "owner"})).await;
    let kept = json!({"secret": kept.json["secret"]});

    let member = north.path(&format!("/members/{}", ada.id));
    assert_eq!(north.owner.rest().delete(&member).await.status, 200);

    for person in [&ada, &eve] {
        assert_eq!(refused(&accepts(person, &kept).await), (403, "INVITATION_REFUSED"));
    }
    let own = north.path(&format!("/members/{}", north.owner.id));
    assert_eq!(refused(&north.owner.rest().delete(&own).await), (400, "LAST_OWNER"));
}

#[tokio::test]
async fn thirty_two_who_show_one_secret_get_in_once() {
    let platform = platform().await;
    let north = Studio::of(&platform, "Northlight").await;
    let secret = north.invites("editor").await;
    let mut racers = Vec::new();
    for number in 0..8 {
        racers.push(platform.player(&format!("Racer {number}")).await);
    }

    let racing = racers.iter().cycle().take(32).map(|racer| {
        let (racer, secret) = (racer.clone(), secret.clone());
        tokio::spawn(async move { accepts(&racer, &secret).await.status })
    });
    let statuses = futures::future::join_all(racing).await;

    let got_in = statuses.into_iter().filter(|it| *it.as_ref().expect("no one panics") == 200);
    assert_eq!(got_in.count(), 1);
    let studio = north.owner.rest().get(&north.path("")).await;
    assert_eq!(studio.json["members"].as_array().map(Vec::len), Some(2), "{studio:?}");
}
