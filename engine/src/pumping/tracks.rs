//! The blocks of numbers that an account sends to: a bounded table in which those stay that much traffic returns to.

use super::networks::Familiarity;
use super::outcomes::Outcomes;
use super::range::Block;
use super::sent::Sent;
use super::track::Track;
use crate::time::UnixMicros;

/// Blocks that are remembered.
const TRACKS_MAX: usize = 48;
/// Places that are made at once: most accounts need few.
const GROWTH: usize = 8;
/// Time after which a block is looked at afresh.
const LIFE_MICROS: u64 = 4 * 3_600_000_000;
/// Numbers from which on a block that traffic is concentrated on is not given up for another.
const HELD_NUMBERS: u16 = 3;
/// Different numbers in ten blocks side by side from which on they are one narrow range.
const WIDE_NUMBERS: u32 = 60;
/// Of these ten blocks, those that the latest messages went to.
const WIDE_BLOCKS: usize = 5;
/// Different numbers, and blocks that the latest messages went to, from which on these come in no order at all.
const ALL_OVER_NUMBERS: u32 = 100;
const ALL_OVER_BLOCKS: usize = 7;
/// The latest messages.
const WIDE_MESSAGES: u32 = 24;

/// The blocks of one account.
#[derive(Clone, Debug, Default)]
pub struct Tracks {
    tracks: Vec<Track>,
}

/// Ten blocks side by side.
#[derive(Clone, Copy, Debug)]
pub struct WideRange {
    /// Different numbers in them.
    pub numbers: u32,
    /// Messages that have ended.
    pub outcomes: Outcomes,
    /// True if the latest messages went to most of them, so that it is no sorted list that several workers send.
    pub is_all_over: bool,
}

impl Tracks {
    /// Counts a message, the account's `latest` one. The place of its block, and true if its number is a new one.
    pub fn count(
        &mut self,
        sent: &Sent,
        latest: u32,
        now: UnixMicros,
        familiarity: impl FnOnce() -> Familiarity,
    ) -> (usize, bool) {
        let block = Block::of(sent.number);
        let (mut place, mut near, mut far) = (None, 0, 0);
        for (index, track) in self.tracks.iter_mut().enumerate() {
            if track.block == block {
                place = Some(index);
                continue;
            }
            if track.block.is_near(block) {
                track.neighbours = track.neighbours.saturating_add(1);
                near += u32::from(track.numbers);
            }
            if track.block.is_far(block) {
                track.far_neighbours = track.far_neighbours.saturating_add(1);
                far += u32::from(track.numbers);
            }
        }
        let known = place.filter(|place| self.tracks.get(*place).is_some_and(|track| !is_over(track, now)));
        let place = known.unwrap_or_else(|| {
            let mut track = Track::new(block, sent.network, sent.price, familiarity(), now);
            (track.neighbours, track.far_neighbours) = (near, far);
            self.put(place, track, now)
        });
        let is_new = self.tracks.get_mut(place).is_some_and(|track| track.count(sent.number, latest));
        (place, is_new)
    }

    fn put(&mut self, place: Option<usize>, track: Track, now: UnixMicros) -> usize {
        if place.is_none() && self.tracks.len() < TRACKS_MAX {
            if self.tracks.len() == self.tracks.capacity() {
                self.tracks.reserve_exact(GROWTH);
            }
            self.tracks.push(track);
            return self.tracks.len() - 1;
        }
        let place = place.unwrap_or_else(|| self.given_up(now));
        if let Some(given_up) = self.tracks.get_mut(place) {
            *given_up = track;
        }
        place
    }

    /// The place of the block that is given up for another: the one without a message for longest, and of those that
    /// traffic is concentrated on only where there are no others.
    fn given_up(&self, now: UnixMicros) -> usize {
        let value = |track: &Track| (!is_over(track, now) && track.is_cluster(HELD_NUMBERS), track.latest);
        let least = self.tracks.iter().enumerate().min_by_key(|(_, track)| value(track));
        least.map_or(0, |(place, _)| place)
    }

    /// The block at a place.
    pub fn get(&self, place: usize) -> Option<&Track> {
        self.tracks.get(place)
    }

    /// The block of a number, where it is remembered.
    pub fn of_number(&mut self, number: u64) -> Option<(usize, &mut Track)> {
        let block = Block::of(number);
        self.tracks.iter_mut().enumerate().find(|(_, track)| track.block == block)
    }

    /// The ten blocks around this one, where these are one narrow range that the account's `latest` messages go to.
    pub fn wide_range(&self, track: &Track, latest: u32) -> Option<WideRange> {
        let beside = || self.tracks.iter().filter(|other| other.block.is_beside(track.block));
        let (mut numbers, mut active, mut outcomes) = (0, 0, Outcomes::default());
        for other in beside().filter(|other| !other.is_sorted_list()) {
            numbers += u32::from(other.numbers);
            active += usize::from(latest.saturating_sub(other.latest) < WIDE_MESSAGES);
            outcomes.add(other.outcomes);
        }
        let elsewhere = beside().map(|other| other.far_neighbours).max().unwrap_or_default();
        let is_range = numbers >= WIDE_NUMBERS && active >= WIDE_BLOCKS && numbers * 3 >= elsewhere;
        let is_all_over = numbers >= ALL_OVER_NUMBERS && active >= ALL_OVER_BLOCKS;
        is_range.then_some(WideRange { numbers, outcomes, is_all_over })
    }

    /// Looks afresh at all that the condition holds for.
    pub fn forget(&mut self, is_meant: impl Fn(&Track) -> bool) {
        self.tracks.retain(|track| !is_meant(track));
    }

    /// Octets on the heap.
    pub fn heap_octets(&self) -> usize {
        self.tracks.capacity() * size_of::<Track>()
    }
}

fn is_over(track: &Track, now: UnixMicros) -> bool {
    now.0.saturating_sub(track.since.0) >= LIFE_MICROS
}
