//! The messages that operators have, by the ids that the operators gave them: a bounded number of the latest in memory,
//! whether their receipt has come or not; older ones are looked up on disk.

use std::collections::VecDeque;
use std::hash::Hasher;

use rustc_hash::FxHasher;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::effect::UnmatchedReason;
use crate::few::Index;
use crate::input::{AcceptedMessage, Receipt};
use crate::likeness::{Likeness, tail};
use crate::receipt_ids::Reading;
use crate::unmatched::Arrived;

/// The stage that a message in memory has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its acceptance is on its way to disk.
    Reported,
    /// Its receipt is waited for.
    Awaited,
    /// It was accepted once more, and that receipt is waited for; one of its own ends it all the same.
    Superseded,
    /// It has ended.
    Settled,
}

/// A message in memory.
#[derive(Debug)]
pub struct Entry {
    /// The message itself.
    pub message: AcceptedMessage,
    /// The stage that it has reached.
    pub stage: Stage,
    /// Receipts that came before its acceptance was durable.
    pub early: Vec<Arrived>,
    /// True if it may be in memory more than once.
    may_be_twice: bool,
}

/// The messages in memory, the oldest first.
#[derive(Debug, Default)]
pub struct Accepted {
    entries: VecDeque<Entry>,
    /// The number of the first of them.
    first: u64,
    by_id: Index,
    by_tail: Index,
    awaited: u64,
    awaited_on_disk: u64,
    /// Messages in memory that may be there twice.
    twice: u64,
    /// True if there are, or may be, messages on disk that are not in memory.
    has_more: bool,
}

/// The message that a receipt means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// A message in memory, by its number.
    InMemory(u64, Certainty),
    /// A message on disk.
    OnDisk(Box<AcceptedMessage>),
    /// None, or none that can be told; with the only message that has its id, where it goes to another number.
    None(UnmatchedReason, Option<Box<AcceptedMessage>>),
}

/// The certainty that no message on disk is meant just as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// No other can be.
    Sure,
    /// One on disk may have the same id, and the addresses do not tell.
    MayBeOther,
}

/// The rank of a message among those that a receipt may mean.
type Rank = (Likeness, bool, bool);

fn hash(operator: OperatorNumber, id: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u16(operator.0);
    hasher.write(id);
    hasher.finish()
}

impl Accepted {
    /// With so many on disk that wait for a receipt.
    pub fn new(awaited_on_disk: u64, has_more: bool) -> Self {
        Self { awaited_on_disk, has_more, ..Self::default() }
    }

    /// Adds a message whose acceptance was reported. Returns its number.
    pub fn add(&mut self, message: AcceptedMessage, may_be_twice: bool) -> u64 {
        if may_be_twice {
            self.twice += 1;
            self.supersede(message.message_id);
        }
        let number = self.first + self.entries.len() as u64;
        self.by_id.insert(hash(message.operator, &message.upstream_id), number);
        self.by_tail.insert(tail(message.operator, message.addresses.destination()), number);
        self.awaited += u64::from(message.is_awaited);
        self.entries.push_back(Entry { message, stage: Stage::Reported, early: Vec::new(), may_be_twice });
        number
    }

    /// The number of a message that may be in memory under another id as well.
    fn twin(&self, message_id: u64) -> Option<u64> {
        let mut numbered = (self.first..).zip(&self.entries).filter(|_| self.twice > 0);
        numbered.find(|(_, entry)| entry.message.message_id == message_id).map(|(number, _)| number)
    }

    /// A message is about to be in memory once more: only the later receipt is waited for.
    fn supersede(&mut self, message_id: u64) {
        for entry in self.entries.iter_mut().filter(|entry| entry.message.message_id == message_id) {
            self.awaited -= u64::from(std::mem::take(&mut entry.message.is_awaited));
            if entry.stage == Stage::Awaited {
                entry.stage = Stage::Superseded;
            }
        }
    }

    /// A message in memory.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut Entry> {
        let place = number.checked_sub(self.first)?;
        self.entries.get_mut(usize::try_from(place).ok()?)
    }

    /// The acceptance is durable. Returns the receipts that came before.
    pub fn durable(&mut self, number: u64) -> Vec<Arrived> {
        let Some(entry) = self.get_mut(number) else { return Vec::new() };
        entry.stage = match (entry.message.is_awaited, entry.may_be_twice) {
            (true, _) => Stage::Awaited,
            (false, true) => Stage::Superseded,
            (false, false) => Stage::Settled,
        };
        std::mem::take(&mut entry.early)
    }

    /// A message has ended, durably; by its number, where the event that ended it was of one in memory.
    pub fn settled(&mut self, number: Option<u64>, message_id: u64) {
        let number = number.or_else(|| self.twin(message_id));
        let Some(entry) = number.and_then(|number| self.get_mut(number)) else {
            self.awaited_on_disk = self.awaited_on_disk.saturating_sub(1);
            return;
        };
        let (message_id, is_one) = (entry.message.message_id, !entry.may_be_twice);
        entry.stage = Stage::Settled;
        if std::mem::take(&mut entry.message.is_awaited) {
            self.awaited -= 1;
        }
        if is_one {
            return;
        }
        for entry in self.entries.iter_mut().filter(|entry| entry.message.message_id == message_id) {
            self.awaited -= u64::from(std::mem::take(&mut entry.message.is_awaited));
            entry.stage = if entry.stage == Stage::Reported { Stage::Reported } else { Stage::Settled };
        }
    }

    /// Leaves the oldest beyond a bound to the disk.
    pub fn evict(&mut self, at_most: u32) {
        while self.entries.len() > at_most as usize {
            if self.entries.front().is_none_or(|entry| entry.stage == Stage::Reported) {
                return;
            }
            let Some(Entry { message, may_be_twice, .. }) = self.entries.pop_front() else { return };
            self.twice -= u64::from(may_be_twice);
            self.by_id.remove(hash(message.operator, &message.upstream_id), self.first);
            self.by_tail.remove(tail(message.operator, message.addresses.destination()), self.first);
            self.first += 1;
            self.awaited -= u64::from(message.is_awaited);
            self.awaited_on_disk += u64::from(message.is_awaited);
            self.has_more = true;
        }
    }

    /// The first message in memory that was accepted before a date and still waits, by its number.
    pub fn overdue(&self, before: UnixMicros, after: Option<u64>) -> Option<(u64, &AcceptedMessage)> {
        let skipped = after.map_or(0, |after| (after + 1).saturating_sub(self.first));
        let numbered = (self.first..).zip(&self.entries).skip(usize::try_from(skipped).unwrap_or(usize::MAX));
        let mut old = numbered.take_while(|(_, entry)| entry.message.accepted_at <= before);
        old.find(|(_, entry)| entry.stage == Stage::Awaited).map(|(number, entry)| (number, &entry.message))
    }

    /// The date at which the first message in memory that came after a date was accepted.
    pub fn first_after(&self, date: UnixMicros) -> Option<UnixMicros> {
        self.entries.iter().map(|entry| entry.message.accepted_at).find(|at| *at > date)
    }

    /// The number of a message that is in memory under this id.
    pub fn number_of(&self, message: &AcceptedMessage) -> Option<u64> {
        let numbers = self.by_id.get(hash(message.operator, &message.upstream_id)).iter().copied();
        let is_it = |number: &u64| {
            let place = number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
            let entry = place.and_then(|place| self.entries.get(place));
            entry.is_some_and(|entry| entry.message.message_id == message.message_id)
        };
        numbers.into_iter().find(is_it)
    }

    /// The messages that wait for a receipt, in memory and on disk.
    pub fn awaited(&self) -> (u64, u64) {
        (self.awaited, self.awaited_on_disk)
    }

    /// True if there may be messages on disk that are not in memory.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// True if a message of an operator to this number is in memory, whatever has become of it.
    pub fn knows_number(&self, operator: OperatorNumber, number: &[u8]) -> bool {
        !self.by_tail.get(tail(operator, number)).is_empty()
    }

    /// The message that a receipt means: among those that have one of its ids, the one whose addresses it has, and that
    /// waits for a receipt. Of several that are as likely none is, as it would be a guess.
    pub fn meant_by(
        &self,
        operator: OperatorNumber,
        readings: &[Reading],
        receipt: &Receipt,
        on_disk: &[AcceptedMessage],
    ) -> Meant {
        let mut best: Option<(Rank, Candidate<'_>)> = None;
        let (mut is_one, mut known) = (true, Known::default());
        for (place, reading) in readings.iter().enumerate() {
            for candidate in self.with_id(operator, reading, on_disk) {
                let message = candidate.message;
                known.add(message);
                let likeness = Likeness::of(&message.addresses, receipt);
                let is_told = reading.is_believed || likeness >= Likeness::Destination;
                if likeness == Likeness::Contradicted || !is_told {
                    continue;
                }
                let rank = (likeness, message.is_awaited, place == 0);
                match &best {
                    Some((other, _)) if rank < *other => {}
                    // Of those whose receipt has come already it does not matter which has another.
                    Some((other, of)) if rank == *other => {
                        is_one &= !rank.1 || of.message.message_id == message.message_id;
                    }
                    _ => (best, is_one) = (Some((rank, candidate)), true),
                }
            }
        }
        match best {
            Some(_) if !is_one => Meant::None(UnmatchedReason::SeveralMessages, None),
            Some((rank, candidate)) => {
                let is_sure = rank.0 >= Likeness::Destination && rank.1 && rank.2;
                let certainty = if is_sure { Certainty::Sure } else { Certainty::MayBeOther };
                let on_disk = || Meant::OnDisk(Box::new(candidate.message.clone()));
                candidate.number.map_or_else(on_disk, |number| Meant::InMemory(number, certainty))
            }
            None => {
                let reason = match known {
                    Known::None => UnmatchedReason::NoMessage,
                    Known::One(_) | Known::Several => UnmatchedReason::OtherAddresses,
                };
                Meant::None(reason, known.only().map(|only| Box::new(only.clone())))
            }
        }
    }

    /// The messages with an id, in memory and among those that were found on disk.
    fn with_id<'a>(
        &'a self,
        operator: OperatorNumber,
        reading: &'a Reading,
        on_disk: &'a [AcceptedMessage],
    ) -> impl Iterator<Item = Candidate<'a>> {
        let numbers = self.by_id.get(hash(operator, &reading.id));
        let in_memory = numbers.iter().filter_map(|number| {
            let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
            Some(Candidate { number: Some(*number), message: &self.entries.get(place)?.message })
        });
        let has_id = move |message: &AcceptedMessage| {
            message.operator == operator && *message.upstream_id == *reading.id
        };
        let in_memory = in_memory.filter(move |candidate| has_id(candidate.message));
        let is_new =
            move |message: &&AcceptedMessage| has_id(message) && !self.has(numbers, message.message_id);
        let on_disk = on_disk.iter().filter(is_new).map(|message| Candidate { number: None, message });
        in_memory.chain(on_disk)
    }

    fn has(&self, numbers: &[u64], message_id: u64) -> bool {
        let entries = numbers
            .iter()
            .filter_map(|number| self.entries.get(usize::try_from(number.checked_sub(self.first)?).ok()?));
        entries.into_iter().any(|entry| entry.message.message_id == message_id)
    }
}

/// The messages that have one of the ids of a receipt.
#[derive(Clone, Copy, Default)]
enum Known<'a> {
    #[default]
    None,
    One(&'a AcceptedMessage),
    Several,
}

impl<'a> Known<'a> {
    fn add(&mut self, message: &'a AcceptedMessage) {
        *self = match *self {
            Self::None => Self::One(message),
            Self::One(one) if one.message_id == message.message_id => Self::One(one),
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    fn only(self) -> Option<&'a AcceptedMessage> {
        match self {
            Self::One(only) => Some(only),
            Self::None | Self::Several => None,
        }
    }
}

#[derive(Clone, Copy)]
struct Candidate<'a> {
    /// Its number, where it is in memory.
    number: Option<u64>,
    message: &'a AcceptedMessage,
}
