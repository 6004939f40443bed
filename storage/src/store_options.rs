//! Settings of a store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::countries::CountryTable;

/// Name of the anchor's file in a data directory.
pub const ANCHOR_FILE: &str = "ANCHOR";

/// The moment at which a commit counts as durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Once the disk has it: nothing acknowledged is lost by power failure.
    #[default]
    Sync,
    /// Once the operating system has it: nothing acknowledged is lost by `kill -9`; a power failure may lose
    /// the last moments.
    Os,
}

/// The moments at which the anchor is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnchorMode {
    /// With every commit, before anybody is answered: a loss of anything acknowledged is noticed.
    #[default]
    EveryCommit,
    /// Behind the commits and at most once in this time: nobody waits for it, and a loss of the log's last commits within
    /// this time is not noticed.
    Periodic(Duration),
}

/// Settings of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// The data directory.
    pub path: PathBuf,
    /// Nothing is written while its file system has less free space than this.
    pub minimum_free_bytes: u64,
    /// Size of the cache of blocks that were read.
    pub cache_bytes: usize,
    /// A second file for the anchor, on another disk.
    pub second_anchor: Option<PathBuf>,
    /// The moments at which the anchor is written.
    pub anchor_mode: AnchorMode,
    /// The countries of numbers by the numbering plan in force, for a directory that has none yet. `None` where the plan
    /// cannot be read: a directory of an earlier version is not opened then.
    pub number_countries: Option<Arc<CountryTable>>,
}

impl StoreOptions {
    /// A data directory whose disk may be filled up, with a small cache: for commands and tests.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            minimum_free_bytes: 0,
            cache_bytes: 8 << 20,
            second_anchor: None,
            anchor_mode: AnchorMode::EveryCommit,
            number_countries: Some(Arc::default()),
        }
    }

    /// The files of the anchor.
    pub fn anchor_paths(&self) -> Vec<PathBuf> {
        std::iter::once(self.path.join(ANCHOR_FILE)).chain(self.second_anchor.clone()).collect()
    }
}
