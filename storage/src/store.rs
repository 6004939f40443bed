//! The data directory: opening it, reading rows, writing batches.

use std::path::{Path, PathBuf};

use parking_lot::RwLock;
use rocksdb::{Cache, ColumnFamily, DB, Direction, IteratorMode, WriteBatch, WriteOptions};
use thiserror::Error;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::wallet::WalletState;

use crate::batch::Batch;
use crate::cdr::{BlockReader, Cdr};
use crate::options;
use crate::rows::{AccountRow, BatchRow, KeyRow, Row, StateRow, TariffRow};
use crate::schema::{
    Family, LAST_SHORT_ID_KEY, SCHEMA_VERSION, SCHEMA_VERSION_KEY, account_id_key, account_key,
    account_name_key, parse_account_id_key, short_id_key,
};

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

/// Why a data directory cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// RocksDB says no: not a directory, not ours to write, in use by another process, damaged.
    #[error("cannot open the data directory {path}: {reason}")]
    Database {
        /// The directory.
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
        /// The directory.
        path: PathBuf,
        /// What it has.
        found: u32,
    },
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
    /// Opens a data directory for writing, making it where it is not there.
    pub fn open(options: StoreOptions) -> Result<Self, OpenError> {
        let cache = Cache::new_lru_cache(options.cache_bytes);
        let failed = |reason: String| OpenError::Database { path: options.path.clone(), reason };
        if options.path.exists() && !options.path.is_dir() {
            return Err(failed("it is not a directory".to_owned()));
        }
        std::fs::create_dir_all(&options.path).map_err(|error| failed(error.to_string()))?;
        let db = open_for_writing(&options.path, &cache).map_err(|error| failed(reason_of(error)))?;
        let store = Self { options, cache, db: RwLock::new(Some(db)) };
        store.check_schema(true)?;
        Ok(store)
    }

    /// Opens a data directory for reading only. The daemon may be running on it; what is read is then a durable
    /// instant of the past.
    pub fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        if !path.join("CURRENT").is_file() {
            return Err(OpenError::Missing(path.to_owned()));
        }
        let cache = Cache::new_lru_cache(32 << 20);
        let families = Family::ALL.iter().map(|family| (family.name(), options::family(*family, &cache)));
        let mut database = options::database();
        database.create_if_missing(false);
        let db = DB::open_cf_with_opts_for_read_only(&database, path, families, false)
            .map_err(|error| OpenError::Database { path: path.to_owned(), reason: error.into_string() })?;
        let options = StoreOptions { path: path.to_owned(), minimum_free_bytes: 0, cache_bytes: 0 };
        let store = Self { options, cache, db: RwLock::new(Some(db)) };
        store.check_schema(false)?;
        Ok(store)
    }

    /// The data directory.
    pub fn path(&self) -> &Path {
        &self.options.path
    }

    fn check_schema(&self, create: bool) -> Result<(), OpenError> {
        let failed =
            |error: Unavailable| OpenError::Database { path: self.options.path.clone(), reason: error.0 };
        match self.get(Family::Meta, SCHEMA_VERSION_KEY).map_err(failed)? {
            None if create => {
                let mut batch = Batch::default();
                batch.insert(Family::Meta, SCHEMA_VERSION_KEY, SCHEMA_VERSION.to_be_bytes().to_vec());
                self.write(&batch, Durability::Sync).map_err(failed)
            }
            found => {
                let found =
                    found.and_then(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?))).unwrap_or(0);
                if found == SCHEMA_VERSION {
                    return Ok(());
                }
                Err(OpenError::Schema { path: self.options.path.clone(), found })
            }
        }
    }

    /// Closes the database and opens it again: what RocksDB needs after a failed write.
    pub(crate) fn reopen(&self) -> Result<(), Unavailable> {
        let mut db = self.db.write();
        *db = None;
        *db = Some(open_for_writing(&self.options.path, &self.cache)?);
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

    /// The last short id given out; zero for none.
    pub(crate) fn last_short_id(&self) -> Result<u32, Unavailable> {
        let Some(value) = self.get(Family::Meta, LAST_SHORT_ID_KEY)? else { return Ok(0) };
        Ok(u32::from_be_bytes(value.try_into().map_err(|_| damaged(Family::Meta))?))
    }

    /// Every account that was ever provisioned.
    pub fn accounts(&self) -> Result<Vec<(AccountNumber, AccountRow)>, Unavailable> {
        self.numbered(Family::Accounts)
    }

    /// Every wallet at this durable instant.
    pub fn wallets(&self) -> Result<Vec<(AccountNumber, WalletState)>, Unavailable> {
        self.numbered(Family::Wallets)
    }

    /// Every tariff version ever applied, by the number that CDRs name it with.
    pub fn tariffs(&self) -> Result<Vec<(u32, TariffRow)>, Unavailable> {
        Ok(self.numbered(Family::Tariffs)?.into_iter().map(|(number, row)| (number.0, row)).collect())
    }

    fn numbered<R: Row>(&self, family: Family) -> Result<Vec<(AccountNumber, R)>, Unavailable> {
        let (mut rows, mut sound) = (Vec::new(), true);
        self.scan(family, &[], |key, value| {
            match (key.try_into(), R::read(value)) {
                (Ok(number), Some(row)) => rows.push((AccountNumber(u32::from_be_bytes(number)), row)),
                _ => sound = false,
            }
            sound
        })?;
        if sound { Ok(rows) } else { Err(damaged(family)) }
    }

    /// The durable wallet of an account.
    pub fn wallet(&self, account: AccountNumber) -> Result<Option<WalletState>, Unavailable> {
        self.row(Family::Wallets, &account_key(account))
    }

    /// An idempotency key, expired or not.
    pub fn key(&self, account: AccountNumber, key: &[u8]) -> Result<Option<KeyRow>, Unavailable> {
        self.row(Family::Keys, &account_name_key(account, key))
    }

    /// What became of a message; `None` while it is en route.
    pub fn state(&self, account: AccountNumber, message_id: u64) -> Result<Option<StateRow>, Unavailable> {
        self.row(Family::States, &account_id_key(account, message_id))
    }

    /// The message that an SMPP 3.3 bind knows by this id.
    pub fn message_of_short_id(
        &self,
        account: AccountNumber,
        short_id: u32,
    ) -> Result<Option<u64>, Unavailable> {
        self.number(Family::ShortIds, &short_id_key(account, short_id))
    }

    /// Calls `read` with a message's CDR; `None` where the account has no such message.
    pub fn cdr<T>(
        &self,
        account: AccountNumber,
        message_id: u64,
        read: impl FnOnce(&Cdr<'_>) -> T,
    ) -> Result<Option<T>, Unavailable> {
        self.with(|db| {
            let key = account_id_key(account, message_id);
            let mode = IteratorMode::From(&key, Direction::Reverse);
            let Some(row) = db.iterator_cf(handle(db, Family::Cdrs)?, mode).next() else { return Ok(None) };
            let (key, value) = row?;
            let (owner, first) = parse_account_id_key(&key).ok_or_else(|| damaged(Family::Cdrs))?;
            if owner != account {
                return Ok(None);
            }
            let mut block = BlockReader::new(owner, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
            match block.find(|cdr| cdr.message_id == message_id) {
                Some(cdr) => Ok(Some(read(&cdr))),
                None if block.is_sound() => Ok(None),
                None => Err(damaged(Family::Cdrs)),
            }
        })
    }

    fn with<T>(&self, work: impl FnOnce(&DB) -> Result<T, Unavailable>) -> Result<T, Unavailable> {
        match &*self.db.read() {
            Some(db) => work(db),
            None => Err(Unavailable("the database is being opened again".to_owned())),
        }
    }
}

/// What is said of a row that something else wrote, or that a disk has changed.
pub(crate) fn damaged(family: Family) -> Unavailable {
    Unavailable(format!("a damaged row in {}", family.name()))
}

fn handle(db: &DB, family: Family) -> Result<&ColumnFamily, Unavailable> {
    db.cf_handle(family.name()).ok_or_else(|| Unavailable(format!("no column family {}", family.name())))
}

/// RocksDB's own words, but for the one case that an operator meets.
fn reason_of(error: rocksdb::Error) -> String {
    let reason = error.into_string();
    if reason.contains("LOCK") { "it is in use by another process".to_owned() } else { reason }
}

fn open_for_writing(path: &Path, cache: &Cache) -> Result<DB, rocksdb::Error> {
    let families = Family::ALL.iter().map(|family| (family.name(), options::family(*family, cache)));
    DB::open_cf_with_opts(&options::database(), path, families)
}
