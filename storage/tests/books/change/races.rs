//! Many at once: nobody spends what another has spent, and every key counts once.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

#[test]
fn adjustments_and_charges_at_once_never_overspend() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 20)[0];
    let wallet = books.wallet(account);
    let (taken, charged) = (AtomicI64::new(0), AtomicI64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Ok(entry) = take(&books, account, cents(7)) {
                    assert!(wallet.state().balance >= Amount::ZERO);
                    books.change(|change| change.entries.push(entry)).unwrap();
                    taken.fetch_add(7, Ordering::SeqCst);
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                let mut session = books.session(account);
                for _ in 0..60 {
                    let mut chunk = session.chunk_with(UnixMicros(1), false);
                    let Ok(posting) = session.charge(&mut chunk, &crate::support::Message::default()) else {
                        break;
                    };
                    books.committer.try_charge(chunk).unwrap();
                    session.first_id();
                    charged.fetch_add(posting.amount.micros(), Ordering::SeqCst);
                }
            });
        }
    });
    let spent = taken.into_inner() * 10_000 + charged.into_inner();
    let left = 20_000_000 - spent;
    assert!((0..70_000).contains(&left), "{left} left");
    assert_eq!(books.wallet(account).state().balance.micros(), i128::from(left));
    assert_eq!(books.durable_wallet(account).balance.micros(), i128::from(left));
    books.prove();
    drop(wallet);
    books.close();
}

#[test]
fn a_hundred_requests_with_repeated_keys_each_count_once() {
    const KEYS: i64 = 25;
    let dir = tempfile::tempdir().unwrap();
    let mut books = Books::open(dir.path());
    let account = books.provision(&["a"], 10)[0];
    // The second round finds on disk what the first one made.
    for _ in 0..2 {
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let books = &books;
                scope.spawn(move || {
                    for step in 0..KEYS {
                        let key = [u8::try_from((step * 7 + thread) % KEYS).unwrap()];
                        let changed = books.change(|change| {
                            change.entries.push(top_up(books, account, cents(1)));
                            change.request = Some(request(&key, 1));
                        });
                        changed.unwrap();
                    }
                });
            }
        });
        assert_eq!(books.wallet(account).state().balance, cents(1_000 + KEYS));
        books.prove();
        books.close();
        books = Books::open(dir.path());
    }
    books.close();
}
