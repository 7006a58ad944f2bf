//! What a process asked the system to write, as Linux counts it.

/// Calls that write, and their bytes. What is sent into a socket with `send` is not among them; what is written to a
/// file is, and what is sent with `writev`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) calls: u64,
    pub(crate) bytes: u64,
}

impl Written {
    /// Reads what `/proc/PID/io` says.
    pub(crate) fn read(told: &str) -> Option<Self> {
        let field = |name| {
            let line = told.lines().find_map(|line| line.strip_prefix(name));
            line?.trim().parse::<u64>().ok()
        };
        Some(Self { calls: field("syscw:")?, bytes: field("wchar:")? })
    }

    /// What came to it since.
    pub(crate) const fn since(self, earlier: Self) -> Self {
        Self { calls: self.calls - earlier.calls, bytes: self.bytes - earlier.bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_counts_is_read() {
        let told = "rchar: 5\nwchar: 4120\nsyscr: 7\nsyscw: 3\nread_bytes: 0\nwrite_bytes: 8192\n";

        let earlier = Written { calls: 1, bytes: 120 };

        let written = Written::read(told).expect("both fields");
        assert_eq!(written.since(earlier), Written { calls: 2, bytes: 4_000 });
        assert_eq!(Written::read("wchar: many\n"), None);
    }
}
