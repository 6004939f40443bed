//! The part of a message that goes to an operator.

use std::fmt;

use tollgate_engine::time::UnixMicros;

use super::address::Address3;
use crate::codec::{Reader, put_bytes, put_varint};

const IN_PAYLOAD: u8 = 1;
const EXPIRES: u8 = 1 << 1;
const WRITTEN_OTHERWISE: u8 = 1 << 2;

/// The fields of a submit_sm as the client sent them (SMPP 3.4 §4.4.1), addresses aside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Content<'a> {
    /// SMPP 3.4 §5.2.11.
    pub service_type: &'a [u8],
    /// SMPP 3.4 §5.2.12.
    pub esm_class: u8,
    /// SMPP 3.4 §5.2.13.
    pub protocol_id: u8,
    /// SMPP 3.4 §5.2.14.
    pub priority_flag: u8,
    /// SMPP 3.4 §5.2.18.
    pub replace_if_present: u8,
    /// SMPP 3.4 §5.2.19.
    pub data_coding: u8,
    /// SMPP 3.4 §5.2.20.
    pub default_message_id: u8,
    /// The end of its validity, where the client gave it one (SMPP 3.4 §5.2.16).
    pub expires_at: Option<UnixMicros>,
    /// The destination as the client wrote it, where that is not the ticket's.
    pub submitted_to: Option<Address3<'a>>,
    /// Equal for the parts of one long message, so that they go the same way.
    pub spread: u64,
    /// True if the text came in a message_payload TLV (SMPP 3.4 §5.3.2.32).
    pub in_payload: bool,
    /// The text, as it was encoded.
    pub payload: &'a [u8],
    /// Raw TLVs to pass on, one after the other.
    pub tlvs: &'a [u8],
}

// What a message says is in no log.
impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("esm_class", &self.esm_class)
            .field("data_coding", &self.data_coding)
            .field("priority_flag", &self.priority_flag)
            .field("expires_at", &self.expires_at)
            .field("payload_octets", &self.payload.len())
            .field("tlv_octets", &self.tlvs.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Content<'a> {
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        let set = |present: bool, flag: u8| if present { flag } else { 0 };
        out.extend_from_slice(&[
            set(self.in_payload, IN_PAYLOAD)
                | set(self.expires_at.is_some(), EXPIRES)
                | set(self.submitted_to.is_some(), WRITTEN_OTHERWISE),
            self.esm_class,
            self.protocol_id,
            self.priority_flag,
            self.replace_if_present,
            self.data_coding,
            self.default_message_id,
        ]);
        out.extend_from_slice(&self.spread.to_be_bytes());
        put_bytes(out, self.service_type);
        if let Some(at) = self.expires_at {
            put_varint(out, at.0);
        }
        if let Some(to) = self.submitted_to {
            to.write_to(out);
        }
        put_bytes(out, self.payload);
        put_bytes(out, self.tlvs);
    }

    pub(super) fn take(reader: &mut Reader<'a>) -> Option<Self> {
        let flags = reader.u8()?;
        if flags & !(IN_PAYLOAD | EXPIRES | WRITTEN_OTHERWISE) != 0 {
            return None;
        }
        Some(Self {
            in_payload: flags & IN_PAYLOAD != 0,
            esm_class: reader.u8()?,
            protocol_id: reader.u8()?,
            priority_flag: reader.u8()?,
            replace_if_present: reader.u8()?,
            data_coding: reader.u8()?,
            default_message_id: reader.u8()?,
            spread: reader.be_u64()?,
            service_type: reader.bytes()?,
            expires_at: if flags & EXPIRES == 0 { None } else { Some(UnixMicros(reader.varint()?)) },
            submitted_to: if flags & WRITTEN_OTHERWISE == 0 { None } else { Some(Address3::take(reader)?) },
            payload: reader.bytes()?,
            tlvs: reader.bytes()?,
        })
    }
}
