//! What a process says to a call of the contract that another process of the platform serves.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// How long a caller should wait.
pub(crate) const AGAIN: Duration = Duration::from_secs(1);

/// The message to the caller.
pub(crate) const MESSAGE: &str = "another process of this platform answers this, try again";

/// The answer over gRPC. A proxy that asked the wrong process, as when an address changed hands, then asks another one.
/// It would pass on `UNIMPLEMENTED` as the truth. The answer is no fault of this process, so it is counted and not
/// logged.
pub(crate) fn status() -> Status {
    let mut details = ErrorDetails::with_error_info("UNAVAILABLE", "platform", HashMap::new());
    details.set_retry_info(Some(AGAIN));
    Status::with_error_details(Code::Unavailable, MESSAGE, details)
}
