//! Reads all of `proto/`: what the packages have together, and what must be told apart in all of them.

use std::{error::Error, fs, path::Path};

use sir0_coding::write_asset;
use sir0_contract_build::{Contract, Info, out};

fn main() -> Result<(), Box<dyn Error>> {
    let contract = Contract::read_below(Path::new("../../proto"), "sir0")?;
    let info = Info {
        title: "SIR0",
        version: env!("CARGO_PKG_VERSION"),
        summary: "A games distribution platform anyone can run.",
        description: "The same calls are served over gRPC, gRPC-Web and REST on this port.",
        license: env!("CARGO_PKG_LICENSE"),
    };
    let out = out()?;
    fs::write(out.join("packages.rs"), contract.packages())?;
    fs::write(out.join("descriptors.binpb"), contract.descriptors())?;
    write_asset("openapi.json", contract.openapi(&info).as_bytes())?;
    Ok(())
}
