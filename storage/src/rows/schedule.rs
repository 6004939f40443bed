//! Messages that wait for an instant: to be sent, or to expire.

use std::fmt;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_micros, put_option, put_varint};
use crate::message::QueueKey;

/// `scheduled`: a message that is not to be sent before its time (SMPP 3.4 §5.2.15). The key has its time and its id.
#[derive(Clone, PartialEq, Eq)]
pub struct ScheduledRow {
    /// The home of the queue that it goes to.
    pub home: OperatorNumber,
    /// And its class.
    pub class: u8,
    /// Its bytes there.
    pub bytes: Box<[u8]>,
}

// The bytes hold the text of the message, which no log may show.
impl fmt::Debug for ScheduledRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = f.debug_struct("ScheduledRow");
        row.field("home", &self.home).field("class", &self.class).field("octets", &self.bytes.len()).finish()
    }
}

impl Row for ScheduledRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.home.0));
        out.push(self.class);
        out.extend_from_slice(&self.bytes);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let home = OperatorNumber(u16::try_from(reader.varint()?).ok()?);
        let class = reader.u8()?;
        Some(Self { home, class, bytes: reader.take(reader.0.len())?.into() })
    }
}

/// `expiries`: a message whose client gave it an end. The key has that end and the message's id. The row goes with the
/// message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryRow {
    /// The home of the queue that it waits in.
    pub home: OperatorNumber,
    /// And its class.
    pub class: u8,
    /// When it was to be sent, where it was scheduled. It is in `scheduled` until it is due and in `queue` from then on.
    pub scheduled_at: Option<UnixMicros>,
}

impl ExpiryRow {
    /// Where the message with this id waits once it is due.
    pub fn queue_key(&self, message_id: u64) -> QueueKey {
        QueueKey { home: self.home, class: self.class, message_id }
    }
}

impl Row for ExpiryRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.home.0));
        out.push(self.class);
        put_option(out, self.scheduled_at, put_micros);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let home = OperatorNumber(u16::try_from(reader.varint()?).ok()?);
        Some(Self { home, class: reader.u8()?, scheduled_at: reader.option(Reader::micros)? })
    }
}
