//! A copy of the database at one commit, made while it is written to.

use std::path::Path;

use rocksdb::checkpoint::Checkpoint;

use super::Store;
use crate::database::Unavailable;

impl Store {
    /// Copies the database into a folder that does not exist yet: files that never change as links where the file system
    /// allows, the rest as copies. The copy has every commit that was durable when this began, and is a data directory once
    /// it has an anchor ([`Store::accept`]).
    pub fn checkpoint(&self, folder: &Path) -> Result<(), Unavailable> {
        self.database.with(|db| Ok(Checkpoint::new(db)?.create_checkpoint(folder)?))
    }
}
