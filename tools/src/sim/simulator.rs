//! The state that all binds of a simulator share.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;

use super::answers::AnswerOptions;
use super::counts::Counts;
use super::credentials::Credentials;
use super::receipt_queue::ReceiptQueue;
use super::receipts::ReceiptOptions;
use super::record::Record;
use super::throttle::Throttle;

/// Number of different system_ids that are remembered.
const SYSTEM_IDS_MAX: usize = 10_000;

/// The state that all binds share.
#[derive(Debug)]
pub struct Simulator {
    /// The options for answers.
    pub answers: AnswerOptions,
    /// The options for receipts.
    pub receipts: ReceiptOptions,
    /// The credentials of those who may bind.
    pub credentials: Credentials,
    /// Submits that one bind may have unanswered.
    pub window: u32,
    /// Seed of everything that happens by chance.
    pub seed: u64,
    /// The file that messages taken are written to.
    pub record: Option<Record>,
    /// The counts of all sessions.
    pub counts: Counts,
    /// The limit on messages per second.
    pub throttle: Throttle,
    first_id: u64,
    taken: AtomicU64,
    queues: Mutex<HashMap<Vec<u8>, Arc<ReceiptQueue>>>,
}

impl Simulator {
    /// A simulator that has taken nothing yet. Ids count from `first_id`.
    pub fn new(
        answers: AnswerOptions,
        receipts: ReceiptOptions,
        credentials: Credentials,
        window: u32,
        seed: u64,
        record: Option<Record>,
        first_id: u64,
    ) -> Self {
        Self {
            throttle: Throttle::new(answers.throttle_per_second),
            answers,
            receipts,
            credentials,
            window,
            seed,
            record,
            counts: Counts::default(),
            first_id,
            taken: AtomicU64::new(0),
            queues: Mutex::default(),
        }
    }

    /// The number of a message that is being taken, and true if its connection is to be cut.
    pub fn take_message(&self) -> (u64, bool) {
        let before = self.taken.fetch_add(1, Relaxed);
        let cut = self.answers.disconnect_every.is_some_and(|every| (before + 1).is_multiple_of(every));
        (self.first_id + before, cut)
    }

    /// The queue of this system_id; `None` where there are too many others.
    pub fn queue(&self, system_id: &[u8]) -> Option<Arc<ReceiptQueue>> {
        let mut queues = self.queues.lock();
        if let Some(queue) = queues.get(system_id) {
            return Some(Arc::clone(queue));
        }
        let has_room = queues.len() < SYSTEM_IDS_MAX;
        has_room.then(|| {
            let most = usize::try_from(self.receipts.receipts_max).unwrap_or(usize::MAX);
            Arc::clone(queues.entry(system_id.to_vec()).or_insert_with(|| Arc::new(ReceiptQueue::new(most))))
        })
    }
}
