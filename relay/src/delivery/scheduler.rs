//! The state of delivery that is shared by everything that hands messages on, and the steps that all of it needs.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::steady;
use tollgate_storage::committer::Committer;
use tollgate_storage::delivery::{DeliveryBatch, DeliveryResult};
use tollgate_storage::message::Message;
use tollgate_storage::store::{Store, Unavailable};

use super::attempt::Attempt;
use super::effects::Effects;
use super::expiry;
use super::leases::Leases;
use super::long_messages::LongMessageRoutes;
use super::metrics::DeliveryMetrics;
use super::operator_queue::AvailabilityChange;
use super::operator_queues::OperatorQueues;
use super::unknown_outcomes::UnknownOutcomes;
use super::unmatched_receipts::UnmatchedReceipts;
use super::wakers::SchedulerWaker;
use crate::books::Books;
use crate::snapshot::CurrentSnapshot;
use tollgate_provisioning::DeliverySettings;

const MICROS_PER_HOUR: u64 = 3_600_000_000;

/// Hands messages to operators.
pub struct DeliveryScheduler {
    /// The snapshot in force.
    pub snapshot: CurrentSnapshot,
    /// The settings of `[delivery]`, from start to end.
    pub settings: DeliverySettings,
    /// The operators that the parts of long messages go to.
    pub(crate) long_message_routes: Arc<LongMessageRoutes>,
    pub(crate) store: Arc<Store>,
    pub(crate) leases: Leases,
    pub(crate) unknown_outcomes: UnknownOutcomes,
    pub(crate) unmatched_receipts: UnmatchedReceipts,
    pub(crate) metrics: DeliveryMetrics,
    /// Messages that were leased when the process started. They have an unknown outcome, and are not read from a backlog
    /// again.
    pub(crate) taken_up: HashSet<u64>,
    pub(crate) waker: Arc<SchedulerWaker>,
    /// True while scheduled messages are on their way into queues.
    pub(crate) is_releasing: AtomicBool,
    committer: Committer,
    /// Effects that the committer had no room for, or could not write, in order.
    uncommitted: Mutex<Vec<Effects>>,
}

impl std::fmt::Debug for DeliveryScheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeliveryScheduler").finish_non_exhaustive()
    }
}

impl DeliveryScheduler {
    /// The scheduler with what was left from before a restart: leased messages have an unknown outcome.
    pub fn new(
        snapshot: CurrentSnapshot,
        settings: DeliverySettings,
        books: Books,
        waker: Arc<SchedulerWaker>,
        long_message_routes: Arc<LongMessageRoutes>,
    ) -> Result<Arc<Self>, Unavailable> {
        let mut scheduler = Self {
            snapshot,
            settings,
            long_message_routes,
            store: books.store,
            leases: Leases::default(),
            unknown_outcomes: UnknownOutcomes::default(),
            unmatched_receipts: UnmatchedReceipts::default(),
            metrics: DeliveryMetrics::at_zero(),
            taken_up: HashSet::new(),
            waker,
            is_releasing: AtomicBool::new(false),
            committer: books.committer,
            uncommitted: Mutex::new(Vec::new()),
        };
        scheduler.take_up_leases()?;
        Ok(Arc::new(scheduler))
    }

    /// Wakes the delivery thread, as a message may move.
    pub fn wake(&self) {
        self.waker.wake();
    }

    pub(crate) fn operator_queues(&self) -> Arc<OperatorQueues> {
        Arc::clone(&self.snapshot.load().operator_queues)
    }

    /// True if the message's validity has ended.
    pub(crate) fn is_expired(&self, message: &Message<'_>, at: UnixMicros) -> bool {
        let max_validity = u64::from(self.settings.max_validity_hours) * MICROS_PER_HOUR;
        expiry::is_expired(message, max_validity, at)
    }

    /// Takes messages back from an operator's queue that has changed, and lets them go elsewhere.
    pub(crate) fn apply(&self, change: AvailabilityChange) {
        for attempt in change.stranded.into_iter().rev() {
            self.put_back(attempt);
        }
        if change.availability_changed {
            for operator_queue in self.operator_queues().iter() {
                operator_queue.backlog.recall();
            }
            self.wake();
        }
    }

    /// Puts a message back into the backlog of its first choice.
    pub(crate) fn put_back(&self, attempt: Attempt) {
        let operator_queues = self.operator_queues();
        let Some(operator_queue) = operator_queues.get(attempt.key.first_choice) else {
            unreachable!("an operator that messages wait for keeps its queue")
        };
        operator_queue.backlog.put_back(attempt);
    }

    fn take_up_leases(&mut self) -> Result<(), Unavailable> {
        let wait = u64::from(self.settings.unknown_outcome_seconds) * 1_000_000;
        let deadline = steady().0 + wait;
        let mut leases = self.store.queue().leases()?;
        // Of two leases over one message the later one holds.
        leases.sort_by_key(|lease| std::cmp::Reverse(lease.id));
        for lease in leases {
            let mut held = 0;
            for key in lease.keys {
                if !self.taken_up.insert(key.message_id) {
                    continue;
                }
                if let Some(row) = self.store.queue().row(key)? {
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

    /// Keeps effects that could not be made durable now.
    pub(crate) fn keep_for_later(&self, effects: Effects) {
        self.uncommitted.lock().push(effects);
    }

    /// Takes out what could not be made durable so far.
    pub(crate) fn take_uncommitted(&self) -> Vec<Effects> {
        std::mem::take(&mut *self.uncommitted.lock())
    }
}
