//! The service of events: lists, single events, their deliveries, and sending again.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::events::{
    DeliveriesQuery, Event, EventDelivery, EventsQuery, EventsService, Resend, Resent,
};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_notifications::delivery_record::{DeliveryRecord, event_prefix};
use tollgate_notifications::event_record::{BY_ID, EventRecord, list_prefix};
use tollgate_notifications::filter;
use tollgate_storage::clock::now;

use super::books::EventBooks;
use crate::collections::{EVENT_DELIVERIES, EVENTS};
use crate::document_page::{account_of_list, page_down, readable};

/// The service of events.
#[derive(Debug)]
pub struct Events {
    books: Arc<EventBooks>,
}

impl EventsService for Events {
    fn events(&self, caller: &Caller, query: &EventsQuery) -> Answer<Page<Event>> {
        if let Some(kind) = &query.kind {
            filter::check(kind).map_err(|message| Problem::field("type", message))?;
        }
        let is_wanted = |event: &EventRecord| {
            self.books.may_know(caller, event.account.as_deref())
                && query.kind.as_ref().is_none_or(|kind| filter::admits(kind, &event.kind))
        };
        let account = account_of_list(&self.books.visibility, caller, query.account.as_deref())?;
        let store = self.books.context.store();
        let Some(account) = account else {
            return page_down(store, (EVENTS, BY_ID), &query.paging()?, |body| {
                let event = readable(serde_json::from_slice::<EventRecord>(body), "an event")?;
                Ok(Some(event).filter(is_wanted).map(EventRecord::view))
            });
        };
        page_down(store, (EVENTS, &list_prefix(account)), &query.paging()?, |body| {
            let id = readable(serde_json::from_slice::<String>(body), "an event")?;
            Ok(self.books.event(&id)?.filter(is_wanted).map(EventRecord::view))
        })
    }

    fn event(&self, caller: &Caller, id: &str) -> Answer<Event> {
        Ok(self.visible(caller, id)?.view())
    }

    fn event_deliveries(
        &self,
        caller: &Caller,
        id: &str,
        query: &DeliveriesQuery,
    ) -> Answer<Page<EventDelivery>> {
        let event = self.visible(caller, id)?;
        let prefix = event_prefix(&event.id);
        page_down(self.books.context.store(), (EVENT_DELIVERIES, &prefix), &query.paging()?, |body| {
            let delivery = readable(serde_json::from_slice::<DeliveryRecord>(body), "a delivery")?;
            let is_wanted = query.state.is_none_or(|state| delivery.progress.state == state)
                && self.may_know_delivery(caller, &delivery);
            Ok(is_wanted.then(|| delivery.view()))
        })
    }

    fn resend_event(&self, caller: &Caller, id: &str, resend: &Resend) -> Answer<Resent> {
        let event = self.visible(caller, id)?;
        let mut takers = self.books.takers(&event);
        takers.retain(|endpoint| self.books.may_know(caller, endpoint.value.account.as_deref()));
        if let Some(wanted) = &resend.endpoint {
            let found = self.books.visible(caller, wanted);
            found.map_err(|problem| Problem::field("endpoint", problem.detail))?;
            takers.retain(|endpoint| endpoint.key == *wanted);
        }
        if takers.is_empty() {
            let message = "no webhook endpoint that is switched on takes the event";
            return Err(Problem::wrong_state(message));
        }
        if !self.books.jobs.has_room() {
            return Err(Problem::unavailable("too many jobs wait; try again later"));
        }
        let (at, mut deliveries) = (now(), Vec::new());
        let mut change = self.books.context.change(caller);
        for endpoint in &takers {
            let delivery = self.books.add_delivery(&mut change, &event, &endpoint.key, at)?;
            self.books.add_job(&mut change, &event.id, &endpoint.key);
            deliveries.push(delivery.view());
        }
        let endpoints: Vec<&str> = takers.iter().map(|endpoint| &*endpoint.key).collect();
        let note = serde_json::json!({ "endpoints": endpoints });
        change.note("event.resend", format!("event/{id}"), &serde_json::Value::Null, &note);
        change.commit()?;
        Ok(Resent { deliveries })
    }
}

impl Events {
    /// Of these books.
    pub fn new(books: Arc<EventBooks>) -> Self {
        Self { books }
    }

    fn visible(&self, caller: &Caller, id: &str) -> Answer<EventRecord> {
        let found = self.books.event(id)?;
        let found = found.filter(|event| self.books.may_know(caller, event.account.as_deref()));
        found.ok_or_else(|| Problem::not_found(format!("there is no event `{id}`")))
    }

    /// True if the caller may know of a delivery: it is to an endpoint that it sees, or saw before it was removed.
    fn may_know_delivery(&self, caller: &Caller, delivery: &DeliveryRecord) -> bool {
        match self.books.endpoints.get(&delivery.endpoint) {
            Some(endpoint) => self.books.may_know(caller, endpoint.value.account.as_deref()),
            None => caller.reaches_all(),
        }
    }
}
