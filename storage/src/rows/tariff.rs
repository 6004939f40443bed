//! Archived versions of the tariff.

use sha2::{Digest, Sha256};
use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_bytes, put_micros, put_varint};

/// SHA-256 of a content.
pub type ContentDigest = [u8; 32];

/// `tariffs`: one version of the tariff as it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffRow {
    /// The content hash.
    pub version: String,
    /// The time at which it was first applied.
    pub applied_at: UnixMicros,
    /// The files that it was read from. Either all contents stand in the row, as earlier versions of the program wrote it,
    /// or none does.
    pub files: Vec<TariffFileRow>,
}

/// One file of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffFileRow {
    /// The name in the configuration, or that of a file which exists only in the archive.
    pub name: String,
    /// The place of its content.
    pub content: FileContent,
}

/// The place of an archived file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileContent {
    /// In the row itself.
    Inline(Vec<u8>),
    /// In `tariff_files`, once for all versions that have it.
    Stored {
        /// SHA-256 of the content, which is its key.
        digest: ContentDigest,
        /// The length of the content.
        octets: u64,
    },
}

/// SHA-256 of a content.
pub fn content_digest(content: &[u8]) -> ContentDigest {
    Sha256::digest(content).into()
}

impl TariffFileRow {
    /// The length of the content.
    pub fn octets(&self) -> u64 {
        match &self.content {
            FileContent::Inline(content) => content.len() as u64,
            FileContent::Stored { octets, .. } => *octets,
        }
    }

    fn inline(&self) -> Option<(&str, &[u8])> {
        match &self.content {
            FileContent::Inline(content) => Some((&self.name, content)),
            FileContent::Stored { .. } => None,
        }
    }

    fn stored(&self) -> Option<(&str, &ContentDigest, u64)> {
        match &self.content {
            FileContent::Inline(_) => None,
            FileContent::Stored { digest, octets } => Some((&self.name, digest, *octets)),
        }
    }

    fn take_inline(reader: &mut Reader<'_>) -> Option<Self> {
        let name = reader.text()?.to_owned();
        Some(Self { name, content: FileContent::Inline(reader.bytes()?.to_vec()) })
    }

    fn take_stored(reader: &mut Reader<'_>) -> Option<Self> {
        let name = reader.text()?.to_owned();
        let digest = reader.take(size_of::<ContentDigest>())?.try_into().ok()?;
        Some(Self { name, content: FileContent::Stored { digest, octets: reader.varint()? } })
    }
}

impl Row for TariffRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.version.as_bytes());
        put_micros(out, self.applied_at);
        let inline = || self.files.iter().filter_map(TariffFileRow::inline);
        put_varint(out, inline().count() as u64);
        for (name, content) in inline() {
            put_bytes(out, name.as_bytes());
            put_bytes(out, content);
        }
        let stored = || self.files.iter().filter_map(TariffFileRow::stored);
        if stored().next().is_some() {
            put_varint(out, stored().count() as u64);
        }
        for (name, digest, octets) in stored() {
            put_bytes(out, name.as_bytes());
            out.extend_from_slice(digest);
            put_varint(out, octets);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let (version, applied_at) = (reader.text()?.to_owned(), reader.micros()?);
        let inline = reader.varint()?;
        let mut files =
            (0..inline).map(|_| TariffFileRow::take_inline(reader)).collect::<Option<Vec<_>>>()?;
        if !reader.is_empty() {
            let stored = reader.varint().filter(|count| *count > 0 && inline == 0)?;
            files = (0..stored).map(|_| TariffFileRow::take_stored(reader)).collect::<Option<_>>()?;
        }
        Some(Self { version, applied_at, files })
    }
}
