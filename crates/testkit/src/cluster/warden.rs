//! Ends what a cluster started when the cluster itself cannot, because its process was killed.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Mutex, PoisonError},
};

/// Reads which processes were started (`+`) and which have ended (`-`), until its standard input ends, because our
/// process is gone. Then it kills the processes that are left, by their ids, and removes the folder.
const SCRIPT: &str = r#"
    alive=
    while read -r change id; do
        case $change in
        +) alive="$alive $id" ;;
        -) left=
           for each in $alive; do [ "$each" = "$id" ] || left="$left $each"; done
           alive=$left ;;
        esac
    done
    [ -z "$alive" ] || kill -KILL $alive
    sleep 0.1
    rm -rf -- "$1""#;

/// Watches over the processes of a cluster.
pub(super) struct Warden {
    child: Child,
    told: Mutex<ChildStdin>,
}

impl Warden {
    /// Starts to watch. `folder` is removed with the processes.
    pub(super) fn start(folder: &Path) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("there is a shell");
        let told = Mutex::new(child.stdin.take().expect("a piped stream is there once"));
        Self { child, told }
    }

    /// Tells the warden that this process is ours.
    pub(super) fn started(&self, id: u32) {
        self.is_told('+', id);
    }

    /// Tells the warden that this process has ended, and that its id may belong to another process.
    pub(super) fn ended(&self, id: u32) {
        self.is_told('-', id);
    }

    fn is_told(&self, change: char, id: u32) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(told, "{change} {id}").expect("it reads as long as it is there");
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        // The warden ends before the processes do. Each process is ended where it is dropped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
