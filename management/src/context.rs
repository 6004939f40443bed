//! The state that all services share: the books, the configuration in force, and the settings.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, OnceLock};

use tollgate_api::stream::Hub;
use tollgate_provisioning::Settings;
use tollgate_relay::core::Core;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::clock::now;
use tollgate_storage::store::Store;

use crate::downloads::Exports;
use crate::metrics::Metrics;
use crate::sealing::Sealer;

/// Shared by all services, and changed by none of them.
pub struct Context {
    /// The core: the configuration in force, and the committer.
    pub core: Arc<Core>,
    /// The settings of this run of the process; a reload does not change them.
    pub settings: Settings,
    /// Seals secrets on their way to disk, and opens them.
    pub sealer: Sealer,
    /// Counters of the services.
    pub metrics: Metrics,
    /// The files that are written for downloads.
    pub exports: Exports,
    /// The streams that are told of changes.
    pub hub: Arc<Hub>,
    /// Wakes the worker that queues the deliveries of events, once there is one.
    pub event_wake: OnceLock<SyncSender<()>>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

impl Context {
    /// The books and the configuration of `core`.
    pub fn new(core: Arc<Core>, settings: Settings) -> Self {
        let sealer = Sealer::new(&settings.secrets);
        let (metrics, exports, event_wake) = (Metrics::new(), Exports::default(), OnceLock::new());
        let hub = Arc::new(Hub::new(now().0));
        Self { core, settings, sealer, metrics, exports, hub, event_wake }
    }

    /// An account in force, or one that was removed, as it was last.
    pub fn account(&self, id: &str) -> Option<Arc<ActiveAccount>> {
        let in_force = self.core.snapshot.load().by_account(id);
        in_force.or_else(|| self.core.configuration.removed_accounts().get(id))
    }

    /// The address that links to this process begin with.
    pub fn public_url(&self) -> &str {
        &self.settings.api.public_url
    }

    /// The books on disk.
    pub fn store(&self) -> &Store {
        &self.core.books.store
    }
}
