//! Turns the sample's file into Rust and OpenAPI.

use std::{error::Error, fs};

use sir0_contract_build::{Contract, Info, out};

const FOLDERS: &[&str] = &["proto", "../../proto"];

fn main() -> Result<(), Box<dyn Error>> {
    let contract = Contract::read(FOLDERS, &["sample/v1/sample.proto"])?;
    let info = Info {
        title: "Sample",
        version: "1",
        summary: "All that a contract may hold.",
        description: "For tests.",
        license: "Apache-2.0",
    };
    let out = out()?;
    fs::write(out.join("package.rs"), contract.package("sample.v1")?)?;
    fs::write(out.join("descriptors.binpb"), contract.descriptors())?;
    fs::write(out.join("openapi.json"), contract.openapi(&info))?;
    Ok(())
}
