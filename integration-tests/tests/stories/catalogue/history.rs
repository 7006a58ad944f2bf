//! A studio sees who changed what, and undoes one change.

use super::*;

async fn changes(person: &Person, id: i64, more: &str) -> Answer {
    person.rest().get(&format!("/api/games/{id}/changes{more}")).await
}

async fn undoes(person: &Person, id: i64, change: &Value) -> Answer {
    let change = change.as_str().expect("a number as a text");
    person.rest().post(&format!("/api/games/{id}/changes/{change}:undo"), &json!({})).await
}

#[tokio::test]
async fn a_studio_sees_who_changed_what_and_undoes_one_change() {
    let stage = Stage::set().await;
    let (studio, draft) = (&stage.studio, stage.draft);
    let path = format!("/api/games/{draft}");
    studio.rest().put(&path, &json!({"title": "Sunquake", "price": 4.5})).await;
    studio.rest().put(&path, &json!({"description": "New."})).await;
    let time = in_seconds(3600);
    stage.publishes(draft, &json!({"state": "released", "time": time})).await;
    let root = stage.platform.admin("Root").await;
    root.rest().post(&format!("{path}:publish"), &json!({"state": "released"})).await;
    let visitor = stage.platform.visitor();
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;

    let listed = changes(studio, draft, "").await;

    assert_eq!(listed.status, 200, "{listed:?}");
    let listed = listed.json["changes"].as_array().expect("a list").clone();
    let fields: Vec<_> = listed.iter().map(|change| &change["fields"]).collect();
    assert_eq!(
        fields,
        [
            &json!([{"field": "state", "before": "draft", "after": "released"}]),
            &json!([{"field": "release_time", "after": time}]),
            &json!([{"field": "description", "before": "Light finds a way.", "after": "New."}]),
            &json!([
                {"field": "title", "before": "Moonquake", "after": "Sunquake"},
                {"field": "price", "before": "19.99", "after": "4.5"}
            ]),
            &json!([{"field": "state", "after": "draft"}]),
        ]
    );
    let users: Vec<_> = listed.iter().map(|change| &change["userId"]).collect();
    assert_eq!(
        users,
        [
            &json!(root.id),
            &json!(studio.id),
            &json!(studio.id),
            &json!(studio.id),
            &json!(studio.id)
        ]
    );
    let page = changes(studio, draft, "?pageSize=2").await;
    let token = page.json["nextPageToken"].as_str().expect("more").to_owned();
    let rest = changes(studio, draft, &format!("?pageToken={token}")).await;
    assert_eq!(rest.json["changes"], json!(listed[2..]));

    let undone = undoes(studio, draft, &listed[3]["changeId"]).await;
    assert_eq!((undone.status, &undone.json["revision"]), (200, &json!(5)), "{undone:?}");
    assert_eq!(told(&next(&mut stream).await), format!("changed {draft} r5"));
    let game = visitor.rest().get(&path).await;
    assert_eq!(
        (&game.json["title"], &game.json["description"]),
        (&json!("Moonquake"), &json!("New."))
    );
    let again = undoes(studio, draft, &listed[3]["changeId"]).await;
    assert_eq!(
        (again.status, &again.json["revision"]),
        (200, &json!(5)),
        "repeating it is harmless"
    );
    let latest = changes(studio, draft, "?pageSize=1").await;
    assert_eq!(latest.json["changes"][0]["revision"], json!(5), "the undoing is a change itself");
}

#[tokio::test]
async fn what_cannot_be_undone_is_refused_and_a_stranger_sees_no_history() {
    let stage = Stage::set().await;
    let (studio, stranger, draft) = (&stage.studio, &stage.stranger, stage.draft);
    let path = format!("/api/games/{draft}");
    studio.rest().put(&path, &json!({"price": 4})).await;
    studio.rest().put(&path, &json!({"price": 5})).await;
    let listed = changes(studio, draft, "").await.json["changes"].clone();

    let older = undoes(studio, draft, &listed[1]["changeId"]).await;
    assert_eq!(refused(&older), (400, "NOT_UNDOABLE"));
    assert_eq!(
        refused(&undoes(studio, draft, &listed[2]["changeId"]).await),
        (400, "NOT_UNDOABLE")
    );
    assert_eq!(refused(&undoes(studio, draft, &json!("999999")).await), (404, "CHANGE_NOT_FOUND"));
    let other = adds(studio, &a_draft("Other")).await;
    let foreign = undoes(studio, other, &listed[0]["changeId"]).await;
    assert_eq!(refused(&foreign), (404, "CHANGE_NOT_FOUND"));
    for change in ["0", "01", "-1", "1x", "99999999999999999999"] {
        let answer = undoes(studio, draft, &json!(change)).await;
        assert_eq!((answer.status, faults(&answer)), (400, vec!["changeId"]), "{answer:?}");
    }
    assert_eq!(refused(&changes(stranger, draft, "").await), (404, "GAME_NOT_FOUND"));
    let undone = undoes(stranger, draft, &listed[0]["changeId"]).await;
    assert_eq!(refused(&undone), (404, "GAME_NOT_FOUND"));
    stage.publishes(draft, &json!({"state": "released"})).await;
    assert_eq!(refused(&changes(stranger, draft, "").await), (403, "NOT_YOUR_GAME"));
    let undone = undoes(stranger, draft, &listed[0]["changeId"]).await;
    assert_eq!(refused(&undone), (403, "NOT_YOUR_GAME"));
    let forged = changes(studio, draft, "?pageToken=AAAA").await;
    assert_eq!((forged.status, faults(&forged)), (400, vec!["pageToken"]));
}
