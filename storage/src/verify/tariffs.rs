//! Archived tariffs: every CDR's version is there, with every file that it was read from.

use super::Count;
use super::fault::{Fault, damaged, off, scan};
use crate::rows::{FileContent, Row, TariffRow, content_digest};
use crate::schema::Family;
use crate::store::Store;

impl Count {
    pub(super) fn read_tariffs(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Tariffs, |key, value| {
            let number = key.try_into().map(u32::from_be_bytes).map_err(|_| damaged(Family::Tariffs, key))?;
            let row = TariffRow::read(value).ok_or_else(|| damaged(Family::Tariffs, key))?;
            for file in row.files {
                if let FileContent::Stored { digest, octets } = file.content {
                    self.tariff_files.insert(digest, (number, octets));
                }
            }
            self.tariffs.insert(number);
            Ok(())
        })
    }

    /// Every content that a version names is kept once under its digest, and there is no other.
    pub(super) fn compare_tariff_files(&mut self, store: &Store) -> Result<(), Fault> {
        let mut contents = std::mem::take(&mut self.tariff_files);
        scan(store, Family::TariffFiles, |key, content| {
            let digest = content_digest(content);
            if key != digest {
                return off("an archived tariff file was changed after it was written".to_owned());
            }
            match contents.remove(&digest) {
                Some((_, octets)) if octets == content.len() as u64 => Ok(()),
                Some((number, _)) => off(format!("tariff {number} names another length of a file")),
                None => off("an archived tariff file belongs to no version".to_owned()),
            }
        })?;
        match contents.into_values().next() {
            Some((number, _)) => off(format!("tariff {number} has lost a file")),
            None => Ok(()),
        }
    }
}
