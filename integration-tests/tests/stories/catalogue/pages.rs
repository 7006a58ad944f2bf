//! A studio tells of a game at length, and players find it by what its page says.

use sir0_contract::storefront::{
    GetGamePageRequest, ListGamesRequest, UpdateGamePageRequest,
    pages_service_client::PagesServiceClient, watch_games_response::Update,
};
use tonic::Code;

use super::*;

fn a_page() -> Value {
    json!({
        "tags": ["Cosy", "puzzle"],
        "platforms": ["windows", "linux"],
        "languages": ["en", "DE-at"],
        "developers": ["Northlight"],
        "texts": [
            {"language": "de", "title": "Laternen", "summary": "Licht findet einen Weg.", "description": "Licht & *Weg*"},
            {"language": "ja", "title": "灯籠", "description": ""},
        ],
        "links": [{"kind": "trailer", "url": "https://example.org/film"}],
        "requirements": [{"platform": "linux", "minimum": "2 GiB of memory"}],
        "ratings": [{"board": "usk", "rating": "6", "descriptors": ["Darkness"]}],
        "saleBarredCountries": ["AQ"],
        "playBarredCountries": [],
    })
}

/// The ids of the games that a list has.
async fn found(by: &Person, query: &str) -> Vec<i64> {
    let listed = by.rest().get(&format!("/api/games?{query}")).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    let games = listed.json["games"].as_array().expect("a list").iter();
    games.map(|game| game["gameId"].as_i64().expect("an id")).collect()
}

#[tokio::test]
async fn a_page_is_written_in_secret_and_players_find_the_game_by_it_once_it_is_public() {
    let stage = Stage::set().await;
    let (studio, draft) = (&stage.studio, stage.draft);
    let visitor = stage.platform.visitor();
    let path = format!("/api/games/{draft}/page");
    adds(&stage.stranger, &a_game("Another")).await;

    let empty = studio.rest().get(&format!("{path}:mine")).await;
    let written = studio.rest().put(&path, &json!({"page": a_page(), "revision": 1})).await;

    assert_eq!((empty.status, &empty.json["page"]["tags"]), (200, &json!([])), "{empty:?}");
    assert_eq!((written.status, &written.json["revision"]), (200, &json!(2)), "{written:?}");
    assert_eq!(refused(&visitor.rest().get(&path).await), (404, "GAME_NOT_FOUND"));
    assert_eq!(found(&visitor, "tag=cosy").await, [0; 0]);

    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;
    stage.publishes(draft, &json!({"state": "released"})).await;

    let Some(Update::Added(game)) = next(&mut stream).await.update else { panic!("it is added") };
    assert_eq!(
        (game.tags, game.platforms.len()),
        (vec!["Cosy".to_owned(), "puzzle".to_owned()], 2)
    );
    assert_eq!(game.languages, ["en", "de-AT"]);
    let mut expected = a_page();
    expected["languages"] = json!(["en", "de-AT"]);
    expected["texts"][0]["descriptionHtml"] = json!("<p>Licht &amp; <em>Weg</em></p>\n");
    expected["texts"][1]["descriptionHtml"] = json!("");
    let read = visitor.rest().get(&path).await;
    assert_eq!(read.json, json!({"page": expected, "revision": 3}));
    for query in [
        "tag=COSY",
        "platform=linux",
        "language=de",
        "language=de-AT",
        "q=laternen",
        "q=lateren",
        "q=灯籠",
        "tag=puzzle&platform=windows&language=en&q=lat",
    ] {
        assert_eq!(found(&visitor, query).await, [draft], "{query}");
    }
    for query in ["tag=cos", "platform=web", "language=de-CH", "tag=cosy&platform=mac"] {
        assert_eq!(found(&visitor, query).await, [0; 0], "{query}");
    }
    let counted = visitor.rest().get("/api/games?facets=tag&facets=platform&facets=language").await;
    let facet = |name: &str, values: &[&str]| {
        let values: Vec<_> = values.iter().map(|it| json!({"value": it, "count": 1})).collect();
        json!({"name": name, "values": values})
    };
    assert_eq!(
        counted.json["facets"],
        json!([
            facet("tag", &["cosy", "puzzle"]),
            facet("platform", &["linux", "windows"]),
            facet("language", &["de", "de-AT", "en"]),
        ])
    );
    let listed = ListGamesRequest { platform: "linux".to_owned(), ..ListGamesRequest::default() };
    let listed = visitor.games().list_games(listed).await.expect("a list").into_inner();
    assert_eq!(listed.games[0].languages, ["en", "de-AT"]);
}

#[tokio::test]
async fn a_stranger_is_told_of_the_page_of_a_draft_what_is_told_of_an_id_that_nothing_has() {
    let stage = Stage::set().await;
    let none = 2_000_000;
    let page = json!({"page": a_page()});
    let of = |id: i64| format!("/api/games/{id}");
    stage.studio.rest().put(&format!("{}/page", of(stage.draft)), &page).await;
    let plain = |answer: Answer, id: i64| answer.text.replace(&id.to_string(), "it");

    for by in [&stage.platform.visitor(), &stage.stranger] {
        for what in ["/page", "/page:mine", "/pictures", "/pictures:mine"] {
            let [is, is_not] = [stage.draft, none].map(|id| (format!("{}{what}", of(id)), id));
            let (is, is_not) = (
                plain(by.rest().get(&is.0).await, is.1),
                plain(by.rest().get(&is_not.0).await, is_not.1),
            );
            assert_eq!(is, is_not, "{what}");
        }
        let written =
            async |id: i64| plain(by.rest().put(&format!("{}/page", of(id)), &page).await, id);
        assert_eq!(written(stage.draft).await, written(none).await);
    }
}

#[tokio::test]
async fn a_page_is_written_as_a_whole_and_its_history_says_what_changed() {
    let stage = Stage::set().await;
    let (studio, draft) = (&stage.studio, stage.draft);
    let path = format!("/api/games/{draft}/page");
    let writes = async |page: &Value, revision: i32| {
        studio.rest().put(&path, &json!({"page": page, "revision": revision})).await
    };
    assert_eq!(writes(&a_page(), 1).await.json["revision"], 2);

    let again = writes(&a_page(), 2).await;
    let late = writes(&json!({}), 1).await;
    let other = stage.stranger.rest().put(&path, &json!({"page": {}})).await;
    let without = writes(&json!({"tags": ["dark"], "platforms": ["linux", "windows"]}), 2).await;

    assert_eq!((again.status, &again.json["revision"]), (200, &json!(2)));
    assert_eq!(refused(&late), (409, "STALE_REVISION"));
    assert_eq!(refused(&other), (404, "GAME_NOT_FOUND"));
    assert_eq!(without.json["revision"], 3);
    let read = studio.rest().get(&format!("{path}:mine")).await;
    assert_eq!(
        (&read.json["page"]["tags"], &read.json["page"]["texts"]),
        (&json!(["dark"]), &json!([]))
    );
    let changes = studio.rest().get(&format!("/api/games/{draft}/changes?pageSize=1")).await;
    let fields = changes.json["changes"][0]["fields"].as_array().expect("fields");
    let tags = fields.iter().find(|it| it["field"] == "tags").expect("they changed");
    assert_eq!(
        *tags,
        json!({"field": "tags", "before": r#"["Cosy","puzzle"]"#, "after": r#"["dark"]"#})
    );
    let names: Vec<_> = fields.iter().map(|it| it["field"].as_str().expect("a name")).collect();
    assert!(names.contains(&"texts") && names.contains(&"sale_barred_countries"), "{names:?}");
    let change = changes.json["changes"][0]["changeId"].as_str().expect("an id");
    let undo = format!("/api/games/{draft}/changes/{change}:undo");
    let undone = studio.rest().post(&undo, &json!({})).await;
    assert_eq!(refused(&undone), (400, "NOT_UNDOABLE"));
    assert_eq!(studio.rest().delete(&format!("/api/games/{draft}")).await.status, 200);
    assert_eq!(refused(&writes(&a_page(), 4).await), (404, "GAME_NOT_FOUND"));
}

#[tokio::test]
async fn a_page_over_grpc_is_the_one_over_rest() {
    let stage = Stage::set().await;
    let (studio, draft) = (&stage.studio, stage.draft);
    let id = i32::try_from(draft).expect("an id");
    stage.publishes(draft, &json!({"state": "released"})).await;
    studio.rest().put(&format!("/api/games/{draft}/page"), &json!({"page": a_page()})).await;
    let mut pages = PagesServiceClient::new(studio.bearer());
    let asked = GetGamePageRequest { game_id: id };

    let read = pages.get_game_page(asked).await.expect("a page").into_inner();
    let page = read.page.clone().expect("a page");
    let late = UpdateGamePageRequest { game_id: id, page: Some(page.clone()), revision: Some(1) };
    let late = pages.update_game_page(late).await.expect_err("it changed since");
    let same = UpdateGamePageRequest { game_id: id, page: Some(page), revision: None };
    let same = pages.update_game_page(same).await.expect("nothing changes").into_inner();

    assert_eq!(read.page.expect("a page").texts[1].title.as_deref(), Some("灯籠"));
    assert_eq!(late.code(), Code::Aborted);
    assert_eq!(same.revision, read.revision);
}

#[tokio::test]
async fn each_bad_part_of_a_page_is_named_and_nothing_of_it_is_written() {
    let stage = Stage::set().await;
    let path = format!("/api/games/{}/page", stage.draft);
    let text = |more: Value| json!({"texts": [with(json!({"language": "de"}), &more)]});
    let many = |count: usize, it: &dyn Fn(usize) -> Value| (0..count).map(it).collect::<Vec<_>>();
    let script = text(json!({"description": "<script>alert(1)</script> [x](javascript:alert(1))"}));
    assert_eq!(stage.studio.rest().put(&path, &json!({"page": script})).await.status, 200);
    let shown = stage.studio.rest().get(&format!("{path}:mine")).await;
    let html = shown.json["page"]["texts"][0]["descriptionHtml"].as_str().expect("HTML");
    assert!(html.contains("&lt;script&gt;") && !html.contains("href"), "{html}");

    for (page, field) in [
        (json!({"tags": ["x".repeat(31)]}), "page.tags"),
        (json!({"tags": ["x".repeat(10_000)]}), "page.tags"),
        (json!({"tags": [" "]}), "page.tags"),
        (json!({"tags": ["cosy", "COSY"]}), "page.tags"),
        (json!({"tags": many(21, &|at| json!(format!("tag {at}")))}), "page.tags"),
        (json!({"platforms": ["dos"]}), "page.platforms"),
        (json!({"platforms": ["linux", "linux"]}), "page.platforms"),
        (json!({"languages": ["de_AT"]}), "page.languages"),
        (json!({"developers": [""]}), "page.developers"),
        (text(json!({"description": "> ".repeat(10_000)})), "page.texts.description"),
        (text(json!({"description": "x".repeat(20_001)})), "page.texts.description"),
        (text(json!({"title": "x".repeat(121)})), "page.texts.title"),
        (text(json!({"summary": "x".repeat(301)})), "page.texts.summary"),
        (json!({"texts": [{"language": "de"}, {"language": "DE"}]}), "page.texts.language"),
        (json!({"texts": [{}]}), "page.texts.language"),
        (json!({"links": [{"kind": "website", "url": "javascript:alert(1)"}]}), "page.links.url"),
        (json!({"links": [{"kind": "website", "url": "http://example.org"}]}), "page.links.url"),
        (json!({"links": [{"kind": "film", "url": "https://example.org"}]}), "page.links.kind"),
        (
            json!({"requirements": [{"platform": "linux", "minimum": "x".repeat(2001)}]}),
            "page.requirements.minimum",
        ),
        (json!({"ratings": [{"board": "usk", "rating": "7"}]}), "page.ratings.rating"),
        (json!({"ratings": [{"board": "mother", "rating": "7"}]}), "page.ratings.board"),
        (json!({"saleBarredCountries": ["UK"]}), "page.saleBarredCountries"),
        (
            json!({"texts": many(30, &|at| json!({"language": format!("x-a{at}"), "description": "x".repeat(15_000)}))}),
            "page",
        ),
    ] {
        let answer = stage.studio.rest().put(&path, &json!({"page": page})).await;

        assert_eq!(refused(&answer), (400, "INVALID_FIELDS"), "{field}: {answer:?}");
        assert_eq!(answer.json["fields"][0]["field"], field, "{answer:?}");
    }
    let kept = stage.studio.rest().get(&format!("{path}:mine")).await;
    assert_eq!(kept.json, shown.json);
    let none = stage.studio.rest().put(&path, &json!({})).await;
    assert_eq!(none.json["fields"][0]["field"], "page", "{none:?}");
}
