//! The owner of a data directory, whose files stay the owner's even where root works on it.
//!
//! Root may run a command on the data directory of a service. Files that the command makes there would be root's, and the
//! service could not start any more.

use std::fs;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

/// Gives back what is in a folder to the folder's owner once it is dropped.
#[derive(Debug)]
pub struct KeptOwner {
    folder: PathBuf,
    owner: Option<(u32, u32)>,
}

impl KeptOwner {
    /// The owner that a folder has now. Nothing is given back where it is not there, or where this user is not root.
    pub fn of(folder: &Path) -> Self {
        let owner = fs::metadata(folder).ok().filter(|_| geteuid().is_root());
        Self { folder: folder.to_owned(), owner: owner.map(|folder| (folder.uid(), folder.gid())) }
    }
}

impl Drop for KeptOwner {
    fn drop(&mut self) {
        if let Some((uid, gid)) = self.owner {
            give(&self.folder, uid, gid);
        }
    }
}

/// Refuses that root serves from a data directory of another user, whose files would become root's while it does.
pub fn refuse_foreign(folder: &Path) -> Result<(), String> {
    let owner = fs::metadata(folder).map_or(0, |folder| folder.uid());
    if owner == 0 || !geteuid().is_root() {
        return Ok(());
    }
    let path = folder.display();
    Err(format!(
        "{path} belongs to the user with the number {owner}: run the daemon as that user, or give root the directory and all \
         that is in it (chown -R)"
    ))
}

/// Gives a file or a folder with all that is in it to this owner. What cannot be given stays as it is: `tollgate doctor` says so.
fn give(path: &Path, uid: u32, gid: u32) {
    let Ok(known) = fs::symlink_metadata(path) else { return };
    if !known.is_symlink() && (known.uid(), known.gid()) != (uid, gid) {
        let _ = lchown(path, Some(uid), Some(gid));
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
                give(&entry.path(), uid, gid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_serves_from_no_directory_of_others() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(refuse_foreign(folder.path()), Ok(()));
        assert_eq!(refuse_foreign(&folder.path().join("to be made")), Ok(()));
        if geteuid().is_root() {
            lchown(folder.path(), Some(4321), Some(1234)).unwrap();
            let refused = refuse_foreign(folder.path()).unwrap_err();
            assert!(refused.contains("4321"), "{refused}");
        }
    }

    #[test]
    fn files_of_root_become_those_of_the_folders_owner() {
        if !geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        lchown(folder.path(), Some(4321), Some(1234)).unwrap();
        let kept = KeptOwner::of(folder.path());
        fs::create_dir(folder.path().join("below")).unwrap();
        fs::write(folder.path().join("below/file"), "text").unwrap();
        std::os::unix::fs::symlink("/", folder.path().join("link")).unwrap();
        drop(kept);
        for path in ["below", "below/file"] {
            let owned = fs::metadata(folder.path().join(path)).unwrap();
            assert_eq!((owned.uid(), owned.gid()), (4321, 1234), "{path}");
        }
        assert_eq!(fs::metadata("/").unwrap().uid(), 0);
    }
}
