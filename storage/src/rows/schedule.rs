//! Messages that wait for an instant: to be sent, or to expire.

use std::fmt;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_micros, put_option, put_varint};
use crate::message::QueueKey;

/// `scheduled`: a message that is not to be sent before its time (SMPP 3.4 §5.2.15). The key has its time and
/// its id.
#[derive(Clone, PartialEq, Eq)]
pub struct ScheduledRow {
    /// The operator of the queue that it goes to.
    pub first_choice: OperatorNumber,
    /// The class of that queue.
    pub class: u8,
    /// Its bytes in that queue.
    pub bytes: Box<[u8]>,
}

// The bytes hold the text of the message, which no log may show.
impl fmt::Debug for ScheduledRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = f.debug_struct("ScheduledRow");
        row.field("first_choice", &self.first_choice)
            .field("class", &self.class)
            .field("octets", &self.bytes.len())
            .finish()
    }
}

impl Row for ScheduledRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.first_choice.0));
        out.push(self.class);
        out.extend_from_slice(&self.bytes);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let first_choice = OperatorNumber(u16::try_from(reader.varint()?).ok()?);
        let class = reader.u8()?;
        Some(Self { first_choice, class, bytes: reader.take(reader.0.len())?.into() })
    }
}

/// `expiries`: a message whose client gave it an end. The key has that end and the message's id. The row goes
/// with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryRow {
    /// The operator of the queue that it waits in.
    pub first_choice: OperatorNumber,
    /// The class of that queue.
    pub class: u8,
    /// The time that it was scheduled for, if it was. It is in `scheduled` until it is due and in `queue`
    /// from then on.
    pub scheduled_at: Option<UnixMicros>,
}

impl ExpiryRow {
    /// The place where the message with this id waits once it is due.
    pub fn queue_key(&self, message_id: u64) -> QueueKey {
        QueueKey { first_choice: self.first_choice, class: self.class, message_id }
    }
}

impl Row for ExpiryRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.first_choice.0));
        out.push(self.class);
        put_option(out, self.scheduled_at, put_micros);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let first_choice = OperatorNumber(u16::try_from(reader.varint()?).ok()?);
        Some(Self { first_choice, class: reader.u8()?, scheduled_at: reader.option(Reader::micros)? })
    }
}
