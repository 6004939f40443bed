//! A text in the units that its coding is charged by, and how many parts of a given size it takes.

use std::iter;

use super::coding::Coding;
use super::data_coding::Alphabet;
use crate::gsm7::{self, ESCAPE, Septets};

/// The text of a message, without its header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'a> {
    alphabet: Alphabet,
    octets: &'a [u8],
    /// The units that the network sends it in.
    pub coding: Coding,
    /// Septets, UTF-16 units or octets.
    pub units: usize,
}

impl<'a> Content<'a> {
    pub(super) fn new(alphabet: Alphabet, octets: &'a [u8]) -> Self {
        let (coding, units) = match alphabet {
            Alphabet::Septets => (Coding::Gsm7, octets.len()),
            Alphabet::Octets => (Coding::Octets, octets.len()),
            Alphabet::Utf16 => (Coding::Ucs2, octets.len().div_ceil(2)),
            Alphabet::Latin1 => match septets_of_latin1(octets) {
                Some(septets) => (Coding::Gsm7, septets),
                None => (Coding::Ucs2, octets.len()),
            },
        };
        Self { alphabet, octets, coding, units }
    }

    /// Number of parts of `capacity` units that it takes, at least one. A capacity below two could not hold a
    /// pair.
    pub(super) fn parts(&self, capacity: usize) -> usize {
        match (self.alphabet, self.coding) {
            (Alphabet::Latin1, Coding::Gsm7) => self.parts_of_latin1(capacity),
            _ => self.part_ends(capacity).count(),
        }
    }

    /// The end of each part of `capacity` units, in units; not for Latin-1 that is sent as septets.
    pub(super) fn part_ends(&self, capacity: usize) -> impl Iterator<Item = usize> {
        let end_of = move |start| match start + capacity {
            end if end >= self.units => self.units,
            end if self.cuts_pair(start, end) => end - 1,
            end => end,
        };
        iter::successors(Some(end_of(0)), move |end| (*end < self.units).then(|| end_of(*end)))
    }

    /// True if a part from `start` that ends before `end` would end inside a pair.
    fn cuts_pair(&self, start: usize, end: usize) -> bool {
        match self.alphabet {
            Alphabet::Septets => {
                // Behind an even run of escapes the last of them is the second of its pair.
                let run = self.octets[start..end].iter().rev().take_while(|octet| **octet == ESCAPE);
                run.count() % 2 == 1
            }
            Alphabet::Utf16 => matches!(self.octets[2 * end - 2..], [0xD8..=0xDB, _, 0xDC..=0xDF, ..]),
            Alphabet::Latin1 | Alphabet::Octets => false,
        }
    }

    fn parts_of_latin1(&self, capacity: usize) -> usize {
        let (mut parts, mut used) = (1, 0);
        for septets in self.octets.iter().filter_map(|octet| gsm7::latin1_septets(*octet)).map(Septets::count)
        {
            used += usize::from(septets);
            if used > capacity {
                parts += 1;
                used = usize::from(septets);
            }
        }
        parts
    }
}

/// `None` where a character has no septets.
fn septets_of_latin1(octets: &[u8]) -> Option<usize> {
    octets.iter().map(|octet| gsm7::latin1_septets(*octet).map(|septets| usize::from(septets.count()))).sum()
}
