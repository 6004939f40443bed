//! The part of a message by which it is settled, whatever its outcome.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::settlement::SettlementTerms;
use tollgate_engine::time::{Month, UnixMicros};

use super::address::Address3;
use crate::codec::{Reader, put_bytes, put_currency, put_signed, put_varint};

/// Version of the body, which stands in front of the ticket.
pub(super) const BODY_VERSION: u8 = 1;

const HAS_DISPATCH: u8 = 1;
const HAS_POSTINGS: u8 = 1 << 1;

/// The facts by which a message is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket<'a> {
    /// The account that paid.
    pub account: AccountNumber,
    /// Our id of the message as the client knows it: of 32 bits for SMPP 3.3.
    pub visible_id: u64,
    /// The amount that was debited.
    pub amount: Amount,
    /// The number of segments charged.
    pub segments: u8,
    /// The calendar month that the segments count in.
    pub month: Month,
    /// The terms under which the charge is refunded.
    pub terms: SettlementTerms,
    /// The receipts that the client asked for (SMPP 3.4 §5.2.17).
    pub registered_delivery: u8,
    /// The source address as submitted.
    pub source: Address3<'a>,
    /// As submitted, or in international form where that is what is sent.
    pub destination: Address3<'a>,
    /// The destination's network.
    pub network: NetworkCode,
    /// The currency of the account.
    pub currency: Currency,
    /// The dispatch that the message belongs to.
    pub dispatch_id: Option<&'a [u8]>,
    /// The time at which the message was read off the socket.
    pub submitted_at: UnixMicros,
    /// True if it moved more than its account's wallet. Its CDR says what.
    pub has_postings: bool,
}

impl<'a> Ticket<'a> {
    /// Reads the ticket of the message with this id, as [`super::Message::ticket_bytes`] cuts it out of a
    /// row; `None` where the bytes are not one and nothing else.
    pub fn read(message_id: u64, bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let ticket = Self::take(message_id, &mut reader)?;
        reader.is_empty().then_some(ticket)
    }

    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        let dispatch = if self.dispatch_id.is_some() { HAS_DISPATCH } else { 0 };
        out.push(dispatch | if self.has_postings { HAS_POSTINGS } else { 0 });
        put_varint(out, u64::from(self.account.0));
        put_signed(out, self.amount.micros());
        out.push(self.segments);
        put_varint(out, u64::from(self.month.0));
        out.extend_from_slice(&[self.terms.to_bits(), self.registered_delivery]);
        self.source.write_to(out);
        self.destination.write_to(out);
        put_varint(out, u64::from(self.network.to_bits()));
        put_currency(out, self.currency);
        put_varint(out, self.submitted_at.0);
        if let Some(dispatch) = self.dispatch_id {
            put_bytes(out, dispatch);
        }
    }

    /// From the very beginning of a row on.
    pub(super) fn take(message_id: u64, reader: &mut Reader<'a>) -> Option<Self> {
        let short_id = reader.varint()?;
        if reader.u8()? != BODY_VERSION {
            return None;
        }
        let flags = reader.u8()?;
        if flags & !(HAS_DISPATCH | HAS_POSTINGS) != 0 {
            return None;
        }
        Some(Self {
            visible_id: if short_id == 0 { message_id } else { short_id },
            account: AccountNumber(reader.varint_u32()?),
            amount: Amount::from_micros(reader.signed()?),
            segments: reader.u8()?,
            month: Month(reader.varint_u32()?),
            terms: SettlementTerms::from_bits(reader.u8()?)?,
            registered_delivery: reader.u8()?,
            source: Address3::take(reader)?,
            destination: Address3::take(reader)?,
            network: NetworkCode::from_bits(reader.varint_u32()?)?,
            currency: reader.currency()?,
            submitted_at: UnixMicros(reader.varint()?),
            dispatch_id: if flags & HAS_DISPATCH == 0 { None } else { Some(reader.bytes()?) },
            has_postings: flags & HAS_POSTINGS != 0,
        })
    }
}
