//! An invoice as the books keep it, and the keys under which it is found.
//!
//! One collection holds four kinds of documents, each by its own prefix: the invoices themselves by number; what lists show
//! of them, by account and period; which invoice an account has for a period; and which are owed, by when they are due. One
//! change writes what belongs together.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tollgate_api::invoices::{Invoice, InvoiceLine, InvoicePayments, InvoiceStatus, InvoiceSummary};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;

/// Keys of invoices begin so.
pub const BY_NUMBER: &str = "i/";
/// Keys of those that are owed begin so.
pub const BY_DUE: &str = "d/";

/// As it was drafted, and what became of it.
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
    #[serde(default)]
    pub paid_at: Option<Time>,
    #[serde(default)]
    pub payment_reference: Option<String>,
    #[serde(default)]
    pub cancelled_at: Option<Time>,
    #[serde(default)]
    pub cancel_reason: Option<String>,
    /// Of everything that does not change once it is sent.
    #[serde(default)]
    pub content_hash: Option<String>,
}

/// What an invoice says of its period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub lines: Vec<InvoiceLine>,
    pub total: Money,
    pub payments: InvoicePayments,
    pub tariff_versions: Vec<String>,
}

impl InvoiceRecord {
    /// SHA-256 of what does not change once it is sent, in hexadecimal.
    pub fn hash(&self) -> String {
        let Self { number, account, currency, period_start, period_end, content, .. } = self;
        let fixed = (number, account, currency, period_start, period_end, content);
        // Plain values, which JSON can hold.
        hex::encode(Sha256::digest(serde_json::to_vec(&fixed).unwrap_or_default()))
    }

    /// Whether it says what it said when it was sent; a draft says what it likes.
    pub fn is_sound(&self) -> bool {
        self.content_hash.as_ref().is_none_or(|hash| *hash == self.hash())
    }

    /// Whether somebody is to pay it.
    pub fn is_owed(&self) -> bool {
        matches!(self.status, InvoiceStatus::Sent | InvoiceStatus::Overdue)
    }

    /// As lists show it.
    pub fn summary(&self) -> InvoiceSummary {
        InvoiceSummary {
            invoice_number: self.number.clone(),
            account: self.account.clone(),
            period_start: self.period_start,
            period_end: self.period_end,
            total_amount: self.content.total,
            currency: self.currency,
            status: self.status,
            created_at: self.created_at,
            issued_at: self.issued_at,
            due_at: self.due_at,
            paid_at: self.paid_at,
        }
    }

    /// As it is shown by itself.
    pub fn view(self) -> Invoice {
        let Content { lines, total, payments, tariff_versions } = self.content;
        Invoice {
            invoice_number: self.number,
            account: self.account,
            period_start: self.period_start,
            period_end: self.period_end,
            total_amount: total,
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

    /// Where lists find it.
    pub fn list_key(&self) -> String {
        format!("{}{:020}/{}", list_prefix(&self.account), self.period_start.0.0, self.number)
    }

    /// Where it is found by its period.
    pub fn period_key(&self) -> String {
        period_key(&self.account, self.period_start.0, self.period_end.0)
    }

    /// Where it is found while it is owed.
    pub fn due_key(&self) -> Option<String> {
        let due_at = self.due_at.filter(|_| self.is_owed())?;
        Some(format!("{}{}", due_prefix(due_at.0), self.number))
    }
}

/// Where an invoice is.
pub fn number_key(number: &str) -> String {
    format!("{BY_NUMBER}{number}")
}

/// What the keys of an account's invoices in lists begin with. No account has a slash in its id.
pub fn list_prefix(account: &str) -> String {
    format!("a/{account}/")
}

/// Where the number of an account's invoice for a period is, unless it was cancelled.
pub fn period_key(account: &str, start: UnixMicros, end: UnixMicros) -> String {
    format!("p/{account}/{:020}-{:020}", start.0, end.0)
}

/// What the keys of invoices begin with that are due then.
pub fn due_prefix(due_at: UnixMicros) -> String {
    format!("{BY_DUE}{:020}/", due_at.0)
}
