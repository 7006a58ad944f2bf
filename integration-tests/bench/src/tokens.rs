//! What it takes a service to tell who holds an access token: one that it sees for the first time, and one that it knows.
//!
//! Verification takes no call, so it is measured within this process, as a service does it within its own.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use sir0_kernel::{Clock, Role, SessionId, SystemClock, UserId};
use sir0_tokens::{AccessToken, KeySet, Mint, SignIn, SigningKey, Verifier};

/// How many tokens are verified, each for the first time and once more.
pub(crate) const TOKENS: usize = 2_000;
const NAME: &str = "sir0";
const HOUR: Duration = Duration::from_hours(1);

/// How long each verification took, in microseconds.
pub(crate) struct Tokens {
    pub(crate) new_us: Vec<f64>,
    pub(crate) known_us: Vec<f64>,
}

/// Verifies tokens of as many sessions, one after the other.
pub(crate) fn measure() -> Result<Tokens> {
    println!("measuring {TOKENS} tokens");
    let (key, now) = (SigningKey::generate()?, SystemClock.now());
    // A service has what the key set says on the wire.
    let keys = KeySet::parse(&key.jwks()).context("our own key set")?;
    let verifier = Verifier::new(keys, NAME, NAME);
    let mint = Mint::new(key, NAME.to_owned(), NAME.to_owned());
    let user = UserId::parse(7).context("an id")?;
    let mut times = Tokens { new_us: Vec::new(), known_us: Vec::new() };
    for _ in 0..TOKENS {
        let sign_in = SignIn::by_password(user, Role::Player, SessionId::fresh(now), now);
        let AccessToken { token, .. } = mint.mint(&sign_in, now, now.after(HOUR));
        for times in [&mut times.new_us, &mut times.known_us] {
            let started = Instant::now();
            black_box(verifier.verify(black_box(&token), now))?;
            times.push(started.elapsed().as_secs_f64() * 1_000_000.0);
        }
    }
    Ok(times)
}
