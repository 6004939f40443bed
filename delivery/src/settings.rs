//! The configuration, as far as delivery depends on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tollgate_engine::breaker::BreakerConfig;
use tollgate_engine::money::Currency;
use tollgate_engine::network::Networks;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::routing::Routes;

/// The configuration in force.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The settings of delivery as a whole.
    pub settings: Settings,
    /// The operators that take which messages.
    pub routes: Arc<Routes>,
    /// The catalogue that the routes were made with.
    pub networks: Arc<Networks>,
    /// The operators as they are provisioned. One that is missing was removed, and may still have messages.
    pub operators: BTreeMap<OperatorNumber, OperatorSettings>,
}

/// The settings of delivery as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Messages of one first choice that are held in memory; the rest waits on disk.
    pub queue_messages_in_memory: u32,
    /// Scheduled messages that are held in memory once they are due.
    pub scheduled_in_memory: u32,
    /// Accepted messages whose operator's id is held in memory; the rest is looked up on disk.
    pub accepted_in_memory: u32,
    /// Receipts without a message that are remembered.
    pub unmatched_max: u32,
    /// The longest time that a message may wait, whatever its validity is.
    pub max_validity_micros: u64,
    /// The pause before the first new attempt after a temporary refusal; each further one doubles it.
    pub retry_min_micros: u64,
    /// The longest such pause.
    pub retry_max_micros: u64,
    /// Attempts for one message over all operators, after which it counts as rejected.
    pub attempts: u32,
    /// The policy for messages of unknown outcome, where their operator has no other.
    pub unknown_outcome: UnknownPolicy,
    /// The time for which an unknown outcome waits for a receipt before the policy is applied.
    pub unknown_outcome_micros: u64,
    /// The time for which a final receipt is waited for after the operator took the message.
    pub receipt_timeout_micros: u64,
    /// The time for which a receipt without a message waits for the answer that names it.
    pub unmatched_micros: u64,
    /// The conditions under which breakers open, and the times for which they do.
    pub breaker: BreakerConfig,
    /// The time between two looks at the health of operators.
    pub health_look_micros: u64,
    /// The time between two looks on disk for receipts that never came.
    pub overdue_look_micros: u64,
    /// The time between two samples of an operator's health that are kept.
    pub health_sample_micros: u64,
    /// The pause before a receipt is sent again that a gateway did not take.
    pub receipt_retry_micros: u64,
    /// If an operator that is up has more waiting than it takes in this time, the excess goes to others that have
    /// room. `None` leaves it waiting.
    pub overflow_after_micros: Option<u64>,
}

/// An operator as it is provisioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorSettings {
    /// The messages a second that it takes by contract; `None` for no limit.
    pub throughput_per_second: Option<u32>,
    /// True if it is asked for receipts of every message.
    pub receipts: bool,
    /// Times that it is asked again after a temporary refusal, before another operator is.
    pub retries: u32,
    /// The policy for its messages of unknown outcome.
    pub unknown_outcome: Option<UnknownPolicy>,
    /// The relation of the ids in its receipts to those in its responses.
    pub receipt_ids: ReceiptIdFormat,
    /// The currency that it charges in.
    pub currency: Currency,
}

/// The policy for a message that was sent and never answered, once no receipt has come in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnknownPolicy {
    /// It is sent again and marked as a possible duplicate: nothing acknowledged is lost.
    #[default]
    Resend,
    /// It is settled as unknown: nothing is sent twice.
    Settle,
}
