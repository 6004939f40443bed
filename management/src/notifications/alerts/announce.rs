//! The jobs that announce a new alert: a call of the account's webhook, and an e-mail to its address.

use serde_json::{Value, json};
use tollgate_api::alerts::AlertKind;
use tollgate_api::answer::Answer;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::{Contact, Settings};

use super::events::emit;
use super::record::AlertRecord;
use crate::billing::invoices::recipients;
use crate::change_set::ChangeSet;
use crate::context::Context;
use crate::identity::random::id_at;
use crate::jobs::JobQueue;
use tollgate_notifications::email_texts::EmailMessage;
use tollgate_notifications::jobs::record::JobWork;

/// Name of the event of a new alert.
const RAISED_EVENT: &str = "alert.raised";
/// Name of the event that tries a webhook out.
pub const TEST_EVENT: &str = "webhook.test";

/// The body of a webhook call.
pub fn event(id: &str, kind: &str, at: UnixMicros, data: &Value) -> String {
    json!({ "id": id, "event": kind, "created_at": Time(at), "data": data }).to_string()
}

/// Writes the events of a new alert and queues its jobs in the change that raises it: for the account that it is about, or for the house.
pub fn announce<'a>(
    jobs: &'a JobQueue,
    context: &Context,
    change: &mut ChangeSet<'a>,
    alert_id: &str,
    alert: &AlertRecord,
    now: UnixMicros,
) -> Answer<()> {
    emit(change, alert_id, alert);
    let (contact, account) = match &alert.account {
        Some(id) => {
            let Some(account) = context.account(id) else { return Ok(()) };
            (account.provisioned.contact.clone(), Some(id.clone()))
        }
        None => (house(&context.settings), None),
    };
    let mails = mails(context, alert_id, alert, &contact)?;
    if contact.webhook_url.is_none() && mails.is_empty() {
        return Ok(());
    }
    if !jobs.has_room() {
        tracing::error!(alert = alert_id, "an alert is not announced, as too many jobs wait");
        return Ok(());
    }
    if contact.webhook_url.is_some() {
        let id = id_at("evt", now)?;
        let data = serde_json::to_value(alert.view(alert_id)).unwrap_or_default();
        let body = event(&id, RAISED_EVENT, now, &data);
        let work = match account.clone() {
            Some(account) => JobWork::Webhook { account, body },
            None => JobWork::HouseWebhook { body },
        };
        jobs.put_as(change, &id, work);
    }
    for mail in mails {
        jobs.put(change, mail)?;
    }
    Ok(())
}

/// The mails of an alert: to the account, to whoever reads its invoices where it is about one, or to the house.
fn mails(context: &Context, id: &str, alert: &AlertRecord, contact: &Contact) -> Answer<Vec<JobWork>> {
    let what = subject_of(alert);
    let Some(account) = &alert.account else {
        let of = alert.subject.as_deref().unwrap_or_default();
        let body = format!("{}.\n\nAlert: {id}\n", alert.message);
        let mail = JobWork::HouseMail { subject: format!("Tollgate: {what}: {of}"), body };
        return Ok(contact.email.iter().map(|_| mail.clone()).collect());
    };
    let text = format!("{}.\n\nAccount: {account}\nAlert: {id}\n", alert.message);
    let message = EmailMessage { subject: format!("Account {account}: {what}"), text };
    if alert.kind == AlertKind::PaymentDue {
        return recipients::mails(context, account, &message);
    }
    let EmailMessage { subject, text: body } = message;
    let mail = JobWork::Mail { account: account.clone(), subject, body, to: None };
    Ok(contact.email.iter().map(|_| mail.clone()).collect())
}

/// The addresses of the house, as the configuration has them.
fn house(settings: &Settings) -> Contact {
    let billing = &settings.billing;
    Contact { email: billing.house_email.clone(), webhook_url: billing.house_webhook_url.clone() }
}

fn subject_of(alert: &AlertRecord) -> &'static str {
    match alert.kind {
        AlertKind::LowBalance => "low balance",
        AlertKind::CreditNearlyUsed => "credit nearly used",
        AlertKind::Overage => "more messages than expected",
        AlertKind::PaymentDue => "payment due",
        AlertKind::OperatorDown => "operator down",
        AlertKind::ClockInDoubt => "clock not believed",
        AlertKind::SpendingCap => "cap exceeded",
        AlertKind::ChildrenRefused => "messages of accounts below are refused",
        AlertKind::BelowCost => "prices below cost",
        AlertKind::AutoRecharge => "auto-recharge",
        AlertKind::PaymentDispute => "payment disputed",
        AlertKind::PaymentContradiction => "payment to be looked at",
        AlertKind::TrafficPumping => "traffic that looks pumped",
        AlertKind::WebhookEndpoint => "webhook endpoint switched off",
    }
}
