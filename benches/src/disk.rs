//! The disk: its kind, the time of a synced append, and the space that files take.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

const APPEND_OCTETS: usize = 4096;
const APPENDS: usize = 300;

/// `f_type` of file systems that keep everything in memory (statfs(2)).
const TMPFS_MAGIC: i64 = 0x0102_1994;

/// Octets of a block, in which `st_blocks` counts (stat(2)).
const BLOCK_OCTETS: u64 = 512;

/// True if files in `directory` are in memory only, so that a sync measures nothing.
pub fn is_memory(directory: &Path) -> io::Result<bool> {
    Ok(rustix::fs::statfs(directory)?.f_type == TMPFS_MAGIC)
}

/// The time to append 4 KiB to a file and have the disk confirm it: the median of many attempts.
pub fn synced_append(directory: &Path) -> io::Result<Duration> {
    let path = directory.join("synced-append");
    let mut file = File::create(&path)?;
    let block = [0xA5; APPEND_OCTETS];
    let mut taken = Vec::with_capacity(APPENDS);
    for _ in 0..APPENDS {
        let begun = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        taken.push(begun.elapsed());
    }
    fs::remove_file(&path)?;
    taken.sort_unstable();
    Ok(taken.get(APPENDS / 2).copied().unwrap_or_default())
}

/// Octets on disk of the files below `directory`: in all, and of that in write-ahead logs.
pub fn used_bytes(directory: &Path) -> io::Result<(u64, u64)> {
    let (mut all, mut logs) = (0, 0);
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            let (all_below, logs_below) = used_bytes(&entry.path())?;
            (all, logs) = (all + all_below, logs + logs_below);
        } else {
            let used = metadata.blocks() * BLOCK_OCTETS;
            all += used;
            logs +=
                if entry.path().extension().is_some_and(|extension| extension == "log") { used } else { 0 };
        }
    }
    Ok((all, logs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_in_all_directories_and_logs_apart() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("inner")).unwrap();
        for (name, octets) in [("000012.log", 40_000), ("inner/000013.sst", 80_000)] {
            let mut file = File::create(directory.path().join(name)).unwrap();
            file.write_all(&vec![1; octets]).unwrap();
            file.sync_all().unwrap();
        }
        let (all, logs) = used_bytes(directory.path()).unwrap();
        assert!((40_000..80_000).contains(&logs), "{logs}");
        assert!((120_000..200_000).contains(&all), "{all}");
    }
}
