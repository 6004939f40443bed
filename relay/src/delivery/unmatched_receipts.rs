//! Receipts that no id matches. Most come a little early, while their message's answer is on its way to disk; some belong
//! to a message whose answer was lost, which their addresses may tell; the others match no message, and are kept on disk.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tollgate_engine::operator::OperatorNumber;

/// Time that a receipt waits for its message's answer.
const WAIT_MICROS: u64 = 2_000_000;
/// The number of receipts that wait; others are only kept on disk.
const WAITING_MAX: usize = 100_000;

/// The operator that sent a receipt, and the addresses in it.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The operator that sent the receipt.
    pub operator: OperatorNumber,
    /// The source of the receipt: the destination of the message.
    pub source: Vec<u8>,
    /// The destination of the receipt: the source of the message.
    pub destination: Vec<u8>,
}

/// The receipts that wait, the oldest first.
#[derive(Debug, Default)]
pub struct UnmatchedReceipts(Mutex<VecDeque<UnmatchedReceipt>>);

/// A receipt that waits.
#[derive(Debug)]
pub struct UnmatchedReceipt {
    /// The number that it is kept by on disk.
    pub id: u64,
    /// The addresses that may tell its message.
    pub addresses: Addresses,
    /// True if a message to another number has its id.
    pub is_of_other_number: bool,
    due: u64,
}

impl UnmatchedReceipts {
    /// Adds a receipt that has come at `now`.
    pub fn add(&self, id: u64, addresses: Addresses, is_of_other_number: bool, now: u64) {
        let mut unmatched_receipts = self.0.lock();
        if unmatched_receipts.len() < WAITING_MAX {
            let due = now + WAIT_MICROS;
            unmatched_receipts.push_back(UnmatchedReceipt { id, addresses, is_of_other_number, due });
        }
    }

    /// Takes the oldest out, once its message's answer is no longer waited for.
    pub fn take_due(&self, now: u64) -> Option<UnmatchedReceipt> {
        self.0.lock().pop_front_if(|unmatched_receipt| unmatched_receipt.due <= now)
    }
}
