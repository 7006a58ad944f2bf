//! Answers that were encoded before, beside the same answers that are encoded for each request.

use bytes::Bytes;
use futures::FutureExt;
use sir0_coding::{Coding, grpc};
use sir0_contract::storefront::{Game, ListGamesResponse, calls::games_service::LIST_GAMES};
use sir0_transcoding::{Kept, Payload, Reply, Replying};

use super::*;

/// A service whose answers of one message are kept.
struct Keeping(SampleServiceDispatch<Echo>);

impl Dispatch for Keeping {
    fn call(&self, number: usize, request: tonic::Request<Payload>) -> Replying {
        let answering = self.0.call(number, request);
        async move {
            Ok(match answering.await? {
                Reply::One(metadata, message) => {
                    Reply::Kept(metadata, Kept::framed_before(&CALLS[number], message, |_| None))
                }
                other => other,
            })
        }
        .boxed()
    }
}

#[tokio::test]
async fn what_was_kept_is_sent_in_every_way_to_call_as_if_it_were_written_for_the_request() {
    let (writing, keeping) =
        (sample().await, opened(Arc::new(Keeping(SampleServiceDispatch(Arc::new(Echo))))).await);
    let everything =
        json!({"aString": "a \"quoted\" \u{1f3ee}\n", "aDouble": 0.1, "moods": ["MOOD_LOUD"]});
    let lines = json!([{"product": "a", "unitQuantity": 2}]);

    for (method, target, body) in [
        ("POST", "/sample/everything", everything),
        ("POST", "/sample/everything", json!({})),
        ("GET", "/sample/everything?aString=x", json!(null)),
        ("PUT", "/sample/message?aString=x", json!({})),
        ("GET", "/sample/7/of/top/MOOD_LOUD", json!(null)),
        ("GET", "/sample/big/1", json!(null)),
        ("POST", "/sample/orders/9/lines", lines),
        ("POST", "/sample/orders/9/lines", json!([])),
        ("PUT", "/sample/images/a", json!("bytes")),
        ("DELETE", "/sample/everything", json!(null)),
        ("POST", "/sample/everything", json!({"nothing": "of the kind"})),
    ] {
        let [written, kept] = [&writing, &keeping].map(|door| async {
            let request = door.request(method, target);
            let request = if body.is_null() { request } else { request.json(&body) };
            let answer = request.send().await.expect("an answer");
            let (status, mut headers) = (answer.status(), answer.headers().clone());
            headers.remove("date");
            (status, headers, answer.bytes().await.expect("a whole answer"))
        });

        assert_eq!(kept.await, written.await, "{method} {target}");
    }
}

/// A list with these descriptions, as it is kept.
fn kept_list(descriptions: impl Iterator<Item = String>) -> Kept {
    let games = descriptions.map(|description| Game { description, ..Game::default() }).collect();
    let list = ListGamesResponse { games, ..Default::default() };
    Kept::new(LIST_GAMES, &list, |_| None)
}

#[tokio::test]
async fn the_forms_of_an_answer_never_take_more_than_it_was_weighed_with() {
    let mut random = 1_u64;
    let mut random_character = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'!' + u8::try_from(random >> 58).expect("six bits"))
    };
    // Noise in 64 characters keeps three quarters of its bytes in every coding.
    let noisy = kept_list((0..40).map(|_| (0..200).map(|_| random_character()).collect()));
    let wordy =
        kept_list((0..40).map(|number| format!("Lantern {number} finds a way. ").repeat(8)));

    for (list, most) in [(noisy, 3), (wordy, 5)] {
        let rest = LIST_GAMES.rest.as_ref().expect("a REST form");
        let (json, _) = list.json(&rest.bindings[0]).expect("it is kept");
        let plain = list.framed().frame().len() + json.len();
        let mut forms = Vec::new();
        for _ in 0..2 {
            forms.clear();
            for coding in Coding::ALL {
                forms.extend(list.json_in(coding).await);
            }
            for coding in grpc::CODINGS {
                let (frame, coded) = list.frame_for(Some(coding)).await;
                forms.extend(coded.map(|_| frame));
            }
        }

        let coded: usize = forms.iter().map(Bytes::len).sum();
        assert_eq!((list.size(), forms.len()), (2 * plain, most), "{coded} of {plain}");
        assert!(plain + coded <= list.size(), "{coded} of {plain}");
    }
    let short = kept_list(["Light finds a way.".to_owned()].into_iter());
    assert!(!short.has_codings() && short.json_in(Coding::Gzip).await.is_none());
}
