//! Archived versions of the tariff.

use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_bytes, put_micros, put_varint};

/// `tariffs`: one version of the tariff as it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffRow {
    /// The content hash.
    pub version: String,
    /// The time at which it was first applied.
    pub applied_at: UnixMicros,
    /// The files that it was read from, by name.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Row for TariffRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.version.as_bytes());
        put_micros(out, self.applied_at);
        put_varint(out, self.files.len() as u64);
        for (name, content) in &self.files {
            put_bytes(out, name.as_bytes());
            put_bytes(out, content);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let (version, applied_at) = (reader.text()?.to_owned(), reader.micros()?);
        let files = (0..reader.varint()?)
            .map(|_| Some((reader.text()?.to_owned(), reader.bytes()?.to_vec())))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { version, applied_at, files })
    }
}
