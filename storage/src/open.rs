//! Opening a data directory, and bringing one of an earlier version up to date.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rocksdb::{Cache, DB, Options};
use thiserror::Error;

use crate::options;
use crate::schema::{
    Family, SCHEMA_VERSION, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_OPERATORS,
    SCHEMA_VERSION_WITHOUT_USAGE,
};

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
    #[error("{0} is not a data directory")]
    Missing(PathBuf),
    /// Written by another version.
    #[error("the data directory {path} has schema version {found}, this build reads {SCHEMA_VERSION}")]
    Schema {
        /// The data directory.
        path: PathBuf,
        /// Its schema version.
        found: u32,
    },
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

/// Opens for writing. A directory of another version is looked at before anything in it is changed.
pub fn for_writing(path: &Path, cache: &Cache) -> Result<DB, OpenError> {
    let failed = |reason: String| OpenError::Database { path: path.to_owned(), reason };
    if path.exists() && !path.is_dir() {
        return Err(failed("it is not a directory".to_owned()));
    }
    std::fs::create_dir_all(path).map_err(|error| failed(error.to_string()))?;
    if path.join("CURRENT").is_file() {
        match version_on_disk(path)? {
            None | Some(SCHEMA_VERSION | SCHEMA_VERSION_WITHOUT_OPERATORS | SCHEMA_VERSION_WITHOUT_USAGE) => {
            }
            Some(found) => return Err(OpenError::Schema { path: path.to_owned(), found }),
        }
    }
    writable(path, cache).map_err(|error| failed(reason_of(error)))
}

/// Opens for writing a directory that was open for writing before.
pub fn writable(path: &Path, cache: &Cache) -> Result<DB, rocksdb::Error> {
    let families = Family::ALL.iter().map(|family| (family.name(), options::family(*family, cache)));
    DB::open_cf_with_opts(&options::database(), path, families)
}

/// Opens for reading.
pub fn for_reading(path: &Path, cache: &Cache) -> Result<DB, OpenError> {
    if !path.join("CURRENT").is_file() {
        return Err(OpenError::Missing(path.to_owned()));
    }
    match version_on_disk(path)? {
        None | Some(SCHEMA_VERSION) => {}
        Some(found @ (SCHEMA_VERSION_WITHOUT_OPERATORS | SCHEMA_VERSION_WITHOUT_USAGE)) => {
            return Err(OpenError::Outdated { path: path.to_owned(), found });
        }
        Some(found) => return Err(OpenError::Schema { path: path.to_owned(), found }),
    }
    let families = Family::ALL.iter().map(|family| (family.name(), options::family(*family, cache)));
    DB::open_cf_with_opts_for_read_only(&existing(), path, families, false)
        .map_err(|error| OpenError::Database { path: path.to_owned(), reason: error.into_string() })
}

/// The version of a directory whose families are not those of this build. `None` where they are, as then it
/// is not worth opening it twice, and where it has no version yet: its making was broken off.
fn version_on_disk(path: &Path) -> Result<Option<u32>, OpenError> {
    let failed =
        |error: rocksdb::Error| OpenError::Database { path: path.to_owned(), reason: reason_of(error) };
    let found: BTreeSet<String> = DB::list_cf(&existing(), path).map_err(failed)?.into_iter().collect();
    let ours = || Family::ALL.iter().map(|family| family.name());
    let is_ours = |name: &String| name == "default" || ours().any(|our| our == name);
    if found.iter().all(is_ours) && ours().all(|our| found.contains(our)) {
        return Ok(None);
    }
    if !found.contains(Family::Meta.name()) {
        return Ok(None);
    }
    let db = DB::open_cf_for_read_only(&existing(), path, [Family::Meta.name()], false).map_err(failed)?;
    let Some(meta) = db.cf_handle(Family::Meta.name()) else { return Ok(None) };
    let version = db.get_cf(meta, SCHEMA_VERSION_KEY).map_err(failed)?;
    Ok(version.map(|bytes| version_of(&bytes)))
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
    if reason.contains("LOCK") { "it is in use by another process".to_owned() } else { reason }
}
