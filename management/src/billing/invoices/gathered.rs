//! Money that moved in a period, added up from charges and entries of the ledger by the line that it belongs to.

use std::collections::BTreeMap;

use tollgate_api::answer::Answer;
use tollgate_api::money::Money;
use tollgate_api::problem::Problem;
use tollgate_engine::beside::LevelCharge;
use tollgate_engine::money::{Amount, divide_half_even};
use tollgate_engine::network::{CountryId, NetworkCode, Networks};
use tollgate_storage::cdr::Cdr;
use tollgate_storage::rows::{EntryKind, LedgerEntry};

/// A network, and the country of the numbers in it: operators of one country have numbers of others.
pub type Place = (NetworkCode, Option<CountryId>);

/// The messages of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineKey {
    /// True for those of accounts below, which the account paid for as a reseller.
    pub is_resale: bool,
    pub place: Place,
    /// The price of a segment in millionths; the mean where the segments of a message had several.
    pub unit_price: i128,
}

/// Money that moved in a period. Sums are wider than an amount, so that none of them overflows on the way.
#[derive(Debug, Default)]
pub struct Gathered {
    pub charged: BTreeMap<LineKey, Sum>,
    /// Refunds; those of messages that cannot be found have no key.
    pub refunded: BTreeMap<Option<LineKey>, Sum>,
    pub tariffs: Vec<u32>,
    pub top_ups: i128,
    pub adjustments: i128,
    pub invoice_payments: i128,
    pub taxes: i128,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    pub messages: u64,
    pub segments: u64,
    pub micros: i128,
}

/// A refund whose message has not been looked up yet.
pub struct Refund {
    pub message_id: Option<u64>,
    pub amount: Amount,
}

impl Gathered {
    pub fn charge(&mut self, networks: &Networks, cdr: &Cdr<'_>) {
        let sum = self.charged.entry(own_key(networks, cdr)).or_default();
        sum.add(u64::from(cdr.fields.segments), cdr.fields.amount);
        self.priced_by(cdr.header.tariff);
    }

    /// Adds what the account paid for a message of an account below it.
    pub fn charge_below(&mut self, networks: &Networks, cdr: &Cdr<'_>, paid: &LevelCharge) {
        let sum = self.charged.entry(key_below(networks, cdr, paid)).or_default();
        sum.add(u64::from(paid.segments), paid.postings.posting.amount);
        self.priced_by(cdr.header.tariff);
    }

    fn priced_by(&mut self, tariff: u32) {
        if self.tariffs.last() != Some(&tariff) && !self.tariffs.contains(&tariff) {
            self.tariffs.push(tariff);
        }
    }

    /// Adds an entry, unless it is a refund, which is returned to be looked up.
    pub fn entry(&mut self, entry: &LedgerEntry) -> Option<Refund> {
        let micros = i128::from(entry.amount.micros());
        match entry.kind {
            EntryKind::Refund => {
                return Some(Refund { message_id: entry.reference.parse().ok(), amount: entry.amount });
            }
            EntryKind::OpeningBalance | EntryKind::TopUp | EntryKind::TransferIn | EntryKind::Payment => {
                self.top_ups += micros;
            }
            EntryKind::Adjustment
            | EntryKind::BundlePurchase
            | EntryKind::BundleGrant
            | EntryKind::BundleExpiry
            | EntryKind::BundleRollover
            | EntryKind::BundleConsumption
            | EntryKind::CommissionPayout
            | EntryKind::TransferOut
            | EntryKind::PaymentRefund
            | EntryKind::Dispute
            | EntryKind::Subscription
            | EntryKind::CreditNote => self.adjustments += micros,
            EntryKind::InvoicePayment => self.invoice_payments += micros,
            EntryKind::Tax => self.taxes += micros,
        }
        None
    }
}

impl Sum {
    pub fn add(&mut self, segments: u64, amount: Amount) {
        self.messages += 1;
        self.segments += segments;
        self.micros += i128::from(amount.micros());
    }
}

pub fn own_key(networks: &Networks, cdr: &Cdr<'_>) -> LineKey {
    let unit_price = unit_price(cdr.fields.amount, cdr.fields.segments);
    LineKey { is_resale: false, place: place(networks, cdr, cdr.fields.network), unit_price }
}

pub fn key_below(networks: &Networks, cdr: &Cdr<'_>, paid: &LevelCharge) -> LineKey {
    let unit_price = unit_price(paid.postings.posting.amount, paid.segments);
    LineKey { is_resale: true, place: place(networks, cdr, paid.network), unit_price }
}

fn place(networks: &Networks, cdr: &Cdr<'_>, network: NetworkCode) -> Place {
    (network, networks.country_of_both(&cdr.fields.destination, network))
}

/// The price of each segment of a message, in millionths; the mean where they had several.
fn unit_price(amount: Amount, segments: impl Into<i128>) -> i128 {
    divide_half_even(i128::from(amount.micros()), segments.into().max(1))
}

/// Millionths as money.
pub fn money(micros: i128) -> Answer<Money> {
    let micros = i64::try_from(micros).ok();
    let amount = micros.map(Amount::from_micros);
    amount.map(Money).ok_or_else(|| Problem::internal("a sum of the invoice cannot be held"))
}
