//! Numbers to which a message of unknown outcome went that was then sent again or given up: the operator may have it, and
//! a receipt with its number may be of it.

use std::collections::VecDeque;

use tollgate_engine::operator::OperatorNumber;

use crate::few::Index;
use crate::likeness::tail;

/// Numbers that are remembered, beyond which the oldest is forgotten.
const NUMBERS_MAX: usize = 100_000;

/// The numbers of all operators.
#[derive(Debug, Default)]
pub struct PastUnknown {
    by_tail: Index,
    order: VecDeque<(u64, u64)>,
    last: u64,
}

impl PastUnknown {
    /// Notes that an operator may have a message to this number.
    pub fn note(&mut self, operator: OperatorNumber, destination: &[u8]) {
        self.last += 1;
        let entry = (tail(operator, destination), self.last);
        self.by_tail.insert(entry.0, entry.1);
        self.order.push_back(entry);
        if self.order.len() > NUMBERS_MAX
            && let Some((tail, number)) = self.order.pop_front()
        {
            self.by_tail.remove(tail, number);
        }
    }

    /// True if an operator may have a message to this number.
    pub fn may_be_at(&self, operator: OperatorNumber, destination: &[u8]) -> bool {
        !self.by_tail.get(tail(operator, destination)).is_empty()
    }
}
