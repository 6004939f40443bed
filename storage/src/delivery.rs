//! Events of messages after their charge, as the daemon reports them to the committer, and their outcomes.
//!
//! An event says what was seen: an answer, a receipt, an expiry. It never says what that costs: the fold
//! decides it, from the message's own terms and from the message's state on disk. So an event may be reported
//! twice, or late, and moves money once.

use std::fmt;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::health::HealthSample;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::{Outcome, ReceiptState};
use tollgate_engine::time::UnixMicros;

use crate::message::{AddressCopy, QueueKey, QueuedRow};
use crate::rows::{AskedOperator, DoneDate, ReceiptAnswer, UnmatchedReason};

/// Octets of a receipt's error text that are kept.
pub const ERROR_OCTETS_MAX: usize = 16;

/// One thing that happened to messages that are charged.
#[derive(Clone, PartialEq, Eq)]
pub enum DeliveryEvent {
    /// Messages are about to be written to a link. Once this is durable they may be: after a crash a message
    /// without a lease was never sent.
    Leased {
        /// The daemon's number of the lease: microseconds, growing.
        lease: u64,
        /// The operator that is about to get them.
        operator: OperatorNumber,
        /// The messages to be leased.
        keys: Vec<QueueKey>,
    },
    /// Every message of the lease is settled or certainly not taken.
    Released {
        /// As it was leased.
        lease: u64,
    },
    /// An operator took a message.
    Accepted(Acceptance),
    /// A message is final without an operator having it.
    Failed {
        /// The queue that the message waits in.
        key: QueueKey,
        /// The bytes of its queue row. `None` where the message is known by its key only, as an expiry knows
        /// it: the row is then read, and nothing happens where it is gone or the message is leased.
        row: Option<Box<[u8]>>,
        /// `Rejected`, `Expired` or `Unknown`.
        outcome: Outcome,
        /// The SMPP command_status of the last refusal; zero for none.
        error: u32,
        /// The operator that refused it last.
        operator: Option<OperatorNumber>,
        /// The number of attempts.
        attempts: u8,
        /// The operators that were tried, in order, and what they answered.
        tried: Vec<AskedOperator>,
    },
    /// An operator reports the state of a message.
    Receipt {
        /// The operator that reports it.
        operator: OperatorNumber,
        /// The ids that the operator may mean, in the order to try.
        ids: Vec<Vec<u8>>,
        /// The state of the message.
        state: ReceiptState,
        /// True if the operator says that more receipts will come.
        intermediate: bool,
        /// The receipt's `err:` text, at most [`ERROR_OCTETS_MAX`] octets.
        error: Vec<u8>,
        /// The TLV network_error_code (SMPP 3.4 §5.3.2.31).
        network_error: Option<[u8; 3]>,
        /// The time at which it came.
        done_at: UnixMicros,
        /// The operator's date for the state, where it gives a possible one.
        done_date: Option<DoneDate>,
        /// The receipt's source, which is the message's destination.
        source: Vec<u8>,
        /// The receipt's destination, which is the message's source.
        destination: Vec<u8>,
    },
    /// A receipt that was kept as unmatched belongs to a message whose outcome was unknown: the message was
    /// accepted under the receipt's id, and then got the receipt.
    MatchedByAddress {
        /// Its upstream id is the receipt's first, whatever stands in it.
        acceptance: Acceptance,
        /// The receipt's id in `unmatched`.
        unmatched: u64,
    },
    /// A receipt that was kept as unmatched is tried once more, as when its operator's ids are read in
    /// another way now.
    Replayed {
        /// The operator that sent it.
        operator: OperatorNumber,
        /// The receipt's id in `unmatched`.
        unmatched: u64,
        /// The ids that the operator may mean, in the order to try.
        ids: Vec<Vec<u8>>,
        /// True if the only message that has its id gets it whatever its addresses: the operator may have
        /// rewritten them, and nothing was heard of another message.
        rewritten: bool,
    },
    /// No receipt came in time for a message that was accepted.
    ReceiptTimedOut {
        /// The operator that accepted it.
        operator: OperatorNumber,
        /// Its place among the messages of the operator, as [`crate::store`] lists those overdue: mostly the
        /// operator's id of it.
        place: Vec<u8>,
    },
    /// Scheduled messages are due.
    Due {
        /// Those scheduled for then or before.
        until: UnixMicros,
        /// The most messages to release.
        at_most: u32,
    },
    /// A gateway has acknowledged these receipts, or refused them permanently.
    ReceiptsDone {
        /// The account of the receipts.
        account: AccountNumber,
        /// The receipts that it has answered.
        receipts: Vec<AnsweredReceipt>,
    },
    /// A message that an idempotency key was first used for needs an id of 32 bits, as it is resent over SMPP 3.3.
    ShortIdWanted {
        /// The account of the message.
        account: AccountNumber,
        /// The client's key.
        key: Box<[u8]>,
    },
    /// A sample of an operator's health, for the time series.
    Health {
        /// The operator in question.
        operator: OperatorNumber,
        /// The time of the sample.
        at: UnixMicros,
        /// The sample itself.
        sample: HealthSample,
    },
}

/// An operator's yes to a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The queue that the message waited in.
    pub key: QueueKey,
    /// The bytes of its queue row.
    pub row: Box<[u8]>,
    /// The operator that accepted it.
    pub operator: OperatorNumber,
    /// The operator's id of it, in canonical form.
    pub upstream_id: Vec<u8>,
    /// No receipt will come: the message stays accepted permanently.
    pub final_now: bool,
    /// The operator's cost for all segments, in its currency.
    pub cost: Amount,
    /// The operator's currency.
    pub cost_currency: Currency,
    /// The same in the account's currency, where there is a rate.
    pub cost_in_account_currency: Option<Amount>,
    /// The number of attempts, this one included.
    pub attempts: u8,
    /// The operators that were tried, in order, this one last.
    pub tried: Vec<AskedOperator>,
    /// It was sent before with an unknown outcome, so that the operator may have it twice.
    pub possible_duplicate: bool,
}

/// A receipt that a gateway has answered for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredReceipt {
    /// The id of the receipt.
    pub id: u64,
    /// The answer of the gateway.
    pub answer: ReceiptAnswer,
}

/// The outcome of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventOutcome {
    /// It is durable.
    Done,
    /// The lease is durable.
    Leased {
        /// Cancelled, expired or settled meanwhile, and not in the lease: they must not be sent.
        dropped: Vec<QueueKey>,
        /// Replaced meanwhile: to be sent as they are here.
        replaced: Vec<QueuedRow>,
    },
    /// A message has reached its end by this event.
    Settled {
        /// The account of the message.
        account: AccountNumber,
        /// Our id of it.
        message_id: u64,
        /// The operator that had it, or refused it last; zero for none.
        operator: OperatorNumber,
        /// The final outcome.
        outcome: Outcome,
        /// The time at which it was read off the client's socket.
        submitted_at: UnixMicros,
        /// The time at which an operator accepted it.
        accepted_at: Option<UnixMicros>,
        /// The network of its destination.
        network: NetworkCode,
        /// Its destination, as submitted or in international form.
        destination: AddressCopy,
        /// True if this event refunded its charge.
        refunded: bool,
    },
    /// It belongs to a message and changed nothing that matters: a repetition, an intermediate receipt, one
    /// that came too late.
    Noted,
    /// A receipt that is given to no message. It is kept.
    Unmatched {
        /// Its id in `unmatched`.
        id: u64,
        /// The reason for which no message gets it.
        reason: UnmatchedReason,
    },
    /// The message has this id of 32 bits.
    ShortId(u32),
    /// Scheduled messages are in their queues.
    Due {
        /// The number released; if it is as many as were asked for there may be more.
        released: u32,
    },
}

/// The result of a batch of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryResult {
    /// On disk: the outcome of each event, in order.
    Durable(Vec<EventOutcome>),
    /// Nothing was done. The events are given back, to be asked again.
    Refused(Vec<DeliveryEvent>),
}

/// Events that become durable together or not at all.
pub struct DeliveryBatch {
    /// In the order in which they happened.
    pub events: Vec<DeliveryEvent>,
    /// Told once, on the writer's thread; it must be quick.
    pub done: Box<dyn FnOnce(DeliveryResult) + Send>,
}

impl DeliveryEvent {
    /// The name in logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Leased { .. } => "leased",
            Self::Released { .. } => "released",
            Self::Accepted(_) => "accepted",
            Self::Failed { .. } => "failed",
            Self::Receipt { .. } => "receipt",
            Self::MatchedByAddress { .. } => "matched_by_address",
            Self::Replayed { .. } => "replayed",
            Self::ReceiptTimedOut { .. } => "receipt_timed_out",
            Self::Due { .. } => "due",
            Self::ReceiptsDone { .. } => "receipts_done",
            Self::ShortIdWanted { .. } => "short_id_wanted",
            Self::Health { .. } => "health",
        }
    }
}

// Rows hold the text of messages, which no log may show.
impl fmt::Debug for DeliveryEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut event = f.debug_struct(self.name());
        match self {
            Self::Leased { lease, .. } | Self::Released { lease } => event.field("lease", lease),
            Self::Accepted(acceptance) | Self::MatchedByAddress { acceptance, .. } => {
                event.field("acceptance", acceptance)
            }
            Self::Failed { key, outcome, error, .. } => {
                event.field("key", key).field("outcome", outcome).field("error", error)
            }
            Self::Receipt { operator, state, .. } => event.field("operator", operator).field("state", state),
            Self::Replayed { operator, .. }
            | Self::ReceiptTimedOut { operator, .. }
            | Self::Health { operator, .. } => event.field("operator", operator),
            Self::Due { until, .. } => event.field("until", until),
            Self::ReceiptsDone { account, .. } | Self::ShortIdWanted { account, .. } => {
                event.field("account", account)
            }
        };
        event.finish_non_exhaustive()
    }
}

impl fmt::Debug for Acceptance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut acceptance = f.debug_struct("Acceptance");
        acceptance.field("key", &self.key).field("operator", &self.operator);
        acceptance.field("attempts", &self.attempts).finish_non_exhaustive()
    }
}

impl DeliveryBatch {
    /// Answers that nothing was done.
    pub(crate) fn refuse(self) {
        (self.done)(DeliveryResult::Refused(self.events));
    }

    /// Messages that it touches, roughly.
    pub(crate) fn weight(&self) -> usize {
        let weight = |event: &DeliveryEvent| match event {
            DeliveryEvent::Leased { keys, .. } => keys.len(),
            DeliveryEvent::Due { at_most, .. } => *at_most as usize,
            DeliveryEvent::ReceiptsDone { receipts, .. } => receipts.len(),
            _ => 1,
        };
        self.events.iter().map(weight).sum()
    }
}

impl fmt::Debug for DeliveryBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryBatch").field("events", &self.events.len()).finish_non_exhaustive()
    }
}
