//! The devices that an account trusts.

use sir0_kernel::{DeviceId, UserId};
use sir0_rpc::{Caller, acted};
use sir0_storage::once::Answer;

use super::{
    Accounts,
    audit::{done_by, record},
};
use crate::{
    AccountsError,
    domain::{Kind, Login, TrustedDevice},
};

impl Accounts {
    /// The trusted device that a sign-in shows, if it is one of the account of this e-mail.
    pub(super) async fn device_of(&self, login: &Login) -> Result<Option<DeviceId>, AccountsError> {
        let Some(device) = &login.beside.device else { return Ok(None) };
        let now = self.shared.clock.now();
        Ok(self.db.known_device(&device.hash(), &login.email, now).await?)
    }

    /// The devices that an account trusts, the newest first.
    pub(crate) async fn devices(&self, user: UserId) -> Result<Vec<TrustedDevice>, AccountsError> {
        Ok(self.db.devices_of(user, self.shared.clock.now()).await?)
    }

    /// Trusts these devices of an account no more; none means all.
    pub(crate) async fn forget_devices<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        user: UserId,
        devices: Vec<DeviceId>,
        answer: impl Fn(usize) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        let forgetting = self.clone().save_forgotten(by, user, devices, answer);
        self.shared.tasks.to_completion(forgetting).await
    }

    async fn save_forgotten<A: Answer>(
        self,
        by: Caller,
        user: UserId,
        devices: Vec<DeviceId>,
        answer: impl Fn(usize) -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let forgetting = self.db.once(
            |count: &usize| answer(*count),
            async |tx| {
                let mut count = 0;
                if devices.is_empty() {
                    count = tx.forget_devices_of(user).await?;
                }
                for device in &devices {
                    count += usize::from(tx.forget_device(*device, user).await?);
                }
                if count > 0 {
                    let event = done_by(&by, Kind::DEVICES_FORGOTTEN, at).about(user);
                    record(tx, event.counting(count)).await?;
                }
                Ok::<_, AccountsError>(count)
            },
        );
        let (answer, count) = forgetting.await?;
        if count > 0 {
            acted!(
                by.role,
                { user.id = %by.user, account.id = %user },
                "{count} devices of user {user} are trusted no more"
            );
        }
        Ok(answer)
    }
}
