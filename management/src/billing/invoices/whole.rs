//! A whole office over the shipped config and books of its own, for tests that need no process.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tollgate_api::caller::Caller;
use tollgate_api::charges::ChargesService;
use tollgate_api::extract::IdempotencyKey;
use tollgate_api::invoices::{InvoiceSummary, InvoicesQuery, InvoicesService};
use tollgate_storage::committer::Limits;
use tollgate_storage::journal::RocksJournal;
use tollgate_storage::store::{Durability, Store, StoreOptions};

use super::Office;
use tollgate_provisioning as config;
use tollgate_relay::additions::Additions;
use tollgate_relay::core::{Core, Started};

/// An office over the shipped config and books of its own.
pub struct Whole {
    office: Option<Office>,
    committer: Option<std::thread::JoinHandle<()>>,
    runtime: Runtime,
    _folder: TempDir,
}

impl Whole {
    pub fn new(monthly_invoices: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/tollgate.toml");
        let mut loaded = config::load(&path).unwrap();
        loaded.settings.billing.monthly_invoices = monthly_invoices;
        loaded.settings.storage.data_dir = folder.path().to_owned();
        let options =
            StoreOptions { path: folder.path().to_owned(), minimum_free_bytes: 0, cache_bytes: 1 << 20 };
        let store = Arc::new(Store::open(options).unwrap());
        let journal = RocksJournal::new(Arc::clone(&store), Durability::Os);
        let limits = Limits { queue_messages: 1_000, batch_messages: 100, batch_bytes: 1 << 20 };
        let settings = loaded.settings.clone();
        let Started { core, committer, .. } =
            Core::start(store, journal, limits, loaded, Additions::default()).unwrap();
        let office = Some(Office::open(Arc::new(core), &settings, &path).unwrap());
        let runtime = Runtime::new().unwrap();
        Self { office, committer: Some(committer), runtime, _folder: folder }
    }

    pub fn office(&self) -> &Office {
        self.office.as_ref().unwrap()
    }

    /// Charges a message; its id and price.
    pub fn charge(&self, account: &str, to: &str) -> (String, i64) {
        let new = json!({ "account": account, "to": to, "text": "a text" });
        let new = serde_json::from_value(new).unwrap();
        let _runtime = self.runtime.enter();
        let charge = self.office().charge(&Caller::system(), new, &IdempotencyKey(None)).unwrap();
        (charge.message_id, charge.price.0.micros())
    }

    /// Gives a charge back.
    pub fn refund(&self, message: &str) {
        let refund = serde_json::from_value(json!({ "reason": "a test" })).unwrap();
        let _runtime = self.runtime.enter();
        self.office().refund(&Caller::system(), message, refund, &IdempotencyKey(None)).unwrap();
    }

    pub fn invoices(&self) -> Vec<InvoiceSummary> {
        self.office().invoices(&Caller::system(), &InvoicesQuery::default()).unwrap().items
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        self.office = None;
        // The thread goes with the last way to it.
        if let Some(thread) = self.committer.take() {
            thread.join().unwrap();
        }
    }
}
