//! A player finds a game by what they remember of it: with a typo, in another script, by facet, in the order they like.

use serde_json::{Value, json};
use sir0_contract::storefront::{Facet, FacetValue, ListGamesRequest};
use sir0_testkit::{Answer, Person, Running, a_game, platform};

/// A store with these products, as `(title, genre, price, more)`.
async fn a_store(products: &[(&str, &str, f64, Value)]) -> (Running, Person) {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await.rest();
    for (title, genre, price, more) in products {
        let mut product = a_game(title);
        product["genre"] = json!(genre);
        product["price"] = json!(price);
        let fields = product.as_object_mut().expect("a game is an object");
        fields.extend(more.as_object().expect("so is this").clone());
        assert_eq!(studio.post("/api/games", &product).await.status, 201, "{title}");
    }
    let visitor = platform.visitor();
    (platform, visitor)
}

async fn asks(visitor: &Person, parameters: &[(&str, &str)]) -> Answer {
    let rest = visitor.rest();
    Answer::to(rest.request(http::Method::GET, "/api/games").query(parameters)).await
}

async fn titles(visitor: &Person, parameters: &[(&str, &str)]) -> Vec<String> {
    let answer = asks(visitor, parameters).await;
    assert_eq!(answer.status, 200, "{parameters:?} {answer:?}");
    let games = answer.json["games"].as_array().expect("a list").iter();
    games.map(|game| game["title"].as_str().expect("a title").to_owned()).collect()
}

#[tokio::test]
async fn a_title_is_found_with_a_typo_and_in_another_script() {
    let plain = |title| (title, "Story", 5.0, json!({}));
    let (_platform, visitor) = a_store(&[
        plain("Moonlit Harbours"),
        plain("Стальной рассвет"),
        plain("ガーデンナイト"),
        plain("Grüße aus Überall"),
        plain("星海旅人"),
        plain("Half-Light"),
    ])
    .await;

    for (typed, title) in [
        ("moonlit harbors", "Moonlit Harbours"),
        ("monlit", "Moonlit Harbours"),
        ("moonlti harbours", "Moonlit Harbours"),
        ("stalnoy rassvet", "Стальной рассвет"),
        ("стальной расвет", "Стальной рассвет"),
        ("gaden naito", "ガーデンナイト"),
        ("gruesse", "Grüße aus Überall"),
        ("xinghai", "星海旅人"),
        ("星海施人", "星海旅人"),
        ("halflight", "Half-Light"),
        ("half light", "Half-Light"),
    ] {
        let found = titles(&visitor, &[("q", typed)]).await;
        assert_eq!(found.first().map(String::as_str), Some(title), "{typed}: {found:?}");
    }
}

#[tokio::test]
async fn what_is_written_so_comes_before_what_is_like_it() {
    let plain = |title| (title, "Story", 5.0, json!({}));
    let (_platform, visitor) =
        a_store(&[plain("Lantern"), plain("Lanterns of the Deep"), plain("Cantern")]).await;

    assert_eq!(
        titles(&visitor, &[("q", "lantern")]).await,
        ["Lantern", "Lanterns of the Deep", "Cantern"]
    );
    // A list of ten that have the word holds none that has another.
    let many: Vec<_> = (0..10).map(|number| format!("Harbour {number}")).collect();
    let mut products: Vec<_> = many.iter().map(|title| plain(title)).collect();
    products.push(plain("Arbour"));
    let (_platform, visitor) = a_store(&products).await;
    let found = titles(&visitor, &[("q", "harbour"), ("sort", "price")]).await;
    assert_eq!(found.len(), 10, "{found:?}");
}

#[tokio::test]
async fn facets_count_the_whole_list_and_each_its_other_values_too() {
    let announced = json!({"state": "announced", "releaseDate": "2031-05-01"});
    let (platform, visitor) = a_store(&[
        ("Lanterns", "Puzzle", 0.0, json!({})),
        ("Lanterns 2", "puzzle", 4.99, announced),
        ("Lantern Racing", "Racing", 19.99, json!({})),
        ("Lantern Music", "Puzzle", 40.0, json!({"kind": "soundtrack"})),
        ("Harbours", "Racing", 60.0, json!({})),
        ("Hidden Lanterns", "Secret", 7.0, json!({"state": "draft"})),
    ])
    .await;
    let asked = [("q", "lant"), ("genre", "Puzzle"), ("kind", "all"), ("pageSize", "1")];
    let counted = ["genre", "kind", "price", "state"].map(|facet| ("facets", facet));

    let listed = asks(&visitor, &[&asked[..], &counted].concat()).await;

    assert_eq!((listed.status, &listed.json["totalSize"]), (200, &json!(3)), "{listed:?}");
    assert_eq!(
        listed.json["facets"],
        json!([
            {"name": "genre", "values": [{"value": "puzzle", "count": 3}, {"value": "racing", "count": 1}]},
            {"name": "kind", "values": [{"value": "game", "count": 2}, {"value": "soundtrack", "count": 1}]},
            {"name": "price", "values": [
                {"value": "free", "count": 1},
                {"value": "from_40", "count": 1},
                {"value": "under_5", "count": 1}
            ]},
            {"name": "state", "values": [
                {"value": "released", "count": 2},
                {"value": "announced", "count": 1}
            ]},
        ])
    );
    let request = ListGamesRequest {
        kind: "all".to_owned(),
        facets: vec!["studio".to_owned()],
        ..ListGamesRequest::default()
    };
    let over_grpc = visitor.games().list_games(request).await.expect("a list").into_inner();
    let studio = platform.visitor().rest().get("/api/games").await.json["games"][0]["studioId"]
        .as_str()
        .expect("a studio")
        .to_owned();
    let values = vec![FacetValue { value: studio, count: 5 }];
    assert_eq!(over_grpc.facets, [Facet { name: "studio".to_owned(), values }]);

    for (filter, found) in [
        (("priceBand", "free"), vec!["Lanterns"]),
        (("priceBand", "under_5"), vec!["Lanterns 2"]),
        (("priceBand", "from_40"), vec!["Harbours"]),
        (("priceBand", "under_10"), vec![]),
        (("state", "announced"), vec!["Lanterns 2"]),
    ] {
        assert_eq!(titles(&visitor, &[filter]).await, found, "{filter:?}");
    }
}

#[tokio::test]
async fn a_list_is_sorted_by_price_both_ways_and_by_release_both_ways_page_by_page() {
    let coming = |day| json!({"state": "announced", "releaseDate": day});
    let (_platform, visitor) = a_store(&[
        ("Third", "Story", 3.0, coming("2031-05-03")),
        ("First", "Story", 1.0, coming("2031-05-01")),
        ("Never", "Story", 9.0, json!({"state": "announced"})),
        ("Second", "Story", 2.0, coming("2031-05-02")),
        ("Now", "Story", 0.0, json!({})),
    ])
    .await;

    for (sort, expected) in [
        ("price", ["Now", "First", "Second", "Third", "Never"]),
        ("price_down", ["Never", "Third", "Second", "First", "Now"]),
        ("release_up", ["Now", "First", "Second", "Third", "Never"]),
        ("release", ["Third", "Second", "First", "Now", "Never"]),
        ("newest", ["Now", "Second", "Never", "First", "Third"]),
        ("title", ["First", "Never", "Now", "Second", "Third"]),
    ] {
        assert_eq!(titles(&visitor, &[("sort", sort)]).await, expected, "{sort}");
        for size in ["1", "2", "5"] {
            let (mut read, mut token) = (Vec::new(), String::new());
            loop {
                let asked = [("sort", sort), ("pageSize", size), ("pageToken", &token)];
                let page = asks(&visitor, &asked).await;
                assert_eq!(page.json["totalSize"], json!(5), "{page:?}");
                let games = page.json["games"].as_array().expect("a list").clone();
                read.extend(games.iter().map(|game| game["title"].clone()));
                let Some(next) = page.json["nextPageToken"].as_str() else { break };
                token = next.to_owned();
            }
            assert_eq!(read, expected, "{sort} in pages of {size}");
        }
    }
    // What is to come, the next one first.
    let coming = [("state", "announced"), ("sort", "release_up")];
    assert_eq!(titles(&visitor, &coming).await, ["First", "Second", "Third", "Never"]);
}

#[tokio::test]
async fn what_changed_is_found_as_it_is_now_and_what_is_gone_is_not() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await.rest();
    let visitor = platform.visitor();
    let draft = json!({"title": "Moonquake", "genre": "Puzzle", "price": 1, "state": "draft"});
    let added = studio.post("/api/games", &draft).await;
    let path = format!("/api/games/{}", added.json["gameId"]);
    let finds = async |words: &str| titles(&visitor, &[("q", words)]).await;
    assert_eq!(finds("moonquake").await, [""; 0]);

    let out = studio.post(&format!("{path}:publish"), &json!({"state": "released"})).await;
    assert_eq!(out.status, 200, "{out:?}");
    assert_eq!(finds("monquake").await, ["Moonquake"]);
    studio.put(&path, &json!({"title": "Harbours"})).await;
    assert_eq!(finds("moonquake").await, [""; 0]);
    assert_eq!(finds("harbours").await, ["Harbours"]);
    studio.delete(&path).await;
    assert_eq!(finds("harbours").await, [""; 0]);
    let counted = asks(&visitor, &[("facets", "genre")]).await;
    assert_eq!(counted.json["facets"], json!([{"name": "genre", "values": []}]), "{counted:?}");
}

#[tokio::test]
async fn what_cannot_be_counted_or_filtered_is_refused_by_name() {
    let (_platform, visitor) = a_store(&[]).await;

    for (parameters, field) in [
        (vec![("facets", "title")], "facets"),
        (vec![("facets", "genre"); 9], "facets"),
        (vec![("priceBand", "cheap")], "priceBand"),
        (vec![("platform", "dos")], "platform"),
        (vec![("language", "de_AT")], "language"),
        (vec![("tag", "a tag that is longer than any tag is")], "tag"),
        (vec![("state", "draft")], "state"),
        (vec![("state", "withdrawn")], "state"),
        (vec![("sort", "price_up")], "sort"),
    ] {
        let answer = asks(&visitor, &parameters).await;
        assert_eq!(
            (answer.status, &answer.json["fields"][0]["field"]),
            (400, &json!(field)),
            "{parameters:?} {answer:?}"
        );
    }
}
