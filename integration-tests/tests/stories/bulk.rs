//! A catalogue goes in and out as a file: over gRPC, over REST and from the command line.

mod bad_input;
mod command;

use std::{collections::BTreeMap, time::Duration};

use futures::stream;
use serde_json::{Value, json};
use sir0_contract::storefront::{
    ExportGamesRequest, ImportGamesRequest, ImportGamesResponse, ImportProgress, WatchGamesRequest,
    import_games_response::Update, watch_games_response::Update as Told,
};
use sir0_testkit::{LONG, Person, platform};
use sir0_transcoding::HttpBody;
use tokio::time::timeout;
use tonic::Status;

use crate::watcher::{next, told, watches};

/// What an importer heard.
#[derive(Debug, Default)]
struct Heard {
    progress: Vec<ImportProgress>,
    bad: Vec<(i32, String)>,
    ended: Option<ImportProgress>,
}

impl Heard {
    /// What was added, changed, unchanged and bad.
    fn counts(&self) -> (i32, i32, i32, i32) {
        let it = self.ended.as_ref().unwrap_or_else(|| panic!("it came to no end: {self:?}"));
        (it.added, it.changed, it.unchanged, it.bad)
    }

    fn note(&mut self, heard: ImportGamesResponse) {
        match heard.update.expect("every message says something") {
            Update::Progress(at) => self.progress.push(at),
            Update::BadLine(bad) => self.bad.push((bad.line, bad.reason)),
            Update::Ended(at) => self.ended = Some(at),
        }
    }
}

/// What says how a file is to be taken.
fn first(format: &str) -> ImportGamesRequest {
    ImportGamesRequest { format: format.to_owned(), ..Default::default() }
}

/// Sends a file in pieces of an odd size, and hears of it to the end.
async fn imports_as(
    person: &Person,
    first: ImportGamesRequest,
    file: &[u8],
) -> Result<Heard, Status> {
    let pieces = file.chunks(1_789).map(|piece| {
        let data = piece.to_vec().into();
        let file = Some(HttpBody { content_type: String::new(), data });
        ImportGamesRequest { file, ..Default::default() }
    });
    let messages: Vec<_> = [first].into_iter().chain(pieces).collect();
    let mut heard = Heard::default();
    let importing = async {
        let told = person.bulk().import_games(stream::iter(messages)).await?;
        let mut told = told.into_inner();
        while let Some(message) = told.message().await? {
            heard.note(message);
        }
        Ok::<_, Status>(())
    };
    timeout(6 * LONG, importing).await.expect("in time")?;
    Ok(heard)
}

async fn imports(person: &Person, format: &str, file: &str) -> Heard {
    imports_as(person, first(format), file.as_bytes()).await.expect("a file that is taken")
}

async fn exports(person: &Person, format: &str) -> String {
    let asked = ExportGamesRequest { format: format.to_owned(), ..Default::default() };
    let mut parts = person.bulk().export_games(asked).await.expect("a file").into_inner();
    let mut file = Vec::new();
    while let Some(part) = parts.message().await.expect("all of it") {
        file.extend(part.file.expect("a part").data);
    }
    String::from_utf8(file).expect("text")
}

/// Lines of JSON.
fn lines(products: &[Value]) -> String {
    let lines: Vec<_> = products.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

/// A game, its DLC and its soundtrack, a secret, and a bundle: each behind those that it refers to.
fn a_catalogue() -> Vec<Value> {
    let product = |key: &str, title: &str| json!({"importKey": key, "title": title, "genre": "Puzzle", "price": 19.99});
    let with = |mut product: Value, more: Value| {
        product.as_object_mut().expect("an object").extend(more.as_object().expect("too").clone());
        product
    };
    vec![
        with(
            product("lanterns", "Lanterns"),
            json!({"description": "=1+1, a \"way\"\nfinds", "releaseDate": "2027-03-01"}),
        ),
        with(
            product("deep", "@Deep"),
            json!({"kind": "dlc", "baseImportKey": "lanterns", "price": 4.5}),
        ),
        with(
            product("music", "'Music"),
            json!({"kind": "soundtrack", "baseImportKey": "lanterns", "price": 0}),
        ),
        with(product("secret", "-Secret"), json!({"state": "draft"})),
        with(
            product("all", "All of it"),
            json!({"kind": "bundle", "bundledImportKeys": ["lanterns", "deep"]}),
        ),
    ]
}

/// The products of a person's studios by their titles.
async fn own(person: &Person) -> BTreeMap<String, Value> {
    let mine = person.rest().get("/api/games:mine?pageSize=1000").await;
    let games = mine.json["games"].as_array().expect("games").clone();
    games.into_iter().map(|it| (it["title"].as_str().unwrap_or_default().to_owned(), it)).collect()
}

#[tokio::test]
async fn an_imported_catalogue_is_there_as_if_it_had_been_added_by_hand_and_a_repetition_adds_nothing()
 {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let visitor = platform.visitor();
    let mut stream =
        watches(&visitor, WatchGamesRequest { kind: "all".to_owned(), ..Default::default() }).await;
    let file = lines(&a_catalogue());

    assert_eq!(imports(&studio, "ndjson", &file).await.counts(), (5, 0, 0, 0));

    let games = own(&studio).await;
    let lanterns = &games["Lanterns"];
    assert_eq!(lanterns["releaseDate"], "2027-03-01");
    assert_eq!(games["@Deep"]["baseGameId"], lanterns["gameId"]);
    assert_eq!(
        games["All of it"]["bundledGameIds"],
        json!([lanterns["gameId"], games["@Deep"]["gameId"]])
    );
    assert_eq!(
        (&games["-Secret"]["state"], &lanterns["state"]),
        (&json!("draft"), &json!("released"))
    );
    for title in ["Lanterns", "@Deep", "'Music", "All of it"] {
        assert_eq!(told(&next(&mut stream).await), format!("added {} r1", games[title]["gameId"]));
    }
    let changes = studio.rest().get(&format!("/api/games/{}/changes", lanterns["gameId"])).await;
    assert_eq!(changes.json["changes"][0]["userId"], json!(studio.id), "{changes:?}");
    let found = visitor.rest().get("/api/games?q=lanterns").await;
    assert_eq!(found.json["games"][0]["gameId"], lanterns["gameId"]);

    assert_eq!(imports(&studio, "ndjson", &file).await.counts(), (0, 0, 5, 0));
    let dearer = file.replace("19.99", "24.5");
    assert_eq!(imports(&studio, "ndjson", &dearer).await.counts(), (0, 3, 2, 0));

    for title in ["Lanterns", "All of it"] {
        assert_eq!(
            told(&next(&mut stream).await),
            format!("changed {} r2", games[title]["gameId"])
        );
    }
    let publish =
        lines(&[json!({"importKey": "secret", "state": "released", "title": "No secret"})]);
    assert_eq!(imports(&studio, "ndjson", &publish).await.counts(), (0, 1, 0, 0));
    assert_eq!(told(&next(&mut stream).await), format!("added {} r4", games["-Secret"]["gameId"]));
    let withdraw = lines(&[json!({"importKey": "music", "state": "withdrawn"})]);
    assert_eq!(imports(&studio, "ndjson", &withdraw).await.counts(), (0, 1, 0, 0));
    assert_eq!(told(&next(&mut stream).await), format!("removed {} r1", games["'Music"]["gameId"]));
    let change = studio.rest().get(&format!("/api/games/{}/changes", lanterns["gameId"])).await;
    assert_eq!(change.json["changes"][0]["fields"][0]["after"], "24.5", "{change:?}");
}

#[tokio::test]
async fn what_is_exported_is_imported_again_without_a_change_and_has_no_formula_in_it() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    imports(&studio, "ndjson", &lines(&a_catalogue())).await;
    let by_hand = studio.rest().post("/api/games", &sir0_testkit::a_game("By hand")).await;
    let by_hand = by_hand.json["gameId"].clone();

    let csv = exports(&studio, "csv").await;
    let json = exports(&studio, "ndjson").await;

    assert_eq!(csv.lines().next().map(|line| line.split(',').count()), Some(17));
    for guarded in [",'@Deep,", ",''Music,", ",'-Secret,", "\"'=1+1, a \"\"way\"\""] {
        // An apostrophe alone is no formula.
        let guarded = guarded.replace("''Music", "'Music");
        assert!(csv.contains(&guarded), "{guarded} is not in\n{csv}");
    }
    let order: Vec<_> =
        json.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")).collect();
    assert_eq!(order.len(), 6);
    let kinds: Vec<_> = order.iter().map(|it| it["kind"].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds, ["game", "game", "game", "dlc", "soundtrack", "bundle"]);
    for (format, file) in [("csv", &csv), ("ndjson", &json)] {
        assert_eq!(imports(&studio, format, file).await.counts(), (0, 0, 6, 0), "{file}");
        assert_eq!(&exports(&studio, format).await, file);
    }
    // A line without a key changes the game that it names.
    let dearer = format!("gameId,price\n{by_hand},3\n");
    assert_eq!(imports(&studio, "csv", &dearer).await.counts(), (0, 1, 0, 0));

    // Another studio takes it as its own, but for what has no key, which is not its own.
    let other = platform.publisher("Southlight").await;
    let keyed: Vec<_> = json
        .lines()
        .filter(|line| line.contains("importKey"))
        .map(|line| {
            let mut product: Value = serde_json::from_str(line).expect("JSON");
            product.as_object_mut().expect("an object").remove("studioId");
            product
        })
        .collect();
    let keyed = lines(&keyed);
    assert_eq!(imports(&other, "ndjson", &keyed).await.counts(), (5, 0, 0, 0));
    let theirs = imports(&other, "csv", &dearer).await;
    assert_eq!(theirs.counts(), (0, 0, 0, 1));
    assert!(theirs.bad[0].1.contains("is another's"), "{theirs:?}");
}

#[tokio::test]
async fn only_who_writes_the_games_of_a_studio_imports_them_and_only_its_people_export_them() {
    let platform = platform().await;
    let (north, south) =
        (platform.publisher("Northlight").await, platform.publisher("Southlight").await);
    let (admin, player) = (platform.admin("Root").await, platform.player("Player").await);
    let file = lines(&a_catalogue());
    imports(&north, "ndjson", &file).await;
    imports(
        &south,
        "ndjson",
        &lines(&[json!({"importKey": "a", "title": "A", "genre": "B", "price": 1})]),
    )
    .await;
    let studio = north.rest().get("/api/studios").await.json["studios"][0]["studioId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let of = |studio: &str| ImportGamesRequest { studio_id: studio.to_owned(), ..first("ndjson") };

    let refused = imports_as(&south, of(&studio), file.as_bytes()).await.expect_err("another's");
    assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{refused:?}");
    let refused =
        imports_as(&player, first("ndjson"), file.as_bytes()).await.expect_err("no publisher");
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    let refused = imports_as(&platform.visitor(), first("ndjson"), b"").await.expect_err("nobody");
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);
    let named = format!(
        "{{\"importKey\":\"b\",\"title\":\"A\",\"genre\":\"B\",\"price\":1,\"studioId\":\"{studio}\"}}\n"
    );
    let theirs = imports(&south, "ndjson", &named).await;
    assert_eq!((theirs.counts(), theirs.bad[0].0), ((0, 0, 0, 1), 1));
    assert!(theirs.bad[0].1.contains("your role in this studio"), "{theirs:?}");

    let asked = ExportGamesRequest { studio_id: studio.clone(), ..Default::default() };
    let refused = south.bulk().export_games(asked.clone()).await.expect_err("another's");
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    assert_eq!(exports(&player, "ndjson").await, "");
    assert_eq!(exports(&north, "ndjson").await.lines().count(), 5);
    assert_eq!(exports(&admin, "ndjson").await.lines().count(), 6, "the whole store");
    admin.bulk().export_games(asked).await.expect("an administrator sees each studio");

    let dearer = file.replace("19.99", "9.5");
    let changed =
        imports_as(&admin, of(&studio), dearer.as_bytes()).await.expect("an administrator");
    assert_eq!(changed.counts(), (0, 3, 2, 0));
    let platforms = imports(&admin, "ndjson", &file).await;
    assert_eq!(platforms.counts(), (5, 0, 0, 0), "the platform has keys of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_of_one_file_at_once_make_each_product_once() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    imports(&studio, "ndjson", &lines(&a_catalogue()[..1])).await;
    let line = |number: usize| {
        let state = if number.is_multiple_of(3) { "draft" } else { "released" };
        json!({"importKey": format!("k{number}"), "title": format!("Game {number}"), "genre": "Puzzle", "price": 1, "state": state})
    };
    let forth: Vec<_> = (0..1_200).map(line).collect();
    let back: Vec<_> = forth.iter().rev().cloned().collect();
    let [forth, again, back] = [&forth, &forth, &back].map(|products| lines(products));

    let all = futures::future::join3(
        imports(&studio, "ndjson", &forth),
        imports(&studio, "ndjson", &again),
        imports(&studio, "ndjson", &back),
    );
    let (one, two, three) = all.await;

    let sum = |of: fn(&(i32, i32, i32, i32)) -> i32| {
        [&one, &two, &three].map(|it| of(&it.counts())).iter().sum::<i32>()
    };
    assert_eq!(
        (sum(|it| it.0), sum(|it| it.1), sum(|it| it.2), sum(|it| it.3)),
        (1_200, 0, 2_400, 0)
    );
    assert_eq!(exports(&studio, "ndjson").await.lines().count(), 1_201);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_watch_an_import_hear_each_product_once_and_start_over_for_none() {
    const PRODUCTS: usize = 6_000;
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let mut stream = watches(&platform.visitor(), WatchGamesRequest::default()).await;
    let line = |number| json!({"importKey": format!("k{number}"), "title": format!("Game {number}"), "genre": "Puzzle", "price": 1});
    let file = lines(&(0..PRODUCTS).map(line).collect::<Vec<_>>());

    let importing = tokio::spawn(async move { imports(&studio, "ndjson", &file).await });
    let mut heard = std::collections::HashSet::new();
    for _ in 0..PRODUCTS {
        let update = told(&next(&mut stream).await);
        assert!(update.starts_with("added "), "{update}");
        assert!(heard.insert(update));
    }

    let counts = importing.await.expect("no panic").counts();
    assert_eq!(counts, (i32::try_from(PRODUCTS).expect("few"), 0, 0, 0));
    // The index hears of them at its pace, and lists are answered meanwhile.
    let listing = async {
        loop {
            let found = platform.visitor().rest().get("/api/games?pageSize=1&facets=kind").await;
            assert_eq!(found.status, 200, "{found:?}");
            if found.json["totalSize"] == json!(PRODUCTS) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(6 * LONG, listing).await.expect("it catches up");
}

#[tokio::test]
async fn a_catalogue_goes_in_and_out_over_rest() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let sends = async |query: &str, kind: &str, file: String| {
        let request =
            studio.rest().request(http::Method::POST, &format!("/api/games:import{query}"));
        let request = request.header("content-type", kind).header("accept", "application/x-ndjson");
        studio.rest().changes(request.body(file)).await
    };

    let nothing = studio.rest().get("/api/games:export?format=ndjson").await;
    let taken = sends("", "application/x-ndjson", lines(&a_catalogue())).await;

    assert_eq!(nothing.header("content-type"), Some("application/x-ndjson"));
    assert_eq!((nothing.status, &*nothing.text), (200, ""));
    assert_eq!(taken.status, 200, "{taken:?}");
    let last: Value =
        serde_json::from_str(taken.text.trim().lines().last().unwrap_or_default()).expect("JSON");
    assert_eq!(last["ended"]["added"], json!(5), "{taken:?}");
    let file = studio.rest().get("/api/games:export").await;
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let taken = sends("?fromLine=3&format=csv", "text/plain", file.text.clone()).await;
    assert!(taken.text.contains("\"unchanged\":4"), "{taken:?}");
    let refused = sends("", "text/plain", file.text).await;
    assert_eq!((refused.status, &refused.json["reason"]), (400, &json!("INVALID_FIELDS")));
}

#[tokio::test]
async fn tags_platforms_and_languages_come_in_and_out_and_the_rest_of_a_page_stays() {
    let platform = platform().await;
    let (studio, visitor) = (platform.publisher("Northlight").await, platform.visitor());
    let header = "importKey,title,genre,price,tags,platforms,languages\n";
    let file = format!(
        "{header}a,Lanterns,Puzzle,1,cosy;Open World,linux;web,en;de-at\nb,Plain,Puzzle,1,,,\n"
    );
    assert_eq!(imports(&studio, "csv", &file).await.counts(), (2, 0, 0, 0));
    let found = async |query: &str| {
        let found = visitor.rest().get(&format!("/api/games?{query}")).await.json;
        let games = found["games"].as_array().expect("games").clone();
        games.iter().map(|game| game["gameId"].as_i64().expect("an id")).collect::<Vec<_>>()
    };
    let ids = found("tag=open world&platform=web&language=de-AT").await;
    let [id] = ids[..] else { panic!("one has them: {ids:?}") };
    assert_eq!(imports(&studio, "csv", &file).await.counts(), (0, 0, 2, 0), "nothing is new");

    // What only the page has, stays.
    let path = format!("/api/games/{id}/page");
    let mut page = visitor.rest().get(&path).await.json["page"].clone();
    assert_eq!(page["tags"], json!(["cosy", "Open World"]));
    page["developers"] = json!(["Northlight"]);
    assert_eq!(studio.rest().put(&path, &json!({"page": page})).await.status, 200);
    let changed =
        lines(&[json!({"importKey": "a", "price": 2, "tags": ["dark"], "languages": []})]);
    assert_eq!(imports(&studio, "ndjson", &changed).await.counts(), (0, 1, 0, 0));
    let page = visitor.rest().get(&path).await.json["page"].clone();
    assert_eq!(
        [&page["tags"], &page["platforms"], &page["languages"], &page["developers"]],
        [&json!(["dark"]), &json!(["linux", "web"]), &json!([]), &json!(["Northlight"])]
    );
    assert_eq!((found("tag=cosy").await, found("tag=dark").await), (vec![], vec![id]));

    let file = exports(&studio, "csv").await;
    assert!(file.starts_with("importKey,") && file.contains(",dark,linux;web,\n"), "{file}");
    assert_eq!(imports(&studio, "csv", &file).await.counts(), (0, 0, 2, 0));
    let file = exports(&studio, "ndjson").await;
    assert_eq!(imports(&studio, "ndjson", &file).await.counts(), (0, 0, 2, 0));

    // Who hears of a product hears of its page, and one that goes takes its page with it.
    let draft = json!({"importKey": "c", "title": "Secret", "genre": "Puzzle", "price": 1, "state": "draft"});
    assert_eq!(imports(&studio, "ndjson", &lines(&[draft])).await.counts(), (1, 0, 0, 0));
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;
    let released =
        json!({"importKey": "c", "state": "released", "tags": ["rpg; tactical", "a\\b"]});
    assert_eq!(imports(&studio, "ndjson", &lines(&[released])).await.counts(), (0, 1, 0, 0));
    let Some(Told::Added(game)) = next(&mut stream).await.update else { panic!("it is added") };
    assert_eq!(game.tags, ["rpg; tactical", "a\\b"]);
    let file = exports(&studio, "csv").await;
    assert_eq!(imports(&studio, "csv", &file).await.counts(), (0, 0, 3, 0), "{file}");
    let withdrawn = json!({"importKey": "c", "state": "withdrawn", "tags": ["over"]});
    assert_eq!(imports(&studio, "ndjson", &lines(&[withdrawn])).await.counts(), (0, 1, 0, 0));
    let own = studio.rest().get(&format!("/api/games/{}:mine", game.game_id)).await.json;
    assert_eq!(
        (&own["game"]["state"], &own["game"]["tags"]),
        (&json!("withdrawn"), &json!(["over"]))
    );
    let past = studio.rest().get(&format!("/api/games/{id}/changes")).await.json;
    let first = past["changes"].as_array().expect("changes").last().expect("one").clone();
    let fields = first["fields"].as_array().expect("fields").iter();
    let fields: Vec<_> = fields.filter_map(|field| field["field"].as_str()).collect();
    assert!(["tags", "platforms", "languages"].iter().all(|it| fields.contains(it)), "{first}");

    let many: Vec<_> = (0..100).map(|number| format!("tag {number}")).collect();
    for (bad, what) in [
        (json!({"tags": ["cosy", "COSY"]}), "`tags` must name each once"),
        (json!({"tags": ["x".repeat(10_000)]}), "`tags`"),
        (json!({"tags": many}), "`tags` must be at most"),
        (json!({"platforms": ["amiga"]}), "`platforms`"),
        (json!({"languages": ["de_AT"]}), "`languages`"),
    ] {
        let mut line = json!({"importKey": "a"});
        line.as_object_mut().expect("an object").extend(bad.as_object().expect("too").clone());
        let heard = imports(&studio, "ndjson", &lines(&[line])).await;
        assert!(heard.bad.iter().all(|(_, why)| why.contains(what)), "{heard:?}");
        assert_eq!(heard.counts(), (0, 0, 0, 1));
    }
    assert_eq!(studio.rest().delete(&format!("/api/games/{id}")).await.status, 200);
    let gone = lines(&[json!({"importKey": "a", "tags": ["bright"]})]);
    let heard = imports(&studio, "ndjson", &gone).await;
    assert!(heard.bad[0].1.contains("withdrawn"), "{heard:?}");
    let back = lines(&[json!({"importKey": "a", "tags": ["bright"], "state": "released"})]);
    assert_eq!(imports(&studio, "ndjson", &back).await.counts(), (0, 1, 0, 0));
    assert_eq!(found("tag=bright").await, [id]);
}
