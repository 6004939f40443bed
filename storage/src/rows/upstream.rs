//! Messages by the id that an operator gave them.

use std::fmt;

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_amount, put_bytes, put_currency, put_micros, put_option, put_varint};
use crate::message::Ticket;

/// The time for which a settled message is still known by its operator's id, so that a late receipt is not
/// taken for one of a message that we never had: seven days.
pub const SETTLED_KEPT_MICROS: u64 = 7 * 86_400 * 1_000_000;

/// The time for which the row that leads to the others of its id is kept after its message is settled: longer than
/// any of theirs may wait for a receipt, which is a year.
const LEADING_KEPT_MICROS: u64 = 366 * 86_400 * 1_000_000 + SETTLED_KEPT_MICROS;

/// `upstream`: a message that an operator took, and what its receipt needs to settle it.
#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamRow {
    /// The time until which the row is kept; the end of time while its receipt is awaited. It is no longer
    /// once the message is settled, or an operator took it a second time and that one's receipt is awaited.
    pub expires_at: UnixMicros,
    /// True if the message has ended: a receipt changes nothing any more.
    pub settled: bool,
    /// Our id of the message.
    pub message_id: u64,
    /// The time at which the operator accepted it.
    pub accepted_at: UnixMicros,
    /// The operator's cost, in its currency.
    pub cost: Amount,
    /// The operator's currency.
    pub cost_currency: Currency,
    /// The same in the account's currency, where there is a rate.
    pub cost_in_account_currency: Option<Amount>,
    /// The number of attempts.
    pub attempts: u8,
    /// It was sent again after an unknown outcome.
    pub possible_duplicate: bool,
    /// The bytes that [`Ticket::read`] reads.
    pub ticket: Box<[u8]>,
    /// True if the operator gave the id to other messages too, whose rows are at places of their own.
    pub leads: bool,
}

// A ticket is no message, but names the people who exchange one.
impl fmt::Debug for UpstreamRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = f.debug_struct("UpstreamRow");
        row.field("message_id", &self.message_id).field("settled", &self.settled);
        row.field("accepted_at", &self.accepted_at).field("cost", &self.cost).finish_non_exhaustive()
    }
}

impl UpstreamRow {
    /// The end of a row whose receipt is awaited.
    pub const NOT_BEFORE_SETTLED: UnixMicros = UnixMicros(u64::MAX);

    /// The facts by which the message is settled; `None` if the bytes are no ticket.
    pub fn ticket(&self) -> Option<Ticket<'_>> {
        Ticket::read(self.message_id, &self.ticket)
    }

    /// The row once it no longer leads to others.
    #[must_use]
    pub fn led(self, now: UnixMicros) -> Self {
        let latest = UnixMicros(now.0.saturating_add(SETTLED_KEPT_MICROS));
        Self { expires_at: self.expires_at.min(latest), leads: false, ..self }
    }

    /// True if the message's receipt is to come under this row's id.
    pub fn is_awaited(&self) -> bool {
        self.expires_at == Self::NOT_BEFORE_SETTLED
    }

    /// The row once the message has come to its end.
    #[must_use]
    pub fn settled(self, now: UnixMicros) -> Self {
        let kept = if self.leads { LEADING_KEPT_MICROS } else { SETTLED_KEPT_MICROS };
        let expires_at = UnixMicros(now.0.saturating_add(kept));
        Self { expires_at, settled: true, ..self }
    }
}

impl Row for UpstreamRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        // The expiry leads, so that compaction can drop the row after a glance.
        out.extend_from_slice(&self.expires_at.0.to_be_bytes());
        out.push(u8::from(self.settled));
        put_varint(out, self.message_id);
        put_micros(out, self.accepted_at);
        put_amount(out, self.cost);
        put_currency(out, self.cost_currency);
        put_option(out, self.cost_in_account_currency, put_amount);
        out.extend_from_slice(&[self.attempts, u8::from(self.possible_duplicate)]);
        put_bytes(out, &self.ticket);
        // Rows of before have nothing here.
        if self.leads {
            put_bytes(out, &[1]);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            expires_at: UnixMicros(reader.be_u64()?),
            settled: reader.bool()?,
            message_id: reader.varint()?,
            accepted_at: reader.micros()?,
            cost: reader.amount()?,
            cost_currency: reader.currency()?,
            cost_in_account_currency: reader.option(Reader::amount)?,
            attempts: reader.u8()?,
            possible_duplicate: reader.bool()?,
            ticket: reader.bytes()?.into(),
            leads: !reader.is_empty() && Some(reader.bytes()? == [1]).filter(|leads| *leads)?,
        })
    }
}
