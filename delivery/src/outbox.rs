//! Events on their way to the committer: gathered into batches, and known until their result has come.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::effect::{Batch, Event};
use crate::input::LinkNumber;

/// Events of one batch at most.
const EVENTS_MAX: usize = 4_096;
/// Batches without a result at most. Events wait while there are so many, and the next batch is the larger.
const BATCHES_MAX: usize = 16;

/// The step that follows once an event is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Follow {
    /// Nothing but what the event says.
    Nothing,
    /// The acceptance of a message in memory, by its number there.
    Accepted(u64),
    /// The receipt of a message, by its number where it is in memory, and the acknowledgement.
    Receipt(Option<u64>, Option<(LinkNumber, u32)>),
    /// A receipt that waits for its message, by its number there.
    Kept(u64),
}

/// The events that are not durable.
#[derive(Debug, Default)]
pub struct Outbox {
    events: Vec<Event>,
    follow: Vec<Follow>,
    sent: BTreeMap<u64, SentBatch>,
    last: u64,
    /// True while events that were refused wait to be tried again.
    is_paused: bool,
}

/// A batch without a result.
#[derive(Clone, Debug)]
pub struct SentBatch {
    /// The batch itself.
    pub batch: Arc<Batch>,
    /// The step that follows each event.
    pub follow: Vec<Follow>,
}

impl Outbox {
    /// Adds an event.
    pub fn push(&mut self, event: Event, follow: Follow) {
        self.events.push(event);
        self.follow.push(follow);
    }

    /// Puts events in front, as they were refused.
    pub fn give_back(&mut self, events: Vec<(Event, Follow)>) {
        let (mut first, mut first_follow): (Vec<_>, Vec<_>) = events.into_iter().unzip();
        first.append(&mut self.events);
        first_follow.append(&mut self.follow);
        (self.events, self.follow) = (first, first_follow);
        self.is_paused = !self.events.is_empty();
    }

    /// Events that were refused may be tried again.
    pub fn resume(&mut self) {
        self.is_paused = false;
    }

    /// The next batch, if there is one to send.
    pub fn cut(&mut self) -> Option<Arc<Batch>> {
        if self.events.is_empty() || self.is_paused || self.sent.len() >= BATCHES_MAX {
            return None;
        }
        self.last += 1;
        let rest = self.events.split_off(self.events.len().min(EVENTS_MAX));
        let rest_follow = self.follow.split_off(self.follow.len().min(EVENTS_MAX));
        let events = std::mem::replace(&mut self.events, rest);
        let follow = std::mem::replace(&mut self.follow, rest_follow);
        let batch = Arc::new(Batch { number: self.last, events });
        self.sent.insert(self.last, SentBatch { batch: Arc::clone(&batch), follow });
        Some(batch)
    }

    /// A batch whose result has come.
    pub fn take(&mut self, batch: u64) -> Option<SentBatch> {
        self.sent.remove(&batch)
    }

    /// Takes the acknowledgements out of a batch that is in doubt, as nobody is to wait for them.
    pub fn take_acks(&mut self, batch: u64) -> Vec<(LinkNumber, u32)> {
        let Some(sent) = self.sent.get_mut(&batch) else { return Vec::new() };
        let acks = sent.follow.iter_mut().filter_map(|follow| match follow {
            Follow::Receipt(_, ack) => ack.take(),
            _ => None,
        });
        acks.collect()
    }

    /// True if everything is durable.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.sent.is_empty()
    }
}
