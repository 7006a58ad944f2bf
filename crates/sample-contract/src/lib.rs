//! A contract with all that a contract may hold, and a service that answers with what it was asked. The tests of the
//! doors use it; no program serves it.

use futures::{
    StreamExt, TryStreamExt, future,
    stream::{self, BoxStream},
};
use sir0_transcoding::HttpBody;
use tonic::{Request, Response, Status, Streaming};

/// The contract as an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));

/// The REST form as an OpenAPI document.
pub const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

sir0_transcoding::package!();

use self::sample_service_server::SampleService;

/// Answers with what it was asked.
#[derive(Clone, Copy, Debug)]
pub struct Echo;

type Answer<M> = Result<Response<M>, Status>;

#[tonic::async_trait]
impl SampleService for Echo {
    async fn echo(&self, request: Request<Everything>) -> Answer<Everything> {
        Ok(Response::new(request.into_inner()))
    }

    async fn query(&self, request: Request<Everything>) -> Answer<Everything> {
        Ok(Response::new(request.into_inner()))
    }

    async fn path(&self, request: Request<PathRequest>) -> Answer<PathRequest> {
        Ok(Response::new(request.into_inner()))
    }

    async fn order(&self, request: Request<OrderRequest>) -> Answer<OrderResponse> {
        let OrderRequest { order_id, lines, .. } = request.into_inner();
        Ok(Response::new(OrderResponse { lines, order_id }))
    }

    async fn image(&self, request: Request<ImageRequest>) -> Answer<HttpBody> {
        Ok(Response::new(request.into_inner().image.unwrap_or_default()))
    }

    type ChunksStream = BoxStream<'static, Result<ImageResponse, Status>>;

    async fn chunks(
        &self,
        request: Request<Streaming<ImageRequest>>,
    ) -> Answer<Self::ChunksStream> {
        // A file of this name is answered without a message.
        let parts = request.into_inner();
        let parts = parts.try_filter(|part| future::ready(part.name != "nothing"));
        let parts = parts.map_ok(|ImageRequest { image, .. }| ImageResponse { image });
        Ok(Response::new(parts.boxed()))
    }

    async fn upload(&self, request: Request<Streaming<HttpBody>>) -> Answer<UploadResponse> {
        let mut parts = request.into_inner();
        let mut came = UploadResponse::default();
        while let Some(HttpBody { content_type, data }) = parts.message().await? {
            if came.messages == 0 {
                came.content_type = content_type;
            }
            came.messages += 1;
            came.bytes += data.len() as u64;
        }
        Ok(Response::new(came))
    }

    type CountStream = BoxStream<'static, Result<CountResponse, Status>>;

    async fn count(&self, request: Request<CountRequest>) -> Answer<Self::CountStream> {
        let CountRequest { to, fails_after } = request.into_inner();
        let numbers = (1..=u64::from(to))
            .map(|number| Ok(CountResponse { number, resume_token: format!("token-{number}") }));
        let failure = (fails_after > 0).then(|| Err(Status::data_loss("as it was asked")));
        let sent = if fails_after > 0 { fails_after } else { to };
        let numbers = numbers.take(usize::try_from(sent).unwrap_or(usize::MAX)).chain(failure);
        Ok(Response::new(stream::iter(numbers).boxed()))
    }

    async fn bound(&self, request: Request<Bounded>) -> Answer<Bounded> {
        Ok(Response::new(request.into_inner()))
    }

    async fn nothing(&self, _: Request<()>) -> Answer<()> {
        Ok(Response::new(()))
    }
}
