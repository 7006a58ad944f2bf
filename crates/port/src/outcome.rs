//! How a request ended, for the counts and the logs.

use http::{Response, StatusCode};
use sir0_transcoding::Call;
use tonic::Code;

/// How a request ended. A door leaves it in the answer where the answer alone does not tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// The call that the request became, if it became one.
    pub(crate) call: Option<&'static Call>,
    pub(crate) code: Code,
}

impl Outcome {
    /// Leaves the outcome in an answer that refuses. Other answers tell enough by themselves.
    pub(crate) fn leave<B>(self, response: &mut Response<B>) {
        if self.code != Code::Ok {
            response.extensions_mut().insert(self);
        }
    }

    /// The outcome that a door left, or else the meaning of the status.
    pub(crate) fn of<B>(response: &Response<B>) -> Self {
        match response.extensions().get() {
            Some(left) => *left,
            None => Self { call: None, code: code_of(response.status()) },
        }
    }

    /// Whether the request was refused. Faults of ours are logged where they happen.
    pub(crate) const fn is_refusal(self) -> bool {
        !matches!(
            self.code,
            Code::Ok | Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable
        )
    }

    /// Its code as the contract writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self.code {
            Code::Ok => "OK",
            Code::Cancelled => "CANCELLED",
            Code::Unknown => "UNKNOWN",
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Code::NotFound => "NOT_FOUND",
            Code::AlreadyExists => "ALREADY_EXISTS",
            Code::PermissionDenied => "PERMISSION_DENIED",
            Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Code::FailedPrecondition => "FAILED_PRECONDITION",
            Code::Aborted => "ABORTED",
            Code::OutOfRange => "OUT_OF_RANGE",
            Code::Unimplemented => "UNIMPLEMENTED",
            Code::Internal => "INTERNAL",
            Code::Unavailable => "UNAVAILABLE",
            Code::DataLoss => "DATA_LOSS",
            Code::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

/// The nearest code to a status that no call of ours gave.
fn code_of(status: StatusCode) -> Code {
    match status.as_u16() {
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 | 405 => Code::Unimplemented,
        408 => Code::DeadlineExceeded,
        413 | 429 | 431 => Code::ResourceExhausted,
        400..=499 => Code::InvalidArgument,
        503 => Code::Unavailable,
        500..=599 => Code::Internal,
        _ => Code::Ok,
    }
}
