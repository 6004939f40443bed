//! The marks by which it shows that a file has changed.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The marks of one file, behind all links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// The last write, in seconds and nanoseconds.
    written: (i64, i64),
    /// The last change of anything, a rename included.
    changed: (i64, i64),
}

/// The marks of several files; of one that is not there none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamps(HashMap<PathBuf, Stamp>);

impl Stamp {
    /// The marks of a file; `None` where it is not there.
    pub fn of(file: &Path) -> Option<Self> {
        let found = fs::metadata(file).ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.size(),
            written: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }

    /// True if nothing happened to it since so long after 1970. Times in whole seconds do not say so.
    pub fn is_older_than(&self, since: Duration) -> bool {
        [self.written, self.changed].into_iter().all(|(seconds, nanos)| {
            let at = u64::try_from(seconds).ok().zip(u32::try_from(nanos).ok());
            at.is_none_or(|(seconds, nanos)| Duration::new(seconds, nanos) < since)
        }) && self.changed.1 != 0
    }

    /// True if something happened to the file since it was last written to: it was moved into its place, or its time was
    /// set, as the last step of whoever copied it.
    pub fn is_finished(&self) -> bool {
        self.changed > self.written
    }
}

impl Stamps {
    /// The marks of these files.
    pub fn of(files: &[PathBuf]) -> Self {
        Self(files.iter().filter_map(|file| Some((file.clone(), Stamp::of(file)?))).collect())
    }

    /// The marks of one file.
    pub fn get(&self, file: &Path) -> Option<Stamp> {
        self.0.get(file).copied()
    }
}
