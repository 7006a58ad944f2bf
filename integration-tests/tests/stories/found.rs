//! Games found and sorted as players of many languages type and read, over REST, gRPC and the streams.

use serde_json::{Value, json};
use sir0_contract::storefront::{
    ListGamesRequest, WatchGamesRequest, watch_games_response::Update,
};
use sir0_testkit::{Answer, Person, Running, a_game, platform};

use crate::watcher::{next, watches};

/// A store with a game of each title and genre.
async fn a_store(games: &[(&str, &str)]) -> (Running, Person) {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await.rest();
    for (title, genre) in games {
        let mut game = a_game(title);
        game["genre"] = json!(genre);
        assert_eq!(studio.post("/api/games", &game).await.status, 201, "{title}");
    }
    let visitor = platform.visitor();
    (platform, visitor)
}

/// What a list holds: of these words, of this genre, in this order. Both doors say the same.
async fn lists(visitor: &Person, q: &str, genre: &str, sort: &str) -> Vec<String> {
    let rest = visitor.rest();
    let asked = [("q", q), ("genre", genre), ("sort", sort)];
    let asked: Vec<_> = asked.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let answer = Answer::to(rest.request(http::Method::GET, "/api/games").query(&asked)).await;
    assert_eq!(answer.status, 200, "{asked:?} {answer:?}");
    let games = answer.json["games"].as_array().expect("a list");
    let over_rest: Vec<_> = games.iter().map(|game| as_text(&game["title"])).collect();

    let request = ListGamesRequest {
        q: q.to_owned(),
        genre: genre.to_owned(),
        sort: sort.to_owned(),
        ..ListGamesRequest::default()
    };
    let listed = visitor.games().list_games(request).await.expect("a list").into_inner();
    let over_grpc: Vec<_> = listed.games.into_iter().map(|game| game.title).collect();
    assert_eq!(over_rest, over_grpc, "{asked:?}");
    over_rest
}

fn as_text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

#[tokio::test]
async fn what_a_player_types_finds_the_game_and_no_other() {
    // A title, what finds it, and what is near it: that finds it if it is a typo, and nothing else.
    let rows: [(&str, &[&str], &[&str]); 15] = [
        ("Baldur's Gate", &["baldurs gate", "BALDUR’S", "baldur's gate"], &["gates"]),
        ("Assassin’s Creed", &["assassins creed"], &["creeds"]),
        ("S.T.A.L.K.E.R.", &["stalker", "s.t.a.l.k"], &["talker"]),
        ("Spider-Man", &["spiderman", "spider man", "ｓｐｉｄｅｒ-ｍａｎ"], &["manspider"]),
        ("Half-Life", &["halflife", "half life"], &["lifehalf"]),
        (".hack//G.U.", &["hackgu", ".hack gu"], &["hacku"]),
        ("Tekken™ 8", &["tekken 8", "Tekken® 8", "TEKKEN™"], &["tekken 9"]),
        ("Pokémon", &["pokemon", "POKE\u{301}MON"], &["pokomon"]),
        ("カーテンコール", &["カーテン", "ｶｰﾃﾝ"], &["ガーデン"]),
        ("दलाल", &["दलाल"], &["दिल"]),
        ("王者荣耀", &["荣耀", "王者"], &["荣王"]),
        ("大三国志", &["三国", "国志"], &["三志"]),
        ("ファイナルファンタジー", &["ファンタジー"], &["ファンタシー"]),
        ("東方紅魔郷", &["紅魔郷"], &["魔紅"]),
        ("เกมสงคราม", &["สงคราม"], &["สงคาม"]),
    ];
    let games: Vec<_> = rows.iter().map(|(title, ..)| (*title, "Story")).collect();
    let (_platform, visitor) = a_store(&games).await;

    let mut wrong = Vec::new();
    for (title, finding, near) in rows {
        for q in finding {
            let found = lists(&visitor, q, "", "").await;
            if found != [title] {
                wrong.push(format!("{q} of {title}: {found:?}"));
            }
        }
        for q in near {
            let found = lists(&visitor, q, "", "").await;
            if found.iter().any(|found| found != title) {
                wrong.push(format!("{q}, near {title}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_genre_is_one_whatever_its_case_for_lists_and_for_watchers() {
    let genres = [
        ("Straßenrennen", "STRASSENRENNEN"),
        ("ΣΟΦΟΣ", "σοφος"),
        ("Cafe\u{301}", "CAFÉ"),
        ("ＲＰＧ", "rpg"),
        ("so\u{AD}lo", "Solo"),
    ];
    let (platform, visitor) = a_store(&[]).await;
    let studio = platform.publisher("Southlight").await.rest();
    for (genre, asked) in genres {
        let request = WatchGamesRequest { genre: asked.to_owned(), ..Default::default() };
        let mut grpc = watches(&visitor, request).await;
        let path = url("/api/games:watch", &[("genre", asked)]);
        let mut lines = visitor.rest().stream(&path, "application/x-ndjson", &[]).await;
        let mut socket = visitor.socket().await;
        socket.subscribes("game_updates").await;
        let before = lists(&visitor, "", asked, "").await;

        let mut game = a_game(genre);
        game["genre"] = json!(genre);
        assert_eq!(studio.post("/api/games", &game).await.status, 201);

        let Some(Update::Added(heard)) = next(&mut grpc).await.update else { panic!("{genre}") };
        let line = lines.next_json().await.expect("an open stream");
        let frame = socket.hears().await;
        assert_eq!(line["added"]["genre"], heard.genre);
        assert_eq!(frame["game"]["genre"], heard.genre);
        assert_eq!(before, [""; 0]);
        for sort in ["newest", "title", "price"] {
            assert_eq!(lists(&visitor, "", asked, sort).await, [&*heard.title], "{asked} {sort}");
        }
        assert_eq!(lists(&visitor, &heard.title, asked, "").await, [&*heard.title], "{asked}");
    }
}

/// A path with parameters of any script.
fn url(path: &str, parameters: &[(&str, &str)]) -> String {
    let base = reqwest::Url::parse_with_params("http://localhost", parameters).expect("a URL");
    format!("{path}?{}", base.query().unwrap_or_default())
}

#[tokio::test]
async fn titles_of_all_scripts_are_listed_in_one_order_page_by_page() {
    let in_order = [
        "'Round Midnight",
        "100 Rats",
        "20 Rats",
        "Ångström",
        "apfel",
        "Apfel",
        "Äpfel",
        "Öl",
        "Oslo",
        "zebra",
        "Zebra",
        "αλφα",
        "Ёлка",
        "Ель",
        "דוד",
        "محمد",
        "दिल",
        "เกม",
        "한글",
        "あお",
        "アオ",
        "王者",
    ];
    let mut games = in_order.map(|title| (title, "Story"));
    games.reverse();
    let (_platform, visitor) = a_store(&games).await;

    let mut listed = Vec::new();
    let mut token = String::new();
    loop {
        let asked = [("sort", "title"), ("pageSize", "3"), ("pageToken", &token)];
        let page = visitor.rest().get(&url("/api/games", &asked)).await;
        assert_eq!(page.status, 200, "{page:?}");
        let games = page.json["games"].as_array().expect("a list");
        listed.extend(games.iter().map(|game| as_text(&game["title"])));
        let Some(next) = page.json["nextPageToken"].as_str() else { break };
        next.clone_into(&mut token);
    }

    assert_eq!(listed, in_order);
    assert_eq!(lists(&visitor, "", "story", "title").await, in_order);
}

#[tokio::test]
async fn texts_are_measured_as_they_are_kept_and_a_million_marks_are_refused() {
    let (platform, visitor) = a_store(&[]).await;
    let studio = platform.publisher("Southlight").await.rest();
    let syllables = "\u{1112}\u{1161}\u{11AB}".repeat(120);
    let marks = format!("a{}", "\u{301}".repeat(1_000_000));

    let long = studio.post("/api/games", &a_game(&syllables)).await;
    let longer = studio.post("/api/games", &a_game(&format!("{syllables}한"))).await;
    let found = lists(&visitor, "한한", "", "").await;
    let mut refused = Vec::new();
    for field in ["title", "genre", "description"] {
        let mut game = a_game("Lanterns");
        game[field] = json!(marks);
        let answer = studio.post("/api/games", &game).await;
        refused.push(answer.status);
    }
    let half = r#"{"title":"\ud800","genre":"Puzzle","price":1,"description":""}"#;
    let half = Answer::to(
        studio
            .request(http::Method::POST, "/api/games")
            .header("content-type", "application/json")
            .body(half),
    )
    .await;

    assert_eq!((long.status, longer.status), (201, 400), "{long:?} {longer:?}");
    assert_eq!(found, ["한".repeat(120)]);
    assert_eq!(refused, [413; 3], "more than a body may have");
    assert_eq!(half.status, 400, "{half:?}");
}
