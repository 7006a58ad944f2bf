//! Why there is no Redis, and why it does not answer.

use std::{io, path::PathBuf, time::Duration};

use redis::RedisError;

/// Why a Redis cannot be opened with these settings. No error repeats a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No URL is set.
    #[error("no Redis is configured, say for instance `redis://localhost:6379`")]
    NoUrl,
    /// The URL cannot be read.
    #[error("the Redis URL cannot be read, say for instance `redis://localhost:6379`")]
    UnreadableUrl(#[source] RedisError),
    /// The URL asks for TLS, which is not supported.
    #[error("Redis over TLS is not supported, say `redis://` and keep it on a private network")]
    Tls,
    /// The password file cannot be read.
    #[error("the Redis password cannot be read from {}", path.display())]
    PasswordFile {
        /// The path of the file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The password file holds nothing but white space.
    #[error("the Redis password file {} is empty", path.display())]
    EmptyPasswordFile {
        /// The path of the file.
        path: PathBuf,
    },
}

/// Why Redis does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection, or it broke.
    #[error("Redis cannot be reached")]
    Unreachable(#[source] RedisError),
    /// Redis answers, but refuses us.
    #[error("Redis refuses, check the password and what its user may do")]
    Refused(#[source] RedisError),
    /// Redis did not answer in time.
    #[error("Redis did not answer within {0:?}")]
    Silent(Duration),
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        if is_refusal(&error) { Self::Refused(error) } else { Self::Unreachable(error) }
    }
}

/// Whether Redis answered, and the answer was no.
pub(crate) fn is_refusal(error: &RedisError) -> bool {
    use redis::ErrorKind::{AuthenticationFailed, Extension, Server};
    matches!(error.kind(), AuthenticationFailed | Extension | Server(_))
}
