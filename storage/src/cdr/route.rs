//! Where a charged message was sent off to.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::codec::{Reader, put_varint};
use crate::message::QueueKey;

/// Where a message was sent off to when it was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CdrRoute {
    /// The operator in whose queue it waits.
    pub home: OperatorNumber,
    /// Its class in that queue.
    pub class: u8,
    /// When it may leave, where it is scheduled.
    pub scheduled_at: Option<UnixMicros>,
}

impl CdrRoute {
    /// Where the message with this id waits once it is due.
    pub fn queue_key(&self, message_id: u64) -> QueueKey {
        QueueKey { home: self.home, class: self.class, message_id }
    }

    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.home.0));
        out.push(self.class);
        put_varint(out, self.scheduled_at.map_or(0, |at| at.0));
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let home = OperatorNumber(u16::try_from(reader.varint()?).ok()?);
        let (class, due) = (reader.u8()?, reader.micros()?);
        Some(Self { home, class, scheduled_at: (due.0 > 0).then_some(due) })
    }
}
