//! The committer: what it says is durable is on disk, once, and still there after any end.

use std::collections::BTreeSet;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::wallet::{Wallet, WalletState};
use tollgate_storage::batch::{Batch, Put};
use tollgate_storage::change::ChangeError;
use tollgate_storage::chunk::ChunkOutcome;
use tollgate_storage::journal::{Journal, JournalError};
use tollgate_storage::rows::EntryKind;
use tollgate_storage::schema::{Family, account_name_key};
use tollgate_storage::store::CommitRow;
use tollgate_storage::verify;

use crate::support::{Books, LIMITS, MONTH, Message, Session, crash_image, wait, wait_until, write_unsummed};

const ONE_UNIT: Amount = Amount::from_micros(1_000_000);

/// Charges chunks of growing size one after the other; the ids as they were given.
fn charge_chunks(books: &Books, session: &mut Session, chunks: u32) -> Vec<u64> {
    let mut ids = Vec::new();
    for count in 1..=chunks {
        books.committer.try_charge(session.chunk_of(count)).unwrap();
        let first = session.first_id();
        ids.extend(first..first + u64::from(count));
    }
    ids
}

#[test]
fn messages_of_many_sessions_get_ascending_ids_that_find_their_cdrs() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let accounts = books.provision(&["a", "b", "c"], 1_000);
    let ids: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let charging = |account| {
            let (books, mut session) = (&books, books.session(account));
            scope.spawn(move || charge_chunks(books, &mut session, 20))
        };
        // Two sessions of each account share its wallet.
        let threads: Vec<_> = accounts.iter().chain(&accounts).map(|account| charging(*account)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut unique = BTreeSet::new();
    for (account, ids) in accounts.iter().chain(&accounts).zip(&ids) {
        assert_eq!(ids.len(), 210);
        assert!(ids.is_sorted_by(|left, right| left < right));
        for id in ids {
            assert!(unique.insert(*id), "message {id} twice");
            let found =
                books.store.messages().cdr(*account, *id, |cdr| (cdr.message_id, cdr.header.plan.to_owned()));
            assert_eq!(found.unwrap(), Some((*id, "starter".to_owned())));
        }
    }
    let report = books.prove();
    assert_eq!((report.cdrs, report.segments, report.wallets), (1260, 1260, 3));
    let other = accounts[1];
    assert_eq!(
        books.store.messages().cdr(other, ids[0][0], |_| ()).unwrap(),
        None,
        "another account's message"
    );
    assert_eq!(books.store.messages().cdr(accounts[0], 1, |_| ()).unwrap(), None, "no message");
    books.close();
}

#[test]
fn books_go_on_where_they_ended() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let [account] = books.provision(&["a"], 100)[..] else { panic!("one account") };
    let before = charge_chunks(&books, &mut books.session(account), 8);
    let wallet = books.durable_wallet(account);
    books.close();

    let books = Books::open(dir.path());
    assert_eq!(books.provision(&["a"], 100), [account], "known accounts keep their number");
    assert_eq!(books.wallet(account).state(), wallet);
    assert_eq!((wallet.counted(MONTH), wallet.balance.micros()), (36, 98_360_000));
    let after = charge_chunks(&books, &mut books.session(account), 8);
    assert!(before.last() < after.first());
    assert_eq!(books.prove().cdrs, 72);
    books.close();
}

#[test]
fn a_crash_loses_nothing_that_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let [account] = books.provision(&["a"], 100)[..] else { panic!("one account") };
    let mut session = books.session(account);
    let mut answered = BTreeSet::new();
    for _ in 0..5 {
        answered.extend(charge_chunks(&books, &mut session, 4));
        books.cancel(account, *answered.first().unwrap()).ok();
        let image = crash_image(dir.path());
        let after = Books::open(image.path());
        assert_eq!(after.prove(), books.prove());
        assert!(
            answered.iter().all(|id| after.store.messages().cdr(account, *id, |_| ()).unwrap() == Some(()))
        );
        let next = charge_chunks(&after, &mut after.session(account), 1);
        assert!(answered.last() < next.first());
        after.prove();
        after.close();
    }
    books.close();
}

#[test]
fn charges_in_the_queue_are_written_before_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let [account] = books.provision(&["a"], 100)[..] else { panic!("one account") };
    let mut session = books.session(account);
    for _ in 0..30 {
        books.committer.try_charge(session.chunk_of(3)).unwrap();
    }
    books.close();
    for _ in 0..30 {
        session.first_id();
    }
    drop(session);
    let books = Books::open(dir.path());
    assert_eq!(books.prove().cdrs, 90);
    books.close();
}

#[test]
fn provisioning_what_is_known_changes_nothing_and_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let first = wait(books.start_provision(&["a", "b"], ONE_UNIT, "t1")).unwrap().unwrap();
    let again = wait(books.start_provision(&["a", "b"], ONE_UNIT, "t1")).unwrap().unwrap();
    assert_eq!(first, again);
    let later = wait(books.start_provision(&["b", "c"], ONE_UNIT, "t2")).unwrap().unwrap();
    assert_eq!(later.accounts[0], first.accounts[1]);
    assert!(!first.accounts.contains(&later.accounts[1]));
    assert_ne!(later.tariff, first.tariff);
    let report = verify::verify(&books.store).unwrap();
    assert_eq!((report.wallets, report.totals["USD"].paid_in.micros()), (3, 3_000_000));
    books.close();
}

#[test]
fn accounts_and_tariffs_asked_for_at_once_get_one_number_each() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    // All of them wait in the queue, so that many are folded into one commit.
    let answers: Vec<_> = (0..40)
        .map(|round| books.start_provision(&["a", "b", "a"], ONE_UNIT, ["t1", "t2", "t3"][round % 3]))
        .collect();
    for (round, answer) in answers.into_iter().enumerate() {
        let provisioned = wait(answer).unwrap().unwrap();
        let tariffs = books.store.provisioned().tariffs().unwrap();
        let (_, row) = tariffs.iter().find(|(number, _)| *number == provisioned.tariff).unwrap();
        assert_eq!(row.version, ["t1", "t2", "t3"][round % 3]);
        assert_eq!(provisioned.accounts[0], provisioned.accounts[2]);
        let accounts = books.store.provisioned().accounts().unwrap();
        assert_eq!(accounts.iter().find(|(number, _)| *number == provisioned.accounts[1]).unwrap().1.id, "b");
    }
    assert_eq!(
        (
            books.store.provisioned().accounts().unwrap().len(),
            books.store.provisioned().tariffs().unwrap().len()
        ),
        (2, 3)
    );
    assert_eq!(verify::verify(&books.store).unwrap().totals["USD"].paid_in.micros(), 2_000_000);
    books.close();
}

#[test]
fn an_entry_that_no_balance_can_hold_is_refused_and_nobody_else_is_hurt() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let [account] = books.provision(&["a"], 1)[..] else { panic!("one account") };
    let smallest = Amount::from_micros(-i64::MAX);
    for amount in [Amount::MAX, smallest, Amount::from_micros(i64::MAX - 500_000)] {
        let refused = books.post(account, EntryKind::Adjustment, amount);
        assert_eq!(refused, Err(ChangeError::Balance), "{amount}");
    }
    assert!(wait(books.start_provision(&["rich"], Amount::MAX, "t1")).unwrap().is_err());
    let stranger = AccountNumber(account.0 + 1);
    books.wallets.insert(Wallet::new(stranger, WalletState::default()));
    assert!(books.post(stranger, EntryKind::TopUp, Amount::MAX).is_err());
    books.post(account, EntryKind::TopUp, ONE_UNIT).unwrap();
    assert_eq!(books.prove().totals["USD"].balance.micros(), 2_000_000);
    books.close();
}

#[test]
fn a_chunk_that_cannot_be_folded_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let [account] = books.provision(&["a"], 10)[..] else { panic!("one account") };
    let mut session = books.session(account);
    let mut charge = |dispatches: &[&[u8]]| {
        let mut chunk = session.chunk();
        for dispatch in dispatches {
            session.charge(&mut chunk, &Message { dispatch: Some(dispatch), ..Message::default() }).unwrap();
        }
        books.committer.try_charge(chunk).unwrap();
        session.outcome().1
    };
    assert!(matches!(charge(&[b"spring"]), ChunkOutcome::Durable { .. }));
    let autumn = account_name_key(account, b"autumn");
    let write = |value| {
        let put = Put { family: Family::Dispatches, key: autumn.clone(), value, before: None };
        write_unsummed(&books.store, &Batch { puts: vec![put] });
    };
    write(Some(vec![0xFF]));
    assert_eq!(charge(&[b"spring", b"autumn"]), ChunkOutcome::NotDurable);
    assert!(matches!(charge(&[b"spring"]), ChunkOutcome::Durable { .. }));
    assert_eq!(books.store.get(Family::Dispatches, &autumn).unwrap(), Some(vec![0xFF]), "the evidence stays");
    write(None);
    assert_eq!(books.prove().cdrs, 2);
    books.close();
}

/// A journal with a bug in it.
struct Panicking;

impl Journal for Panicking {
    fn append(&mut self, _: &Batch, _: &CommitRow) -> Result<(), JournalError> {
        panic!("the journal of this test panics")
    }

    fn recover(&mut self) -> Result<CommitRow, JournalError> {
        panic!("the journal of this test panics")
    }
}

#[test]
fn a_writer_that_dies_is_unavailable_and_chunks_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let [account] = books.provision(&["a"], 10)[..] else { panic!("one account") };
    books.close();

    let books = Books::open_with(dir.path(), LIMITS, |_| Panicking);
    let mut session = books.session(account);
    let durable = session.wallet.state();
    books.committer.try_charge(session.chunk_of(3)).unwrap();
    wait_until(|| !books.committer.is_available());
    let mut chunk = session.chunk();
    session.charge(&mut chunk, &Message::default()).unwrap();
    books.committer.try_charge(chunk).unwrap();
    assert_eq!(session.outcome().1, ChunkOutcome::NotDurable);
    wait_until(|| session.wallet.state().balance == durable.balance);
}
