//! Reads all of `proto/`: what the packages have together, and what must be told apart in all of them.

use std::{error::Error, fs, path::Path};

use sir0_contract_build::{Contract, Info, SERVERS, out};

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
    let document = contract.openapi(&info);
    let (before, behind) = document.split_once(SERVERS).ok_or("the document has no servers")?;
    fs::write(out.join("openapi.before"), before)?;
    fs::write(out.join("openapi.behind"), behind)?;
    Ok(())
}
