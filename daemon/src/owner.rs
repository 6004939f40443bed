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
