//! The outcomes of messages, by region of a million numbers: the ranges for which a delivery rate falls away.

use std::collections::VecDeque;

use super::outcomes::{AccountOutcomes, Fall, Outcomes};
use super::range::{Block, Range};
use crate::network::NetworkCode;

/// Regions that are remembered.
const REGIONS_MAX: usize = 24;
/// Digits that a region leaves open beside those of a block.
const REGION_DIGITS: u8 = 2;
/// The latest numbers that were not reached, for the evidence.
const FAILED_MAX: usize = 16;

/// The outcomes of one region.
#[derive(Clone, Copy, Debug)]
struct Region {
    range: Block,
    fall: Fall,
    latest: u32,
}

/// The outcomes of all regions of an account.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    known: Vec<Region>,
    failed: VecDeque<(u64, NetworkCode)>,
    ended: u32,
}

impl Regions {
    /// Counts an ended message. Its region with the latest outcomes, where the rate has fallen away there and not
    /// everywhere.
    pub fn count(
        &mut self,
        number: u64,
        network: NetworkCode,
        is_delivered: bool,
        account: AccountOutcomes,
        percent: u32,
    ) -> Option<(Block, Outcomes)> {
        self.ended = self.ended.saturating_add(1);
        if !is_delivered {
            self.failed.truncate(FAILED_MAX - 1);
            self.failed.push_front((number, network));
        }
        let (range, ended) = (Block::of(number).wider(REGION_DIGITS), self.ended);
        let region = self.region(range)?;
        region.latest = ended;
        let fallen = region.fall.count(is_delivered, account, percent)?;
        Some((range, fallen))
    }

    fn region(&mut self, range: Block) -> Option<&mut Region> {
        let known = self.known.iter().position(|region| region.range == range);
        let new = Region { range, fall: Fall::default(), latest: 0 };
        let place = match known {
            Some(place) => place,
            None if self.known.len() < REGIONS_MAX => {
                self.known.push(new);
                self.known.len() - 1
            }
            None => {
                let eldest = self.known.iter().enumerate().min_by_key(|(_, region)| region.latest);
                let place = eldest.map_or(0, |(place, _)| place);
                *self.known.get_mut(place)? = new;
                place
            }
        };
        self.known.get_mut(place)
    }

    /// The latest numbers of a range that were not reached, the latest first.
    pub fn failed_of(&self, range: Range) -> impl Iterator<Item = u64> {
        let failed = self.failed.iter().copied();
        failed.filter(move |(number, network)| range.holds(*number, *network)).map(|(number, _)| number)
    }

    /// Octets on the heap.
    pub fn heap_octets(&self) -> usize {
        self.known.capacity() * size_of::<Region>() + self.failed.capacity() * size_of::<(u64, NetworkCode)>()
    }
}
