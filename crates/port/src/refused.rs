//! The refusals of strangers' requests: counted, and summed up in one line a second. A line for each would let
//! strangers write the log. A refusal has a line only at level `debug`, or in the access log.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Mutex, PoisonError},
};

use sir0_rpc::request_id::RequestId;
use sir0_telemetry::logs::SUMS;

use crate::outcome::Outcome;

/// How many kinds are named in one line.
const NAMED: usize = 6;
/// How many requests are named in one line.
const EXAMPLES: usize = 2;

/// What was refused since the last line about it.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<Tally>);

#[derive(Debug, Default)]
struct Tally {
    /// The counts by code and call. There are at most as many as there are of both.
    kinds: BTreeMap<(&'static str, &'static str), u64>,
    examples: Vec<RequestId>,
}

impl Refused {
    /// Counts a request that was refused.
    pub(crate) fn count(&self, outcome: Outcome, request: &RequestId) {
        let call = outcome.call.map_or("no call", |call| call.name);
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *tally.kinds.entry((outcome.name(), call)).or_default() += 1;
        if tally.examples.len() < EXAMPLES {
            tally.examples.push(request.clone());
        }
    }

    /// Says what was refused since the last time, if anything was.
    pub(crate) fn sum_up(&self) {
        let tally = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some((story, examples)) = tally.told() {
            tracing::info!(target: SUMS, { requests = examples }, "{story}");
        }
    }
}

impl Tally {
    /// The most frequent kinds first, and a few requests to look for.
    fn told(&self) -> Option<(String, String)> {
        let all: u64 = self.kinds.values().sum();
        if all == 0 {
            return None;
        }
        let mut kinds: Vec<_> = self.kinds.iter().map(|(kind, count)| (*count, *kind)).collect();
        kinds.sort_by(|(one, kind), (other, sort)| other.cmp(one).then(kind.cmp(sort)));
        let mut story = format!("refused {all}");
        let mut others = all;
        for (nth, (count, (code, call))) in kinds.into_iter().take(NAMED).enumerate() {
            let before = if nth == 0 { ": " } else { ", " };
            write!(story, "{before}{count} {call} {code}").expect("a string grows");
            others -= count;
        }
        if others > 0 {
            write!(story, ", {others} of other kinds").expect("a string grows");
        }
        let examples: Vec<_> = self.examples.iter().map(RequestId::as_str).collect();
        Some((story, examples.join(" ")))
    }
}

#[cfg(test)]
mod tests {
    use sir0_contract::calls;
    use tonic::Code;

    use super::*;

    #[test]
    fn what_was_refused_is_one_line_with_the_most_frequent_first() {
        let refused = Refused::default();
        let get = calls().find(|call| call.name == "GetGame");
        let request = RequestId::given("r1").expect("a plain name");
        for (count, call, code) in
            [(1, None, Code::Unimplemented), (3, get, Code::NotFound), (2, get, Code::Aborted)]
        {
            for _ in 0..count {
                refused.count(Outcome { call, code }, &request);
            }
        }

        let told = refused.0.lock().expect("no one panicked").told();

        let story = "refused 6: 3 GetGame NOT_FOUND, 2 GetGame ABORTED, 1 no call UNIMPLEMENTED";
        assert_eq!(told, Some((story.to_owned(), "r1 r1".to_owned())));
    }

    #[test]
    fn a_line_is_short_whatever_was_refused() {
        let refused = Refused::default();
        let longest = RequestId::given(&"r".repeat(64)).expect("a plain name");
        for call in calls() {
            for code in [Code::NotFound, Code::ResourceExhausted, Code::FailedPrecondition] {
                refused.count(Outcome { call: Some(call), code }, &longest);
            }
        }

        let told = refused.0.lock().expect("no one panicked").told();

        let (story, examples) = told.expect("there is something to tell");
        assert!(story.ends_with("of other kinds"), "{story}");
        assert!(story.len() + examples.len() < 450, "{} bytes", story.len() + examples.len());
    }

    #[test]
    fn where_nothing_was_refused_nothing_is_said() {
        assert_eq!(Tally::default().told(), None);
    }
}
