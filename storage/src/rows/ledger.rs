//! The ledger: what changes a balance, the units of a bundle or a commission balance, and is not a charge.

use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{
    Reader, put_amount, put_bytes, put_micros, put_option, put_signed, put_total, put_varint,
};

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
    /// A bundle bought from the wallet. The entry's id is the bundle's number.
    BundlePurchase = 6,
    /// A bundle that was given for nothing, whose number is the entry's id; or units and time given to one that is there.
    BundleGrant = 7,
    /// The rest of a bundle that has ended.
    BundleExpiry = 8,
    /// The part of a bundle's rest that does not go into its next period.
    BundleRollover = 9,
    /// Tokens of bundles that were used; the entry's details say for what.
    BundleConsumption = 10,
    /// Commission paid out: to the wallet, or with an amount of zero outside.
    CommissionPayout = 11,
    /// Money from the wallet of a parent or a child.
    TransferIn = 12,
    /// Money to the wallet of a parent or a child.
    TransferOut = 13,
    /// Money that came in by a payment; the entry's reference is the payment's id.
    Payment = 14,
    /// Money of a payment that was given back to who paid it.
    PaymentRefund = 15,
    /// The amount of a payment that who paid it has disputed and got back.
    Dispute = 16,
    /// The price of a subscription for a period, or what is given back of it.
    Subscription = 17,
    /// Money given back for what a sent invoice had charged.
    CreditNote = 18,
    /// The tax of an invoice that was sent, or what is given back of it; the entry's reference is the invoice's number.
    Tax = 19,
}

impl EntryKind {
    /// Every kind there is.
    pub const ALL: [Self; 19] = [
        Self::OpeningBalance,
        Self::TopUp,
        Self::Refund,
        Self::Adjustment,
        Self::InvoicePayment,
        Self::BundlePurchase,
        Self::BundleGrant,
        Self::BundleExpiry,
        Self::BundleRollover,
        Self::BundleConsumption,
        Self::CommissionPayout,
        Self::TransferIn,
        Self::TransferOut,
        Self::Payment,
        Self::PaymentRefund,
        Self::Dispute,
        Self::Subscription,
        Self::CreditNote,
        Self::Tax,
    ];

    /// The name in exports and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpeningBalance => "opening_balance",
            Self::TopUp => "top_up",
            Self::Refund => "refund",
            Self::Adjustment => "adjustment",
            Self::InvoicePayment => "invoice_payment",
            Self::BundlePurchase => "bundle_purchase",
            Self::BundleGrant => "bundle_grant",
            Self::BundleExpiry => "bundle_expiry",
            Self::BundleRollover => "bundle_rollover",
            Self::BundleConsumption => "bundle_consumption",
            Self::CommissionPayout => "commission_payout",
            Self::TransferIn => "transfer_in",
            Self::TransferOut => "transfer_out",
            Self::Payment => "payment",
            Self::PaymentRefund => "payment_refund",
            Self::Dispute => "dispute",
            Self::Subscription => "subscription",
            Self::CreditNote => "credit_note",
            Self::Tax => "tax",
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
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
    /// Units added to bundles; zero where a refund's units came too late and were forfeited.
    pub units: Vec<(BundleNumber, i64)>,
    /// Added to the commission balance.
    pub commission: Amount,
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
        // Rows of before have nothing here.
        if !self.units.is_empty() || self.commission != Amount::ZERO {
            put_varint(out, self.units.len() as u64);
            for (bundle, units) in &self.units {
                put_varint(out, bundle.0);
                put_signed(out, *units);
            }
            put_amount(out, self.commission);
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
            units: Vec::new(),
            commission: Amount::ZERO,
        };
        if reader.is_empty() {
            // Version 2 says no more of it.
            return Some(entry);
        }
        let entry = Self {
            balance_after: reader.option(Reader::total)?,
            actor: reader.text()?.to_owned(),
            details: reader.text()?.to_owned(),
            metadata: reader.text()?.to_owned(),
            ..entry
        };
        if reader.is_empty() {
            return Some(entry);
        }
        let units = (0..reader.varint()?).map(|_| Some((BundleNumber(reader.varint()?), reader.signed()?)));
        let units = units.collect::<Option<Vec<_>>>()?;
        let commission = reader.amount()?;
        // One octet form for one entry.
        (!units.is_empty() || commission != Amount::ZERO).then_some(Self { units, commission, ..entry })
    }
}
