//! Everything that the state machine wants done, and the events that it reports to the committer.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::health::HealthSample;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;

use crate::message::{Message, MessageKey};
use crate::peers::{BindNumber, GatewayReceipt, LinkNumber, Receipt};

/// Something to be done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Events are to become durable, together or not at all. [`crate::Input::Committed`] follows.
    Commit(Arc<Batch>),
    /// A message is to be written to a link. [`crate::Input::Answered`] or [`crate::Input::LinkDown`] follows.
    Send {
        /// The link in question.
        link: LinkNumber,
        /// The message itself.
        message: Arc<Message>,
        /// The number of the try, which its answer is to name.
        attempt: u32,
        /// True if an operator may have it already.
        is_possible_duplicate: bool,
    },
    /// A receipt is to be acknowledged with this status.
    Acknowledge {
        /// The link that it came on.
        link: LinkNumber,
        /// Its number there.
        sequence: u32,
        /// The command_status of the answer.
        status: u32,
    },
    /// Something is to be read from disk. [`crate::Input::Found`] or [`crate::Input::NotRead`] follows.
    Read(Read),
    /// A receipt is to be sent to a gateway. [`crate::Input::ReceiptAnswered`] or [`crate::Input::Unbound`] follows.
    SendReceipt {
        /// The bind in question.
        bind: BindNumber,
        /// The receipt itself.
        receipt: GatewayReceipt,
    },
    /// Something that people want to know, for logs, metrics and alerts.
    Report(Report),
}

/// Events that become durable together or not at all.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its number: one more than that of the batch before.
    pub number: u64,
    /// The events, in the order in which they happened.
    pub events: Vec<Event>,
}

/// One thing that happened to messages. It says what was seen and never what it costs: the fold decides about money from
/// the message's own terms and its state on disk, so that an event may be reported twice and moves money once.
#[derive(Clone, Debug)]
pub enum Event {
    /// Messages are about to be written to a link of this operator.
    Leased {
        /// The number of the lease, which grows.
        lease: u64,
        /// The operator in question.
        operator: OperatorNumber,
        /// The messages in question.
        messages: Vec<LeasedMessage>,
    },
    /// Every message of the lease has ended, or is certainly not at an operator, or is named by another lease.
    Released {
        /// The number of the lease.
        lease: u64,
    },
    /// An operator took a message.
    Accepted(Acceptance),
    /// A message has ended without an operator that is known to have it.
    Ended(Ended),
    /// An operator reports on a message that it has.
    Receipt(MatchedReceipt),
    /// A receipt that was kept as unmatched is kept no longer: it was of a message, or is too old.
    Forgotten {
        /// The number that it was kept by.
        unmatched: u64,
    },
    /// A receipt without a message is to be kept.
    Kept {
        /// The operator that sent it.
        operator: OperatorNumber,
        /// The date at which it came.
        received_at: UnixMicros,
        /// The reason for which no message gets it.
        reason: UnmatchedReason,
        /// The receipt itself.
        receipt: Arc<Receipt>,
    },
    /// No receipt came in time for a message that was accepted.
    ReceiptTimedOut {
        /// The operator that has it.
        operator: OperatorNumber,
        /// Our id of it.
        message_id: u64,
        /// The operator's id of it.
        upstream_id: Box<[u8]>,
    },
    /// Gateways have answered receipts for good.
    GatewayReceiptsDone {
        /// The account in question.
        account: AccountNumber,
        /// The receipts, each with the status of the answer.
        receipts: Vec<(u64, u32)>,
    },
    /// The form of ids that an operator uses was found out.
    ReceiptIds {
        /// The operator in question.
        operator: OperatorNumber,
        /// The form that it uses.
        form: ReceiptIdFormat,
    },
    /// A sample of an operator's health, for the time series.
    Health {
        /// The operator in question.
        operator: OperatorNumber,
        /// The date of the sample.
        at: UnixMicros,
        /// The sample of health.
        sample: HealthSample,
    },
}

/// A message in a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeasedMessage {
    /// Its place on disk.
    pub key: MessageKey,
    /// The operator that may have it already. The mark is in the lease so that no crash loses it.
    pub may_be_at: Option<OperatorNumber>,
}

/// An operator's yes to a message.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// The message itself.
    pub message: Arc<Message>,
    /// The operator in question.
    pub operator: OperatorNumber,
    /// The operator's id of it, in canonical form.
    pub upstream_id: Box<[u8]>,
    /// True if no receipt will come, so that the message stays accepted.
    pub is_final: bool,
    /// The operator's cost, in its currency.
    pub cost: Amount,
    /// The operator's currency.
    pub cost_currency: Currency,
    /// The cost in the account's currency, where there is a rate.
    pub cost_in_account_currency: Option<Amount>,
    /// The number of attempts, this one included.
    pub attempts: u32,
    /// The operators that were asked, in order, this one last.
    pub asked: Vec<AskedOperator>,
    /// True if another operator, or the same one, may have it too.
    pub is_possible_duplicate: bool,
    /// True if the answer was lost and a receipt with the message's addresses stands for it.
    pub is_by_address: bool,
}

/// The end of a message that no operator is known to have.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The message itself.
    pub message: Arc<Message>,
    /// Rejected, expired or unknown.
    pub outcome: Outcome,
    /// The command_status of the last refusal; zero for none.
    pub status: u32,
    /// The operator that refused it last, or may have it.
    pub operator: Option<OperatorNumber>,
    /// The number of attempts.
    pub attempts: u32,
    /// The operators that were asked, in order.
    pub asked: Vec<AskedOperator>,
}

/// An operator that was asked to take a message, and what it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedOperator {
    /// The operator in question.
    pub operator: OperatorNumber,
    /// The command_status of its answer.
    pub status: u32,
    /// The date of the answer.
    pub at: UnixMicros,
}

/// A receipt with the message that it is of.
#[derive(Clone, Debug)]
pub struct MatchedReceipt {
    /// The operator that has the message.
    pub operator: OperatorNumber,
    /// Our id of the message.
    pub message_id: u64,
    /// The account of the message.
    pub account: AccountNumber,
    /// The id under which the operator has the message.
    pub upstream_id: Box<[u8]>,
    /// The date at which the receipt came.
    pub received_at: UnixMicros,
    /// The receipt itself.
    pub receipt: Arc<Receipt>,
}

/// The reason for which a receipt is given to no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnmatchedReason {
    /// No message has its id.
    NoMessage,
    /// Messages to other numbers have its id.
    OtherAddresses,
    /// Several messages may be meant.
    SeveralMessages,
}

/// The result of a batch.
#[derive(Clone, Debug)]
pub enum CommitResult {
    /// It is durable: the outcome of each event, in order.
    Durable(Vec<EventOutcome>),
    /// Nothing was done.
    Refused,
    /// It may be durable or not. One of the others follows, in this process or by its start.
    InDoubt,
}

/// The outcome of one event.
#[derive(Clone, Debug)]
pub enum EventOutcome {
    /// It is durable.
    Done,
    /// The lease is durable.
    Leased {
        /// Messages that were cancelled or ended before, and must not be sent.
        dropped: Vec<u64>,
        /// Messages that were replaced before, as they are to be sent.
        replaced: Vec<Arc<Message>>,
    },
    /// A message has come to its end by this event.
    Settled {
        /// The final outcome.
        outcome: Outcome,
        /// The date at which an operator accepted it.
        accepted_at: Option<UnixMicros>,
    },
    /// It changed nothing: a repetition, or too late.
    Noted,
    /// The receipt is kept by this number.
    Kept {
        /// The number of its row.
        unmatched: u64,
    },
}

/// Something to be read from disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Waiting messages of one queue.
    Backlog {
        /// The operator of the queue.
        first_choice: OperatorNumber,
        /// The class of the queue.
        class: u8,
        /// The message that they come after.
        after: u64,
        /// The most messages to read; zero where only the first is asked for, without being brought.
        at_most: u32,
    },
    /// Scheduled messages that are due.
    Scheduled {
        /// The date and id that they come after.
        after: (UnixMicros, u64),
        /// The latest date.
        until: UnixMicros,
        /// The most messages to read.
        at_most: u32,
    },
    /// Waiting messages whose own validity ends by a date.
    Expired {
        /// The date in question.
        until: UnixMicros,
        /// The most messages to read.
        at_most: u32,
    },
    /// Messages that an operator has or had.
    Accepted {
        /// The number of the look-up.
        lookup: u64,
        /// The operator in question.
        operator: OperatorNumber,
        /// The ids, in canonical form.
        ids: Vec<Vec<u8>>,
    },
    /// Messages that wait for a receipt since before a date.
    Overdue {
        /// The date in question.
        before: UnixMicros,
        /// The most messages to read.
        at_most: u32,
    },
    /// Receipts for the gateways of an account.
    GatewayReceipts {
        /// The account in question.
        account: AccountNumber,
        /// The receipt that they come after.
        after: u64,
        /// The most receipts to read.
        at_most: u32,
    },
}

/// Something that people want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// A message has an unknown outcome.
    UnknownOutcome {
        /// The operator that may have it.
        operator: OperatorNumber,
    },
    /// A message is sent again though an operator may have it.
    PossibleDuplicate {
        /// The operator that may have it.
        operator: OperatorNumber,
    },
    /// Two operators have taken one message.
    DuplicateAcceptance {
        /// The operator that took it second.
        operator: OperatorNumber,
    },
    /// Several messages may be meant by a receipt, and none gets it.
    AmbiguousReceipt {
        /// The operator that sent it.
        operator: OperatorNumber,
    },
    /// No message is known that a receipt may be of.
    UnmatchedReceipt {
        /// The operator that sent it.
        operator: OperatorNumber,
    },
    /// The form of ids in an operator's receipts was found out, or has changed.
    ReceiptIds {
        /// The operator in question.
        operator: OperatorNumber,
        /// The form that was believed before.
        before: ReceiptIdFormat,
        /// The form that it uses.
        now: ReceiptIdFormat,
    },
    /// An operator has become available, or is so no longer.
    Available {
        /// The operator in question.
        operator: OperatorNumber,
        /// True if it is.
        is_available: bool,
    },
    /// A message has come to its end.
    Settled {
        /// The operator that had it.
        operator: Option<OperatorNumber>,
        /// The final outcome.
        outcome: Outcome,
    },
}
