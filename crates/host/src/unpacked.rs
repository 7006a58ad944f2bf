//! tonic's own server encodes the message of a response, which is empty where the answer was encoded before. Here the
//! kept answer takes the place of what tonic would send.

use std::{
    convert::Infallible,
    future,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use sir0_coding::grpc;
use sir0_transcoding::Kept;
use tonic::{
    body::Body,
    codegen::{
        BoxFuture, Service,
        http::{HeaderMap, HeaderName, HeaderValue, Request, Response},
    },
    server::NamedService,
};

/// A gRPC server whose kept answers are sent as they are.
#[derive(Clone, Debug)]
pub struct Unpacked<S>(pub S);

impl<S: NamedService> NamedService for Unpacked<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Unpacked<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let accepted = grpc::accepted(request.headers());
        let answering = self.0.call(request);
        Box::pin(async move {
            let mut response = answering.await?;
            let Some(kept) = Kept::of(response.extensions_mut()) else { return Ok(response) };
            let (frame, coding) = kept.frame_for(accepted).await;
            if let Some(coding) = coding {
                let coding = HeaderValue::from_static(coding.name());
                response.headers_mut().insert(grpc::ENCODING, coding);
            }
            Ok(response.map(|_of_an_empty_message| whole(frame)))
        })
    }
}

/// The message, and the trailers of a call that went well.
fn whole(frame: Bytes) -> Body {
    const STATUS: HeaderName = HeaderName::from_static("grpc-status");
    let trailers = HeaderMap::from_iter([(STATUS, HeaderValue::from_static("0"))]);
    Body::new(Full::new(frame).with_trailers(future::ready(Some(Ok(trailers)))))
}
