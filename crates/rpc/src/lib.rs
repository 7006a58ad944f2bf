//! How a service behaves on a call: callers, bad fields, refusals, work that outlives its caller, and calls to other
//! services. It is written once, so that all services answer alike.

#[doc(hidden)]
pub mod acts;
mod content_tag;
mod doorman;
mod fields;
mod keys;
mod page_size;
pub mod peer;
pub mod rates;
mod refusal;
pub mod request_id;
mod shared;
mod studios;
mod tasks;
pub mod trace;
mod trust_age;
mod wire_time;

pub use content_tag::content_tag;
pub use doorman::{Admitted, Attended, Caller, Denied, Doorman};
pub use fields::{FieldFault, FieldReader, InvalidFields};
pub use keys::Keys;
pub use page_size::page_size;
pub use peer::Peer;
pub use refusal::{KIND, Reason, Refusal, TOO_MANY_REQUESTS, refuse};
pub use shared::{Shared, pool_gauges};
pub use sir0_kernel::Client;
pub use sir0_tokens::{Forged, Seal};
pub use studios::{Founding, Studios};
pub use tasks::Tasks;
pub use tonic::Status;
pub use trust_age::TrustAge;
pub use wire_time::{moment, wire_time};

/// The metadata key with which an answer sets its HTTP status over REST.
///
/// For calls that succeed in telling bad news, such as `GetStatus`: gRPC sees a plain answer, REST the status.
pub const HTTP_STATUS: &str = "x-http-code";

/// The reason of a refusal by `If-Match` or `If-None-Match`. REST answers it with 412.
pub const PRECONDITION_FAILED: &str = "PRECONDITION_FAILED";
