//! A slot of the anchor: a commit and what is known of it, with a checksum, in as many octets as disks write at once.

use super::manifest::Manifest;
use crate::codec::Reader;
use crate::rows::Row;
use crate::sums::CommitRow;

/// Octets of a slot.
pub const SLOT_OCTETS: usize = 4_096;
const MAGIC: &[u8; 8] = b"TOLLGATE";
/// The kernel's name of the time since the machine was started.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The state of the commit in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is in the log.
    Confirmed,
    /// The one before it is in the log, and this one may be.
    Announced,
    /// It is in the log, which may have gone on since by any number of commits.
    Passed,
}

/// A slot that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The state of the commit.
    pub state: State,
    /// The commit that it names.
    pub commit: CommitRow,
    /// The list of tables, of which so much was on disk.
    pub manifest: Manifest,
    /// The kernel's name of the time since the start of the machine, where the commit was not synced; else empty.
    pub unsynced_since: String,
}

/// The octet of a slot that says nothing of the list of tables, as earlier builds wrote it, with its commit confirmed.
const WITHOUT_MANIFEST: u8 = 1;

/// The kernel's name of the time since the machine was started; empty where it has none.
pub fn boot_id() -> String {
    std::fs::read_to_string(BOOT_ID).map(|id| id.trim().to_owned()).unwrap_or_default()
}

impl State {
    /// As it is kept.
    const fn octet(self) -> u8 {
        match self {
            // No single bit makes one of another.
            Self::Confirmed => 4,
            Self::Announced => 2,
            Self::Passed => 8,
        }
    }
}

impl Slot {
    /// As it is kept.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut row = self.commit.to_bytes();
        row.extend_from_slice(&self.manifest.number.to_be_bytes());
        row.extend_from_slice(&self.manifest.octets.to_be_bytes());
        let length = u16::try_from(row.len()).unwrap_or(u16::MAX).to_be_bytes();
        let rest = [&length[..], &row, self.unsynced_since.as_bytes()].concat();
        let mut slot = [MAGIC, &[self.state.octet()][..], &checksum(&rest), &rest].concat();
        slot.resize(SLOT_OCTETS, 0);
        slot
    }

    /// Reads what [`Self::to_octets`] wrote.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let (kind, rest) = octets.strip_prefix(&MAGIC[..])?.split_first()?;
        let (check, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (row, boot) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let boot = std::str::from_utf8(boot).ok()?.trim_end_matches('\0');
        if *check != checksum(&[length, row, boot.as_bytes()].concat()) {
            return None;
        }
        let mut reader = Reader(row);
        let commit = CommitRow::take(&mut reader)?;
        let (state, manifest) = if *kind == WITHOUT_MANIFEST {
            (State::Confirmed, Manifest::default())
        } else {
            let states = [State::Confirmed, State::Announced, State::Passed];
            let manifest = Manifest { number: reader.be_u64()?, octets: reader.be_u64()? };
            (states.into_iter().find(|state| state.octet() == *kind)?, manifest)
        };
        Some(Self { state, commit, manifest, unsynced_since: boot.to_owned() })
    }
}

fn checksum(row: &[u8]) -> [u8; 8] {
    let hash = blake3::hash(row);
    let mut octets = [0; 8];
    octets.copy_from_slice(&hash.as_bytes()[..8]);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_of_earlier_builds_are_read() {
        let commit = CommitRow { number: 5, hash: [5; 32], previous: [4; 32], ..CommitRow::default() };
        let row = commit.to_bytes();
        let rest = [&u16::try_from(row.len()).unwrap().to_be_bytes()[..], &row].concat();
        let mut octets = [MAGIC, &[WITHOUT_MANIFEST][..], &checksum(&rest), &rest].concat();
        octets.resize(SLOT_OCTETS, 0);
        let (state, manifest, unsynced_since) = (State::Confirmed, Manifest::default(), String::new());
        assert_eq!(Slot::read(&octets), Some(Slot { state, commit, manifest, unsynced_since }));
    }

    #[test]
    fn no_single_bit_makes_one_state_of_another() {
        let states = [State::Confirmed, State::Announced, State::Passed].map(State::octet);
        for (at, state) in states.iter().enumerate() {
            for other in states[at + 1..].iter().chain([&WITHOUT_MANIFEST]) {
                assert!((state ^ other).count_ones() > 1, "{state} and {other}");
            }
        }
    }
}
