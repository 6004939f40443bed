//! Messages on their way to operators: where one waits, and the row that holds it.
//!
//! A row has two parts. The **ticket** settles the message whatever its outcome: the account, its charge, the
//! terms, and who wants to know. It outlives the row, in `upstream`. The **content** is what goes to the
//! operator.
//!
//! ```text
//! row     = short id (0: the message id) · body
//! body    = version u8 · ticket · content
//! ticket  = flags u8 · account · amount · segments u8 · month · terms u8 · registered_delivery u8 · source · destination
//!           · network bits · currency (3 octets) · submitted_at · [dispatch id]
//! content = flags u8 · esm_class u8 · protocol_id u8 · priority_flag u8 · replace_if_present u8 · data_coding u8
//!           · default_message_id u8 · spread (8 octets) · service_type · [expires_at] · payload · TLVs
//! address = ton u8 · npi u8 · digits
//! ```
//! Numbers without a width are varints, texts and octets have their length in front. The short id stands
//! first, as the session that writes the body does not know it yet: the committer gives it and puts it there.

mod address;
mod content;
mod ticket;

use std::fmt;

use tollgate_engine::operator::OperatorNumber;

use crate::codec::{Reader, put_varint};

pub use address::{Address3, AddressCopy};
pub use content::Content;
use ticket::BODY_VERSION;
pub use ticket::Ticket;

/// Queues of one operator, by priority: class 0 is sent first.
pub const CLASSES: u8 = 4;

/// The queue that a message waits in. Keys sort by operator, then class, then age, and never change: who
/// sends a message in the end is decided when it leaves the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueKey {
    /// The operator that was chosen for it when it was charged.
    pub first_choice: OperatorNumber,
    /// Below [`CLASSES`]; lower is sent first.
    pub class: u8,
    /// Our id of it.
    pub message_id: u64,
}

impl QueueKey {
    /// The key in `queue`.
    pub fn to_bytes(self) -> [u8; 11] {
        let mut key = [0; 11];
        key[..2].copy_from_slice(&self.first_choice.0.to_be_bytes());
        key[2] = self.class;
        key[3..].copy_from_slice(&self.message_id.to_be_bytes());
        key
    }

    /// From such a key.
    pub fn from_bytes(key: &[u8]) -> Option<Self> {
        let (first_choice, rest) = key.split_first_chunk()?;
        let (class, id) = rest.split_first()?;
        let message_id = u64::from_be_bytes(id.try_into().ok()?);
        Some(Self {
            first_choice: OperatorNumber(u16::from_be_bytes(*first_choice)),
            class: *class,
            message_id,
        })
    }
}

/// A message as it lies in `queue`. [`Message::read`] reads it.
#[derive(Clone, PartialEq, Eq)]
pub struct QueuedRow {
    /// The message's place in its queue.
    pub key: QueueKey,
    /// The bytes of the row.
    pub bytes: Box<[u8]>,
}

// The bytes hold the text of the message, which no log may show.
impl fmt::Debug for QueuedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedRow").field("key", &self.key).field("octets", &self.bytes.len()).finish()
    }
}

/// One message to be sent, with all that settles it later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The part that settles it.
    pub ticket: Ticket<'a>,
    /// The part that is sent.
    pub content: Content<'a>,
}

impl<'a> Message<'a> {
    /// Appends the row of the message with this id.
    pub fn write_to(&self, message_id: u64, out: &mut Vec<u8>) {
        put_short_id(out, message_id, self.ticket.visible_id);
        self.write_body(out);
    }

    /// Appends the row without the id that stands in front of it. The ticket's `visible_id` is not in it.
    pub fn write_body(&self, out: &mut Vec<u8>) {
        out.push(BODY_VERSION);
        self.ticket.write_to(out);
        self.content.write_to(out);
    }

    /// Reads the row of the message with this id; `None` where the bytes are not one and nothing else.
    pub fn read(message_id: u64, bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let ticket = Ticket::take(message_id, &mut reader)?;
        let content = Content::take(&mut reader)?;
        reader.is_empty().then_some(Self { ticket, content })
    }

    /// The front part of a row that [`Ticket::read`] reads; `None` where the bytes are no row.
    pub fn ticket_bytes(bytes: &'a [u8]) -> Option<&'a [u8]> {
        let mut reader = Reader(bytes);
        Ticket::take(0, &mut reader)?;
        bytes.get(..bytes.len() - reader.0.len())
    }
}

/// Appends what stands in front of a row's body: the id that the client knows the message by, where it is
/// another than the message id.
pub fn put_short_id(out: &mut Vec<u8>, message_id: u64, visible_id: u64) {
    put_varint(out, if visible_id == message_id { 0 } else { visible_id });
}
