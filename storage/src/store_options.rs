//! Settings of a store.

use std::path::PathBuf;

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
}

impl StoreOptions {
    /// A data directory whose disk may be filled up, with a small cache: for commands and tests.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), minimum_free_bytes: 0, cache_bytes: 8 << 20, second_anchor: None }
    }

    /// The files of the anchor.
    pub fn anchor_paths(&self) -> Vec<PathBuf> {
        std::iter::once(self.path.join(ANCHOR_FILE)).chain(self.second_anchor.clone()).collect()
    }
}
