//! The step from an event to its deliveries: one for each endpoint that takes it, in the commit that removes the event's mark.
//!
//! An endpoint has no more than a bounded number of jobs in memory. Deliveries beyond them are held on disk until there is room,
//! so that an endpoint which takes nothing holds up no other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_engine::time::UnixMicros;
use tollgate_notifications::delivery_record::{HELD, held_key, held_prefix};
use tollgate_notifications::event_record::{NEW, new_key};
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;
use tollgate_storage::schema::Collection;
use tollgate_storage::store::Unavailable;

use super::books::EventBooks;
use crate::change_set::ChangeSet;
use crate::collections::{EVENT_DELIVERIES, EVENTS};
use crate::problems::unavailable;

/// Events of one commit.
const AT_ONCE: usize = 100;
/// Jobs of one endpoint that wait in memory.
const WAITING_MAX: usize = 5_000;

/// Queues the deliveries of events.
#[derive(Debug)]
pub struct FanOut {
    books: Arc<EventBooks>,
    /// The endpoints with deliveries that are held on disk.
    held: Mutex<HashSet<String>>,
}

/// The jobs of each endpoint that wait, as far as they were asked for.
type Waiting = HashMap<String, usize>;

impl FanOut {
    /// With the deliveries that were held when the process ended last.
    pub fn open(books: Arc<EventBooks>) -> Result<Self, Unavailable> {
        let mut held = HashSet::new();
        books.context.store().documents().list(EVENT_DELIVERIES, HELD.as_bytes(), None, |key, _| {
            let key = String::from_utf8_lossy(key);
            held.extend(key.split('/').nth(1).map(ToOwned::to_owned));
            true
        })?;
        Ok(Self { books, held: Mutex::new(held) })
    }

    /// Queues the deliveries of some events; true if there are more.
    pub fn look(&self) -> Answer<bool> {
        let mut waiting = Waiting::new();
        self.release(&mut waiting)?;
        // Beyond that events wait on disk.
        if !self.books.jobs.has_room() {
            return Ok(false);
        }
        let ids = self.ids(EVENTS, NEW)?;
        if ids.is_empty() {
            return Ok(false);
        }
        let (system, at) = (Caller::system(), now());
        let mut change = self.books.context.change(&system);
        for id in &ids {
            self.queue(&mut change, id, at, &mut waiting)?;
        }
        change.commit()?;
        Ok(ids.len() == AT_ONCE)
    }

    /// The first ids of a list on disk.
    fn ids(&self, collection: Collection, prefix: &str) -> Answer<Vec<String>> {
        let mut ids = Vec::new();
        let read =
            self.books.context.store().documents().list(collection, prefix.as_bytes(), None, |_, row| {
                ids.extend(serde_json::from_slice::<String>(&row.body).ok());
                ids.len() < AT_ONCE
            });
        read.map_err(|error| unavailable(&error))?;
        Ok(ids)
    }

    fn queue<'a>(
        &'a self,
        change: &mut ChangeSet<'a>,
        id: &str,
        at: UnixMicros,
        waiting: &mut Waiting,
    ) -> Answer<()> {
        if let Some(event) = self.books.event(id)? {
            for endpoint in self.books.takers(&event) {
                self.books.add_delivery(change, &event, &endpoint.key, at)?;
                if self.takes_room(&endpoint.key, waiting) {
                    self.books.add_job(change, id, &endpoint.key);
                } else {
                    let key = held_key(&endpoint.key, id);
                    change.document(EVENT_DELIVERIES, key.as_bytes(), Expected::Any, Some(&id));
                    self.held.lock().insert(endpoint.key.clone());
                }
            }
        }
        change.document::<String>(EVENTS, new_key(id).as_bytes(), Expected::Any, None);
        Ok(())
    }

    /// Takes room for one more job of an endpoint; false if there is none. What is held goes first.
    fn takes_room(&self, endpoint: &str, waiting: &mut Waiting) -> bool {
        let waiting =
            waiting.entry(endpoint.to_owned()).or_insert_with(|| self.books.jobs.waiting_for(endpoint));
        if *waiting >= WAITING_MAX || self.held.lock().contains(endpoint) {
            return false;
        }
        *waiting += 1;
        true
    }

    /// Gives deliveries that were held their jobs, where there is room again.
    fn release(&self, waiting: &mut Waiting) -> Answer<()> {
        let endpoints: Vec<String> = self.held.lock().iter().cloned().collect();
        let system = Caller::system();
        for endpoint in endpoints {
            let count = self.books.jobs.waiting_for(&endpoint);
            if count + AT_ONCE > WAITING_MAX || !self.books.jobs.has_room() {
                continue;
            }
            let ids = self.ids(EVENT_DELIVERIES, &held_prefix(&endpoint))?;
            let mut change = self.books.context.change(&system);
            for id in &ids {
                self.books.add_job(&mut change, id, &endpoint);
                let key = held_key(&endpoint, id);
                change.document::<String>(EVENT_DELIVERIES, key.as_bytes(), Expected::Any, None);
            }
            if ids.is_empty() {
                self.held.lock().remove(&endpoint);
            } else {
                change.commit()?;
            }
            waiting.insert(endpoint, count + ids.len());
        }
        Ok(())
    }
}
