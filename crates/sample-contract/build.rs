//! Turns the sample's file into Rust and OpenAPI.

use std::{env, error::Error, fs, path::PathBuf};

use sir0_contract_build::{Contract, Info};

const FOLDERS: &[&str] = &["proto", "../../proto"];

fn main() -> Result<(), Box<dyn Error>> {
    for folder in FOLDERS {
        println!("cargo:rerun-if-changed={folder}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    let contract = Contract::read(FOLDERS, &["sample/v1/sample.proto"])?;
    contract.write_rust(&out)?;
    let info = Info {
        title: "Sample",
        version: "1",
        summary: "All that a contract may hold.",
        description: "For tests.",
        license: "Apache-2.0",
    };
    fs::write(out.join("openapi.json"), contract.openapi(&info))?;
    Ok(())
}
