//! The memory of one block of ten thousand numbers: how many different ones were sent to, and in what order.

use super::networks::Familiarity;
use super::outcomes::Outcomes;
use super::range::Block;
use crate::network::NetworkCode;
use crate::time::UnixMicros;

/// Places of the map of numbers that were seen; a prime, so that steps of any width reach all of them.
const PLACES: u16 = 251;
/// Numbers that evidence lists.
pub const EXAMPLES_MAX: usize = 10;
/// The widest step between two numbers that still counts as one in sequence.
const STEP_MAX: u16 = 16;
/// Numbers of a span that is filled, for each one that was sent to.
const DENSE_SPAN: u32 = 4;
/// Numbers from which on a filled span is no chance.
const DENSE_NUMBERS: u16 = 24;
/// Numbers from which on a list that is sorted is as close together as one that is not.
const SORTED_NUMBERS: u32 = 100;
/// Steps from which on one can tell that several workers send a sorted list.
const WORKERS_STEPS: u32 = 12;
/// Messages to few numbers from which on these are sent to again and again.
const HAMMERED_MESSAGES: u16 = 100;
/// The fewest of such numbers; fewer may be the people who are woken by alarms.
const HAMMERED_NUMBERS: u16 = 5;

/// A number of the block, and the messages to it.
#[derive(Clone, Copy, Debug, Default)]
struct Example {
    offset: u16,
    messages: u16,
}

/// The traffic to one block.
#[derive(Clone, Debug)]
pub struct Track {
    /// The block of numbers.
    pub block: Block,
    /// The network of its first number.
    pub network: NetworkCode,
    /// The price of a segment there.
    pub price: u64,
    /// The place of its network in the account's traffic before it began.
    pub familiarity: Familiarity,
    /// The time at which it began.
    pub since: UnixMicros,
    /// The count of the account's messages at its latest one.
    pub latest: u32,
    /// Messages to the block.
    pub messages: u16,
    /// Different numbers, at the least.
    pub numbers: u16,
    /// Messages that have ended.
    pub outcomes: Outcomes,
    /// Messages to neighbours in the hundred blocks around it since it began, and those to neighbours that were known.
    pub neighbours: u32,
    /// The same of the thousand blocks around it, without the ten around it.
    pub far_neighbours: u32,
    seen: [u64; 4],
    examples: [Example; EXAMPLES_MAX],
    last: u16,
    mean: u16,
    lowest: u16,
    highest: u16,
    steps: u16,
    short_steps: u16,
    ascending: u16,
    rising: u16,
}

impl Track {
    /// Before its first message.
    pub fn new(
        block: Block,
        network: NetworkCode,
        price: u64,
        familiarity: Familiarity,
        since: UnixMicros,
    ) -> Self {
        Self {
            block,
            network,
            price,
            familiarity,
            since,
            latest: 0,
            messages: 0,
            numbers: 0,
            outcomes: Outcomes::default(),
            neighbours: 0,
            far_neighbours: 0,
            seen: [0; 4],
            examples: [Example::default(); EXAMPLES_MAX],
            last: 0,
            mean: 0,
            lowest: u16::MAX,
            highest: 0,
            steps: 0,
            short_steps: 0,
            ascending: 0,
            rising: 0,
        }
    }

    /// Counts a message. True if its number is a new one.
    pub fn count(&mut self, number: u64, latest: u32) -> bool {
        let offset = self.block.offset(number);
        self.latest = latest;
        self.messages = self.messages.saturating_add(1);
        let is_new = self.mark(offset);
        self.note_example(offset, is_new);
        if is_new {
            if self.numbers > 0 {
                self.step_to(offset);
            } else {
                self.mean = offset;
            }
            self.numbers = self.numbers.saturating_add(1);
            self.last = offset;
            self.lowest = self.lowest.min(offset);
            self.highest = self.highest.max(offset);
        }
        is_new
    }

    fn mark(&mut self, offset: u16) -> bool {
        let place = offset % PLACES;
        let Some(word) = self.seen.get_mut(usize::from(place / 64)) else { return false };
        let bit = 1 << (place % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    fn note_example(&mut self, offset: u16, is_new: bool) {
        let kept = usize::from(self.numbers).min(EXAMPLES_MAX);
        let known = self.examples.iter_mut().take(kept).find(|example| example.offset == offset);
        if let Some(example) = known {
            example.messages = example.messages.saturating_add(1);
        } else if is_new && let Some(free) = self.examples.get_mut(kept) {
            *free = Example { offset, messages: 1 };
        }
    }

    fn step_to(&mut self, offset: u16) {
        self.steps = self.steps.saturating_add(1);
        if self.last.abs_diff(offset) <= STEP_MAX {
            self.short_steps = self.short_steps.saturating_add(1);
        }
        self.ascending = self.ascending.saturating_add(u16::from(offset > self.last));
        // A list that is sorted is ahead of where it was a few numbers ago, even if several workers send it.
        if offset > self.mean {
            self.rising = self.rising.saturating_add(1);
            self.mean += ((offset - self.mean) / 8).max(1);
        } else {
            self.mean -= (self.mean - offset) / 8;
        }
    }

    /// True if its numbers go on in short steps, or fill their span in whatever order.
    pub fn is_sequence(&self, least: u32) -> bool {
        if u32::from(self.numbers) < least {
            return false;
        }
        let steps_are_short = u32::from(self.short_steps) * 10 >= u32::from(self.steps) * 6;
        let span = u32::from(self.highest.saturating_sub(self.lowest)) + 1;
        let is_filled = self.numbers >= DENSE_NUMBERS && span <= u32::from(self.numbers) * DENSE_SPAN;
        steps_are_short || is_filled
    }

    /// True if its numbers come in order with gaps between them, as those of a sorted list of customers do.
    pub fn is_sorted_list(&self) -> bool {
        let steps = u32::from(self.steps);
        let is_one_way = |upwards: u16| {
            let percent = u32::from(upwards) * 100;
            percent >= steps * 85 || percent <= steps * 15
        };
        let is_in_order =
            steps >= 3 && is_one_way(self.ascending) || steps >= WORKERS_STEPS && is_one_way(self.rising);
        is_in_order && u32::from(self.short_steps) * 2 < steps && u32::from(self.numbers) < SORTED_NUMBERS
    }

    /// True if at least a quarter of the traffic to the hundred blocks around it goes to it.
    pub fn is_concentrated(&self) -> bool {
        u32::from(self.numbers) * 3 >= self.neighbours
    }

    /// True if it is one of the few blocks that the traffic to its region goes to.
    pub fn is_cluster(&self, least: u16) -> bool {
        self.numbers >= least && self.is_concentrated() && !self.is_sorted_list()
    }

    /// True if few numbers get many messages each.
    pub fn is_hammered(&self) -> bool {
        self.messages >= HAMMERED_MESSAGES && self.is_cluster(HAMMERED_NUMBERS)
    }

    /// The first numbers that were sent to, with how many messages each.
    pub fn examples(&self) -> impl Iterator<Item = (u64, u16)> {
        let kept = usize::from(self.numbers).min(EXAMPLES_MAX);
        self.examples.iter().take(kept).map(|example| (self.block.number(example.offset), example.messages))
    }
}
