//! The operator that the parts of a long message go to: that of the part that came first.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

/// The longest time between two parts of one message.
const KEPT_MICROS: u64 = 5 * 60 * 1_000_000;
/// The number of long messages that are remembered, beyond which the oldest is forgotten.
const MESSAGES_MAX: usize = 100_000;

/// The operators of the long messages of the last minutes, by the hash that their parts have in common.
#[derive(Debug, Default)]
pub struct LongMessageRoutes {
    operators: FxHashMap<u64, OperatorNumber>,
    /// In the order in which they began, with the time at which each is forgotten.
    ends: VecDeque<(UnixMicros, u64)>,
}

impl LongMessageRoutes {
    /// The operator that the earlier parts went to.
    pub fn operator(&self, message: u64) -> Option<OperatorNumber> {
        self.operators.get(&message).copied()
    }

    /// Notes that a part goes to this operator.
    pub fn remember(&mut self, message: u64, operator: OperatorNumber, now: UnixMicros) {
        if self.operators.insert(message, operator).is_none() {
            self.ends.push_back((UnixMicros(now.0 + KEPT_MICROS), message));
        }
        if self.ends.len() > MESSAGES_MAX {
            self.forget_first();
        }
    }

    /// Forgets messages whose parts are all through by now.
    pub fn prune(&mut self, now: UnixMicros) {
        while self.ends.front().is_some_and(|(end, _)| *end <= now) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, message)) = self.ends.pop_front() {
            self.operators.remove(&message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_remembered_for_a_while() {
        let mut routes = LongMessageRoutes::default();
        routes.remember(1, OperatorNumber(7), UnixMicros(1_000));
        routes.prune(UnixMicros(1_000 + KEPT_MICROS - 1));
        assert_eq!(routes.operator(1), Some(OperatorNumber(7)));
        assert_eq!(routes.operator(2), None);
        routes.prune(UnixMicros(1_000 + KEPT_MICROS));
        assert_eq!(routes.operator(1), None);
    }

    #[test]
    fn the_oldest_is_forgotten_where_there_are_very_many() {
        let mut routes = LongMessageRoutes::default();
        for message in 0..=MESSAGES_MAX as u64 {
            routes.remember(message, OperatorNumber(1), UnixMicros(1));
        }
        assert_eq!((routes.operator(0), routes.operator(1)), (None, Some(OperatorNumber(1))));
    }
}
