//! The service of webhook endpoints.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tollgate_api::alerts::WebhookTested;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::events::types::EventType;
use tollgate_api::events::{DeliveriesQuery, DeliveryAttempt, EventDelivery};
use tollgate_api::extract::IfMatch;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_api::webhook_endpoints::{
    EndpointPatch, EndpointSecret, NewWebhookEndpoint, NewWebhookEndpointDone, RotateSecret, WebhookEndpoint,
    WebhookEndpointsQuery, WebhookEndpointsService,
};
use tollgate_engine::time::UnixMicros;
use tollgate_notifications::delivery_record::{DeliveryRecord, JobEnd, endpoint_prefix};
use tollgate_notifications::endpoint_record::EndpointRecord;
use tollgate_notifications::event_record::EventRecord;
use tollgate_notifications::filter;
use tollgate_notifications::post::{Event, NO_ANSWER, POST_MAX, Posted, is_delivered, post_signed};
use tollgate_notifications::signature::{KEY_OCTETS, secret_of};
use tollgate_notifications::url::{literal_address, webhook_url};
use tollgate_notifications::webhook_calls::WebhookCalls;
use tollgate_storage::clock::now;

use super::books::EventBooks;
use crate::collections::EVENT_DELIVERIES;
use crate::document_page::{page_down, readable};
use crate::documents::{Document, to_json};
use crate::identity::random;
use crate::plain_text::check_line;

/// Endpoints of one account, or of the house.
const ENDPOINTS_MAX: usize = 16;
/// Filters of one endpoint.
const EVENT_TYPES_MAX: usize = 50;
/// Characters of a description.
const DESCRIPTION_CHARACTERS_MAX: usize = 200;
/// Hours for which the secret before signs too: by default, and at the most.
const OVERLAP_HOURS: u32 = 24;
const OVERLAP_HOURS_MAX: u32 = 168;
const MICROS_PER_HOUR: u64 = 3_600_000_000;

/// The service of webhook endpoints.
#[derive(Debug)]
pub struct WebhookEndpoints {
    books: Arc<EventBooks>,
    calls: WebhookCalls,
    /// Held by whoever makes an endpoint, from the count to the commit.
    turn: Mutex<()>,
}

impl WebhookEndpointsService for WebhookEndpoints {
    fn endpoints(&self, caller: &Caller, query: &WebhookEndpointsQuery) -> Answer<Page<WebhookEndpoint>> {
        if let Some(account) = query.account.as_deref().filter(|id| !self.books.may_know(caller, Some(id))) {
            return Err(Problem::not_found(format!("there is no account `{account}`")));
        }
        let wanted = self.books.endpoints.filter(|document| {
            let endpoint = &document.value;
            self.books.may_know(caller, endpoint.account.as_deref())
                && query.account.as_ref().is_none_or(|account| endpoint.account.as_ref() == Some(account))
                && query.enabled.is_none_or(|enabled| endpoint.enabled == enabled)
        });
        let views = wanted.iter().map(|document| (document.key.clone(), view(document)));
        Ok(query.paging()?.page(views, |key, after| key > after))
    }

    fn endpoint(&self, caller: &Caller, id: &str) -> Answer<Versioned<WebhookEndpoint>> {
        let document = self.books.visible(caller, id)?;
        Ok(Versioned::new(document.revision, view(&document)))
    }

    fn create_endpoint(
        &self,
        caller: &Caller,
        new: NewWebhookEndpoint,
    ) -> Answer<Versioned<NewWebhookEndpointDone>> {
        let account = new.account.or_else(|| caller.account().map(ToOwned::to_owned));
        match &account {
            Some(account) => drop(self.books.visibility.visible_account(caller, account)?),
            None if caller.reaches_all() => {}
            None => return Err(Problem::field("account", "is required: your user belongs to no account")),
        }
        let record = EndpointRecord {
            account,
            url: new.url,
            description: new.description,
            event_types: new.event_types.unwrap_or_else(|| vec!["*".to_owned()]),
            accounts_below: new.accounts_below,
            enabled: true,
            switched_off_by: None,
            secret: new_secret()?,
            previous: None,
            failing_since: None,
        };
        let record = record.switched(new.enabled);
        self.check(&record)?;
        let _turn = self.turn.lock();
        let of_account = self.books.endpoints.filter(|other| other.value.account == record.account);
        if of_account.len() >= ENDPOINTS_MAX {
            let message = format!("there are {ENDPOINTS_MAX} webhook endpoints already; remove one first");
            return Err(Problem::wrong_state(message));
        }
        let (id, secret) = (random::id_at("whe", now())?, record.secret.clone());
        self.put(caller, &id, None, record, "webhook_endpoint.create")?;
        let endpoint = self.endpoint(caller, &id)?;
        Ok(endpoint.map(|endpoint| NewWebhookEndpointDone { endpoint, secret: Some(secret), note: None }))
    }

    fn change_endpoint(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        patch: EndpointPatch,
    ) -> Answer<Versioned<WebhookEndpoint>> {
        let before = self.books.visible(caller, id)?;
        if_match.check(before.revision)?;
        let mut after = before.value.clone();
        after.url = patch.url.unwrap_or(after.url);
        after.description = patch.description.unwrap_or(after.description);
        after.event_types = patch.event_types.unwrap_or(after.event_types);
        after.accounts_below = patch.accounts_below.unwrap_or(after.accounts_below);
        if let Some(enabled) = patch.enabled {
            after = after.switched(enabled);
        }
        self.check(&after)?;
        if after != before.value {
            self.put(caller, id, Some(&before), after, "webhook_endpoint.update")?;
        }
        self.endpoint(caller, id)
    }

    fn delete_endpoint(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()> {
        let before = self.books.visible(caller, id)?;
        if_match.check(before.revision)?;
        let mut change = self.books.context.change(caller);
        change.remove(&self.books.endpoints, &before);
        self.books.clear_alert(&mut change, id);
        let was = audited(&before.value);
        change.note("webhook_endpoint.delete", format!("webhook_endpoint/{id}"), &was, &Value::Null);
        change.commit().map(drop)
    }

    fn endpoint_deliveries(
        &self,
        caller: &Caller,
        id: &str,
        query: &DeliveriesQuery,
    ) -> Answer<Page<EventDelivery>> {
        self.books.visible(caller, id)?;
        let (store, prefix) = (self.books.context.store(), endpoint_prefix(id));
        page_down(store, (EVENT_DELIVERIES, &prefix), &query.paging()?, |body| {
            let event = readable(serde_json::from_slice::<String>(body), "a delivery")?;
            let found = self.books.delivery(&event, id)?.map(|(_, delivery)| delivery);
            let is_wanted =
                |delivery: &DeliveryRecord| query.state.is_none_or(|state| delivery.progress.state == state);
            Ok(found.filter(is_wanted).map(DeliveryRecord::view))
        })
    }

    fn rotate_endpoint_secret(
        &self,
        caller: &Caller,
        id: &str,
        how: &RotateSecret,
    ) -> Answer<EndpointSecret> {
        let hours = how.overlap_hours.unwrap_or(OVERLAP_HOURS);
        if hours > OVERLAP_HOURS_MAX {
            return Err(Problem::field("overlap_hours", format!("is more than {OVERLAP_HOURS_MAX}")));
        }
        let before = self.books.visible(caller, id)?;
        let until = now().0.saturating_add(u64::from(hours) * MICROS_PER_HOUR);
        let until = (hours > 0).then_some(Time(UnixMicros(until)));
        let secret = new_secret()?;
        let after = before.value.rotated(secret.clone(), until);
        self.put(caller, id, Some(&before), after, "webhook_endpoint.rotate_secret")?;
        Ok(EndpointSecret { secret: Some(secret), previous_secret_until: until, note: None })
    }

    fn test_endpoint(&self, caller: &Caller, id: &str) -> Answer<WebhookTested> {
        let document = self.books.visible(caller, id)?;
        let at = now();
        let event = EventRecord {
            id: random::id_at("evt", at)?,
            kind: EventType::WebhookTest.name().to_owned(),
            account: document.value.account.clone(),
            at: Time(at),
            data: json!({ "endpoint": id, "failing_since": document.value.failing_since }),
        };
        let body = String::from_utf8_lossy(&to_json(&event.clone().view())).into_owned();
        let (to, event_id, begun) = (self.books.addresses.clone(), event.id.clone(), Instant::now());
        let posted = self.calls.run(id, POST_MAX, move || {
            let (endpoint, event) = (&document.value, Event { id: &event_id, body: &body });
            post_signed(&to, &endpoint.url, &endpoint.secrets(at), &event, at)
        })?;
        let posted = posted.unwrap_or_else(|| Err(NO_ANSWER.to_owned()));
        let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut change = self.books.context.change(caller);
        EventBooks::add_test(&mut change, &event, id, &ended(&posted, at, latency_ms));
        change.commit()?;
        Ok(WebhookTested {
            delivered: is_delivered(&posted),
            status: posted.as_ref().ok().copied(),
            error: posted.err(),
        })
    }
}

impl WebhookEndpoints {
    /// Of these books.
    pub fn new(books: Arc<EventBooks>) -> Self {
        Self { books, calls: WebhookCalls::default(), turn: Mutex::new(()) }
    }

    /// Refuses what no endpoint has.
    fn check(&self, record: &EndpointRecord) -> Answer<()> {
        let wrong = |message: String| Problem::field("url", message);
        let url = webhook_url(&record.url).map_err(wrong)?;
        if literal_address(&url).is_some_and(|address| !self.books.addresses.admits(address)) {
            return Err(wrong("is an address that webhooks are not posted to: it is not public".to_owned()));
        }
        check_line("description", &record.description, 0..=DESCRIPTION_CHARACTERS_MAX)?;
        if record.event_types.is_empty() || record.event_types.len() > EVENT_TYPES_MAX {
            return Err(Problem::field("event_types", format!("has from 1 to {EVENT_TYPES_MAX} items")));
        }
        for (index, kind) in record.event_types.iter().enumerate() {
            filter::check(kind)
                .map_err(|message| Problem::field(&format!("event_types.{index}"), message))?;
        }
        Ok(())
    }

    fn put(
        &self,
        caller: &Caller,
        id: &str,
        before: Option<&Document<EndpointRecord>>,
        after: EndpointRecord,
        action: &str,
    ) -> Answer<()> {
        let was = before.map_or(Value::Null, |before| audited(&before.value));
        let is = audited(&after);
        let mut change = self.books.context.change(caller);
        if after.enabled {
            self.books.clear_alert(&mut change, id);
        }
        change.put(&self.books.endpoints, id, before, after);
        change.note(action, format!("webhook_endpoint/{id}"), &was, &is);
        change.commit().map(drop)
    }
}

/// The end of the only try of a test.
fn ended(posted: &Posted, at: UnixMicros, latency_ms: u64) -> JobEnd {
    let (error, status) = match posted {
        Ok(_) if is_delivered(posted) => (None, posted.as_ref().ok().copied()),
        Ok(status) => (Some(format!("it was answered with {status}")), Some(*status)),
        Err(error) => (Some(error.clone()), None),
    };
    let is_done = error.is_none();
    let attempt = DeliveryAttempt { at: Time(at), status, latency_ms, error };
    if is_done { JobEnd::Done(attempt) } else { JobEnd::Failed(attempt, None) }
}

fn new_secret() -> Answer<String> {
    Ok(secret_of(&random::octets::<KEY_OCTETS>()?))
}

fn view(document: &Document<EndpointRecord>) -> WebhookEndpoint {
    document.value.view(&document.key, (document.created_at, document.updated_at))
}

/// An endpoint in the audit log, without its secrets.
fn audited(record: &EndpointRecord) -> Value {
    json!({
        "account": record.account,
        "url": record.url,
        "event_types": record.event_types,
        "accounts_below": record.accounts_below,
        "enabled": record.enabled,
    })
}
