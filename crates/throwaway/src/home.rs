//! The folder of a server, and the user it runs as.

use std::{
    env,
    fs::{self, File},
    io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

const LOG: &str = "log.txt";
/// More than the servers of a suite fill; a container has far less there unless told otherwise.
const MEMORY_NEEDED: u64 = 2 * 1024 * 1024 * 1024;

/// A temporary folder that belongs to the user of the server. Removed when dropped.
pub(crate) struct Home {
    folder: TempDir,
    /// The user that this process runs as.
    pub(crate) owner: u32,
    /// User and group of the server, where they are not ours.
    other: Option<(u32, u32)>,
}

impl Home {
    pub(crate) fn on_disk() -> Result<Self, String> {
        Self::below(&env::temp_dir())
    }

    /// In memory if there is room: making a file costs a disk far more than filling it, and a database is
    /// hundreds of files.
    pub(crate) fn in_memory() -> Result<Self, String> {
        memory().and_then(|memory| Self::below(&memory).ok()).map_or_else(Self::on_disk, Ok)
    }

    fn below(place: &Path) -> Result<Self, String> {
        let make = || {
            let folder = tempfile::Builder::new().prefix("sir0-throwaway-").tempdir_in(place)?;
            let owner = fs::metadata(folder.path())?.uid();
            io::Result::Ok((folder, owner))
        };
        let (folder, owner) = make()
            .map_err(|error| format!("no folder for a server in {}: {error}", place.display()))?;
        let other = if owner == 0 { Some(user_of_servers()?) } else { None };
        if let Some((user, group)) = other {
            chown(folder.path(), Some(user), Some(group))
                .map_err(|error| format!("could not hand a folder over: {error}"))?;
        }
        Ok(Self { folder, owner, other })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A program that runs here, as the user of servers.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = plain(program);
        command.current_dir(self.path());
        if let Some((user, group)) = self.other {
            command.uid(user).gid(group);
        }
        command
    }

    /// A server that runs here and keeps its log here, apart from our process group: an interrupt from the
    /// keyboard is for us.
    pub(crate) fn server(&self, program: &Path) -> Result<Command, String> {
        let log = self.path().join(LOG);
        let said = File::options().create(true).append(true).open(&log);
        let log = said.and_then(|said| Ok((said.try_clone()?, said)));
        let (out, err) = log.map_err(|error| format!("no log for a server: {error}"))?;
        let mut command = self.command(program);
        command.process_group(0).stdin(Stdio::null()).stdout(out).stderr(err);
        Ok(command)
    }

    /// What servers said here.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path().join(LOG)).unwrap_or_default()
    }
}

/// A program that hears nothing of the machine's own servers and speaks English.
pub(crate) fn plain(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C");
    command
}

/// Runs the command to its end. Answers what it printed, or what it complained of.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("could not start {name}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name} failed: {}\n{said}{complaint}", output.status));
    }
    Ok(said.trim_end().to_owned())
}

/// The folder that Linux keeps in memory, if it has room for servers.
fn memory() -> Option<PathBuf> {
    let folder = PathBuf::from("/dev/shm");
    let told = run(plain(Path::new("df")).args(["-P", "-k"]).arg(&folder)).ok()?;
    let free: u64 = told.lines().last()?.split_whitespace().nth(3)?.parse().ok()?;
    (folder.is_dir() && free * 1024 >= MEMORY_NEEDED).then_some(folder)
}

/// `PostgreSQL` refuses to run as root.
fn user_of_servers() -> Result<(u32, u32), String> {
    let id = |which: &str, user: &str| -> Option<u32> {
        run(plain(Path::new("id")).args([which, user])).ok()?.parse().ok()
    };
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|user| Some((id("-u", user)?, id("-g", user)?)))
        .ok_or_else(|| "there is no user `postgres` or `nobody` to run a server as".to_owned())
}
