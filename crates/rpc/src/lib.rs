//! How a service behaves on a call: who asks, which fields are bad, what is refused and how, pages and resume
//! tokens, and work that outlives its caller. Written once, so that all services answer alike.

mod doorman;
mod fields;
mod refusal;
pub mod request_id;
mod seal;
mod shared;
mod work;

pub use doorman::{Caller, Denied, Doorman};
pub use fields::{FieldFault, FieldReader, InvalidFields};
pub use refusal::{Reason, Refusal, refuse};
pub use seal::{Forged, Seal};
pub use shared::Shared;
pub use tonic::Status;
pub use work::Work;

/// The metadata key with which an answer asks for an HTTP status of its own over REST.
///
/// For calls that succeed in telling bad news, such as `GetStatus`: gRPC sees a plain answer, REST the status.
pub const HTTP_STATUS: &str = "x-http-code";
