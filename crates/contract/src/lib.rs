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

/// Every call, package by package.
pub fn calls() -> impl Iterator<Item = &'static Call> {
    PACKAGES.iter().copied().flatten()
}
