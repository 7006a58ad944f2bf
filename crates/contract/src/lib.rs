//! The contract as Rust, generated from `proto/`: messages with their JSON form, gRPC servers and clients, the REST
//! transcoder, the OpenAPI document, and what each call promises. The crate describes the contract and has no
//! behaviour.

mod calls;
mod codec;
pub mod protobuf;

pub use calls::{Access, CALLS, Call, Field, Kind, Rest, Segment, Shape};
pub use codec::Malformed;

/// Every file of the contract with its comments, as an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));

/// The REST form of the contract as an OpenAPI 3.1 document in JSON.
pub const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

macro_rules! package {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
        include!(concat!(env!("OUT_DIR"), "/", $name, ".serde.rs"));
        include!(concat!(env!("OUT_DIR"), "/", $name, ".rest.rs"));
    };
}

macro_rules! transcoder {
    ($module:ident, $service:literal) => {
        pub mod $module {
            use super::super::sir0;
            include!(concat!(env!("OUT_DIR"), "/", $service, ".transcoder.rs"));
        }
    };
}

#[expect(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]
mod generated {
    pub mod sir0 {
        pub mod accounts {
            pub mod v1 {
                package!("sir0.accounts.v1");
            }
        }
        pub mod storefront {
            pub mod v1 {
                package!("sir0.storefront.v1");
            }
        }
        pub mod status {
            pub mod v1 {
                package!("sir0.status.v1");
            }
        }
    }
    pub mod rest {
        transcoder!(accounts, "AccountsService");
        transcoder!(storefront, "GamesService");
        transcoder!(status, "StatusService");
    }
}

pub use generated::sir0::{
    accounts::v1 as accounts, status::v1 as status, storefront::v1 as storefront,
};

/// REST from the same files: a transcoder for each service, and the bridges that let a tonic service answer it.
pub mod rest {
    pub use super::accounts::__rest_over_grpc_bridge_AccountsService::AccountsServiceRestBridge;
    pub use super::generated::rest::{
        accounts::Transcoder as AccountsTranscoder, status::Transcoder as StatusTranscoder,
        storefront::Transcoder as GamesTranscoder,
    };
    pub use super::status::__rest_over_grpc_bridge_StatusService::StatusServiceRestBridge;
    pub use super::storefront::__rest_over_grpc_bridge_GamesService::GamesServiceRestBridge;
}
