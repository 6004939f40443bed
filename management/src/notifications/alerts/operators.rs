//! Operators that take no messages: without a bound link, or with an open breaker, for longer than is let pass.
//!
//! A breaker that tries an operator out is neither up nor down. An operator that fails every try is therefore down for the
//! sum of the times between; one that is bound again and has nothing to be tried with is up after a while.

use std::collections::HashMap;

use tollgate_engine::breaker::BreakerState;
use tollgate_engine::operator::{OperatorNumber, OperatorStatus};
use tollgate_engine::time::UnixMicros;

use tollgate_relay::delivery::{OperatorQueue, OperatorQueues};

/// The longest time that one look counts for, as looks may be late.
const STEP_MICROS_MAX: u64 = 60_000_000;

/// The state of each operator, and the time since when it has had it.
#[derive(Debug, Default)]
pub struct OperatorWatch {
    looked_at: UnixMicros,
    known: HashMap<OperatorNumber, Known>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    down_micros: u64,
    since_down_micros: u64,
}

/// The state of an operator at one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Up,
    Down,
    TriedOut,
}

impl OperatorWatch {
    /// Looks at every operator that is to get messages, at `now` by a clock that never jumps.
    pub fn look(&mut self, operator_queues: &OperatorQueues, now: UnixMicros, limit_micros: u64) {
        let step = now.0.saturating_sub(self.looked_at.0).min(STEP_MICROS_MAX);
        let step = if self.looked_at == UnixMicros::default() { 0 } else { step };
        self.looked_at = now;
        let mut known = HashMap::new();
        for operator_queue in operator_queues.iter().filter(|operator_queue| is_in_use(operator_queue)) {
            let before = self.known.get(&operator_queue.number).copied().unwrap_or_default();
            known.insert(operator_queue.number, before.after(look(operator_queue, now), step, limit_micros));
        }
        self.known = known;
    }

    /// True if an operator has been down for at least this time.
    pub fn is_down(&self, operator: OperatorNumber, limit_micros: u64) -> bool {
        self.known.get(&operator).is_some_and(|known| known.down_micros >= limit_micros)
    }
}

impl Known {
    fn after(self, look: Look, step: u64, limit_micros: u64) -> Self {
        match look {
            Look::Up => Self::default(),
            Look::Down => Self { down_micros: self.down_micros.saturating_add(step), since_down_micros: 0 },
            Look::TriedOut if self.since_down_micros >= limit_micros => Self::default(),
            Look::TriedOut => Self { since_down_micros: self.since_down_micros.saturating_add(step), ..self },
        }
    }
}

fn look(operator_queue: &OperatorQueue, now: UnixMicros) -> Look {
    let view = operator_queue.view(now);
    match view.breaker {
        _ if view.links == 0 => Look::Down,
        BreakerState::Open => Look::Down,
        BreakerState::HalfOpen => Look::TriedOut,
        BreakerState::Closed => Look::Up,
    }
}

fn is_in_use(operator_queue: &OperatorQueue) -> bool {
    let setup = operator_queue.setup.load();
    setup.as_ref().is_some_and(|setup| setup.operator.status != OperatorStatus::Disabled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 60;

    fn down_after(looks: &[(Look, u64)]) -> u64 {
        let known =
            looks.iter().fold(Known::default(), |known, (look, step)| known.after(*look, *step, LIMIT));
        known.down_micros
    }

    #[test]
    fn times_of_being_down_add_up_over_tries_and_end_when_it_is_up() {
        assert_eq!(down_after(&[(Look::Down, 30), (Look::TriedOut, 1), (Look::Down, 30)]), 60);
        assert_eq!(down_after(&[(Look::Down, 59), (Look::Up, 1), (Look::Down, 59)]), 59);
    }

    #[test]
    fn an_operator_with_nothing_to_be_tried_with_is_up_after_a_while() {
        assert_eq!(down_after(&[(Look::Down, 60), (Look::TriedOut, 59), (Look::TriedOut, 1)]), 60);
        assert_eq!(down_after(&[(Look::Down, 60), (Look::TriedOut, 60), (Look::TriedOut, 1)]), 0);
    }
}
