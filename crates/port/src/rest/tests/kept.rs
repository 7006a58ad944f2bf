//! Answers that were encoded before, beside the same answers that are encoded for each request.

use futures::FutureExt;
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
