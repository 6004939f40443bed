//! Links and binds, and the receipts that come and go on them.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::settlement::ReceiptState;

/// One bind to an operator, by a number that is never used again in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkNumber(pub u64);

/// One bind of a gateway that takes receipts, by a number that is never used again in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindNumber(pub u64);

/// A receipt of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The id that the operator names, as it is written.
    pub id: Vec<u8>,
    /// A second id, where the receipt has two.
    pub other_id: Option<Vec<u8>>,
    /// The state of the message.
    pub state: ReceiptState,
    /// True if more receipts will come, or if it names no state that is known.
    pub is_intermediate: bool,
    /// Its source: the destination of the message.
    pub source: Box<[u8]>,
    /// Its destination: the source of the message.
    pub destination: Box<[u8]>,
    /// Everything else in it, which is passed on and never read here.
    pub detail: Box<[u8]>,
}

/// A receipt for a gateway, as it is kept until it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayReceipt {
    /// Its id, which grows with time.
    pub id: u64,
    /// The account whose gateways get it.
    pub account: AccountNumber,
    /// The message that it is of.
    pub message_id: u64,
    /// The content, which is passed on and never read here.
    pub content: Arc<[u8]>,
}
