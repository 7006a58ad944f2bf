//! Limits of what checks a secret: by the address, by the account and by the device, as the contract says of the call.
//!
//! They stand in the work and not at a door, so that every way in counts.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sir0_kernel::{Client, UserId};
use sir0_redis::Redis;
use sir0_rpc::{
    rates::{Exceeded, Rate, SharedLimiter, Standing},
    request_id,
};
use sir0_transcoding::{Call, Limit};

use crate::{
    config::SignIn,
    domain::{Email, Lane, LaneNames},
};

/// Counts attempts at secrets.
#[derive(Debug)]
pub(crate) struct Guard {
    names: LaneNames,
    /// By [`Limit::Address`], [`Limit::Account`] and [`Limit::Device`]. `None` where a setting says that there is no limit.
    limiters: [Option<SharedLimiter>; 3],
}

/// Whose secret an attempt is at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At<'a> {
    /// The account with this e-mail, if there is one.
    Email(&'a Email),
    /// The account of someone who is signed in.
    User(UserId),
    /// No account that is known by now.
    NoOne,
}

impl Guard {
    pub(super) fn new(config: &SignIn, names: LaneNames, redis: Option<&Redis>) -> Self {
        let limiter = |policy, most| {
            let rate = Rate::a_minute(most)?;
            Some(SharedLimiter::new(policy, rate, redis.cloned()))
        };
        let limiters = [
            limiter("secrets-by-address", config.attempts_per_address),
            limiter("secrets-by-account", config.attempts_per_account),
            limiter("secrets-by-device", config.attempts_per_device),
        ];
        Self { names, limiters }
    }

    /// Counts an attempt by all that the contract names for the call, unless there were too many. Answers the tightest of the
    /// limits, if there is one. The operator's own machine has none.
    pub(crate) async fn pass(
        &self,
        call: &Call,
        at: At<'_>,
        lane: Option<&Lane>,
    ) -> Result<Option<Standing>, Exceeded> {
        let Some(client) = request_id::client().filter(|it| it.is_limited()) else {
            return Ok(None);
        };
        let mut tightest: Option<Standing> = None;
        for limit in call.limits {
            let place = match limit {
                Limit::Address => 0,
                Limit::Account => 1,
                Limit::Device => 2,
                Limit::Unspecified => continue,
            };
            if *limit == Limit::Account && lane.is_some() {
                // Strangers use up what an account takes. A device that it trusts has a count of its own.
                continue;
            }
            let name = self.name(*limit, client, at, lane);
            let (Some(limiter), Some(name)) = (&self.limiters[place], name) else { continue };
            let standing = limiter.take(&BASE64_URL_SAFE_NO_PAD.encode(name)).await?;
            tightest = Some(tightest.map_or(standing, |other| other.tighter(standing)));
        }
        Ok(tightest)
    }

    /// The name that an attempt is counted under: it tells nobody whose it is.
    fn name(
        &self,
        limit: Limit,
        client: Client,
        at: At<'_>,
        lane: Option<&Lane>,
    ) -> Option<Vec<u8>> {
        match (limit, at) {
            (Limit::Address, _) => Some(self.names.address(client)),
            (Limit::Account, At::Email(email)) => Some(self.names.account(email)),
            (Limit::Account, At::User(user)) => Some(self.names.user(user)),
            (Limit::Device, At::Email(email)) => match lane {
                Some(device @ Lane::Device(_)) => Some(self.names.place(email, device).lane),
                _ => None,
            },
            _ => None,
        }
    }
}
