//! The health of operators: now, over time, and link by link.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::money::{CurrencyCode, MoneySum};
use crate::time::Time;

/// The period of health or statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeriodQuery {
    /// From this instant on; for health an hour, for statistics a day before `to` if it is not given.
    #[serde(default)]
    #[param(value_type = Option<Time>)]
    pub from: Option<Time>,
    /// Before this instant; now if it is not given.
    #[serde(default)]
    #[param(value_type = Option<Time>)]
    pub to: Option<Time>,
}

/// The health of an operator, now and over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperatorHealth {
    /// The operator's code.
    pub code: String,
    /// The time of the answer.
    pub at: Time,
    /// True if it is sent messages: a link is bound and its breaker is closed.
    pub available: bool,
    /// Links that are bound.
    pub links_bound: u32,
    /// Its circuit breaker.
    pub breaker: BreakerState,
    /// Countries that are stepped over because it fails there.
    pub countries_open: u64,
    /// Messages that wait in its queue; above a hundred thousand an estimate.
    pub queued: u64,
    /// Messages that were sent and are not answered.
    pub in_flight: u32,
    /// The sum of the windows of its bound links.
    pub window: u32,
    /// Of the last minute.
    pub now: HealthPoint,
    /// Of the period asked for, the oldest first: what was measured, or where that is more than 1000 samples,
    /// every second, third … of them.
    pub samples: Vec<HealthPoint>,
}

/// The state of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Messages are sent as usual.
    Closed,
    /// No messages are sent.
    Open,
    /// A few, to try the operator out.
    HalfOpen,
}

/// Health at one moment. Counts and times are those of the minute before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HealthPoint {
    /// The time of the sample.
    pub at: Time,
    /// From 0, useless, to 100, perfect.
    #[schema(maximum = 100)]
    pub score: u8,
    /// True if a link was bound.
    pub bound: bool,
    /// Messages without an answer, in percent of what the windows hold.
    #[schema(maximum = 100)]
    pub window_fill_percent: u8,
    /// Half of the answers came within this time; 0 without any.
    pub latency_p50_micros: u64,
    /// 95 of 100 did.
    pub latency_p95_micros: u64,
    /// 99 of 100 did.
    pub latency_p99_micros: u64,
    /// Messages that were answered or lost.
    pub responses: u32,
    /// Messages that it accepted.
    pub accepted: u32,
    /// Refused for now.
    pub temporary: u32,
    /// Refused for good.
    pub permanent: u32,
    /// Refused because too many came.
    pub throttled: u32,
    /// Messages that it never answered.
    pub lost: u32,
    /// The number of final receipts.
    pub receipts: u32,
    /// Those of them that say delivered.
    pub delivered: u32,
    /// Half of the receipts came within this time after the message was taken; 0 without any.
    pub receipt_delay_micros: u64,
    /// Messages taken per second.
    pub per_second: u32,
}

/// The outcomes of the messages that an operator accepted, or was the last to refuse. A message counts
/// at the time when it was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperatorStats {
    /// The operator's code.
    pub code: String,
    /// From this instant on: `from` of the request, down to a quarter of an hour.
    pub from: Time,
    /// Before this instant: `to` of the request, up to a quarter of an hour.
    pub to: Time,
    /// Messages that were with it.
    pub messages: u64,
    /// Messages that it took.
    pub submitted: u64,
    /// The number of messages delivered.
    pub delivered: u64,
    /// Messages that ended otherwise, those cancelled aside.
    pub failed: u64,
    /// Messages of which nothing more will be heard, as it sends no receipts.
    pub unconfirmed: u64,
    /// Messages of which something may still become.
    pub pending: u64,
    /// Delivered, in percent of delivered and failed, rounded half-even to four decimals; null while there
    /// are none.
    #[schema(pattern = r"^[0-9]{1,3}(\.[0-9]{1,4})?$", example = "98.7654")]
    pub success_rate: Option<String>,
    /// The currency of its prices.
    pub currency: CurrencyCode,
    /// The price that it charges for them, in its currency.
    pub cost: MoneySum,
    /// The prices that it charges for them in other currencies that it had in the period.
    pub costs_in_other_currencies: Vec<CostInCurrency>,
}

/// A sum of costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CostInCurrency {
    /// The sum in that currency.
    pub cost: MoneySum,
    /// The currency of the sum.
    pub currency: CurrencyCode,
}

/// The links of an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperatorLinks {
    /// The operator's code.
    pub code: String,
    /// Every link that runs, bound or not, in the order in which they were started.
    pub links: Vec<OperatorLink>,
}

/// One SMPP bind to an operator, or the attempt to make it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperatorLink {
    /// Its number, since the daemon was started.
    pub number: u64,
    /// The filters of a list of kind of bind.
    pub bind: LinkBind,
    /// The message centre, as host and port.
    #[schema(example = "smsc.example.com:2775")]
    pub peer: String,
    /// The state of the link.
    pub state: LinkState,
    /// The time since which it is in that state.
    pub since: Time,
    /// Messages that it may have unanswered; none for a receiver.
    pub window: u32,
    /// Messages that it has unanswered.
    pub in_flight: u32,
    /// The number of times that it was bound.
    pub binds: u64,
    /// The reason for which it is not bound, or was not the last time; null before that has happened.
    pub last_failure: Option<String>,
}

/// The kind of bind of a link (SMPP 3.4 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkBind {
    /// Messages and receipts.
    Transceiver,
    /// A bind that sends messages.
    Transmitter,
    /// A bind that brings receipts.
    Receiver,
}

/// The state of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// The link is bound.
    Bound,
    /// It is about to be, or waits to try again.
    Connecting,
}
