//! What has to come before a request: each variable that it names is fed by an answer before it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    operation::{self, Operation},
    request::{Request, UNIQUE},
};

/// Requests in an order in which each finds what it needs.
pub(super) struct Plan<'o> {
    operations: &'o [Operation<'o>],
    known: BTreeSet<String>,
    /// What was looked for.
    asked: BTreeSet<String>,
    items: Vec<Value>,
    /// What was called only because another request needs it.
    before: Vec<&'o Operation<'o>>,
}

impl<'o> Plan<'o> {
    pub(super) fn of(operations: &'o [Operation<'o>]) -> Self {
        let (known, asked) = (BTreeSet::new(), BTreeSet::new());
        Self { operations, known, asked, items: Vec::new(), before: Vec::new() }
    }

    /// Adds a request, and before it what it needs.
    pub(super) fn add(&mut self, request: &Request<'o>) {
        for name in request.needs() {
            self.ensure(&name);
        }
        self.items.push(request.item());
        self.known.extend(yields(request.operation));
    }

    /// Adds what is called before a request that names this variable. A variable that no answer feeds is for the person who
    /// runs the collection to set.
    pub(super) fn ensure(&mut self, name: &str) {
        if self.known.contains(name) {
            return;
        }
        let sign_in = operation::sign_in(self.operations);
        if let Some(sign_in) = sign_in
            && sign_in.yields().iter().any(|it| operation::of(operation::ADMIN, it) == name)
        {
            self.items.push(Request::of_admin(sign_in, self.operations).item());
            self.known
                .extend(sign_in.yields().iter().map(|it| operation::of(operation::ADMIN, it)));
            return;
        }
        let unique = || self.operations.iter().find(|it| it.makes_unique());
        let maker = if name == UNIQUE { unique() } else { operation::maker(self.operations, name) };
        if let Some(maker) = maker {
            // Two calls that wait for each other are each left to the person.
            if self.asked.insert(name.to_owned()) {
                self.before.push(maker);
                self.add(&Request::of(maker, self.operations));
            }
            return;
        }
        let all = self.operations.iter().flat_map(yields).collect::<BTreeSet<_>>();
        if let Some(one) = all.iter().find(|it| operation::of(operation::ANOTHER, it) == name) {
            for _ in 0..2 {
                let mut fresh = Plan::of(self.operations);
                fresh.ensure(one);
                self.items.append(&mut fresh.items);
                self.before.append(&mut fresh.before);
                self.known
                    .extend(fresh.known.iter().map(|it| operation::of(operation::ANOTHER, it)));
                self.known.append(&mut fresh.known);
            }
        }
    }

    /// Ends what was made because something of this group needed it, the latest first. What the group ends itself is over.
    pub(super) fn end_what_was_made_for(&mut self, group: &str) {
        let mut ended = BTreeSet::new();
        for maker in std::mem::take(&mut self.before).into_iter().rev() {
            for name in maker.yields() {
                let end = self.operations.iter().find(|it| it.ends(name));
                if let Some(end) =
                    end.filter(|end| end.group() != group && ended.insert(end.name()))
                {
                    self.add(&Request::of(end, self.operations));
                }
            }
        }
        self.end_sessions();
    }

    /// Ends the sessions of those who signed in beside the person of the run.
    fn end_sessions(&mut self) {
        let Some(sign_in) = operation::sign_in(self.operations) else { return };
        for whose in [operation::ADMIN, operation::ANOTHER] {
            for name in sign_in.yields() {
                let end = self.operations.iter().find(|it| it.ends(name));
                if let Some(end) = end
                    && self.known.remove(&operation::of(whose, name))
                {
                    self.items.push(Request::ending_for(end, whose, name, self.operations).item());
                }
            }
        }
    }

    /// Makes what this call ended once more, when a later request needs it.
    pub(super) fn forget_what_is_ended_by(&mut self, operation: &Operation<'_>) {
        self.known.retain(|name| !operation.ends(name));
        self.asked.retain(|name| !operation.ends(name));
    }

    /// The requests that were added since they were taken last.
    pub(super) fn take_items(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.items)
    }

    pub(super) fn into_items(self) -> Vec<Value> {
        self.items
    }
}

/// The variables that the answer of a call, or its own script, sets.
fn yields(operation: &Operation<'_>) -> impl Iterator<Item = String> {
    let names = operation.yields().into_iter().map(str::to_owned).collect::<Vec<_>>();
    names.into_iter().chain(operation.makes_unique().then(|| UNIQUE.to_owned()))
}
