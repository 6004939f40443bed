//! The log of deliveries, written in the change that ends a round of their job; and endpoints that fail for days.

use tollgate_api::alerts::{AlertKind, AlertSeverity};
use tollgate_api::answer::Answer;
use tollgate_api::events::data::EndpointEventData;
use tollgate_api::events::types::EventType;
use tollgate_api::time::Time;
use tollgate_notifications::delivery_record::{JobEnd, MailRecord, delivery_key, mail_key};
use tollgate_notifications::endpoint_record::EndpointRecord;
use tollgate_notifications::jobs::record::{JobKind, JobRecord, JobWork};
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;

use super::books::EventBooks;
use crate::change_set::ChangeSet;
use crate::collections::EVENT_DELIVERIES;
use crate::documents::{Document, stored_document};
use crate::identity::random::id_at;
use crate::notifications::alerts::announce::announce;
use crate::notifications::alerts::record::AlertRecord;

const MICROS_PER_DAY: u64 = 86_400_000_000;

impl EventBooks {
    /// Adds to the change that ends a round of a job what the log says of it.
    pub fn note<'a>(
        &'a self,
        change: &mut ChangeSet<'a>,
        job: &Document<JobRecord>,
        end: &JobEnd,
    ) -> Answer<()> {
        match &job.value.work {
            JobWork::Event { event, endpoint } => self.note_post(change, (event, endpoint), end),
            work if work.kind() == JobKind::Email => self.note_mail(change, &job.key, end),
            _ => Ok(()),
        }
    }

    fn note_post<'a>(
        &'a self,
        change: &mut ChangeSet<'a>,
        (event, endpoint): (&str, &str),
        end: &JobEnd,
    ) -> Answer<()> {
        if let Some((revision, mut delivery)) = self.delivery(event, endpoint)? {
            delivery.progress.note(end);
            let (key, expected) = (delivery_key(event, endpoint), Expected::Revision(revision));
            change.document(EVENT_DELIVERIES, key.as_bytes(), expected, Some(&delivery));
        }
        let is_well = match end {
            JobEnd::Done(_) => true,
            JobEnd::Failed(..) => false,
            JobEnd::Nothing => return Ok(()),
        };
        let Some(document) = self.endpoints.get(endpoint) else { return Ok(()) };
        let failing_max = u64::from(self.context.settings.webhooks.failing_days_max) * MICROS_PER_DAY;
        let Some(after) = document.value.after_post(is_well, now(), failing_max) else { return Ok(()) };
        if document.value.enabled && !after.enabled {
            self.tell_switched_off(change, endpoint, &after)?;
        }
        change.put(&self.endpoints, endpoint, Some(&document), after);
        Ok(())
    }

    fn note_mail(&self, change: &mut ChangeSet<'_>, id: &str, end: &JobEnd) -> Answer<()> {
        let key = mail_key(id);
        let found = stored_document::<MailRecord>(self.context.store(), EVENT_DELIVERIES, &key)?;
        let Some((revision, mut mail)) = found else { return Ok(()) };
        mail.progress.note(end);
        change.document(EVENT_DELIVERIES, key.as_bytes(), Expected::Revision(revision), Some(&mail));
        Ok(())
    }

    fn tell_switched_off<'a>(
        &'a self,
        change: &mut ChangeSet<'a>,
        id: &str,
        endpoint: &EndpointRecord,
    ) -> Answer<()> {
        let (at, since) = (now(), endpoint.failing_since.unwrap_or_default());
        let message = format!(
            "The webhook endpoint {id} has given no good answer since {} and is switched off",
            since.0.to_rfc3339()
        );
        let record = AlertRecord {
            account: endpoint.account.clone(),
            kind: AlertKind::WebhookEndpoint,
            severity: AlertSeverity::Warning,
            message,
            subject: Some(id.to_owned()),
            threshold: None,
            current_value: None,
            currency: None,
            raised_at: Time(at),
            cleared_at: None,
            is_read: false,
            ledger_to: None,
        };
        let data = EndpointEventData { endpoint: id.to_owned(), failing_since: endpoint.failing_since };
        change.emit(EventType::EndpointDisabled, endpoint.account.as_deref(), &data);
        let alert = id_at("alr", at)?;
        change.put(&*self.alerts, &alert, None, record.clone());
        announce(&self.jobs, &self.context, change, &alert, &record, at)
    }

    /// Clears the alert of an endpoint that is no longer switched off by its failures.
    pub fn clear_alert<'a>(&'a self, change: &mut ChangeSet<'a>, id: &str) {
        let open = self.alerts.find(|document| {
            let alert = &document.value;
            alert.kind == AlertKind::WebhookEndpoint
                && alert.cleared_at.is_none()
                && alert.subject.as_deref() == Some(id)
        });
        if let Some(document) = open {
            let after = AlertRecord { cleared_at: Some(Time(now())), ..document.value.clone() };
            change.put(&*self.alerts, &document.key, Some(&document), after);
        }
    }
}
