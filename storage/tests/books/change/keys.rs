//! Idempotency keys of requests: what is asked for once is done once, however often it is sent.

use proptest::prelude::*;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{ChangeError, Changed, PostedEntry};
use tollgate_storage::message_change::MessageChanged;
use tollgate_storage::rows::{MessageState, RequestRow, Row};
use tollgate_storage::schema::Family;

use super::*;
use crate::support::{Raw, crash_image};

fn pay(books: &Books, account: AccountNumber, change: &mut Change, key: &[u8], fingerprint: u64) {
    change.documents.push(put(key, Expected::Absent, b"paid"));
    change.entries.push(top_up(books, account, cents(100)));
    change.entries.push(take(books, account, cents(30)).unwrap());
    change.audit.push(note("paid"));
    change.request = Some(request(key, fingerprint));
}

#[test]
fn a_key_counts_once_in_a_batch() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, control) = gated(&dir);
    let answers = in_one_batch(
        &books,
        control,
        [
            &|change| pay(&books, account, change, b"k", 1),
            &|change| pay(&books, account, change, b"k", 1),
            &|change| pay(&books, account, change, b"k", 2),
            &|change| pay(&books, account, change, b"l", 1),
        ],
    );
    let [first, second, reused, other] = answers;
    let first = first.unwrap();
    assert!(!first.replayed && !other.unwrap().replayed);
    assert_eq!(second, Ok(Changed { replayed: true, ..first }));
    assert_eq!(reused, Err(ChangeError::KeyReused));
    assert_eq!(books.wallet(account).state().balance, cents(1_140));
    assert_eq!(actions(&books), ["first", "paid", "paid"]);
    books.prove();
    books.close();
}

#[test]
fn a_key_counts_once_across_commits_restarts_and_crashes() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = Books::open(dir.path());
    let account = books.provision(&["a"], 10)[0];
    let first = books.change(|change| pay(&books, account, change, b"k", 1)).unwrap();
    assert!(!first.replayed);
    let crashed = crash_image(dir.path());
    for _ in 0..3 {
        let again = books.change(|change| pay(&books, account, change, b"k", 1));
        assert_eq!(again, Ok(Changed { replayed: true, ..first.clone() }));
        let reused = books.change(|change| pay(&books, account, change, b"k", 9));
        assert_eq!(reused, Err(ChangeError::KeyReused));
        assert_eq!(books.wallet(account).state().balance, cents(1_070));
        assert_eq!(books.prove().audit, 1);
        books.close();
        books = Books::open(crashed.path());
    }
    books.close();
}

#[test]
fn a_key_that_has_expired_is_new_again() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 10)[0];
    books.change(|change| pay(&books, account, change, b"k", 1)).unwrap();
    books.close();
    let raw = Raw::open(dir.path());
    let row = RequestRow::read(&raw.get(Family::Requests, b"k")).unwrap();
    let expired = RequestRow { expires_at: UnixMicros(5), ..row.clone() };
    raw.put(Family::Requests, b"k", expired.to_bytes());
    raw.resum();
    drop(raw);
    let books = Books::open(dir.path());
    let changed = books.change(|change| {
        change.entries.push(top_up(&books, account, cents(1)));
        change.request = Some(request(b"k", 2));
    });
    assert!(!changed.unwrap().replayed);
    let row = books.store.requests().get(b"k").unwrap().unwrap();
    assert_eq!((row.fingerprint, row.expires_at), (2, FAR));
    // One that has expired before it is used is used all the same, and remembered by nobody.
    for _ in 0..2 {
        let changed = books.change(|change| {
            change.entries.push(top_up(&books, account, cents(1)));
            change.request = Some(RequestUse { expires_at: UnixMicros(5), ..request(b"late", 1) });
        });
        assert!(!changed.unwrap().replayed);
    }
    assert_eq!(books.store.requests().get(b"late").unwrap(), None);
    assert_eq!(books.wallet(account).state().balance, cents(1_073));
    books.prove();
    books.close();
}

fn changed() -> impl Strategy<Value = Changed> {
    use proptest::collection::vec;
    let entry = (any::<u64>(), any::<i64>())
        .prop_map(|(id, micros)| PostedEntry { id, balance_after: Amount::from_micros(micros).into() });
    let state = proptest::sample::select(&MessageState::ALL[..]);
    let message = (any::<u64>(), state, any::<i64>(), any::<bool>()).prop_map(
        |(message_id, state, micros, changed_now)| MessageChanged {
            message_id,
            state,
            refunded: Amount::from_micros(micros),
            changed_now,
        },
    );
    (any::<u64>(), vec(any::<u64>(), 0..4), vec(entry, 0..4), vec(message, 0..4)).prop_map(
        |(at, revisions, entries, messages)| Changed {
            provisioned: None,
            at: UnixMicros(at),
            revisions,
            entries,
            messages,
            replayed: false,
        },
    )
}

proptest! {
    #[test]
    fn what_a_request_came_to_reads_back(changed in changed(), noise in proptest::collection::vec(any::<u8>(), 0..80)) {
        let bytes = changed.to_bytes();
        prop_assert_eq!(Changed::read(&bytes), Some(changed));
        prop_assert_eq!(Changed::read(&bytes[..bytes.len() - 1]), None);
        let _ = Changed::read(&noise);
    }
}
