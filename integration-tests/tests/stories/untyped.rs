//! Any call of the contract over native gRPC, its request as bytes: for stories about all calls at once.

use bytes::{Buf, BufMut};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage, Value};
use sir0_contract::{Call, FILE_DESCRIPTOR_SET};
use sir0_testkit::Person;
use tonic::{
    Code, Request, Status, Streaming,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

/// The message that a call takes.
pub(crate) fn request_of(call: &Call) -> MessageDescriptor {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("our own descriptors");
    let service = pool.get_service_by_name(call.service).expect("a service of the contract");
    let mut methods = service.methods();
    methods.find(|method| method.name() == call.name).expect("a call of the contract").input()
}

/// A request with these values, as far as the message has such fields.
pub(crate) fn request(call: &Call, values: &[(&str, Value)]) -> Vec<u8> {
    let mut message = DynamicMessage::new(request_of(call));
    for (name, value) in values {
        if message.descriptor().get_field_by_name(name).is_some() {
            message.set_field_by_name(name, value.clone());
        }
    }
    message.encode_to_vec()
}

/// Makes a call and tells how it was answered. A stream is left as soon as it is open.
pub(crate) async fn makes(person: &Person, call: &Call, message: Vec<u8>) -> Code {
    let mut request = Request::new(message);
    if let Some(token) = &person.token {
        let bearer = format!("Bearer {token}").parse().expect("a token is text");
        request.metadata_mut().insert("authorization", bearer);
    }
    let mut grpc = Grpc::new(person.channel());
    grpc.ready().await.expect("the server listens");
    let path = call.path.parse().expect("a path");
    let answered = if call.streaming {
        grpc.server_streaming(request, path, Bytes).await.map(drop)
    } else {
        grpc.unary(request, path, Bytes).await.map(drop)
    };
    answered.map_or_else(|status| status.code(), |()| Code::Ok)
}

/// Makes a call that answers with a stream, and answers with the stream.
pub(crate) async fn opens(person: &Person, call: &Call, message: Vec<u8>) -> Streaming<Vec<u8>> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {}", person.token()).parse().expect("a token is text");
    request.metadata_mut().insert("authorization", bearer);
    let mut grpc = Grpc::new(person.channel());
    grpc.ready().await.expect("the server listens");
    let path = call.path.parse().expect("a path");
    let opened = grpc.server_streaming(request, path, Bytes).await;
    opened.expect("someone who may").into_inner()
}

/// Leaves messages as they are.
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut message = vec![0; from.remaining()];
        from.copy_to_slice(&mut message);
        Ok(Some(message))
    }
}
