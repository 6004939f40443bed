//! The command `tollgate backup`: a copy of the books and of the configuration, of a daemon that may be running.

mod contents;

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::store::{Store, StoreOptions};
use tollgate_storage::verify::verify;

use super::verify::balance_line;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::owner::KeptOwner;
use tollgate_console::say;

use contents::CONTENTS;
pub use contents::{Contents, failed};

/// Folder of the books in a backup.
pub const DATA: &str = "data";
/// Folder of the configuration in a backup.
pub const CONFIG: &str = "config";

/// The arguments of `tollgate backup`.
#[derive(Debug, clap::Args)]
pub struct BackupArguments {
    /// The folder to make; nothing may be there yet
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Makes a backup and proves that its books balance. Where it is broken off, a folder whose name ends in `.partial` is left.
pub fn backup(config: &Path, arguments: &BackupArguments) -> Result<(), Failure> {
    let data_dir = DataDir::find(config, arguments.data_dir.as_ref())?;
    let folder = std::path::absolute(&arguments.folder).map_err(|error| error.to_string())?;
    if folder.exists() {
        return Err(format!("{} is there already; name a folder that is not", folder.display()).into());
    }
    data_dir.check_books()?;
    let partial = partial_of(&folder)?;
    make_anew(&partial, |name| [DATA, CONFIG, CONTENTS].iter().any(|ours| name == *ours))?;
    copy_books(&data_dir, &partial.join(DATA))?;
    let last = Store::accept(&StoreOptions::at(partial.join(DATA))).map_err(|error| error.to_string())?;
    let files = data_dir.into_loaded().map(|loaded| loaded.files).unwrap_or_default();
    copy_config(config, &files, &partial.join(CONFIG))?;
    let contents = Contents::of(&partial, last, now())?;
    contents.write(&partial.join(CONTENTS))?;
    let store = Store::open_read_only(&partial.join(DATA)).map_err(|error| error.to_string())?;
    let report = verify(&store).map_err(|fault| format!("the books do not balance: {fault}"))?;
    drop(store);
    sync_folder(&partial)?;
    fs::rename(&partial, &folder).map_err(|error| failed(&folder, &error))?;
    sync_folder(folder.parent().unwrap_or(Path::new("/")))?;
    let at = UnixMicros(last.at.0).to_rfc3339();
    say!("{}", balance_line(&report));
    say!(
        "backup: {} holds {} files, as of commit {} of {at}",
        folder.display(),
        contents.files.len(),
        last.number
    );
    Ok(())
}

/// The folder in which a backup is made, beside its own.
pub fn partial_of(folder: &Path) -> Result<PathBuf, Failure> {
    let name =
        folder.file_name().ok_or_else(|| format!("{} is not the name of a folder", folder.display()))?;
    let mut name = name.to_owned();
    name.push(".partial");
    Ok(folder.with_file_name(name))
}

/// Has the daemon copy its books, or does so itself where none is running.
fn copy_books(data_dir: &DataDir, to: &Path) -> Result<(), Failure> {
    if let Some(daemon) = data_dir.daemon()? {
        return Ok(daemon.checkpoint(to)?);
    }
    let _owner = KeptOwner::of(&data_dir.path);
    let store = Store::open(data_dir.store_options()).map_err(|error| error.to_string())?;
    Ok(store.checkpoint(to).map_err(|error| error.to_string())?)
}

/// Copies the files of the configuration, by their paths below the folder of `tollgate.toml`. Files elsewhere keep their
/// whole path.
fn copy_config(config: &Path, files: &[PathBuf], to: &Path) -> Result<(), Failure> {
    make(to)?;
    let root = config.parent().unwrap_or(Path::new(""));
    for file in files {
        let below = file.strip_prefix(root).unwrap_or_else(|_| file.strip_prefix("/").unwrap_or(file));
        let copy = to.join(below);
        copy.parent().map_or(Ok(()), make)?;
        fs::copy(file, &copy).map_err(|error| failed(file, &error))?;
    }
    Ok(())
}

/// Makes a folder for its owner alone, as it holds passwords.
pub fn make(folder: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    Ok(made.map_err(|error| failed(folder, &error))?)
}

/// Makes a folder that is empty, in place of one that was left by a command that was broken off. One with an entry that
/// `is_ours` does not know is somebody else's.
pub fn make_anew(folder: &Path, is_ours: impl Fn(&OsStr) -> bool) -> Result<(), Failure> {
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    if let Some(foreign) = entries.find(|name| !is_ours(name)) {
        let (path, name) = (folder.display(), foreign.display());
        return Err(format!(
            "{path} is there already and has `{name}`, which is not ours: remove or rename it"
        )
        .into());
    }
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(folder, &error).into()),
        _ => make(folder),
    }
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> Result<(), Failure> {
    Ok(File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, &error))?)
}
