//! The backlog of one operator, the messages whose first choice it is: the oldest in memory, the rest on disk only.
//!
//! Messages are pushed when they become durable, in the order of their ids. Beyond the capacity they are not kept in
//! memory: the backlog remembers that there are more on disk, and reads them back page by page once the memory has
//! drained. It remembers the last id seen, so that no message is taken twice or left behind.
//!
//! A scheduled message comes when it is due, and messages with later ids may have been seen before it. It is taken by
//! itself then, or its key is remembered where there is no room. No page is read while scheduled messages are on their
//! way into queues, so that none of them is seen both in a page and by itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use parking_lot::Mutex;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::message::{Message, QueueKey, QueuedRow};

use super::attempt::Attempt;

/// Values of priority_flag, the most urgent first.
const CLASSES: usize = 4;

/// Rows read back at one time.
pub const PAGE: usize = 512;
/// Octets read back at one time, roughly.
pub const PAGE_OCTETS: usize = 4 << 20;
/// A row counts as one more message for each of so many octets, so that the capacity bounds memory too.
const OCTETS_PER_MESSAGE: usize = 4_096;

/// The messages that wait for one operator.
#[derive(Debug)]
pub struct Backlog {
    /// The operator that the messages wait for.
    pub first_choice: OperatorNumber,
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    classes: [ClassQueue; CLASSES],
    /// The room that the messages in `classes` take.
    waiting: usize,
    /// The room that those in `returned` and `later` take.
    aside: usize,
    /// Messages that were out before and keep their place, by class and message id.
    returned: BTreeMap<(u8, u64), Attempt>,
    /// Released messages on disk that no page brings, by class and message id.
    released: BTreeSet<(u8, u64)>,
    /// Messages that were put aside, by the time at which they may be tried again and message id.
    later: BTreeMap<(u64, u64), Attempt>,
}

#[derive(Debug, Default)]
struct ClassQueue {
    waiting: VecDeque<QueuedRow>,
    /// The last id that was taken into memory.
    last_seen: u64,
    /// True if there may be more on disk.
    on_disk: bool,
    /// The number of times that a message was left on disk only, to see whether a page that was read was the last.
    spills: u64,
}

/// A page to read from disk.
#[derive(Clone, Copy, Debug)]
pub struct Refill {
    /// The class that is read.
    pub class: u8,
    /// The message that the page begins after.
    pub after: u64,
    spills: u64,
}

impl State {
    fn put_back(&mut self, attempt: Attempt) {
        self.aside += room_of(&attempt.row);
        let before = self.returned.insert((attempt.key.class, attempt.key.message_id), attempt);
        self.aside -= before.map_or(0, |before| room_of(&before.row));
    }

    fn put_later(&mut self, due: u64, attempt: Attempt) {
        self.aside += room_of(&attempt.row);
        let before = self.later.insert((due, attempt.key.message_id), attempt);
        self.aside -= before.map_or(0, |before| room_of(&before.row));
    }

    /// The room that is taken, of the capacity.
    fn room_taken(&self) -> usize {
        self.waiting + self.aside
    }
}

/// The room that a row takes, in messages of usual length.
fn room_of(row: &[u8]) -> usize {
    1 + row.len() / OCTETS_PER_MESSAGE
}

impl Backlog {
    /// The backlog of an operator that may have messages on disk from before.
    pub fn new(first_choice: OperatorNumber, capacity: usize) -> Self {
        let class = || ClassQueue { on_disk: true, ..ClassQueue::default() };
        let state = State {
            classes: std::array::from_fn(|_| class()),
            waiting: 0,
            aside: 0,
            returned: BTreeMap::new(),
            released: BTreeSet::new(),
            later: BTreeMap::new(),
        };
        Self { first_choice, capacity: capacity.max(1), state: Mutex::new(state) }
    }

    /// Takes a message that has just become durable, or leaves it on disk.
    pub fn push(&self, row: QueuedRow) {
        let mut state = self.state.lock();
        let full = state.waiting >= self.capacity;
        let Some(class) = state.classes.get_mut(usize::from(row.key.class)) else {
            unreachable!("a message of class {} is queued", row.key.class)
        };
        if row.key.message_id <= class.last_seen {
            return;
        }
        if full || class.on_disk {
            class.on_disk = true;
            class.spills += 1;
            return;
        }
        class.last_seen = row.key.message_id;
        let room = room_of(&row.bytes);
        class.waiting.push_back(row);
        state.waiting += room;
    }

    /// Takes a scheduled message that is due and has just come into the queue, or leaves it on disk.
    pub fn push_released(&self, row: QueuedRow) {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let place = (row.key.class, row.key.message_id);
        let Some(class) = state.classes.get_mut(usize::from(row.key.class)) else {
            unreachable!("a message of class {} is queued", row.key.class)
        };
        if class.on_disk && row.key.message_id > class.last_seen {
            // A page is still to bring it.
            class.spills += 1;
        } else if state.room_taken() >= self.capacity {
            state.released.insert(place);
        } else {
            state.put_back(Attempt::new(row));
        }
    }

    /// Released messages to read by their keys now, where there is room for them.
    pub fn take_released(&self) -> Vec<QueueKey> {
        let mut state = self.state.lock();
        let room = self.capacity.saturating_sub(state.room_taken()).min(PAGE);
        let first_choice = self.first_choice;
        let next = std::iter::from_fn(|| state.released.pop_first());
        next.take(room).map(|(class, message_id)| QueueKey { first_choice, class, message_id }).collect()
    }

    /// Takes a released message that was read, or remembers its key again where it could not be.
    pub fn bring_released(&self, key: QueueKey, row: Option<QueuedRow>) {
        let (mut state, place) = (self.state.lock(), (key.class, key.message_id));
        match row {
            Some(row) => state.put_back(Attempt::new(row)),
            None => drop(state.released.insert(place)),
        }
    }

    /// Puts a message back in its place.
    pub fn put_back(&self, attempt: Attempt) {
        self.state.lock().put_back(attempt);
    }

    /// Puts a message aside until `due`.
    pub fn put_later(&self, due: u64, attempt: Attempt) {
        self.state.lock().put_later(due, attempt);
    }

    /// The next message to send at `now`: of the most urgent class, the oldest.
    pub fn pop(&self, now: u64) -> Option<Attempt> {
        let mut state = self.state.lock();
        while let Some(entry) = state.later.first_entry().filter(|entry| entry.key().0 <= now) {
            let attempt = entry.remove();
            state.aside -= room_of(&attempt.row);
            state.put_back(attempt);
        }
        let fresh = state.classes.iter().find_map(|class| class.waiting.front());
        let fresh = fresh.map(|row| (row.key.class, row.key.message_id));
        let returned = state.returned.first_key_value().map(|(place, _)| *place);
        match (returned, fresh) {
            (Some(returned), fresh) if fresh.is_none_or(|fresh| returned < fresh) => {
                let attempt = state.returned.pop_first().map(|(_, attempt)| attempt)?;
                state.aside -= room_of(&attempt.row);
                Some(attempt)
            }
            (_, Some((class, _))) => {
                let row = state.classes.get_mut(usize::from(class))?.waiting.pop_front()?;
                state.waiting -= room_of(&row.bytes);
                Some(Attempt::new(row))
            }
            _ => None,
        }
    }

    /// The page to read now, where a class has none left in memory and more on disk. While many messages wait to be
    /// tried again none is read, as it could not be sent either.
    pub fn wants_page(&self) -> Option<Refill> {
        let state = self.state.lock();
        if state.aside >= self.capacity {
            return None;
        }
        let dry =
            state.classes.iter().zip(0u8..).find(|(class, _)| class.on_disk && class.waiting.is_empty());
        dry.map(|(class, number)| Refill { class: number, after: class.last_seen, spills: class.spills })
    }

    /// Takes a page that was read, and that was the last one if `is_last`; `known` are messages that are on their way
    /// already, since before a restart.
    pub fn take_page(
        &self,
        refill: Refill,
        rows: Vec<QueuedRow>,
        is_last: bool,
        known: impl Fn(u64) -> bool,
    ) {
        let mut state = self.state.lock();
        let Some(class) = state.classes.get_mut(usize::from(refill.class)) else {
            unreachable!("a page of class {} was asked for", refill.class)
        };
        if is_last && class.spills == refill.spills {
            class.on_disk = false;
        }
        let mut taken = 0;
        for row in rows {
            if row.key.message_id <= class.last_seen {
                continue;
            }
            class.last_seen = row.key.message_id;
            if !known(row.key.message_id) {
                taken += room_of(&row.bytes);
                class.waiting.push_back(row);
            }
        }
        state.waiting += taken;
    }

    /// Ends the wait of messages that were put aside without being offered to an operator, as one has come back.
    pub fn recall(&self) {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let never_offered: Vec<_> = state
            .later
            .iter()
            .filter(|(_, attempt)| attempt.attempts == 0)
            .map(|(place, _)| *place)
            .collect();
        for place in never_offered {
            if let Some(attempt) = state.later.remove(&place) {
                state.aside -= room_of(&attempt.row);
                state.put_back(attempt);
            }
        }
    }

    /// The messages in memory that an operator may have already, each with the operator.
    pub fn in_doubt(&self) -> Vec<(OperatorNumber, QueueKey)> {
        let state = self.state.lock();
        let attempts = state.returned.values().chain(state.later.values());
        attempts.filter_map(|attempt| Some((attempt.may_be_at?, attempt.key))).collect()
    }

    /// The time at which the message in memory that waits longest was submitted.
    pub fn oldest(&self) -> Option<UnixMicros> {
        let state = self.state.lock();
        let submitted_at = |id: u64, row: &[u8]| Some(Message::read(id, row)?.ticket.submitted_at);
        let waiting = state.classes.iter().filter_map(|class| class.waiting.front());
        let waiting = waiting.filter_map(|row| submitted_at(row.key.message_id, &row.bytes));
        // These are few, and in no order of time.
        let aside = state.returned.values().chain(state.later.values());
        waiting.chain(aside.filter_map(|attempt| submitted_at(attempt.key.message_id, &attempt.row))).min()
    }

    /// The number of messages in memory, and true if there are more on disk.
    pub fn len(&self) -> (usize, bool) {
        let state = self.state.lock();
        let more = state.classes.iter().any(|class| class.on_disk) || !state.released.is_empty();
        let waiting: usize = state.classes.iter().map(|class| class.waiting.len()).sum();
        (waiting + state.returned.len() + state.later.len(), more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: OperatorNumber = OperatorNumber(1);

    fn row(class: u8, message_id: u64) -> QueuedRow {
        QueuedRow { key: QueueKey { first_choice: HOME, class, message_id }, bytes: Box::default() }
    }

    /// A queue that has seen that there is nothing on disk.
    fn drained(capacity: usize) -> Backlog {
        let queue = Backlog::new(HOME, capacity);
        while let Some(refill) = queue.wants_page() {
            queue.take_page(refill, Vec::new(), true, |_| false);
        }
        queue
    }

    fn ids(queue: &Backlog) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop(0)).map(|attempt| attempt.key.message_id).collect()
    }

    #[test]
    fn urgent_messages_go_first_and_each_class_in_order() {
        let queue = drained(10);
        for (class, id) in [(3, 1), (3, 2), (0, 3), (2, 4), (0, 5)] {
            queue.push(row(class, id));
        }
        assert_eq!(ids(&queue), [3, 5, 4, 1, 2]);
    }

    #[test]
    fn what_does_not_fit_is_read_back_once() {
        let queue = drained(2);
        (1..=5).for_each(|id| queue.push(row(3, id)));
        assert_eq!(queue.len(), (2, true));
        assert_eq!(ids(&queue), [1, 2]);
        let refill = queue.wants_page().unwrap();
        assert_eq!((refill.class, refill.after), (3, 2));
        // While the page is read another message becomes durable, and is seen in the page too.
        queue.push(row(3, 6));
        queue.take_page(refill, (3..=6).map(|id| row(3, id)).collect(), true, |_| false);
        assert_eq!(ids(&queue), [3, 4, 5, 6]);
        let refill = queue.wants_page().expect("a message was left on disk while the page was read");
        queue.take_page(refill, Vec::new(), true, |_| false);
        assert_eq!(queue.wants_page().map(|refill| refill.after), None);
        queue.push(row(3, 6));
        queue.push(row(3, 7));
        assert_eq!(ids(&queue), [7], "a late word of what the page brought is not a second message");
    }

    #[test]
    fn after_a_restart_the_disk_is_read_but_for_what_is_on_its_way() {
        let queue = Backlog::new(HOME, 10);
        for class in 0..4 {
            let refill = queue.wants_page().unwrap();
            assert_eq!(refill.class, class);
            let rows = if class == 3 { vec![row(3, 1), row(3, 2)] } else { Vec::new() };
            queue.take_page(refill, rows, true, |id| id == 1);
        }
        assert_eq!(ids(&queue), [2]);
    }

    #[test]
    fn a_message_put_aside_comes_when_it_is_due() {
        let queue = drained(10);
        queue.push(row(3, 2));
        queue.put_later(100, Attempt::new(row(3, 1)));
        assert_eq!(queue.pop(99).unwrap().key.message_id, 2);
        assert!(queue.pop(99).is_none());
        assert_eq!(queue.pop(100).unwrap().key.message_id, 1);
    }

    #[test]
    fn what_comes_back_keeps_its_place() {
        let queue = drained(10);
        for (class, id) in [(3, 1), (3, 2), (0, 3), (3, 4)] {
            queue.push(row(class, id));
        }
        let out: Vec<_> = std::iter::from_fn(|| queue.pop(0)).take(3).collect();
        for (due, attempt) in (10..).zip(out) {
            queue.put_later(due, attempt);
        }
        queue.push(row(2, 5));
        let order: Vec<_> =
            std::iter::from_fn(|| queue.pop(20)).map(|attempt| attempt.key.message_id).collect();
        assert_eq!(order, [3, 5, 1, 2, 4]);
    }

    #[test]
    fn a_released_message_is_sent_though_younger_ones_went_before() {
        let queue = drained(10);
        (2..=5).for_each(|id| queue.push(row(3, id)));
        assert_eq!(ids(&queue), [2, 3, 4, 5]);
        queue.push_released(row(3, 1));
        queue.push(row(3, 6));
        assert_eq!(ids(&queue), [1, 6]);
        assert!(queue.wants_page().is_none());
    }

    #[test]
    fn a_released_message_that_a_page_is_to_bring_comes_once() {
        let queue = drained(2);
        for id in [1, 2, 5] {
            queue.push(row(3, id));
        }
        queue.push_released(row(3, 4));
        assert_eq!(ids(&queue), [1, 2]);
        let refill = queue.wants_page().unwrap();
        queue.take_page(refill, vec![row(3, 4), row(3, 5)], true, |_| false);
        assert_eq!(ids(&queue), [4, 5]);
        let queue = Backlog::new(HOME, 10);
        queue.push_released(row(3, 4));
        assert!(ids(&queue).is_empty(), "after a restart everything is read from disk");
        assert!(queue.wants_page().is_some());
    }

    #[test]
    fn released_messages_without_room_are_read_by_their_keys() {
        let queue = drained(2);
        (8..=9).for_each(|id| queue.push(row(3, id)));
        (1..=4).for_each(|id| queue.push_released(row(3, id)));
        assert!(queue.take_released().is_empty());
        assert_eq!((ids(&queue), queue.len()), (vec![8, 9], (0, true)));
        let keys = queue.take_released();
        assert_eq!(keys.iter().map(|key| key.message_id).collect::<Vec<_>>(), [1, 2]);
        queue.bring_released(keys[0], Some(row(3, 1)));
        queue.bring_released(keys[1], None);
        assert_eq!(ids(&queue), [1]);
        let keys = queue.take_released();
        assert_eq!(keys.iter().map(|key| key.message_id).collect::<Vec<_>>(), [2, 3]);
        for key in keys {
            queue.bring_released(key, Some(row(3, key.message_id)));
        }
        assert_eq!(ids(&queue), [2, 3]);
        assert_eq!(queue.take_released().len(), 1);
        assert_eq!(queue.len(), (0, false));
    }

    #[test]
    fn what_was_offered_to_nobody_is_recalled() {
        let queue = drained(10);
        let offered = Attempt { attempts: 1, ..Attempt::new(row(3, 1)) };
        queue.put_later(100, offered);
        queue.put_later(100, Attempt::new(row(3, 2)));
        queue.recall();
        assert_eq!(ids(&queue), [2]);
    }

    #[test]
    fn long_messages_take_the_room_of_many() {
        let queue = drained(100);
        let long = |id| QueuedRow { bytes: vec![0; 65_000].into(), ..row(3, id) };
        (1..=20).for_each(|id| queue.push(long(id)));
        assert_eq!(queue.len(), (7, true), "each takes the room of sixteen");
        let refill = queue.wants_page();
        assert!(refill.is_none(), "there are some in memory");
        let first = queue.pop(0).unwrap();
        queue.put_later(100, first);
        assert_eq!(ids(&queue), [2, 3, 4, 5, 6, 7]);
        let refill = queue.wants_page().unwrap();
        queue.take_page(refill, vec![long(8), long(9)], false, |_| false);
        assert_eq!(queue.pop(100).unwrap().key.message_id, 1);
        assert_eq!(ids(&queue), [8, 9]);
        let refill = queue.wants_page().expect("the page was not the last");
        queue.take_page(refill, vec![long(10)], true, |_| false);
        assert_eq!((ids(&queue), queue.len()), (vec![10], (0, false)));
        assert_eq!(queue.state.lock().room_taken(), 0);
    }
}
