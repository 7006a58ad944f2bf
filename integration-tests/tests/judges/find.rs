//! Where the programs are that others wrote.

use std::{
    env,
    path::{Path, PathBuf},
};

/// Where npm puts its programs.
const NODE_PROGRAMS: [&str; 3] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/web/node_modules/.bin"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/generated/node_modules/.bin"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/postman/node_modules/.bin"),
];

/// A program of this name: in `JUDGES`, where npm puts its own, or on the `PATH`.
pub(crate) fn find(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let judges = env::var_os("JUDGES").map(PathBuf::from);
    let of_node = NODE_PROGRAMS.map(PathBuf::from);
    let mut folders = judges.into_iter().chain(of_node).chain(env::split_paths(&path));
    let program = format!("{name}{}", env::consts::EXE_SUFFIX);
    folders
        .find_map(|folder| Some(folder.join(&program)).filter(|found| Path::is_file(found)))
        .unwrap_or_else(|| {
            panic!(
                "{name} is neither in JUDGES nor on the PATH: run `cargo xtask test`, which \
                 fetches it"
            )
        })
}
