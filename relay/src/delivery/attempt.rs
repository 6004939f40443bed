//! One message on its way through delivery, with the operators that were tried.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::message::{Message, QueueKey, QueuedRow};
use tollgate_storage::rows::AskedOperator;

/// Operators that are remembered of a message, for its CDR.
const ASKED_MAX: usize = 16;

/// A message out of its queue.
#[derive(Debug)]
pub struct Attempt {
    /// The key of its row on disk.
    pub key: QueueKey,
    /// The bytes of the row.
    pub row: Box<[u8]>,
    /// Times that an operator was asked.
    pub attempts: u8,
    /// The operators that were asked in this round and did not take it.
    pub tried: Vec<OperatorNumber>,
    /// Every operator that was asked, in order; the last of them where there were very many.
    pub asked: Vec<AskedOperator>,
    /// Times that the operator asked last was asked again.
    pub again: u32,
    /// The operator that may have it already, where it is sent again all the same.
    pub may_be_at: Option<OperatorNumber>,
    /// The lease that names it; zero for none. It is let go when a newer lease, or the message's end, is durable.
    pub lease: u64,
}

impl Attempt {
    /// A message that no operator was asked to take yet.
    pub fn new(row: QueuedRow) -> Self {
        let QueuedRow { key, bytes } = row;
        Self {
            key,
            row: bytes,
            attempts: 0,
            tried: Vec::new(),
            asked: Vec::new(),
            again: 0,
            may_be_at: None,
            lease: 0,
        }
    }

    /// Notes that an operator has answered, with this status.
    pub fn was_asked(&mut self, operator: OperatorNumber, status: u32) {
        self.attempts = self.attempts.saturating_add(1);
        if self.asked.len() == ASKED_MAX {
            self.asked.remove(0);
        }
        let at = if status == 0 { UnixMicros(0) } else { now() };
        self.asked.push(AskedOperator { operator, status, at });
    }

    /// The message that the row holds; `None` where it is damaged.
    pub fn message(&self) -> Option<Message<'_>> {
        Message::read(self.key.message_id, &self.row)
    }
}
