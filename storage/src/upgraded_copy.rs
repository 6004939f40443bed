//! A directory of an earlier version, read in a copy that is brought up to date: the directory itself stays as it is.
//!
//! The copy stands beside the directory. Tables, which are never changed, are linked and need no room; what is written, such as
//! the log, is copied. The copy goes with the process that made it, or with the next one where that was killed.

use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::private::make_private;
use crate::store::{OpenError, Store};
use crate::store_options::StoreOptions;

/// Between the name of the directory and the number of the process that made the copy.
const MARK: &str = ".verify-";
/// Files of tables, which RocksDB only makes and deletes.
const TABLES: &str = "sst";
/// RocksDB's own lock, and the file that it tells what it does.
const NOT_COPIED: [&str; 2] = ["LOCK", "LOG"];
/// The longest time in which the end of the upgraded database is waited for.
const CLOSED_WITHIN: Duration = Duration::from_mins(1);

/// The reason for which a copy cannot be made or read.
#[derive(Debug, Error)]
pub enum CopyError {
    /// It cannot be made.
    #[error(
        "the data directory {path} has schema version {found}, and is read in a copy beside it, {copy}, which cannot be made: \
         {reason}; make room there, or copy the directory to where there is some and name that"
    )]
    Unmade {
        /// The data directory.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The folder of the copy.
        copy: PathBuf,
        /// The error of the operating system.
        reason: String,
    },
    /// It is not what it should be.
    #[error(transparent)]
    Unread(#[from] OpenError),
}

/// A store to be read: a data directory, or the copy of one that an earlier version has written.
#[derive(Debug)]
pub struct ReadStore {
    /// Goes before the copy.
    store: Store,
    copy: Option<Copy>,
}

impl ReadStore {
    /// Opens a data directory for reading only, or a copy of it that is brought up to date.
    pub fn open(options: &StoreOptions) -> Result<Self, CopyError> {
        match Store::open_read_only(&options.path) {
            Ok(store) => Ok(Self { store, copy: None }),
            Err(OpenError::Outdated { found, .. }) => Self::upgraded(options, found),
            Err(error) => Err(error.into()),
        }
    }

    fn upgraded(options: &StoreOptions, found: u32) -> Result<Self, CopyError> {
        let copy = Copy::named(&options.path);
        copy.make(&options.path).map_err(|error| CopyError::Unmade {
            path: options.path.clone(),
            found,
            copy: copy.0.clone(),
            reason: error.to_string(),
        })?;
        let path = options.path.clone();
        let options = StoreOptions { path: copy.0.clone(), second_anchor: None, ..options.clone() };
        let upgraded = Store::open(options).map_err(|error| match error {
            // The directory is the one that can be brought up to date.
            OpenError::Outdated { found, .. } => OpenError::Outdated { path: path.clone(), found },
            error => error,
        })?;
        let closed = upgraded.closed();
        drop(upgraded);
        closed.wait(CLOSED_WITHIN);
        Ok(Self { store: Store::open_read_only(&copy.0)?, copy: Some(copy) })
    }

    /// The folder of the copy; `None` where the directory itself is read.
    pub fn copy(&self) -> Option<&Path> {
        self.copy.as_ref().map(|copy| copy.0.as_path())
    }
}

impl Deref for ReadStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// The folder of a copy, which is removed at the end.
#[derive(Debug)]
struct Copy(PathBuf);

impl Copy {
    fn named(path: &Path) -> Self {
        // Links need the same file system, which is that of the directory itself.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!("{MARK}{}", std::process::id()));
        Self(path.with_file_name(name))
    }

    fn make(&self, path: &Path) -> io::Result<()> {
        self.remove_left_behind();
        make_private(&self.0)?;
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let (from, to) = (entry.path(), self.0.join(entry.file_name()));
            if !entry.file_type()?.is_file() || NOT_COPIED.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            let is_table = from.extension().is_some_and(|extension| extension == TABLES);
            // Some file systems have no links.
            if !is_table || fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to)?;
            }
        }
        Ok(())
    }

    /// Removes copies whose process has ended. One that cannot be removed is in nobody's way.
    fn remove_left_behind(&self) {
        let Some(beside) = self.0.parent() else { return };
        let own = self.0.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some((name, _)) = own.rsplit_once(MARK) else { return };
        for entry in fs::read_dir(beside).into_iter().flatten().flatten() {
            let found = entry.file_name().to_string_lossy().into_owned();
            let Some((of, process)) = found.rsplit_once(MARK) else { continue };
            let is_number = !process.is_empty() && process.bytes().all(|octet| octet.is_ascii_digit());
            let runs = found != own && Path::new("/proc").join(process).exists();
            if of == name && is_number && !runs {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(copy = %self.0.display(), %error, "a copy of the data directory cannot be removed");
        }
    }
}
