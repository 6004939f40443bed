//! Changes of a message that a request asks for: a refund by hand, and the report of a gateway that
//! delivers by itself.

use thiserror::Error;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::settlement::SettlementTerms;

use crate::database::Unavailable;
use crate::rows::MessageState;

/// A change of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageChange {
    /// Gives a charge back by hand, also that of a delivered message. A message that waits, or that is
    /// charged only and of which nothing was reported, is cancelled by it.
    Refund {
        /// The account of the message.
        account: AccountNumber,
        /// The id of the message.
        message_id: u64,
    },
    /// A gateway that delivers by itself reports the state of a message that was charged only.
    Report {
        /// The account of the message.
        account: AccountNumber,
        /// The id of the message.
        message_id: u64,
        /// The reported outcome.
        outcome: ReportedOutcome,
        /// The error number of the gateway's own route; zero for no error.
        error: u32,
        /// Of the account's plan. The CDR of a message that is charged only does not hold them.
        terms: SettlementTerms,
    },
}

/// The outcome that a gateway may report of a message that was charged only. It concerns its own route: the
/// party that accepts the message there stands where an operator stands for a message of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReportedOutcome {
    /// Its route took it, and it is still on its way.
    Accepted,
    /// It reached its destination.
    Delivered,
    /// Its route took it, and it was not delivered.
    Undelivered,
    /// Its validity ended. Where nothing was reported of it before, no operator had accepted it.
    Expired,
    /// No route accepted it, or the one that did rejected it.
    Rejected,
    /// The outcome is not known.
    Unknown,
}

impl ReportedOutcome {
    /// Every outcome that can be reported.
    pub const ALL: [Self; 6] =
        [Self::Accepted, Self::Delivered, Self::Undelivered, Self::Expired, Self::Rejected, Self::Unknown];

    /// The name in APIs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }

    /// The one that a name stands for.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// The state that a message has once this was reported of it.
    pub const fn state(self) -> MessageState {
        match self {
            Self::Accepted => MessageState::Enroute,
            Self::Delivered => MessageState::Delivered,
            Self::Undelivered => MessageState::Undeliverable,
            Self::Expired => MessageState::Expired,
            Self::Rejected => MessageState::Rejected,
            Self::Unknown => MessageState::Unknown,
        }
    }
}

impl MessageChange {
    /// The account of the message.
    pub const fn account(&self) -> AccountNumber {
        match self {
            Self::Refund { account, .. } | Self::Report { account, .. } => *account,
        }
    }

    /// The id of the message.
    pub const fn message_id(&self) -> u64 {
        match self {
            Self::Refund { message_id, .. } | Self::Report { message_id, .. } => *message_id,
        }
    }
}

/// The state of a message after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageChanged {
    /// The id of the message.
    pub message_id: u64,
    /// The state of the message.
    pub state: MessageState,
    /// Given back of its price so far: nothing or all of it.
    pub refunded: Amount,
    /// True if this change did anything; false if the same was reported before.
    pub changed_now: bool,
}

/// The reason for which a message is not changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MessageChangeError {
    /// The account has no such message.
    #[error("there is no such message")]
    Unknown,
    /// Its charge was given back before.
    #[error("the charge of the message was refunded already")]
    AlreadyRefunded,
    /// An operator has it or may have it, or the gateway reported that its route does: its outcome is not
    /// known yet.
    #[error("the message is on its way")]
    NotFinal,
    /// It was handed to an operator, and only that operator's receipt settles it.
    #[error("the message is settled by its operator")]
    NotChargeOnly,
    /// It came to another end before.
    #[error("the message has another final state")]
    Final,
    /// Something could not be read.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}
