//! RocksDB's write-ahead log and its MANIFEST, which has the same form, read to name the place at which they end or are
//! damaged.
//!
//! Only an error message needs this: RocksDB itself recovers them. The format is described in RocksDB's
//! `db/log_format.h`: blocks of 32 KiB, in which each record has a masked CRC32C of its type and content, its length and
//! its type, and in log files that are written over again also the number of the file.

use std::fmt;
use std::path::{Path, PathBuf};

const BLOCK_OCTETS: usize = 32 * 1024;
const HEAD_OCTETS: usize = 7;
/// Octets of a head with the number of the file.
const RECYCLABLE_HEAD_OCTETS: usize = 11;
/// Types of records whose head has the number of the file.
const RECYCLABLE: [std::ops::RangeInclusive<u8>; 2] = [5..=8, 131..=131];
/// The type of a record that is there to fill a block.
const ZERO: u8 = 0;
const MASK_DELTA: u32 = 0xA282_EAD8;

/// The end of what can be read of a log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEnd {
    /// The file of the log.
    pub path: PathBuf,
    /// The offset of the first octet that is no sound record.
    pub offset: u64,
    /// The thing that is there.
    pub what: What,
}

/// The thing behind the last sound record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The end of the file.
    End,
    /// The beginning of a record.
    BrokenOff,
    /// A damaged record.
    Damaged,
}

impl fmt::Display for LogEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, offset, what } = self;
        let what = match what {
            What::End => "ends",
            What::BrokenOff => "breaks off",
            What::Damaged => "is damaged",
        };
        write!(f, "{} {what} at offset {offset}", path.display())
    }
}

impl LogEnd {
    /// True if a damaged record is there.
    pub fn is_damaged(&self) -> bool {
        self.what == What::Damaged
    }
}

/// The place where the MANIFEST of a directory or one of its logs is damaged first or, if none is, where the last log ends.
/// `None` where there is no log.
pub fn first_damage(folder: &Path) -> Option<LogEnd> {
    if let Some(end) = manifest(folder).and_then(|path| end_of_file(path, 0))
        && end.what != What::End
    {
        return Some(end);
    }
    let mut logs: Vec<(u64, PathBuf)> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let number = path.file_name()?.to_str()?.strip_suffix(".log")?.parse().ok()?;
            Some((number, path))
        })
        .collect();
    logs.sort_unstable();
    let mut last = None;
    for (number, path) in logs {
        let end = end_of_file(path, number)?;
        if end.is_damaged() {
            return Some(end);
        }
        last = Some(end);
    }
    last
}

/// The file that lists the tables and logs of a directory.
fn manifest(folder: &Path) -> Option<PathBuf> {
    let current = std::fs::read_to_string(folder.join("CURRENT")).ok()?;
    Some(folder.join(current.trim_end()))
}

fn end_of_file(path: PathBuf, number: u64) -> Option<LogEnd> {
    let octets = std::fs::read(&path).ok()?;
    let (offset, what) = end_of(&octets, number);
    Some(LogEnd { path, offset: offset as u64, what })
}

/// The offset behind the last sound record, and what follows.
fn end_of(octets: &[u8], number: u64) -> (usize, What) {
    let mut at = 0;
    while at < octets.len() {
        let left_in_block = BLOCK_OCTETS - at % BLOCK_OCTETS;
        if left_in_block < HEAD_OCTETS {
            at += left_in_block;
            continue;
        }
        match record_at(octets, at, left_in_block, number) {
            Record::Sound(length) => at += length,
            Record::None(what) => return (at, what),
        }
    }
    (octets.len(), What::End)
}

enum Record {
    Sound(usize),
    None(What),
}

fn record_at(octets: &[u8], at: usize, left_in_block: usize, number: u64) -> Record {
    let broken_off = Record::None(What::BrokenOff);
    let Some(head) = octets.get(at..at + HEAD_OCTETS) else { return broken_off };
    let [c0, c1, c2, c3, l0, l1, kind] = *head else { return broken_off };
    let is_recyclable = RECYCLABLE.iter().any(|kinds| kinds.contains(&kind));
    let head_octets = if is_recyclable { RECYCLABLE_HEAD_OCTETS } else { HEAD_OCTETS };
    let length = head_octets + usize::from(u16::from_le_bytes([l0, l1]));
    if kind == ZERO && head.iter().all(|octet| *octet == 0) {
        return Record::None(What::End);
    }
    let Some(record) = octets.get(at..at + length) else {
        return broken_off;
    };
    if length > left_in_block {
        return Record::None(What::Damaged);
    }
    if is_recyclable && record.get(HEAD_OCTETS..RECYCLABLE_HEAD_OCTETS) != Some(&number_octets(number)) {
        // What the file held before it was written over.
        return Record::None(What::End);
    }
    let checksum = crc32c::crc32c(record.get(HEAD_OCTETS - 1..).unwrap_or_default());
    let masked = checksum.rotate_right(15).wrapping_add(MASK_DELTA);
    if masked == u32::from_le_bytes([c0, c1, c2, c3]) {
        Record::Sound(length)
    } else {
        Record::None(What::Damaged)
    }
}

/// The low 32 bits of the number, as a head has them.
fn number_octets(number: u64) -> [u8; 4] {
    let [o0, o1, o2, o3, ..] = number.to_le_bytes();
    [o0, o1, o2, o3]
}
