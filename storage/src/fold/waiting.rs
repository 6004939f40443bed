//! Messages that wait: in the queue of an operator, or for their time.

use std::collections::HashMap;

use tollgate_engine::time::UnixMicros;

use super::amended::{Amended, AmendedChanges, Amendment, Known};
use super::output::Output;
use crate::batch::Batch;
use crate::database::{Unavailable, damaged};
use crate::message::{Message, QueueKey};
use crate::rows::{ExpiryRow, Row, ScheduledRow};
use crate::schema::{Family, instant_id_key, parse_instant_id_key};
use crate::store::Store;

/// Ends of validity that one commit looks at in order to find scheduled messages.
const EXPIRED_READ_MAX: u32 = 10_000;

/// A message that no operator has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The queue that it waits in, or will once it is due.
    pub key: QueueKey,
    /// The time at which it is due, if it is not yet.
    pub scheduled_at: Option<UnixMicros>,
    /// Its row in the queue.
    pub bytes: Box<[u8]>,
}

/// Waiting messages as the commit will leave them.
#[derive(Debug)]
pub struct WaitingDraft<'a> {
    store: &'a Store,
    now: UnixMicros,
    durable_amended: &'a Amended,
    /// Messages that changed, by id; `None` for one that waits no longer.
    messages: HashMap<u64, Option<Waiting>>,
    /// Rows of `expiries` that changed, by key; `None` for one that is gone.
    expiries: HashMap<[u8; 16], Option<Vec<u8>>>,
    /// Scheduled messages whose validity has ended, with the time they are scheduled for; `None` until looked
    /// for.
    expired_scheduled: Option<HashMap<u64, UnixMicros>>,
    amended: AmendedChanges,
}

impl Waiting {
    /// The message in its row.
    pub fn message(&self) -> Result<Message<'_>, Unavailable> {
        Message::read(self.key.message_id, &self.bytes).ok_or_else(|| damaged(Family::Queue))
    }

    /// The family, key and value of the row that it is in.
    fn row(&self) -> (Family, Vec<u8>, Vec<u8>) {
        let QueueKey { first_choice, class, message_id } = self.key;
        match self.scheduled_at {
            None => (Family::Queue, self.key.to_bytes().to_vec(), self.bytes.to_vec()),
            Some(at) => {
                let row = ScheduledRow { first_choice, class, bytes: self.bytes.clone() };
                (Family::Scheduled, instant_id_key(at, message_id).to_vec(), row.to_bytes())
            }
        }
    }
}

impl<'a> WaitingDraft<'a> {
    /// Nothing is changed yet.
    pub fn new(store: &'a Store, now: UnixMicros, durable_amended: &'a Amended) -> Self {
        Self {
            store,
            now,
            durable_amended,
            messages: HashMap::new(),
            expiries: HashMap::new(),
            expired_scheduled: None,
            amended: AmendedChanges::new(),
        }
    }

    /// The message with this key, if it is in its queue.
    pub fn queued(&self, key: &QueueKey) -> Result<Option<Waiting>, Unavailable> {
        if let Some(changed) = self.messages.get(&key.message_id) {
            return Ok(changed.clone().filter(|waiting| waiting.scheduled_at.is_none()));
        }
        let bytes = self.store.queue().row(*key)?;
        Ok(bytes.map(|bytes| Waiting { key: *key, scheduled_at: None, bytes }))
    }

    /// The message with this key, in its queue or among those scheduled for that time.
    pub fn get(
        &self,
        key: &QueueKey,
        scheduled_at: Option<UnixMicros>,
    ) -> Result<Option<Waiting>, Unavailable> {
        if let Some(changed) = self.messages.get(&key.message_id) {
            return Ok(changed.clone());
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
    pub fn queued_or_expired(&mut self, key: &QueueKey) -> Result<Option<Waiting>, Unavailable> {
        if let Some(waiting) = self.queued(key)? {
            return Ok(Some(waiting));
        }
        if self.expired_scheduled.is_none() {
            self.expired_scheduled = Some(self.expired_scheduled()?);
        }
        let expired = self.expired_scheduled.as_ref();
        match expired.and_then(|expired| expired.get(&key.message_id)) {
            Some(scheduled_at) => self.get(key, Some(*scheduled_at)),
            None => Ok(None),
        }
    }

    /// The times that scheduled messages whose validity has ended are scheduled for, but for those behind too
    /// many others.
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

    /// A message as its sender holds it, brought up to date; `None` if it waits no longer.
    pub fn up_to_date(&self, key: &QueueKey, held: &[u8]) -> Result<Option<Waiting>, Unavailable> {
        if let Some(changed) = self.messages.get(&key.message_id) {
            return Ok(changed.clone());
        }
        let bytes = match self.amendment(key)? {
            None => held.into(),
            Some(Amendment::Replaced(bytes)) => bytes,
            Some(Amendment::Dropped) => return Ok(None),
        };
        Ok(Some(Waiting { key: *key, scheduled_at: None, bytes }))
    }

    /// Removes a message from where it waits.
    pub fn remove(&mut self, out: &mut Output, waiting: &Waiting) -> Result<(), Unavailable> {
        let message_id = waiting.key.message_id;
        if let Some(at) = waiting.message()?.content.expires_at {
            self.set_expiry(&mut out.batch, at, message_id, None)?;
        }
        let (family, key, before) = waiting.row();
        out.batch.delete(family, key, before);
        if self.messages.insert(message_id, None).is_some() {
            out.news.unqueued.insert(message_id);
        }
        Ok(())
    }

    /// Moves the end of a message's validity.
    pub fn move_expiry(
        &mut self,
        batch: &mut Batch,
        waiting: &Waiting,
        scheduled_at: Option<UnixMicros>,
        (from, to): (Option<UnixMicros>, Option<UnixMicros>),
    ) -> Result<(), Unavailable> {
        let QueueKey { first_choice, class, message_id } = waiting.key;
        if let Some(at) = from.filter(|_| from != to) {
            self.set_expiry(batch, at, message_id, None)?;
        }
        if let Some(at) = to.filter(|_| from != to) {
            let row = ExpiryRow { first_choice, class, scheduled_at };
            self.set_expiry(batch, at, message_id, Some(&row))?;
        }
        Ok(())
    }

    /// Writes a message's row in `expiries`, or removes it (`None`), unless it is like that already.
    fn set_expiry(
        &mut self,
        batch: &mut Batch,
        at: UnixMicros,
        message_id: u64,
        after: Option<&ExpiryRow>,
    ) -> Result<(), Unavailable> {
        let key = instant_id_key(at, message_id);
        let before = match self.expiries.get(&key) {
            Some(changed) => changed.clone(),
            None => self.store.get(Family::Expiries, &key)?,
        };
        let after = after.map(Row::to_bytes);
        if before != after {
            batch.put(Family::Expiries, key, after.clone(), before);
            self.expiries.insert(key, after);
        }
        Ok(())
    }

    /// Changes a message's content where it waits.
    pub fn rewrite(&mut self, batch: &mut Batch, waiting: &Waiting, bytes: Box<[u8]>) {
        let after = Waiting { bytes, ..waiting.clone() };
        let ((family, key, before), (_, _, value)) = (waiting.row(), after.row());
        batch.replace(family, key, value, Some(before));
        self.messages.insert(waiting.key.message_id, Some(after));
    }

    /// Moves scheduled messages that are due into their queues; returns their number.
    pub fn release_due(
        &mut self,
        out: &mut Output,
        until: UnixMicros,
        at_most: u32,
    ) -> Result<u32, Unavailable> {
        let (mut due, mut sound) = (Vec::new(), true);
        let room = at_most as usize;
        self.store.scan(Family::Scheduled, &[], |key, value| {
            let Some((at, message_id)) = parse_instant_id_key(key) else {
                sound = false;
                return false;
            };
            if at > until || due.len() == room {
                return false;
            }
            let waiting = match self.messages.get(&message_id) {
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
            self.release_one(out, waiting);
        }
        Ok(released)
    }

    fn release_one(&mut self, out: &mut Output, waiting: Waiting) {
        let (family, key, before) = waiting.row();
        out.batch.delete(family, key, before);
        let released = Waiting { scheduled_at: None, ..waiting };
        let (family, key, value) = released.row();
        out.batch.insert(family, key, value);
        out.news.queued = true;
        out.news.released.insert(released.key.message_id);
        self.forget_amendment(released.key.message_id);
        self.messages.insert(released.key.message_id, Some(released));
    }

    /// Notes an amendment for the scheduler that may hold the message; it is passed on when a lease is asked
    /// for.
    pub fn amend(&mut self, waiting: &Waiting, amendment: Amendment) {
        if waiting.scheduled_at.is_none() {
            self.amended.insert(waiting.key.message_id, Some(amendment));
        }
    }

    /// Forgets the amendment of a message that no scheduler has to be told of any more.
    pub fn forget_amendment(&mut self, message_id: u64) {
        let known = self.amended.contains_key(&message_id)
            || self.durable_amended.get(message_id) != Known::Unchanged;
        if known {
            self.amended.insert(message_id, None);
        }
    }

    /// The amendment of a message, which is passed on now.
    pub fn take_amendment(&mut self, key: &QueueKey) -> Result<Option<Amendment>, Unavailable> {
        let amendment = self.amendment(key)?;
        if amendment.is_some() {
            self.amended.insert(key.message_id, None);
        }
        if let Some(Amendment::Replaced(bytes)) = &amendment {
            // An event of the same commit may still name the row that the sender held before.
            let waiting = Waiting { key: *key, scheduled_at: None, bytes: bytes.clone() };
            self.messages.entry(key.message_id).or_insert(Some(waiting));
        }
        Ok(amendment)
    }

    /// The difference of a waiting message from what its sender may hold.
    fn amendment(&self, key: &QueueKey) -> Result<Option<Amendment>, Unavailable> {
        if let Some(change) = self.amended.get(&key.message_id) {
            return Ok(change.clone());
        }
        match self.durable_amended.get(key.message_id) {
            Known::Unchanged => Ok(None),
            Known::Amended(amendment) => Ok(Some(amendment.clone())),
            Known::Forgotten => Ok(Some(match self.queued(key)? {
                Some(waiting) => Amendment::Replaced(waiting.bytes),
                None => Amendment::Dropped,
            })),
        }
    }

    /// The amendments that were noted or passed on.
    pub fn finish(self) -> AmendedChanges {
        self.amended
    }
}

impl ScheduledRow {
    /// The message of the row under this key.
    fn waiting(self, key: &[u8]) -> Option<Waiting> {
        let (at, message_id) = parse_instant_id_key(key)?;
        let key = QueueKey { first_choice: self.first_choice, class: self.class, message_id };
        Some(Waiting { key, scheduled_at: Some(at), bytes: self.bytes })
    }
}
