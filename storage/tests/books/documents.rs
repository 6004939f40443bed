//! Reads of documents: in the order of their keys, from either end, page by page.

use tollgate_storage::change::{DocumentChange, Expected};
use tollgate_storage::schema::Collection;
use tollgate_storage::store::Store;

use crate::support::Books;

const FRUIT: Collection = Collection(2);
const LAST: Collection = Collection(u8::MAX);

fn put(collection: Collection, key: &[u8]) -> DocumentChange {
    DocumentChange { collection, key: key.to_vec(), expected: Expected::Absent, body: Some(key.to_vec()) }
}

fn ascending(store: &Store, collection: Collection, prefix: &[u8], after: Option<&[u8]>) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let visit = |key: &[u8], row: tollgate_storage::rows::DocumentRow| {
        assert_eq!(key, row.body);
        keys.push(key.to_vec());
        true
    };
    store.documents().list(collection, prefix, after, visit).unwrap();
    keys
}

fn descending(store: &Store, collection: Collection, prefix: &[u8], before: Option<&[u8]>) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let visit = |key: &[u8], _| {
        keys.push(key.to_vec());
        true
    };
    store.documents().list_before(collection, prefix, before, visit).unwrap();
    keys
}

#[test]
fn documents_are_listed_from_either_end() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let keys: [&[u8]; 7] = [b"", b"a", b"a\0", b"ab", b"ab\xFF", b"b", b"\xFF\xFF"];
    books
        .change(|change| {
            for key in keys {
                change.documents.extend([put(FRUIT, key), put(LAST, key)]);
            }
            change.documents.extend([put(Collection(1), b"z"), put(Collection(3), b"a")]);
        })
        .unwrap();
    let cursors = keys.into_iter().map(Some).chain([None, Some(&b"aa"[..]), Some(b"zz")]);
    for collection in [FRUIT, LAST] {
        for prefix in [&b""[..], b"a", b"ab", b"b", b"c", b"\xFF"] {
            for cursor in cursors.clone() {
                let of_prefix = || keys.into_iter().filter(|key| key.starts_with(prefix));
                let after = of_prefix().filter(|key| cursor.is_none_or(|cursor| *key > cursor));
                let before = of_prefix().filter(|key| cursor.is_none_or(|cursor| *key < cursor));
                assert_eq!(ascending(&books.store, collection, prefix, cursor), after.collect::<Vec<_>>());
                let before: Vec<&[u8]> = before.rev().collect();
                assert_eq!(descending(&books.store, collection, prefix, cursor), before);
            }
        }
    }
    books.close();
}

#[test]
fn a_visitor_ends_a_listing() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    books.change(|change| change.documents = (0..9).map(|key| put(FRUIT, &[key])).collect()).unwrap();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    books
        .store
        .documents()
        .list(FRUIT, &[], None, |key, _| {
            first.push(key[0]);
            first.len() < 3
        })
        .unwrap();
    books
        .store
        .documents()
        .list_before(FRUIT, &[], Some(&[7]), |key, _| {
            last.push(key[0]);
            last.len() < 3
        })
        .unwrap();
    assert_eq!((first, last), (vec![0, 1, 2], vec![6, 5, 4]));
    books.close();
}

#[test]
fn what_a_document_says_is_not_in_its_debug_output() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let change = DocumentChange { body: Some(b"secret".to_vec()), ..put(FRUIT, b"key") };
    assert!(!format!("{change:?}").contains(&format!("{:?}", b"secret")));
    books.change(|all| all.documents.push(change)).unwrap();
    let row = books.store.documents().get(FRUIT, b"key").unwrap().unwrap();
    let shown = format!("{row:?}");
    assert!(
        shown.contains("revision: 1") && !shown.contains("body") && !shown.contains("115, 101"),
        "{shown}"
    );
    assert_eq!(books.store.documents().get(FRUIT, b"kex").unwrap(), None);
    books.close();
}
