//! The list of tables and logs that RocksDB keeps, its MANIFEST: a file that only grows, and is begun anew at times.
//!
//! One that ends early lists tables that were there once, and RocksDB takes it for whole: rows are missing from a directory
//! whose last commit is there. So the anchor says how long it was.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const PREFIX: &str = "MANIFEST-";

/// A MANIFEST and what is known of it to be on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Manifest {
    /// The number in its name; zero where it is not known.
    pub number: u64,
    /// The length that is on disk.
    pub octets: u64,
}

/// Looks after the MANIFEST of a directory that is open for writing.
#[derive(Debug)]
pub struct ManifestWatch {
    directory: PathBuf,
    file: Option<File>,
    synced: Manifest,
}

/// The number of the MANIFEST that a directory uses; `None` where it cannot be known.
pub fn number_of(directory: &Path) -> Option<u64> {
    let current = std::fs::read_to_string(directory.join("CURRENT")).ok()?;
    current.trim_end().strip_prefix(PREFIX)?.parse().ok()
}

/// The path of a MANIFEST.
pub fn path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{PREFIX}{number:06}"))
}

impl ManifestWatch {
    /// Looks after the MANIFEST of this directory.
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), file: None, synced: Manifest::default() }
    }

    /// The MANIFEST as it was seen last.
    pub fn last_seen(&self) -> Manifest {
        self.synced
    }

    /// Looks at it again. Where it has grown, its new length is on disk before it is named.
    pub fn look(&mut self) -> io::Result<Manifest> {
        let known = self.file.as_ref().map(File::metadata).transpose()?;
        // One that was begun anew has taken the other's place.
        let Some((file, known)) = self.file.as_ref().zip(known).filter(|(_, known)| known.nlink() > 0) else {
            return self.open();
        };
        if known.len() != self.synced.octets {
            file.sync_data()?;
            self.synced.octets = known.len();
        }
        Ok(self.synced)
    }

    fn open(&mut self) -> io::Result<Manifest> {
        let missing = || io::Error::new(io::ErrorKind::InvalidData, "CURRENT names no list of tables");
        let number = number_of(&self.directory).ok_or_else(missing)?;
        let file = File::open(path_of(&self.directory, number))?;
        file.sync_data()?;
        self.synced = Manifest { number, octets: file.metadata()?.len() };
        self.file = Some(file);
        Ok(self.synced)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn it_is_followed_as_it_grows_and_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let write = |number: u64, text: &str| {
            let path = path_of(folder.path(), number);
            let mut file = File::options().append(true).create(true).open(path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            std::fs::write(folder.path().join("CURRENT"), format!("MANIFEST-{number:06}\n")).unwrap();
        };
        let mut watch = ManifestWatch::new(folder.path());
        assert!(watch.look().is_err());
        write(7, "abc");
        assert_eq!(watch.look().unwrap(), Manifest { number: 7, octets: 3 });
        write(7, "de");
        assert_eq!(watch.look().unwrap(), Manifest { number: 7, octets: 5 });
        write(12, "a");
        std::fs::remove_file(path_of(folder.path(), 7)).unwrap();
        assert_eq!(watch.look().unwrap(), Manifest { number: 12, octets: 1 });
        assert_eq!(watch.last_seen(), Manifest { number: 12, octets: 1 });
    }
}
