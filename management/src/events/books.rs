//! The ground that events and their deliveries stand on: the endpoints, and the post of one event to one of them.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::events::types::EventType;
use tollgate_api::problem::Problem;
use tollgate_engine::time::UnixMicros;
use tollgate_notifications::delivery_record::{
    DeliveryLog, DeliveryRecord, JobEnd, delivery_key, endpoint_key,
};
use tollgate_notifications::endpoint_record::EndpointRecord;
use tollgate_notifications::event_record::{EventRecord, id_key, list_prefix};
use tollgate_notifications::jobs::record::{JobDone, JobWork};
use tollgate_notifications::post::{Event, post_signed};
use tollgate_notifications::webhook_addresses::WebhookAddresses;
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;
use tollgate_storage::store::Unavailable;

use crate::change_set::ChangeSet;
use crate::collections::{EVENT_DELIVERIES, EVENTS, WEBHOOK_ENDPOINTS};
use crate::context::Context;
use crate::documents::{Document, DocumentCache, stored_document, to_json};
use crate::identity::visibility::Visibility;
use crate::jobs::{JobQueue, PreparedJob};
use crate::notifications::alerts::record::AlertRecord;

/// Events, endpoints and what brings one to the other.
#[derive(Debug)]
pub struct EventBooks {
    /// The books and the settings.
    pub context: Arc<Context>,
    /// The accounts that each caller may see.
    pub visibility: Arc<Visibility>,
    /// The alerts, among which an endpoint that fails has one.
    pub alerts: Arc<DocumentCache<AlertRecord>>,
    /// The queue that deliveries wait in.
    pub jobs: Arc<JobQueue>,
    /// The endpoints by id.
    pub endpoints: DocumentCache<EndpointRecord>,
    /// The addresses that posts may go to.
    pub addresses: WebhookAddresses,
}

impl EventBooks {
    /// With the endpoints of the books.
    pub fn open(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        alerts: Arc<DocumentCache<AlertRecord>>,
        jobs: Arc<JobQueue>,
    ) -> Result<Self, Unavailable> {
        let endpoints = DocumentCache::load_sealed(context.store(), WEBHOOK_ENDPOINTS, &context.sealer)?;
        let addresses = WebhookAddresses::new(context.settings.webhooks.allowed_networks.clone());
        Ok(Self { context, visibility, alerts, jobs, endpoints, addresses })
    }

    /// An event of the books.
    pub fn event(&self, id: &str) -> Answer<Option<EventRecord>> {
        Ok(stored_document(self.context.store(), EVENTS, &id_key(id))?.map(|(_, event)| event))
    }

    /// True if the caller may know of what belongs to this account, or to the house.
    pub fn may_know(&self, caller: &Caller, account: Option<&str>) -> bool {
        match account {
            Some(account) => self.visibility.may_see(caller, account),
            None => caller.reaches_all(),
        }
    }

    /// An endpoint that the caller may see.
    pub fn visible(&self, caller: &Caller, id: &str) -> Answer<Arc<Document<EndpointRecord>>> {
        let found = self.endpoints.get(id);
        let found = found.filter(|found| self.may_know(caller, found.value.account.as_deref()));
        found.ok_or_else(|| Problem::not_found(format!("there is no webhook endpoint `{id}`")))
    }

    /// The endpoints that take an event. A test is for the one that was tested, whatever its filter is.
    pub fn takers(&self, event: &EventRecord) -> Vec<Arc<Document<EndpointRecord>>> {
        if event.kind == EventType::WebhookTest.name() {
            let tested = event.data["endpoint"].as_str();
            return self
                .endpoints
                .filter(|endpoint| endpoint.value.enabled && Some(endpoint.key.as_str()) == tested);
        }
        self.endpoints.filter(|endpoint| {
            let is_below = |account: &str, above: &str| self.visibility.is_below(account, above);
            endpoint.value.takes(&event.kind, event.account.as_deref(), is_below)
        })
    }

    /// A delivery with its revision.
    pub fn delivery(&self, event: &str, endpoint: &str) -> Answer<Option<(u64, DeliveryRecord)>> {
        stored_document(self.context.store(), EVENT_DELIVERIES, &delivery_key(event, endpoint))
    }

    /// Adds to a change the documents of a delivery that is queued, or queued again.
    pub fn add_delivery(
        &self,
        change: &mut ChangeSet<'_>,
        event: &EventRecord,
        endpoint: &str,
        now: UnixMicros,
    ) -> Answer<DeliveryRecord> {
        let before = self.delivery(&event.id, endpoint)?;
        let expected =
            before.as_ref().map_or(Expected::Absent, |(revision, _)| Expected::Revision(*revision));
        let is_new = before.is_none();
        let fresh = || DeliveryRecord {
            event: event.id.clone(),
            event_type: event.kind.clone(),
            endpoint: endpoint.to_owned(),
            progress: DeliveryLog::begin(now),
        };
        let mut delivery = before.map_or_else(fresh, |(_, delivery)| delivery);
        delivery.progress.again(now);
        let key = delivery_key(&event.id, endpoint);
        change.document(EVENT_DELIVERIES, key.as_bytes(), expected, Some(&delivery));
        if is_new {
            let key = endpoint_key(endpoint, &event.id);
            change.document(EVENT_DELIVERIES, key.as_bytes(), Expected::Any, Some(&event.id));
        }
        Ok(delivery)
    }

    /// Adds to a change the documents of a test that was posted to an endpoint: it stands in the log, and no other endpoint gets
    /// it.
    pub fn add_test(change: &mut ChangeSet<'_>, event: &EventRecord, endpoint: &str, end: &JobEnd) {
        change.document(EVENTS, id_key(&event.id).as_bytes(), Expected::Absent, Some(event));
        if let Some(account) = &event.account {
            let key = format!("{}{}", list_prefix(account), event.id);
            change.document(EVENTS, key.as_bytes(), Expected::Absent, Some(&event.id));
        }
        let mut progress = DeliveryLog::begin(event.at.0);
        progress.note(end);
        let (event, event_type, endpoint) = (event.id.clone(), event.kind.clone(), endpoint.to_owned());
        let delivery = DeliveryRecord { event, event_type, endpoint, progress };
        let (event, endpoint) = (&delivery.event, &delivery.endpoint);
        let key = delivery_key(event, endpoint);
        change.document(EVENT_DELIVERIES, key.as_bytes(), Expected::Absent, Some(&delivery));
        let key = endpoint_key(endpoint, event);
        change.document(EVENT_DELIVERIES, key.as_bytes(), Expected::Absent, Some(event));
    }

    /// Adds the job of a delivery to a change.
    pub fn add_job<'a>(&'a self, change: &mut ChangeSet<'a>, event: &str, endpoint: &str) {
        let work = JobWork::Event { event: event.to_owned(), endpoint: endpoint.to_owned() };
        self.jobs.put_again(change, &job_id(event, endpoint), work);
    }

    /// The post of an event to an endpoint, to be made later; `None` where it is not to be made any more.
    pub fn posting(&self, event: &str, endpoint: &str) -> Answer<PreparedJob> {
        let Some(endpoint) = self.endpoints.get(endpoint).filter(|endpoint| endpoint.value.enabled) else {
            return Ok(None);
        };
        let Some(event) = self.event(event)? else { return Ok(None) };
        let (to, id) = (self.addresses.clone(), event.id.clone());
        let body = String::from_utf8_lossy(&to_json(&event.view())).into_owned();
        Ok(Some(Box::new(move || {
            let (endpoint, at) = (&endpoint.value, now());
            let event = Event { id: &id, body: &body };
            JobDone::posted(post_signed(&to, &endpoint.url, &endpoint.secrets(at), &event, at))
        })))
    }
}

/// The id of the job of a delivery.
fn job_id(event: &str, endpoint: &str) -> String {
    format!("{event}.{endpoint}")
}
