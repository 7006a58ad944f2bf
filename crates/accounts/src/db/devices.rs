//! Devices that an account trusts. Compiled once for each engine.

use std::net::IpAddr;

use sir0_kernel::{DeviceId, Timestamp, UserId};
use sir0_storage as storage;

use super::engine::{self, At, Database};
use crate::{
    db::{Store, Tx},
    domain::{DeviceName, Email, TrustedDevice},
};

storage::row! {
    /// A device that an account trusts.
    DeviceRow of engine, device_columns!() {
        device_id: String,
        name: Option<String>,
        address: Option<String>,
        created_at: At,
        seen_at: At,
        expires_at: At,
    }
}

fn device_from(row: DeviceRow) -> storage::Result<TrustedDevice> {
    Ok(TrustedDevice {
        id: DeviceId::parse(&row.device_id).map_err(storage::Error::corrupt)?,
        name: row.name.map(DeviceName::from_row),
        address: row.address.as_deref().and_then(|address| address.parse().ok()),
        created: row.created_at.0,
        seen: row.seen_at.0,
        expires: row.expires_at.0,
    })
}

pub(crate) const DEVICES_OF_USER: &str = concat!(
    "
    SELECT ",
    device_columns!(),
    "
      FROM trusted_devices
     WHERE user_id = $1 AND expires_at > $2
  ORDER BY device_id DESC"
);

pub(crate) const KNOWN_DEVICE: &str = "
    SELECT device_id
      FROM trusted_devices
     WHERE token_hash = $1 AND expires_at > $2
       AND user_id = (SELECT user_id FROM users WHERE email_key = $3)";

pub(crate) const ADD_DEVICE: &str = "
    INSERT INTO trusted_devices (device_id, user_id, token_hash, name, address, created_at, seen_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";

pub(crate) const KEEP_DEVICES: &str = "
    DELETE FROM trusted_devices
     WHERE user_id = $1
       AND device_id NOT IN (SELECT device_id FROM trusted_devices
                              WHERE user_id = $1 ORDER BY device_id DESC LIMIT $2)";

pub(crate) const USE_DEVICE: &str = "
    UPDATE trusted_devices
       SET seen_at = $1, address = COALESCE($2, address)
     WHERE device_id = $3 AND user_id = $4 AND expires_at > $1
 RETURNING device_id";

pub(crate) const FORGET_DEVICE: &str = "
    DELETE FROM trusted_devices
     WHERE device_id = $1 AND user_id = $2
 RETURNING device_id";

pub(crate) const FORGET_DEVICES_OF_USER: &str = "
    DELETE FROM trusted_devices
     WHERE user_id = $1
 RETURNING device_id";

pub(crate) const FORGET_OLD_DEVICES: &str = "
    DELETE FROM trusted_devices
     WHERE expires_at <= $1";

impl Store<Database> {
    /// The devices that an account trusts, the newest first.
    pub(crate) async fn devices_of(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> storage::Result<Vec<TrustedDevice>> {
        let query = sqlx::query_as(DEVICES_OF_USER).bind(i64::from(user)).bind(At(now));
        let rows: Vec<DeviceRow> = query.fetch_all(self.database.reader()).await?;
        rows.into_iter().map(device_from).collect()
    }

    /// The device with this token, if the account of this e-mail trusts it.
    pub(crate) async fn known_device(
        &self,
        hash: &[u8],
        email: &Email,
        now: Timestamp,
    ) -> storage::Result<Option<DeviceId>> {
        let query = sqlx::query_scalar(KNOWN_DEVICE).bind(hash).bind(At(now)).bind(email.key());
        let id: Option<String> = query.fetch_optional(self.database.reader()).await?;
        id.map(|id| DeviceId::parse(&id).map_err(storage::Error::corrupt)).transpose()
    }
}

impl Tx<engine::Tx> {
    /// Trusts a device, in the place of the oldest one if there are too many.
    pub(crate) async fn add_device(
        &mut self,
        user: UserId,
        device: &TrustedDevice,
        hash: &[u8],
    ) -> storage::Result<()> {
        sqlx::query(ADD_DEVICE)
            .bind(device.id.to_string())
            .bind(i64::from(user))
            .bind(hash)
            .bind(device.name.as_ref().map(DeviceName::as_str))
            .bind(device.address.map(|address| address.to_string()))
            .bind(At(device.created))
            .bind(At(device.expires))
            .execute(&mut *self.tx)
            .await?;
        let query = sqlx::query(KEEP_DEVICES).bind(i64::from(user)).bind(TrustedDevice::MOST);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Notes that a trusted device signs in. `false` when it is trusted no more.
    pub(crate) async fn use_device(
        &mut self,
        id: DeviceId,
        user: UserId,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> storage::Result<bool> {
        let address = address.map(|address| address.to_string());
        let query = sqlx::query(USE_DEVICE).bind(At(now)).bind(address).bind(id.to_string());
        let query = query.bind(i64::from(user));
        Ok(query.fetch_optional(&mut *self.tx).await?.is_some())
    }

    /// Trusts a device no more. `false` when it was not trusted.
    pub(crate) async fn forget_device(
        &mut self,
        id: DeviceId,
        user: UserId,
    ) -> storage::Result<bool> {
        let query = sqlx::query(FORGET_DEVICE).bind(id.to_string()).bind(i64::from(user));
        Ok(query.fetch_optional(&mut *self.tx).await?.is_some())
    }

    /// Trusts no device of an account any more, and answers how many there were.
    pub(crate) async fn forget_devices_of(&mut self, user: UserId) -> storage::Result<usize> {
        let query = sqlx::query(FORGET_DEVICES_OF_USER).bind(i64::from(user));
        Ok(query.fetch_all(&mut *self.tx).await?.len())
    }

    /// Forgets devices whose time is over.
    pub(crate) async fn forget_old_devices(&mut self, now: Timestamp) -> storage::Result<()> {
        sqlx::query(FORGET_OLD_DEVICES).bind(At(now)).execute(&mut *self.tx).await?;
        Ok(())
    }
}
