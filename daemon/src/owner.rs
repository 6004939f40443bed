//! The owner of a data directory, whose files stay the owner's even where root works on it.
//!
//! Root may run a command on the data directory of a service. Files that the command makes there would be root's, and the
//! service could not start any more.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::process::geteuid;
use tollgate_storage::data_folder::each_own;
use tollgate_storage::store::holds_books;

/// Gives back files of a data directory to the directory's owner once it is dropped.
#[derive(Debug)]
pub struct KeptOwner {
    folder: PathBuf,
    owner: Option<Owner>,
    /// The files that were there at the beginning.
    before: HashSet<FileIdentity>,
}

/// The number of a file, which another may get once it is gone, and its birth where the file system knows it.
type FileIdentity = (u64, Option<SystemTime>);

fn identity_of(known: &Metadata) -> FileIdentity {
    (known.ino(), known.created().ok())
}

/// The owner of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    uid: u32,
    gid: u32,
}

impl Owner {
    /// The owner of a folder, where this user is root and can give something to that owner. `None` where it is not there.
    pub fn to_give_to(folder: &Path) -> Option<Self> {
        let known = fs::metadata(folder).ok().filter(|_| geteuid().is_root())?;
        Some(Self { uid: known.uid(), gid: known.gid() })
    }

    /// Gives the owner a file or a folder with all that is in it, which this process has made. What cannot be given stays as it
    /// is: `tollgate doctor` says so.
    pub fn take(self, made: &Path) {
        let Ok(known) = fs::symlink_metadata(made) else { return };
        let _ = lchown(made, Some(self.uid), Some(self.gid));
        if known.is_dir() {
            fs::read_dir(made).into_iter().flatten().flatten().for_each(|entry| self.take(&entry.path()));
        }
    }
}

impl KeptOwner {
    /// The owner that a data directory has now. Nothing is given back where it is not there, or where this user is not root.
    pub fn of(folder: &Path) -> Self {
        let (owner, mut before) = (Owner::to_give_to(folder), HashSet::new());
        if owner.is_some() {
            let _ = each_own(folder, |_, known| {
                before.insert(identity_of(known));
                Ok(())
            });
        }
        Self { folder: folder.to_owned(), owner, before }
    }
}

impl Drop for KeptOwner {
    fn drop(&mut self) {
        let Some(Owner { uid, gid }) = self.owner.filter(|_| holds_books(&self.folder)) else { return };
        // What root has made here is root's. A file with another name may be anybody's, unless it came while this lived: a
        // backup links the tables that it makes.
        let is_alone = |known: &Metadata| known.is_dir() || known.nlink() == 1;
        let is_made_here = |known: &Metadata| {
            known.uid() == 0 && (is_alone(known) || !self.before.contains(&identity_of(known)))
        };
        let _ = each_own(&self.folder, |path, known| {
            if is_made_here(known) {
                let _ = lchown(path, Some(uid), Some(gid));
            }
            Ok(())
        });
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

#[cfg(test)]
mod tests {
    use tollgate_storage::store::{Store, StoreOptions};

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

    fn owner_of(path: &Path) -> (u32, u32) {
        let known = fs::symlink_metadata(path).unwrap();
        (known.uid(), known.gid())
    }

    #[test]
    fn what_root_makes_in_a_data_directory_becomes_its_owners_and_nothing_else_does() {
        if !geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (data, foreign) = (folder.path().join("data"), folder.path().join("foreign"));
        drop(Store::open(StoreOptions::at(&data)).unwrap());
        fs::create_dir_all(foreign.join("below")).unwrap();
        for place in [&data, &foreign] {
            lchown(place, Some(4321), Some(1234)).unwrap();
            let kept = KeptOwner::of(place);
            for name in ["notes.txt", "000999.sst", "LOG.old.1"] {
                fs::write(place.join(name), "text").unwrap();
            }
            std::os::unix::fs::symlink("/", place.join("000998.sst")).unwrap();
            drop(kept);
        }
        let outside = folder.path().join("outside");
        fs::write(&outside, "text").unwrap();
        fs::hard_link(&outside, data.join("000997.sst")).unwrap();
        drop(KeptOwner::of(&data));
        for name in ["CURRENT", "ANCHOR", "000999.sst", "LOG.old.1"] {
            assert_eq!(owner_of(&data.join(name)), (4321, 1234), "{name}");
        }
        for kept in [data.join("notes.txt"), data.join("000998.sst"), foreign.join("000999.sst"), outside] {
            assert_eq!(owner_of(&kept).0, 0, "{}", kept.display());
        }
        assert_eq!(owner_of(Path::new("/")).0, 0);
    }

    #[test]
    fn what_was_made_is_given_with_all_that_is_in_it() {
        if !geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (owned, made) = (folder.path().join("owned"), folder.path().join("made"));
        fs::create_dir_all(made.join("below")).unwrap();
        fs::create_dir(&owned).unwrap();
        fs::write(made.join("below/file"), "text").unwrap();
        std::os::unix::fs::symlink("/", made.join("link")).unwrap();
        lchown(&owned, Some(4321), Some(1234)).unwrap();
        Owner::to_give_to(&owned).unwrap().take(&made);
        for path in ["", "below", "below/file", "link"] {
            assert_eq!(owner_of(&made.join(path)), (4321, 1234), "{path}");
        }
        assert_eq!(owner_of(Path::new("/")).0, 0);
    }
}
