//! Messages that wait: in the queue of their home, or for their time.

use std::collections::HashMap;

use tollgate_engine::time::UnixMicros;

use super::Draft;
use super::amended::{Amendment, Known};
use crate::database::{Unavailable, damaged};
use crate::message::{Message, QueueKey};
use crate::rows::{ExpiryRow, Row, ScheduledRow};
use crate::schema::{Family, instant_id_key, parse_instant_id_key};

/// Ends of validity that one commit looks at in order to find scheduled messages.
const EXPIRED_READ_MAX: u32 = 10_000;

/// A message that no operator has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Where it waits, or will once it is due.
    pub key: QueueKey,
    /// When it is due, where it is not yet.
    pub scheduled_at: Option<UnixMicros>,
    /// Its row in the queue.
    pub bytes: Box<[u8]>,
}

impl Waiting {
    /// What it says.
    pub fn message(&self) -> Result<Message<'_>, Unavailable> {
        Message::read(self.key.message_id, &self.bytes).ok_or_else(|| damaged(Family::Queue))
    }

    /// The row that it is in.
    fn row(&self) -> (Family, Vec<u8>, Vec<u8>) {
        let QueueKey { home, class, message_id } = self.key;
        match self.scheduled_at {
            None => (Family::Queue, self.key.to_bytes().to_vec(), self.bytes.to_vec()),
            Some(at) => {
                let row = ScheduledRow { home, class, bytes: self.bytes.clone() };
                (Family::Scheduled, instant_id_key(at, message_id).to_vec(), row.to_bytes())
            }
        }
    }
}

impl Draft<'_> {
    /// The message with this key, where it is in its queue.
    pub(super) fn queued(&self, key: &QueueKey) -> Result<Option<Waiting>, Unavailable> {
        if let Some(touched) = self.changes.touched.waiting.get(&key.message_id) {
            return Ok(touched.clone().filter(|waiting| waiting.scheduled_at.is_none()));
        }
        let bytes = self.store.get(Family::Queue, &key.to_bytes())?;
        Ok(bytes.map(|bytes| Waiting { key: *key, scheduled_at: None, bytes: bytes.into_boxed_slice() }))
    }

    /// The message with this key, in its queue or among those scheduled for then.
    pub(super) fn waiting(
        &self,
        key: &QueueKey,
        scheduled_at: Option<UnixMicros>,
    ) -> Result<Option<Waiting>, Unavailable> {
        if let Some(touched) = self.changes.touched.waiting.get(&key.message_id) {
            return Ok(touched.clone());
        }
        if let Some(at) = scheduled_at {
            let key = instant_id_key(at, key.message_id);
            if let Some(row) = self.store.database().row::<ScheduledRow>(Family::Scheduled, &key)? {
                return Ok(Some(row.waiting(&key).ok_or_else(|| damaged(Family::Scheduled))?));
            }
        }
        self.queued(key)
    }

    /// The message with this key, in its queue or, if its validity has ended, among the scheduled ones.
    pub(super) fn waiting_or_expired(&mut self, key: &QueueKey) -> Result<Option<Waiting>, Unavailable> {
        if let Some(waiting) = self.queued(key)? {
            return Ok(Some(waiting));
        }
        if self.changes.touched.expired_scheduled.is_none() {
            self.changes.touched.expired_scheduled = Some(self.expired_scheduled()?);
        }
        let expired = self.changes.touched.expired_scheduled.as_ref();
        match expired.and_then(|expired| expired.get(&key.message_id)) {
            Some(scheduled_at) => self.waiting(key, Some(*scheduled_at)),
            None => Ok(None),
        }
    }

    /// When scheduled messages whose validity has ended were to be sent, those aside that many others come before.
    fn expired_scheduled(&self) -> Result<HashMap<u64, UnixMicros>, Unavailable> {
        let (mut expired, mut left, mut sound) = (HashMap::new(), EXPIRED_READ_MAX, true);
        self.store.scan(Family::Expiries, &[], |key, value| {
            let Some(((at, message_id), row)) = parse_instant_id_key(key).zip(ExpiryRow::read(value)) else {
                sound = false;
                return false;
            };
            if at > self.now || left == 0 {
                return false;
            }
            left -= 1;
            expired.extend(row.scheduled_at.map(|scheduled_at| (message_id, scheduled_at)));
            true
        })?;
        if sound { Ok(expired) } else { Err(damaged(Family::Expiries)) }
    }

    /// A message as whoever was to send it knows it, brought up to date; `None` where it waits no longer.
    pub(super) fn waiting_as_told(
        &self,
        key: &QueueKey,
        told: &[u8],
    ) -> Result<Option<Waiting>, Unavailable> {
        if let Some(touched) = self.changes.touched.waiting.get(&key.message_id) {
            return Ok(touched.clone());
        }
        let bytes = match self.amendment(key)? {
            None => told.into(),
            Some(Amendment::Replaced(bytes)) => bytes,
            Some(Amendment::Dropped) => return Ok(None),
        };
        Ok(Some(Waiting { key: *key, scheduled_at: None, bytes }))
    }

    /// Takes a message out of where it waits, for good.
    pub(super) fn stop_waiting(&mut self, waiting: &Waiting) -> Result<(), Unavailable> {
        let message_id = waiting.key.message_id;
        if let Some(at) = waiting.message()?.content.expires_at {
            self.set_expiry(at, message_id, None)?;
        }
        let (family, key, before) = waiting.row();
        self.batch.delete(family, key, before);
        if self.changes.touched.waiting.insert(message_id, None).is_some() {
            self.changes.news.unqueued.insert(message_id);
        }
        Ok(())
    }

    /// Moves the end of a message's validity.
    pub(super) fn move_expiry(
        &mut self,
        key: &QueueKey,
        scheduled_at: Option<UnixMicros>,
        from: Option<UnixMicros>,
        to: Option<UnixMicros>,
    ) -> Result<(), Unavailable> {
        if let Some(at) = from.filter(|_| from != to) {
            self.set_expiry(at, key.message_id, None)?;
        }
        if let Some(at) = to.filter(|_| from != to) {
            let row = ExpiryRow { home: key.home, class: key.class, scheduled_at };
            self.set_expiry(at, key.message_id, Some(&row))?;
        }
        Ok(())
    }

    /// Whoever may hold a message in order to send it is told of its amendment when it asks for a lease.
    pub(super) fn amend(&mut self, waiting: &Waiting, amendment: Amendment) {
        if waiting.scheduled_at.is_none() {
            self.changes.amended.insert(waiting.key.message_id, Some(amendment));
        }
    }

    /// Nobody is to be told of a message any more.
    pub(super) fn forget_amendment(&mut self, message_id: u64) {
        let known = self.changes.amended.contains_key(&message_id)
            || self.fold.amended.get(message_id) != Known::Unchanged;
        if known {
            self.changes.amended.insert(message_id, None);
        }
    }

    /// Changes what a message says, where it waits.
    pub(super) fn rewrite(&mut self, waiting: &Waiting, bytes: Box<[u8]>) {
        let after = Waiting { bytes, ..waiting.clone() };
        let ((family, key, before), (_, _, value)) = (waiting.row(), after.row());
        self.batch.replace(family, key, value, Some(before));
        self.changes.touched.waiting.insert(waiting.key.message_id, Some(after));
    }

    /// Moves scheduled messages that are due into their queues; the answer is how many.
    pub(super) fn release_due(&mut self, until: UnixMicros, at_most: u32) -> Result<u32, Unavailable> {
        let (mut due, mut sound) = (Vec::new(), true);
        let room = at_most as usize;
        let touched = &self.changes.touched.waiting;
        self.store.scan(Family::Scheduled, &[], |key, value| {
            let Some((at, message_id)) = parse_instant_id_key(key) else {
                sound = false;
                return false;
            };
            if at > until || due.len() == room {
                return false;
            }
            let waiting = match touched.get(&message_id) {
                Some(None) => return true,
                Some(Some(waiting)) if waiting.scheduled_at.is_none() => return true,
                Some(Some(waiting)) => Some(waiting.clone()),
                None => ScheduledRow::read(value).and_then(|row| row.waiting(key)),
            };
            sound = waiting.is_some();
            due.extend(waiting);
            sound
        })?;
        if !sound {
            return Err(damaged(Family::Scheduled));
        }
        let released = u32::try_from(due.len()).unwrap_or(u32::MAX);
        for waiting in due {
            self.release_one(waiting);
        }
        Ok(released)
    }

    fn release_one(&mut self, waiting: Waiting) {
        let (family, key, before) = waiting.row();
        self.batch.delete(family, key, before);
        let released = Waiting { scheduled_at: None, ..waiting };
        let (family, key, value) = released.row();
        self.batch.insert(family, key, value);
        self.changes.news.queued = true;
        self.forget_amendment(released.key.message_id);
        self.changes.touched.waiting.insert(released.key.message_id, Some(released));
    }
}

impl ScheduledRow {
    /// As it lies under this key.
    fn waiting(self, key: &[u8]) -> Option<Waiting> {
        let (at, message_id) = parse_instant_id_key(key)?;
        let key = QueueKey { home: self.home, class: self.class, message_id };
        Some(Waiting { key, scheduled_at: Some(at), bytes: self.bytes })
    }
}
