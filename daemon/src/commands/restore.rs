//! The command `tollgate restore`: a data directory, and the configuration if it is asked for, from a backup.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tollgate_storage::store::Store;
use tollgate_storage::verify::verify;

use super::backup::{CONFIG, Contents, DATA, failed, make, make_anew, partial_of, sync_folder};
use super::verify::balance_line;
use crate::failure::Failure;
use crate::owner::Owner;
use tollgate_console::say;

/// The arguments of `tollgate restore`.
#[derive(Debug, clap::Args)]
pub struct RestoreArguments {
    /// The folder that `tollgate backup` made
    #[arg(value_name = "BACKUP")]
    pub backup: PathBuf,
    /// The data directory to make; it must not be there yet, or be empty
    #[arg(long, value_name = "DIR")]
    pub data_dir: PathBuf,
    /// A folder to make with the files of the configuration
    #[arg(long, value_name = "DIR")]
    pub config_dir: Option<PathBuf>,
}

/// Restores a backup once every file in it is as it was, and proves that the books balance.
pub fn restore(arguments: &RestoreArguments) -> Result<(), Failure> {
    let contents = Contents::check(&arguments.backup)?;
    let targets = [(DATA, Some(&arguments.data_dir)), (CONFIG, arguments.config_dir.as_ref())];
    for (_, target) in &targets {
        if let Some(target) = target.filter(|target| !is_free(target)) {
            return Err(format!("{} is there already and not empty", target.display()).into());
        }
    }
    for (part, target) in targets {
        let Some(target) = target else { continue };
        let target = std::path::absolute(target).map_err(|error| error.to_string())?;
        let partial = partial_of(&target)?;
        copy(&arguments.backup, &contents, part, &partial)?;
        if part == DATA {
            let store = Store::open_read_only(&partial).map_err(|error| error.to_string())?;
            let report = verify(&store).map_err(|fault| format!("the books do not balance: {fault}"))?;
            say!("{}", balance_line(&report));
        }
        // A folder that is there, as a service's is, stays its owner's.
        if let Some(owner) = Owner::to_give_to(&target) {
            owner.take(&partial);
        }
        match fs::remove_dir(&target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&target, &error).into());
            }
            _ => {}
        }
        fs::rename(&partial, &target).map_err(|error| failed(&target, &error))?;
        sync_folder(target.parent().unwrap_or(Path::new("/")))?;
        say!("restored: {}", target.display());
    }
    say!("as of commit {}, in the backup of {}", contents.commit, contents.made_at);
    Ok(())
}

/// True if a folder can be made there.
fn is_free(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Copies a part of a backup into a folder that is made anew.
fn copy(backup: &Path, contents: &Contents, part: &str, to: &Path) -> Result<(), Failure> {
    let below = contents.files.iter().filter_map(|file| file.path.strip_prefix(part).ok());
    let names: BTreeSet<&OsStr> =
        below.filter_map(|path| Some(path.components().next()?.as_os_str())).collect();
    make_anew(to, |name| names.contains(name))?;
    for file in &contents.files {
        let Ok(below) = file.path.strip_prefix(part) else { continue };
        let copy = to.join(below);
        copy.parent().map_or(Ok(()), make)?;
        fs::copy(backup.join(&file.path), &copy).map_err(|error| failed(&copy, &error))?;
        fs::File::open(&copy).and_then(|copy| copy.sync_all()).map_err(|error| failed(&copy, &error))?;
    }
    sync_folder(to)
}
