//! Operators' receipts that ended no message, as the API shows them.

use serde::Serialize;
use utoipa::ToSchema;

use super::smpp::ReceiptState;
use crate::time::Time;

/// The receipts of an operator that ended no message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperatorReceipts {
    /// The operator's code.
    pub code: String,
    /// Words for states that nobody knows, since the daemon began, those that came last first. Their messages wait for
    /// another receipt until their time is up.
    pub unknown_states: Vec<UnknownReceiptState>,
    /// The number of receipts that are kept because they are given to no message.
    pub unmatched: u64,
    /// The newest of them, at most a hundred.
    pub unmatched_receipts: Vec<UnmatchedReceipt>,
}

/// A word for a state that nobody knows. `receipt_states` of the operator's `smpp_config` can give it a meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnknownReceiptState {
    /// The word, or the number of a message_state parameter; octets that are no text are written `\\xHH`. Empty for receipts
    /// that name no state at all.
    #[schema(example = "ABSENT")]
    pub word: String,
    /// The number of receipts that had it.
    pub receipts: u64,
    /// The time at which it came first.
    pub first_at: Time,
    /// The time at which it came last.
    pub last_at: Time,
    /// The operator's id of the message that it came last for.
    pub last_upstream_id: String,
}

/// A receipt that is given to no message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnmatchedReceipt {
    /// The number that it is kept by.
    pub receipt: String,
    /// The time at which it came.
    pub received_at: Time,
    /// The id that it names, without zeros in front and in small letters.
    pub upstream_id: String,
    /// The state that it names.
    pub state: ReceiptState,
    /// The reason for which no message gets it.
    pub reason: UnmatchedReason,
    /// Its source address: the destination of its message.
    pub source: String,
    /// Its destination address: the source of its message.
    pub destination: String,
}

/// The reason for which a receipt is given to no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnmatchedReason {
    /// No message has its id.
    NoMessage,
    /// Several messages have its id, and their addresses do not tell which it means.
    SeveralMessages,
    /// The messages that have its id went to other numbers.
    OtherAddresses,
}
