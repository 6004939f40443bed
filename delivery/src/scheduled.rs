//! Scheduled messages: all of them on disk until they are due, in the order of their dates.
//!
//! They are read in pages once they are due. Everything up to the place that was read last is in memory or gone; what is
//! behind it is on disk and counted.

use rustc_hash::FxHashSet;
use tollgate_engine::time::UnixMicros;

use crate::message::Message;

/// A date and the id of a message that is due then.
pub type DueMessage = (UnixMicros, u64);

/// The scheduled messages on disk.
#[derive(Debug, Default)]
pub struct Scheduled {
    on_disk: u64,
    /// The place that was read last.
    cursor: DueMessage,
    /// The first that is known to be behind it.
    next: Option<DueMessage>,
    is_reading: bool,
    /// The first that was told of since the page was asked for.
    told: Option<DueMessage>,
    /// The last message that was told of as durable.
    last_durable: u64,
    /// Messages that a page brought before they were told of.
    ahead: FxHashSet<u64>,
}

impl Scheduled {
    /// Those that were on disk when the process started.
    pub fn restore(&mut self, on_disk: u64, next: Option<DueMessage>, last_message_id: u64) {
        (self.on_disk, self.next, self.last_durable) = (on_disk, next, last_message_id);
    }

    /// Notes that a message is durable, scheduled or not. True if a page has brought it already.
    pub fn durable(&mut self, id: u64) -> bool {
        self.last_durable = self.last_durable.max(id);
        !self.ahead.is_empty() && self.ahead.remove(&id)
    }

    /// Leaves a message on disk. False if its date has been read past, so that no page will bring it.
    pub fn leave_on_disk(&mut self, message: &Message, date: UnixMicros) -> bool {
        let place = (date, message.key.id);
        if place <= self.cursor {
            return false;
        }
        self.on_disk += 1;
        if self.is_reading {
            self.told = Some(self.told.map_or(place, |told| told.min(place)));
        }
        self.next = Some(self.next.map_or(place, |next| next.min(place)));
        true
    }

    /// The date of the first on disk, where it is not being read.
    pub fn next_date(&self) -> Option<UnixMicros> {
        self.next.filter(|_| !self.is_reading).map(|(date, _)| date)
    }

    /// The place after which a page is to be read, where one is due.
    pub fn wants_page(&mut self, due: UnixMicros) -> Option<DueMessage> {
        let is_due = self.next_date().is_some_and(|date| date <= due);
        self.is_reading |= is_due;
        self.told = self.told.filter(|_| !is_due);
        is_due.then_some(self.cursor)
    }

    /// The page could not be read.
    pub fn not_read(&mut self) {
        self.is_reading = false;
    }

    /// A page brings a message. True if it is to be taken, and was counted here. The others are known already.
    pub fn take(&mut self, message: &Message, is_known: bool) -> bool {
        let place = (message.scheduled_at.unwrap_or_default(), message.key.id);
        if place <= self.cursor {
            return false;
        }
        self.cursor = place;
        if is_known {
            return false;
        }
        if message.key.id > self.last_durable {
            self.ahead.insert(message.key.id);
        } else {
            self.leave_disk();
        }
        true
    }

    /// A page is over; `next` is the first behind it.
    pub fn end_page(&mut self, next: Option<DueMessage>) {
        let told = self.told.take().filter(|place| *place > self.cursor);
        self.next = next.into_iter().chain(told).min();
        self.is_reading = false;
    }

    /// A message on disk waits no longer.
    pub fn leave_disk(&mut self) {
        self.on_disk = self.on_disk.saturating_sub(1);
    }

    /// True if a message with this place is on disk.
    pub fn is_on_disk(&self, place: DueMessage) -> bool {
        place > self.cursor
    }

    /// The messages on disk.
    pub fn on_disk(&self) -> u64 {
        self.on_disk
    }
}
