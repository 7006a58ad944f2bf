//! Random bytes of which secrets are made.

use zeroize::Zeroizing;

/// So many bytes that no one guesses (RFC 4086).
pub(crate) fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    aws_lc_rs::rand::fill(&mut *bytes).expect("the system gives random numbers");
    bytes
}
