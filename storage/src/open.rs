//! Opening a data directory, and bringing one of an earlier version up to date.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use rocksdb::{Cache, DB, Options};
use rustix::fs::{Access, access};
use thiserror::Error;

use crate::anchor;
use crate::anchor_check::{self, AnchorError};
use crate::data_folder::{self, CURRENT, FolderContent};
use crate::options;
use crate::private::{check_owner, make_private};
use crate::rows::Row;
use crate::schema::{
    Family, SCHEMA_VERSION, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_COUNTRIES,
    SCHEMA_VERSION_WITHOUT_OPERATORS, SCHEMA_VERSION_WITHOUT_SERIES, SCHEMA_VERSION_WITHOUT_SUMS,
    SCHEMA_VERSION_WITHOUT_USAGE, SCHEMA_VERSION_WITHOUT_USAGE_BELOW,
};
use crate::store_options::StoreOptions;
use crate::sums::{COMMIT_KEY, CommitRow};
use crate::wal;

/// The reason for which a data directory cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// RocksDB says no: not a directory, not ours to write, in use by another process, damaged.
    #[error("cannot open the data directory {path}: {reason}")]
    Database {
        /// The data directory.
        path: PathBuf,
        /// In RocksDB's words.
        reason: String,
    },
    /// Nothing is there to read.
    #[error(
        "{0} is not a data directory: it has no books; `tollgate run` makes them, and --data-dir names another directory"
    )]
    Missing(PathBuf),
    /// Something else is there.
    #[error(
        "{path} is not a data directory of Tollgate and not empty: {what}; nothing in it was changed; name a folder that is \
         empty or not there yet, with storage.data_dir or --data-dir"
    )]
    Foreign {
        /// The folder that was named.
        path: PathBuf,
        /// Its content, as a part of a sentence.
        what: String,
    },
    /// Written by another version.
    #[error("the data directory {path} has schema version {found}, this build reads {SCHEMA_VERSION}")]
    Schema {
        /// The data directory.
        path: PathBuf,
        /// Its schema version.
        found: u32,
    },
    /// It is not what its anchor says.
    #[error("the data directory is refused: {0}")]
    Anchor(#[from] AnchorError),
    /// Written by an earlier version, and opened for reading only.
    #[error(
        "the data directory {path} has schema version {found}, this build reads {SCHEMA_VERSION}: \
         start `tollgate run` on it once, which brings it up to date and loses nothing"
    )]
    Outdated {
        /// The data directory.
        path: PathBuf,
        /// Its schema version.
        found: u32,
    },
}

impl OpenError {
    /// The refusal of a folder with an entry that is none of ours.
    fn foreign(path: &Path, entry: &Path) -> Self {
        let name = entry.file_name().unwrap_or_default().display();
        Self::Foreign { path: path.to_owned(), what: format!("it has `{name}`") }
    }
}

/// Looks at an anchor after which a part of it counts as damaged.
const LOOKS: usize = 3;
/// The family that every RocksDB database has.
const DEFAULT_FAMILY: &str = "default";

/// Opens for writing. A folder of somebody else, and a directory of another version, is looked at before anything in it is changed.
pub fn for_writing(
    store: &StoreOptions,
    cache: &Cache,
    forgotten_hour: &Arc<AtomicU32>,
) -> Result<DB, OpenError> {
    let path = store.path.as_path();
    let failed = |reason: String| OpenError::Database { path: path.to_owned(), reason };
    let is_anchored = admit(path)?;
    if path.exists()
        && let Err(error) = access(path, Access::WRITE_OK | Access::EXEC_OK)
    {
        return Err(failed(format!("it cannot be written: {error}")));
    }
    make_private(path).map_err(|error| failed(error.to_string()))?;
    if is_anchored {
        check_anchors(store, cache)?;
    }
    writable(path, cache, forgotten_hour).map_err(|error| failed(reason_of(error)))
}

/// Refuses what would not be opened for writing, and changes nothing. A daemon may be running on it. Returns the files of the
/// anchor of which a part is damaged, so that the rest has to do.
pub fn check(store: &StoreOptions) -> Result<Vec<PathBuf>, OpenError> {
    if !admit(&store.path)? {
        return Ok(Vec::new());
    }
    check_anchors(store, &Cache::new_lru_cache(store.cache_bytes))?;
    let is_damaged = |path: &PathBuf| matches!(anchor::read(path), Ok(Some(found)) if found.is_damaged);
    // A daemon that is running may be writing just now.
    let is_damaged = |path: &PathBuf| (0..LOOKS).all(|_| is_damaged(path));
    Ok(store.anchor_paths().into_iter().filter(is_damaged).collect())
}

/// Looks at a folder before anything in it is changed: it is ours, or free, and of a version that is known. True if there are
/// commits that an anchor names.
pub fn admit(path: &Path) -> Result<bool, OpenError> {
    let failed = |reason: String| OpenError::Database { path: path.to_owned(), reason };
    if path.exists() && !path.is_dir() {
        return Err(failed("it is not a directory".to_owned()));
    }
    // Nobody is told to give a folder away that is not ours, so that its owner is looked at last.
    let owned = || check_owner(path).map_err(|error| failed(error.to_string()));
    let content = data_folder::look(path).or_else(|error| {
        owned()?;
        Err(failed(error.to_string()))
    })?;
    match content {
        FolderContent::Missing => return Ok(false),
        FolderContent::Free => return owned().map(|()| false),
        FolderContent::Database => {}
        FolderContent::Unlisted => return Err(AnchorError::unlisted(path).into()),
        FolderContent::Foreign(entry) => return Err(OpenError::foreign(path, &entry)),
    }
    owned()?;
    match layout_of(path)? {
        Layout::Ours
        | Layout::Of(
            SCHEMA_VERSION
            | SCHEMA_VERSION_WITHOUT_COUNTRIES
            | SCHEMA_VERSION_WITHOUT_USAGE_BELOW
            | SCHEMA_VERSION_WITHOUT_SERIES,
        ) => Ok(true),
        // Where an anchor names a commit, the list of tables has lost what it said.
        Layout::Unmade => Ok(data_folder::names_a_commit(path)),
        Layout::Of(found) if is_upgraded(found) => Ok(false),
        Layout::Of(found) => Err(OpenError::Schema { path: path.to_owned(), found }),
    }
}

/// Opens for writing a directory that was open for writing before.
pub fn writable(path: &Path, cache: &Cache, forgotten_hour: &Arc<AtomicU32>) -> Result<DB, rocksdb::Error> {
    let families =
        Family::ALL.iter().map(|family| (family.name(), options::family(*family, cache, forgotten_hour)));
    DB::open_cf_with_opts(&options::database(), path, families)
}

/// True for the schema versions that are brought up to date when they are opened for writing.
pub fn is_upgraded(version: u32) -> bool {
    matches!(
        version,
        SCHEMA_VERSION_WITHOUT_OPERATORS
            | SCHEMA_VERSION_WITHOUT_USAGE
            | SCHEMA_VERSION_WITHOUT_SUMS
            | SCHEMA_VERSION_WITHOUT_COUNTRIES
            | SCHEMA_VERSION_WITHOUT_USAGE_BELOW
            | SCHEMA_VERSION_WITHOUT_SERIES
    )
}

/// True for the schema versions whose commits are chained, and named by an anchor.
pub fn has_chain(version: u32) -> bool {
    version > SCHEMA_VERSION_WITHOUT_SUMS
}

/// Reads the last commit without changing anything, and compares it with the anchors.
fn check_anchors(store: &StoreOptions, cache: &Cache) -> Result<(), OpenError> {
    let path = store.path.as_path();
    let read = |anchor: PathBuf| match anchor::read(&anchor) {
        Ok(found) => Ok((anchor, found)),
        Err(error) => Err(AnchorError::Unusable(format!("{}: {error}", anchor.display()))),
    };
    // Read first, so that a daemon that is running makes no anchor that is ahead.
    let anchors = store.anchor_paths().into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    // Of a directory that was copied back, the anchor elsewhere names the commits that are missing.
    if let Some((_, Some(found))) = anchors.first() {
        anchor_check::judge_tables(path, found.manifest)?;
    }
    let db = read_only(path, cache).map_err(|error| OpenError::Database {
        path: path.to_owned(),
        reason: match wal::first_damage(path) {
            Some(end) if end.is_damaged() => format!("{} ({end})", reason_of(error)),
            _ => reason_of(error),
        },
    })?;
    let row = |family: Family, key: &[u8]| {
        let handle = db.cf_handle(family.name());
        let row = handle.and_then(|handle| db.get_cf(handle, key).transpose()).transpose();
        row.map_err(|error| OpenError::Database { path: path.to_owned(), reason: error.into_string() })
    };
    let version = row(Family::Meta, SCHEMA_VERSION_KEY)?.map(|octets| version_of(&octets));
    if version.is_some_and(|version| !has_chain(version)) {
        return Ok(());
    }
    let Some(last) = row(Family::Sums, COMMIT_KEY)?.and_then(|octets| CommitRow::read(&octets)) else {
        // Where there is no version either, the making of the directory was broken off.
        let anchored = anchors.iter().find_map(|(_, found)| found.as_ref()?.reached).is_some();
        return match version {
            None if !anchored => Ok(()),
            _ => Err(AnchorError::no_commit(path).into()),
        };
    };
    for (index, (anchor, found)) in anchors.iter().enumerate() {
        if index > 0 && found.is_none() {
            tracing::warn!(anchor = %anchor.display(), "the second anchor is made now");
            continue;
        }
        anchor_check::judge(path, anchor, &last, found.as_ref())?;
    }
    Ok(())
}

/// Opens for reading.
pub fn for_reading(path: &Path, cache: &Cache) -> Result<DB, OpenError> {
    if !path.join(CURRENT).is_file() {
        return Err(OpenError::Missing(path.to_owned()));
    }
    match layout_of(path)? {
        Layout::Ours | Layout::Unmade | Layout::Of(SCHEMA_VERSION) => {}
        Layout::Of(found) if is_upgraded(found) => {
            return Err(OpenError::Outdated { path: path.to_owned(), found });
        }
        Layout::Of(found) => return Err(OpenError::Schema { path: path.to_owned(), found }),
    }
    read_only(path, cache)
        .map_err(|error| OpenError::Database { path: path.to_owned(), reason: error.into_string() })
}

/// Opens for reading the families that are there: an earlier version has not all of them.
fn read_only(path: &Path, cache: &Cache) -> Result<DB, rocksdb::Error> {
    let never = Arc::default();
    let there: BTreeSet<String> = DB::list_cf(&existing(), path)?.into_iter().collect();
    let families = Family::ALL.iter().filter(|family| there.contains(family.name()));
    let families = families.map(|family| (family.name(), options::family(*family, cache, &never)));
    DB::open_cf_with_opts_for_read_only(&existing(), path, families, false)
}

/// The families of a directory, and the version where they are not those of this build.
enum Layout {
    /// The families of this build, whatever the version.
    Ours,
    /// Some of the families and no version: the making of the directory was broken off.
    Unmade,
    /// The families of this version.
    Of(u32),
}

fn layout_of(path: &Path) -> Result<Layout, OpenError> {
    let failed =
        |error: rocksdb::Error| OpenError::Database { path: path.to_owned(), reason: reason_of(error) };
    let found: BTreeSet<String> = DB::list_cf(&existing(), path).map_err(failed)?.into_iter().collect();
    let ours = || Family::ALL.iter().map(|family| family.name());
    let is_ours = |name: &String| name == DEFAULT_FAMILY || ours().any(|our| our == name);
    if found.iter().all(is_ours) && ours().all(|our| found.contains(our)) {
        return Ok(Layout::Ours);
    }
    let foreign = found.iter().find(|name| !is_ours(name));
    let unmade = || match foreign {
        Some(name) => {
            let what = format!("it has a RocksDB database of another program, with the family `{name}`");
            Err(OpenError::Foreign { path: path.to_owned(), what })
        }
        None => Ok(Layout::Unmade),
    };
    if !found.contains(Family::Meta.name()) {
        // Nothing is ever written to the family that every database has, nor to any other before the version.
        if found.len() <= 1 && has_rows(path) && !data_folder::names_a_commit(path) {
            let what = "it has a RocksDB database of another program".to_owned();
            return Err(OpenError::Foreign { path: path.to_owned(), what });
        }
        return unmade();
    }
    let db = DB::open_cf_for_read_only(&existing(), path, [Family::Meta.name()], false).map_err(failed)?;
    let Some(meta) = db.cf_handle(Family::Meta.name()) else { return unmade() };
    let version = db.get_cf(meta, SCHEMA_VERSION_KEY).map_err(failed)?;
    version.map_or_else(unmade, |bytes| Ok(Layout::Of(version_of(&bytes))))
}

/// True if a folder holds a database of this program, of whatever version. Nothing in it is changed.
pub fn holds_books(path: &Path) -> bool {
    path.join(CURRENT).is_file() && !matches!(layout_of(path), Err(OpenError::Foreign { .. }))
}

/// True if a database has a table, or anything in a log.
fn has_rows(path: &Path) -> bool {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let (name, octets) = (entry.file_name(), entry.metadata().map_or(0, |known| known.len()));
        let name = name.to_string_lossy();
        name.ends_with(".sst") || (name.ends_with(".log") && octets > 0)
    })
}

/// The version that the row in `meta` holds; zero where it holds none.
pub fn version_of(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_be_bytes)
}

/// A database that is not made where it is not there.
fn existing() -> Options {
    let mut options = options::database();
    options.create_if_missing(false);
    options.create_missing_column_families(false);
    options
}

/// RocksDB's own words, but for the one case that an operator meets.
fn reason_of(error: rocksdb::Error) -> String {
    let reason = error.into_string();
    if reason.contains("LOCK") {
        "it is in use by another process, which has to end first".to_owned()
    } else {
        reason
    }
}
