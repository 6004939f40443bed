//! The operator that the parts of a long message go to: that of the part that came first.

use dashmap::DashMap;
use tollgate_engine::operator::OperatorNumber;

/// The longest time between two parts of one message.
const KEPT_MICROS: u64 = 5 * 60 * 1_000_000;
/// The number of long messages that are remembered. Beyond it each part is routed by itself, which nearly always gives
/// the same operator, as all parts draw with the same number in weighted routing.
const MESSAGES_MAX: usize = 100_000;

/// The operators of the long messages of the last minutes, by a hash of account, addresses and reference.
#[derive(Debug, Default)]
pub struct LongMessageRoutes(DashMap<u64, (OperatorNumber, u64)>);

impl LongMessageRoutes {
    /// The operator that the earlier parts went to.
    pub fn operator(&self, message: u64, now: u64) -> Option<OperatorNumber> {
        self.0.get(&message).filter(|entry| entry.1 > now).map(|entry| entry.0)
    }

    /// Notes that a part goes to this operator.
    pub fn remember(&self, message: u64, operator: OperatorNumber, now: u64) {
        if self.0.len() < MESSAGES_MAX {
            self.0.insert(message, (operator, now + KEPT_MICROS));
        }
    }

    /// Forgets messages whose parts are all through by now.
    pub fn prune(&self, now: u64) {
        self.0.retain(|_, (_, until)| *until > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_remembered_for_a_while() {
        let long_message_routes = LongMessageRoutes::default();
        long_message_routes.remember(1, OperatorNumber(7), 1_000);
        assert_eq!(long_message_routes.operator(1, 1_000 + KEPT_MICROS - 1), Some(OperatorNumber(7)));
        assert_eq!(long_message_routes.operator(1, 1_000 + KEPT_MICROS), None);
        assert_eq!(long_message_routes.operator(2, 1_000), None);
        long_message_routes.prune(1_000 + KEPT_MICROS);
        assert!(long_message_routes.0.is_empty());
    }
}
