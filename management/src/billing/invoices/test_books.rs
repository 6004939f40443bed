//! Books of their own over the shipped configuration, with the services that tests of invoices need; no process runs.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tollgate_api::caller::Caller;
use tollgate_api::charges::ChargesService;
use tollgate_api::extract::IdempotencyKey;
use tollgate_api::invoices::{InvoiceSummary, InvoicesQuery, InvoicesService};
use tollgate_engine::money::Amount;
use tollgate_storage::committer::Limits;
use tollgate_storage::journal::RocksJournal;
use tollgate_storage::store::{Durability, Store, StoreOptions};

use super::Invoices;
use super::reminders::Reminders;
use crate::accounts::record::AccountRecord;
use crate::collections::ACCOUNTS;
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::identity::visibility::Visibility;
use crate::jobs::JobQueue;
use crate::messaging::charges::Charges;
use crate::messaging::lookup::Lookup;
use tollgate_provisioning as config;
use tollgate_relay::additions::Additions;
use tollgate_relay::core::{Core, Started};

/// The services over a context of their own.
struct Services {
    context: Arc<Context>,
    charges: Charges,
    invoices: Arc<Invoices>,
    jobs: Arc<JobQueue>,
}

/// Books of their own over the shipped configuration.
pub struct TestBooks {
    services: Option<Services>,
    committer: Option<std::thread::JoinHandle<()>>,
    runtime: Runtime,
    _folder: TempDir,
}

impl Services {
    fn open(core: Arc<Core>, settings: config::Settings) -> Self {
        let context = Arc::new(Context::new(core, settings));
        let accounts = DocumentCache::<AccountRecord>::load(context.store(), ACCOUNTS).unwrap();
        let visibility = Arc::new(Visibility::new(Arc::clone(&context), Arc::new(accounts)));
        let lookup = Arc::new(Lookup::new(Arc::clone(&context), Arc::clone(&visibility)));
        let charges = Charges::new(Arc::clone(&context), Arc::clone(&visibility), lookup);
        let jobs = Arc::new(JobQueue::open(Arc::clone(&context)).unwrap());
        let invoices = Arc::new(Invoices::open(Arc::clone(&context), visibility, Arc::clone(&jobs)).unwrap());
        Self { context, charges, invoices, jobs }
    }
}

impl TestBooks {
    /// Books whose accounts all have credit.
    pub fn new(monthly_invoices: bool) -> Self {
        Self::with(monthly_invoices, |loaded| {
            for account in &mut loaded.provisioning.accounts {
                account.account.credit_limit = Amount::from_micros(1_000_000_000);
            }
        })
    }

    /// Books after a change of the configuration.
    pub fn with(monthly_invoices: bool, change: impl FnOnce(&mut config::Loaded)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/tollgate.toml");
        let mut loaded = config::load(&path).unwrap();
        loaded.settings.billing.monthly_invoices = monthly_invoices;
        change(&mut loaded);
        loaded.settings.storage.data_dir = folder.path().to_owned();
        let options = StoreOptions::at(folder.path().to_owned());
        let store = Arc::new(Store::open(options).unwrap());
        let journal = RocksJournal::new(Arc::clone(&store), Durability::Os);
        let limits = Limits { queue_messages: 1_000, batch_messages: 100, batch_bytes: 1 << 20 };
        let settings = loaded.settings.clone();
        let Started { core, committer, .. } =
            Core::start(store, journal, limits, loaded, Additions::default()).unwrap();
        let services = Some(Services::open(Arc::new(core), settings));
        let runtime = Runtime::new().unwrap();
        Self { services, committer: Some(committer), runtime, _folder: folder }
    }

    fn services(&self) -> &Services {
        self.services.as_ref().unwrap()
    }

    pub fn context(&self) -> &Context {
        &self.services().context
    }

    pub fn invoices(&self) -> &Arc<Invoices> {
        &self.services().invoices
    }

    /// Reminders as a new process has them.
    pub fn reminders(&self) -> Reminders {
        Reminders::new(Arc::clone(self.invoices()), Arc::clone(&self.services().jobs))
    }

    /// Charges a message; its id and price.
    pub fn charge(&self, account: &str, to: &str) -> (String, i64) {
        let new = json!({ "account": account, "to": to, "text": "a text" });
        let new = serde_json::from_value(new).unwrap();
        let _runtime = self.runtime.enter();
        let charge = self.services().charges.charge(&Caller::system(), new, &IdempotencyKey(None)).unwrap();
        (charge.message_id, charge.price.unwrap().0.micros())
    }

    /// Gives a charge back.
    pub fn refund(&self, message: &str) {
        let refund = serde_json::from_value(json!({ "reason": "a test" })).unwrap();
        let _runtime = self.runtime.enter();
        self.services().charges.refund(&Caller::system(), message, refund, &IdempotencyKey(None)).unwrap();
    }

    pub fn listed(&self) -> Vec<InvoiceSummary> {
        self.invoices().invoices(&Caller::system(), &InvoicesQuery::default()).unwrap().items
    }
}

impl Drop for TestBooks {
    fn drop(&mut self) {
        self.services = None;
        // The committer's thread ends with the last handle on it.
        if let Some(thread) = self.committer.take() {
            thread.join().unwrap();
        }
    }
}
