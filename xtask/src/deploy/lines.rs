//! The documented lines for a cluster, run as they stand against a `kubectl` that refuses what a new cluster would refuse
//! and notes the rest.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use crate::{blocks, shell, workspace};

/// A cluster with nothing in it. `$CLUSTER` is the folder where it notes what it has.
const KUBECTL: &str = r#"#!/bin/sh
echo "kubectl $*" >>"$CLUSTER/asked"
refuse() { echo "Error: $*" >&2; exit 1; }
[ "$1" != --namespace ] || { [ -e "$CLUSTER/namespace" ] || refuse "namespace not found"; shift 2; }
case "$1 $2" in
"get namespace") [ -e "$CLUSTER/namespace" ] || refuse NotFound ;;
"create --filename") grep -q 'kind: Namespace' "$3" || refuse "$3"; : >"$CLUSTER/namespace" ;;
"get secret") [ -e "$CLUSTER/secret-$3" ] || refuse NotFound ;;
"create secret")
    file=${5#--from-file=value=}
    [ -s "$file" ] || refuse "no such file: $file"
    : >"$CLUSTER/secret-$4" ;;
"apply "*)
    [ -e "${3:-${2#*=}}/kustomization.yaml" ] || refuse "not found: $3"
    for each in accounts-db-password storefront-db-password redis-password sealing-key signing-key peers-secret; do
        [ -e "$CLUSTER/secret-$each" ] || refuse "CreateContainerConfigError: no secret $each"
    done
    grep -q "sir0:$VERSION" "$CLUSTER/images" || refuse "ErrImagePull: sir0:$VERSION"
    : >"$CLUSTER/applied" ;;
"port-forward "*) [ -e "$CLUSTER/applied" ] || refuse "services not found" ;;
*) refuse "unknown: $*" ;;
esac
"#;
const DOCKER: &str =
    "#!/bin/sh\n[ \"$1 $2\" = 'build --tag' ] && echo \"$3\" >>\"$CLUSTER/images\"\n";

/// Runs the lines in a folder that has what a clone has, on a cluster that is new.
fn run(lines: &str, folder: &Path) -> Output {
    let programs = folder.join("programs");
    for (name, text) in [("kubectl", KUBECTL), ("docker", DOCKER)] {
        fs::create_dir_all(&programs).expect("a folder for the test");
        fs::write(programs.join(name), text).expect("a folder for the test");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(programs.join(name), mode).expect("a file of ours");
    }
    Command::new("sh")
        .args(["-e", "-c", lines])
        .current_dir(folder.join("clone"))
        .env("CLUSTER", folder)
        .env("VERSION", env!("CARGO_PKG_VERSION"))
        .env("PATH", shell::path_with(programs).expect("a path"))
        .output()
        .expect("there is a shell")
}

fn clone_into(folder: &Path) {
    let copied = Command::new("sh")
        .args([
            "-c",
            "mkdir \"$1/clone\" && git ls-files -z deploy | xargs -0 cp --parents -t \"$1/clone\"",
            "sh",
        ])
        .arg(folder)
        .current_dir(workspace::root())
        .status();
    assert!(copied.expect("there is a shell").success());
}

#[test]
fn the_documented_lines_for_a_cluster_work_on_a_new_one_and_a_second_time() {
    let shown = blocks::shown().expect("the documents are there");
    let shown: Vec<_> = shown.into_iter().filter(blocks::Block::is_for_kubernetes).collect();

    let files: Vec<_> = shown.iter().map(|block| block.file.as_str()).collect();
    assert_eq!(files, ["README.md", "docs/deployment.md"]);
    for block in shown {
        let folder = tempfile::tempdir().expect("a folder for the test");
        clone_into(folder.path());
        for time in ["first", "second"] {
            let output = run(&block.text, folder.path());

            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{}, the {time} time: {said}", block.file);
        }
        assert!(folder.path().join("applied").exists(), "{}", block.file);
        let asked = fs::read_to_string(folder.path().join("asked")).expect("it was asked");
        let made = asked.lines().filter(|line| line.contains("create secret")).count();
        assert_eq!(made, 6, "each secret is made once: {asked}");
    }
}

#[test]
fn the_image_that_the_cluster_asks_for_is_of_this_version() {
    let base = workspace::root().join("deploy/kubernetes/base/kustomization.yaml");

    let text = fs::read_to_string(base).expect("the base is there");

    assert!(text.contains(&format!("newTag: \"{}\"", env!("CARGO_PKG_VERSION"))), "{text}");
}
