//! A server's process, which never outlives ours.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// Waits until our end of its standard input is gone. That is when this process has ended, in whatever way. Then it
/// ends the server by its id and removes its folder.
const WARDEN: &str = r#"
    read -r _
    kill -"$1" "$2"
    tries=10
    while [ "$tries" -gt 0 ] && kill -0 "$2"; do
        sleep 0.1
        tries=$((tries - 1))
    done
    if [ "$tries" = 0 ]; then
        kill -KILL "$2"
        sleep 0.1
    fi
    rm -rf -- "$3""#;

/// Long enough for two busy cores; only a failing test waits for it.
pub(crate) const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(2);

/// A running server. Dropped, it is ended.
pub(crate) struct Running {
    child: Child,
    warden: Child,
    /// The signal that makes it end at once and leave nothing behind.
    end: &'static str,
}

impl Running {
    /// Starts it. It is not ready yet.
    pub(crate) fn start(
        command: &mut Command,
        end: &'static str,
        folder: &Path,
    ) -> Result<Self, String> {
        let mut child = command.spawn().map_err(|error| {
            format!("could not start {}: {error}", command.get_program().to_string_lossy())
        })?;
        let mut warden = shell(WARDEN);
        warden.args([end, &child.id().to_string()]).arg(folder);
        let warden = warden.process_group(0).stdin(Stdio::piped()).spawn();
        match warden {
            Ok(warden) => Ok(Self { child, warden, end }),
            Err(error) => {
                // It is ours and just started; nothing is lost with it.
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("could not start a shell: {error}"))
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it is ready. `false` if it ended instead, or takes too long.
    pub(crate) fn becomes(&mut self, ready: impl Fn(&Self) -> bool) -> bool {
        let started = Instant::now();
        while started.elapsed() < LONG {
            if self.ended(Duration::ZERO).is_some() {
                return false;
            }
            if ready(self) {
                return true;
            }
            sleep(SHORT);
        }
        false
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, &[self.id()]);
    }

    fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        loop {
            let status = self.child.try_wait().expect("it is a child of this process");
            if status.is_some() || started.elapsed() >= within {
                return status;
            }
            sleep(SHORT);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The warden ends first: the server's id that it holds is about to be free, and another process may get it.
        // Both may be gone already, which is as well.
        let _ = self.warden.kill();
        let _ = self.warden.wait();
        if self.ended(Duration::ZERO).is_none() {
            self.signal(self.end);
            if self.ended(LONG).is_none() {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
        }
    }
}

/// Sends processes a signal by name. One that is gone already is passed over.
pub(crate) fn signal(name: &str, ids: &[u32]) {
    let mut kill = shell(r#"signal=$1; shift; kill -"$signal" "$@""#);
    kill.arg(name).args(ids.iter().map(u32::to_string));
    kill.status().expect("there is a shell");
}

/// std can only kill, and a minimal Debian has no program `kill`; its shell has.
fn shell(script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script, "sh"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    shell
}
