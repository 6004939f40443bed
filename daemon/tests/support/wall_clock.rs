//! A wall clock of one daemon, which libfaketime stands in for.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use super::daemon::Daemon;
use super::sandbox::Sandbox;

/// A wall clock of the daemon's own; its monotonic clock is the machine's.
pub struct WallClock {
    library: PathBuf,
    file: PathBuf,
}

impl WallClock {
    pub fn of(sandbox: &Sandbox) -> Self {
        let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
        let libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
        let given = env::var_os("LIBFAKETIME").map(PathBuf::from);
        let library = given.into_iter().chain(libraries).find(|library| library.is_file());
        let library = library.expect("libfaketime is there; `ops/setup.sh test` installs it");
        let clock = Self { library, file: sandbox.path().join("wall-clock") };
        clock.set("+0");
        clock
    }

    /// Sets it so far from the machine's, such as `+5d`.
    pub fn set(&self, offset: &str) {
        let aside = self.file.with_extension("aside");
        fs::write(&aside, format!("{offset}\n")).expect("the sandbox can be written");
        fs::rename(&aside, &self.file).expect("the file can be replaced");
    }

    pub fn start(&self, sandbox: &Sandbox) -> Daemon {
        let mut command: Command = sandbox.run_command();
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", &self.file);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        sandbox.start_by(command)
    }
}
