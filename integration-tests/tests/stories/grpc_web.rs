//! gRPC-Web as a browser speaks it, framed by hand: HTTP/1, a message in a frame, and the trailers in the body.

use http::{HeaderMap, Method};
use reqwest::Response;
use sir0_contract::Call;
use sir0_testkit::{LONG, Person};
use tokio::time::timeout;
use tonic::Code;

const TRAILERS: u8 = 0x80;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Code,
    pub(crate) headers: HeaderMap,
    pub(crate) message: Option<Vec<u8>>,
}

/// Makes a call. A stream is left as soon as it is open.
pub(crate) async fn makes(person: &Person, call: &Call, message: &[u8]) -> Answer {
    let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
    let frame = [&[0], &length[..], message].concat();
    let request = person
        .rest()
        .request(Method::POST, call.path)
        .header("content-type", "application/grpc-web+proto")
        .header("x-grpc-web", "1")
        .body(frame);
    let response = timeout(LONG, request.send()).await.expect("in time").expect("an answer");
    assert_eq!(response.status(), 200, "gRPC-Web tells failures in its own way");
    let headers = response.headers().clone();
    if let Some(code) = headers.get("grpc-status") {
        let code = Code::from_bytes(code.as_bytes());
        return Answer { code, headers, message: None };
    }
    if call.streaming {
        return Answer { code: Code::Ok, headers, message: None };
    }
    let (message, code) = read(response).await;
    Answer { code, headers, message }
}

/// Reads the frames of a whole answer.
async fn read(response: Response) -> (Option<Vec<u8>>, Code) {
    let body = response.bytes().await.expect("a whole body");
    let (mut rest, mut message, mut code) = (&body[..], None, None);
    while let Some((&kind, behind)) = rest.split_first() {
        let (length, behind) = behind.split_at(4);
        let length = u32::from_be_bytes(length.try_into().expect("four bytes"));
        let (frame, behind) = behind.split_at(length.try_into().expect("a short frame"));
        if kind & TRAILERS == 0 {
            message = Some(frame.to_vec());
        } else {
            code = std::str::from_utf8(frame).expect("text").lines().find_map(status_in);
        }
        rest = behind;
    }
    (message, code.expect("every answer ends with its status"))
}

fn status_in(line: &str) -> Option<Code> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("grpc-status").then(|| Code::from_bytes(value.trim().as_bytes()))
}
