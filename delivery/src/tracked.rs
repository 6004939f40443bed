//! Every message in memory, where it is, and how many are where. A message is in one place at any time, and only
//! [`Messages::put`] changes that, so that the counts are exact.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::effect::AskedOperator;
use crate::input::LinkNumber;
use crate::message::Message;

/// Operators that are remembered of a message, for its CDR.
const ASKED_MAX: usize = 16;
/// Ends of ages that are kept though their messages no longer wait.
const STALE_AGES: usize = 64;

/// The place of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the backlog of its first choice.
    Waiting,
    /// Behind an older message to the same destination.
    Held,
    /// Put aside until a time.
    Aside,
    /// Meant for this operator, which has no room yet.
    Standby(OperatorNumber),
    /// Its lease for this operator is on its way to disk.
    Leasing(OperatorNumber),
    /// Leased, and ready for a link of this operator.
    Ready(OperatorNumber),
    /// Written to a link and not answered.
    InFlight(LinkNumber),
    /// Written to a link of this operator that gave no answer.
    Unknown(OperatorNumber),
    /// Accepted or at its end, which is on its way to disk.
    Ending,
}

impl Place {
    /// True if it waits for an operator.
    fn is_queued(self) -> bool {
        !matches!(self, Self::InFlight(_) | Self::Unknown(_) | Self::Ending)
    }
}

/// The acceptance by one operator of a message that is on its way to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptedBeside {
    /// No operator has.
    Not,
    /// One has, which is on its way to disk.
    Reported,
    /// One has, durably.
    Durable,
}

/// A message with all that was tried.
#[derive(Debug)]
pub struct Tracked {
    /// The message itself.
    pub message: Arc<Message>,
    /// The place that it is in.
    pub place: Place,
    /// Times that an operator was asked and has answered.
    pub attempts: u32,
    /// The number of the last try, by which its answer is told from those of earlier ones.
    pub attempt: u32,
    /// Times that the operator asked last was asked again.
    pub again: u32,
    /// The operators that were asked in this round and did not take it.
    pub tried: Vec<OperatorNumber>,
    /// Every operator that was asked, in order; the last of them where there were very many.
    pub asked: Vec<AskedOperator>,
    /// An operator that may have it already, where it is sent again all the same.
    pub may_be_at: Option<OperatorNumber>,
    /// The lease that names it; zero for none.
    pub lease: u64,
    /// The flow that it keeps its order in.
    pub flow: u64,
    /// The time of the last try.
    pub sent_at: UnixMicros,
    /// The date of the last try.
    pub sent_on: UnixMicros,
    /// The time at which it comes back, or is given up.
    pub until: UnixMicros,
    /// Its acceptance by an operator after it was sent to another.
    pub accepted: AcceptedBeside,
    /// True if it was cancelled while its lease was on its way to disk, which will say so.
    pub is_cancelled: bool,
}

impl Tracked {
    /// A message that no operator was asked to take yet.
    pub fn new(message: Arc<Message>) -> Self {
        Self {
            flow: message.flow(),
            message,
            place: Place::Waiting,
            attempts: 0,
            attempt: 0,
            again: 0,
            tried: Vec::new(),
            asked: Vec::new(),
            may_be_at: None,
            lease: 0,
            sent_at: UnixMicros(0),
            sent_on: UnixMicros(0),
            until: UnixMicros(0),
            accepted: AcceptedBeside::Not,
            is_cancelled: false,
        }
    }

    /// Notes that an operator has answered, with this status.
    pub fn was_asked(&mut self, operator: OperatorNumber, status: u32, at: UnixMicros) {
        self.attempts = self.attempts.saturating_add(1);
        if self.asked.len() == ASKED_MAX {
            self.asked.remove(0);
        }
        self.asked.push(AskedOperator { operator, status, at });
    }
}

/// The counts of one first choice.
#[derive(Debug, Default)]
pub struct Counts {
    /// Messages in memory that wait for an operator.
    pub queued: u64,
    /// The room that they take.
    pub room: u64,
    /// Messages in memory that are with an operator, may be, or are about to end.
    pub under_way: u64,
    /// The times at which those that wait, and some that did, were submitted.
    ages: BinaryHeap<Reverse<(UnixMicros, u64)>>,
}

/// The messages in memory.
#[derive(Debug, Default)]
pub struct Messages {
    by_id: FxHashMap<u64, Tracked>,
    counts: FxHashMap<OperatorNumber, Counts>,
    unknown: u64,
    scheduled: u64,
}

impl Messages {
    /// A message by its id.
    pub fn get(&self, id: u64) -> Option<&Tracked> {
        self.by_id.get(&id)
    }

    /// A message, to change what was tried. Its place is changed by [`Self::put`].
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Tracked> {
        self.by_id.get_mut(&id)
    }

    /// The place of a message.
    pub fn place(&self, id: u64) -> Option<Place> {
        self.by_id.get(&id).map(|tracked| tracked.place)
    }

    /// True if the message is in memory.
    pub fn contains(&self, id: u64) -> bool {
        self.by_id.contains_key(&id)
    }

    /// The number of messages.
    pub fn len(&self) -> u64 {
        self.by_id.len() as u64
    }

    /// Every message, in the order of the ids.
    pub fn ids(&self) -> Vec<u64> {
        let mut ids: Vec<u64> = self.by_id.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    /// Takes a message in.
    pub fn insert(&mut self, tracked: Tracked) {
        let (id, place) = (tracked.message.key.id, tracked.place);
        let count = self.counts.entry(tracked.message.key.first_choice).or_default();
        count.add(&tracked, place);
        self.unknown += u64::from(matches!(place, Place::Unknown(_)));
        self.scheduled += u64::from(tracked.message.scheduled_at.is_some() && place.is_queued());
        let before = self.by_id.insert(id, tracked);
        assert!(before.is_none(), "message {id} is in memory twice");
    }

    /// Puts a message into another place.
    pub fn put(&mut self, id: u64, place: Place) {
        let Some(tracked) = self.by_id.get_mut(&id) else { return };
        let before = std::mem::replace(&mut tracked.place, place);
        if before.is_queued() != place.is_queued() {
            let count = self.counts.entry(tracked.message.key.first_choice).or_default();
            count.remove(tracked, before);
            count.add(tracked, place);
            if tracked.message.scheduled_at.is_some() {
                self.scheduled -= u64::from(before.is_queued());
                self.scheduled += u64::from(place.is_queued());
            }
        }
        self.unknown += u64::from(matches!(place, Place::Unknown(_)));
        self.unknown -= u64::from(matches!(before, Place::Unknown(_)));
    }

    /// Another content of a message that waits.
    pub fn replace(&mut self, message: Arc<Message>) {
        let Some(tracked) = self.by_id.get_mut(&message.key.id) else { return };
        if tracked.place.is_queued() {
            let count = self.counts.entry(message.key.first_choice).or_default();
            count.room = count.room + message.room() - tracked.message.room();
        }
        tracked.message = message;
    }

    /// Takes a message out.
    pub fn remove(&mut self, id: u64) -> Option<Tracked> {
        let tracked = self.by_id.remove(&id)?;
        let count = self.counts.entry(tracked.message.key.first_choice).or_default();
        count.remove(&tracked, tracked.place);
        self.unknown -= u64::from(matches!(tracked.place, Place::Unknown(_)));
        self.scheduled -= u64::from(tracked.message.scheduled_at.is_some() && tracked.place.is_queued());
        Some(tracked)
    }

    /// The counts of a first choice.
    pub fn counts(&self, first_choice: OperatorNumber) -> (u64, u64, u64) {
        self.counts.get(&first_choice).map_or((0, 0, 0), |count| (count.queued, count.room, count.under_way))
    }

    /// Messages of unknown outcome.
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Messages that were scheduled and wait for an operator.
    pub fn scheduled(&self) -> u64 {
        self.scheduled
    }

    /// The time at which the message that waits longest was submitted.
    pub fn oldest(&mut self, first_choice: OperatorNumber) -> Option<UnixMicros> {
        let count = self.counts.get_mut(&first_choice)?;
        while let Some(Reverse((at, id))) = count.ages.peek() {
            if self.by_id.get(id).is_some_and(|tracked| tracked.place.is_queued()) {
                return Some(*at);
            }
            count.ages.pop();
        }
        None
    }

    /// Forgets the ages of messages that no longer wait, where they are the most.
    pub fn prune(&mut self) {
        let by_id = &self.by_id;
        for count in self.counts.values_mut() {
            if count.ages.len() as u64 > 2 * count.queued + STALE_AGES as u64 {
                let is_queued = |id: u64| by_id.get(&id).is_some_and(|tracked| tracked.place.is_queued());
                count.ages.retain(|Reverse((_, id))| is_queued(*id));
            }
        }
    }
}

impl Counts {
    fn add(&mut self, tracked: &Tracked, place: Place) {
        if place.is_queued() {
            self.queued += 1;
            self.room += tracked.message.room();
            self.ages.push(Reverse((tracked.message.submitted_at, tracked.message.key.id)));
        } else {
            self.under_way += 1;
        }
    }

    fn remove(&mut self, tracked: &Tracked, place: Place) {
        if place.is_queued() {
            self.queued -= 1;
            self.room -= tracked.message.room();
        } else {
            self.under_way -= 1;
        }
    }
}
