//! The contract as Rust, generated from `proto/`: messages, gRPC servers and clients, what each call promises, and the
//! OpenAPI document. The crate describes the contract and has no behaviour.

pub use prost_types::Timestamp;
pub use sir0_transcoding::{Access, Call, Malformed};

/// Every file of the contract with its comments, as an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));

/// The REST form of the contract as an OpenAPI 3.1 document in JSON.
pub const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

#[expect(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/packages.rs"));

    /// What messages look like, by their full names.
    pub mod shapes {
        include!(concat!(env!("OUT_DIR"), "/calls.rs"));
    }
}

pub use generated::shapes::{self, CALLS};

// Each package by a short name, such as `accounts`, and `calls`.
include!(concat!(env!("OUT_DIR"), "/names.rs"));
