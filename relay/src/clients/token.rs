//! Tokens that requests bear through storage, and what is answered beside the message id.

use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_smpp::pdu::SubmitKind;
use tollgate_smpp::{Reply, ReplyTlvs, UnsuccessfulDestination};

/// The token that a request carries through storage: its sequence number, its operation, and the number of its
/// [`Details`] where it has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(pub u64);

const DATA: u64 = 1 << 32;
const MULTI: u64 = 1 << 33;
/// The bit that the number of details begins at.
pub const DETAILS_SHIFT: u32 = 34;
/// Numbers of details go round within this; far more than a window holds.
pub const DETAILS_COUNT: u32 = (1 << 30) - 1;

/// Details of an answer beside the message id. Most requests have none.
#[derive(Debug)]
pub enum Details {
    /// Price and network, for accounts that ask what a message cost.
    Price(Amount, NetworkCode),
    /// The destinations of a submit_multi that were refused.
    Multi(Vec<UnsuccessfulDestination>),
    /// A resend under a key, which is answered as its first use was.
    Resend(Resend),
}

/// A resend of a message under its idempotency key.
#[derive(Clone, Debug, Default)]
pub struct Resend {
    /// The client's key.
    pub key: Box<[u8]>,
    /// True if price, balance and network are asked for.
    pub wants_price: bool,
}

impl Token {
    /// The token of a submit without details.
    pub fn new(sequence: u32, kind: SubmitKind) -> Self {
        let kind = match kind {
            SubmitKind::SubmitSm => 0,
            SubmitKind::DataSm => DATA,
            SubmitKind::SubmitMulti => MULTI,
        };
        Self(u64::from(sequence) | kind)
    }

    /// The sequence number to echo.
    pub fn sequence(self) -> u32 {
        let [.., a, b, c, d] = self.0.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// True if the request is a submit_multi.
    pub fn is_multi(self) -> bool {
        self.0 & MULTI != 0
    }

    /// The answer that a message was accepted.
    pub fn accepted(self, message_id: u64, tlvs: ReplyTlvs) -> Reply {
        if self.is_multi() {
            Reply::MultiSubmitted { message_id, unsuccessful: Vec::new() }
        } else if self.0 & DATA != 0 {
            Reply::DataAccepted { message_id, tlvs }
        } else {
            Reply::Submitted { message_id, tlvs }
        }
    }

    /// The token as it was before it had details.
    pub fn without_details(self) -> Self {
        Self(self.0 & ((1 << DETAILS_SHIFT) - 1))
    }

    /// The number of its details, where it has any.
    pub fn details(self) -> Option<u32> {
        u32::try_from(self.0 >> DETAILS_SHIFT).ok()?.checked_sub(1)
    }
}
