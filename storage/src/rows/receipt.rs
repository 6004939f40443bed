//! Receipts: on their way to gateways, and those that match no message.

use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::UnixMicros;

use super::{DoneDate, Row};
use crate::codec::{Reader, put_bytes, put_micros, put_option, put_varint};
use crate::message::Address3;

/// An address of a receipt, with bytes of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReceiptAddress {
    /// Type of number (SMPP 3.4 §5.2.5).
    pub ton: u8,
    /// Numbering plan indicator (SMPP 3.4 §5.2.6).
    pub npi: u8,
    /// The digits as the message had them.
    pub digits: Vec<u8>,
}

impl From<Address3<'_>> for ReceiptAddress {
    fn from(address: Address3<'_>) -> Self {
        Self { ton: address.ton, npi: address.npi, digits: address.digits.to_vec() }
    }
}

impl ReceiptAddress {
    fn write_to(&self, out: &mut Vec<u8>) {
        Address3 { ton: self.ton, npi: self.npi, digits: &self.digits }.write_to(out);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Address3::take(reader)?.into())
    }
}

/// `receipts`: a receipt for an account's gateways, kept until one of them has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayReceipt {
    /// The message's id as the client knows it.
    pub message_id: u64,
    /// The source of the receipt: the message's destination.
    pub source: ReceiptAddress,
    /// The destination of the receipt: the message's source.
    pub destination: ReceiptAddress,
    /// The state of the message.
    pub state: ReceiptState,
    /// True if more receipts will follow.
    pub intermediate: bool,
    /// The time at which the message was submitted to us.
    pub submitted_at: UnixMicros,
    /// The time at which it reached the state.
    pub done_at: UnixMicros,
    /// The operator's `err:` text.
    pub error: Vec<u8>,
    /// The TLV network_error_code (SMPP 3.4 §5.3.2.31).
    pub network_error: Option<[u8; 3]>,
    /// The number of segments charged.
    pub segments: u8,
    /// The operator's date for it as `YYMMDDhhmm`, where it is passed on as it came; else empty.
    pub done_date: Vec<u8>,
}

impl Row for GatewayReceipt {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, self.message_id);
        self.source.write_to(out);
        self.destination.write_to(out);
        out.extend_from_slice(&[self.state.number(), u8::from(self.intermediate), self.segments]);
        put_micros(out, self.submitted_at);
        put_micros(out, self.done_at);
        put_bytes(out, &self.error);
        put_network_error(out, self.network_error);
        // Rows of before have nothing here.
        if !self.done_date.is_empty() {
            put_bytes(out, &self.done_date);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let message_id = reader.varint()?;
        let (source, destination) = (ReceiptAddress::take(reader)?, ReceiptAddress::take(reader)?);
        let state = ReceiptState::from_number(reader.u8()?)?;
        let (intermediate, segments) = (reader.bool()?, reader.u8()?);
        let (submitted_at, done_at) = (reader.micros()?, reader.micros()?);
        let (error, network_error) = (reader.bytes()?.to_vec(), take_network_error(reader)?);
        let done_date = if reader.is_empty() {
            Vec::new()
        } else {
            reader.bytes().filter(|date| !date.is_empty())?.to_vec()
        };
        Some(Self {
            message_id,
            source,
            destination,
            state,
            intermediate,
            submitted_at,
            done_at,
            error,
            network_error,
            segments,
            done_date,
        })
    }
}

/// The reason for which a receipt is given to no message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum UnmatchedReason {
    /// No message has its id.
    #[default]
    NoMessage = 0,
    /// Several messages have its id, and their addresses do not tell which it means.
    SeveralMessages = 1,
    /// The messages that have its id went to other numbers.
    OtherAddresses = 2,
}

impl UnmatchedReason {
    /// Every reason, by its number.
    pub const ALL: [Self; 3] = [Self::NoMessage, Self::SeveralMessages, Self::OtherAddresses];

    /// The name in APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoMessage => "no_message",
            Self::SeveralMessages => "several_messages",
            Self::OtherAddresses => "other_addresses",
        }
    }
}

/// `unmatched`: a receipt that is given to no message, as it came. Its message may be one whose outcome is
/// unknown, or one whose submit response is still on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmatchedRow {
    /// The time at which it came.
    pub received_at: UnixMicros,
    /// The ids that the operator may mean, in the order to try.
    pub ids: Vec<Vec<u8>>,
    /// The state of the message.
    pub state: ReceiptState,
    /// True if the operator says that more receipts will come.
    pub intermediate: bool,
    /// The receipt's `err:` text.
    pub error: Vec<u8>,
    /// The TLV network_error_code (SMPP 3.4 §5.3.2.31).
    pub network_error: Option<[u8; 3]>,
    /// The time at which the message reached the state.
    pub done_at: UnixMicros,
    /// The receipt's source, which is the message's destination.
    pub source: Vec<u8>,
    /// The receipt's destination, which is the message's source.
    pub destination: Vec<u8>,
    /// The reason for which it was given to no message.
    pub reason: UnmatchedReason,
    /// The operator's date for the state.
    pub done_date: Option<DoneDate>,
}

impl Row for UnmatchedRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_micros(out, self.received_at);
        put_varint(out, self.ids.len() as u64);
        for id in &self.ids {
            put_bytes(out, id);
        }
        out.extend_from_slice(&[self.state.number(), u8::from(self.intermediate)]);
        put_bytes(out, &self.error);
        put_network_error(out, self.network_error);
        put_micros(out, self.done_at);
        put_bytes(out, &self.source);
        put_bytes(out, &self.destination);
        // Rows of before have nothing here.
        if self.reason != UnmatchedReason::NoMessage || self.done_date.is_some() {
            out.push(self.reason as u8);
            put_option(out, self.done_date.as_ref(), |out, done_date| done_date.write_to(out));
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let received_at = reader.micros()?;
        let ids =
            (0..reader.varint()?).map(|_| Some(reader.bytes()?.to_vec())).collect::<Option<Vec<_>>>()?;
        let row = Self {
            received_at,
            ids,
            state: ReceiptState::from_number(reader.u8()?)?,
            intermediate: reader.bool()?,
            error: reader.bytes()?.to_vec(),
            network_error: take_network_error(reader)?,
            done_at: reader.micros()?,
            source: reader.bytes()?.to_vec(),
            destination: reader.bytes()?.to_vec(),
            reason: UnmatchedReason::NoMessage,
            done_date: None,
        };
        if reader.is_empty() {
            return Some(row);
        }
        let reason = UnmatchedReason::ALL.get(usize::from(reader.u8()?)).copied()?;
        Some(Self { reason, done_date: reader.option(DoneDate::take)?, ..row })
    }
}

fn put_network_error(out: &mut Vec<u8>, error: Option<[u8; 3]>) {
    put_option(out, error, |out, octets| out.extend_from_slice(&octets));
}

#[expect(clippy::option_option, reason = "what was read, if anything could be, may be nothing")]
fn take_network_error(reader: &mut Reader<'_>) -> Option<Option<[u8; 3]>> {
    reader.option(|reader| reader.take(3)?.try_into().ok())
}
