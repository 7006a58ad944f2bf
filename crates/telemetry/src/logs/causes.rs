//! An error with its causes, as one line tells it.

use std::error::Error;

/// `what failed: why: and why that`.
pub(super) fn told(error: &(dyn Error + 'static)) -> String {
    let mut story = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        story.push_str(": ");
        story.push_str(&why.to_string());
        cause = why.source();
    }
    story
}
