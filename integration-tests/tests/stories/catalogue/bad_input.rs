//! What no product can be.

use super::*;

#[tokio::test]
async fn what_no_product_can_be_is_refused_by_its_field_and_nothing_is_kept() {
    let Stage { platform: _platform, studio, stranger, draft } = Stage::set().await;
    let game = adds(&studio, &a_game("Lanterns")).await;
    let dlc =
        adds(&studio, &with(a_game("More"), &json!({"kind": "dlc", "baseGameId": game}))).await;
    let bundle =
        adds(&studio, &with(a_game("All"), &json!({"kind": "bundle", "bundledGameIds": [game]})))
            .await;
    let theirs = adds(&stranger, &a_game("Foreign")).await;
    let many: Vec<_> = (1..=101).collect();
    for (parts, field) in [
        (json!({"kind": "ship"}), "kind"),
        (json!({"kind": "all"}), "kind"),
        (json!({"state": "withdrawn"}), "state"),
        (json!({"releaseDate": "soon"}), "releaseDate"),
        (json!({"releaseDate": "2027-02-29"}), "releaseDate"),
        (json!({"kind": "dlc"}), "baseGameId"),
        (json!({"baseGameId": game}), "baseGameId"),
        (json!({"kind": "dlc", "baseGameId": 0}), "baseGameId"),
        (json!({"kind": "dlc", "baseGameId": dlc}), "baseGameId"),
        (json!({"kind": "dlc", "baseGameId": bundle}), "baseGameId"),
        (json!({"kind": "dlc", "baseGameId": theirs}), "baseGameId"),
        (json!({"kind": "dlc", "baseGameId": 2_000_000}), "baseGameId"),
        (json!({"kind": "bundle"}), "bundledGameIds"),
        (json!({"bundledGameIds": [game]}), "bundledGameIds"),
        (json!({"kind": "bundle", "bundledGameIds": [game, game]}), "bundledGameIds"),
        (json!({"kind": "bundle", "bundledGameIds": [bundle]}), "bundledGameIds"),
        (json!({"kind": "bundle", "bundledGameIds": [theirs]}), "bundledGameIds"),
        (json!({"kind": "bundle", "bundledGameIds": [draft]}), "bundledGameIds"),
        (json!({"kind": "bundle", "bundledGameIds": many}), "bundledGameIds"),
    ] {
        let answer = studio.rest().post("/api/games", &with(a_game("Never"), &parts)).await;
        assert_eq!((answer.status, faults(&answer)), (400, vec![field]), "{parts} {answer:?}");
    }
    let bundle = format!("/api/games/{bundle}");
    for (path, body, field) in [
        (
            bundle.clone(),
            json!({"bundledGameIds": [bundle.rsplit('/').next().and_then(|id| id.parse::<i64>().ok())]}),
            "bundledGameIds",
        ),
        (format!("/api/games/{game}"), json!({"bundledGameIds": [dlc]}), "bundledGameIds"),
        (bundle.clone(), json!({"releaseDate": "1.1.2030"}), "releaseDate"),
    ] {
        let answer = studio.rest().put(&path, &body).await;
        assert_eq!((answer.status, faults(&answer)), (400, vec![field]), "{body} {answer:?}");
    }
    let publish = format!("/api/games/{draft}:publish");
    for (body, field) in [
        (json!({}), "state"),
        (json!({"state": "draft", "time": in_seconds(60)}), "state"),
        (json!({"state": "released", "time": "2020-01-01T00:00:00Z"}), "time"),
        (json!({"state": "released", "time": "2999-01-01T00:00:00Z"}), "time"),
        (json!({"state": "released", "time": "tomorrow"}), "time"),
    ] {
        let answer = studio.rest().post(&publish, &body).await;
        assert_eq!((answer.status, faults(&answer)), (400, vec![field]), "{body} {answer:?}");
    }
    let late = json!({"state": "released", "time": in_seconds(60)});
    assert_eq!(studio.rest().post(&publish, &late).await.status, 200);
    let later = json!({"state": "announced", "time": in_seconds(120)});
    assert_eq!(refused(&studio.rest().post(&publish, &later).await), (400, "NOT_PUBLISHABLE"));
    let mine = studio.rest().get("/api/games:mine").await;
    assert_eq!(mine.json["games"].as_array().map(Vec::len), Some(4), "{mine:?}");
}
