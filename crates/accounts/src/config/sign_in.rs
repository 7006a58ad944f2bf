//! How many wrong passwords in a row an account takes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::InvalidConfig;
use crate::domain::LaneRules;

/// How many wrong passwords in a row an account takes, from a device that is known, and from everywhere else.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignIn {
    /// So many in a row shut the account for where they came from.
    pub most_failures: u32,
    /// How long it is shut. A sign-in from a trusted device and an operator open it earlier.
    #[serde(with = "humantime_serde")]
    pub shut_for: Duration,
    /// How many passwords, codes and one-time tokens a minute an address may try. 0 for no limit.
    pub attempts_per_address: u32,
    /// How many are tried at an account a minute.
    pub attempts_per_account: u32,
    /// How many a trusted device may try a minute.
    pub attempts_per_device: u32,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            most_failures: 100,
            shut_for: Duration::from_hours(1),
            attempts_per_address: 300,
            attempts_per_account: 60,
            attempts_per_device: 30,
        }
    }
}

impl SignIn {
    /// Fewer would lock people out who mistype; more are refused by NIST SP 800-63B.
    const FAILURES: std::ops::RangeInclusive<u32> = 10..=100;
    const SHORTEST: Duration = Duration::from_mins(1);
    const LONGEST: Duration = Duration::from_hours(30 * 24);

    pub(super) fn check(&self) -> Result<(), InvalidConfig> {
        if !Self::FAILURES.contains(&self.most_failures) {
            let problem = "must be between 10 and 100";
            return Err(InvalidConfig { key: "sign_in.most_failures", problem });
        }
        if !(Self::SHORTEST..=Self::LONGEST).contains(&self.shut_for) {
            let problem = "must be between 1 minute and 30 days, such as `1h`";
            return Err(InvalidConfig { key: "sign_in.shut_for", problem });
        }
        Ok(())
    }

    pub(crate) const fn rules(&self) -> LaneRules {
        LaneRules { most_failures: self.most_failures, shut_for: self.shut_for }
    }
}
