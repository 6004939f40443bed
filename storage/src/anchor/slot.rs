//! A slot of the anchor: a commit and what is known of it, with a checksum, in as many octets as disks write at once.

use crate::rows::Row;
use crate::sums::CommitRow;

/// Octets of a slot.
pub const SLOT_OCTETS: usize = 4_096;
const MAGIC: &[u8; 8] = b"TOLLGATE";
/// The kernel's name of the time since the machine was started.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What is known of the commit in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is in the log.
    Confirmed,
    /// The one before it is in the log, and this one may be.
    Announced,
}

/// A slot that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The state of the commit.
    pub state: State,
    /// The commit.
    pub commit: CommitRow,
    /// The kernel's name of the time since the start of the machine, where the commit was not synced; else empty.
    pub unsynced_since: String,
}

/// The kernel's name of the time since the machine was started; empty where it has none.
pub fn boot_id() -> String {
    std::fs::read_to_string(BOOT_ID).map(|id| id.trim().to_owned()).unwrap_or_default()
}

impl State {
    /// As it is kept.
    const fn octet(self) -> u8 {
        match self {
            Self::Confirmed => 1,
            // No single bit makes one of the other.
            Self::Announced => 2,
        }
    }
}

impl Slot {
    /// A commit on its way to the log.
    pub fn announced(commit: &CommitRow) -> Self {
        Self { state: State::Announced, commit: *commit, unsynced_since: String::new() }
    }

    /// A commit in the log.
    pub fn confirmed(commit: &CommitRow, unsynced_since: &str) -> Self {
        Self { state: State::Confirmed, commit: *commit, unsynced_since: unsynced_since.to_owned() }
    }

    /// As it is kept.
    pub fn to_octets(&self) -> Vec<u8> {
        let row = self.commit.to_bytes();
        let length = u16::try_from(row.len()).unwrap_or(u16::MAX).to_be_bytes();
        let rest = [&length[..], &row, self.unsynced_since.as_bytes()].concat();
        let mut slot = [MAGIC, &[self.state.octet()][..], &checksum(&rest), &rest].concat();
        slot.resize(SLOT_OCTETS, 0);
        slot
    }

    /// Reads what [`Self::to_octets`] wrote.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let (state, rest) = octets.strip_prefix(&MAGIC[..])?.split_first()?;
        let state = [State::Confirmed, State::Announced].into_iter().find(|known| known.octet() == *state)?;
        let (check, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (row, boot) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let boot = std::str::from_utf8(boot).ok()?.trim_end_matches('\0');
        if *check != checksum(&[length, row, boot.as_bytes()].concat()) {
            return None;
        }
        Some(Self { state, commit: CommitRow::read(row)?, unsynced_since: boot.to_owned() })
    }
}

fn checksum(row: &[u8]) -> [u8; 8] {
    let hash = blake3::hash(row);
    let mut octets = [0; 8];
    octets.copy_from_slice(&hash.as_bytes()[..8]);
    octets
}
