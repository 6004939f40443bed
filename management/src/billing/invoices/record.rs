//! An invoice as the books keep it, and the keys under which it is found.
//!
//! One collection holds four kinds of documents, each by its own prefix: the invoices themselves by number; their summaries
//! by account and period; the number of an account's invoice for a period; and the summaries of those that are owed, by when
//! they are due. One change writes all documents of an invoice.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tollgate_api::invoices::{Invoice, InvoiceLine, InvoicePayments, InvoiceStatus, InvoiceSummary};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;

use crate::documents::to_json;

/// Prefix of the keys of invoices.
pub const BY_NUMBER: &str = "i/";
/// Prefix of the keys of invoices that are owed.
pub const BY_DUE: &str = "d/";

/// An invoice as it was drafted, and the changes of its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRecord {
    pub number: String,
    pub account: String,
    pub currency: CurrencyCode,
    pub period_start: Time,
    pub period_end: Time,
    pub status: InvoiceStatus,
    pub content: Content,
    pub created_at: Time,
    #[serde(default)]
    pub issued_at: Option<Time>,
    #[serde(default)]
    pub due_at: Option<Time>,
    /// Fixed when it is sent. An invoice that an earlier version sent has none.
    #[serde(default)]
    pub amount_due: Option<Money>,
    #[serde(default)]
    pub paid_at: Option<Time>,
    #[serde(default)]
    pub payment_reference: Option<String>,
    #[serde(default)]
    pub cancelled_at: Option<Time>,
    #[serde(default)]
    pub cancel_reason: Option<String>,
    /// The hash of everything that does not change once it is sent.
    #[serde(default)]
    pub content_hash: Option<String>,
}

/// The part of an invoice that is added up from the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub lines: Vec<InvoiceLine>,
    pub total: Money,
    pub payments: InvoicePayments,
    pub tariff_versions: Vec<String>,
}

impl InvoiceRecord {
    /// A draft of this number.
    pub fn draft(
        number: String,
        (account, currency): (&str, CurrencyCode),
        period: &Range<UnixMicros>,
        content: Content,
        now: UnixMicros,
    ) -> Self {
        Self {
            number,
            account: account.to_owned(),
            currency,
            period_start: Time(period.start),
            period_end: Time(period.end),
            status: InvoiceStatus::Draft,
            content,
            created_at: Time(now),
            issued_at: None,
            due_at: None,
            amount_due: None,
            paid_at: None,
            payment_reference: None,
            cancelled_at: None,
            cancel_reason: None,
            content_hash: None,
        }
    }

    /// SHA-256 of what does not change once it is sent, in hexadecimal.
    pub fn hash(&self) -> String {
        let Self { number, account, currency, period_start, period_end, content, .. } = self;
        let fixed = (number, account, currency, period_start, period_end, content);
        hex::encode(Sha256::digest(to_json(&fixed)))
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

    /// The invoice as lists show it.
    pub fn summary(&self) -> InvoiceSummary {
        InvoiceSummary {
            invoice_number: self.number.clone(),
            account: self.account.clone(),
            period_start: self.period_start,
            period_end: self.period_end,
            total_amount: self.content.total,
            amount_due: self.amount_due,
            currency: self.currency,
            status: self.status,
            created_at: self.created_at,
            issued_at: self.issued_at,
            due_at: self.due_at,
            paid_at: self.paid_at,
        }
    }

    /// The whole invoice.
    pub fn view(self) -> Invoice {
        let Content { lines, total, payments, tariff_versions } = self.content;
        Invoice {
            invoice_number: self.number,
            account: self.account,
            period_start: self.period_start,
            period_end: self.period_end,
            total_amount: total,
            amount_due: self.amount_due,
            currency: self.currency,
            status: self.status,
            line_items: lines,
            payments,
            tariff_versions,
            created_at: self.created_at,
            issued_at: self.issued_at,
            due_at: self.due_at,
            paid_at: self.paid_at,
            payment_reference: self.payment_reference,
            cancelled_at: self.cancelled_at,
            cancel_reason: self.cancel_reason,
            content_hash: self.content_hash,
        }
    }

    /// The key under which lists find it.
    pub fn list_key(&self) -> String {
        format!("{}{:020}/{}", list_prefix(&self.account), self.period_start.0.0, self.number)
    }

    /// The key under which it is found by its period.
    pub fn period_key(&self) -> String {
        period_key(&self.account, self.period_start.0, self.period_end.0)
    }

    /// The key under which it is found while it is owed.
    pub fn due_key(&self) -> Option<String> {
        let due_at = self.due_at.filter(|_| self.is_owed())?;
        Some(format!("{}{}", due_prefix(due_at.0), self.number))
    }
}

/// The key of an invoice.
pub fn number_key(number: &str) -> String {
    format!("{BY_NUMBER}{number}")
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
