//! The acts of people who are signed in, one line each: who did what to what, in which request.

#[doc(hidden)]
pub use sir0_telemetry::logs::{ACTS, REFUSED, TRUSTED_ACTS};

/// Logs that a person did something: `acted!(role, { user.id = %id }, "user {id} signed in")`. The request is added.
///
/// Each act of a person with a role from an operator is written. Acts of players are written as far as the log's budget
/// reaches, and counted beyond it, because everyone can become a player.
#[macro_export]
macro_rules! acted {
    ($role:expr, { $($fields:tt)* }, $($message:tt)+) => {
        if $role > $crate::acts::Role::Player {
            $crate::acted!(@ $crate::acts::TRUSTED_ACTS, { $($fields)* }, $($message)+)
        } else {
            $crate::acted!(@ $crate::acts::ACTS, { $($fields)* }, $($message)+)
        }
    };
    (@ $target:expr, { $($fields:tt)* }, $($message:tt)+) => {
        $crate::acts::info!(
            target: $target,
            { request = %$crate::request_id::current(), $($fields)* },
            $($message)+
        )
    };
}

#[doc(hidden)]
pub use sir0_kernel::Role;
#[doc(hidden)]
pub use tracing::info;
