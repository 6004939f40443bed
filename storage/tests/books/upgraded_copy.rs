//! A directory of an earlier version is verified in a copy, and stays as it is.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tollgate_storage::schema::{Family, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_SERIES};
use tollgate_storage::store::{OpenError, Store, StoreOptions};
use tollgate_storage::upgraded_copy::{CopyError, ReadStore};
use tollgate_storage::verify::verify;

use crate::support::routed::RoutedBooks;
use crate::support::{Message, Raw};

/// Every file of a folder with its length, its content, and the time at which it was changed.
fn files(folder: &Path) -> BTreeMap<String, (u64, Vec<u8>, i64)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file()).map(|path| {
        let known = fs::metadata(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, (known.len(), fs::read(&path).unwrap(), known.mtime_nsec()))
    });
    files.collect()
}

#[test]
fn a_directory_of_an_earlier_version_is_verified_in_a_copy() {
    let routed = RoutedBooks::open();
    for _ in 0..5 {
        routed.charge(&Message::default());
    }
    let RoutedBooks { dir, books, .. } = routed;
    books.close();
    // The books stand in a folder of their own, so that what stands beside it can be seen.
    let beside = tempfile::tempdir().unwrap();
    let data = beside.path().join("data");
    fs::rename(dir.path(), &data).unwrap();
    let raw = Raw::open(&data);
    for family in [Family::Series, Family::SeriesOpen] {
        for (key, _) in raw.rows(family) {
            raw.delete(family, key);
        }
    }
    raw.put(Family::Meta, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_SERIES.to_be_bytes());
    drop(raw);

    assert!(matches!(Store::open_read_only(&data), Err(OpenError::Outdated { .. })));
    // What a process that was killed has left behind goes.
    let left_behind = beside.path().join("data.verify-4294967295");
    fs::create_dir(&left_behind).unwrap();
    let before = files(&data);
    let books = ReadStore::open(&StoreOptions::at(&data)).unwrap();
    let copy = books.copy().expect("a copy").to_owned();
    assert_eq!(verify(&books).unwrap().cdrs, 5);
    let tables = before.keys().filter(|name| Path::new(name).extension().is_some_and(|end| end == "sst"));
    for table in tables {
        let inode = |folder: &Path| fs::metadata(folder.join(table)).map(|known| known.ino()).ok();
        assert!(inode(&copy).is_none_or(|linked| inode(&data) == Some(linked)), "{table} is linked");
    }
    drop(books);
    let left: Vec<_> = fs::read_dir(beside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["data"], "the copy is gone");
    assert!(files(&data) == before, "nothing of the directory is changed");

    // Where there can be no copy, the error says what to do.
    let alone = Path::new("/proc/self");
    let refused = ReadStore::open(&StoreOptions::at(alone));
    assert!(matches!(refused, Err(CopyError::Unread(OpenError::Missing(_)))), "{refused:?}");
    // A directory of this version is read in place.
    drop(Store::open(StoreOptions::at(&data)).unwrap());
    let books = ReadStore::open(&StoreOptions::at(&data)).unwrap();
    assert_eq!((books.copy(), verify(&books).unwrap().cdrs), (None, 5));
}
