//! The note of a daemon that runs on another data directory than the configured one, so that commands find it.
//!
//! `make run` keeps its books in `./data`. A command with the same configuration is meant for that daemon as long as it runs;
//! the note says where. It lies among the user's own files, so that nobody else can lead a command astray.

use std::env;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder of the notes, below that of the user's state.
const FOLDER: &str = "tollgate/running";
/// Digits of a hash that name a note.
const NAME_DIGITS: usize = 32;

/// A note. It goes with this value.
#[derive(Debug)]
pub struct RunningNote {
    path: PathBuf,
    text: String,
}

impl RunningNote {
    /// Notes that a daemon with a configuration runs on a data directory. Without it commands need `--data-dir`.
    pub fn write(config: &Path, data_dir: &Path) -> Option<Self> {
        let path = place(config)?;
        let text = fs::canonicalize(data_dir).ok()?.to_str()?.to_owned();
        DirBuilder::new().recursive(true).mode(0o700).create(path.parent()?).ok()?;
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).ok()?;
        Some(Self { path, text })
    }
}

impl Drop for RunningNote {
    fn drop(&mut self) {
        // Another daemon with this configuration may have written its own since.
        if fs::read_to_string(&self.path).is_ok_and(|text| text == self.text) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The data directory of which a daemon with this configuration has noted that it runs there. It may have ended since.
pub fn noted(config: &Path) -> Option<PathBuf> {
    fs::read_to_string(place(config)?).ok().map(PathBuf::from)
}

fn place(config: &Path) -> Option<PathBuf> {
    // A user has one home, and may have sessions with and without a folder for run-time files.
    let folder = state_folder().or_else(|| user_folder("XDG_RUNTIME_DIR", None))?;
    let config = fs::canonicalize(config).ok()?;
    let hash = blake3::hash(config.as_os_str().as_encoded_bytes()).to_hex();
    Some(folder.join(FOLDER).join(hash.get(..NAME_DIGITS)?))
}

/// The folder of the user's state, by the XDG Base Directory Specification.
pub fn state_folder() -> Option<PathBuf> {
    user_folder("XDG_STATE_HOME", Some(".local/state"))
}

/// A folder that a variable names, else one below the user's home. The specification has relative paths ignored.
fn user_folder(variable: &str, below_home: Option<&str>) -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| Some(absolute("HOME")?.join(below_home?)))
}
