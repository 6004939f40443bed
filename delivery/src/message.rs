//! A message as far as its way to an operator depends on it.

use std::hash::Hasher;
use std::sync::Arc;

use rustc_hash::FxHasher;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

/// Queues of one operator, by priority: class 0 is the most urgent.
pub const CLASSES: u8 = 4;

/// The place of a message on disk. It never changes: who sends the message is decided when it leaves its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey {
    /// The operator that was chosen for it when it was charged.
    pub first_choice: OperatorNumber,
    /// Below [`CLASSES`]; lower is more urgent.
    pub class: u8,
    /// Our id of it, which grows with time.
    pub id: u64,
}

/// A charged message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its place on disk.
    pub key: MessageKey,
    /// The account that paid.
    pub account: AccountNumber,
    /// The name of the account, by which operators take its messages or not.
    pub account_id: Arc<str>,
    /// The network of its destination.
    pub network: NetworkCode,
    /// Destination and source of it.
    pub addresses: Addresses,
    /// SMPP 3.4 §5.2.19.
    pub data_coding: u8,
    /// The segments that the account and the operator are charged for.
    pub segments: u8,
    /// The price of it.
    pub price: Amount,
    /// The currency of the price.
    pub currency: Currency,
    /// A hash that is the same for all parts of a long message, for draws by weight.
    pub spread: u64,
    /// A hash of account, addresses and reference, for the parts of a long message.
    pub long_message: Option<u64>,
    /// The time at which it was read off the gateway's socket.
    pub submitted_at: UnixMicros,
    /// The date before which it is not to leave.
    pub scheduled_at: Option<UnixMicros>,
    /// The end of its own validity, if it has one.
    pub expires_at: Option<UnixMicros>,
    /// True if its receipt matters whatever the operator is provisioned with: its gateway wants one, or it is paid for
    /// on delivery.
    pub wants_receipt: bool,
    /// The bytes of its row, which are passed on and never read here.
    pub row: Arc<[u8]>,
}

/// Destination and source of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    octets: Box<[u8]>,
    split: usize,
}

impl Addresses {
    /// The two addresses.
    pub fn new(destination: &[u8], source: &[u8]) -> Self {
        Self { octets: [destination, source].concat().into(), split: destination.len() }
    }

    /// The digits of the destination.
    pub fn destination(&self) -> &[u8] {
        self.octets.get(..self.split).unwrap_or_default()
    }

    /// The digits or letters of the source.
    pub fn source(&self) -> &[u8] {
        self.octets.get(self.split..).unwrap_or_default()
    }
}

/// The octets of a row that take the room of one more message, so that a bound on messages bounds memory too.
const OCTETS_PER_MESSAGE: usize = 4_096;

impl Message {
    /// The room that it takes, in messages of usual length.
    pub(crate) fn room(&self) -> u64 {
        1 + (self.row.len() / OCTETS_PER_MESSAGE) as u64
    }

    /// The end of its validity, its own or the longest there is.
    pub(crate) fn valid_until(&self, max_validity_micros: u64) -> UnixMicros {
        let latest = UnixMicros(self.submitted_at.0.saturating_add(max_validity_micros));
        self.expires_at.map_or(latest, |at| at.min(latest))
    }

    /// The messages that it keeps its order with: those of one account to one destination, of one class.
    pub(crate) fn flow(&self) -> u64 {
        let mut hasher = FxHasher::default();
        hasher.write(self.addresses.destination());
        hasher.write_u32(self.account.0);
        hasher.write_u8(self.key.class);
        hasher.finish()
    }
}
