//! The build script of each service: puts the files of `migrations/<service>/<engine>/` into the program, in the order
//! of their numbers. `storage::room!` takes them from there. By the name `build.rs` cargo-chef knows what to build anew
//! in an image.

use std::{
    env,
    error::Error,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let service = env!("CARGO_PKG_NAME").trim_start_matches("sir0-");
    let folder = fs::canonicalize(Path::new("../../migrations").join(service))?;
    println!("cargo:rerun-if-changed={}", folder.display());

    let mut made = String::from("sir0_storage::Migrations {\n");
    for engine in ["sqlite", "postgres"] {
        writeln!(made, "    {engine}: &[")?;
        for file in files(&folder.join(engine))? {
            let name = file.file_stem().and_then(|name| name.to_str()).ok_or("a name in UTF-8")?;
            let (number, name) = name.split_once('_').ok_or(format!("{name} is no NNNN_name"))?;
            let (version, sql): (i64, _) = (number.parse()?, file.display().to_string());
            write!(made, "sir0_storage::Migration {{ version: {version}, name: {name:?}, ")?;
            writeln!(made, "sql: include_str!({sql:?}) }},")?;
        }
        writeln!(made, "    ],")?;
    }
    made.push('}');
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    fs::write(out.join("migrations.rs"), made)?;
    Ok(())
}

/// The files of a folder, by name: so by number, since a number has four digits.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<Result<Vec<_>, std::io::Error>>()?;
    files.sort();
    Ok(files)
}
