//! The few programs that are not what a page says they are.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use crate::{find::find, page::root, shell::program};

/// A program that is found before the one of the machine.
struct StandIn {
    name: &'static str,
    #[expect(dead_code, reason = "it is for the reader of this table")]
    because: &'static str,
    script: fn() -> String,
}

const STAND_INS: &[StandIn] = &[
    StandIn {
        name: "cargo",
        because: "a release takes minutes to build. It takes `cargo run --release` with arguments \
                  behind `--` and nothing else, and runs the program that was built for the tests",
        script: cargo,
    },
    StandIn {
        name: "npx",
        because: "npm has fetched the program for the Node tests. It takes the version that is \
                  there and no other",
        script: npx,
    },
    StandIn {
        name: "curl",
        because: "the real one says nothing when the server refuses. It is told to fail then, and \
                  to show no progress, and its answers are kept, also those that a page puts into a variable",
        script: curl,
    },
    StandIn { name: "sir0", because: "it is not installed", script: sir0 },
    StandIn { name: "grpcurl", because: "it is where the judges are", script: grpcurl },
];

/// Fills a folder with them.
pub(crate) fn put_into(folder: &Path) {
    for stand_in in STAND_INS {
        let path = folder.join(stand_in.name);
        fs::write(&path, format!("#!/bin/bash\n{}\n", (stand_in.script)())).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }
    let servers = sir0_throwaway::postgres_programs().unwrap_or_else(|why| panic!("{why}"));
    for name in ["psql", "pg_dump", "pg_restore", "createdb", "pgbench"] {
        // Debian's in PATH are scripts that look for these.
        symlink(servers.join(name), folder.join(name)).expect("an empty folder");
    }
}

fn cargo() -> String {
    format!(
        r#"words="$*"
        if [ "$1 $2" = "run --release" ] && {{ [ $# = 2 ] || [ "$3" = -- ]; }}; then
            shift 2; [ $# = 0 ] || shift
            exec '{}' "$@"
        fi
        echo "this is no cargo, and does not know \`cargo $words\`" >&2
        exit 64"#,
        program().display()
    )
}

fn npx() -> String {
    let packages = root().join("integration-tests/web/node_modules");
    let version = fs::read_to_string(packages.join("wscat/package.json"))
        .expect("wscat is not there: run `cargo xtask test`, which fetches it");
    let version: serde_json::Value = serde_json::from_str(&version).expect("JSON");
    format!(
        r#"if [ "$1 $2" = '--yes wscat@{}' ]; then shift 2; exec '{}' "$@"; fi
        echo "this is no npx, and does not have \`$2\`" >&2
        exit 64"#,
        version["version"].as_str().expect("npm knows versions"),
        find("wscat").display(),
    )
}

fn curl() -> String {
    let real = find("curl");
    format!(
        "set -o pipefail\n'{}' --fail-with-body --no-progress-meter \"$@\" | tee -a \"$ANSWERS\"",
        real.display()
    )
}

fn sir0() -> String {
    format!("exec '{}' \"$@\"", program().display())
}

fn grpcurl() -> String {
    format!("exec '{}' \"$@\"", find("grpcurl").display())
}
