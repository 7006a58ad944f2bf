//! A sign-in whose password was right, and that waits for a code; and the devices that need none.

use std::{net::IpAddr, time::Duration};

use sir0_kernel::{DeviceId, Timestamp};

use super::{Code, DeviceName, secret::shown_secret};

shown_secret! {
    /// Shows a sign-in that waits for a code.
    ChallengeToken, "challenge_"
}

shown_secret! {
    /// Shows a device that an account trusts.
    DeviceToken, "trusted_"
}

impl ChallengeToken {
    /// How long a sign-in waits for its code (OWASP ASVS 5, 6.5.5).
    pub(crate) const LIFE: Duration = Duration::from_mins(10);
    /// How many codes may be tried.
    pub(crate) const MOST_CODES: i64 = 5;
}

/// A sign-in that has to go on with a code.
#[derive(Clone, Debug)]
pub struct Challenged {
    pub(crate) token: ChallengeToken,
    pub(crate) expires: Timestamp,
    /// Whether a recovery code would do.
    pub(crate) has_recovery_codes: bool,
}

/// What a sign-in shows beside the password.
#[derive(Clone, Default)]
pub(crate) struct Beside {
    pub(crate) code: Option<Code>,
    pub(crate) device: Option<DeviceToken>,
    /// Whether the device is to be trusted from then on.
    pub(crate) trusts: bool,
}

/// A device that an account trusts, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrustedDevice {
    pub(crate) id: DeviceId,
    pub(crate) name: Option<DeviceName>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) created: Timestamp,
    pub(crate) seen: Timestamp,
    pub(crate) expires: Timestamp,
}

impl TrustedDevice {
    /// How long a device is trusted.
    pub(crate) const LIFE: Duration = Duration::from_hours(90 * 24);
    /// How many devices an account trusts. Another one takes the place of the oldest.
    pub(crate) const MOST: i64 = 50;

    /// A device that is trusted from now on.
    pub(crate) fn new(name: Option<DeviceName>, address: Option<IpAddr>, now: Timestamp) -> Self {
        let (id, expires) = (DeviceId::fresh(now), now.after(Self::LIFE));
        Self { id, name, address, created: now, seen: now, expires }
    }
}
