//! The receipts of an account on their way to its gateways: read from disk as binds have room, kept until acknowledged.
//!
//! Only what its binds can take now is in memory. A receipt that was not acknowledged goes again, in front; two receipts
//! of one message are never under way at one time, so they arrive in order.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::task::Waker;

use parking_lot::Mutex;
use tollgate_engine::account::AccountNumber;
use tollgate_storage::delivery::AnsweredReceipt;
use tollgate_storage::rows::{GatewayReceipt, ReceiptAnswer};
use tollgate_storage::store::{Store, Unavailable};

use super::wakers::note_waiting;

/// Receipts read at one time.
const PAGE: usize = 256;

/// The receipts of one account.
#[derive(Debug)]
pub struct ReceiptQueue {
    account: AccountNumber,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(u64, GatewayReceipt)>,
    /// Receipts that were put aside, by the time at which they may be tried again and receipt id.
    later: BTreeMap<(u64, u64), GatewayReceipt>,
    /// Receipts that were sent on a bind and are not acknowledged.
    in_hand: HashMap<u64, GatewayReceipt>,
    /// Messages that have a receipt in hand or put aside: their others wait.
    busy: HashSet<u64>,
    last_seen: u64,
    on_disk: bool,
    announced: u64,
    idle: Vec<Waker>,
    /// Receipts that are answered for good and not deleted yet.
    done: Vec<AnsweredReceipt>,
}

impl State {
    /// Receipts that may go now, and no second one of a message.
    fn take(&mut self, now: u64, room: usize) -> Vec<(u64, GatewayReceipt)> {
        while let Some(entry) = self.later.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, id), receipt) = entry.remove_entry();
            self.busy.remove(&receipt.message_id);
            self.waiting.push_front((id, receipt));
        }
        let (mut taken, mut held) = (Vec::new(), VecDeque::new());
        while taken.len() < room {
            let Some((id, receipt)) = self.waiting.pop_front() else { break };
            if self.busy.insert(receipt.message_id) {
                self.in_hand.insert(id, receipt.clone());
                taken.push((id, receipt));
            } else {
                held.push_back((id, receipt));
            }
        }
        while let Some(receipt) = held.pop_back() {
            self.waiting.push_front(receipt);
        }
        taken
    }
}

impl ReceiptQueue {
    /// The queue of an account that may have receipts from before.
    pub fn new(account: AccountNumber) -> Self {
        Self { account, state: Mutex::new(State { on_disk: true, ..State::default() }) }
    }

    /// The account whose receipts these are.
    pub fn account(&self) -> AccountNumber {
        self.account
    }

    /// Notes that there is another receipt on disk.
    pub fn announce(&self) {
        let mut state = self.state.lock();
        state.on_disk = true;
        state.announced += 1;
        for waker in state.idle.drain(..) {
            waker.wake();
        }
    }

    /// Takes at most `room` receipts for a bind. Where there are none the waker is called when there are.
    pub fn take(
        &self,
        store: &Store,
        now: u64,
        room: usize,
        waker: &Waker,
    ) -> Result<Vec<(u64, GatewayReceipt)>, Unavailable> {
        loop {
            self.fill(store)?;
            let mut state = self.state.lock();
            let taken = state.take(now, room);
            if !taken.is_empty() {
                return Ok(taken);
            }
            // A receipt that was announced since the disk was read has woken only tasks that were noted before.
            if !(state.on_disk && state.waiting.is_empty()) {
                note_waiting(&mut state.idle, waker);
                return Ok(taken);
            }
        }
    }

    /// Notes that a gateway has the receipt, or never wants it, as its answer says: it can be deleted.
    pub fn finish(&self, id: u64, answer: ReceiptAnswer) {
        let mut state = self.state.lock();
        if let Some(receipt) = state.in_hand.remove(&id) {
            state.busy.remove(&receipt.message_id);
            state.done.push(AnsweredReceipt { id, answer });
        }
    }

    /// Puts a receipt that no gateway has in front, to be sent again.
    pub fn give_back(&self, id: u64) {
        let mut state = self.state.lock();
        if let Some(receipt) = state.in_hand.remove(&id) {
            state.busy.remove(&receipt.message_id);
            state.waiting.push_front((id, receipt));
            for waker in state.idle.drain(..) {
                waker.wake();
            }
        }
    }

    /// Puts a receipt that the gateway could not take aside until `due`.
    pub fn put_later(&self, id: u64, due: u64) {
        let mut state = self.state.lock();
        if let Some(receipt) = state.in_hand.remove(&id) {
            state.later.insert((due, id), receipt);
        }
    }

    /// The time at which the next receipt that was put aside is sent again.
    pub fn next_retry(&self) -> Option<u64> {
        self.state.lock().later.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes the receipts to delete.
    pub fn take_done(&self) -> Vec<AnsweredReceipt> {
        std::mem::take(&mut self.state.lock().done)
    }

    /// Puts receipts back that were not deleted.
    pub fn not_deleted(&self, receipts: Vec<AnsweredReceipt>) {
        self.state.lock().done.extend(receipts);
    }

    fn fill(&self, store: &Store) -> Result<(), Unavailable> {
        let (after, announced) = {
            let state = self.state.lock();
            if !state.on_disk || !state.waiting.is_empty() {
                return Ok(());
            }
            (state.last_seen, state.announced)
        };
        let page = store.receipts().after(self.account, after, PAGE)?;
        let mut state = self.state.lock();
        // Another bind may have read the same page meanwhile.
        if state.last_seen != after {
            return Ok(());
        }
        if page.len() < PAGE && state.announced == announced {
            state.on_disk = false;
        }
        if let Some((id, _)) = page.last() {
            state.last_seen = *id;
        }
        state.waiting.extend(page);
        Ok(())
    }
}
