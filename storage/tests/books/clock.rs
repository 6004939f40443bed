//! Books whose clock goes back and forth: ids only count up, and time finds what was submitted in it.

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{DocumentChange, Expected, RequestUse};
use tollgate_storage::clock::Clock;
use tollgate_storage::export::{CdrRange, cdrs};
use tollgate_storage::id_times::Spread;
use tollgate_storage::rows::{EntryKind, Row};
use tollgate_storage::schema::{Collection, Family, ID_LEAD_PREFIX, ID_SPREAD_KEY, account_id_key};
use tollgate_storage::store::{Store, Transaction};

use crate::support::{Books, Message, Raw, SetClock};

const DAY: i64 = 86_400;

/// Charges messages that are submitted now; returns the first id.
fn charge(books: &Books, account: AccountNumber, clock: &SetClock, count: u64) -> u64 {
    let mut session = books.session(account);
    let mut chunk = session.chunk_with(clock.now(), false);
    for _ in 0..count {
        session.charge(&mut chunk, &Message::default()).unwrap();
    }
    books.committer.try_charge(chunk).unwrap();
    session.first_id()
}

/// The messages of the account that an export of this time has.
fn exported(store: &Store, account: AccountNumber, times: &Range<UnixMicros>) -> Vec<u64> {
    let mut found = Vec::new();
    let range = CdrRange { account: Some(account), from: times.start, to: times.end };
    let broken = cdrs(store, &range, |cdr, _| {
        found.push(cdr.message_id);
        ControlFlow::<()>::Continue(())
    });
    assert_eq!(broken.unwrap(), None);
    found
}

/// The messages and entries of this time, the newest id first, as a list of transactions has them.
fn transactions(store: &Store, account: AccountNumber, times: &Range<UnixMicros>) -> Vec<u64> {
    let ids = store.commits().ids_of(times).unwrap();
    let mut found = Vec::new();
    let visit = |transaction: Transaction<'_>| {
        if times.contains(&transaction.at()) {
            found.push(transaction.id());
        }
        ControlFlow::Continue(())
    };
    store.history().transactions_down(account, &ids, visit).unwrap();
    found
}

fn leads(path: &Path) -> usize {
    Raw::open(path).rows(Family::Meta).iter().filter(|(key, _)| key.starts_with(ID_LEAD_PREFIX)).count()
}

/// A clock that is two days ahead for a message, right again, and right again at the next start.
#[test]
fn a_range_of_time_has_what_was_submitted_in_it_after_a_clock_that_was_ahead() {
    let dir = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let noon = clock.now();
    let mut books = Books::open_under(dir.path(), &clock);
    let account = books.provision(&["a"], 100)[0];
    clock.step_seconds(1);
    let first = charge(&books, account, &clock, 3);
    clock.step_seconds(2 * DAY);
    let ahead = charge(&books, account, &clock, 2);
    clock.step_seconds(-2 * DAY);
    let after = charge(&books, account, &clock, 2);
    clock.step_seconds(60);
    books.post(account, EntryKind::TopUp, Amount::from_micros(1_000_000)).unwrap();
    books.close();
    clock.step_seconds(60);
    books = Books::open_under(dir.path(), &clock);
    let later = charge(&books, account, &clock, 1);
    assert!(first < ahead && ahead < after && after < later, "ids only count up");

    let day = noon..UnixMicros(noon.0 + 86_400_000_000);
    let of_day = [first, first + 1, first + 2, after, after + 1, later];
    assert_eq!(exported(&books.store, account, &day), of_day);
    let moved = transactions(&books.store, account, &day);
    assert_eq!(moved.len(), of_day.len() + 2, "the opening balance and the top-up as well");
    assert!(moved.is_sorted_by(|left, right| left > right));
    let two_days_on = UnixMicros(day.start.0 + 172_800_000_000)..UnixMicros(day.end.0 + 172_800_000_000);
    assert_eq!(exported(&books.store, account, &two_days_on), [ahead, ahead + 1]);
    // Nothing of the minute before the last message but the top-up.
    let minute = UnixMicros(clock.now().0 - 61_000_000)..clock.now();
    assert_eq!(transactions(&books.store, account, &minute).len(), 1);

    let balance = |at: UnixMicros| books.store.wallets().balance_at(account, at).unwrap().micros();
    assert_eq!(balance(day.start), 0);
    assert_eq!(balance(UnixMicros(noon.0 + 1_000_000)), 100_000_000);
    assert_eq!(balance(UnixMicros(noon.0 + 1_000_001)), 99_750_000);
    assert_eq!(balance(day.end), 100_700_000);
    assert_eq!(balance(UnixMicros(u64::MAX)), 100_600_000);

    for id in [first, ahead + 1, after + 1, later] {
        assert_eq!(books.store.messages().cdr(account, id, |cdr| cdr.message_id), Ok(Some(id)));
        assert_eq!(books.store.commits().account_of(id), Ok(Some(account)));
    }
    books.prove();
    books.close();
    assert_eq!(leads(dir.path()), 1, "a restart goes on as it was");
}

#[test]
fn nothing_is_missed_whichever_way_the_clock_goes() {
    let dir = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let mut all = Vec::new();
    let mut account = None;
    for (round, step) in
        [1, -1, 4 * DAY, -DAY, 5, -3 * DAY, -10, 9 * DAY, 1, -2, -9 * DAY].into_iter().enumerate()
    {
        let books = Books::open_under(dir.path(), &clock);
        let account = *account.get_or_insert_with(|| books.provision(&["a"], 100)[0]);
        for seconds in [step, 1] {
            clock.step_seconds(seconds);
            let id = charge(&books, account, &clock, 2);
            all.extend([(id, clock.now()), (id + 1, clock.now())]);
        }
        books.prove();
        for (_, at) in &all {
            let times = *at..UnixMicros(at.0 + 1);
            let expected: Vec<u64> = all.iter().filter(|(_, other)| other == at).map(|(id, _)| *id).collect();
            assert_eq!(exported(&books.store, account, &times), expected, "round {round}");
        }
        books.close();
    }
    assert!(all.is_sorted_by(|left, right| left.0 < right.0));
}

/// A directory of an earlier version, which counted ids on while the clock was behind.
#[test]
fn ids_that_an_earlier_version_counted_on_are_found_by_time() {
    let dir = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let books = Books::open_under(dir.path(), &clock);
    let account = books.provision(&["a"], 100)[0];
    clock.step_seconds(2 * DAY);
    let ahead = charge(&books, account, &clock, 3);
    clock.step_seconds(-2 * DAY);
    let behind = charge(&books, account, &clock, 2);
    books.close();
    let raw = Raw::open(dir.path());
    let (key, moved) = (behind.to_be_bytes(), ahead + 3);
    let batch = raw.get(Family::Batches, key);
    raw.delete(Family::Batches, key);
    raw.put(Family::Batches, moved.to_be_bytes(), batch);
    let block = raw.get(Family::Cdrs, account_id_key(account, behind));
    raw.delete(Family::Cdrs, account_id_key(account, behind));
    raw.put(Family::Cdrs, account_id_key(account, moved), block);
    let earlier = |(key, _): &(Vec<u8>, Vec<u8>)| !key.starts_with(b"id_");
    for (key, _) in raw.rows(Family::Meta).into_iter().filter(|row| !earlier(row)) {
        raw.delete(Family::Meta, key);
    }
    raw.resum();
    drop(raw);

    let books = Books::open_under(dir.path(), &Arc::clone(&clock));
    let day = UnixMicros(clock.now().0 - 1)..UnixMicros(clock.now().0 + 86_400_000_000);
    assert_eq!(exported(&books.store, account, &day), [moved, moved + 1]);
    let later = charge(&books, account, &clock, 1);
    assert_eq!(exported(&books.store, account, &day), [moved, moved + 1, later]);
    books.prove();
    books.close();
    let spread = Raw::open(dir.path()).get(Family::Meta, ID_SPREAD_KEY);
    assert!(Spread::read(&spread).unwrap().late_micros >= 2 * 86_400_000_000);
}

/// A request's key is not forgotten while the clock is in doubt, and is once it is believed.
#[test]
fn keys_of_requests_wait_for_a_clock_that_is_believed() {
    let dir = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let books = Books::open_under(dir.path(), &clock);
    let expires_at = UnixMicros(clock.now().0 + 3_600_000_000);
    let request = |body: &'static [u8]| {
        let changed = books.change(|change| {
            change.request = Some(RequestUse { key: b"key".to_vec(), fingerprint: 7, expires_at });
            let (collection, key) = (Collection(9), b"one".to_vec());
            let body = Some(body.to_vec());
            change.documents.push(DocumentChange { collection, key, expected: Expected::Any, body });
        });
        changed.unwrap().replayed
    };
    assert!(!request(b"first"));
    clock.hold(true);
    clock.step_seconds(4 * DAY);
    assert!(request(b"second"), "the clock may be wrong");
    clock.hold(false);
    assert!(!request(b"third"), "four days have passed");
    books.close();
}

#[test]
fn the_time_of_the_last_commit_is_known_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let last_at = |books: &Books| books.store.commits().last_at().unwrap();
    let books = Books::open_under(dir.path(), &clock);
    assert_eq!(last_at(&books), None, "a fresh directory");
    // Without ids.
    books.provision(&["a"], 0);
    assert_eq!(last_at(&books), Some(clock.now()));
    clock.step_seconds(30);
    let account = books.provision(&["b"], 100)[0];
    assert_eq!(last_at(&books), Some(clock.now()), "its ids say so");
    clock.step_seconds(-DAY);
    charge(&books, account, &clock, 1);
    books.close();
    let books = Books::open_under(dir.path(), &clock);
    assert_eq!(last_at(&books), Some(clock.now()), "also after a clock that was set back");
    books.close();
}
