//! The jobs that announce a new alert: a call of the account's webhook, and an e-mail to its address.

use serde_json::{Value, json};
use tollgate_api::alerts::AlertKind;
use tollgate_api::answer::Answer;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;

use super::record::AlertRecord;
use crate::accounts::record::AccountRecord;
use crate::change_set::ChangeSet;
use crate::documents::DocumentCache;
use crate::identity::random::id_at;
use crate::jobs::{JobQueue, JobWork};

/// Name of the event of a new alert.
const RAISED_EVENT: &str = "alert.raised";
/// Name of the event that tries a webhook out.
pub const TEST_EVENT: &str = "webhook.test";

/// The body of a webhook call.
pub fn event(id: &str, kind: &str, at: UnixMicros, data: &Value) -> String {
    json!({ "id": id, "event": kind, "created_at": Time(at), "data": data }).to_string()
}

/// Queues the jobs of a new alert in the change that raises it.
pub fn announce<'a>(
    jobs: &'a JobQueue,
    accounts: &DocumentCache<AccountRecord>,
    change: &mut ChangeSet<'a>,
    alert_id: &str,
    alert: &AlertRecord,
    now: UnixMicros,
) -> Answer<()> {
    let Some(account) = alert.account.clone() else { return Ok(()) };
    let Some(document) = accounts.get(&account) else { return Ok(()) };
    if !jobs.has_room() {
        tracing::error!(alert = alert_id, "an alert is not announced, as too many jobs wait");
        return Ok(());
    }
    if document.value.alert_webhook_url.is_some() {
        let id = id_at("evt", now)?;
        let data = serde_json::to_value(alert.view(alert_id)).unwrap_or_default();
        let body = event(&id, RAISED_EVENT, now, &data);
        jobs.put_as(change, &id, JobWork::Webhook { account: account.clone(), body });
    }
    if document.value.email.is_some() {
        let subject = format!("Account {account}: {}", subject_of(alert));
        let body = format!("{}.\n\nAccount: {account}\nAlert: {alert_id}\n", alert.message);
        jobs.put(change, JobWork::Mail { account, subject, body })?;
    }
    Ok(())
}

fn subject_of(alert: &AlertRecord) -> &'static str {
    match alert.kind {
        AlertKind::LowBalance => "low balance",
        AlertKind::CreditNearlyUsed => "credit nearly used",
        AlertKind::Overage => "more messages than expected",
        AlertKind::PaymentDue => "payment due",
        AlertKind::OperatorDown => "operator down",
    }
}
