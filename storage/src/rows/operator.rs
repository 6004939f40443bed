//! Operators, and what they may have been sent.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_bytes, put_micros, put_varint};
use crate::message::QueueKey;

/// `operators`: which operator a number stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorRow {
    /// The operator's code.
    pub code: String,
    /// The time at which it was first provisioned.
    pub created_at: UnixMicros,
}

impl Row for OperatorRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.code.as_bytes());
        put_micros(out, self.created_at);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { code: reader.text()?.to_owned(), created_at: reader.micros()? })
    }
}

/// `leases`: messages that are about to be written to a link, or were. What a crash leaves in one and has not
/// been settled has an unknown outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// The daemon's number of it: the row's key, not part of its bytes.
    pub id: u64,
    /// The operator that got them.
    pub operator: OperatorNumber,
    /// The time at which the lease became durable.
    pub at: UnixMicros,
    /// The messages, in ascending order.
    pub keys: Vec<QueueKey>,
}

impl LeaseRow {
    /// Reads the row under this id.
    pub fn read_as(id: u64, value: &[u8]) -> Option<Self> {
        Some(Self { id, ..Self::read(value)? })
    }
}

/// Keys are written as steps from the one before, which are small: most of a lease is of one operator and
/// class.
impl Row for LeaseRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.operator.0));
        put_micros(out, self.at);
        put_varint(out, self.keys.len() as u64);
        let mut before = QueueKey { first_choice: OperatorNumber(0), class: 0, message_id: 0 };
        for key in &self.keys {
            put_varint(out, u64::from(key.first_choice.0.wrapping_sub(before.first_choice.0)));
            out.push(key.class);
            put_varint(out, key.message_id.wrapping_sub(before.message_id));
            before = *key;
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let (operator, at) = (OperatorNumber(u16::try_from(reader.varint()?).ok()?), reader.micros()?);
        let mut before = QueueKey { first_choice: OperatorNumber(0), class: 0, message_id: 0 };
        let keys = (0..reader.varint()?)
            .map(|_| {
                let step = u16::try_from(reader.varint()?).ok()?;
                before = QueueKey {
                    first_choice: OperatorNumber(before.first_choice.0.wrapping_add(step)),
                    class: reader.u8()?,
                    message_id: before.message_id.wrapping_add(reader.varint()?),
                };
                Some(before)
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self { id: 0, operator, at, keys })
    }
}
