//! The time that a changed file is given to be written to its end.
//!
//! A file that was moved into its place is whole. One that is written where it lies may be a part of what it is to be, and
//! nothing tells when its writer is done: it has to stay as it is for a while, and longer where its last line has no end.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::stamps::{Stamp, Stamps};

/// Time for which a file that is written in its place must stay as it is.
const UNTOUCHED: Duration = Duration::from_secs(2);

/// The same for a file whose last line has no end.
const UNTOUCHED_WITHOUT_END: Duration = Duration::from_secs(5);

/// Files that changed, and since when each is as it is.
pub struct Settling {
    read: Stamps,
    since: HashMap<PathBuf, (Stamp, Instant)>,
    waits: u32,
}

impl Settling {
    /// The files were read when they were so.
    pub fn new(read: Stamps) -> Self {
        Self { read, since: HashMap::new(), waits: 0 }
    }

    /// A file that may not be written to its end yet; `None` where all are whole. `moved` are real paths of files that came
    /// by a rename.
    pub fn unfinished<'f>(
        &mut self,
        files: &'f [PathBuf],
        now_are: &Stamps,
        moved: &HashSet<PathBuf>,
        now: Instant,
    ) -> Option<&'f Path> {
        let mut found = None;
        for file in files {
            let Some(stamp) = now_are.get(file) else { continue };
            if self.read.get(file) == Some(stamp) {
                continue;
            }
            let (known, since) = self.since.entry(file.clone()).or_insert((stamp, now));
            if *known != stamp {
                (*known, *since) = (stamp, now);
            }
            let untouched = now.saturating_duration_since(*since);
            let came_whole =
                stamp.is_finished() || moved.contains(&file.canonicalize().unwrap_or_else(|_| file.clone()));
            if !came_whole && untouched < time_for(file) {
                found = Some(file.as_path());
            }
        }
        self.waits += u32::from(found.is_some());
        found
    }

    /// True after the first wait only, which is worth a line in the log.
    pub fn is_news(&self) -> bool {
        self.waits == 1
    }
}

fn time_for(file: &Path) -> Duration {
    match ends_with_line(file) {
        Ok(true) | Err(_) => UNTOUCHED,
        Ok(false) => UNTOUCHED_WITHOUT_END,
    }
}

/// True if the last line of a file has an end. An empty file is one that has just been made.
fn ends_with_line(file: &Path) -> std::io::Result<bool> {
    let mut file = File::open(file)?;
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    struct Deck(tempfile::TempDir);

    impl Deck {
        fn new() -> Self {
            let deck = Self(tempfile::tempdir().unwrap());
            fs::write(deck.file(), "one\n").unwrap();
            deck
        }

        fn file(&self) -> PathBuf {
            self.0.path().canonicalize().unwrap().join("deck.csv")
        }

        fn append(&self, text: &str) {
            fs::OpenOptions::new()
                .append(true)
                .open(self.file())
                .unwrap()
                .write_all(text.as_bytes())
                .unwrap();
        }
    }

    /// True if the deck is unfinished so many milliseconds after `start`.
    fn waits(
        settling: &mut Settling,
        deck: &Deck,
        moved: &HashSet<PathBuf>,
        start: Instant,
        after: u64,
    ) -> bool {
        let files = [deck.file()];
        let now = start + Duration::from_millis(after);
        settling.unfinished(&files, &Stamps::of(&files), moved, now).is_some()
    }

    #[test]
    fn a_file_that_is_written_in_its_place_has_to_stay_as_it_is() {
        let (deck, nothing, start) = (Deck::new(), HashSet::new(), Instant::now());
        let mut settling = Settling::new(Stamps::of(&[deck.file()]));
        assert!(!waits(&mut settling, &deck, &nothing, start, 0), "it is as it was read");
        deck.append("two\n");
        assert!(waits(&mut settling, &deck, &nothing, start, 100));
        assert!(settling.is_news());
        assert!(waits(&mut settling, &deck, &nothing, start, 1_100));
        assert!(!settling.is_news());
        deck.append("three\nfo");
        for (after, expected) in [(1_200, true), (3_300, true), (6_100, true), (6_200, false)] {
            assert_eq!(waits(&mut settling, &deck, &nothing, start, after), expected, "after {after} ms");
        }
        deck.append("ur\n");
        for (after, expected) in [(7_000, true), (8_999, true), (9_000, false)] {
            assert_eq!(waits(&mut settling, &deck, &nothing, start, after), expected, "after {after} ms");
        }
    }

    #[test]
    fn a_file_that_came_as_a_whole_waits_for_nothing() {
        let (deck, start) = (Deck::new(), Instant::now());
        let mut settling = Settling::new(Stamps::of(&[deck.file()]));
        deck.append("two\n");
        assert!(!waits(&mut settling, &deck, &[deck.file()].into(), start, 0), "it was moved");
        let written = File::options().append(true).open(deck.file()).unwrap();
        written.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        assert!(!waits(&mut settling, &deck, &HashSet::new(), start, 0), "its time was set by who copied it");
        fs::remove_file(deck.file()).unwrap();
        assert!(!waits(&mut settling, &deck, &HashSet::new(), start, 0), "one that is gone is read as such");
    }
}
