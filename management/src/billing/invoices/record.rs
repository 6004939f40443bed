//! An invoice as the books keep it, and the keys under which it is found.
//!
//! One collection holds seven kinds of documents, each by its own prefix: the invoices themselves by number, drafts by their
//! ids; their summaries by account and period; the number of an account's invoice for a period; the summaries of those that are
//! owed, by when they are due; the numbers that drafts got, by their ids; those of pages of payment, by their tokens; and the
//! logos of resellers, by their accounts. One change writes all documents of an invoice.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tollgate_api::invoice_terms::{Issuer, Party, TaxTerms};
use tollgate_api::invoices::{InvoiceLine, InvoicePayments, InvoiceStatus};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::time::Time;
use tollgate_billing::invoice::due::Settled;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;

use crate::documents::to_json;

/// Prefix of the keys of invoices.
pub const BY_NUMBER: &str = "i/";
/// Prefix of the keys of drafts that are to be sent.
pub const WAITING: &str = "s/";
/// Prefix of the keys of invoices that are owed.
pub const BY_DUE: &str = "d/";

/// An invoice as it was drafted, and the changes of its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRecord {
    /// Empty for a draft, unless an earlier version gave it one.
    pub number: String,
    /// Empty where an earlier version drafted it.
    #[serde(default)]
    pub id: String,
    pub account: String,
    pub currency: CurrencyCode,
    pub period_start: Time,
    pub period_end: Time,
    pub status: InvoiceStatus,
    pub content: Content,
    /// Both sides and the tax, as they were when it was drafted or sent. An earlier version has written none.
    #[serde(default)]
    pub parties: Option<Parties>,
    pub created_at: Time,
    #[serde(default)]
    pub issued_at: Option<Time>,
    #[serde(default)]
    pub due_at: Option<Time>,
    /// Fixed when it is sent. An invoice that an earlier version sent has none.
    #[serde(default)]
    pub amount_due: Option<Money>,
    /// The part of the amount due that was paid.
    #[serde(default)]
    pub amount_paid: Money,
    /// The part of its payments that was more than open; none where an earlier version sent it, and has not noted that.
    #[serde(default)]
    pub paid_beyond: Option<Money>,
    /// The part of the amount due that credit notes took back.
    #[serde(default)]
    pub amount_credited: Money,
    /// The part of its credit notes that was more than open.
    #[serde(default)]
    pub credited_beyond: Money,
    /// The numbers of its credit notes.
    #[serde(default)]
    pub credit_notes: Vec<String>,
    #[serde(default)]
    pub paid_at: Option<Time>,
    /// The last time at which it was opened again after it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_at: Option<Time>,
    #[serde(default)]
    pub payment_reference: Option<String>,
    #[serde(default)]
    pub cancelled_at: Option<Time>,
    #[serde(default)]
    pub cancel_reason: Option<String>,
    /// The token that its page of payment lives from; none before it is sent, where it is not the house's, and where an earlier
    /// version sent it.
    #[serde(default)]
    pub pay_token: Option<String>,
    /// True for a draft of the schedule that is to be sent at once.
    #[serde(default)]
    pub sends_itself: bool,
    /// The hash of everything that does not change once it is sent.
    #[serde(default)]
    pub content_hash: Option<String>,
}

/// The part of an invoice that is added up from the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub lines: Vec<InvoiceLine>,
    /// The sum of the lines.
    pub total: Money,
    /// The sum of the ledger; none where it is the total itself, as an earlier version had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<Money>,
    pub payments: InvoicePayments,
    pub tariff_versions: Vec<String>,
}

/// Both sides of an invoice, and its tax.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties {
    /// The reseller's account that issues it; none for the house.
    pub issued_by: Option<String>,
    pub seller: Issuer,
    pub buyer: Party,
    pub tax: TaxTerms,
    /// The tax on the total.
    pub tax_amount: Money,
    /// The time zone of the account's plan.
    pub time_zone: String,
}

impl InvoiceRecord {
    /// A draft with this id.
    pub fn draft(
        id: String,
        (account, currency): (&str, CurrencyCode),
        period: &Range<UnixMicros>,
        (content, parties): (Content, Parties),
        now: UnixMicros,
    ) -> Self {
        Self {
            number: String::new(),
            id,
            account: account.to_owned(),
            currency,
            period_start: Time(period.start),
            period_end: Time(period.end),
            status: InvoiceStatus::Draft,
            content,
            parties: Some(parties),
            created_at: Time(now),
            issued_at: None,
            due_at: None,
            amount_due: None,
            amount_paid: Money::default(),
            paid_beyond: Some(Money::default()),
            amount_credited: Money::default(),
            credited_beyond: Money::default(),
            credit_notes: Vec::new(),
            paid_at: None,
            reopened_at: None,
            payment_reference: None,
            cancelled_at: None,
            cancel_reason: None,
            pay_token: None,
            sends_itself: false,
            content_hash: None,
        }
    }

    /// SHA-256 of what does not change once it is sent, in hexadecimal.
    pub fn hash(&self) -> String {
        let Self { number, account, currency, period_start, period_end, content, .. } = self;
        let fixed = (number, account, currency, period_start, period_end, content);
        let octets = match &self.parties {
            Some(parties) => to_json(&(fixed, parties)),
            None => as_before(to_json(&fixed)),
        };
        hex::encode(Sha256::digest(octets))
    }

    /// True if it is a draft or has the content with which it was sent.
    pub fn is_sound(&self) -> bool {
        self.content_hash.as_ref().is_none_or(|hash| *hash == self.hash())
    }

    /// True if it waits for its payment.
    pub fn is_owed(&self) -> bool {
        matches!(self.status, InvoiceStatus::Sent | InvoiceStatus::Overdue)
    }

    /// The period of the invoice.
    pub fn period(&self) -> Range<UnixMicros> {
        self.period_start.0..self.period_end.0
    }

    /// The number, or the id of a draft without one.
    pub fn name(&self) -> &str {
        if self.number.is_empty() { &self.id } else { &self.number }
    }

    /// The sum of the ledger in its period, in millionths.
    pub fn exact(&self) -> Money {
        self.content.exact.unwrap_or(self.content.total)
    }

    /// The tax on the total.
    pub fn tax_amount(&self) -> Money {
        self.parties.as_ref().map(|parties| parties.tax_amount).unwrap_or_default()
    }

    /// Total and tax in millionths.
    pub fn gross(&self) -> i128 {
        i128::from(self.content.total.0.micros()) + i128::from(self.tax_amount().0.micros())
    }

    /// The amount due with what was paid and credited; none where that is not fixed.
    pub fn settled(&self) -> Option<Settled> {
        let due = i128::from(self.amount_due?.0.micros());
        let credited = i128::from(self.amount_credited.0.micros());
        let paid = i128::from(self.amount_paid.0.micros());
        // An earlier version has noted no amount: what was paid was paid in full.
        let is_full = self.status == InvoiceStatus::Paid && paid + credited < due;
        Some(Settled {
            due,
            paid: if is_full { due - credited } else { paid },
            credited,
            paid_beyond: self.paid_beyond.map_or(0, |beyond| i128::from(beyond.0.micros())),
            credited_beyond: i128::from(self.credited_beyond.0.micros()),
        })
    }

    /// Notes the parts of the amount due that are settled.
    pub fn settle(&mut self, settled: Settled) {
        self.amount_paid = shown(settled.paid);
        self.paid_beyond = self.paid_beyond.map(|_| shown(settled.paid_beyond));
        self.amount_credited = shown(settled.credited);
        self.credited_beyond = shown(settled.credited_beyond);
    }

    /// The part that is still to be paid; none where the amount due is not fixed.
    pub fn amount_open(&self) -> Option<Money> {
        self.settled().map(|settled| shown(settled.open()))
    }

    /// The address of the page on which it is paid, as long as something of it is open.
    pub fn pay_link(&self, public_url: &str) -> Option<String> {
        let is_open = self.is_owed() && self.amount_open().is_some_and(|open| !open.is_zero());
        let token = self.pay_token.as_ref().filter(|_| is_open)?;
        Some(format!("{public_url}/pay/invoices/{token}"))
    }

    /// The key of the invoice itself.
    pub fn key(&self) -> String {
        number_key(self.name())
    }

    /// The key under which lists find it.
    pub fn list_key(&self) -> String {
        format!("{}{:020}/{}", list_prefix(&self.account), self.period_start.0.0, self.name())
    }

    /// The key under which it is found by its period.
    pub fn period_key(&self) -> String {
        period_key(&self.account, self.period_start.0, self.period_end.0)
    }

    /// The key under which it is found while it waits to be sent.
    pub fn waiting_key(&self) -> Option<String> {
        let is_waiting = self.sends_itself && self.status == InvoiceStatus::Draft;
        is_waiting.then(|| format!("{WAITING}{}", self.name()))
    }

    /// The key under which it is found while it is owed.
    pub fn due_key(&self) -> Option<String> {
        let due_at = self.due_at.filter(|_| self.is_owed())?;
        Some(format!("{}{}", due_prefix(due_at.0), self.number))
    }
}

/// The octets of an earlier version's lines, which said nothing of accounts below. No text of a line holds a quotation mark that
/// is not escaped, so that only the field is left out.
fn as_before(octets: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(octets).unwrap_or_default();
    text.replace(r#""is_resale":false,"#, "").into_bytes()
}

/// Millionths as money. What was made from money can be held; the closest that can be, otherwise.
pub fn shown(micros: i128) -> Money {
    let bounded = micros.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    Money(Amount::from_micros(i64::try_from(bounded).unwrap_or_default()))
}

/// The key of the mark that a refund's entry is on a credit note.
pub fn refund_key(entry: u64) -> String {
    format!("r/{entry:020}")
}

/// The key of an invoice by its number, or of a draft by its id.
pub fn number_key(number: &str) -> String {
    format!("{BY_NUMBER}{number}")
}

/// The key of the number that a draft of this id got.
pub fn id_key(id: &str) -> String {
    format!("g/{id}")
}

/// The key of the number of the invoice that a page of payment is of.
pub fn token_key(token: &str) -> String {
    format!("t/{token}")
}

/// The key of a reseller's logo.
pub fn logo_key(account: &str) -> String {
    format!("l/{account}")
}

/// The prefix of the keys of an account's invoices in lists. No account has a slash in its id.
pub fn list_prefix(account: &str) -> String {
    format!("a/{account}/")
}

/// The key of the number of an account's invoice for a period, unless it was cancelled.
pub fn period_key(account: &str, start: UnixMicros, end: UnixMicros) -> String {
    format!("p/{account}/{:020}-{:020}", start.0, end.0)
}

/// The prefix of the keys of invoices that are due then.
pub fn due_prefix(due_at: UnixMicros) -> String {
    format!("{BY_DUE}{:020}/", due_at.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An invoice as an earlier version sent it, octet by octet.
    const SENT_BEFORE: &str = r#"{"number":"INV-2026-000007","account":"acme","currency":"USD",
        "period_start":"2026-10-01T00:00:00Z","period_end":"2026-11-01T00:00:00Z","status":"paid",
        "content":{"lines":[{"description":"SMS to Safaricom, Kenya (639/02)","quantity":5,"unit_price":"0.021","total":"0.105",
            "category":"sms","details":{"messages":5,"is_refund":false,"mcc":"639","mnc":"02","network":"Safaricom",
            "country_code":"KE"}}],"total":"0.105","payments":{"top_ups":"0.00","adjustments":"0.00"},
            "tariff_versions":["a1"]},
        "created_at":"2026-11-01T00:00:10Z","issued_at":"2026-11-02T00:00:00Z","due_at":"2026-11-16T00:00:00Z",
        "amount_due":"0.105","paid_at":"2026-11-03T00:00:00Z",
        "content_hash":"CONTENT_HASH"}"#;

    #[test]
    fn what_an_earlier_version_has_sent_is_sound_and_paid() {
        // The earlier version's own rule made the hash of these octets.
        let fixed = r#"["INV-2026-000007","acme","USD","2026-10-01T00:00:00Z","2026-11-01T00:00:00Z",{"lines":[{"description":"SMS to Safaricom, Kenya (639/02)","quantity":5,"unit_price":"0.021","total":"0.105","category":"sms","details":{"messages":5,"is_refund":false,"mcc":"639","mnc":"02","network":"Safaricom","country_code":"KE"}}],"total":"0.105","payments":{"top_ups":"0.00","adjustments":"0.00"},"tariff_versions":["a1"]}]"#;
        let hash = hex::encode(Sha256::digest(fixed));
        let record: InvoiceRecord =
            serde_json::from_str(&SENT_BEFORE.replace("CONTENT_HASH", &hash)).unwrap();
        assert!(record.is_sound());
        assert_eq!((record.name(), record.amount_open()), ("INV-2026-000007", Some(Money::default())));
        assert_eq!(record.settled().map(|settled| settled.paid), Some(105_000));
    }
}
