//! Events, deliveries and the log of mails are forgotten after the days of the settings.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::mails::MailKind;
use tollgate_engine::time::UnixMicros;
use tollgate_notifications::delivery_record::{
    DeliveryRecord, MAILS, MailRecord, endpoint_key, event_prefix, held_key, mail_key,
};
use tollgate_notifications::event_record::{BY_ID, EventRecord, ONCE, id_key, list_prefix, new_key};
use tollgate_storage::change::Expected;
use tollgate_storage::clock::due;
use tollgate_storage::schema::Collection;

use super::books::EventBooks;
use crate::change_set::ChangeSet;
use crate::collections::{EVENT_DELIVERIES, EVENTS};
use crate::document_page::readable;
use crate::problems::unavailable;

const MICROS_PER_DAY: u64 = 86_400_000_000;
/// Documents that one round takes of each list, the earliest first.
const LOOKED_AT_MAX: usize = 100_000;
/// Time between two looks at marks.
const MARKS_INTERVAL_MICROS: u64 = 3_600_000_000;
/// Time before that for which registrations are looked at.
const REGISTRATION_LOOK_MICROS: u64 = 7 * MICROS_PER_DAY;
/// Events of one commit.
const AT_ONCE: usize = 100;
/// Time for which somebody who has registered may be sent another token.
const REGISTRATION_MICROS: u64 = MICROS_PER_DAY;

/// The key of a document and its contents.
type Row<T> = (String, T);

/// Forgets what is old.
#[derive(Debug)]
pub struct Retention {
    books: Arc<EventBooks>,
    /// The time at which marks were looked at last.
    marks_at: Mutex<UnixMicros>,
}

impl Retention {
    /// Of these books.
    pub fn new(books: Arc<EventBooks>) -> Self {
        Self { books, marks_at: Mutex::default() }
    }

    /// Forgets what is older than the settings say. Time is the one that deadlines are compared with.
    pub fn forget_old(&self) -> Answer<()> {
        let (now, settings) = (due(), &self.books.context.settings.webhooks);
        let kept = u64::from(settings.events_kept_days) * MICROS_PER_DAY;
        let before = UnixMicros(now.0.saturating_sub(kept));
        let old: Vec<Row<EventRecord>> =
            self.list((EVENTS, BY_ID, None), |event: &EventRecord| event.at.0 < before)?;
        let system = Caller::system();
        for some in old.chunks(AT_ONCE) {
            let mut change = self.books.context.change(&system);
            for (_, event) in some {
                self.forget_event(&mut change, event)?;
            }
            change.commit()?;
        }
        self.forget_mails(before)?;
        self.forget_registrations(now)?;
        self.forget_marks(now)
    }

    fn forget_event(&self, change: &mut ChangeSet<'_>, event: &EventRecord) -> Answer<()> {
        let prefix = event_prefix(&event.id);
        let deliveries: Vec<Row<DeliveryRecord>> = self.list((EVENT_DELIVERIES, &prefix, None), |_| true)?;
        for (key, delivery) in deliveries {
            let endpoint = &delivery.endpoint;
            for key in [key, endpoint_key(endpoint, &event.id), held_key(endpoint, &event.id)] {
                remove(change, EVENT_DELIVERIES, &key);
            }
        }
        let by_account =
            event.account.as_deref().map(|account| format!("{}{}", list_prefix(account), event.id));
        for key in by_account.into_iter().chain([new_key(&event.id), id_key(&event.id)]) {
            remove(change, EVENTS, &key);
        }
        Ok(())
    }

    fn forget_mails(&self, before: UnixMicros) -> Answer<()> {
        let old: Vec<Row<MailRecord>> = self
            .list((EVENT_DELIVERIES, MAILS, None), |mail: &MailRecord| mail.progress.created_at.0 < before)?;
        self.change_each(old, |change, key, _| remove(change, EVENT_DELIVERIES, &key))
    }

    /// Forgets, of registrations that can no longer be confirmed, what they would be sent again by.
    fn forget_registrations(&self, now: UnixMicros) -> Answer<()> {
        let before = UnixMicros(now.0.saturating_sub(REGISTRATION_MICROS));
        let from = mail_key(&format!("job_{:016x}", before.0.saturating_sub(REGISTRATION_LOOK_MICROS)));
        let mut over: Vec<Row<MailRecord>> = self
            .list((EVENT_DELIVERIES, MAILS, Some(&from)), |mail: &MailRecord| {
                mail.progress.created_at.0 < before
            })?;
        over.retain(|(_, mail)| mail.kind == MailKind::Registration && mail.work.is_some());
        self.change_each(over, |change, key, mail| {
            let after = MailRecord { work: None, ..mail };
            change.document(EVENT_DELIVERIES, key.as_bytes(), Expected::Any, Some(&after));
        })
    }

    /// Forgets marks of what was told once and cannot happen again.
    fn forget_marks(&self, now: UnixMicros) -> Answer<()> {
        {
            let mut looked_at = self.marks_at.lock();
            if now.0.abs_diff(looked_at.0) < MARKS_INTERVAL_MICROS {
                return Ok(());
            }
            *looked_at = now;
        }
        let mut over: Vec<Row<u64>> = self.list((EVENTS, ONCE, None), |_| true)?;
        over.retain(|(_, until)| *until < now.0);
        self.change_each(over, |change, key, _| remove(change, EVENTS, &key))
    }

    fn change_each<T>(
        &self,
        rows: Vec<Row<T>>,
        mut each: impl FnMut(&mut ChangeSet<'_>, String, T),
    ) -> Answer<()> {
        let (system, mut rows) = (Caller::system(), rows.into_iter().peekable());
        while rows.peek().is_some() {
            let mut change = self.books.context.change(&system);
            for (key, value) in rows.by_ref().take(AT_ONCE) {
                each(&mut change, key, value);
            }
            change.commit()?;
        }
        Ok(())
    }

    /// The documents of a list after a key, as long as `goes_on` says so, and not more than a round takes.
    fn list<T: DeserializeOwned>(
        &self,
        (collection, prefix, after): (Collection, &str, Option<&str>),
        goes_on: impl Fn(&T) -> bool,
    ) -> Answer<Vec<Row<T>>> {
        let (mut found, mut fault) = (Vec::new(), None);
        let (store, after) = (self.books.context.store(), after.map(str::as_bytes));
        let read = store.documents().list(collection, prefix.as_bytes(), after, |key, row| {
            match serde_json::from_slice::<T>(&row.body) {
                Ok(value) if goes_on(&value) => {
                    found.push((String::from_utf8_lossy(key).into_owned(), value));
                    found.len() < LOOKED_AT_MAX
                }
                Ok(_) => false,
                Err(error) => {
                    fault = Some(error);
                    false
                }
            }
        });
        read.map_err(|error| unavailable(&error))?;
        match fault {
            None => Ok(found),
            Some(error) => readable(Err(error), "a document of events"),
        }
    }
}

fn remove(change: &mut ChangeSet<'_>, collection: Collection, key: &str) {
    change.document::<String>(collection, key.as_bytes(), Expected::Any, None);
}
