//! Money by outcome: what becomes of a message's price as its delivery goes on, as a pure state machine.
//!
//! The price is always taken when the message is submitted, so that nobody can overspend. What happens later
//! can only give it back, once, when the message comes to its end. [`step`] takes every event in every stage:
//!
//! | event | waiting | accepted | final |
//! | --- | --- | --- | --- |
//! | accepted | **accepted**, submitted + 1 | – | – |
//! | rejected | **rejected**, failed + 1 | – | – |
//! | expired | **expired**, failed + 1 | – | – |
//! | unknown | **unknown**, failed + 1 | **unknown**, failed + 1 | – |
//! | cancelled | **cancelled**, cancelled + 1 | – | – |
//! | receipt, not final | as accepted | – | – |
//! | receipt, final | as accepted, then as there | its outcome, delivered or failed + 1 | – |
//!
//! A dash changes nothing. A receipt proves that an operator took the message, even where its response was
//! lost. What an operator has taken is its own: a late rejection, expiry or cancellation here says nothing
//! about it, only its receipt does, or the end of the time to wait for one (`unknown`). A final stage absorbs
//! everything, so that nothing moves twice.
//!
//! At its end a message's price is given back
//! - where it was cancelled,
//! - where the plan refunds its outcome, and
//! - where the plan charges on acceptance and no operator is known to have accepted it, or charges on delivery and
//!   it is not known to be delivered.

mod receipt_state;
mod terms;

pub use receipt_state::ReceiptState;
pub use terms::{ChargeOn, RefundOn, SettlementTerms};

/// The end of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It reached its destination.
    Delivered,
    /// An operator took it, and its receipt says that it was not delivered.
    Undelivered,
    /// Its validity ended before an operator took it.
    Expired,
    /// No operator took it.
    Rejected,
    /// It was cancelled before an operator took it.
    Cancelled,
    /// Nobody can say.
    Unknown,
}

impl Outcome {
    /// Every outcome there is.
    pub const ALL: [Self; 6] =
        [Self::Delivered, Self::Undelivered, Self::Expired, Self::Rejected, Self::Cancelled, Self::Unknown];

    /// The name in files, metrics, APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome that a name stands for.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// The stage that a message is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// In the queue, or on its way to an operator that has not answered.
    Waiting,
    /// An operator has it.
    Accepted,
    /// At its end.
    Final(Outcome),
}

/// An event in the life of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// An operator took it.
    Accepted,
    /// No operator takes it.
    Rejected,
    /// Its validity has ended.
    Expired,
    /// The time in which something might have been heard of it has ended.
    Unknown,
    /// Its gateway cancelled it.
    Cancelled,
    /// An operator's receipt.
    Receipt(ReceiptState),
}

/// The changes that an event makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transition {
    /// The stage after the event.
    pub stage: Stage,
    /// True if its price is given back now.
    pub refund: bool,
    /// The counters of its dispatch that move.
    pub counted: Counted,
    /// True if it became accepted now.
    pub accepted_now: bool,
    /// True if it came to its end now.
    pub finished_now: bool,
}

/// Additions to the counters of a dispatch, each 0 or 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counted {
    /// Messages that an operator took.
    pub submitted: u64,
    /// Messages that were delivered.
    pub delivered: u64,
    /// Messages that ended otherwise.
    pub failed: u64,
    /// Messages that were cancelled.
    pub cancelled: u64,
}

/// The changes that `event` makes to a message in `stage`.
pub fn step(stage: Stage, event: Event, terms: SettlementTerms) -> Transition {
    match (stage, event) {
        (Stage::Waiting, Event::Accepted) => Transition::accepted(),
        (Stage::Waiting, Event::Receipt(state)) => match state.outcome() {
            Some(outcome) => Transition::accepted().and_finished(outcome, true, terms),
            None => Transition::accepted(),
        },
        (Stage::Waiting, Event::Rejected) => finish_waiting(Outcome::Rejected, terms),
        (Stage::Waiting, Event::Expired) => finish_waiting(Outcome::Expired, terms),
        (Stage::Waiting, Event::Cancelled) => finish_waiting(Outcome::Cancelled, terms),
        (Stage::Waiting, Event::Unknown) => finish_waiting(Outcome::Unknown, terms),
        (Stage::Accepted, Event::Unknown) => {
            Transition::nothing(stage).and_finished(Outcome::Unknown, true, terms)
        }
        (Stage::Accepted, Event::Receipt(state)) => match state.outcome() {
            Some(outcome) => Transition::nothing(stage).and_finished(outcome, true, terms),
            None => Transition::nothing(stage),
        },
        (Stage::Accepted, Event::Accepted | Event::Rejected | Event::Expired | Event::Cancelled)
        | (Stage::Final(_), _) => Transition::nothing(stage),
    }
}

fn finish_waiting(outcome: Outcome, terms: SettlementTerms) -> Transition {
    Transition::nothing(Stage::Waiting).and_finished(outcome, false, terms)
}

impl Transition {
    fn nothing(stage: Stage) -> Self {
        let counted = Counted::default();
        Self { stage, refund: false, counted, accepted_now: false, finished_now: false }
    }

    fn accepted() -> Self {
        let counted = Counted { submitted: 1, ..Counted::default() };
        Self { counted, accepted_now: true, ..Self::nothing(Stage::Accepted) }
    }

    fn and_finished(self, outcome: Outcome, was_accepted: bool, terms: SettlementTerms) -> Self {
        let mut counted = self.counted;
        match outcome {
            Outcome::Delivered => counted.delivered = 1,
            Outcome::Cancelled => counted.cancelled = 1,
            Outcome::Undelivered | Outcome::Expired | Outcome::Rejected | Outcome::Unknown => {
                counted.failed = 1;
            }
        }
        let refund = terms.refunds(outcome, was_accepted);
        Self { stage: Stage::Final(outcome), refund, counted, finished_now: true, ..self }
    }
}
