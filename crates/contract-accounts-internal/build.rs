//! Turns the files of the package into Rust.

use std::path::Path;

fn main() -> Result<(), sir0_contract_build::Error> {
    sir0_contract_build::write_package(Path::new("../../proto"), "sir0.accounts.internal.v1")
}
