//! What follows the bytes of an answer. Nearly always it is one header, which is made when it is sent.

use http::{HeaderMap, HeaderValue};
use tonic::Code;

use crate::call_metrics::{GRPC_STATUS, code_in};

/// What is sent behind the bytes.
pub(super) enum Trailers {
    Nothing,
    /// The call went well, and nothing more is said.
    Ok,
    These(Box<HeaderMap>),
}

impl From<Option<HeaderMap>> for Trailers {
    fn from(trailers: Option<HeaderMap>) -> Self {
        trailers.map_or(Self::Nothing, |it| Self::These(Box::new(it)))
    }
}

impl Trailers {
    pub(super) const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    pub(super) fn code(&self) -> Option<Code> {
        match self {
            Self::Nothing => None,
            Self::Ok => Some(Code::Ok),
            Self::These(headers) => code_in(headers),
        }
    }

    pub(super) fn take(&mut self) -> Option<HeaderMap> {
        match std::mem::replace(self, Self::Nothing) {
            Self::Nothing => None,
            Self::Ok => Some(HeaderMap::from_iter([(GRPC_STATUS, HeaderValue::from_static("0"))])),
            Self::These(headers) => Some(*headers),
        }
    }
}
