//! `[delivery]` of `tollgate.toml`: the time that messages wait for an operator, the number of attempts, and
//! the policy for unknown outcomes.

use std::time::Duration;

use serde::Serialize;

use crate::choice::Choice;
use crate::read::TableReader;
use crate::read::values::{integer, one_of};

/// Hours of a leap year, the longest time that anything is waited for.
const YEAR_HOURS: u64 = 24 * 366;

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;

/// Settings for messages on their way to any operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeliverySettings {
    /// Messages of one operator's queue that are held in memory; the rest waits on disk.
    pub queue_messages_in_memory: u32,
    /// The longest time that a message may wait, whatever its validity_period is.
    pub max_validity_hours: u32,
    /// Pause before the first new attempt after a temporary refusal; each further one doubles it.
    pub retry_min_ms: u32,
    /// The longest such pause.
    pub retry_max_ms: u32,
    /// Attempts for one message over all operators, after which it counts as rejected.
    pub attempts: u32,
    /// Policy for messages of unknown outcome, where their operator has no other.
    pub unknown_outcome: UnknownPolicy,
    /// Time for which an unknown outcome waits for a receipt before the policy is applied.
    pub unknown_outcome_seconds: u32,
    /// Time for which a final receipt is waited for after the operator took the message.
    pub receipt_timeout_hours: u32,
    /// Failures in a row that open an operator's circuit breaker.
    pub breaker_failures: u32,
    /// Time for which the breaker stays open at first; each further time doubles it.
    pub breaker_open_ms: u32,
    /// Time between two samples of an operator's health that are kept.
    pub health_sample_seconds: u32,
    /// Unanswered receipts that one bind of a gateway may have.
    pub receipt_window: u32,
    /// Pause before a receipt is sent again that a gateway did not take.
    pub receipt_retry_ms: u32,
}

impl DeliverySettings {
    /// The longest time that a message may wait.
    pub const fn max_validity(&self) -> Duration {
        Duration::from_hours(self.max_validity_hours as u64)
    }
}

/// Policy for a message that was sent but never answered, once no receipt has come in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownPolicy {
    /// The message is sent again and marked as a possible duplicate: nothing acknowledged is lost.
    #[default]
    Resend,
    /// The message is settled as unknown: nothing is sent twice.
    Settle,
}

impl Choice for UnknownPolicy {
    const ALL: &'static [Self] = &[Self::Resend, Self::Settle];

    fn word(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Settle => "settle",
        }
    }
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            queue_messages_in_memory: 4_096,
            max_validity_hours: 72,
            retry_min_ms: 500,
            retry_max_ms: 60_000,
            attempts: 8,
            unknown_outcome: UnknownPolicy::default(),
            unknown_outcome_seconds: 60,
            receipt_timeout_hours: 96,
            breaker_failures: 20,
            breaker_open_ms: 500,
            health_sample_seconds: 10,
            receipt_window: 100,
            receipt_retry_ms: 5_000,
        }
    }
}

/// Reads the table.
pub fn read_delivery(table: &mut TableReader) -> DeliverySettings {
    let default = DeliverySettings::default();
    let mut number = |key, default, range| table.or(key, default, integer(range));
    let delivery = DeliverySettings {
        queue_messages_in_memory: number(
            "queue_messages_in_memory",
            default.queue_messages_in_memory,
            16..=1 << 20,
        ),
        max_validity_hours: number("max_validity_hours", default.max_validity_hours, 1..=YEAR_HOURS),
        retry_min_ms: number("retry_min_ms", default.retry_min_ms, 10..=HOUR_MS),
        retry_max_ms: number("retry_max_ms", default.retry_max_ms, 10..=24 * HOUR_MS),
        attempts: number("attempts", default.attempts, 1..=100),
        unknown_outcome_seconds: number(
            "unknown_outcome_seconds",
            default.unknown_outcome_seconds,
            1..=7 * 86_400,
        ),
        receipt_timeout_hours: number("receipt_timeout_hours", default.receipt_timeout_hours, 1..=YEAR_HOURS),
        breaker_failures: number("breaker_failures", default.breaker_failures, 1..=10_000),
        breaker_open_ms: number("breaker_open_ms", default.breaker_open_ms, 10..=HOUR_MS),
        health_sample_seconds: number("health_sample_seconds", default.health_sample_seconds, 1..=3_600),
        receipt_window: number("receipt_window", default.receipt_window, 1..=65_535),
        receipt_retry_ms: number("receipt_retry_ms", default.receipt_retry_ms, 10..=HOUR_MS),
        unknown_outcome: table.or("unknown_outcome", default.unknown_outcome, one_of),
    };
    check_bounds_together(table, &delivery);
    delivery
}

fn check_bounds_together(table: &mut TableReader, delivery: &DeliverySettings) {
    table.not_below(("retry_max_ms", delivery.retry_max_ms), ("retry_min_ms", delivery.retry_min_ms));
    let (receipts, validity) = (delivery.receipt_timeout_hours, delivery.max_validity_hours);
    if receipts < validity {
        let message = format!(
            "{receipts} is less than max_validity_hours, {validity}: the operator may still be trying to deliver"
        );
        table.problem("receipt_timeout_hours", message);
    }
}
