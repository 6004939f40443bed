//! Damage between two runs: whatever is flipped, cut off or copied back, a directory holds all that was acknowledged, or
//! it is refused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tollgate_engine::settlement::ReceiptState;
use tollgate_storage::store::{AnchorError, AnchorMode, OpenError, Store, StoreOptions};
use tollgate_storage::verify::{anchored_commit, verify};

use crate::support::routed::{RoutedBooks, accepted, receipt};
use crate::support::{Books, Message, crash_image, options};

/// Places at which the files of a recorded run are damaged: `PLACES`, or so many as every change can wait for.
fn places_wanted() -> usize {
    std::env::var("PLACES").map_or(60, |places| places.parse().expect("PLACES is a number"))
}

/// A run with many commits, as a crash leaves it, and the number of messages that were acknowledged.
struct Recorded {
    image: tempfile::TempDir,
    acknowledged: u64,
}

impl Recorded {
    fn new() -> Self {
        let routed = RoutedBooks::open();
        for round in 0..12 {
            let row = routed.send_plain();
            routed.charge(&Message::default());
            let id = format!("{round}");
            routed.books.tell(accepted(&row, routed.alpha, id.as_bytes()));
            routed.books.tell(receipt(routed.alpha, &[id.as_bytes()], ReceiptState::Delivered));
        }
        let image = crash_image(routed.dir.path());
        routed.close();
        Self { image, acknowledged: 24 }
    }

    fn copy(&self) -> tempfile::TempDir {
        crash_image(self.image.path())
    }

    fn file(&self, matches: impl Fn(&str) -> bool) -> PathBuf {
        let names = self.image.path().read_dir().unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = names.filter(|path| matches(&name_of(path))).collect();
        files.sort_by_key(|path| path.metadata().unwrap().len());
        files.pop().expect("there is such a file")
    }

    fn log(&self) -> PathBuf {
        self.file(|name| name.strip_suffix(".log").is_some())
    }

    /// Starts from a copy in which one file is damaged. Either everything acknowledged is there, or it is refused.
    fn start_after(&self, file: &Path, damage: impl FnOnce(&mut Vec<u8>)) -> Result<(), String> {
        let copy = self.copy();
        let path = copy.path().join(name_of(file));
        let mut octets = std::fs::read(&path).unwrap();
        damage(&mut octets);
        std::fs::write(&path, octets).unwrap();
        let store = Store::open(options(copy.path())).map_err(|error| error.to_string())?;
        drop(store);
        let report = Store::open_read_only(copy.path()).map_err(|error| error.to_string());
        let report = verify(&report?).map_err(|fault| fault.to_string())?;
        assert_eq!(report.cdrs, self.acknowledged, "{} is damaged and nobody says so", file.display());
        Ok(())
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Places spread over a length, none of them regular.
fn places(length: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |at| (at * length / count + at * 7919 % 97) % length)
}

#[test]
fn a_flipped_bit_in_the_log_is_named_with_file_and_offset() {
    let recorded = Recorded::new();
    let log = recorded.log();
    let length = std::fs::read(&log).unwrap().len();
    let (count, mut refused, mut named) = (places_wanted(), 0, 0);
    for place in places(length, count) {
        let started = recorded.start_after(&log, |octets| octets[place] ^= 1 << (place % 8));
        if let Err(text) = started {
            refused += 1;
            assert!(text.contains(".log"), "{text}");
            named += usize::from(text.contains("offset"));
        }
    }
    assert!(refused > count / 2, "{refused} of {count}");
    assert_eq!(named, refused, "each says where");
}

#[test]
fn a_log_that_was_cut_off_is_refused() {
    let recorded = Recorded::new();
    let log = recorded.log();
    let length = std::fs::read(&log).unwrap().len();
    let sound = recorded.start_after(&log, |_| ());
    assert_eq!(sound, Ok(()));
    for place in places(length, places_wanted() / 2) {
        let text = recorded.start_after(&log, |octets| octets.truncate(place)).unwrap_err();
        assert!(text.contains(".log"), "{text}");
    }
    // The very end: the last commit was acknowledged, and nothing came after it.
    for missing in 1..20 {
        let cut = recorded.start_after(&log, |octets| octets.truncate(length - missing));
        assert!(cut.is_err_and(|text| text.contains(".log")), "{missing} octets are missing");
    }
}

/// Tables and what lists them, beside the log: after a start the rows of the log are in a table.
#[test]
fn no_file_can_be_damaged_unnoticed() {
    let recorded = Recorded::new();
    drop(Store::open(options(recorded.image.path())).unwrap());
    let is_table = |name: &str| name.strip_suffix(".sst").is_some();
    let is_read =
        |name: &str| is_table(name) || name.starts_with("MANIFEST") || ["CURRENT", "ANCHOR"].contains(&name);
    let names = recorded.image.path().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = names.filter(|path| is_read(&name_of(path))).collect();
    assert!(files.iter().filter(|path| is_table(&name_of(path))).count() > 10, "{files:?}");
    let (count, mut noticed) = (places_wanted().div_ceil(files.len()), 0);
    for file in &files {
        let length = std::fs::read(file).unwrap().len();
        for place in places(length, count) {
            let flipped = recorded.start_after(file, |octets| octets[place] ^= 1 << (place % 8));
            let cut = recorded.start_after(file, |octets| octets.truncate(place));
            for text in [flipped, cut].into_iter().filter_map(Result::err) {
                noticed += 1;
                // Of a few octets of a table RocksDB says that they are those of the list of tables.
                let is_named = text.contains(&name_of(file)) || text.contains("MANIFEST");
                assert!(is_named, "{}: {text}", file.display());
            }
        }
    }
    assert!(noticed > count * files.len() / 2, "{noticed} of {}", 2 * count * files.len());
}

#[test]
fn a_log_that_is_missing_is_refused() {
    let recorded = Recorded::new();
    let copy = recorded.copy();
    std::fs::remove_file(copy.path().join(name_of(&recorded.log()))).unwrap();
    let refused = Store::open(options(copy.path())).unwrap_err();
    assert!(!refused.to_string().is_empty());
}

#[test]
fn an_anchor_with_a_flipped_bit_is_either_sound_or_refused() {
    let recorded = Recorded::new();
    let anchor = recorded.file(|name| name == "ANCHOR");
    for place in (0..160).chain(4_096..4_256).step_by(13) {
        let _ = recorded.start_after(&anchor, |octets| octets[place] ^= 0x10);
    }
}

#[test]
fn a_directory_that_was_copied_back_is_noticed_by_the_second_anchor() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let second = elsewhere.path().join("anchor");
    let options = || StoreOptions { second_anchor: Some(second.clone()), ..options(dir.path()) };
    let books = Books::open_as(options());
    let account = books.provision(&["a"], 100)[0];
    books.close();
    let earlier = crash_image(dir.path());
    let books = Books::open_as(options());
    books.committer.try_charge(books.session(account).chunk_of(3)).unwrap();
    books.close();

    for file in dir.path().read_dir().unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    for file in earlier.path().read_dir().unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    // The anchor that was copied back with it says nothing.
    Store::open_read_only(dir.path()).unwrap();
    let refused = Store::open(options());
    assert!(matches!(refused, Err(OpenError::Anchor(AnchorError::Lost { .. }))), "{refused:?}");
    // Somebody decides that it is to count.
    Store::accept(&options()).unwrap();
    Store::open(options()).unwrap();
}

#[test]
fn a_directory_without_its_anchor_is_refused() {
    let recorded = Recorded::new();
    let copy = recorded.copy();
    std::fs::remove_file(copy.path().join("ANCHOR")).unwrap();
    let refused = Store::open(options(copy.path()));
    assert!(matches!(refused, Err(OpenError::Anchor(AnchorError::Missing { .. }))), "{refused:?}");
    let fault = verify(&Store::open_read_only(copy.path()).unwrap()).unwrap_err();
    assert!(fault.to_string().contains("the anchor is missing"), "{fault}");
    Store::accept(&options(copy.path())).unwrap();
    verify(&Store::open_read_only(copy.path()).unwrap()).unwrap();
}

/// An anchor that is written at the start and the stop, and behind the first commit.
const RARE: AnchorMode = AnchorMode::Periodic(Duration::from_hours(1));

fn with(path: &Path, anchor_mode: AnchorMode) -> StoreOptions {
    StoreOptions { anchor_mode, ..options(path) }
}

/// Charges in so many commits, and gives the remains after a crash.
fn charged(path: &Path, mode: AnchorMode, commits: u32) -> tempfile::TempDir {
    let books = Books::open_as(with(path, mode));
    let account = books.provision(&["a"], 100)[0];
    let mut session = books.session(account);
    for _ in 0..commits {
        books.committer.try_charge(session.chunk_of(1)).unwrap();
        session.first_id();
    }
    let image = crash_image(path);
    drop(session);
    books.close();
    image
}

#[test]
fn a_log_that_goes_on_from_a_periodic_anchor_is_opened_whole() {
    let dir = tempfile::tempdir().unwrap();
    let image = charged(dir.path(), RARE, 9);
    let store = Store::open_read_only(image.path()).unwrap();
    assert!(anchored_commit(&store).unwrap().is_some());
    assert_eq!(verify(&store).unwrap().cdrs, 9);
    drop(store);
    // Without the word of the anchor that it follows, the same would be of another copy.
    Store::open(options(image.path())).unwrap();
    assert_eq!(verify(&Store::open_read_only(image.path()).unwrap()).unwrap().cdrs, 9);
}

#[test]
fn the_setting_of_the_anchor_can_change_over_a_stop_and_over_a_crash() {
    let mut image = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let modes = [AnchorMode::EveryCommit, RARE, RARE, AnchorMode::EveryCommit];
    for (round, mode) in modes.into_iter().enumerate() {
        drop(charged(dir.path(), mode, 4));
        let crashed = charged(image.path(), mode, 4);
        image = crashed;
        for path in [dir.path(), image.path()] {
            let report = verify(&Store::open_read_only(path).unwrap()).unwrap();
            assert_eq!(report.cdrs, 4 * (round as u64 + 1), "{mode:?}");
        }
    }
}

#[test]
fn a_log_that_ends_before_a_periodic_anchor_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(charged(dir.path(), RARE, 9));
    // A stop names the last commit, and what the log loses after it is missing.
    let image = crash_image(dir.path());
    let whole = crash_image(image.path());
    Store::open(with(whole.path(), RARE)).unwrap();
    let names = image.path().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let log = names.filter(|path| path.extension().is_some_and(|end| end == "log")).max().unwrap();
    let octets = std::fs::read(&log).unwrap();
    let used = octets.iter().rposition(|octet| *octet != 0).unwrap();
    std::fs::write(&log, &octets[..used - 20]).unwrap();
    let fault = anchored_commit(&Store::open_read_only(image.path()).unwrap()).unwrap_err();
    assert!(fault.to_string().contains("commits that were acknowledged are missing"), "{fault}");
    for mode in [RARE, AnchorMode::EveryCommit] {
        let refused = Store::open(with(image.path(), mode));
        assert!(matches!(refused, Err(OpenError::Anchor(AnchorError::Lost { .. }))), "{refused:?}");
    }
}
