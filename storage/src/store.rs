//! The data directory: opening it, and the readers of its rows, one for each part of the books.

mod audit;
mod dispatches;
mod documents;
mod history;
mod messages;
mod provisioned;
mod queue;
mod receipts;
mod requests;
mod upstream;
mod usage;
mod wallets;

use std::path::Path;

use tollgate_engine::health::HealthSample;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::batch::Batch;
use crate::database::{Database, damaged};
use crate::open;
use crate::rows::Row;
use crate::schema::{
    Family, SCHEMA_VERSION, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_OPERATORS,
    SCHEMA_VERSION_WITHOUT_USAGE, health_key, parse_operator_number_key,
};
use crate::{id_lag, usage_builder, usage_check};

pub use crate::commits::CommitRows;
pub use crate::database::{Durability, Order, StoreOptions, Unavailable};
pub use crate::open::OpenError;
pub use audit::AuditRows;
pub use dispatches::DispatchRows;
pub use documents::DocumentRows;
pub use history::{History, Transaction};
pub use messages::MessageRows;
pub use provisioned::ProvisionedRows;
pub use queue::QueueRows;
pub use receipts::ReceiptRows;
pub use requests::RequestRows;
pub use upstream::UpstreamRows;
pub use usage::UsageRows;
pub use wallets::WalletRows;

/// An open data directory.
#[derive(Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens a data directory for writing, creates it if it does not exist, and migrates it if an earlier
    /// version wrote it.
    pub fn open(options: StoreOptions) -> Result<Self, OpenError> {
        let store = Self { database: Database::for_writing(options)? };
        match store.schema_version()? {
            Some(SCHEMA_VERSION) => {}
            None => store.set_schema_version()?,
            Some(SCHEMA_VERSION_WITHOUT_OPERATORS | SCHEMA_VERSION_WITHOUT_USAGE) => {
                tracing::info!("counting the usage of all messages, because an earlier version did not");
                usage_builder::build(&store.database, usage_builder::ROWS_AT_ONCE)
                    .map_err(|error| store.not_opened(error))?;
                store.set_schema_version()?;
            }
            Some(found) => return Err(OpenError::Schema { path: store.path().to_owned(), found }),
        }
        id_lag::note_once(&store.database).map_err(|error| store.not_opened(error))?;
        usage_check::check_once(&store.database).map_err(|error| store.not_opened(error))?;
        Ok(store)
    }

    /// Opens a data directory for reading only. The daemon may be running on it; what is read is then a
    /// durable instant of the past.
    pub fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        let store = Self { database: Database::for_reading(path)? };
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

    /// Messages of an account.
    pub fn messages(&self) -> MessageRows<'_> {
        MessageRows { database: &self.database }
    }

    /// Charges and ledger entries in the order of time.
    pub fn history(&self) -> History<'_> {
        History { database: &self.database }
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

    /// Commits and the ids that they gave out.
    pub fn commits(&self) -> CommitRows<'_> {
        CommitRows { database: &self.database }
    }

    /// The database that holds the rows.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    fn schema_version(&self) -> Result<Option<u32>, OpenError> {
        let version = self.get(Family::Meta, SCHEMA_VERSION_KEY).map_err(|error| self.not_opened(error))?;
        Ok(version.map(|bytes| open::version_of(&bytes)))
    }

    fn set_schema_version(&self) -> Result<(), OpenError> {
        let mut batch = Batch::default();
        batch.insert(Family::Meta, SCHEMA_VERSION_KEY, SCHEMA_VERSION.to_be_bytes().to_vec());
        self.database.write(&batch, Durability::Sync).map_err(|error| self.not_opened(error))
    }

    fn not_opened(&self, error: Unavailable) -> OpenError {
        OpenError::Database { path: self.path().to_owned(), reason: error.0 }
    }
}
