//! Messages that were refused.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_bytes, put_micros, put_option, put_varint};

/// The time for which refused messages are kept: seven days.
pub const REFUSALS_KEPT_MICROS: u64 = 7 * 86_400 * 1_000_000;

const VERSION: u8 = 1;

/// A message that was refused. Its text is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedMessage {
    /// The account that it would have been charged to.
    pub account: AccountNumber,
    /// The time at which it came.
    pub at: UnixMicros,
    /// The reason that its sender was told.
    pub reason: Refusal,
    /// The SMPP command_status that it was answered with.
    pub status: u32,
    /// The source address as submitted.
    pub source: Box<[u8]>,
    /// The destination: in international form where it is a number of that kind, and otherwise as submitted.
    pub destination: Box<[u8]>,
    /// The network of the destination, where the numbering plan knows it.
    pub network: Option<NetworkCode>,
    /// The number of its segments; zero where they cannot be counted.
    pub segments: u8,
    /// The dispatch that it belongs to.
    pub dispatch_id: Option<Box<[u8]>>,
    /// The client's key against charging twice.
    pub idempotency_key: Option<Box<[u8]>>,
    /// The client's own number for it (SMPP 3.4 §5.3.2.17).
    pub user_message_reference: Option<u16>,
}

/// Messages that were refused and of which there is only the count, as there were too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusalsNotKept {
    /// The account that they came from.
    pub account: AccountNumber,
    /// The reason that their sender was told.
    pub reason: Refusal,
    /// The number of them.
    pub count: u64,
}

/// `refusals`: what was refused in about a second. The first message has the id of the key, and the others count on. The commit that
/// writes it counts all of it in the time series as well (`series/refusals.rs`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusalsRow {
    /// The time at which this was written down.
    pub at: UnixMicros,
    /// The messages, the earliest first.
    pub messages: Vec<RefusedMessage>,
    /// The counts of those that are not kept.
    pub not_kept: Vec<RefusalsNotKept>,
}

impl RefusalsRow {
    /// The number of ids that it takes: one at the least, which is that of its key.
    pub fn ids(&self) -> u32 {
        u32::try_from(self.messages.len()).unwrap_or(u32::MAX).max(1)
    }

    /// The earliest and the latest instant in it.
    pub fn times(&self) -> [UnixMicros; 2] {
        let of_messages = self.messages.iter().map(|message| message.at);
        of_messages.fold([self.at; 2], |[earliest, latest], at| [earliest.min(at), latest.max(at)])
    }
}

impl RefusedMessage {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.account.0));
        put_micros(out, self.at);
        // The numbers of reasons change where one comes between others; their names stay.
        put_bytes(out, self.reason.name().as_bytes());
        put_varint(out, u64::from(self.status));
        put_bytes(out, &self.source);
        put_bytes(out, &self.destination);
        put_option(out, self.network, |out, network| put_varint(out, u64::from(network.to_bits())));
        out.push(self.segments);
        for name in [&self.dispatch_id, &self.idempotency_key] {
            put_option(out, name.as_deref(), put_bytes);
        }
        put_option(out, self.user_message_reference, |out, reference| put_varint(out, u64::from(reference)));
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let network = |reader: &mut Reader<'_>| NetworkCode::from_bits(reader.varint_u32()?);
        let name = |reader: &mut Reader<'_>| reader.bytes().map(Box::from);
        Some(Self {
            account: AccountNumber(reader.varint_u32()?),
            at: reader.micros()?,
            reason: Refusal::from_name(reader.text()?)?,
            status: reader.varint_u32()?,
            source: reader.bytes()?.into(),
            destination: reader.bytes()?.into(),
            network: reader.option(network)?,
            segments: reader.u8()?,
            dispatch_id: reader.option(name)?,
            idempotency_key: reader.option(name)?,
            user_message_reference: reader.option(|reader| u16::try_from(reader.varint()?).ok())?,
        })
    }
}

impl Row for RefusalsRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        put_micros(out, self.at);
        put_varint(out, self.messages.len() as u64);
        self.messages.iter().for_each(|message| message.write_to(out));
        put_varint(out, self.not_kept.len() as u64);
        for RefusalsNotKept { account, reason, count } in &self.not_kept {
            put_varint(out, u64::from(account.0));
            put_bytes(out, reason.name().as_bytes());
            put_varint(out, *count);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.u8()? != VERSION {
            return None;
        }
        let at = reader.micros()?;
        let messages = (0..reader.varint()?).map(|_| RefusedMessage::take(reader)).collect::<Option<_>>()?;
        let not_kept = |reader: &mut Reader<'_>| {
            Some(RefusalsNotKept {
                account: AccountNumber(reader.varint_u32()?),
                reason: Refusal::from_name(reader.text()?)?,
                count: reader.varint()?,
            })
        };
        let not_kept = (0..reader.varint()?).map(|_| not_kept(reader)).collect::<Option<_>>()?;
        Some(Self { at, messages, not_kept })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let message = RefusedMessage {
            account: AccountNumber(7),
            at: UnixMicros(1_795_176_000_000_001),
            reason: Refusal::InsufficientFunds,
            status: 0x45,
            source: b"ACME".as_slice().into(),
            destination: b"254722000001".as_slice().into(),
            network: NetworkCode::new("639", "02"),
            segments: 2,
            dispatch_id: Some(b"sale".as_slice().into()),
            idempotency_key: None,
            user_message_reference: Some(65_535),
        };
        let bare = RefusedMessage {
            network: None,
            dispatch_id: None,
            idempotency_key: Some(b"k".as_slice().into()),
            user_message_reference: None,
            ..message.clone()
        };
        let not_kept =
            RefusalsNotKept { account: AccountNumber(7), reason: Refusal::Throttled, count: 1 << 40 };
        let row = RefusalsRow { at: UnixMicros(9), messages: vec![message, bare], not_kept: vec![not_kept] };
        let octets = row.to_bytes();
        assert_eq!(RefusalsRow::read(&octets).as_ref(), Some(&row));
        assert_eq!(row.ids(), 2);
        assert_eq!(RefusalsRow::default().ids(), 1);
        for end in 0..octets.len() {
            assert_eq!(RefusalsRow::read(&octets[..end]), None, "{end} octets are no row");
        }
    }
}
