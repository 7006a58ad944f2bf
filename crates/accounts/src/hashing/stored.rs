//! A hash as the database keeps it, in PHC form, so that it says by itself how it was made.

use std::fmt;

use scrypt::phc::{ALG_ID, Output, PasswordHash};

use super::cost::Cost;
use crate::domain::Password;

/// A hash, and all that it takes to compute it again.
#[derive(Clone, Copy)]
pub(super) struct Stored {
    pub(super) cost: Cost,
    pub(super) salt: Salt,
    /// Compares in constant time.
    pub(super) output: Output,
}

/// Makes equal passwords hash differently.
#[derive(Clone, Copy)]
pub(super) struct Salt(scrypt::phc::Salt);

impl Stored {
    /// Ours have 99 bytes; salts and hashes of other programs are a little longer.
    const MAX_BYTES: usize = 256;
    const OUTPUT_BYTES: usize = 32;

    /// Reads a PHC string of scrypt, unless it asks for more than [`Cost`] allows.
    pub(super) fn parse(phc: &str) -> Option<Self> {
        if phc.len() > Self::MAX_BYTES {
            return None;
        }
        let hash = PasswordHash::new(phc).ok()?;
        if hash.algorithm != ALG_ID || hash.version.is_some() {
            return None;
        }
        let read = |name| hash.params.get_decimal(name);
        let cost = Cost::new(read("ln")?, read("r")?, read("p")?)?;
        // Exactly these parameters, in this order. A parameter that is ignored could change what the hash means.
        if hash.params.as_str() != cost.to_phc() {
            return None;
        }
        let output = hash.hash.filter(|output| output.len() == Self::OUTPUT_BYTES)?;
        Some(Self { cost, salt: Salt(hash.salt?), output })
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${ALG_ID}${}${}${}", self.cost.to_phc(), self.salt.0, self.output)
    }
}

impl Salt {
    const BYTES: usize = 16;

    pub(super) fn fresh() -> Self {
        let mut bytes = [0; Self::BYTES];
        aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random numbers");
        Self(scrypt::phc::Salt::new(&bytes).expect("16 bytes are within the bounds of a salt"))
    }
}

/// Hides the salt, because a salt beside its hash helps a guesser.
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// The slow part.
pub(super) fn compute(password: &Password, cost: Cost, salt: Salt) -> Output {
    let mut output = [0; Stored::OUTPUT_BYTES];
    scrypt::scrypt(password.as_bytes(), &salt.0, &cost.params(), &mut output)
        .expect("32 bytes are within the bounds of an output");
    Output::new(&output).expect("32 bytes are within the bounds of a hash")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str =
        "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E";

    #[test]
    fn a_hash_reads_back_what_it_wrote() {
        let stored = Stored::parse(OURS).expect("a hash");

        assert_eq!(stored.to_string(), OURS);
    }

    #[test]
    fn a_hash_that_asks_for_too_much_or_is_none_of_ours_is_refused() {
        let with = |params: &str| OURS.replace("ln=16,r=8,p=1", params);
        let hash = OURS.rsplit_once('$').expect("fields").1;
        for phc in [
            with("ln=40,r=8,p=1"),
            with("ln=63,r=8,p=1"),
            with("ln=255,r=8,p=1"),
            with("ln=256,r=8,p=1"),
            with("ln=16,r=4294967295,p=4294967295"),
            with("ln=16,r=8,p=4294967295"),
            with("ln=16,r=99999999999999999999,p=1"),
            with("ln=16,r=8"),
            with("ln=16,r=8,p=1,x=1"),
            with("r=8,ln=16,p=1"),
            with("ln=016,r=8,p=1"),
            with("ln=-16,r=8,p=1"),
            with("v=1$ln=16,r=8,p=1"),
            with(""),
            OURS.replace("scrypt", "argon2id"),
            OURS.replace(hash, "AAAAAAAAAAAAAAAA"),
            OURS.replace(hash, ""),
            OURS.replace(hash, &"A".repeat(10_000)),
            OURS.replace("aM15713r3Xsvxbi31lqr1Q", "short"),
            format!("{OURS}$more"),
            OURS[..40].to_owned(),
            "password".to_owned(),
            "$".repeat(200),
            String::new(),
        ] {
            assert!(Stored::parse(&phc).is_none(), "{phc}");
        }
    }
}
