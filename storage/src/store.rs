//! The data directory: opening it, reading rows, writing batches.

mod accounts;
mod balance;
mod dispatches;
mod history;
mod ledger;
mod messages;
mod open;
mod operators;
mod queue;
mod receipts;
mod records;
mod usage;
mod view;

use std::path::{Path, PathBuf};

use parking_lot::RwLock;
use rocksdb::{
    Cache, ColumnFamily, DB, DBIterator, Direction, IteratorMode, ReadOptions, WriteBatch, WriteOptions,
};
use thiserror::Error;

use crate::batch::Batch;
use crate::rows::{BatchRow, Row};
use crate::schema::{
    Family, LAST_SHORT_ID_KEY, SCHEMA_VERSION, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_OPERATORS,
    SCHEMA_VERSION_WITHOUT_USAGE,
};

pub use history::Transaction;
pub use open::OpenError;
pub use records::Order;

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When the disk has it: nothing acknowledged is lost by power failure.
    #[default]
    Sync,
    /// When the operating system has it: nothing acknowledged is lost by `kill -9`, the last moments may be by power
    /// failure.
    Os,
}

/// How a store is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// The data directory.
    pub path: PathBuf,
    /// Below this free room on its file system nothing more is written.
    pub minimum_free_bytes: u64,
    /// Memory for blocks that were read.
    pub cache_bytes: usize,
}

/// A row could not be read or written now.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("storage is unavailable: {0}")]
pub struct Unavailable(pub String);

impl From<rocksdb::Error> for Unavailable {
    fn from(error: rocksdb::Error) -> Self {
        Self(error.into_string())
    }
}

/// An open data directory.
pub struct Store {
    options: StoreOptions,
    cache: Cache,
    /// Absent while it is being opened again after a failed write.
    db: RwLock<Option<DB>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.options.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a data directory for writing, making it where it is not there, and bringing it up to date where an earlier
    /// version wrote it.
    pub fn open(options: StoreOptions) -> Result<Self, OpenError> {
        let cache = Cache::new_lru_cache(options.cache_bytes);
        let db = open::for_writing(&options.path, &cache)?;
        let store = Self { options, cache, db: RwLock::new(Some(db)) };
        match store.schema_version()? {
            Some(SCHEMA_VERSION) => {}
            None => store.set_schema_version()?,
            Some(SCHEMA_VERSION_WITHOUT_OPERATORS | SCHEMA_VERSION_WITHOUT_USAGE) => {
                store.build_usage(usage::ROWS_AT_ONCE).map_err(|error| store.not_opened(error))?;
                store.set_schema_version()?;
            }
            Some(found) => return Err(OpenError::Schema { path: store.options.path, found }),
        }
        Ok(store)
    }

    /// Opens a data directory for reading only. The daemon may be running on it; what is read is then a durable
    /// instant of the past.
    pub fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        let cache = Cache::new_lru_cache(32 << 20);
        let db = open::for_reading(path, &cache)?;
        let options = StoreOptions { path: path.to_owned(), minimum_free_bytes: 0, cache_bytes: 0 };
        let store = Self { options, cache, db: RwLock::new(Some(db)) };
        let path = path.to_owned();
        match store.schema_version()? {
            Some(SCHEMA_VERSION) => Ok(store),
            Some(found @ (SCHEMA_VERSION_WITHOUT_OPERATORS | SCHEMA_VERSION_WITHOUT_USAGE)) => {
                Err(OpenError::Outdated { path, found })
            }
            found => Err(OpenError::Schema { path, found: found.unwrap_or(0) }),
        }
    }

    /// The data directory.
    pub fn path(&self) -> &Path {
        &self.options.path
    }

    fn schema_version(&self) -> Result<Option<u32>, OpenError> {
        let version = self.get(Family::Meta, SCHEMA_VERSION_KEY).map_err(|error| self.not_opened(error))?;
        Ok(version.map(|bytes| open::version_of(&bytes)))
    }

    fn set_schema_version(&self) -> Result<(), OpenError> {
        let mut batch = Batch::default();
        batch.insert(Family::Meta, SCHEMA_VERSION_KEY, SCHEMA_VERSION.to_be_bytes().to_vec());
        self.write(&batch, Durability::Sync).map_err(|error| self.not_opened(error))
    }

    fn not_opened(&self, error: Unavailable) -> OpenError {
        OpenError::Database { path: self.options.path.clone(), reason: error.0 }
    }

    /// Closes the database and opens it again: what RocksDB needs after a failed write.
    pub(crate) fn reopen(&self) -> Result<(), Unavailable> {
        let mut db = self.db.write();
        *db = None;
        *db = Some(open::writable(&self.options.path, &self.cache)?);
        Ok(())
    }

    /// Whether the file system has the room that is asked for.
    pub(crate) fn check_room(&self) -> Result<(), Unavailable> {
        let stat = rustix::fs::statvfs(&self.options.path).map_err(|error| Unavailable(error.to_string()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < self.options.minimum_free_bytes {
            let minimum = self.options.minimum_free_bytes;
            return Err(Unavailable(format!("{free} bytes free, less than the minimum of {minimum}")));
        }
        Ok(())
    }

    /// Writes a batch, all or none.
    pub(crate) fn write(&self, batch: &Batch, durability: Durability) -> Result<(), Unavailable> {
        self.with(|db| {
            let mut write = WriteBatch::default();
            let mut last: Option<(Family, &ColumnFamily)> = None;
            for put in &batch.puts {
                let handle = match last {
                    Some((family, handle)) if family == put.family => handle,
                    _ => handle(db, put.family)?,
                };
                last = Some((put.family, handle));
                match &put.value {
                    Some(value) => write.put_cf(handle, &put.key, value),
                    None => write.delete_cf(handle, &put.key),
                }
            }
            let mut options = WriteOptions::default();
            options.set_sync(durability == Durability::Sync);
            Ok(db.write_opt(write, &options)?)
        })
    }

    /// One row's bytes.
    pub fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable> {
        self.with(|db| Ok(db.get_cf(handle(db, family)?, key)?))
    }

    pub(crate) fn row<R: Row>(&self, family: Family, key: &[u8]) -> Result<Option<R>, Unavailable> {
        let Some(value) = self.get(family, key)? else { return Ok(None) };
        R::read(&value).map(Some).ok_or_else(|| damaged(family))
    }

    /// A row that is one big-endian number.
    pub(crate) fn number(&self, family: Family, key: &[u8]) -> Result<Option<u64>, Unavailable> {
        let Some(value) = self.get(family, key)? else { return Ok(None) };
        let number = value.try_into().map_err(|_| damaged(family))?;
        Ok(Some(u64::from_be_bytes(number)))
    }

    /// Calls `visit` with each row from `start` on, in key order, until it answers `false` or the rows end.
    pub fn scan(
        &self,
        family: Family,
        start: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), Unavailable> {
        self.with(|db| {
            for row in db.iterator_cf(handle(db, family)?, IteratorMode::From(start, Direction::Forward)) {
                let (key, value) = row?;
                if !visit(&key, &value) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The first id after all that were given out.
    pub fn next_id(&self) -> Result<u64, Unavailable> {
        self.with(|db| {
            let last = db.iterator_cf(handle(db, Family::Batches)?, IteratorMode::End).next().transpose()?;
            let Some((key, value)) = last else { return Ok(0) };
            let first = key.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes));
            match (first, BatchRow::read(&value)) {
                (Some(first), Some(row)) => Ok(first + row.ids()),
                _ => Err(damaged(Family::Batches)),
            }
        })
    }

    /// Whether a commit gave this id to a message, whoever's.
    pub(crate) fn is_message(&self, id: u64) -> Result<bool, Unavailable> {
        self.with(|db| {
            let mode = IteratorMode::From(&id.to_be_bytes(), Direction::Reverse);
            let Some(row) = db.iterator_cf(handle(db, Family::Batches)?, mode).next() else {
                return Ok(false);
            };
            let (key, value) = row?;
            let first = key.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes));
            match (first, BatchRow::read(&value)) {
                (Some(first), Some(row)) => Ok(id < first + row.messages()),
                _ => Err(damaged(Family::Batches)),
            }
        })
    }

    /// The last short id given out; zero for none.
    pub(crate) fn last_short_id(&self) -> Result<u32, Unavailable> {
        let Some(value) = self.get(Family::Meta, LAST_SHORT_ID_KEY)? else { return Ok(0) };
        Ok(u32::from_be_bytes(value.try_into().map_err(|_| damaged(Family::Meta))?))
    }

    /// Reads rows one after the other. Other reads are possible meanwhile.
    pub(crate) fn with<T, E: From<Unavailable>>(
        &self,
        work: impl FnOnce(&DB) -> Result<T, E>,
    ) -> Result<T, E> {
        // A read inside another one must not wait for a writer that waits for the outer one.
        match &*self.db.read_recursive() {
            Some(db) => work(db),
            None => Err(Unavailable("the database is being opened again".to_owned()).into()),
        }
    }

    /// Calls `visit` with the rows whose keys lie in the range, in their order, until it answers `false`. RocksDB knows
    /// the end too, and so does not look at what was deleted behind it.
    fn range(
        &self,
        family: Family,
        keys: std::ops::Range<&[u8]>,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, Unavailable>,
    ) -> Result<(), Unavailable> {
        if keys.start >= keys.end {
            return Ok(());
        }
        self.with(|db| {
            let mut options = ReadOptions::default();
            options.set_iterate_upper_bound(keys.end);
            let mode = IteratorMode::From(keys.start, Direction::Forward);
            for row in db.iterator_cf_opt(handle(db, family)?, options, mode) {
                let (key, value) = row?;
                if !visit(&key, &value)? {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// What is said of a row that something else wrote, or that a disk has changed.
pub(crate) fn damaged(family: Family) -> Unavailable {
    Unavailable(format!("a damaged row in {}", family.name()))
}

/// All rows of a family, in the order of their keys.
pub(crate) fn rows<'db>(db: &'db DB, family: Family, start: &[u8]) -> Result<DBIterator<'db>, Unavailable> {
    Ok(db.iterator_cf(handle(db, family)?, IteratorMode::From(start, Direction::Forward)))
}

fn handle(db: &DB, family: Family) -> Result<&ColumnFamily, Unavailable> {
    db.cf_handle(family.name()).ok_or_else(|| Unavailable(format!("no column family {}", family.name())))
}
