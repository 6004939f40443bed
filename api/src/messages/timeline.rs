//! A message's timeline: what is known to have happened to it, in order.

use serde::Serialize;
use utoipa::ToSchema;

use super::dto::ListedMessage;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;

/// A kind of event in a message's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimelineEventKind {
    /// It came from its gateway.
    Submitted,
    /// Its network, segments and price were found.
    Rated,
    /// An account of its chain was debited, or earned a commission.
    Charged,
    /// It was refused, and nothing was taken.
    Refused,
    /// It came into the queue of an operator, or is charged only and came into none.
    Queued,
    /// It is to leave later.
    Scheduled,
    /// It was handed to an operator that did not take it.
    Attempt,
    /// An operator took it.
    Accepted,
    /// A receipt, or a report of its gateway, said what became of it.
    Receipt,
    /// It came to its end without a receipt.
    Ended,
    /// An account of its chain got back what it had paid.
    Refunded,
    /// The receipt for its gateway waits for a bind.
    ReceiptWaiting,
    /// The receipt for its gateway was handed over, and the gateway acknowledged it, or refused it with `command_status`. The time
    /// is that of the gateway's answer; null where an earlier version handed it over.
    ReceiptHandedOver,
}

/// One event in a message's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TimelineEvent {
    /// The kind of event.
    pub event: TimelineEventKind,
    /// The time of it, of a receipt that was handed over that of the gateway's answer; null where it is not kept, and the event
    /// stands at its place in the order.
    pub at: Option<Time>,
    /// The event in words.
    pub text: String,
    /// The account whose money it is about.
    pub account: Option<String>,
    /// The money that was taken, earned or given back; null where there is none, or the caller is more than one level above the
    /// account.
    pub amount: Option<Money>,
    /// Of the amount.
    pub currency: Option<CurrencyCode>,
    /// The operator; only for callers that see all accounts.
    pub operator_code: Option<String>,
    /// The operator's id of the message; only for callers that see all accounts.
    pub operator_message_id: Option<String>,
    /// The SMPP command_status of an answer, or the error of a receipt; null where there was none, or the gateway took its receipt.
    pub command_status: Option<u32>,
    /// The name and meaning of that number; null where there was none, or it is the operator's own.
    #[schema(example = "ESME_RTHROTTLED: the operator asks for fewer messages")]
    pub status_text: Option<String>,
    /// The path of a resource that says more.
    #[schema(example = "/v1/cdrs/178466400000000000/explain")]
    pub link: Option<String>,
}

/// A message, and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MessageTimeline {
    /// The message as it is now.
    pub message: ListedMessage,
    /// The events in order.
    pub events: Vec<TimelineEvent>,
    /// The way to have a message like it go through; null of a message that was charged.
    pub remedy: Option<String>,
}
