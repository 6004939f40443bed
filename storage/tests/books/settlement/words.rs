//! The model's words: messages, events and what comes of them.

use tollgate_engine::settlement::{Outcome, ReceiptState, SettlementTerms};
use tollgate_engine::time::Month;
use tollgate_storage::message_change::ReportedOutcome;

/// The cost of a message at an operator, in its currency and in the account's.
pub const COST: i64 = 30_000;
pub const COST_IN_ACCOUNT_CURRENCY: i64 = 33_000;

/// An operator's id, by the position of the operator.
pub type UpstreamId = (usize, u8);

/// The one place in which a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Charged and to be sent to nobody.
    Nowhere,
    Scheduled(u64),
    Queued,
    WithOperator,
    /// Charged only, and on its way as its gateway says.
    Elsewhere,
    /// With an operator that sends no receipts.
    Unconfirmed,
    Ended(Outcome),
}

/// A change that the sender of a message has not heard of yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Dropped,
    Replaced,
}

#[derive(Clone, Debug)]
pub struct Sent {
    pub id: u64,
    pub visible_id: u64,
    pub account: usize,
    pub micros: i64,
    pub segments: u64,
    pub month: Month,
    pub quarter: u32,
    pub network: usize,
    pub dispatch: Option<usize>,
    pub terms: SettlementTerms,
    pub registered_delivery: u8,
    pub expires: bool,
    pub place: Place,
    pub refunded: bool,
    /// After it had come to its end.
    pub refunded_by_hand: bool,
    /// The number of reports of its gateway that its own route accepted it.
    pub taken_elsewhere: i64,
    /// The last report of its gateway that changed anything.
    pub reported: Option<ReportedOutcome>,
    pub text: u8,
    pub news: Option<News>,
    /// The operator that has it, or refused it last.
    pub operator: Option<usize>,
    /// The number of times that an operator accepted it.
    pub taken: i64,
    /// The id that the receipt of the last operator will name.
    pub awaited: Option<UpstreamId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub messages: u64,
    pub segments: u64,
    pub submitted: u64,
    pub delivered: u64,
    pub failed: u64,
    pub cancelled: u64,
    pub unconfirmed: u64,
    pub cost: i64,
    pub cost_operators: i64,
}

/// A receipt that nobody could match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub operator: usize,
    pub ids: Vec<u8>,
    pub state: ReceiptState,
    pub intermediate: bool,
}

/// A receipt for a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub serial: u64,
    pub visible_id: u64,
    pub state: ReceiptState,
    pub intermediate: bool,
}

/// An event of the model.
#[derive(Clone, Debug)]
pub enum Event {
    Lease { lease: u64, messages: Vec<usize> },
    Release { lease: u64 },
    Accept { message: usize, id: UpstreamId, for_good: bool },
    Fail { message: usize, outcome: Outcome },
    Expire { message: usize },
    Receipt(Kept),
    MatchedByAddress { message: usize, kept: Kept },
    TimeOut { id: UpstreamId },
    Due { until: u64, at_most: usize },
    Done { account: usize, serials: Vec<u64> },
}

/// The expected outcome of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Done,
    Noted,
    Settled { message: usize, outcome: Outcome, refunded: bool },
    Unmatched,
    Leased { dropped: Vec<usize>, replaced: Vec<usize> },
    Due(usize),
}
