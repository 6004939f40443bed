//! Writing a file so that the sync of another one makes it durable.
//!
//! A sync of a file ends, on ext4 and XFS, with a flush of the disk's cache, which covers all that the disk has taken
//! before: from this file, too, if it was handed to the disk past the cache of the operating system (`O_DIRECT`). That
//! write takes a third of the time of a sync. Two syncs at the same time take as long as one after the other.
//!
//! It is used only where all of this is known: both files are on one file system of these kinds, and the kernel says that it
//! hands this file's writes to the disk itself (`statx`, since Linux 6.1).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use parking_lot::Mutex;
use rustix::fs::{AtFlags, OFlags, StatxFlags, fstatfs, statx};

use super::slot::SLOT_OCTETS;

/// File systems whose sync of one file flushes the cache of the whole disk: ext4 and XFS.
const KNOWN: [i64; 2] = [0xEF53, 0x5846_5342];

/// A file that is written past the cache of the operating system.
#[derive(Debug)]
pub struct UnderTheLogsSync {
    file: File,
    buffer: Mutex<AlignedBuffer>,
}

/// Octets that begin at a multiple of their number, as such writes ask for.
#[derive(Debug)]
struct AlignedBuffer {
    octets: Vec<u8>,
    from: usize,
}

impl UnderTheLogsSync {
    /// The file, if the sync of a log in this directory covers it.
    pub fn of(path: &Path, directory: &Path) -> Option<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(i32::try_from(OFlags::DIRECT.bits()).ok()?);
        let file = options.open(path).ok()?;
        let is_together = file.metadata().ok()?.dev() == directory.metadata().ok()?.dev();
        let is_known = KNOWN.iter().any(|kind| fstatfs(&file).is_ok_and(|found| found.f_type == *kind));
        let shared = Self { file, buffer: Mutex::new(AlignedBuffer::new()) };
        (is_together && is_known && shared.goes_to_the_disk() && shared.can_be_read()).then_some(shared)
    }

    /// Hands a slot to the disk.
    pub fn write(&self, slot: &[u8], at: u64) -> io::Result<()> {
        let mut buffer = self.buffer.lock();
        buffer.octets_mut().copy_from_slice(slot);
        self.file.write_all_at(buffer.octets_mut(), at)
    }

    fn goes_to_the_disk(&self) -> bool {
        let Ok(found) = statx(&self.file, c"", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN) else {
            return false;
        };
        let fits = |align: u32| (1..=SLOT_OCTETS).contains(&(align as usize));
        fits(found.stx_dio_mem_align) && fits(found.stx_dio_offset_align)
    }

    fn can_be_read(&self) -> bool {
        self.file.read_exact_at(self.buffer.lock().octets_mut(), 0).is_ok()
    }
}

impl AlignedBuffer {
    fn new() -> Self {
        let octets = vec![0; 2 * SLOT_OCTETS];
        let from = octets.as_ptr().align_offset(SLOT_OCTETS).min(SLOT_OCTETS);
        Self { octets, from }
    }

    fn octets_mut(&mut self) -> &mut [u8] {
        &mut self.octets[self.from..self.from + SLOT_OCTETS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_begins_where_a_disk_takes_it() {
        for _ in 0..10 {
            let mut buffer = AlignedBuffer::new();
            assert_eq!(buffer.octets_mut().len(), SLOT_OCTETS);
            assert_eq!(buffer.octets_mut().as_ptr() as usize % SLOT_OCTETS, 0);
        }
    }

    #[test]
    fn memory_is_no_disk() {
        let folder = Path::new("/dev/shm");
        let Ok(file) = tempfile::NamedTempFile::new_in(folder) else { return };
        file.as_file().set_len(SLOT_OCTETS as u64).unwrap();
        assert!(UnderTheLogsSync::of(file.path(), folder).is_none());
    }
}
