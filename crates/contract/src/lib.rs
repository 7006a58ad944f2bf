//! The contract as Rust, generated from `proto/`: messages, gRPC servers and clients, what each call promises, and the
//! OpenAPI document. The crate describes the contract and has no behaviour.

pub use prost_types::Timestamp;
pub use sir0_transcoding::{Access, Call, Malformed};

/// Every file of the contract with its comments, as an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));

/// The REST form of the contract as an OpenAPI 3.1 document in JSON.
pub const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

macro_rules! package {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
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
            pub mod internal {
                pub mod v1 {
                    package!("sir0.accounts.internal.v1");
                }
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

    /// What messages look like, by their full names.
    pub mod shapes {
        include!(concat!(env!("OUT_DIR"), "/calls.rs"));
    }
}

pub use generated::{
    shapes::{self, CALLS},
    sir0::{
        accounts::{internal::v1 as trust, v1 as accounts},
        status::v1 as status,
        storefront::v1 as storefront,
    },
};

/// The calls of each service by their names, as a doorway shows them to the doorman.
pub mod calls {
    pub use super::generated::shapes::{
        sir0_accounts_internal_v1_trust_service as trust_service,
        sir0_accounts_v1_accounts_service as accounts_service,
        sir0_status_v1_status_service as status_service,
        sir0_storefront_v1_games_service as games_service,
    };
}
