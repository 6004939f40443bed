//! Directories that cannot be opened, each with an error that a person can act on.

use std::path::Path;
use std::sync::Arc;

use tollgate_storage::batch::Batch;
use tollgate_storage::committer::Committer;
use tollgate_storage::journal::{Journal, JournalError, RocksJournal};
use tollgate_storage::schema::{Family, SCHEMA_VERSION, SCHEMA_VERSION_KEY};
use tollgate_storage::store::{Durability, OpenError, Store, StoreOptions};

use crate::support::{Books, LIMITS, options};

fn error_of(opened: Result<Store, OpenError>, path: &Path) -> String {
    let text = opened.expect_err("it cannot be opened").to_string();
    assert!(text.contains(path.to_str().unwrap()), "it names the directory: {text}");
    text
}

#[test]
fn another_schema_version_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(options(dir.path())).unwrap());
    let mut batch = Batch::default();
    batch.insert(Family::Meta, SCHEMA_VERSION_KEY, (SCHEMA_VERSION + 6).to_be_bytes().to_vec());
    RocksJournal::new(Arc::clone(&store), Durability::Sync).append(&batch).unwrap();
    drop(store);
    for opened in [Store::open(options(dir.path())), Store::open_read_only(dir.path())] {
        let text = error_of(opened, dir.path());
        assert!(text.contains("schema version 7, this build reads 1"), "{text}");
    }
}

#[test]
fn a_directory_in_use_is_not_opened_twice_but_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    books.provision(&["a"], 3);
    let text = error_of(Store::open(options(dir.path())), dir.path());
    assert!(text.contains("in use by another process"), "{text}");
    let reader = Store::open_read_only(dir.path()).unwrap();
    assert_eq!(reader.accounts().unwrap().len(), 1);
    let report = tollgate_storage::verify::verify(&reader).unwrap();
    assert_eq!(report.totals["USD"].balance.micros(), 3_000_000);
    books.close();
}

#[test]
fn a_file_is_not_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data");
    std::fs::write(&file, "not a directory").unwrap();
    let text = error_of(Store::open(options(&file)), &file);
    assert!(text.contains("is not a directory"), "{text}");
    let text = error_of(Store::open_read_only(&file), &file);
    assert!(text.contains("is not a data directory"), "{text}");
}

#[test]
fn reading_makes_no_directory() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    for path in [missing.as_path(), dir.path()] {
        let text = error_of(Store::open_read_only(path), path);
        assert!(text.contains("is not a data directory"), "{text}");
    }
    assert!(!missing.exists() && dir.path().read_dir().unwrap().next().is_none());
}

#[test]
fn nothing_is_written_below_the_free_room_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let no_room = StoreOptions { minimum_free_bytes: u64::MAX, ..options(dir.path()) };
    let store = Arc::new(Store::open(no_room).unwrap());
    let mut batch = Batch::default();
    batch.insert(Family::Meta, *b"test", vec![1]);
    let mut journal = RocksJournal::new(Arc::clone(&store), Durability::Sync);
    let Err(JournalError::NotWritten(reason)) = journal.append(&batch) else {
        panic!("it has to be refused")
    };
    assert!(reason.contains("bytes free, less than the minimum of"), "{reason}");
    assert_eq!(store.get(Family::Meta, b"test").unwrap(), None);
}

#[test]
fn a_directory_with_a_damaged_row_does_not_start_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(options(dir.path())).unwrap());
    let mut batch = Batch::default();
    batch.insert(Family::Wallets, 1_u32.to_be_bytes(), vec![0xFF]);
    let mut journal = RocksJournal::new(Arc::clone(&store), Durability::Sync);
    journal.append(&batch).unwrap();
    let error = Committer::start(store, journal, LIMITS).unwrap_err();
    assert!(error.to_string().contains("a damaged row in wallets"), "{error}");
}
