//! Failures in a row, by account and lane. Compiled once for each engine.

use sir0_kernel::Timestamp;
use sir0_storage as storage;

use super::engine::{self, At, Database};
use crate::{
    db::{Store, Tx},
    domain::{LaneState, Place, Toll},
};

/// When a lane opens that nothing delays. Not now: an attempt that began earlier and writes later would find it closed.
const ALWAYS_OPEN: Timestamp = Timestamp::from_micros(0);

pub(crate) const LANE: &str = "
    SELECT failures, open_at
      FROM lanes
     WHERE account_key = $1 AND lane_key = $2";

// One statement, so that of many attempts at the same time no two find the same count. A lane that was shut and is open
// again begins anew.
pub(crate) const CHARGE_LANE: &str = "
    INSERT INTO lanes (account_key, lane_key, failures, failed_at, open_at)
    VALUES ($1, $2, 1, $3, $15)
        ON CONFLICT (account_key, lane_key) DO UPDATE
       SET failures = CASE WHEN lanes.failures >= $5 THEN 1 ELSE lanes.failures + 1 END,
           failed_at = $3,
           open_at = CASE
               WHEN lanes.failures >= $5 THEN $15
               WHEN lanes.failures + 1 = $5 THEN $6
               WHEN lanes.failures + 1 < $7 THEN $15
               WHEN lanes.failures + 1 = $7 THEN $8
               WHEN lanes.failures = $7 THEN $9
               WHEN lanes.failures - 1 = $7 THEN $10
               WHEN lanes.failures - 2 = $7 THEN $11
               WHEN lanes.failures - 3 = $7 THEN $12
               WHEN lanes.failures - 4 = $7 THEN $13
               ELSE $14
           END
     WHERE lanes.open_at <= $3 OR lanes.open_at > $4
 RETURNING failures";

pub(crate) const TAKE_BACK: &str = "
    UPDATE lanes
       SET failures = failures - 1, open_at = $3
     WHERE account_key = $1 AND lane_key = $2 AND failures > 0";

pub(crate) const CLEAR_LANES: &str = "
    DELETE FROM lanes
     WHERE account_key = $1 AND lane_key IN ($2, $3)";

pub(crate) const KNOW_LANE: &str = "
    INSERT INTO lanes (account_key, lane_key, failures, failed_at, open_at)
    VALUES ($1, $2, 0, $3, $4)
        ON CONFLICT (account_key, lane_key) DO UPDATE
       SET failures = 0, failed_at = $3, open_at = $4";

pub(crate) const HOW_MANY_LANES: &str = "
    SELECT COUNT(*)
      FROM lanes";

pub(crate) const OPEN_ALL_LANES: &str = "
    UPDATE lanes
       SET failures = 0, open_at = $2
     WHERE account_key = $1 AND failures > 0";

pub(crate) const FORGET_LANES_OF_ACCOUNT: &str = "
    DELETE FROM lanes
     WHERE account_key = $1";

pub(crate) const FORGET_LANES: &str = "
    DELETE FROM lanes
     WHERE (account_key, lane_key) IN (
               SELECT account_key, lane_key
                 FROM lanes
                WHERE failed_at < $1
             ORDER BY failed_at
                LIMIT $2)";

// A known address or device is worth as much as fifty failures: strangers who try many e-mails push out each other first.
pub(crate) const FORGET_LEAST_LANES: &str = "
    DELETE FROM lanes
     WHERE (account_key, lane_key) IN (
               SELECT account_key, lane_key
                 FROM lanes
             ORDER BY CASE WHEN length(lane_key) > 0 AND failures < 50 THEN 50 ELSE failures END DESC, failed_at DESC
                LIMIT $2 OFFSET $1)";

impl Store<Database> {
    /// Reads the count of a lane. `None` if nothing failed there.
    pub(crate) async fn lane(&self, place: &Place) -> storage::Result<Option<LaneState>> {
        let query = sqlx::query_as(LANE).bind(&place.account).bind(&place.lane);
        let row: Option<(i64, At)> = query.fetch_optional(self.database.reader()).await?;
        Ok(row.map(|(failures, At(open_at))| LaneState { failures, open_at }))
    }

    /// How many lanes have a row.
    pub(crate) async fn how_many_lanes(&self) -> storage::Result<i64> {
        Ok(sqlx::query_scalar(HOW_MANY_LANES).fetch_one(self.database.reader()).await?)
    }
}

impl Tx<engine::Tx> {
    /// Counts an attempt as a failure before it is judged, and answers how many there are in a row with it. `None` when the
    /// lane takes no attempt now.
    pub(crate) async fn charge_lane(
        &mut self,
        place: &Place,
        toll: &Toll,
    ) -> storage::Result<Option<i64>> {
        let mut query = sqlx::query_scalar(CHARGE_LANE)
            .bind(&place.account)
            .bind(&place.lane)
            .bind(At(toll.now))
            .bind(At(toll.latest))
            .bind(toll.most)
            .bind(At(toll.shut_until))
            .bind(toll.free);
        for until in toll.delayed_until {
            query = query.bind(At(until));
        }
        let query = query.bind(At(ALWAYS_OPEN));
        Ok(query.fetch_optional(&mut *self.tx).await?)
    }

    /// Takes back what was charged for an attempt that was not judged.
    pub(crate) async fn take_back(&mut self, place: &Place) -> storage::Result<()> {
        let query = sqlx::query(TAKE_BACK).bind(&place.account).bind(&place.lane);
        let query = query.bind(At(ALWAYS_OPEN));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Forgets the failures of the lane in which an attempt succeeded, and those of strangers if it opens their lane.
    pub(crate) async fn clear_lanes(&mut self, place: &Place) -> storage::Result<()> {
        let also: &[u8] = if place.opens_elsewhere { &[] } else { &place.lane };
        let query = sqlx::query(CLEAR_LANES).bind(&place.account).bind(&place.lane).bind(also);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Notes that the account was signed in to or made from here. What failed here before is forgotten.
    pub(crate) async fn know_lane(&mut self, place: &Place, now: Timestamp) -> storage::Result<()> {
        let query = sqlx::query(KNOW_LANE).bind(&place.account).bind(&place.lane);
        let query = query.bind(At(now)).bind(At(ALWAYS_OPEN));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Forgets every failure at an account, and answers how many lanes had some. Addresses that were known stay known.
    pub(crate) async fn open_all_lanes(&mut self, account: &[u8]) -> storage::Result<u64> {
        let query = sqlx::query(OPEN_ALL_LANES).bind(account).bind(At(ALWAYS_OPEN));
        Ok(query.execute(&mut *self.tx).await?.rows_affected())
    }

    /// Forgets every failure at an account, and from which addresses it was signed in to.
    pub(crate) async fn forget_lanes_of(&mut self, account: &[u8]) -> storage::Result<()> {
        sqlx::query(FORGET_LANES_OF_ACCOUNT).bind(account).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Forgets lanes in which nothing failed since then, and so many at a time. Answers how many.
    pub(crate) async fn forget_lanes(
        &mut self,
        since: Timestamp,
        most: i64,
    ) -> storage::Result<u64> {
        let query = sqlx::query(FORGET_LANES).bind(At(since)).bind(most);
        Ok(query.execute(&mut *self.tx).await?.rows_affected())
    }

    /// Forgets lanes beyond those that are kept: the ones with the fewest failures, and so many at a time. Answers how
    /// many.
    pub(crate) async fn forget_least_lanes(
        &mut self,
        kept: i64,
        most: i64,
    ) -> storage::Result<u64> {
        let query = sqlx::query(FORGET_LEAST_LANES).bind(kept).bind(most);
        Ok(query.execute(&mut *self.tx).await?.rows_affected())
    }
}
