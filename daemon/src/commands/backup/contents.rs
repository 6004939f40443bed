//! The list of a backup's files, each with its size and hash.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::store::CommitRow;

use crate::failure::Failure;

/// Name of the list. It is written last: a folder without it is no backup.
pub const CONTENTS: &str = "BACKUP.json";

/// Octets read at once.
const READ_OCTETS: usize = 1 << 20;

/// The list, as it is written.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The version of this list.
    pub version: u32,
    /// The time at which it was made (RFC 3339).
    pub made_at: String,
    /// The number of the last commit in it.
    pub commit: u64,
    /// The chain hash of that commit.
    pub chain_hash: String,
    /// Every file but the list itself.
    pub files: Vec<Kept>,
}

/// One file of a backup.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its path below the folder of the backup.
    pub path: PathBuf,
    /// Its size in octets.
    pub octets: u64,
    /// Its BLAKE3 hash, in hexadecimal digits.
    pub blake3: String,
}

impl Contents {
    /// Lists the files in a folder, and makes each of them durable.
    pub fn of(folder: &Path, last: CommitRow, now: UnixMicros) -> Result<Self, Failure> {
        let mut paths = Vec::new();
        collect(folder, folder, &mut paths)?;
        paths.sort();
        let files = paths.into_iter().map(|path| kept(folder, path)).collect::<Result<_, _>>()?;
        let (made_at, chain_hash) = (now.to_rfc3339(), hex::encode(last.hash));
        Ok(Self { version: 1, made_at, commit: last.number, chain_hash, files })
    }

    /// Writes the list, durably.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())? + "\n";
        let written = File::create(path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        Ok(written.map_err(|error| failed(path, &error))?)
    }

    /// Reads the list of a backup, and compares every file with it.
    pub fn check(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(CONTENTS);
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{} is no whole backup: {}", folder.display(), failed(&path, &error)))?;
        let contents: Self =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        if contents.version != 1 {
            return Err(format!("{}: version {} is not known here", path.display(), contents.version).into());
        }
        for file in &contents.files {
            if file.path.components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
                return Err(
                    format!("{}: {} is outside of the backup", path.display(), file.path.display()).into()
                );
            }
            if kept(folder, file.path.clone())? != *file {
                return Err(format!(
                    "{} is not as it was when the backup was made",
                    folder.join(&file.path).display()
                )
                .into());
            }
        }
        Ok(contents)
    }
}

fn collect(root: &Path, folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
        let path = entry.map_err(|error| failed(folder, &error))?.path();
        if path.is_dir() {
            collect(root, &path, paths)?;
        } else if path != root.join(CONTENTS) {
            paths.push(path.strip_prefix(root).unwrap_or(&path).to_owned());
        }
    }
    Ok(())
}

fn kept(folder: &Path, path: PathBuf) -> Result<Kept, Failure> {
    let full = folder.join(&path);
    let read = File::open(&full).and_then(|mut file| {
        let (mut hasher, mut octets, mut buffer) = (blake3::Hasher::new(), 0, vec![0; READ_OCTETS]);
        loop {
            let count = file.read(&mut buffer)?;
            let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
            hasher.update(read);
            octets += count as u64;
        }
        file.sync_all()?;
        Ok((octets, hasher.finalize().to_hex().to_string()))
    });
    let (octets, blake3) = read.map_err(|error| failed(&full, &error))?;
    Ok(Kept { path, octets, blake3 })
}

/// The sentence for a file or folder that cannot be read or written.
pub fn failed(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
