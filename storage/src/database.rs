//! The RocksDB database of a data directory: rows are read, and batches written.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::RwLock;
use rocksdb::{
    Cache, ColumnFamily, DB, DBIterator, Direction, IteratorMode, ReadOptions, WriteBatch, WriteOptions,
};
use thiserror::Error;

use crate::batch::Batch;
use crate::closed::{Closed, Open};
use crate::open::{self, OpenError};
use crate::rows::Row;
use crate::schema::Family;
use crate::store_options::{Durability, StoreOptions};

/// A row cannot be read or written at present.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("storage is unavailable: {0}")]
pub struct Unavailable(pub String);

impl From<rocksdb::Error> for Unavailable {
    fn from(error: rocksdb::Error) -> Self {
        Self(error.into_string())
    }
}

/// The order in which rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By ascending key.
    Ascending,
    /// By descending key.
    Descending,
}

/// An open database.
pub struct Database {
    options: StoreOptions,
    cache: Cache,
    /// The last hour whose expired rows compaction may drop.
    forgotten_hour: Arc<AtomicU32>,
    /// `None` while the database is reopened after a failed write.
    db: RwLock<Option<DB>>,
    /// Goes after the database, which tells those who wait for its end.
    open: Open,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.options.path).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens a database for writing, and creates it if it does not exist.
    pub fn for_writing(options: StoreOptions) -> Result<Self, OpenError> {
        let cache = Cache::new_lru_cache(options.cache_bytes);
        let forgotten_hour = Arc::default();
        let db = open::for_writing(&options, &cache, &forgotten_hour)?;
        Ok(Self { options, cache, forgotten_hour, db: RwLock::new(Some(db)), open: Open::default() })
    }

    /// Opens a database for reading only.
    pub fn for_reading(path: &Path) -> Result<Self, OpenError> {
        let cache = Cache::new_lru_cache(32 << 20);
        let db = open::for_reading(path, &cache)?;
        Ok(Self {
            options: StoreOptions::at(path),
            cache,
            forgotten_hour: Arc::default(),
            db: RwLock::new(Some(db)),
            open: Open::default(),
        })
    }

    /// A way to wait until the database is closed, which happens once nobody holds it any more.
    pub fn closed(&self) -> Closed {
        self.open.closed()
    }

    /// The data directory.
    pub fn path(&self) -> &Path {
        &self.options.path
    }

    /// Closes the database and opens it again: what RocksDB needs after a failed write.
    pub fn reopen(&self) -> Result<(), Unavailable> {
        let mut db = self.db.write();
        *db = None;
        *db = Some(open::writable(&self.options.path, &self.cache, &self.forgotten_hour)?);
        Ok(())
    }

    /// The settings that it was opened with.
    pub fn options(&self) -> &StoreOptions {
        &self.options
    }

    /// Lets compaction drop what ended in this hour or before. The commit that says so is durable.
    pub fn forget(&self, hour: u32) {
        self.forgotten_hour.store(hour, Ordering::Relaxed);
    }

    /// Fails if the file system has less free space than the options ask for.
    pub fn check_room(&self) -> Result<(), Unavailable> {
        let stat = rustix::fs::statvfs(&self.options.path).map_err(|error| Unavailable(error.to_string()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < self.options.minimum_free_bytes {
            let minimum = self.options.minimum_free_bytes;
            return Err(Unavailable(format!("{free} bytes free, less than the minimum of {minimum}")));
        }
        Ok(())
    }

    /// Writes a batch, all of it or nothing.
    pub fn write(&self, batch: &Batch, durability: Durability) -> Result<(), Unavailable> {
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

    /// The bytes of one row.
    pub fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable> {
        self.with(|db| Ok(db.get_cf(handle(db, family)?, key)?))
    }

    /// Reads one row.
    pub fn row<R: Row>(&self, family: Family, key: &[u8]) -> Result<Option<R>, Unavailable> {
        let Some(value) = self.get(family, key)? else { return Ok(None) };
        R::read(&value).map(Some).ok_or_else(|| damaged(family))
    }

    /// A row that is one big-endian number.
    pub fn number(&self, family: Family, key: &[u8]) -> Result<Option<u64>, Unavailable> {
        let Some(value) = self.get(family, key)? else { return Ok(None) };
        let number = value.try_into().map_err(|_| damaged(family))?;
        Ok(Some(u64::from_be_bytes(number)))
    }

    /// Calls `visit` with each row from `start` on, in key order, until it returns `false` or the rows end.
    pub fn scan(
        &self,
        family: Family,
        start: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), Unavailable> {
        self.with(|db| {
            for row in rows(db, family, start)? {
                let (key, value) = row?;
                if !visit(&key, &value) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Calls `visit` with the rows whose keys lie in the range, in key order, until it returns `false`.
    /// RocksDB is told the end of the range, so it does not step over deleted rows behind it.
    pub fn range(
        &self,
        family: Family,
        keys: Range<&[u8]>,
        visit: impl FnMut(&[u8], &[u8]) -> Result<bool, Unavailable>,
    ) -> Result<(), Unavailable> {
        self.ordered_range(family, (keys.start.to_vec(), Some(keys.end.to_vec())), Order::Ascending, visit)
    }

    /// Calls `visit` with the rows of keys from the first on and before the second, until it returns `false`.
    pub fn ordered_range(
        &self,
        family: Family,
        (start, end): (Vec<u8>, Option<Vec<u8>>),
        order: Order,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, Unavailable>,
    ) -> Result<(), Unavailable> {
        if end.as_ref().is_some_and(|end| *end <= start) {
            return Ok(());
        }
        self.with(|db| {
            let mut options = ReadOptions::default();
            options.set_iterate_lower_bound(start);
            if let Some(end) = end {
                options.set_iterate_upper_bound(end);
            }
            let mode = match order {
                Order::Ascending => IteratorMode::Start,
                Order::Descending => IteratorMode::End,
            };
            for row in db.iterator_cf_opt(handle(db, family)?, options, mode) {
                let (key, value) = row?;
                if !visit(&key, &value)? {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The last row of a family whose key is `key` or comes before it.
    pub fn last_until(&self, family: Family, key: &[u8]) -> Result<Option<KeyAndValue>, Unavailable> {
        self.with(|db| {
            let mode = IteratorMode::From(key, Direction::Reverse);
            Ok(db.iterator_cf(handle(db, family)?, mode).next().transpose()?)
        })
    }

    /// The last row of a family.
    pub fn last(&self, family: Family) -> Result<Option<KeyAndValue>, Unavailable> {
        self.with(|db| Ok(db.iterator_cf(handle(db, family)?, IteratorMode::End).next().transpose()?))
    }

    /// Calls `work` with the database, which is not closed meanwhile. Other reads are possible at the same
    /// time.
    pub fn with<T, E: From<Unavailable>>(&self, work: impl FnOnce(&DB) -> Result<T, E>) -> Result<T, E> {
        // A read inside another one must not wait for a writer that waits for the outer one.
        match &*self.db.read_recursive() {
            Some(db) => work(db),
            None => Err(Unavailable("the database is being opened again".to_owned()).into()),
        }
    }
}

/// The key and the value of a row.
pub type KeyAndValue = (Box<[u8]>, Box<[u8]>);

/// The error for a row that something else wrote, or that the disk has changed.
pub fn damaged(family: Family) -> Unavailable {
    Unavailable(format!("a damaged row in {}", family.name()))
}

/// All rows of a family from `start` on, in the order of their keys.
pub fn rows<'db>(db: &'db DB, family: Family, start: &[u8]) -> Result<DBIterator<'db>, Unavailable> {
    Ok(db.iterator_cf(handle(db, family)?, IteratorMode::From(start, Direction::Forward)))
}

/// RocksDB's handle of a column family.
pub fn handle(db: &DB, family: Family) -> Result<&ColumnFamily, Unavailable> {
    db.cf_handle(family.name()).ok_or_else(|| Unavailable(format!("no column family {}", family.name())))
}
