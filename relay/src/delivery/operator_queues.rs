//! Every operator's queue, by the operator's number. Routing reads the conditions of operators from it.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::routing::{Condition, Conditions};

use super::operator_queue::OperatorQueue;
use tollgate_engine::breaker::BreakerConfig;
use tollgate_provisioning::{DeliverySettings, ProvisionedOperator};

/// One version of the table; the queues in it are the same from version to version.
#[derive(Debug, Default)]
pub struct OperatorQueues(Vec<Option<Arc<OperatorQueue>>>);

/// The table in force. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct CurrentOperatorQueues(Arc<ArcSwap<OperatorQueues>>);

/// A table that is not in force yet.
#[derive(Debug)]
pub struct NextOperatorQueues {
    /// Every queue, those that are there already among them.
    pub table: Arc<OperatorQueues>,
    /// The setup that each queue takes over once the table is in force.
    setups: Vec<(Arc<OperatorQueue>, Option<Arc<ProvisionedOperator>>)>,
}

impl CurrentOperatorQueues {
    /// The table, for a moment.
    pub fn load(&self) -> Guard<Arc<OperatorQueues>> {
        self.0.load()
    }

    /// Puts a table in force, with what its queues take over.
    pub fn follow(&self, next: NextOperatorQueues) {
        for (operator_queue, setup) in next.setups {
            operator_queue.provision(setup);
        }
        self.0.store(next.table);
    }
}

/// The operators that the files name, and all that the disk knows.
#[derive(Debug)]
pub struct OperatorSetup {
    /// With their numbers filled in.
    pub provisioned: Vec<Arc<ProvisionedOperator>>,
    /// Number and code of every operator ever provisioned: messages may wait for one that no longer is.
    pub known: Vec<(OperatorNumber, Arc<str>)>,
}

impl OperatorQueues {
    /// The table for these operators, with the queues that are there already.
    pub fn after(&self, setup: &OperatorSetup, settings: &DeliverySettings) -> NextOperatorQueues {
        let provisioned: HashMap<_, _> =
            setup.provisioned.iter().map(|operator| (operator.operator.number, operator)).collect();
        let (mut operator_queues, mut setups) = (Vec::new(), Vec::new());
        for (number, code) in &setup.known {
            let operator_queue = self.get(*number).cloned().unwrap_or_else(|| {
                let capacity = settings.queue_messages_in_memory as usize;
                Arc::new(OperatorQueue::new(*number, Arc::clone(code), capacity, breaker_config(settings)))
            });
            let setup = provisioned.get(number).map(|operator| Arc::clone(operator));
            setups.push((Arc::clone(&operator_queue), setup));
            let place = usize::from(number.0);
            if operator_queues.len() <= place {
                operator_queues.resize(place + 1, None);
            }
            if let Some(slot) = operator_queues.get_mut(place) {
                *slot = Some(operator_queue);
            }
        }
        NextOperatorQueues { table: Arc::new(Self(operator_queues)), setups }
    }

    /// The queue of an operator.
    pub fn get(&self, operator: OperatorNumber) -> Option<&Arc<OperatorQueue>> {
        self.0.get(usize::from(operator.0))?.as_ref()
    }

    /// The queues of all operators.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<OperatorQueue>> {
        self.0.iter().flatten()
    }
}

impl Conditions for OperatorQueues {
    fn condition(&self, operator: OperatorNumber) -> Condition {
        self.get(operator)
            .map_or(Condition { available: false, score: 0 }, |operator_queue| operator_queue.condition())
    }
}

fn breaker_config(settings: &DeliverySettings) -> BreakerConfig {
    let open_for_micros = u64::from(settings.breaker_open_ms) * 1_000;
    BreakerConfig {
        failures: settings.breaker_failures,
        failure_percent: FAILURE_PERCENT,
        minimum_responses: settings.breaker_failures,
        open_for_micros,
        open_for_max_micros: open_for_micros * OPEN_FOR_DOUBLINGS,
        probes: PROBES,
    }
}

/// The share of failures among the answers of the last seconds at which the breaker opens.
const FAILURE_PERCENT: u8 = 50;
/// The longest time that a breaker stays open, as a multiple of the first.
const OPEN_FOR_DOUBLINGS: u64 = 64;
/// The number of probes in the first round.
const PROBES: u32 = 1;
