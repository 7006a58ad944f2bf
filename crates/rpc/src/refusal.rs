//! From a domain error to the status a client sees. The only place that makes one.

use std::{collections::HashMap, error::Error, fmt::Display, time::Duration};

use http::HeaderMap;
use sir0_storage as storage;
use tonic::{Code, Status, metadata::MetadataMap};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::{FieldFault, rates::Exceeded, request_id};

/// The fact that names the broader reason which the reason of a refusal is a case of.
pub const KIND: &str = "kind";
/// The reason of a refusal because a client asked too often.
pub const TOO_MANY_REQUESTS: &str = "TOO_MANY_REQUESTS";

/// An error enum of a service: each variant is one thing a client can act on.
pub trait Refusal: Error + Sized + 'static {
    /// The service that refuses; `ErrorInfo.domain`.
    const DOMAIN: &'static str;

    /// The code and the word of this error.
    fn reason(&self) -> Reason;
}

/// The machine-readable half of a refusal: a gRPC code and an `ErrorInfo` (AIP-193).
#[derive(Debug)]
pub struct Reason {
    code: Code,
    name: &'static str,
    facts: HashMap<String, String>,
    fields: Vec<FieldFault>,
    retry_after: Option<Duration>,
    exceeded: Option<Exceeded>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $kind(name: &'static str) -> Self {
            Self::new(Code::$code, name)
        }
    )*};
}

impl Reason {
    kinds! {
        /// The request is wrong, whatever the state of the data.
        invalid = InvalidArgument;
        /// Beyond what there is, such as a position from the future.
        out_of_range = OutOfRange;
        /// There is no such thing.
        not_found = NotFound;
        /// There is such a thing already.
        exists = AlreadyExists;
        /// Another change was faster: read again, then try again.
        aborted = Aborted;
        /// The thing is not in the state that the request asks for.
        precondition = FailedPrecondition;
        /// The caller is not signed in, or not any more.
        unauthenticated = Unauthenticated;
        /// The signed-in caller may not do this.
        denied = PermissionDenied;
        /// Too much at once: try again after a while.
        exhausted = ResourceExhausted;
    }

    /// A dependency does not answer. Logged, as it is our fault; trying again may help.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(Code::Unavailable, "UNAVAILABLE").after(Duration::from_secs(1))
    }

    /// The database of a service failed.
    #[must_use]
    pub fn of_storage(error: &storage::Error) -> Self {
        match error {
            // The key of a call is another call's, which says so.
            storage::Error::Repeated(_) => Self::aborted("STILL_RUNNING"),
            error if error.is_passing() => Self::unavailable(),
            _ => Self::internal(),
        }
    }

    /// A fault of ours. Logged; the client learns only the request id.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(Code::Internal, "INTERNAL_ERROR")
    }

    fn new(code: Code, name: &'static str) -> Self {
        Self {
            code,
            name,
            facts: HashMap::new(),
            fields: Vec::new(),
            retry_after: None,
            exceeded: None,
        }
    }

    /// Adds a fact that the message mentions, for programs.
    #[must_use]
    pub fn about(mut self, what: &str, which: impl Display) -> Self {
        self.facts.insert(what.to_owned(), which.to_string());
        self
    }

    /// Says that this is a case of a broader reason, which a client knows that does not know this one. Over REST `error` is in
    /// the words of that reason.
    #[must_use]
    pub fn kind(self, broader: &'static str) -> Self {
        self.about(KIND, broader)
    }

    /// Names the bad fields.
    #[must_use]
    pub fn naming(mut self, fields: &[FieldFault]) -> Self {
        self.fields.extend_from_slice(fields);
        self
    }

    /// The client did something too often. Says when it may again, and how often in all.
    #[must_use]
    pub fn too_often(exceeded: Exceeded) -> Self {
        let exhausted = Self::exhausted(TOO_MANY_REQUESTS).after(exceeded.wait());
        Self { exceeded: Some(exceeded), ..exhausted }
    }

    /// Says when trying again makes sense.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

/// Turns any refusal into the status a client sees. A fault of ours is logged here, once, with its causes and the
/// request id; the client gets the id and nothing about our insides.
pub fn refuse<R: Refusal>(refusal: &R) -> Status {
    let Reason { code, name, facts, fields, retry_after, exceeded } = refusal.reason();
    let mut details = ErrorDetails::with_error_info(name, R::DOMAIN, facts);
    if !fields.is_empty() {
        let violations =
            fields.into_iter().map(|fault| FieldViolation::new(fault.field, fault.description));
        details.set_bad_request(violations.collect::<Vec<_>>());
    }
    if let Some(wait) = retry_after {
        details.set_retry_info(Some(wait));
    }

    let message = match code {
        Code::Internal | Code::Unavailable => {
            let request = request_id::current();
            details.set_request_info(request.as_str(), "");
            let error = refusal as &dyn Error;
            // Two places, so that the many lines of an outage do not hide the few of a fault.
            if code == Code::Unavailable {
                tracing::error!(error, %request, domain = R::DOMAIN, "a call failed");
                format!("not available at the moment, try again (request {request})")
            } else {
                tracing::error!(error, %request, domain = R::DOMAIN, "a call failed");
                format!("something went wrong on our side (request {request})")
            }
        }
        _ => refusal.to_string(),
    };
    let mut headers = HeaderMap::new();
    if let Some(exceeded) = exceeded {
        exceeded.tell(&mut headers);
    }
    let metadata = MetadataMap::from_headers(headers);
    Status::with_error_details_and_metadata(code, message, details, metadata)
}

/// Lets `?` in a doorway turn a service's error into a status.
#[macro_export]
macro_rules! refuses {
    ($error:ty) => {
        impl From<$error> for $crate::Status {
            fn from(refusal: $error) -> Self {
                $crate::refuse(&refusal)
            }
        }
    };
}
