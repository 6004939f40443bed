//! Writing a column family anew, so that what was replaced in it is no longer in its files.

use rocksdb::{BottommostLevelCompaction, CompactOptions};

use super::Store;
use crate::database::Unavailable;
use crate::schema::Family;

impl Store {
    /// Writes the files of a family anew without the rows that were replaced or removed. The log of before is gone at the
    /// next start at the latest.
    pub fn rewrite(&self, family: Family) -> Result<(), Unavailable> {
        self.database.with(|db| {
            let Some(handle) = db.cf_handle(family.name()) else { return Ok(()) };
            db.flush_cf(handle)?;
            let mut options = CompactOptions::default();
            options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
            db.compact_range_cf_opt(handle, None::<&[u8]>, None::<&[u8]>, &options);
            Ok(())
        })
    }
}
