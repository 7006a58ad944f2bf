//! Why there is no Redis, and why it does not answer.

use std::{io, path::PathBuf, time::Duration};

use redis::RedisError;

/// A setting with which no Redis can be found. None of them repeats a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody said where it is.
    #[error("no Redis is configured, say for instance `redis://localhost:6379`")]
    NoUrl,
    /// No address looks like this one.
    #[error("the Redis URL cannot be read, say for instance `redis://localhost:6379`")]
    UnreadableUrl(#[source] RedisError),
    /// The connection would not be what the URL asks for.
    #[error("Redis over TLS is not supported, say `redis://` and keep it on a private network")]
    Tls,
    /// The password is not where it should be.
    #[error("the Redis password cannot be read from {}", path.display())]
    PasswordFile {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing but white space.
    #[error("the Redis password file {} is empty", path.display())]
    EmptyPasswordFile {
        /// Where it was looked for.
        path: PathBuf,
    },
}

/// Why Redis does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection, or not any more.
    #[error("Redis cannot be reached")]
    Unreachable(#[source] RedisError),
    /// There, and willing to talk, but not to us.
    #[error("Redis refuses, check the password and what its user may do")]
    Refused(#[source] RedisError),
    /// Nothing was heard in time.
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
