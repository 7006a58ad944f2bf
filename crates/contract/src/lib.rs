//! The whole contract: each package by a short name, such as `accounts`, and what they have together.

pub use sir0_transcoding::{Access, Call, Keying};

include!(concat!(env!("OUT_DIR"), "/packages.rs"));

/// Every file of the contract with its comments, as an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));

/// The REST form of the contract as an OpenAPI 3.1 document in JSON, in two parts: up to its member `servers`, and behind
/// it. The server of the document writes that member, because it knows the address.
pub const OPENAPI: [&str; 2] = [
    include_str!(concat!(env!("OUT_DIR"), "/openapi.before")),
    include_str!(concat!(env!("OUT_DIR"), "/openapi.behind")),
];

/// The REST form as a Postman collection, in two parts: up to the text with the address of the server, and behind it.
pub const POSTMAN: [&str; 2] = [
    include_str!(concat!(env!("OUT_DIR"), "/postman.before")),
    include_str!(concat!(env!("OUT_DIR"), "/postman.behind")),
];

/// The environment of the collection, in the same parts.
pub const POSTMAN_ENVIRONMENT: [&str; 2] = [
    include_str!(concat!(env!("OUT_DIR"), "/environment.before")),
    include_str!(concat!(env!("OUT_DIR"), "/environment.behind")),
];

/// The address in the collection and the environment where none is known.
pub const POSTMAN_ADDRESS: &str = "http://127.0.0.1:8080";

/// Every call, package by package.
pub fn calls() -> impl Iterator<Item = &'static Call> {
    PACKAGES.iter().copied().flatten()
}
