//! The ledger: what changes a balance and is not a charge.

use tollgate_engine::money::{Amount, Total};
use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_amount, put_bytes, put_micros, put_option, put_total};

/// The kind of a ledger entry. The debits are not here: the CDR of a charge is its debit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// The balance that an account was provisioned with.
    OpeningBalance = 1,
    /// Money paid in.
    TopUp = 2,
    /// A charge given back; the entry's reference is the message id.
    Refund = 3,
    /// A correction by hand, of either sign.
    Adjustment = 4,
    /// The payment of an invoice; the entry's details name it.
    InvoicePayment = 5,
}

impl EntryKind {
    /// The name in exports and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpeningBalance => "opening_balance",
            Self::TopUp => "top_up",
            Self::Refund => "refund",
            Self::Adjustment => "adjustment",
            Self::InvoicePayment => "invoice_payment",
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::OpeningBalance, Self::TopUp, Self::Refund, Self::Adjustment, Self::InvoicePayment]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// `ledger`: one change of a balance that is not a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The kind of entry.
    pub kind: EntryKind,
    /// Added to the balance.
    pub amount: Amount,
    /// The time of the entry.
    pub at: UnixMicros,
    /// The reason in the author's words; a message id for refunds.
    pub reference: String,
    /// The durable balance with this entry; `None` where an earlier version made it.
    pub balance_after: Option<Total>,
    /// The author of the entry; empty for none.
    pub actor: String,
    /// The reason at length.
    pub details: String,
    /// JSON, or empty.
    pub metadata: String,
}

impl Row for LedgerEntry {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.push(self.kind as u8);
        put_amount(out, self.amount);
        put_micros(out, self.at);
        put_bytes(out, self.reference.as_bytes());
        put_option(out, self.balance_after, put_total);
        for text in [&self.actor, &self.details, &self.metadata] {
            put_bytes(out, text.as_bytes());
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let entry = Self {
            kind: EntryKind::from_byte(reader.u8()?)?,
            amount: reader.amount()?,
            at: reader.micros()?,
            reference: reader.text()?.to_owned(),
            balance_after: None,
            actor: String::new(),
            details: String::new(),
            metadata: String::new(),
        };
        if reader.is_empty() {
            // Version 2 says no more of it.
            return Some(entry);
        }
        Some(Self {
            balance_after: reader.option(Reader::total)?,
            actor: reader.text()?.to_owned(),
            details: reader.text()?.to_owned(),
            metadata: reader.text()?.to_owned(),
            ..entry
        })
    }
}
