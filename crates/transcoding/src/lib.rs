//! HTTP and JSON to protobuf and back, as `google.api.http` and Google's JSON mapping say, by tables that are written
//! when the contract is built.
//!
//! A request becomes the bytes that its type decodes, and the bytes of an answer become JSON: no code is generated for a
//! message type. All that is wrong with a request is told at once, each fault with the path of its field.

mod bounds;
mod call;
mod codec;
mod dispatch;
mod fault;
mod forms;
mod framed;
mod kept;
mod keys;
mod paging;
mod query;
mod read;
mod request;
mod routes;
mod scalar;
mod shape;
mod tag;
mod wire;
mod write;

pub use bounds::{Bound, Pattern};
pub use call::{Access, Binding, Call, Facts, Keying, Limit, Part, Rest, Segment, Variable};
pub use codec::{Codec, Malformed};
pub use dispatch::{
    Dispatch, HttpBody, Payload, Reply, Replying, many, message, messages, one, unknown,
};
pub use fault::{Fault, MOST_FAULTS};
pub use framed::Framed;
pub use kept::Kept;
pub use keys::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, Key, Keys, Named, asked, once};
pub use paging::Paging;
pub use query::Other;
pub use request::{Request, http_body, http_body_of};
pub use routes::{Found, Routes, Taken};
pub use shape::{Enum, Field, Form, Holds, Kind, Shape};
pub use tag::{Conditions, Tag};
pub use wire::{Unreadable, content_of};
pub use write::{to_json, write, write_part};

/// Includes what the build of a package's crate wrote.
#[macro_export]
macro_rules! package {
    () => {
        #[expect(
            missing_docs,
            clippy::pedantic,
            clippy::allow_attributes,
            clippy::allow_attributes_without_reason,
            reason = "generated"
        )]
        mod generated {
            include!(concat!(env!("OUT_DIR"), "/package.rs"));
        }

        pub use generated::*;
    };
}
