//! Idempotency keys of messages.

use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::Reader;

/// `keys`: the message that an idempotency key was first used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The message's id, as the client got it.
    pub message_id: u64,
    /// A hash of the message's destination and content, to tell a resend from another message.
    pub fingerprint: u64,
    /// The time until which the key is remembered.
    pub expires_at: UnixMicros,
}

impl Row for KeyRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        // The expiry leads, so that compaction can drop the row after a glance.
        out.extend_from_slice(&self.expires_at.0.to_be_bytes());
        out.extend_from_slice(&self.message_id.to_be_bytes());
        out.extend_from_slice(&self.fingerprint.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let expires_at = UnixMicros(reader.be_u64()?);
        Some(Self { message_id: reader.be_u64()?, fingerprint: reader.be_u64()?, expires_at })
    }
}
