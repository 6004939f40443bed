//! The parts of the process, started in the order in which they need one another.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tollgate_provisioning::Loaded;
use tollgate_storage::clock;
use tollgate_storage::committer::{Committer, Limits};
use tollgate_storage::journal::Journal;
use tollgate_storage::store::{Store, Unavailable};

use crate::account_runtimes::AccountRuntimes;
use crate::additions::Additions;
use crate::books::Books;
use crate::clients::ClientContext;
use crate::configuration::Configuration;
use crate::delivery::operator_queues::CurrentOperatorQueues;
use crate::delivery::scheduler::DeliveryScheduler;
use crate::delivery::wakers::SchedulerWaker;
use crate::metrics::Metrics;
use crate::operators::durable::DurableSink;
use crate::passwords::PasswordPool;
use crate::reload_order::{Orders, ReloadOrder};
use crate::snapshot::CurrentSnapshot;

pub use crate::snapshot_builder::ApplyError;

/// The parts of the process. Others are given those that they need.
#[derive(Debug)]
pub struct Core {
    /// The books on disk, and the way to their writer.
    pub books: Books,
    /// The state of every account.
    pub accounts: Arc<AccountRuntimes>,
    /// The configuration in force, and its changes.
    pub configuration: Arc<Configuration>,
    /// The snapshot in force; that of `configuration`.
    pub snapshot: CurrentSnapshot,
    /// The part that hands messages to operators.
    pub scheduler: Arc<DeliveryScheduler>,
    /// The context of gateways' sessions.
    pub clients: Arc<ClientContext>,
    /// The threads that check passwords.
    pub passwords: Arc<PasswordPool>,
    /// Counters on the way of a message.
    pub metrics: Arc<Metrics>,
    /// Orders to the process.
    pub orders: Orders,
}

/// The parts that were started.
#[derive(Debug)]
pub struct Started {
    /// The parts of the process.
    pub core: Core,
    /// The committer's thread. It ends when nobody holds a way to it any more.
    pub committer: JoinHandle<()>,
    /// Reloads that somebody ordered.
    pub reloads: mpsc::Receiver<ReloadOrder>,
}

impl Core {
    /// Starts the committer and puts the first configuration in force, on top of what the disk holds. Waits for the
    /// disk.
    pub fn start(
        store: Arc<Store>,
        journal: impl Journal,
        limits: Limits,
        loaded: Loaded,
        additions: Additions,
    ) -> Result<Started, ApplyError> {
        let trust = Duration::from_secs(loaded.settings.storage.clock_trust_seconds.into());
        clock::begin(store.commits().last_at()?, trust);
        let accounts = Arc::new(AccountRuntimes::load(&store)?);
        let (operator_queues, waker) = (CurrentOperatorQueues::default(), Arc::new(SchedulerWaker::new()));
        let sink = DurableSink::new(Arc::clone(&accounts), operator_queues.clone(), Arc::clone(&waker));
        let (committer, thread) = Committer::start(Arc::clone(&store), journal, limits, Arc::new(sink))?;
        let delivery = loaded.settings.delivery.clone();
        let key_window = Duration::from_hours(loaded.settings.storage.idempotency_window_hours.into());
        let text_window = Duration::from_hours(24 * u64::from(loaded.settings.storage.message_text_days));
        let books = Books { text_window, ..Books::new(store, committer, key_window) };
        let configuration =
            Configuration::begin(books.clone(), Arc::clone(&accounts), operator_queues, loaded, additions)?;
        let (configuration, metrics) = (Arc::new(configuration), Arc::new(Metrics::new()));
        let snapshot = configuration.snapshot().clone();
        let clients = ClientContext::new(snapshot.clone(), books.clone(), Arc::clone(&metrics), &delivery);
        let scheduler = DeliveryScheduler::new(
            snapshot.clone(),
            delivery,
            books.clone(),
            waker,
            Arc::clone(&clients.long_message_routes),
        )?;
        let passwords = PasswordPool::start();
        let passwords = Arc::new(
            passwords.map_err(|error| Unavailable(format!("no thread to check passwords: {error}")))?,
        );
        let (orders, reloads) = Orders::new();
        let core = Self {
            books,
            accounts,
            configuration,
            snapshot,
            scheduler,
            clients: Arc::new(clients),
            passwords,
            metrics,
            orders,
        };
        Ok(Started { core, committer: thread, reloads })
    }
}
