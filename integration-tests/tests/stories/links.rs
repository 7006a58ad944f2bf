//! Lists that are walked by the `Link` of each page alone, as programs do that know no field of ours.

use http::Method;
use reqwest::Url;
use serde_json::json;
use sir0_testkit::{Answer, Rest, Running, a_game, platform};

/// A store with games of these titles, all of one genre.
async fn a_store(titles: &[&str], genre: &str) -> (Running, Rest) {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await.rest();
    for title in titles {
        let mut game = a_game(title);
        game["genre"] = json!(genre);
        assert_eq!(studio.post("/api/games", &game).await.status, 201, "{title}");
    }
    let rest = platform.visitor().rest();
    (platform, rest)
}

/// Where the page behind this one is, as a browser finds it. `None` on the last page.
fn next(page: &Url, answer: &Answer) -> Option<Url> {
    let link = answer.header("link")?;
    let target = link.strip_prefix('<').and_then(|it| it.strip_suffix(">; rel=\"next\""));
    let target = target.unwrap_or_else(|| panic!("{link} is not one link"));
    assert_eq!(answer.headers.get_all("link").iter().count(), 1, "{link}");
    Some(page.join(target).expect("a reference"))
}

/// The titles of every page, from the first one on.
async fn walks(rest: &Rest, query: &str) -> Vec<Vec<String>> {
    // The host and the prefix under which a proxy may publish the platform.
    let origin = "https://play.example/store";
    let mut at = Some(Url::parse(&format!("{origin}/api/games?{query}")).expect("an address"));
    let mut pages = Vec::new();
    while let Some(page) = at {
        let path = page.as_str().strip_prefix(origin).expect("the link stays behind the prefix");
        let answer = rest.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let games = answer.json["games"].as_array().expect("games");
        pages.push(
            games.iter().map(|it| it["title"].as_str().expect("a title").to_owned()).collect(),
        );
        at = next(&page, &answer);
        assert_eq!(at.is_some(), answer.json["nextPageToken"].is_string(), "{path}");
    }
    pages
}

#[tokio::test]
async fn every_page_of_a_list_is_found_by_its_links_alone() {
    let titles = ["Anvils", "Bridges", "Candles", "Docks", "Elms"];
    let (_platform, rest) = a_store(&titles, "Rätsel & <Knobeln>").await;

    for (query, expected) in [
        (
            "pageSize=2&sort=title",
            vec![vec!["Anvils", "Bridges"], vec!["Candles", "Docks"], vec!["Elms"]],
        ),
        (
            "sort=title&page_size=3",
            vec![vec!["Anvils", "Bridges", "Candles"], vec!["Docks", "Elms"]],
        ),
        (
            "genre=R%C3%A4tsel+%26%20%3CKnobeln%3E&sort=newest&pageSize=4",
            vec![vec!["Elms", "Docks", "Candles", "Bridges"], vec!["Anvils"]],
        ),
        ("pageSize=5&sort=title", vec![titles.to_vec()]),
        ("genre=Racing&pageSize=1", vec![vec![]]),
    ] {
        assert_eq!(walks(&rest, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn words_of_any_script_stay_the_same_from_page_to_page() {
    let (_platform, rest) = a_store(&["夜の灯籠", "灯籠の森", "灯籠", "Лампа"], "Puzzle").await;

    for q in ["灯籠", "%E7%81%AF%E7%B1%A0", "%e7%81%af%E7%B1%A0&_=1&utm_source=a"] {
        let pages = walks(&rest, &format!("pageSize=1&q={q}&sort=newest")).await;
        assert_eq!(pages, [["灯籠"], ["灯籠の森"], ["夜の灯籠"]], "{q}");
    }
    assert_eq!(walks(&rest, "q=%D0%9B%D0%B0%D0%BC%D0%BF%D0%B0&pageSize=1").await, [["Лампа"]]);
}

#[tokio::test]
async fn a_page_says_where_it_goes_on_in_whatever_way_it_is_asked_for() {
    let (platform, rest) = a_store(&["Anvils", "Bridges"], "Puzzle").await;
    let path = "/api/games?pageSize=1";
    let written = rest.get(path).await;
    let link = written.header("link").expect("one game is left");

    let kept = rest.get(path).await;
    let head = Answer::to(rest.request(Method::HEAD, path)).await;
    let tag = written.header("etag").expect("a page has a tag");
    let same = Answer::to(rest.request(Method::GET, path).header("if-none-match", tag)).await;
    let list = platform.admin("Root").await.rest().get(path).await;

    assert_eq!(kept.header("link"), Some(link));
    assert_eq!((head.status, head.header("link")), (200, Some(link)));
    assert_eq!((same.status, same.header("link")), (304, Some(link)));
    assert_eq!(list.header("link"), Some(link));
    let exposed = written.header("access-control-expose-headers").expect("any page may ask");
    assert!(exposed.split(", ").any(|name| name == "link"), "{exposed}");
    for path in ["/api/games", "/api/games/1", "/api/status", "/api/games?pageSize=-1"] {
        assert_eq!(rest.get(path).await.header("link"), None, "{path}");
    }
}

#[tokio::test]
async fn a_page_that_is_asked_for_in_other_words_goes_on_in_those_words() {
    let (_platform, rest) = a_store(&["Anvils", "Bridges"], "Puzzle").await;
    let long = format!("pageSize=1&{}", "_=1&".repeat(100));

    for query in ["pageSize=1", "page_size=1", "pageSize=%31", &*long, "pageSize=1"] {
        let answer = rest.get(&format!("/api/games?{query}")).await;
        let link = answer.header("link").expect("one game is left");
        let kept = query.split("&_").next().expect("words").trim_end_matches('&');
        assert!(link.starts_with(&format!("<?{kept}&pageToken=")), "{query}: {link}");
    }
}

#[tokio::test]
async fn what_a_query_holds_stays_inside_the_link() {
    let (_platform, rest) = a_store(&["Anvils > Bridges", "Anvils \"Candles\""], "Puzzle").await;

    for q in [
        "anvils%0D%0ASet-Cookie:%20a=b",
        "anvils%3E;%20rel=%22prev%22,%20%3Chttps://evil.example",
        "anvils%22%27%5C%60%7B%7D%7C%5E%5B%5D",
        "anvils'(){}|[]^`\"\\",
    ] {
        let path = format!("/api/games?pageSize=1&q={q}");
        let answer = rest.get(&path).await;

        assert!(answer.headers.get("set-cookie").is_none(), "{answer:?}");
        if answer.status == 200 {
            let at = Url::parse(&format!("http://play.example{path}")).expect("an address");
            let Some(next) = next(&at, &answer) else { continue };
            assert_eq!((next.host_str(), next.path()), (Some("play.example"), "/api/games"));
            let asked = |url: &Url| {
                url.query_pairs().find(|(name, _)| name == "q").expect("it is kept").1.into_owned()
            };
            assert_eq!(asked(&next), asked(&at), "{q}");
        }
    }
}
