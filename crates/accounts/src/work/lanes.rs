//! Failures in a row: counted before a password is judged, and forgotten when it was right.

use std::{error::Error, time::Duration};

use sir0_kernel::{Client, Timestamp, UserId};
use sir0_storage as storage;

use super::{
    Accounts,
    audit::{happened, record},
};
use crate::{
    AccountsError,
    db::AccountsDb,
    domain::{Email, Kind, Lane, LaneNames, LaneRules, Place, Toll},
};

/// How long a count is kept that nothing is added to.
const KEPT: Duration = Duration::from_hours(30 * 24);
/// How many lanes have a count, of all accounts together. A row is some 150 bytes.
const MOST_LANES: i64 = 100_000;
/// How many are forgotten in one unit of work: others wait for it on SQLite.
const BATCH: i64 = 1_000;
/// The wait that is told when a lane opened between two looks at it.
const A_MOMENT: Duration = Duration::from_secs(1);

/// Names lanes, and knows how many failures close them.
#[derive(Debug)]
pub(crate) struct Lanes {
    names: LaneNames,
    rules: LaneRules,
}

/// A lane that was charged for an attempt.
#[must_use]
pub(crate) struct Charged(Place);

/// An attempt has to wait for this long.
pub(crate) struct MustWait(pub(crate) Duration);

impl Lanes {
    pub(super) const fn new(names: LaneNames, rules: LaneRules) -> Self {
        Self { names, rules }
    }

    /// The name under which all failures at an account are counted.
    pub(super) fn account(&self, email: &Email) -> Vec<u8> {
        self.names.account(email)
    }

    fn place(&self, email: &Email, lane: &Lane, now: Timestamp) -> (Place, Toll) {
        (self.names.place(email, lane), self.rules.toll(lane, now))
    }
}

impl Accounts {
    /// The lane of someone at this address who shows no trusted device: the address's if it is known for the account, in
    /// this process or in any other.
    pub(crate) async fn lane_at(
        &self,
        email: &Email,
        client: Option<Client>,
        is_known: bool,
    ) -> storage::Result<Lane> {
        let Some(client) = client else { return Ok(Lane::Elsewhere) };
        let address = Lane::Address(client);
        let is_known =
            is_known || self.db.lane(&self.lanes.names.place(email, &address)).await?.is_some();
        Ok(if is_known { address } else { Lane::Elsewhere })
    }

    /// The place of an address, to note there that it is known.
    pub(crate) fn home(&self, email: &Email, client: Option<Client>) -> Option<Place> {
        client.map(|client| self.lanes.names.place(email, &Lane::Address(client)))
    }

    /// Counts an attempt at the account of this e-mail as a failure, unless it has to wait. Whether there is such an account
    /// makes no difference.
    pub(crate) async fn charge(
        &self,
        email: &Email,
        lane: &Lane,
    ) -> storage::Result<Result<Charged, MustWait>> {
        let (place, toll) = self.lanes.place(email, lane, self.shared.clock.now());
        // A look spares the writer those who come again and again. The statement decides.
        if let Some(wait) = wait(&self.db, &place, &toll).await? {
            return Ok(Err(MustWait(wait)));
        }
        let charged = self.db.unit(async |tx| tx.charge_lane(&place, &toll).await).await?;
        let Some(failures) = charged else {
            let wait = wait(&self.db, &place, &toll).await?;
            return Ok(Err(MustWait(wait.unwrap_or(A_MOMENT))));
        };
        if toll.is_shut_by(failures) {
            metrics::counter!("sir0_lanes_shut_total", "lane" => lane.kind()).increment(1);
        }
        Ok(Ok(Charged(place)))
    }

    /// Takes a charge back from an attempt that was not judged.
    pub(crate) async fn take_back(&self, Charged(place): Charged) {
        if let Err(error) = self.db.unit(async |tx| tx.take_back(&place).await).await {
            // It counts as a failure, which a success forgets.
            let error = &error as &dyn Error;
            tracing::warn!(
                error,
                "an attempt to sign in that was not judged could not be taken back"
            );
        }
    }

    /// Forgets counts that are old, and those beyond the bound.
    pub(super) async fn forget_lanes(&self, now: Timestamp) -> storage::Result<()> {
        let since = now.before(KEPT);
        while self.db.unit(async |tx| tx.forget_lanes(since, BATCH).await).await? > 0 {}
        while self.db.how_many_lanes().await? > MOST_LANES {
            self.db.unit(async |tx| tx.forget_least_lanes(MOST_LANES, BATCH).await).await?;
        }
        Ok(())
    }
}

impl Charged {
    pub(crate) const fn place(&self) -> &Place {
        &self.0
    }
}

/// Forgets every failure at an account, as an operator, and answers whether there were any.
pub(crate) async fn open_lanes(
    db: &AccountsDb,
    id: UserId,
    at: Timestamp,
) -> Result<bool, AccountsError> {
    let names = LaneNames::under(&db.database().sealing_key().await?);
    let opening = db.unit(async |tx| {
        let user = tx.user(id).await?.ok_or(AccountsError::UserNotFound(id))?;
        let had_failures = tx.open_all_lanes(&names.account(&user.email)).await? > 0;
        if had_failures {
            record(tx, happened(Kind::FAILURES_FORGOTTEN, at).about(id)).await?;
        }
        Ok::<_, AccountsError>(had_failures)
    });
    opening.await
}

/// How long an attempt has to wait, by what the table says.
async fn wait(db: &AccountsDb, place: &Place, toll: &Toll) -> storage::Result<Option<Duration>> {
    Ok(db.lane(place).await?.and_then(|state| toll.wait(state)))
}
