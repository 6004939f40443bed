//! Messages of unknown outcome, by the numbers that they went to; and numbers of such messages that were then sent again or
//! given up: the operator may have those too, and a receipt with their number may be of them.

use std::collections::VecDeque;

use tollgate_engine::operator::OperatorNumber;

use crate::few::Index;
use crate::likeness::tail;

/// Numbers that are remembered, beyond which the oldest is forgotten.
const NUMBERS_MAX: usize = 100_000;

/// The numbers of all operators.
#[derive(Debug, Default)]
pub struct Unknown {
    /// Messages whose receipt is waited for.
    waiting: Index,
    /// Those that were sent again, or given up, by the order in which they were.
    past: Index,
    order: VecDeque<(u64, u64)>,
    last: u64,
}

impl Unknown {
    /// A message to this number may be at an operator.
    pub fn add(&mut self, operator: OperatorNumber, destination: &[u8], id: u64) {
        self.waiting.insert(tail(operator, destination), id);
    }

    /// The message is waited for no longer.
    pub fn remove(&mut self, operator: OperatorNumber, destination: &[u8], id: u64) {
        self.waiting.remove(tail(operator, destination), id);
    }

    /// The messages to this number that an operator may have.
    pub fn waiting(&self, operator: OperatorNumber, number: &[u8]) -> &[u64] {
        self.waiting.get(tail(operator, number))
    }

    /// A message to this number may be at an operator though nobody waits to hear of it.
    pub fn note_past(&mut self, operator: OperatorNumber, destination: &[u8]) {
        self.last += 1;
        let entry = (tail(operator, destination), self.last);
        self.past.insert(entry.0, entry.1);
        self.order.push_back(entry);
        if self.order.len() > NUMBERS_MAX
            && let Some((tail, number)) = self.order.pop_front()
        {
            self.past.remove(tail, number);
        }
    }

    /// True if an operator may have a message to this number though nobody waits to hear of it.
    pub fn was_past(&self, operator: OperatorNumber, number: &[u8]) -> bool {
        !self.past.get(tail(operator, number)).is_empty()
    }
}
