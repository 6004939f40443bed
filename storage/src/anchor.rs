//! The anchor: the number and chain hash of the last commit, in a file beside the database.
//!
//! A commit is acknowledged once it is in the write-ahead log **and** in the anchor, in this order. So the anchor never
//! names a commit that the log has not, and is at most one commit behind it: that commit was not acknowledged. A log that
//! ends before the anchor's commit has lost something that was acknowledged, whatever the reason.
//!
//! The file has two slots that are written in turn, in place, so that a write that is broken off leaves the slot before.
//! A second file, on another disk, may be written too; it covers the case that a whole directory is copied back.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::rows::Row;
use crate::store_options::Durability;
use crate::sums::CommitRow;

const SLOTS: usize = 2;
/// Octets of a slot: what disks write at once.
const SLOT_OCTETS: usize = 4_096;
const MAGIC: &[u8; 8] = b"TOLLGATE";
const VERSION: u8 = 1;
/// The kernel's name of the time since the machine was started.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The anchor's files, open for writing.
#[derive(Debug)]
pub struct AnchorFiles {
    files: Vec<AnchorFile>,
    boot_id: String,
}

#[derive(Debug)]
struct AnchorFile {
    path: PathBuf,
    file: File,
}

/// An anchor's file as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The last commit that it names; `None` if it names none.
    pub commit: Option<CommitRow>,
    /// The kernel's name of the time since the start of the machine, if the commit was left to the operating system to
    /// write: after a start of the machine it may be gone.
    pub unsynced_since: Option<String>,
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
    for slot in octets.chunks(SLOT_OCTETS) {
        match read_slot(slot) {
            Some((commit, boot)) if found.commit.is_none_or(|other| other.number < commit.number) => {
                found.commit = Some(commit);
                found.unsynced_since = (!boot.is_empty()).then_some(boot);
            }
            Some(_) => {}
            None => found.is_damaged |= slot.iter().any(|octet| *octet != 0),
        }
    }
    Ok(Some(found))
}

impl AnchorFiles {
    /// Opens the files for writing, and makes those that are not there.
    pub fn open<'a>(paths: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
        let files = paths.into_iter().map(AnchorFile::open).collect::<io::Result<_>>()?;
        Ok(Self { files, boot_id: boot_id() })
    }

    /// Makes the files anew for a directory whose chain begins, or is to count as it is.
    pub fn create<'a>(paths: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
        let removed = |path: &'a Path| match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
            }
            _ => Ok(path),
        };
        let paths = paths.into_iter().map(removed).collect::<io::Result<Vec<_>>>()?;
        Self::open(paths)
    }

    /// Writes the last commit into all files.
    pub fn write(&self, commit: &CommitRow, durability: Durability) -> io::Result<()> {
        let boot = match durability {
            Durability::Sync => "",
            Durability::Os => &self.boot_id,
        };
        let slot = slot_of(commit, boot);
        self.files.iter().try_for_each(|file| file.write(commit.number, &slot, durability))
    }
}

impl AnchorFile {
    fn open(path: &Path) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let is_new = !path.exists();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(named)?;
        if is_new {
            // Written once, so that a later write finds its blocks and its sync needs no metadata.
            file.write_all_at(&[0; SLOT_OCTETS * SLOTS], 0).map_err(named)?;
            file.sync_all().map_err(named)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))
                .and_then(|folder| folder.sync_all())
                .map_err(named)?;
        }
        Ok(Self { path: path.to_owned(), file })
    }

    fn write(&self, number: u64, slot: &[u8], durability: Durability) -> io::Result<()> {
        let at = number % SLOTS as u64 * SLOT_OCTETS as u64;
        let written = self.file.write_all_at(slot, at).and_then(|()| match durability {
            Durability::Sync => self.file.sync_data(),
            Durability::Os => Ok(()),
        });
        written.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display())))
    }
}

/// The kernel's name of the time since the machine was started; empty where it has none.
pub fn boot_id() -> String {
    std::fs::read_to_string(BOOT_ID).map(|id| id.trim().to_owned()).unwrap_or_default()
}

fn slot_of(commit: &CommitRow, boot: &str) -> Vec<u8> {
    let row = commit.to_bytes();
    let rest =
        [&u16::try_from(row.len()).unwrap_or(u16::MAX).to_be_bytes()[..], &row, boot.as_bytes()].concat();
    let mut slot = [MAGIC, &[VERSION][..], &checksum(&rest), &rest].concat();
    slot.resize(SLOT_OCTETS, 0);
    slot
}

fn read_slot(slot: &[u8]) -> Option<(CommitRow, String)> {
    let rest = slot.strip_prefix(&MAGIC[..])?.strip_prefix(&[VERSION])?;
    let (check, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (row, boot) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let boot = std::str::from_utf8(boot).ok()?.trim_end_matches('\0');
    if *check != checksum(&[length, row, boot.as_bytes()].concat()) {
        return None;
    }
    Some((CommitRow::read(row)?, boot.to_owned()))
}

fn checksum(row: &[u8]) -> [u8; 8] {
    let hash = blake3::hash(row);
    let mut octets = [0; 8];
    octets.copy_from_slice(&hash.as_bytes()[..8]);
    octets
}

#[cfg(test)]
mod tests {
    use tollgate_engine::time::UnixMicros;

    use super::*;
    use crate::store_options::ANCHOR_FILE;

    fn commit(number: u64) -> CommitRow {
        CommitRow { number, hash: [7; 32], previous: [6; 32], at: UnixMicros(1) }
    }

    #[test]
    fn the_later_of_two_commits_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(ANCHOR_FILE);
        assert_eq!(read(&path).unwrap(), None);
        let files = AnchorFiles::open([path.as_path()]).unwrap();
        assert_eq!(read(&path).unwrap(), Some(Found::default()));
        for number in 1..5 {
            files.write(&commit(number), Durability::Sync).unwrap();
            let found = Found { commit: Some(commit(number)), ..Found::default() };
            assert_eq!(read(&path).unwrap(), Some(found));
        }
    }

    #[test]
    fn any_bit_that_flips_leaves_the_commit_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(ANCHOR_FILE);
        let files = AnchorFiles::open([path.as_path()]).unwrap();
        files.write(&commit(4), Durability::Sync).unwrap();
        files.write(&commit(5), Durability::Sync).unwrap();
        let sound = std::fs::read(&path).unwrap();
        // Magic, version, checksum, length, row.
        let used = 8 + 1 + 8 + 2 + commit(5).to_bytes().len();
        for bit in 0..used * 8 {
            let mut octets = sound.clone();
            octets[SLOT_OCTETS + bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, octets).unwrap();
            let found = read(&path).unwrap().unwrap();
            assert_eq!((found.commit, found.is_damaged), (Some(commit(4)), true), "bit {bit}");
        }
    }
}
