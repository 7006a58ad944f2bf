//! Reads all of `proto/`: what the packages have together, and what must be told apart in all of them.

use std::{error::Error, fs, path::Path};

use sir0_contract_build::{ADDRESS, Contract, Info, SERVERS, out};

const DESCRIPTION: &str = "\
Each call is served over gRPC, gRPC-Web and REST on one port. This is its REST form.

* **Signing in**: `register` makes an account, `login` answers with an access token. Calls with a lock take it as \
`Authorization: Bearer <token>`.
* **Refusals** are `{\"error\",\"details\",\"reason\"}`, and `fields` names each field at fault. `reason` is for programs, and \
each answer lists those that it may have. `default` has what any call can meet.
* **Lists** come in pages: `pageToken` takes the `nextPageToken` of the page before. The last page has none.
* **`null` leaves a field out** of a request.
";

fn main() -> Result<(), Box<dyn Error>> {
    let contract = Contract::read_below(Path::new("../../proto"), "sir0")?;
    let info = Info {
        title: "SIR0",
        version: env!("CARGO_PKG_VERSION"),
        summary: "A games distribution platform anyone can run.",
        description: DESCRIPTION,
        license: env!("CARGO_PKG_LICENSE"),
    };
    let out = out()?;
    fs::write(out.join("packages.rs"), contract.packages())?;
    fs::write(out.join("descriptors.binpb"), contract.descriptors())?;
    let address = format!("\"{ADDRESS}\"");
    in_parts(&out, "openapi", &contract.openapi(&info), SERVERS)?;
    in_parts(&out, "postman", &contract.postman(&info), &address)?;
    in_parts(&out, "environment", &contract.postman_environment(&info), &address)
}

/// Writes a document as what stands before the address of the server, and behind it.
fn in_parts(out: &Path, name: &str, text: &str, at: &str) -> Result<(), Box<dyn Error>> {
    let (before, behind) = text.split_once(at).ok_or("there is no place for an address")?;
    if behind.contains(at) {
        return Err(format!("{name} has two places for an address").into());
    }
    fs::write(out.join(format!("{name}.before")), before)?;
    fs::write(out.join(format!("{name}.behind")), behind)?;
    Ok(())
}
