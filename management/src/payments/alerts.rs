//! Alerts about money that comes in. They are raised and cleared by what causes them, in its own change.

use std::sync::Arc;

use tollgate_api::alerts::{AlertKind, AlertSeverity};
use tollgate_api::answer::Answer;
use tollgate_api::money::CurrencyCode;
use tollgate_api::time::Time;
use tollgate_storage::clock::now;

use crate::change_set::ChangeSet;
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::identity::random::id_at;
use crate::jobs::JobQueue;
use crate::notifications::alerts::announce::announce;
use crate::notifications::alerts::record::AlertRecord;

/// Raises and clears alerts about payments.
#[derive(Debug)]
pub struct PaymentAlerts {
    context: Arc<Context>,
    alerts: Arc<DocumentCache<AlertRecord>>,
    jobs: Arc<JobQueue>,
}

/// An alert about money that comes in.
#[derive(Clone, Debug)]
pub struct MoneyAlert<'t> {
    pub kind: AlertKind,
    pub account: &'t str,
    /// The id of the payment or the dispute; `None` where it is about the account alone.
    pub subject: Option<&'t str>,
    pub message: String,
    pub currency: CurrencyCode,
}

impl PaymentAlerts {
    /// Among the alerts of the API.
    pub fn new(context: Arc<Context>, alerts: Arc<DocumentCache<AlertRecord>>, jobs: Arc<JobQueue>) -> Self {
        Self { context, alerts, jobs }
    }

    /// Raises an alert in a change, unless there is one of its kind about the same already.
    pub fn raise<'a>(&'a self, changes: &mut ChangeSet<'a>, alert: MoneyAlert<'_>) -> Answer<()> {
        let MoneyAlert { kind, account, subject, message, currency } = alert;
        if self.open(kind, account, subject).is_some() {
            return Ok(());
        }
        let at = now();
        let record = AlertRecord {
            account: Some(account.to_owned()),
            kind,
            severity: AlertSeverity::Critical,
            message,
            subject: subject.map(ToOwned::to_owned),
            threshold: None,
            current_value: None,
            currency: Some(currency),
            raised_at: Time(at),
            cleared_at: None,
            is_read: false,
            ledger_to: None,
        };
        let id = id_at("alr", at)?;
        changes.put(&*self.alerts, &id, None, record.clone());
        announce(&self.jobs, &self.context, changes, &id, &record, at)
    }

    /// Clears an alert in a change, if there is one.
    pub fn clear<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        kind: AlertKind,
        account: &str,
        subject: Option<&str>,
    ) {
        if let Some(document) = self.open(kind, account, subject) {
            let after = AlertRecord { cleared_at: Some(Time(now())), ..document.value.clone() };
            changes.put(&*self.alerts, &document.key, Some(&document), after);
        }
    }

    fn open(
        &self,
        kind: AlertKind,
        account: &str,
        subject: Option<&str>,
    ) -> Option<Arc<crate::documents::Document<AlertRecord>>> {
        self.alerts.find(|document| {
            let alert = &document.value;
            alert.kind == kind
                && alert.cleared_at.is_none()
                && alert.account.as_deref() == Some(account)
                && alert.subject.as_deref() == subject
        })
    }
}
