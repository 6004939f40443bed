//! Alerts: found by looking at what is in memory, kept in the books, and announced by webhook and e-mail.
//!
//! An alert is raised once for its condition and cleared once the condition is over. The books say which alerts are open, so
//! that a restart raises none again. An alert and the jobs that announce it are one change.

pub mod announce;
mod balance_alerts;
mod balance_path;
mod balances;
mod below_cost;
mod empty;
mod events;
mod notices;
mod operators;
pub mod record;
mod wallets;
pub mod watch;

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::alerts::{
    Alert, AlertsQuery, AlertsService, ReadAll, ReadAllDone, WebhookSecret, WebhookTested,
};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_storage::clock::now;

use super::webhooks::Webhooks;
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::identity::random::id_at;
use crate::identity::visibility::Visibility;
use announce::{TEST_EVENT, event};
use record::{AlertRecord, view};
use tollgate_notifications::post::is_delivered;

/// Alerts of one change.
const AT_ONCE: usize = 200;

/// The service of alerts.
#[derive(Debug)]
pub struct Alerts {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    documents: Arc<DocumentCache<AlertRecord>>,
    webhooks: Arc<Webhooks>,
}

impl AlertsService for Alerts {
    fn alerts(&self, caller: &Caller, query: &AlertsQuery) -> Answer<Page<Alert>> {
        if let Some(account) = &query.account {
            self.check_reach(caller, account)?;
        }
        let wanted = self
            .documents
            .filter(|document| is_wanted(&document.value, query) && self.may_know(caller, &document.value));
        // Ids sort by when they were given.
        let newest_first = wanted.iter().rev().map(|document| (document.key.clone(), view(document)));
        Ok(query.paging()?.page(newest_first, |key, after| key < after))
    }

    fn alert(&self, caller: &Caller, id: &str) -> Answer<Alert> {
        Ok(view(&*self.known_alert(caller, id)?))
    }

    fn read_alert(&self, caller: &Caller, id: &str) -> Answer<Alert> {
        let before = self.known_alert(caller, id)?;
        if !before.value.is_read {
            let mut work = self.context.change(caller);
            let after = AlertRecord { is_read: true, ..before.value.clone() };
            work.put(&*self.documents, id, Some(&before), after);
            let resource = format!("alert/{id}");
            work.note("alert.read", resource, &json!({ "is_read": false }), &json!({ "is_read": true }));
            work.commit()?;
        }
        self.alert(caller, id)
    }

    fn read_all_alerts(&self, caller: &Caller, which: &ReadAll) -> Answer<ReadAllDone> {
        if let Some(account) = &which.account {
            self.check_reach(caller, account)?;
        }
        let is_meant = |alert: &AlertRecord| which.account.is_none() || which.account == alert.account;
        let unread = self.documents.filter(|document| {
            let alert = &document.value;
            !alert.is_read && is_meant(alert) && self.may_know(caller, alert)
        });
        for some in unread.chunks(AT_ONCE) {
            let mut work = self.context.change(caller);
            for before in some {
                let after = AlertRecord { is_read: true, ..before.value.clone() };
                work.put(&*self.documents, &before.key, Some(before), after);
            }
            work.note("alert.read_all", "alerts", &Value::Null, &json!({ "marked": some.len() }));
            work.commit()?;
        }
        Ok(ReadAllDone { marked: unread.len() as u64 })
    }

    fn test_webhook(&self, caller: &Caller, account: &str) -> Answer<WebhookTested> {
        self.visibility.visible_account(caller, account)?;
        let url = self.webhooks.url_of(account);
        let url =
            url.ok_or_else(|| Problem::wrong_state(format!("account `{account}` has no alert_webhook_url")))?;
        let secret = self.webhooks.secret_of(caller, account)?;
        let now = now();
        let id = id_at("evt", now)?;
        let body = event(&id, TEST_EVENT, now, &json!({ "account": account }));
        let posted = self.webhooks.try_out(account, url, secret, &id, body)?;
        Ok(WebhookTested {
            delivered: is_delivered(&posted),
            status: posted.as_ref().ok().copied(),
            error: posted.err(),
        })
    }

    fn webhook_secret(&self, caller: &Caller, account: &str) -> Answer<WebhookSecret> {
        self.visibility.visible_account(caller, account)?;
        self.webhooks.secret_of(caller, account).map(shown)
    }

    fn rotate_webhook_secret(&self, caller: &Caller, account: &str) -> Answer<WebhookSecret> {
        self.visibility.visible_account(caller, account)?;
        self.webhooks.rotate_secret(caller, account).map(shown)
    }
}

fn shown(secret: String) -> WebhookSecret {
    WebhookSecret { secret: Some(secret), note: None }
}

impl Alerts {
    /// Over these alerts.
    pub fn new(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        documents: Arc<DocumentCache<AlertRecord>>,
        webhooks: Arc<Webhooks>,
    ) -> Self {
        Self { context, visibility, documents, webhooks }
    }

    /// An alert that belongs to no account is for staff.
    fn may_know(&self, caller: &Caller, alert: &AlertRecord) -> bool {
        match &alert.account {
            Some(account) => self.visibility.may_see(caller, account),
            None => caller.reaches_all(),
        }
    }

    fn known_alert(&self, caller: &Caller, id: &str) -> Answer<Arc<Document<AlertRecord>>> {
        let found = self.documents.get(id).filter(|document| self.may_know(caller, &document.value));
        found.ok_or_else(|| Problem::not_found(format!("there is no alert `{id}`")))
    }

    fn check_reach(&self, caller: &Caller, account: &str) -> Answer<()> {
        if self.visibility.may_see(caller, account) {
            return Ok(());
        }
        Err(Problem::not_found(format!("there is no account `{account}`")))
    }
}

fn is_wanted(alert: &AlertRecord, query: &AlertsQuery) -> bool {
    query.account.as_ref().is_none_or(|account| alert.account.as_ref() == Some(account))
        && query.kind.is_none_or(|kind| alert.kind == kind)
        && query.severity.is_none_or(|severity| alert.severity == severity)
        && query.is_read.is_none_or(|is_read| alert.is_read == is_read)
        && query.active.is_none_or(|active| alert.cleared_at.is_none() == active)
}
