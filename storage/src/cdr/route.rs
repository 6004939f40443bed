//! The queue that a charged message was put into.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::codec::{Reader, put_varint};
use crate::message::QueueKey;

/// The queue that a message was put into when it was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CdrRoute {
    /// The operator in whose queue it waits.
    pub first_choice: OperatorNumber,
    /// Its class in that queue.
    pub class: u8,
    /// The time before which it must not leave, if it is scheduled.
    pub scheduled_at: Option<UnixMicros>,
}

impl CdrRoute {
    /// The place where the message with this id waits once it is due.
    pub fn queue_key(&self, message_id: u64) -> QueueKey {
        QueueKey { first_choice: self.first_choice, class: self.class, message_id }
    }

    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.first_choice.0));
        out.push(self.class);
        put_varint(out, self.scheduled_at.map_or(0, |at| at.0));
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let first_choice = OperatorNumber(u16::try_from(reader.varint()?).ok()?);
        let (class, due) = (reader.u8()?, reader.micros()?);
        Some(Self { first_choice, class, scheduled_at: (due.0 > 0).then_some(due) })
    }
}
