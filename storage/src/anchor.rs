//! The anchor: the number and chain hash of the last commit, in a file beside the database.
//!
//! A commit is acknowledged once it is in the write-ahead log **and** in the anchor. A log that ends before the commit that
//! the anchor says it has reached has lost something that was acknowledged, whatever the reason.
//!
//! The file has slots that are written in place, so that a write that is broken off leaves the slots before:
//! - Where one sync of the disk covers both files (`shared_sync.rs`), a commit is **announced** in the first or second slot,
//!   in turn, before it goes to the log. The log's sync makes both durable. An announcement says that the log has the commit
//!   before. That the log has this one too is **confirmed** in the third slot before anybody is answered; that write waits
//!   for no disk, as it has to outlive the process and not the machine.
//! - Elsewhere the commit is confirmed in the first or second slot, in turn, after the log, with a sync of its own.
//! - With [`AnchorMode::Periodic`](crate::store_options::AnchorMode) a thread behind the commits (`periodic.rs`) says of one
//!   now and then that the log has **passed** it. All slots take turns.
//!
//! Each slot also says how long the list of tables was (`manifest.rs`).
//!
//! A second file, on another disk, may be written too; it covers the case that a whole directory is copied back.

mod file;
mod manifest;
mod periodic;
mod shared_sync;
mod slot;
mod writer;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

pub use manifest::{Manifest, number_of as manifest_number, path_of as manifest_path};
pub use slot::boot_id;
pub use writer::AnchorWriter;

use crate::store_options::Durability;
use crate::sums::CommitRow;
use file::AnchorFile;
use manifest::ManifestWatch;
use slot::{SLOT_OCTETS, Slot, State};

/// The anchor's files, open for writing.
#[derive(Debug)]
pub struct AnchorFiles {
    files: Vec<AnchorFile>,
    manifest: Mutex<ManifestWatch>,
    boot_id: String,
    /// The number of slots that were written in turn behind the commits.
    turn: AtomicUsize,
}

/// A commit that is known to be in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The number of the commit.
    pub number: u64,
    /// Its chain hash.
    pub hash: [u8; 32],
}

/// An anchor's file as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The last commit that the log has for certain; `None` if the file names none. There may be one more in the log,
    /// which nobody was told of, or any number where [`Self::is_passed`] says so.
    pub reached: Option<Reached>,
    /// True if the log may have gone on from there: the anchor was written behind the commits, and not with each.
    pub is_passed: bool,
    /// The kernel's name of the time since the start of the machine, if the commit was left to the operating system to
    /// write: after a start of the machine it may be gone.
    pub unsynced_since: Option<String>,
    /// The list of tables, of which so much was on disk.
    pub manifest: Manifest,
    /// True if a slot that was written is damaged, or was being written when the machine stopped.
    pub is_damaged: bool,
}

/// Reads an anchor; `None` where there is no such file.
pub fn read(path: &Path) -> io::Result<Option<Found>> {
    let octets = match std::fs::read(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        octets => octets?,
    };
    let mut found = Found::default();
    for octets in octets.chunks(SLOT_OCTETS) {
        match Slot::read(octets) {
            Some(slot) => found.consider(&slot),
            None => found.is_damaged |= octets.iter().any(|octet| *octet != 0),
        }
    }
    Ok(Some(found))
}

impl Found {
    fn consider(&mut self, slot: &Slot) {
        self.manifest = self.manifest.max(slot.manifest);
        let CommitRow { number, hash, previous, .. } = slot.commit;
        let reached = match slot.state {
            State::Confirmed | State::Passed => Reached { number, hash },
            State::Announced => Reached { number: number.saturating_sub(1), hash: previous },
        };
        let is_passed = slot.state == State::Passed;
        if self.reached == Some(reached) {
            self.is_passed |= is_passed;
        } else if self.reached.is_none_or(|other| other.number < reached.number) {
            self.reached = Some(reached);
            self.is_passed = is_passed;
            self.unsynced_since = (!slot.unsynced_since.is_empty()).then(|| slot.unsynced_since.clone());
        }
    }
}

impl AnchorFiles {
    /// Opens the files of a directory for writing, and makes those that are not there.
    pub fn open<'a>(directory: &Path, paths: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
        let files = paths.into_iter().map(|path| AnchorFile::open(path, directory));
        let (files, manifest) =
            (files.collect::<io::Result<_>>()?, Mutex::new(ManifestWatch::new(directory)));
        Ok(Self { files, manifest, boot_id: boot_id(), turn: AtomicUsize::new(0) })
    }

    /// Makes the files anew for a directory whose chain begins, or is to count as it is.
    pub fn create<'a>(directory: &Path, paths: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
        let removed = |path: &'a Path| match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
            }
            _ => Ok(path),
        };
        let paths = paths.into_iter().map(removed).collect::<io::Result<Vec<_>>>()?;
        Self::open(directory, paths)
    }

    /// Says, before a commit goes to the log, that it is on its way. The log's sync is to come.
    pub fn announce(&self, commit: &CommitRow) -> io::Result<()> {
        let manifest = self.manifest.lock().last_seen();
        let slot = self.slot(State::Announced, commit, manifest, Durability::Sync);
        self.files.iter().try_for_each(|file| file.announce(commit.number, &slot))
    }

    /// Says that a commit is in the log, before anybody is told. With [`Durability::Sync`] it was announced.
    pub fn confirm(&self, commit: &CommitRow, durability: Durability) -> io::Result<()> {
        let slot = self.slot_now(State::Confirmed, commit, durability)?;
        self.files.iter().try_for_each(|file| file.confirm(commit.number, &slot, durability))
    }

    /// Says that the log ends with a commit, whatever was announced, and waits until the disk has it.
    pub fn settle(&self, commit: &CommitRow) -> io::Result<()> {
        let slot = self.slot_now(State::Confirmed, commit, Durability::Sync)?;
        self.files.iter().try_for_each(|file| file.settle(commit.number, &slot))
    }

    /// Says that the log has passed a commit, and waits for the disk where commits do.
    fn follow(&self, commit: &CommitRow, durability: Durability) -> io::Result<()> {
        let slot = self.slot_now(State::Passed, commit, durability)?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.files.iter().try_for_each(|file| file.follow(turn, &slot, durability))
    }

    /// Says the same in all slots: the log ends with this commit or, if it was passed, goes on from it.
    fn begin(&self, state: State, commit: &CommitRow, durability: Durability) -> io::Result<()> {
        let slot = self.slot_now(state, commit, durability)?;
        self.files.iter().try_for_each(|file| file.begin(&slot, durability))
    }

    fn slot_now(&self, state: State, commit: &CommitRow, durability: Durability) -> io::Result<Vec<u8>> {
        let manifest = self.manifest.lock().look()?;
        Ok(self.slot(state, commit, manifest, durability))
    }

    fn slot(&self, state: State, commit: &CommitRow, manifest: Manifest, durability: Durability) -> Vec<u8> {
        let unsynced_since = match durability {
            Durability::Sync => String::new(),
            Durability::Os => self.boot_id.clone(),
        };
        Slot { state, commit: *commit, manifest, unsynced_since }.to_octets()
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::time::UnixMicros;

    use super::*;
    use crate::rows::Row;
    use crate::store_options::ANCHOR_FILE;

    fn commit(number: u8) -> CommitRow {
        let previous = [number - 1; 32];
        CommitRow { number: number.into(), hash: [number; 32], previous, at: UnixMicros(1) }
    }

    /// The files of an anchor beside a list of tables of three octets.
    fn open(folder: &tempfile::TempDir) -> (std::path::PathBuf, AnchorFiles) {
        let path = folder.path().join(ANCHOR_FILE);
        std::fs::write(folder.path().join("CURRENT"), "MANIFEST-000007\n").unwrap();
        std::fs::write(manifest_path(folder.path(), 7), "abc").unwrap();
        let files = AnchorFiles::open(folder.path(), [path.as_path()]).unwrap();
        (path, files)
    }

    fn reached(number: u8) -> Reached {
        Reached { number: number.into(), hash: [number; 32] }
    }

    #[test]
    fn the_last_commit_that_is_certainly_in_the_log_is_found() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(&folder.path().join(ANCHOR_FILE)).unwrap(), None);
        let (path, files) = open(&folder);
        assert_eq!(read(&path).unwrap(), Some(Found::default()));
        files.settle(&commit(1)).unwrap();
        for number in 2..7 {
            files.announce(&commit(number)).unwrap();
            assert_eq!(read(&path).unwrap().unwrap().reached, Some(reached(number - 1)));
            files.confirm(&commit(number), Durability::Sync).unwrap();
            let manifest = Manifest { number: 7, octets: 3 };
            let found = Found { reached: Some(reached(number)), manifest, ..Found::default() };
            assert_eq!(read(&path).unwrap(), Some(found));
        }
    }

    #[test]
    fn what_was_announced_and_never_written_is_not_reached() {
        let folder = tempfile::tempdir().unwrap();
        let (path, files) = open(&folder);
        files.settle(&commit(3)).unwrap();
        files.announce(&commit(4)).unwrap();
        // The log was found to end with the commit before, and the next one has the same number.
        files.settle(&commit(3)).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().reached, Some(reached(3)));
        let other = CommitRow { hash: [9; 32], ..commit(4) };
        files.announce(&other).unwrap();
        files.confirm(&other, Durability::Sync).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().reached, Some(Reached { number: 4, hash: [9; 32] }));
    }

    #[test]
    fn what_was_left_to_the_operating_system_is_marked() {
        let folder = tempfile::tempdir().unwrap();
        let (path, files) = open(&folder);
        files.settle(&commit(3)).unwrap();
        files.confirm(&commit(4), Durability::Os).unwrap();
        let found = read(&path).unwrap().unwrap();
        assert_eq!((found.reached, found.unsynced_since), (Some(reached(4)), Some(boot_id())));
    }

    #[test]
    fn slots_written_behind_the_commits_take_turns_and_say_that_the_log_went_on() {
        let folder = tempfile::tempdir().unwrap();
        let (path, files) = open(&folder);
        files.begin(State::Passed, &commit(3), Durability::Sync).unwrap();
        // Numbers that are all even, as they may be: still no slot is written twice running.
        for number in [10, 12, 20, 22] {
            let before = std::fs::read(&path).unwrap();
            files.follow(&commit(number), Durability::Sync).unwrap();
            let found = read(&path).unwrap().unwrap();
            assert_eq!((found.reached, found.is_passed), (Some(reached(number)), true));
            let last =
                before.chunks(SLOT_OCTETS).filter_map(Slot::read).max_by_key(|slot| slot.commit.number);
            let kept = std::fs::read(&path).unwrap();
            let mut kept = kept.chunks(SLOT_OCTETS).filter_map(Slot::read);
            assert!(kept.any(|slot| Some(&slot) == last.as_ref()), "the one before is kept");
        }
        // Over a change of the setting nothing of the other kind stands.
        files.begin(State::Confirmed, &commit(22), Durability::Sync).unwrap();
        let found = read(&path).unwrap().unwrap();
        assert_eq!((found.reached, found.is_passed), (Some(reached(22)), false));
        files.announce(&commit(23)).unwrap();
        files.begin(State::Passed, &commit(22), Durability::Sync).unwrap();
        let found = read(&path).unwrap().unwrap();
        assert_eq!((found.reached, found.is_passed), (Some(reached(22)), true));
    }

    #[test]
    fn any_bit_that_flips_leaves_the_commit_or_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let (path, files) = open(&folder);
        for number in 4..6 {
            files.announce(&commit(number)).unwrap();
            files.confirm(&commit(number), Durability::Sync).unwrap();
        }
        let sound = std::fs::read(&path).unwrap();
        // Magic, state, checksum, length, row, list of tables.
        let used = 8 + 1 + 8 + 2 + commit(5).to_bytes().len() + 16;
        let mut before = 0;
        for slot in (0..sound.len()).step_by(SLOT_OCTETS).filter(|at| sound[*at] != 0) {
            for bit in 0..used * 8 {
                let mut octets = sound.clone();
                octets[slot + bit / 8] ^= 1 << (bit % 8);
                std::fs::write(&path, octets).unwrap();
                let found = read(&path).unwrap().unwrap();
                assert!(found.is_damaged, "bit {bit} of the slot at {slot}");
                let reached_commit = found.reached.unwrap();
                assert!(
                    [reached(4), reached(5)].contains(&reached_commit),
                    "bit {bit} of the slot at {slot}"
                );
                before += usize::from(reached_commit == reached(4));
            }
        }
        assert_eq!(before, used * 8, "one slot alone has the last commit");
    }
}
