//! The rows of a closed data directory, changed behind the store's back.

use std::path::Path;

use rocksdb::{ColumnFamily, DB, IteratorMode, Options};
use tollgate_storage::schema::{Family, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_SUMS};

pub struct Raw(DB);

pub type RawRow = (Vec<u8>, Vec<u8>);

impl Raw {
    pub fn open(path: &Path) -> Self {
        let families = Family::ALL.iter().map(|family| family.name());
        Self(DB::open_cf(&Options::default(), path, families).unwrap())
    }

    fn handle(&self, family: Family) -> &ColumnFamily {
        self.0.cf_handle(family.name()).unwrap()
    }

    pub fn rows(&self, family: Family) -> Vec<RawRow> {
        let rows = self.0.iterator_cf(self.handle(family), IteratorMode::Start);
        rows.map(|row| row.unwrap()).map(|(key, value)| (key.into_vec(), value.into_vec())).collect()
    }

    pub fn get(&self, family: Family, key: impl AsRef<[u8]>) -> Vec<u8> {
        self.0.get_cf(self.handle(family), key).unwrap().expect("the row is there")
    }

    pub fn put(&self, family: Family, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.0.put_cf(self.handle(family), key, value).unwrap();
    }

    /// Has the rows summed anew at the next start, so that what was changed stands as if commits had made it.
    pub fn resum(&self) {
        self.put(Family::Meta, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_SUMS.to_be_bytes());
    }

    /// Drops a family with all its rows, as a directory of a version that did not have it.
    pub fn drop_family(&mut self, family: Family) {
        self.0.drop_cf(family.name()).unwrap();
    }

    /// Deletes a row, whether it is there or not.
    pub fn remove(&self, family: Family, key: impl AsRef<[u8]>) {
        self.0.delete_cf(self.handle(family), key).unwrap();
    }

    /// Deletes a row that is there.
    pub fn delete(&self, family: Family, key: impl AsRef<[u8]>) {
        self.get(family, &key);
        self.remove(family, key);
    }
}
