//! The cost of one hash: enough to slow an attacker down, and bounded even when a hostile row asks for more.

/// Parameters of scrypt that can be computed without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    log_n: u8,
    r: u32,
    p: u32,
}

impl Cost {
    const MAX_LOG_N: u32 = 20;
    const MAX_R: u32 = 32;
    const MAX_P: u32 = 16;
    /// 1 GiB at 128 bytes a block.
    const MAX_BLOCKS: u64 = 1 << 23;
    /// Sixteen times what OWASP recommends: some seconds.
    const MAX_WORK: u64 = 1 << 24;

    /// A cost within bounds, however weak: an old hash may be checked although none like it is made today.
    pub(super) fn new(log_n: u32, r: u32, p: u32) -> Option<Self> {
        // One by one first, so that the products below cannot overflow.
        let sane = (1..=Self::MAX_LOG_N).contains(&log_n)
            && (1..=Self::MAX_R).contains(&r)
            && (1..=Self::MAX_P).contains(&p);
        if !sane {
            return None;
        }
        let blocks = (1_u64 << log_n) * u64::from(r);
        let bounded = blocks <= Self::MAX_BLOCKS && blocks * u64::from(p) <= Self::MAX_WORK;
        bounded.then(|| Self { log_n: u8::try_from(log_n).expect("at most 20"), r, p })
    }

    /// Whether OWASP (Password Storage Cheat Sheet) and ASVS 5 (appendix C) both accept it today.
    pub(super) const fn is_strong(self) -> bool {
        let least_log_n = match self.p {
            1 => 17,
            2 => 16,
            _ => 15,
        };
        self.r >= 8 && self.log_n >= least_log_n
    }

    /// The memory in bytes. `p` adds next to nothing: its rounds run one after the other in the same memory.
    pub(super) fn memory(self) -> u64 {
        128 * u64::from(self.r) * (1 << self.log_n)
    }

    pub(super) fn params(self) -> scrypt::Params {
        scrypt::Params::new(self.log_n, self.r, self.p).expect("far below the bounds of scrypt")
    }

    /// As a PHC string writes it.
    pub(super) fn to_phc(self) -> String {
        format!("ln={},r={},p={}", self.log_n, self.r, self.p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_strong(log_n: u32, r: u32, p: u32) -> bool {
        Cost::new(log_n, r, p).expect("within bounds").is_strong()
    }

    #[test]
    fn what_the_standards_accept_is_strong_and_nothing_below() {
        for (log_n, r, p) in [(17, 8, 1), (16, 8, 2), (15, 8, 3), (15, 8, 4), (18, 8, 1)] {
            assert!(is_strong(log_n, r, p), "{log_n} {r} {p}");
        }
        for (log_n, r, p) in
            [(16, 8, 1), (15, 8, 2), (14, 8, 5), (13, 8, 10), (17, 7, 1), (1, 1, 1)]
        {
            assert!(!is_strong(log_n, r, p), "{log_n} {r} {p}");
        }
    }

    #[test]
    fn what_would_stop_the_machine_is_no_cost() {
        let most = u32::MAX;
        for (log_n, r, p) in [
            (0, 8, 1),
            (17, 0, 1),
            (17, 8, 0),
            (21, 8, 1),
            (64, 8, 1),
            (20, 16, 1),
            (17, 8, 17),
            (20, 8, 4),
            (17, 33, 1),
            (most, 8, 1),
            (17, most, 1),
            (17, 8, most),
            (most, most, most),
        ] {
            assert_eq!(Cost::new(log_n, r, p), None, "{log_n} {r} {p}");
        }
    }

    #[test]
    fn the_recommended_cost_is_128_mebibytes() {
        let memory = Cost::new(17, 8, 1).expect("within bounds").memory();

        assert_eq!(memory, 128 << 20);
    }
}
