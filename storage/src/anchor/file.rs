//! A file of the anchor, open for writing.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::shared_sync::UnderTheLogsSync;
use super::slot::SLOT_OCTETS;
use crate::store_options::Durability;

/// Slots that are written in turn.
const IN_TURN: u64 = 2;
const SLOTS: usize = 3;
/// The slot of confirmations that follow an announcement.
const CONFIRMATION_AT: u64 = IN_TURN * SLOT_OCTETS as u64;

/// One file of the anchor.
#[derive(Debug)]
pub struct AnchorFile {
    path: PathBuf,
    file: File,
    /// `None` where the log's sync does not cover this file.
    shared: Option<UnderTheLogsSync>,
}

impl AnchorFile {
    /// Opens a file of the anchor of the database in this directory, and makes it where it is not there.
    pub fn open(path: &Path, directory: &Path) -> io::Result<Self> {
        let named = |error| named(path, &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path).map_err(named)?;
        let octets = file.metadata().map_err(named)?.len();
        let missing = ((SLOTS * SLOT_OCTETS) as u64).saturating_sub(octets);
        if missing > 0 {
            // Written once, so that a later write finds its blocks and its sync needs no metadata.
            let zeros = vec![0; usize::try_from(missing).unwrap_or_default()];
            file.write_all_at(&zeros, octets).and_then(|()| file.sync_all()).map_err(named)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))
                .and_then(|folder| folder.sync_all())
                .map_err(named)?;
        }
        let shared = UnderTheLogsSync::of(path, directory);
        Ok(Self { path: path.to_owned(), file, shared })
    }

    /// Writes an announcement, where the log's sync makes it durable.
    pub fn announce(&self, number: u64, slot: &[u8]) -> io::Result<()> {
        let Some(shared) = &self.shared else { return Ok(()) };
        shared.write(slot, in_turn(number)).map_err(|error| named(&self.path, &error))
    }

    /// Writes a confirmation. After an announcement that is durable it need not be.
    pub fn confirm(&self, number: u64, slot: &[u8], durability: Durability) -> io::Result<()> {
        match (durability, &self.shared) {
            (Durability::Sync, Some(_)) => self.write(slot, CONFIRMATION_AT),
            (Durability::Sync, None) => self.settle(number, slot),
            (Durability::Os, _) => self.write(slot, in_turn(number)),
        }
    }

    /// Writes a slot in its turn. No announcement stands beside it, so that all slots take turns.
    pub fn follow(&self, turn: usize, slot: &[u8], durability: Durability) -> io::Result<()> {
        self.write(slot, (turn % SLOTS * SLOT_OCTETS) as u64)?;
        self.sync(durability)
    }

    /// Writes all slots anew. Until the first of them is on disk the others stand as they were.
    pub fn begin(&self, slot: &[u8], durability: Durability) -> io::Result<()> {
        self.write(slot, CONFIRMATION_AT)?;
        self.sync(durability)?;
        (0..IN_TURN).try_for_each(|number| self.write(slot, in_turn(number)))?;
        self.sync(durability)
    }

    /// Writes a confirmation durably.
    pub fn settle(&self, number: u64, slot: &[u8]) -> io::Result<()> {
        let at = if self.shared.is_some() { CONFIRMATION_AT } else { in_turn(number) };
        self.write(slot, at)?;
        self.sync(Durability::Sync)
    }

    /// Waits for the disk, where the log's commits do.
    fn sync(&self, durability: Durability) -> io::Result<()> {
        match durability {
            Durability::Sync => self.file.sync_data().map_err(|error| named(&self.path, &error)),
            Durability::Os => Ok(()),
        }
    }

    fn write(&self, slot: &[u8], at: u64) -> io::Result<()> {
        self.file.write_all_at(slot, at).map_err(|error| named(&self.path, &error))
    }
}

fn in_turn(number: u64) -> u64 {
    number % IN_TURN * SLOT_OCTETS as u64
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
