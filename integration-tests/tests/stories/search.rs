//! How games are found: genres, words and orders.

use serde_json::{Value, json};
use sir0_testkit::{Rest, Running, platform};

/// A store with these games, as `(title, genre, price, description)`.
async fn a_store(games: &[(&str, &str, f64, &str)]) -> (Running, Rest) {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await.rest();
    for (title, genre, price, description) in games {
        let game =
            json!({"title": title, "genre": genre, "price": price, "description": description});
        assert_eq!(studio.post("/api/games", &game).await.status, 201, "{title}");
    }
    let reader = platform.visitor().rest();
    (platform, reader)
}

/// The titles of the list with these parameters.
async fn titles(rest: &Rest, parameters: &[(&str, &str)]) -> Vec<String> {
    let request = rest.request(http::Method::GET, "/api/games").query(parameters);
    let answer = sir0_testkit::Answer::to(request).await;
    assert_eq!(answer.status, 200, "{parameters:?} {answer:?}");
    let games = answer.json["games"].as_array().expect("a list").clone();
    games.iter().map(|game| game["title"].as_str().expect("a title").to_owned()).collect()
}

#[tokio::test]
async fn words_are_found_by_their_beginning_without_regard_to_case_and_accents() {
    let (_platform, rest) = a_store(&[
        ("Café Noir", "Story", 5.0, "A detective drinks."),
        ("Lanterns", "Puzzle", 5.0, "In a cafe, light finds a way."),
        ("Harbours", "Puzzle", 5.0, "Ships."),
    ])
    .await;

    assert_eq!(titles(&rest, &[("q", "cafe")]).await, ["Café Noir", "Lanterns"]);
    assert_eq!(titles(&rest, &[("q", "CAFÉ")]).await, ["Café Noir", "Lanterns"]);
    assert_eq!(titles(&rest, &[("q", "cafe\u{301} no")]).await, ["Café Noir"]);
    assert_eq!(titles(&rest, &[("q", "lan")]).await, ["Lanterns"]);
    assert_eq!(titles(&rest, &[("q", "light caf")]).await, ["Lanterns"]);
    assert_eq!(titles(&rest, &[("q", "ips")]).await, [""; 0], "not within a word");
    assert_eq!(titles(&rest, &[("q", "cafe ships")]).await, [""; 0]);
}

#[tokio::test]
async fn a_game_is_found_by_its_own_title_in_any_script() {
    let written = [
        "Straße",
        "Ελλάδα",
        "東京",
        "हिन्दी",
        "Việt",
        "İstanbul",
        "ＬＡＮＴＥＲＮ",
        "Quest Ⅳ",
        "Lux mc²",
        "ﬁre",
        "𐓏𐓘𐓻𐓘𐓻𐓟",
    ];
    let games = written.map(|title| (title, "Story", 5.0, ""));
    let (_platform, rest) = a_store(&games).await;

    let mut lost = Vec::new();
    for title in written {
        if titles(&rest, &[("q", title)]).await != [title] {
            lost.push(title);
        }
    }

    assert_eq!(lost, [""; 0]);
}

#[tokio::test]
async fn a_letter_that_the_index_does_not_know_is_looked_for_all_the_same() {
    let (_platform, rest) = a_store(&[("Lanterns", "Puzzle", 5.0, "")]).await;

    // A vowel sign alone, a letter younger than most tables, a mark, a private letter.
    for q in ["\u{940}", "\u{1e900}", "\u{345}", "\u{e000}", "\u{2160}\u{301}"] {
        let request = rest.request(http::Method::GET, "/api/games").query(&[("q", q)]);
        let answer = sir0_testkit::Answer::to(request).await;
        assert!(matches!(answer.status, 200 | 400), "{q:?} {answer:?}");
    }
}

#[tokio::test]
async fn what_search_engines_take_for_operators_is_plain_text() {
    let (_platform, rest) = a_store(&[
        ("Fish or Fowl", "Story", 5.0, "Choose near and not far."),
        ("Fish", "Story", 5.0, "Swim."),
    ])
    .await;

    for (q, expected) in [
        ("fish OR swim", vec![""; 0]),
        ("fish NOT swim", vec![]),
        ("fish or", vec!["Fish or Fowl"]),
        ("fish AND", vec!["Fish or Fowl"]),
        ("NEAR", vec!["Fish or Fowl"]),
        ("\"fish", vec!["Fish", "Fish or Fowl"]),
        ("fish*", vec!["Fish", "Fish or Fowl"]),
        ("^fish", vec!["Fish", "Fish or Fowl"]),
        ("{fish}", vec!["Fish", "Fish or Fowl"]),
        ("(fish)", vec!["Fish", "Fish or Fowl"]),
        ("-fish", vec!["Fish", "Fish or Fowl"]),
        ("fish'; DROP TABLE games; --", vec![]),
    ] {
        assert_eq!(titles(&rest, &[("q", q)]).await, expected, "{q}");
    }
}

#[tokio::test]
async fn search_follows_changes_and_removals() {
    let (platform, rest) = a_store(&[("Lanterns", "Puzzle", 5.0, "Light.")]).await;
    let studio = platform.visitor().signs_in("Northlight").await.rest();
    let listed = rest.get("/api/games").await.json["games"][0].clone();
    let path = format!("/api/games/{}", listed["gameId"]);

    studio.put(&path, &json!({"title": "Harbours"})).await;

    assert_eq!(titles(&rest, &[("q", "lanterns")]).await, [""; 0]);
    assert_eq!(titles(&rest, &[("q", "harbours light")]).await, ["Harbours"]);

    studio.delete(&path).await;

    assert_eq!(titles(&rest, &[("q", "harbours")]).await, [""; 0]);
}

#[tokio::test]
async fn lists_are_ordered_and_kept_to_a_genre() {
    let (_platform, rest) = a_store(&[
        ("beta", "Puzzle", 5.0, ""),
        ("Alpha", "puzzle", 9.0, ""),
        ("Gamma", "Racing", 0.0, "alpha"),
        ("alpha", "PUZZLE", 5.0, ""),
    ])
    .await;

    assert_eq!(titles(&rest, &[]).await, ["alpha", "Gamma", "Alpha", "beta"]);
    assert_eq!(titles(&rest, &[("sort", "newest")]).await, ["alpha", "Gamma", "Alpha", "beta"]);
    assert_eq!(titles(&rest, &[("sort", "title")]).await, ["alpha", "Alpha", "beta", "Gamma"]);
    assert_eq!(titles(&rest, &[("sort", "price")]).await, ["Gamma", "beta", "alpha", "Alpha"]);
    assert_eq!(
        titles(&rest, &[("genre", "pUZZLE"), ("sort", "title")]).await,
        ["alpha", "Alpha", "beta"]
    );
    assert_eq!(
        titles(&rest, &[("genre", "Puzzle"), ("q", "alph"), ("sort", "price")]).await,
        ["alpha", "Alpha"]
    );
    assert_eq!(titles(&rest, &[("genre", "Chess")]).await, [""; 0]);
}

/// Five games with lanterns and the deep, two of them with both in their title.
const LANTERNS: [(&str, &str, f64, &str); 5] = [
    ("Deep Lanterns", "Puzzle", 3.0, ""),
    ("Lanterns", "Puzzle", 2.0, "In the deep."),
    ("Lantern of the Déep", "Racing", 1.0, "Lanterns."),
    ("Deep", "Racing", 0.0, "A lantern."),
    ("Harbours", "Puzzle", 0.0, "Deep lanterns."),
];

#[tokio::test]
async fn a_search_answers_first_with_games_whose_title_has_all_the_words() {
    let (_platform, rest) = a_store(&LANTERNS).await;
    let ranked = ["Deep Lanterns", "Lantern of the Déep", "Deep", "Lanterns", "Harbours"];
    let newest = ["Harbours", "Deep", "Lantern of the Déep", "Lanterns", "Deep Lanterns"];

    assert_eq!(titles(&rest, &[("q", "lant deep")]).await, ranked);
    assert_eq!(titles(&rest, &[("q", "lant deep"), ("sort", "relevance")]).await, ranked);
    assert_eq!(titles(&rest, &[("q", "lant deep"), ("sort", "newest")]).await, newest);
    assert_eq!(
        titles(&rest, &[("q", "lant deep"), ("genre", "puzzle")]).await,
        ["Deep Lanterns", "Lanterns", "Harbours"]
    );
    // Without words, every game is as relevant as the next.
    assert_eq!(titles(&rest, &[]).await, newest);
    assert_eq!(titles(&rest, &[("sort", "relevance")]).await, newest);
}

/// The titles of a list read page by page.
async fn leafs_through(rest: &Rest, parameters: &[(&str, &str)]) -> Vec<String> {
    let (mut read, mut token) = (Vec::new(), None::<String>);
    loop {
        let page_token = token.clone().unwrap_or_default();
        let mut parameters = parameters.to_vec();
        parameters.push(("pageToken", page_token.as_str()));
        let request = rest.request(http::Method::GET, "/api/games").query(&parameters);
        let answer = sir0_testkit::Answer::to(request).await;
        assert_eq!(answer.status, 200, "{parameters:?} {answer:?}");
        for game in answer.json["games"].as_array().expect("a list") {
            read.push(game["title"].as_str().expect("a title").to_owned());
        }
        token = answer.json["nextPageToken"].as_str().map(str::to_owned);
        if token.is_none() {
            return read;
        }
    }
}

#[tokio::test]
async fn a_ranked_list_is_the_same_in_pages_of_any_size() {
    let (_platform, rest) = a_store(&LANTERNS).await;
    let whole = titles(&rest, &[("q", "lant deep")]).await;

    for size in ["1", "2", "3", "4", "5"] {
        let read = leafs_through(&rest, &[("q", "lant deep"), ("pageSize", size)]).await;

        assert_eq!(read, whole, "in pages of {size}");
    }
}

#[tokio::test]
async fn a_token_of_one_order_opens_no_page_of_another() {
    let (_platform, rest) = a_store(&LANTERNS).await;
    let page = async |parameters: &[(&str, &str)]| {
        let request = rest.request(http::Method::GET, "/api/games").query(parameters);
        sir0_testkit::Answer::to(request).await
    };
    let newest = [("q", "lant deep"), ("pageSize", "2"), ("sort", "newest")];
    let token = page(&newest).await.json["nextPageToken"].as_str().expect("more").to_owned();

    for sort in ["", "relevance", "title", "price"] {
        let other = [("q", "lant deep"), ("pageSize", "2"), ("sort", sort), ("pageToken", &token)];
        let answer = page(&other).await;
        assert_eq!(
            (answer.status, &answer.json["fields"][0]["field"]),
            (400, &Value::from("pageToken"))
        );
    }
}

#[tokio::test]
async fn what_cannot_be_searched_for_is_refused_by_name() {
    let (_platform, rest) = a_store(&[]).await;
    let many_words = "a ".repeat(17);
    let long = "a".repeat(201);

    for (field, value) in [
        ("sort", "cheapest"),
        ("q", many_words.as_str()),
        ("q", long.as_str()),
        ("q", "!!! -- ''"),
        ("genre", "\u{202e}"),
        ("pageSize", "-1"),
        ("pageSize", "many"),
        ("pageToken", "nonsense"),
    ] {
        let request = rest.request(http::Method::GET, "/api/games").query(&[(field, value)]);
        let answer = sir0_testkit::Answer::to(request).await;
        assert_eq!(answer.status, 400, "{field} {value}");
        assert_eq!(answer.json["fields"][0]["field"], field, "{answer:?}");
        assert!(matches!(answer.json["details"], Value::String(_)));
    }
}
