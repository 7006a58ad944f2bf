//! What is not run here, by name, each with its reason.

use crate::page::Block;

/// A line of a page that is not run.
pub(crate) struct Exception {
    pub(crate) page: &'static str,
    pub(crate) line: &'static str,
    /// Why, and what tells instead whether it is true.
    #[expect(dead_code, reason = "it is for the reader of this table")]
    because: &'static str,
}

/// Blocks that need a container engine or a cluster. `cargo xtask containers` runs those for an engine; a test of `xtask`
/// those for a cluster, against a `kubectl` that has none.
pub(crate) const OF_CONTAINERS: [&str; 2] = ["docker compose", "kubectl"];

/// The others, line by line.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception { page: "README.md", line: "cargo xtask test", because: "it runs this test" },
    Exception {
        page: "docs/operations.md",
        line: "sir0 admin disable --email ada@example.org",
        because: "a story of `administration` runs it, on a platform that has such an account",
    },
];

/// Blocks in these languages are not for a shell, and say so: pictures and examples.
pub(crate) const NOT_FOR_A_SHELL: [&str; 2] = ["text", "rust"];

/// Whether the block needs one of them.
pub(crate) fn is_of_containers(block: &Block) -> bool {
    OF_CONTAINERS.iter().any(|program| block.text.contains(program))
}

/// Whether this line of this page is not run here.
pub(crate) fn is_excepted(page: &str, line: &str) -> bool {
    EXCEPTIONS.iter().any(|exception| exception.page == page && exception.line == line)
}
