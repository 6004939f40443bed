//! RocksDB's write-ahead log, read to name the place at which it ends or is damaged.
//!
//! Only an error message needs this: RocksDB itself recovers the log. The format is described in RocksDB's
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
    /// True if a record begins there and is damaged; false if there is nothing more.
    pub is_damaged: bool,
}

impl fmt::Display for LogEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, offset, is_damaged } = self;
        let what = if *is_damaged { "is damaged" } else { "ends" };
        write!(f, "{} {what} at offset {offset}", path.display())
    }
}

/// The place where the logs of a directory are damaged first or, if none is, where the last one ends. `None` where there
/// is no log.
pub fn first_damage(folder: &Path) -> Option<LogEnd> {
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
        let octets = std::fs::read(&path).ok()?;
        let (offset, is_damaged) = end_of(&octets, number);
        let end = LogEnd { path, offset: offset as u64, is_damaged };
        if is_damaged {
            return Some(end);
        }
        last = Some(end);
    }
    last
}

/// The offset behind the last sound record, and true if a damaged one follows.
fn end_of(octets: &[u8], number: u64) -> (usize, bool) {
    let mut at = 0;
    while at < octets.len() {
        let left_in_block = BLOCK_OCTETS - at % BLOCK_OCTETS;
        if left_in_block < HEAD_OCTETS {
            at += left_in_block;
            continue;
        }
        match record_at(octets, at, left_in_block, number) {
            Record::Sound(length) => at += length,
            Record::End => return (at, false),
            Record::Damaged => return (at, true),
        }
    }
    (octets.len(), false)
}

enum Record {
    Sound(usize),
    End,
    Damaged,
}

fn record_at(octets: &[u8], at: usize, left_in_block: usize, number: u64) -> Record {
    let Some(head) = octets.get(at..at + HEAD_OCTETS) else { return Record::End };
    let [c0, c1, c2, c3, l0, l1, kind] = *head else { return Record::End };
    let is_recyclable = RECYCLABLE.iter().any(|kinds| kinds.contains(&kind));
    let head_octets = if is_recyclable { RECYCLABLE_HEAD_OCTETS } else { HEAD_OCTETS };
    let length = head_octets + usize::from(u16::from_le_bytes([l0, l1]));
    if kind == ZERO && head.iter().all(|octet| *octet == 0) {
        return Record::End;
    }
    let Some(record) = octets.get(at..at + length) else {
        // It reaches beyond the file: its writing was broken off.
        return Record::End;
    };
    if length > left_in_block {
        return Record::Damaged;
    }
    if is_recyclable && record.get(HEAD_OCTETS..RECYCLABLE_HEAD_OCTETS) != Some(&number_octets(number)) {
        // What the file held before it was written over.
        return Record::End;
    }
    let checksum = crc32c::crc32c(record.get(HEAD_OCTETS - 1..).unwrap_or_default());
    let masked = checksum.rotate_right(15).wrapping_add(MASK_DELTA);
    if masked == u32::from_le_bytes([c0, c1, c2, c3]) { Record::Sound(length) } else { Record::Damaged }
}

/// The low 32 bits of the number, as a head has them.
fn number_octets(number: u64) -> [u8; 4] {
    let [o0, o1, o2, o3, ..] = number.to_le_bytes();
    [o0, o1, o2, o3]
}
