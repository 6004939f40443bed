//! Idempotency keys of messages.

use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_bytes, put_option, put_varint};

/// `keys`: the message that an idempotency key was first used for, and what was answered beside its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The message's id, as the client got it.
    pub message_id: u64,
    /// A hash of the message's destination and content, to tell a resend from another message.
    pub fingerprint: u64,
    /// The time until which the key is remembered.
    pub expires_at: UnixMicros,
    /// The 32-bit id that the message was given later, for a resend over SMPP 3.3.
    pub short_id: Option<u32>,
    /// The destinations of a submit_multi that were refused.
    pub refused: Vec<RefusedDestination>,
}

/// A destination of a submit_multi that was refused (SMPP 3.4 §4.5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedDestination {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan indicator.
    pub npi: u8,
    /// The address as submitted.
    pub address: Vec<u8>,
    /// The SMPP command_status that it was refused with.
    pub status: u32,
}

impl RefusedDestination {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.ton, self.npi]);
        put_bytes(out, &self.address);
        put_varint(out, u64::from(self.status));
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let (ton, npi, address) = (reader.u8()?, reader.u8()?, reader.bytes()?.to_vec());
        Some(Self { ton, npi, address, status: reader.varint_u32()? })
    }
}

impl Row for KeyRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        // The expiry leads, so that compaction can drop the row after a glance.
        out.extend_from_slice(&self.expires_at.0.to_be_bytes());
        out.extend_from_slice(&self.message_id.to_be_bytes());
        out.extend_from_slice(&self.fingerprint.to_be_bytes());
        // Rows of before have nothing here.
        if self.short_id.is_some() || !self.refused.is_empty() {
            put_option(out, self.short_id, |out, id| put_varint(out, u64::from(id)));
            put_varint(out, self.refused.len() as u64);
            self.refused.iter().for_each(|refused| refused.write_to(out));
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let expires_at = UnixMicros(reader.be_u64()?);
        let (message_id, fingerprint) = (reader.be_u64()?, reader.be_u64()?);
        let (mut short_id, mut refused) = (None, Vec::new());
        if !reader.is_empty() {
            short_id = reader.option(Reader::varint_u32)?;
            refused =
                (0..reader.varint()?).map(|_| RefusedDestination::take(reader)).collect::<Option<_>>()?;
        }
        Some(Self { message_id, fingerprint, expires_at, short_id, refused })
    }
}
