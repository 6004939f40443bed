//! Receipts that no id matches. Most come a little early, while their message's answer is on its way; some belong to a
//! message whose answer was lost, which their addresses may tell; the others match no message, and are kept on disk.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::sync::Arc;

use rustc_hash::FxHasher;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::effect::UnmatchedReason;
use crate::few::Index;
use crate::input::{AcceptedMessage, LinkNumber, Receipt};
use crate::receipt_ids::Reading;

/// A receipt as it came.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The operator that sent it.
    pub operator: OperatorNumber,
    /// The receipt itself.
    pub receipt: Arc<Receipt>,
    /// The date at which it came.
    pub received_at: UnixMicros,
    /// The link and number by which it is to be acknowledged; `None` if it was, or cannot be any more.
    pub ack: Option<(LinkNumber, u32)>,
    /// The number that it is kept by on disk, if it is.
    pub kept: Option<u64>,
}

/// A receipt that waits for its message.
#[derive(Debug)]
pub struct Unmatched {
    /// The receipt itself.
    pub arrived: Arrived,
    /// The ways to read its id.
    pub readings: Vec<Reading>,
    /// The reason for which no message has it yet.
    pub reason: UnmatchedReason,
    /// The only message that has its id, where that goes to another number.
    pub only: Option<Box<AcceptedMessage>>,
    /// True if it came in this process, so that all that is known of its number is known.
    pub is_fresh: bool,
    /// True once it was looked for by its addresses in vain.
    pub is_given_up: bool,
    /// True while it is on its way to disk.
    pub is_keeping: bool,
    /// The message in memory that it turned out to be of while it was on its way to disk.
    pub claimed_by: Option<u64>,
}

/// The receipts that wait, the oldest first.
#[derive(Debug, Default)]
pub struct UnmatchedReceipts {
    entries: BTreeMap<u64, Unmatched>,
    by_id: Index,
    last: u64,
}

fn hash(operator: OperatorNumber, id: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u16(operator.0);
    hasher.write(id);
    hasher.finish()
}

impl UnmatchedReceipts {
    /// Adds a receipt. Returns its number here.
    pub fn add(&mut self, unmatched: Unmatched) -> u64 {
        self.last += 1;
        for reading in &unmatched.readings {
            self.by_id.insert(hash(unmatched.arrived.operator, &reading.id), self.last);
        }
        self.entries.insert(self.last, unmatched);
        self.last
    }

    /// A receipt that waits.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut Unmatched> {
        self.entries.get_mut(&number)
    }

    /// A receipt that waits.
    pub fn get(&self, number: u64) -> Option<&Unmatched> {
        self.entries.get(&number)
    }

    /// Takes a receipt out.
    pub fn remove(&mut self, number: u64) -> Option<Unmatched> {
        let unmatched = self.entries.remove(&number)?;
        for reading in &unmatched.readings {
            self.by_id.remove(hash(unmatched.arrived.operator, &reading.id), number);
        }
        Some(unmatched)
    }

    /// The receipts that may mean this id of an operator's, the oldest first.
    pub fn of(&self, operator: OperatorNumber, id: &[u8]) -> Vec<u64> {
        if self.entries.is_empty() { Vec::new() } else { self.by_id.get(hash(operator, id)).to_vec() }
    }

    /// The receipts that came on a link and are not acknowledged.
    pub fn on_link(&self, link: LinkNumber) -> Vec<u64> {
        let is_on = |unmatched: &Unmatched| unmatched.arrived.ack.is_some_and(|(on, _)| on == link);
        self.entries.iter().filter(|(_, unmatched)| is_on(unmatched)).map(|(number, _)| *number).collect()
    }

    /// A repetition of a receipt that waits.
    pub fn same_as(&self, operator: OperatorNumber, receipt: &Receipt, readings: &[Reading]) -> Option<u64> {
        let first = readings.first()?;
        let numbers = self.by_id.get(hash(operator, &first.id)).iter().copied();
        let is_same = |number: &u64| {
            self.entries
                .get(number)
                .is_some_and(|other| other.arrived.operator == operator && *other.arrived.receipt == *receipt)
        };
        numbers.into_iter().find(is_same)
    }

    /// The oldest that is kept on disk.
    pub fn oldest_kept(&self) -> Option<u64> {
        self.entries.iter().find(|(_, unmatched)| unmatched.arrived.kept.is_some()).map(|(number, _)| *number)
    }

    /// The number of receipts that wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}
