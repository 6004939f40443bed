//! An alert as the books keep it, and the condition that it is about.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tollgate_api::alerts::{Alert, AlertKind, AlertSeverity};
use tollgate_api::money::CurrencyCode;
use tollgate_api::time::Time;

use crate::documents::Document;

/// As it was raised, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRecord {
    pub account: Option<String>,
    pub kind: AlertKind,
    pub severity: AlertSeverity,
    pub message: String,
    #[serde(default)]
    pub subject: Option<String>,
    #[serde(default)]
    pub threshold: Option<String>,
    #[serde(default)]
    pub current_value: Option<String>,
    #[serde(default)]
    pub currency: Option<CurrencyCode>,
    pub raised_at: Time,
    #[serde(default)]
    pub cleared_at: Option<Time>,
    #[serde(default)]
    pub is_read: bool,
    /// Of a balance, the first ledger id that was not read when the alert was raised or cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_to: Option<u64>,
}

/// A condition that holds or does not. While it holds there is one alert of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// Kind of the condition.
    pub kind: AlertKind,
    /// The account's id, the invoice's number, the operator's code. Of a cap the account's id, a slash, and what the alert is
    /// about.
    pub of: Arc<str>,
    /// Of an invoice, whether it is overdue and not only due soon.
    pub is_late: bool,
}

impl Condition {
    /// Of an account, or of an operator.
    pub fn new(kind: AlertKind, of: &Arc<str>) -> Self {
        Self { kind, of: Arc::clone(of), is_late: false }
    }

    /// Of a cap of an account in one span.
    pub fn of_cap(account: &str, subject: &str) -> Self {
        let of = Arc::from(format!("{account}/{subject}"));
        Self { kind: AlertKind::SpendingCap, of, is_late: false }
    }

    /// The condition that an alert is about.
    pub fn of(record: &AlertRecord) -> Self {
        let of = match record.kind {
            AlertKind::PaymentDue
            | AlertKind::OperatorDown
            | AlertKind::ClockInDoubt
            | AlertKind::AutoRecharge
            | AlertKind::PaymentDispute
            | AlertKind::PaymentContradiction
            | AlertKind::TrafficPumping
            | AlertKind::WebhookEndpoint => &record.subject,
            AlertKind::LowBalance
            | AlertKind::CreditNearlyUsed
            | AlertKind::Overage
            | AlertKind::ChildrenRefused
            | AlertKind::BelowCost => &record.account,
            AlertKind::SpendingCap => {
                let [account, subject] = [&record.account, &record.subject].map(|text| text.as_deref());
                return Self::of_cap(account.unwrap_or_default(), subject.unwrap_or_default());
            }
        };
        let is_late = record.kind == AlertKind::PaymentDue && record.severity == AlertSeverity::Critical;
        Self { kind: record.kind, of: Arc::from(of.as_deref().unwrap_or_default()), is_late }
    }
}

impl AlertRecord {
    /// As it is shown.
    pub fn view(&self, id: &str) -> Alert {
        Alert {
            id: id.to_owned(),
            account: self.account.clone(),
            kind: self.kind,
            severity: self.severity,
            message: self.message.clone(),
            subject: self.subject.clone(),
            threshold: self.threshold.clone(),
            current_value: self.current_value.clone(),
            currency: self.currency,
            raised_at: self.raised_at,
            cleared_at: self.cleared_at,
            is_read: self.is_read,
        }
    }
}

/// As it is shown.
pub fn view(document: &Document<AlertRecord>) -> Alert {
    document.value.view(&document.key)
}
