//! What is still to be posted or mailed of alerts. It is in the books from the change that raises an alert on, so that a
//! restart goes on with it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;

use super::record::{AlertRecord, id_at};
use crate::Office;
use crate::change_set::ChangeSet;

/// What a post of a new alert says it is.
pub const RAISED_EVENT: &str = "alert.raised";
/// What a post that tries a webhook out says it is.
pub const TEST_EVENT: &str = "webhook.test";
/// JobQueue that wait. Beyond them an alert is kept, and told to nobody.
const WAITING_MAX: usize = 100_000;
/// How long after each failure a post is tried once more; after the last it is given up, most of a day later.
const PAUSES_SECONDS: [u64; 9] = [1, 10, 60, 300, 900, 3_600, 7_200, 21_600, 43_200];

/// One thing to post or to mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRecord {
    /// Whose alert it is. Where it goes is looked up when it goes.
    pub account: String,
    /// How it goes.
    pub way: Way,
    /// Of a mail; empty for a post.
    pub subject: String,
    /// As it is posted, or mailed.
    pub body: String,
    /// Not before this.
    pub next_at: Time,
    /// Tries that have failed.
    pub failures: u32,
}

/// How something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To the account's webhook.
    Webhook,
    /// To the account's e-mail address.
    Mail,
}

impl std::fmt::Debug for OutboxRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutboxRecord")
            .field("account", &self.account)
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

impl OutboxRecord {
    /// As it is after one more failure; `None` where it is given up.
    pub fn after_failure(&self, now: UnixMicros) -> Option<Self> {
        let pause = PAUSES_SECONDS.get(usize::try_from(self.failures).ok()?)?;
        let micros = u64::try_from(Duration::from_secs(*pause).as_micros()).unwrap_or(u64::MAX);
        let next_at = Time(UnixMicros(now.0.saturating_add(micros)));
        Some(Self { next_at, failures: self.failures + 1, ..self.clone() })
    }
}

/// The body of a post.
pub fn event(id: &str, kind: &str, at: UnixMicros, data: &Value) -> String {
    json!({ "id": id, "event": kind, "created_at": Time(at), "data": data }).to_string()
}

impl Office {
    /// Leaves with a new alert what is to be told of it.
    pub(crate) fn put_jobs<'a>(
        &'a self,
        work: &mut ChangeSet<'a>,
        alert_id: &str,
        alert: &AlertRecord,
        now: UnixMicros,
    ) -> Answer<()> {
        let Some(account) = alert.account.as_deref() else { return Ok(()) };
        let Some(document) = self.accounts.get(account) else { return Ok(()) };
        if self.outbox.len() >= WAITING_MAX {
            tracing::error!(
                waiting = WAITING_MAX,
                "an alert is told to nobody, as too much waits to be posted"
            );
            return Ok(());
        }
        let mut put = |id: &str, way, subject: String, body| {
            let (account, next_at) = (account.to_owned(), Time(now));
            let record = OutboxRecord { account, way, subject, body, next_at, failures: 0 };
            work.put(&self.outbox, id, None, record);
        };
        if document.value.alert_webhook_url.is_some() {
            let id = id_at("evt", now)?;
            let data = serde_json::to_value(alert.view(alert_id)).unwrap_or_default();
            put(&id, Way::Webhook, String::new(), event(&id, RAISED_EVENT, now, &data));
        }
        if document.value.email.is_some() {
            let subject = format!("Account {account}: {}", subject_of(alert));
            let text = format!("{}.\n\nAccount: {account}\nAlert: {alert_id}\n", alert.message);
            put(&id_at("evt", now)?, Way::Mail, subject, text);
        }
        Ok(())
    }
}

fn subject_of(alert: &AlertRecord) -> &'static str {
    use tollgate_api::alerts::AlertKind;
    match alert.kind {
        AlertKind::LowBalance => "low balance",
        AlertKind::CreditNearlyUsed => "credit nearly used",
        AlertKind::Overage => "more messages than expected",
        AlertKind::PaymentDue => "payment due",
        AlertKind::OperatorDown => "operator down",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_tried_ten_times_within_a_day() {
        let now = UnixMicros(1_000_000);
        let mut record = OutboxRecord {
            account: "biz".to_owned(),
            way: Way::Webhook,
            subject: String::new(),
            body: String::new(),
            next_at: Time(now),
            failures: 0,
        };
        let mut tries = 1;
        while let Some(next) = record.after_failure(record.next_at.0) {
            assert!(next.next_at > record.next_at);
            (record, tries) = (next, tries + 1);
        }
        assert_eq!(tries, 10);
        let hours = (record.next_at.0.0 - now.0) / 3_600_000_000;
        assert!((12..24).contains(&hours), "{hours}");
    }
}
