//! One class of one operator's backlog: the messages whose first choice it is, the oldest in memory, the rest on disk.
//!
//! Messages come when they become durable, in the order of their ids. Beyond the bound they stay on disk and are counted;
//! once the memory has drained they are read back in pages. The last id seen is remembered, so that no message is taken
//! twice or left behind. A message that comes out of this order, as a scheduled one does when it is due, is not judged by
//! its id: it comes by [`ClassQueue::put_back`].

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use tollgate_engine::time::UnixMicros;

use crate::message::Message;

/// One class of a backlog. Messages are known by their ids; one that has gone elsewhere may still stand here, and is
/// stepped over when its turn comes.
#[derive(Debug)]
pub struct ClassQueue {
    fresh: VecDeque<u64>,
    /// Messages that were out before, or come out of order, and keep their place.
    returned: BTreeSet<u64>,
    /// The last id that was taken into memory.
    last_seen: u64,
    /// The last id that was left on disk.
    last_spilled: u64,
    on_disk: u64,
    oldest_on_disk: Option<UnixMicros>,
    /// True if that may be of a message that has left the disk.
    is_oldest_gone: bool,
    /// False if a page may bring more.
    is_drained: bool,
    reading: Option<Reading>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    /// The submission of the first message that was left on disk since the page was asked for.
    spilled: Option<UnixMicros>,
    has_spilled: bool,
}

/// The fate of a message that has just become durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It waits in memory.
    Kept,
    /// It waits on disk.
    Spilled,
    /// A page has brought it already.
    Known,
}

impl Default for ClassQueue {
    fn default() -> Self {
        Self {
            fresh: VecDeque::new(),
            returned: BTreeSet::new(),
            last_seen: 0,
            last_spilled: 0,
            on_disk: 0,
            oldest_on_disk: None,
            is_oldest_gone: false,
            is_drained: true,
            reading: None,
        }
    }
}

impl ClassQueue {
    /// Messages that waited when the process started.
    pub fn restore(&mut self, messages: u64, oldest: UnixMicros, last_message_id: u64) {
        (self.on_disk, self.is_drained, self.last_spilled) = (messages, messages == 0, last_message_id);
        self.oldest_on_disk = Some(oldest).filter(|_| messages > 0);
    }

    /// Takes a message that has just become durable, or leaves it on disk where memory is full or others are before it.
    pub fn push(&mut self, message: &Message, is_full: bool) -> Pushed {
        let id = message.key.id;
        if id <= self.last_seen {
            return Pushed::Known;
        }
        if self.is_drained && !is_full {
            self.last_seen = id;
            self.fresh.push_back(id);
            return Pushed::Kept;
        }
        (self.is_drained, self.last_spilled) = (false, id);
        self.on_disk += 1;
        self.oldest_on_disk.get_or_insert(message.submitted_at);
        if let Some(reading) = &mut self.reading {
            reading.spilled.get_or_insert(message.submitted_at);
            reading.has_spilled = true;
        }
        Pushed::Spilled
    }

    /// Puts a message back in its place.
    pub fn put_back(&mut self, id: u64) {
        self.returned.insert(id);
    }

    /// The next message that still waits.
    pub fn first(&mut self, is_waiting: impl Fn(u64) -> bool) -> Option<u64> {
        while self.fresh.front().is_some_and(|id| !is_waiting(*id)) {
            self.fresh.pop_front();
        }
        while self.returned.first().is_some_and(|id| !is_waiting(*id)) {
            self.returned.pop_first();
        }
        let (fresh, returned) = (self.fresh.front().copied(), self.returned.first().copied());
        [fresh, returned].into_iter().flatten().min()
    }

    /// Takes out the message that [`Self::first`] has named.
    pub fn take(&mut self, id: u64) {
        if self.fresh.front() == Some(&id) {
            self.fresh.pop_front();
        }
        self.returned.remove(&id);
    }

    /// The page that is to be read now, if one is: the message after which it begins, and the most messages that it may
    /// have. That is none where only the first on disk is asked for, as the one that was has left it.
    pub fn wants_page(&mut self, is_full: bool, at_most: u32) -> Option<(u64, u32)> {
        if self.is_drained || self.reading.is_some() {
            return None;
        }
        let has_room = !is_full && self.fresh.is_empty();
        if !has_room && !self.is_oldest_gone {
            return None;
        }
        self.is_oldest_gone = false;
        self.reading = Some(Reading::default());
        Some((self.last_seen, if has_room { at_most } else { 0 }))
    }

    /// The page could not be read.
    pub fn not_read(&mut self) {
        self.reading = None;
        self.is_oldest_gone = true;
    }

    /// Takes a page that was read. Those that `is_known` were on their way already, and were never counted here.
    pub fn take_page(
        &mut self,
        messages: Vec<Arc<Message>>,
        (is_last, next): (bool, Option<UnixMicros>),
        is_known: impl Fn(u64) -> bool,
    ) -> Vec<Arc<Message>> {
        let reading = self.reading.take().unwrap_or_default();
        self.is_drained = is_last && !reading.has_spilled;
        let mut taken = Vec::with_capacity(messages.len());
        for message in messages {
            let id = message.key.id;
            if id <= self.last_seen {
                continue;
            }
            self.last_seen = id;
            if is_known(id) {
                continue;
            }
            // One that has only just become durable is told of later, and was not counted.
            self.on_disk -= u64::from(id <= self.last_spilled);
            self.fresh.push_back(id);
            taken.push(message);
        }
        self.oldest_on_disk = next.or(reading.spilled).filter(|_| self.on_disk > 0);
        taken
    }

    /// A message on disk waits no longer.
    pub fn leave_disk(&mut self) {
        self.on_disk = self.on_disk.saturating_sub(1);
        self.is_oldest_gone = self.on_disk > 0;
        if self.on_disk == 0 {
            self.oldest_on_disk = None;
        }
    }

    /// A message has gone that was in memory. Where no page has brought it, as after a start, it may be the one that was
    /// taken for the first on disk.
    pub fn gone(&mut self, id: u64) {
        self.is_oldest_gone |= id > self.last_seen && self.on_disk > 0;
    }

    /// True if the message waits on disk and no page has brought it.
    pub fn is_on_disk(&self, id: u64) -> bool {
        id > self.last_seen && id <= self.last_spilled
    }

    /// True if messages with this id or a later one were seen.
    pub fn has_seen(&self, id: u64) -> bool {
        id <= self.last_seen
    }

    /// The messages that wait on disk, and the time at which the first of them was submitted.
    pub fn on_disk(&self) -> (u64, Option<UnixMicros>) {
        (self.on_disk, self.oldest_on_disk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_on_disk_is_asked_for_when_the_one_that_was_has_left() {
        let mut queue = ClassQueue::default();
        queue.restore(3, UnixMicros(7), 10);
        assert_eq!(queue.wants_page(true, 512), None, "memory is full, and nothing has left");
        queue.leave_disk();
        assert_eq!(queue.wants_page(true, 512), Some((0, 0)));
        assert_eq!(queue.wants_page(true, 512), None, "it is being read");
        queue.leave_disk();
        assert!(queue.take_page(Vec::new(), (false, Some(UnixMicros(8))), |_| false).is_empty());
        assert_eq!(queue.wants_page(true, 512), Some((0, 0)), "another has left meanwhile");
        queue.not_read();
        assert_eq!(queue.wants_page(true, 512), Some((0, 0)), "it was not read");
        queue.take_page(Vec::new(), (false, Some(UnixMicros(9))), |_| false);
        assert_eq!(queue.on_disk(), (1, Some(UnixMicros(9))));
        assert_eq!(queue.wants_page(true, 512), None);
        queue.gone(5);
        assert_eq!(queue.wants_page(true, 512), Some((0, 0)), "it may have been taken for the first");
        queue.take_page(Vec::new(), (false, Some(UnixMicros(10))), |_| false);
        assert_eq!(queue.on_disk(), (1, Some(UnixMicros(10))));
        assert_eq!(queue.wants_page(false, 512), Some((0, 512)));
    }
}
