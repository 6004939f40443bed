//! Everything that can happen to the state machine.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::time::UnixMicros;

use crate::effect::{CommitResult, Read};
use crate::message::{Addresses, Message, MessageKey};
pub use crate::peers::{BindNumber, GatewayReceipt, LinkNumber, Receipt};
use crate::settings::Configuration;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// Messages have become durable, in the order of their ids.
    Durable(Vec<Arc<Message>>),
    /// Messages were cancelled, durably. Each is told of once.
    Cancelled(Vec<CancelledMessage>),
    /// Messages were replaced, durably: their new content.
    Replaced(Vec<Arc<Message>>),
    /// A link is bound; one that takes receipts only has a window of 0.
    LinkUp {
        /// The link in question.
        link: LinkNumber,
        /// The operator of it.
        operator: OperatorNumber,
        /// Messages that may be unanswered on it.
        window: u32,
    },
    /// A link is down. What was written to it and not answered has an unknown outcome.
    LinkDown {
        /// The link in question.
        link: LinkNumber,
    },
    /// The socket of a link takes more, or takes no more for now.
    Room {
        /// The link in question.
        link: LinkNumber,
        /// True if it takes more.
        is_writable: bool,
    },
    /// An operator has answered a message, or its time to do so is over.
    Answered {
        /// The link that the message was sent on.
        link: LinkNumber,
        /// Our id of the message.
        message_id: u64,
        /// The number of the try, as it was sent with.
        attempt: u32,
        /// The answer of the operator.
        answer: Answer,
    },
    /// An operator reports on a message.
    Receipt {
        /// The link that it came on.
        link: LinkNumber,
        /// The number by which it is to be acknowledged.
        sequence: u32,
        /// The receipt itself.
        receipt: Arc<Receipt>,
    },
    /// The result of a batch of events.
    Committed {
        /// The number of the batch.
        batch: u64,
        /// The result of the batch.
        result: CommitResult,
    },
    /// The disk has answered a read.
    Found(Found),
    /// A read failed. It is asked for again after a pause.
    NotRead(Read),
    /// Receipts for gateways have become durable, in the order of their ids.
    GatewayReceipts(Vec<GatewayReceipt>),
    /// A gateway has a bind that takes receipts.
    Bound {
        /// The bind in question.
        bind: BindNumber,
        /// The account of it.
        account: AccountNumber,
        /// Receipts that may be unanswered on it.
        window: u32,
    },
    /// A bind of a gateway is gone.
    Unbound {
        /// The bind in question.
        bind: BindNumber,
    },
    /// A gateway has answered a receipt.
    ReceiptAnswered {
        /// The bind that it was sent on.
        bind: BindNumber,
        /// The id of the receipt.
        receipt: u64,
        /// The status of the answer; `None` where none came in time.
        status: Option<u32>,
    },
    /// Another configuration is in force.
    Configured(Arc<Configuration>),
    /// The process is about to end, and all links are down: nothing more is sent, and what was certainly not sent is
    /// released.
    Stop,
}

/// A message that its gateway has cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelledMessage {
    /// Its place on disk.
    pub key: MessageKey,
    /// The date that it was scheduled for.
    pub scheduled_at: Option<UnixMicros>,
}

/// An operator's answer to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A submit_sm_resp has come.
    Response {
        /// The command_status of it.
        status: u32,
        /// The operator's id of the message.
        upstream_id: Vec<u8>,
    },
    /// None came in time.
    TimedOut,
    /// The message was not written, as no PDU of this link can hold it.
    NotSent,
}

/// A message that an operator has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedMessage {
    /// Our id of it.
    pub message_id: u64,
    /// The account of it.
    pub account: AccountNumber,
    /// The operator that has it.
    pub operator: OperatorNumber,
    /// The operator's id of it, in canonical form.
    pub upstream_id: Box<[u8]>,
    /// Destination and source of it.
    pub addresses: Addresses,
    /// The date at which it was accepted.
    pub accepted_at: UnixMicros,
    /// True if its final receipt has not come.
    pub is_awaited: bool,
}

/// The answer to a read.
#[derive(Clone, Debug)]
pub enum Found {
    /// Waiting messages of one queue, in the order of their ids.
    Backlog {
        /// The operator of the queue.
        first_choice: OperatorNumber,
        /// The class of the queue.
        class: u8,
        /// The messages in question.
        messages: Vec<Arc<Message>>,
        /// True if there is none behind them.
        is_last: bool,
        /// The time at which the first behind them was submitted.
        next_submitted_at: Option<UnixMicros>,
    },
    /// Scheduled messages, in the order of their dates and then of their ids.
    Scheduled {
        /// The messages in question.
        messages: Vec<Arc<Message>>,
        /// The date and id of the first behind them, if there is one.
        next: Option<(UnixMicros, u64)>,
    },
    /// Waiting messages that are on disk only and whose own validity has ended.
    Expired {
        /// The messages in question.
        messages: Vec<Arc<Message>>,
        /// The first end of a validity behind them.
        next: Option<UnixMicros>,
    },
    /// The messages that an operator has, or had, under ids that were asked for.
    Accepted {
        /// The number of the look-up.
        lookup: u64,
        /// The messages in question.
        messages: Vec<AcceptedMessage>,
    },
    /// Accepted messages that wait for a receipt since long.
    Overdue {
        /// The messages in question.
        messages: Vec<AcceptedMessage>,
    },
    /// Receipts for the gateways of an account, in the order of their ids.
    GatewayReceipts {
        /// The account in question.
        account: AccountNumber,
        /// The receipts that were found.
        receipts: Vec<GatewayReceipt>,
        /// True if there is none behind them.
        is_last: bool,
    },
}

/// Everything that is left from before a start.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// The last id of a message.
    pub last_message_id: u64,
    /// Messages that may have been on a wire: nobody knows what became of them.
    pub leased: Vec<RestoredLease>,
    /// Waiting messages by queue, those of leases and scheduled ones apart.
    pub waiting: Vec<WaitingOnDisk>,
    /// The first end of a validity of a waiting message.
    pub next_expiry: Option<UnixMicros>,
    /// The number of scheduled messages.
    pub scheduled: u64,
    /// The date and id of the first of them.
    pub next_scheduled: Option<(UnixMicros, u64)>,
    /// Messages that wait for a receipt, those below apart.
    pub accepted: u64,
    /// The latest messages that wait for a receipt, in the order in which they were accepted.
    pub accepted_lately: Vec<AcceptedMessage>,
    /// Operators that may have a message to a number without having said so: messages that ended as unknown, or were sent
    /// again, in the time for which receipts are waited for.
    pub past_unknown: Vec<(OperatorNumber, Box<[u8]>)>,
    /// Receipts that were kept, the oldest first.
    pub unmatched: Vec<KeptReceipt>,
    /// The accounts with receipts for their gateways, and the number of those.
    pub gateway_receipts: Vec<(AccountNumber, u64)>,
    /// The forms of ids that were found out.
    pub receipt_ids: Vec<(OperatorNumber, ReceiptIdFormat)>,
}

/// A lease as it was durable at the start.
#[derive(Clone, Debug)]
pub struct RestoredLease {
    /// The number of it.
    pub lease: u64,
    /// The operator that may have the messages.
    pub operator: OperatorNumber,
    /// The date at which it became durable.
    pub leased_at: UnixMicros,
    /// The messages that still wait, each with another operator that may have it too.
    pub messages: Vec<(Arc<Message>, Option<OperatorNumber>)>,
}

/// The messages of one queue that wait on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingOnDisk {
    /// The operator of the queue.
    pub first_choice: OperatorNumber,
    /// The class of the queue.
    pub class: u8,
    /// The number of messages.
    pub messages: u64,
    /// The time at which the first of them was submitted.
    pub oldest: UnixMicros,
}

/// A receipt that is kept on disk without a message.
#[derive(Clone, Debug)]
pub struct KeptReceipt {
    /// The number that it is kept by.
    pub id: u64,
    /// The operator that sent it.
    pub operator: OperatorNumber,
    /// The date at which it came.
    pub received_at: UnixMicros,
    /// The receipt itself.
    pub receipt: Arc<Receipt>,
}
