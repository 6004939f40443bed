//! The desk: what is shared by everything that hands messages on, and the thread that keeps them moving.
//!
//! The thread is woken by whatever may let a message move: one that has become durable, a link that has room, an
//! operator that came or went, a timer.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use crossbeam::channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::committer::Committer;
use tollgate_storage::delivery::{DeliveryBatch, DeliveryEvent, DeliveryResult};
use tollgate_storage::message::{Message, QueueKey};
use tollgate_storage::schema::issued_at;
use tollgate_storage::store::{Store, Unavailable};

use super::attempt::Attempt;
use super::deadlines::Timers;
use super::effects::Report;
use super::leases::Leases;
use super::long_messages::LongMessageRoutes;
use super::operator_queue::Change;
use super::operator_queues::OperatorQueues;
use super::unknown_outcomes::UnknownOutcomes;
use super::unmatched_receipts::UnmatchedReceipts;
use crate::operators::metrics::DeliveryMetrics;
use crate::snapshot::Snapshot;
use tollgate_provisioning::DeliverySettings;

const MICROS_PER_HOUR: u64 = 3_600_000_000;
/// How long a stop waits for the last commit.
const STOP_MAX: Duration = Duration::from_secs(1);
/// The longest time between two looks at the timers.
const TICK: Duration = Duration::from_millis(20);

/// What hands messages to operators.
pub struct DeliveryScheduler {
    /// What is in force.
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    /// From start to end.
    pub settings: DeliverySettings,
    /// Which operator the parts of a long message go to.
    pub long_message_routes: LongMessageRoutes,
    pub(crate) store: Arc<Store>,
    pub(crate) leases: Leases,
    pub(crate) unknown_outcomes: UnknownOutcomes,
    pub(crate) unmatched_receipts: UnmatchedReceipts,
    pub(crate) metrics: DeliveryMetrics,
    /// Messages that were leased when the process started: they are in hand, and not to be read from a queue again.
    pub(crate) taken_up: HashSet<u64>,
    committer: Committer,
    /// What the committer had no room for, or could not write, in order.
    unsent_reports: Mutex<Vec<Report>>,
    wake: (Sender<Wake>, Receiver<Wake>),
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Why the desk's thread wakes up.
enum Wake {
    /// Something may move.
    Look,
    /// The process ends.
    Stop,
}

impl std::fmt::Debug for DeliveryScheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl DeliveryScheduler {
    /// With what was left from before a restart: leased messages have an unknown outcome.
    pub fn new(
        snapshot: Arc<ArcSwap<Snapshot>>,
        settings: DeliverySettings,
        store: Arc<Store>,
        committer: Committer,
    ) -> Result<Arc<Self>, Unavailable> {
        let mut scheduler = Self {
            snapshot,
            settings,
            long_message_routes: LongMessageRoutes::default(),
            store,
            leases: Leases::default(),
            unknown_outcomes: UnknownOutcomes::default(),
            unmatched_receipts: UnmatchedReceipts::default(),
            metrics: DeliveryMetrics::new(),
            taken_up: HashSet::new(),
            committer,
            unsent_reports: Mutex::new(Vec::new()),
            wake: bounded(1),
            thread: Mutex::new(None),
        };
        scheduler.take_up_leases()?;
        Ok(Arc::new(scheduler))
    }

    /// Starts the thread.
    pub fn start(self: &Arc<Self>) -> std::io::Result<()> {
        let scheduler = Arc::clone(self);
        let thread = std::thread::Builder::new().name("desk".to_owned()).spawn(move || scheduler.run())?;
        *self.thread.lock() = Some(thread);
        Ok(())
    }

    /// Something may move.
    pub fn wake(&self) {
        // A full channel says so already.
        let _ = self.wake.0.try_send(Wake::Look);
    }

    /// Ends the thread, after the links are down. What was leased and certainly not sent is let go, so that a restart
    /// sends it at once and not as what may be a duplicate.
    pub async fn stop(self: &Arc<Self>) {
        let (wake, thread) = (self.wake.0.clone(), self.thread.lock().take());
        let ended = tokio::task::spawn_blocking(move || {
            let _ = wake.send(Wake::Stop);
            thread.map(JoinHandle::join)
        });
        if ended.await.is_err() {
            tracing::error!("the desk has failed");
        }
        // What is on its way to the committer comes back before it is looked at what is left.
        self.submit_and_wait(Vec::new()).await;
        let mut in_doubt: HashMap<OperatorNumber, Vec<QueueKey>> = HashMap::new();
        let queued = self
            .operator_queues()
            .iter()
            .flat_map(|operator_queue| operator_queue.backlog.in_doubt())
            .collect::<Vec<_>>();
        for (operator, key) in self.unknown_outcomes.keys().into_iter().chain(queued) {
            in_doubt.entry(operator).or_default().push(key);
        }
        let before = self.leases.all();
        let leased = in_doubt.into_iter().map(|(operator, keys)| {
            let lease = self.leases.next(now().0);
            DeliveryEvent::Leased { lease, operator, keys }
        });
        let released = before.into_iter().map(|lease| DeliveryEvent::Released { lease });
        // A committer that cannot write now leaves the leases as they are, which costs a wait and no message.
        self.submit_and_wait(leased.chain(released).collect()).await;
    }

    async fn submit_and_wait(&self, events: Vec<DeliveryEvent>) {
        let (told, heard) = tokio::sync::oneshot::channel();
        let done = Box::new(move |_| {
            let _ = told.send(());
        });
        self.submit(DeliveryBatch { events, done });
        let _ = tokio::time::timeout(STOP_MAX, heard).await;
    }

    pub(crate) fn operator_queues(&self) -> Arc<OperatorQueues> {
        Arc::clone(&self.snapshot.load().operator_queues)
    }

    /// Whether the message's time is over.
    pub(crate) fn is_expired(&self, attempt: &Attempt, message: &Message<'_>, at: UnixMicros) -> bool {
        let issued_at = issued_at(attempt.key.message_id);
        let max_validity = u64::from(self.settings.max_validity_hours) * MICROS_PER_HOUR;
        crate::operators::outgoing::is_expired(message, issued_at, max_validity, at)
    }

    fn run(self: Arc<Self>) {
        let mut timers = Timers::new(now());
        loop {
            let wake = self.wake.1.recv_timeout(TICK);
            if matches!(wake, Ok(Wake::Stop)) {
                return;
            }
            timers.look(&self, now());
            for operator_queue in self.operator_queues().iter() {
                self.assign(&operator_queue.backlog);
            }
        }
    }

    /// Takes messages back from a lane that has changed, and lets them go elsewhere.
    pub(crate) fn follow(&self, change: Change) {
        for attempt in change.stranded.into_iter().rev() {
            self.put_back(attempt);
        }
        if change.is_new {
            for operator_queue in self.operator_queues().iter() {
                operator_queue.backlog.recall();
            }
            self.wake();
        }
    }

    /// Puts a message in front of its home queue.
    pub(crate) fn put_back(&self, attempt: Attempt) {
        if let Some(operator_queue) = self.snapshot.load().operator_queues.get(attempt.key.home) {
            operator_queue.backlog.put_back(attempt);
        }
    }

    fn take_up_leases(&mut self) -> Result<(), Unavailable> {
        let wait = u64::from(self.settings.unknown_outcome_seconds) * 1_000_000;
        let deadline = now().0 + wait;
        let mut leases = self.store.leases()?;
        // Of two leases over one message the later one holds.
        leases.sort_by_key(|lease| std::cmp::Reverse(lease.id));
        for lease in leases {
            let mut held = 0;
            for key in lease.keys {
                if !self.taken_up.insert(key.message_id) {
                    continue;
                }
                if let Some(row) = self.store.queued_row(key)? {
                    let attempt = Attempt {
                        key,
                        row,
                        attempts: 0,
                        tried: Vec::new(),
                        asked: Vec::new(),
                        again: 0,
                        may_be_at: None,
                        lease: lease.id,
                    };
                    self.unknown_outcomes.add(attempt, lease.operator, deadline);
                    held += 1;
                }
            }
            self.leases.hold(lease.id, held);
        }
        Ok(())
    }

    /// Hands events to the committer; with a full queue they wait for the next tick.
    pub(crate) fn submit(&self, batch: DeliveryBatch) {
        if let Err(batch) = self.committer.deliver(batch) {
            let DeliveryBatch { events, done } = batch;
            done(DeliveryResult::Refused(events));
        }
    }

    /// A report that could not be made durable now.
    pub(crate) fn keep_for_later(&self, report: Report) {
        self.unsent_reports.lock().push(report);
    }

    pub(crate) fn submit_unsent_reports(self: &Arc<Self>) {
        let unsent_reports = std::mem::take(&mut *self.unsent_reports.lock());
        for report in unsent_reports {
            self.report(report);
        }
    }
}
