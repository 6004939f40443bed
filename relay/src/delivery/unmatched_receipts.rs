//! Receipts that no id matches. Most are a little early, and their message's answer is on its way to disk; some are of a
//! message whose answer was lost, which their addresses may tell; the rest are nobody's, and are kept on disk.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tollgate_engine::operator::OperatorNumber;

/// How long the answer that a receipt came before is waited for.
const WAIT_MICROS: u64 = 2_000_000;
/// Receipts that wait; beyond it they are only kept on disk.
const WAITING_MAX: usize = 100_000;

/// Whose receipt it is, and for which addresses.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Who sent it.
    pub operator: OperatorNumber,
    /// Where the message went.
    pub source: Vec<u8>,
    /// Whom it came from.
    pub destination: Vec<u8>,
}

/// Those that wait, the oldest first.
#[derive(Debug, Default)]
pub struct UnmatchedReceipts(Mutex<VecDeque<UnmatchedReceipt>>);

/// A receipt that waits.
#[derive(Debug)]
pub struct UnmatchedReceipt {
    /// The number that it is kept by on disk.
    pub id: u64,
    /// The addresses that may tell its message.
    pub addresses: Addresses,
    due: u64,
}

impl UnmatchedReceipts {
    /// Adds one that has come at `now`.
    pub fn add(&self, id: u64, addresses: Addresses, now: u64) {
        let mut unmatched_receipts = self.0.lock();
        if unmatched_receipts.len() < WAITING_MAX {
            unmatched_receipts.push_back(UnmatchedReceipt { due: now + WAIT_MICROS, id, addresses });
        }
    }

    /// Takes the oldest out, once its message's answer is no longer waited for.
    pub fn take_due(&self, now: u64) -> Option<UnmatchedReceipt> {
        self.0.lock().pop_front_if(|unmatched_receipt| unmatched_receipt.due <= now)
    }
}
