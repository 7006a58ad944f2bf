//! A studio shows its games in pictures, and everyone sees them.

use bytes::Bytes;
use futures::stream;
use http::{Method, header};
use sir0_contract::storefront::{
    UploadPictureRequest, media_service_client::MediaServiceClient, watch_games_response::Update,
};
use sir0_testkit::png;
use sir0_transcoding::HttpBody;
use tonic::Code;

use super::*;

/// The ids of the pictures that this person is told of.
async fn pictures(person: &Person, id: i64, whose: &str) -> Vec<String> {
    let listed = person.rest().get(&format!("/api/games/{id}/pictures{whose}")).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    let pictures = listed.json["pictures"].as_array().expect("a list").iter();
    pictures.map(|it| it["pictureId"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn a_studio_shows_a_draft_in_pictures_and_with_the_release_everyone_sees_them() {
    let stage = Stage::set().await;
    let (studio, draft) = (&stage.studio, stage.draft);
    let visitor = stage.platform.visitor();

    let cover = studio.uploads(draft, "cover", png(700, 1050, 40)).await;
    let screenshot = studio.uploads(draft, "screenshot", png(640, 360, 80)).await;

    assert_eq!((cover.status, &cover.json["revision"]), (201, &json!(2)), "{cover:?}");
    let picture = &cover.json["picture"];
    let widths: Vec<_> = picture["files"].as_array().expect("files").iter().collect();
    let widths: Vec<_> =
        widths.iter().map(|it| (it["width"].as_i64(), it["mediaType"].as_str())).collect();
    let [jpeg, webp] = [Some("image/jpeg"), Some("image/webp")];
    let both = |width| [(Some(width), jpeg), (Some(width), webp)];
    assert_eq!(widths, [both(300), both(600), both(700)].concat());
    assert_eq!((&picture["width"], &picture["height"]), (&json!(700), &json!(1050)));
    let ids = [&cover, &screenshot].map(|it| it.json["picture"]["pictureId"].clone());
    assert_eq!(json!(pictures(studio, draft, ":mine").await), json!(ids));
    let hidden = visitor.rest().get(&format!("/api/games/{draft}/pictures")).await;
    assert_eq!(refused(&hidden), (404, "GAME_NOT_FOUND"));

    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;
    stage.publishes(draft, &json!({"state": "released"})).await;

    let Some(Update::Added(game)) = next(&mut stream).await.update else { panic!("it is added") };
    let heard = game.cover.expect("a cover");
    assert_eq!(json!(heard.picture_id), ids[0]);
    let seen = visitor.rest().get(&format!("/api/games/{draft}")).await;
    assert_eq!((&seen.json["cover"], seen.json.get("header")), (picture, None));
    assert_eq!(json!(pictures(&visitor, draft, "").await), json!(ids));
    for file in picture["files"].as_array().expect("files") {
        let path = file["path"].as_str().expect("a path");
        let request = visitor.rest().request(Method::GET, path);
        let read = request.send().await.expect("an answer");
        assert_eq!(read.status(), 200, "{path}");
        let headers = read.headers().clone();
        assert_eq!(headers["content-type"], file["mediaType"].as_str().expect("a type"));
        assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
        let bytes = read.bytes().await.expect("the whole file");
        let decoded = image::load_from_memory(&bytes).expect("a picture");
        assert_eq!(
            (json!(decoded.width()), json!(decoded.height())),
            (file["width"].clone(), file["height"].clone())
        );
        let tag = headers["etag"].clone();
        let again = visitor.rest().request(Method::GET, path).header(header::IF_NONE_MATCH, tag);
        assert_eq!(again.send().await.expect("an answer").status(), 304);
        let part = visitor.rest().request(Method::GET, path).header(header::RANGE, "bytes=2-5");
        let part = part.send().await.expect("an answer");
        assert_eq!(part.status(), 206);
        assert_eq!(part.bytes().await.expect("a part"), bytes[2..6]);
    }
}

#[tokio::test]
async fn a_picture_that_is_sent_again_is_not_added_again_and_another_cover_takes_its_place() {
    let stage = Stage::set().await;
    let (studio, draft) = (&stage.studio, stage.draft);
    let first = studio.uploads(draft, "cover", png(300, 450, 1)).await;
    let view = studio.uploads(draft, "screenshot", png(640, 360, 1)).await;

    let again = studio.uploads(draft, "cover", png(300, 450, 1)).await;
    let view_again = studio.uploads(draft, "screenshot", png(640, 360, 1)).await;

    assert_eq!((again.status, &again.json["picture"]), (201, &first.json["picture"]));
    assert_eq!(view_again.json, view.json);
    let other = studio.uploads(draft, "cover", png(300, 450, 2)).await;
    let ids = [&other, &view].map(|it| it.json["picture"]["pictureId"].clone());
    assert_eq!(json!(pictures(studio, draft, ":mine").await), json!(ids));
    assert_eq!(other.json["revision"], json!(4));

    let id = ids[0].as_str().expect("an id");
    let path = format!("/api/games/{draft}/pictures/{id}");
    let removed = studio.rest().delete(&path).await;
    assert_eq!((removed.status, &removed.json["revision"]), (200, &json!(5)), "{removed:?}");
    assert_eq!(refused(&studio.rest().delete(&path).await), (404, "PICTURE_NOT_FOUND"));
    assert_eq!(json!(pictures(studio, draft, ":mine").await), json!([ids[1]]));
    let changes = studio.rest().get(&format!("/api/games/{draft}/changes?pageSize=2")).await;
    let fields = changes.json["changes"].as_array().expect("a list").iter();
    let fields: Vec<_> = fields.map(|change| change["fields"].clone()).collect();
    let old = &first.json["picture"]["pictureId"];
    assert_eq!(
        fields,
        [
            json!([{"field": "cover", "before": ids[0]}]),
            json!([{"field": "cover", "before": old, "after": ids[0]}]),
        ]
    );
}

#[tokio::test]
async fn a_file_that_is_no_picture_for_its_place_is_refused_and_nothing_is_kept() {
    let stage = Stage::set().await;
    let (studio, draft) = (&stage.studio, stage.draft);
    let whole = png(600, 900, 7);
    let mut huge = whole.clone();
    // The width in the header, before its checksum is looked at.
    huge[16..20].copy_from_slice(&20_000_u32.to_be_bytes());
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let lies: [(&str, Vec<u8>); 7] = [
        ("nothing", Vec::new()),
        ("text", b"GIF89 is a format".to_vec()),
        ("markup", svg.to_vec()),
        ("half of one", whole[..whole.len() / 2].to_vec()),
        ("20,000 pixels", huge),
        ("too much", [&*whole, &vec![0; 16 * 1024 * 1024]].concat()),
        ("the wrong shape", png(900, 300, 7)),
    ];
    for (what, lie) in lies {
        let answer = studio.uploads(draft, "cover", lie).await;
        assert_eq!(refused(&answer), (400, "PICTURE_REFUSED"), "{what}: {answer:?}");
    }
    let nowhere = studio.uploads(draft, "poster", whole.clone()).await;
    assert_eq!((nowhere.status, faults(&nowhere)), (400, vec!["purpose"]));
    let of_stranger = stage.stranger.uploads(draft, "cover", whole.clone()).await;
    assert_eq!(refused(&of_stranger), (404, "GAME_NOT_FOUND"));
    let visitor = stage.platform.visitor();
    assert_eq!(visitor.uploads(draft, "cover", whole.clone()).await.status, 401);
    for whose in ["", ":mine"] {
        let path = format!("/api/games/{draft}/pictures{whose}");
        assert_eq!(refused(&stage.stranger.rest().get(&path).await), (404, "GAME_NOT_FOUND"));
    }

    assert_eq!(pictures(studio, draft, ":mine").await, Vec::<String>::new());
    for tint in 0..12 {
        let added = studio.uploads(draft, "screenshot", png(64, 36, tint)).await;
        assert_eq!(added.status, 201, "{added:?}");
    }
    let beyond = studio.uploads(draft, "screenshot", png(64, 36, 99)).await;
    assert_eq!(refused(&beyond), (400, "PICTURE_LIMIT_REACHED"));
    assert_eq!(pictures(studio, draft, ":mine").await.len(), 12);
}

#[tokio::test]
async fn over_grpc_a_picture_comes_in_pieces_and_one_that_is_cut_off_leaves_nothing() {
    let stage = Stage::set().await;
    let (studio, draft) = (&stage.studio, stage.draft);
    let file = png(300, 450, 3);
    let piece = |data: &[u8]| UploadPictureRequest {
        picture: Some(HttpBody { content_type: String::new(), data: Bytes::copy_from_slice(data) }),
        ..UploadPictureRequest::default()
    };
    let game_id = i32::try_from(draft).expect("an id");
    let first = UploadPictureRequest { game_id, purpose: "cover".to_owned(), picture: None };
    let pieces = |file: &[u8]| {
        let rest = file.chunks(1000).map(piece).collect::<Vec<_>>();
        stream::iter(std::iter::once(first.clone()).chain(rest))
    };
    let mut media = MediaServiceClient::new(studio.bearer());

    let cut = media.upload_picture(pieces(&file[..file.len() - 500])).await;
    assert_eq!(cut.expect_err("it is not whole").code(), Code::FailedPrecondition);
    assert_eq!(pictures(studio, draft, ":mine").await, Vec::<String>::new());
    let whole = media.upload_picture(pieces(&file)).await.expect("a picture").into_inner();

    let picture = whole.picture.expect("the picture");
    assert_eq!(pictures(studio, draft, ":mine").await, [picture.picture_id]);
    assert_eq!(picture.files.len(), 2, "one width, as it is no wider");
}
