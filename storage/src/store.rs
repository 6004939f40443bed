//! The data directory: opening it, and the readers of its rows, one for each part of the books.

mod audit;
mod below;
mod checkpoint;
mod dispatches;
mod documents;
mod history;
mod messages;
mod pockets;
mod provisioned;
mod queue;
mod receipts;
mod requests;
mod rewriting;
pub mod search;
mod series;
mod upstream;
mod usage;
mod wallets;

use std::path::{Path, PathBuf};

use tollgate_engine::health::HealthSample;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::anchor::{self, AnchorFiles, AnchorWriter};
use crate::batch::Batch;
use crate::database::{Database, damaged};
use crate::open;
use crate::rows::Row;
use crate::schema::{Family, SCHEMA_VERSION, SCHEMA_VERSION_KEY, health_key, parse_operator_number_key};
use crate::store_options::ANCHOR_FILE;
use crate::sums::{self, COMMIT_KEY};
use crate::upgrade;

pub use crate::anchor_check::AnchorError;
pub use crate::closed::Closed;
pub use crate::commits::CommitRows;
pub use crate::database::{Order, Unavailable};
pub use crate::open::{OpenError, holds_books};
pub use crate::store_options::{AnchorMode, Durability, StoreOptions};
pub use crate::sums::CommitRow;
pub use audit::AuditRows;
pub use dispatches::DispatchRows;
pub use documents::DocumentRows;
pub use history::{History, Transaction};
pub use messages::MessageRows;
pub use pockets::PocketRows;
pub use provisioned::ProvisionedRows;
pub use queue::QueueRows;
pub use receipts::ReceiptRows;
pub use requests::RequestRows;
pub use search::MessageSearch;
pub use series::{Accounts, SeriesInstant, SeriesRead, SeriesRows};
pub use upstream::UpstreamRows;
pub use usage::UsageRows;
pub use wallets::WalletRows;

/// The anchor of a directory.
#[derive(Debug)]
pub(crate) enum Anchors {
    /// Open for writing.
    Written(AnchorWriter),
    /// As it was before the directory was opened for reading; `None` where there is no such file.
    Found(Option<anchor::Found>),
}

/// An open data directory.
#[derive(Debug)]
pub struct Store {
    /// Goes before the database: the end of the database is what a process waits for.
    anchors: Anchors,
    database: Database,
}

impl Store {
    /// Opens a data directory for writing, creates it if it does not exist, and migrates it if an earlier
    /// version wrote it.
    pub fn open(options: StoreOptions) -> Result<Self, OpenError> {
        let database = Database::for_writing(options)?;
        let version = schema_version(&database)?;
        match version {
            Some(SCHEMA_VERSION) => {}
            None => upgrade::begin(&database).map_err(|error| not_opened(&database, error))?,
            Some(found) if open::is_upgraded(found) && database.options().number_countries.is_none() => {
                return Err(OpenError::Outdated { path: database.path().to_owned(), found });
            }
            Some(found) if open::is_upgraded(found) => {
                upgrade::upgrade(&database, found).map_err(|error| not_opened(&database, error))?;
            }
            Some(found) => return Err(OpenError::Schema { path: database.path().to_owned(), found }),
        }
        let paths = database.options().anchor_paths();
        let paths = paths.iter().map(PathBuf::as_path);
        let last = if version == Some(SCHEMA_VERSION) {
            last_commit(&database)
        } else {
            sums::build(&database).map(Some)
        };
        let anchors = if version.is_some_and(open::has_chain) {
            AnchorFiles::open(database.path(), paths)
        } else {
            AnchorFiles::create(database.path(), paths)
        };
        let anchors = anchors.map_err(|error| AnchorError::Unusable(error.to_string()))?;
        let last = last.map_err(|error| not_opened(&database, error))?;
        let last = last.ok_or_else(|| AnchorError::no_commit(database.path()))?;
        // A commit that was on its way to the anchor when the process ended is in it from now on.
        let anchors = AnchorWriter::start(anchors, database.options().anchor_mode, &last);
        let anchors = anchors.map_err(|error| AnchorError::Unusable(error.to_string()))?;
        let store = Self { database, anchors: Anchors::Written(anchors) };
        let forgotten = sums::forgotten_hour(&store.database);
        store.database.forget(forgotten.map_err(|error| not_opened(&store.database, error))?);
        Ok(store)
    }

    /// Refuses a folder that is not ours or of another version, and changes nothing: the first look of [`Self::open`].
    pub fn admit(path: &Path) -> Result<(), OpenError> {
        open::admit(path).map(|_| ())
    }

    /// Refuses what [`Self::open`] would refuse, and changes nothing: for whoever wants to know before a start. A daemon may be
    /// running on the directory. Returns the files of the anchor of which a part is damaged, so that the rest has to do.
    pub fn check(options: &StoreOptions) -> Result<Vec<PathBuf>, OpenError> {
        open::check(options)
    }

    /// Makes anchors for what a data directory holds, whatever they say now. Returns the last commit.
    pub fn accept(options: &StoreOptions) -> Result<CommitRow, OpenError> {
        let store = Self::open_read_only(&options.path)?;
        let unreadable = |error| not_opened(&store.database, error);
        let last = store.last_commit().map_err(unreadable)?;
        let last = last.ok_or_else(|| AnchorError::no_commit(&options.path))?;
        let paths = options.anchor_paths();
        AnchorFiles::create(&options.path, paths.iter().map(PathBuf::as_path))
            .and_then(|anchors| anchors.settle(&last))
            .map_err(|error| AnchorError::Unusable(error.to_string()))?;
        Ok(last)
    }

    /// Opens a data directory for reading only. The daemon may be running on it; what is read is then a
    /// durable instant of the past.
    pub fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        let found = anchor::read(&path.join(ANCHOR_FILE))
            .map_err(|error| AnchorError::Unusable(error.to_string()))?;
        let store = Self { database: Database::for_reading(path)?, anchors: Anchors::Found(found) };
        let path = path.to_owned();
        match schema_version(&store.database)? {
            Some(SCHEMA_VERSION) => Ok(store),
            Some(found) if open::is_upgraded(found) => Err(OpenError::Outdated { path, found }),
            found => Err(OpenError::Schema { path, found: found.unwrap_or(0) }),
        }
    }

    /// A way to wait until the directory is closed, which happens once nobody holds the store any more.
    pub fn closed(&self) -> Closed {
        self.database.closed()
    }

    /// The data directory.
    pub fn path(&self) -> &Path {
        self.database.path()
    }

    /// The bytes of one row.
    pub fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable> {
        self.database.get(family, key)
    }

    /// Calls `visit` with each row from `start` on, in key order, until it returns `false` or the rows end.
    pub fn scan(
        &self,
        family: Family,
        start: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), Unavailable> {
        self.database.scan(family, start, visit)
    }

    /// Samples of an operator's health from one instant to before another.
    pub fn health(
        &self,
        operator: OperatorNumber,
        from: UnixMicros,
        to: UnixMicros,
    ) -> Result<Vec<(UnixMicros, HealthSample)>, Unavailable> {
        let mut samples = Vec::new();
        let keys = &health_key(operator, from)..&health_key(operator, to);
        self.database.range(Family::Health, &keys.start[..]..&keys.end[..], |key, value| {
            let read = parse_operator_number_key(key).zip(HealthSample::read(value));
            let ((_, at), sample) = read.ok_or_else(|| damaged(Family::Health))?;
            samples.push((UnixMicros(at), sample));
            Ok(true)
        })?;
        Ok(samples)
    }

    /// Accounts, operators and tariff versions.
    pub fn provisioned(&self) -> ProvisionedRows<'_> {
        ProvisionedRows { database: &self.database }
    }

    /// Wallets as they are on disk.
    pub fn wallets(&self) -> WalletRows<'_> {
        WalletRows { database: &self.database }
    }

    /// Bundles, counters of caps, commission balances, and what was sold to children.
    pub fn pockets(&self) -> PocketRows<'_> {
        PocketRows { database: &self.database }
    }

    /// Messages of an account.
    pub fn messages(&self) -> MessageRows<'_> {
        MessageRows { database: &self.database }
    }

    /// Charges and ledger entries in the order of time.
    pub fn history(&self) -> History<'_> {
        History { database: &self.database }
    }

    /// Messages of all accounts, to be searched.
    pub fn search(&self) -> MessageSearch<'_> {
        MessageSearch { database: &self.database }
    }

    /// Counters of dispatches.
    pub fn dispatches(&self) -> DispatchRows<'_> {
        DispatchRows { database: &self.database }
    }

    /// Messages by the id that an operator gave them.
    pub fn upstream(&self) -> UpstreamRows<'_> {
        UpstreamRows { database: &self.database }
    }

    /// Messages on their way to operators.
    pub fn queue(&self) -> QueueRows<'_> {
        QueueRows { database: &self.database }
    }

    /// Receipts, on their way to gateways or unmatched.
    pub fn receipts(&self) -> ReceiptRows<'_> {
        ReceiptRows { database: &self.database }
    }

    /// Documents of the management API.
    pub fn documents(&self) -> DocumentRows<'_> {
        DocumentRows { database: &self.database }
    }

    /// The audit log.
    pub fn audit(&self) -> AuditRows<'_> {
        AuditRows { database: &self.database }
    }

    /// Idempotency keys of HTTP requests.
    pub fn requests(&self) -> RequestRows<'_> {
        RequestRows { database: &self.database }
    }

    /// Usage counters as they are on disk.
    pub fn usage(&self) -> UsageRows<'_> {
        UsageRows { database: &self.database }
    }

    /// Time series as they are on disk.
    pub fn series(&self) -> SeriesRows<'_> {
        SeriesRows { database: &self.database }
    }

    /// Commits and the ids that they gave out.
    pub fn commits(&self) -> CommitRows<'_> {
        CommitRows { database: &self.database }
    }

    /// The last commit; `None` in a directory whose making was broken off.
    pub fn last_commit(&self) -> Result<Option<CommitRow>, Unavailable> {
        last_commit(&self.database)
    }

    pub(crate) fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// Says in the anchors that the log ends with a commit, after it was read again.
    pub(crate) fn settle_anchor(&self, last: &CommitRow) -> Result<(), Unavailable> {
        self.anchored(|anchors| anchors.settle(last))
    }

    /// Writes a commit to the log, and the anchors around it or behind it.
    pub(crate) fn commit(
        &self,
        batch: &Batch,
        commit: &CommitRow,
        durability: Durability,
    ) -> Result<(), Unavailable> {
        self.anchored(|anchors| anchors.before_log(commit, durability))?;
        self.database.write(batch, durability)?;
        self.anchored(|anchors| anchors.after_log(commit, durability))
    }

    fn anchored(&self, write: impl FnOnce(&AnchorWriter) -> std::io::Result<()>) -> Result<(), Unavailable> {
        let Anchors::Written(anchors) = &self.anchors else { return Ok(()) };
        write(anchors).map_err(|error| Unavailable(format!("the anchor {error}")))
    }

    /// The database that holds the rows.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }
}

fn last_commit(database: &Database) -> Result<Option<CommitRow>, Unavailable> {
    database.row(Family::Sums, COMMIT_KEY)
}

fn schema_version(database: &Database) -> Result<Option<u32>, OpenError> {
    let version =
        database.get(Family::Meta, SCHEMA_VERSION_KEY).map_err(|error| not_opened(database, error))?;
    Ok(version.map(|bytes| open::version_of(&bytes)))
}

fn not_opened(database: &Database, error: Unavailable) -> OpenError {
    OpenError::Database { path: database.path().to_owned(), reason: error.0 }
}
