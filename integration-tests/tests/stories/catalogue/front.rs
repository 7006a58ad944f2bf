//! The store as a whole: its currency, and its front page.

use sir0_contract::storefront::{
    GetFrontPageRequest, UpdatePicksRequest, store_service_client::StoreServiceClient,
};
use sir0_testkit::platform_with;
use tonic::Code;

use super::*;

/// The titles in the lists of the front page, by their names.
async fn front(of: &Person) -> Vec<(String, Vec<String>)> {
    let answer = of.rest().get("/api/store/front-page").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let lists = answer.json["lists"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let titles = |list: &Value| {
        let games = list["games"].as_array().expect("games");
        (text(&list["name"]), games.iter().map(|game| text(&game["title"])).collect())
    };
    lists.iter().map(titles).collect()
}

async fn picks(by: &Person, ids: &[i64]) -> Answer {
    by.rest().put("/api/store/picks", &json!({"gameIds": ids})).await
}

fn list(name: &str, titles: &[&str]) -> (String, Vec<String>) {
    (name.to_owned(), titles.iter().map(|&title| title.to_owned()).collect())
}

#[tokio::test]
async fn the_front_page_has_what_is_picked_new_and_coming_and_tells_no_secret() {
    let Stage { platform, studio, draft, .. } = Stage::set().await;
    let (root, visitor) = (platform.admin("Root").await, platform.visitor());
    assert_eq!(front(&visitor).await, [list("new", &["Harbours"])]);
    let announced =
        |title, day| with(a_game(title), &json!({"state": "announced", "releaseDate": day}));
    let comets = adds(&studio, &announced("Comets", "2031-05-01")).await;
    adds(&studio, &announced("Auroras", "2030-05-01")).await;
    let lanterns = adds(&studio, &a_game("Lanterns")).await;
    let dlc = json!({"kind": "dlc", "baseGameId": lanterns});
    adds(&studio, &with(a_game("Lanterns at Sea"), &dlc)).await;

    let picked = picks(&root, &[comets, draft, lanterns]).await;

    assert_eq!((picked.status, &picked.json["revision"]), (200, &json!(1)));
    let new = list("new", &["Lanterns", "Harbours"]);
    let coming = list("coming", &["Auroras", "Comets"]);
    let expected = [list("picked", &["Comets", "Lanterns"]), new.clone(), coming.clone()];
    assert_eq!(front(&visitor).await, expected);
    let own = root.rest().get("/api/store/picks").await;
    assert_eq!(own.json, json!({"gameIds": [comets, draft, lanterns], "revision": 1}));

    // It stands there with its release, and goes when it is withdrawn.
    let published = json!({"state": "released"});
    let answer = studio.rest().post(&format!("/api/games/{draft}:publish"), &published).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(front(&visitor).await[0], list("picked", &["Comets", "Moonquake", "Lanterns"]));
    assert_eq!(studio.rest().delete(&format!("/api/games/{lanterns}")).await.status, 200);
    assert_eq!(front(&visitor).await[0], list("picked", &["Comets", "Moonquake"]));
    assert_eq!(refused(&picks(&root, &[lanterns]).await), (404, "GAME_NOT_FOUND"));

    // Who has the page already is told so.
    let first = visitor.rest().get("/api/store/front-page").await;
    let tag = first.headers["etag"].to_str().expect("text").to_owned();
    let request = visitor.rest().request(http::Method::GET, "/api/store/front-page");
    assert_eq!(Answer::to(request.header("if-none-match", tag)).await.status, 304);
}

#[tokio::test]
async fn only_administrators_pick_and_each_bad_pick_is_named() {
    let Stage { platform, studio, stranger, draft } = Stage::set().await;
    let (root, visitor) = (platform.admin("Root").await, platform.visitor());

    assert_eq!(refused(&picks(&visitor, &[draft]).await), (401, "SIGN_IN_REQUIRED"));
    for by in [&studio, &stranger] {
        assert_eq!(refused(&picks(by, &[draft]).await), (403, "ADMINISTRATOR_ROLE_REQUIRED"));
        let read = by.rest().get("/api/store/picks").await;
        assert_eq!(refused(&read), (403, "ADMINISTRATOR_ROLE_REQUIRED"));
    }
    for ids in [&[draft, draft][..], &[0], &[-1], &[1; 51]] {
        assert_eq!(refused(&picks(&root, ids).await), (400, "INVALID_FIELDS"), "{ids:?}");
    }
    assert_eq!(refused(&picks(&root, &[draft, 2_000_000]).await), (404, "GAME_NOT_FOUND"));
    let none = root.rest().get("/api/store/picks").await;
    assert_eq!(none.json, json!({"gameIds": [], "revision": 0}));

    for (ids, revision) in [(&[draft][..], 1), (&[draft], 1), (&[], 2), (&[draft], 3)] {
        let picked = picks(&root, ids).await;
        assert_eq!((picked.status, &picked.json["revision"]), (200, &json!(revision)));
    }
    let stale = json!({"gameIds": [], "revision": 2});
    let stale = root.rest().put("/api/store/picks", &stale).await;
    assert_eq!(refused(&stale), (409, "STALE_REVISION"));
    // Picked again as they are, also when one was withdrawn meanwhile.
    assert_eq!(studio.rest().delete(&format!("/api/games/{draft}")).await.status, 200);
    assert_eq!(picks(&root, &[draft]).await.json["revision"], json!(3));
}

#[tokio::test]
async fn the_front_page_over_grpc_is_the_one_over_rest() {
    let stage = Stage::set().await;
    let root = stage.platform.admin("Root").await;
    let mut store = StoreServiceClient::new(root.bearer());
    let draft = i32::try_from(stage.draft).expect("an id");
    let ask = |revision| UpdatePicksRequest { game_ids: vec![draft], revision };

    let late = store.update_picks(ask(Some(7))).await.expect_err("nothing was picked");
    let picked = store.update_picks(ask(Some(0))).await.expect("a game").into_inner();
    stage.publishes(stage.draft, &json!({"state": "released"})).await;
    let front = store.get_front_page(GetFrontPageRequest {}).await.expect("a page").into_inner();

    assert_eq!((late.code(), picked.revision), (Code::Aborted, 1));
    let names: Vec<_> = front.lists.iter().map(|list| (&*list.name, list.games.len())).collect();
    assert_eq!(names, [("picked", 1), ("new", 2)]);
    assert_eq!(front.lists[0].games[0].game_id, draft);
}

#[tokio::test]
async fn prices_have_the_decimals_of_the_currency_at_every_door() {
    for (code, decimals, good, bad, why) in [
        ("JPY", 0, 1999.0, 19.9, "must have no decimals"),
        ("KWD", 3, 1.999, 1.9999, "must have at most three decimals"),
        ("USD", 2, 19.99, 1.999, "must have at most two decimals"),
    ] {
        let platform = platform_with(|config| {
            let storefront: &mut sir0_storefront::Config = config.services.get_mut();
            storefront.currency = Some(code.parse().expect("a currency"));
        })
        .await;
        let studio = platform.publisher("Northlight").await;
        let store = studio.rest().get("/api/store").await.json;
        assert_eq!(store["currency"], json!({"code": code, "decimals": decimals}));
        // 500 of the smallest unit begin a band, whatever the currency.
        let from = store["priceBands"][2]["from"].as_f64().expect("a number");
        assert_eq!(from.to_string(), (500.0 / 10_f64.powi(decimals)).to_string());
        let game = |price: f64| with(a_game("Lanterns"), &json!({"price": price}));

        let refused = studio.rest().post("/api/games", &game(bad)).await;
        assert_eq!(refused.status, 400);
        assert!(refused.json.to_string().contains(why), "{code}: {refused:?}");
        let id = adds(&studio, &game(good)).await;
        let own = format!("/api/games/{id}");
        let refused = studio.rest().put(&own, &json!({"price": bad})).await;
        assert!(refused.json.to_string().contains(why), "{code}: {refused:?}");
        assert_eq!(studio.rest().put(&own, &json!({"price": 7})).await.status, 200);
        assert_eq!(studio.rest().put(&own, &json!({"price": good})).await.status, 200);

        let read = studio.rest().get(&own).await.json;
        assert_eq!(read["price"], json!(good), "{code}");
        let listed = studio.rest().get("/api/games?priceBand=under_20").await.json;
        assert_eq!(listed["games"][0]["price"], json!(good), "{code}: {listed}");
        let past = studio.rest().get(&format!("{own}/changes")).await.json;
        let told = &past["changes"][0]["fields"][0];
        assert_eq!((&told["before"], &told["after"]), (&json!("7"), &json!(good.to_string())));
        let file = studio.rest().get("/api/games:export?format=csv").await;
        assert!(file.text.contains(&format!(",{good},")), "{code}: {}", file.text);
        let (rest, watch) = (studio.rest(), "/api/games:watch?sendPresent=true");
        let mut stream = rest.stream(watch, "application/x-ndjson", &[]).await;
        let present = stream.next_json().await.expect("an open stream");
        assert_eq!(present["present"]["price"], json!(good), "{code}: {present}");
    }
}
