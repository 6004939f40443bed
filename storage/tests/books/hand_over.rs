//! From a session to the queue: back-pressure, and chunks that never arrive.

use std::sync::mpsc;
use std::task::{Context, Waker};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::batch::Batch;
use tollgate_storage::chunk::{CommitOutcome, key_waiter};
use tollgate_storage::committer::{Limits, QueueFull};
use tollgate_storage::journal::{Journal, JournalError, RocksJournal};
use tollgate_storage::keys::KeyCheck;
use tollgate_storage::store::{CommitRow, Durability};

use crate::support::{Books, Message, wait, wait_until};

/// A journal that writes when the test lets it.
struct Gated {
    inner: RocksJournal,
    control: mpsc::Receiver<()>,
}

impl Journal for Gated {
    fn append(&mut self, batch: &Batch, commit: &CommitRow) -> Result<(), JournalError> {
        // A test that is over opens the gate for good.
        let _ = self.control.recv();
        self.inner.append(batch, commit)
    }

    fn recover(&mut self) -> Result<CommitRow, JournalError> {
        self.inner.recover()
    }
}

/// Books whose queue holds ten messages, with a commit of one message on its way that waits at the gate.
fn stuck_books(dir: &tempfile::TempDir) -> (Books, AccountNumber, mpsc::Sender<()>) {
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 1_000)[0];
    books.close();
    let (open, control) = mpsc::channel();
    let limits = Limits { queue_messages: 10, batch_messages: 5, batch_bytes: 1 << 20 };
    let books = Books::open_with(dir.path(), limits, |store| Gated {
        inner: RocksJournal::new(store, Durability::Os),
        control,
    });
    books.committer.try_charge(books.session(account).chunk_of(1)).unwrap();
    wait_until(|| books.committer.queued_messages() == 0);
    (books, account, open)
}

#[test]
fn a_chunk_dropped_before_it_is_handed_over_gives_everything_back() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 10)[0];
    let mut session = books.session(account);
    let untouched = session.wallet.state();
    let mine = session.commit_outcomes.0.clone();
    let check =
        |key: &[u8], token| books.keys.check(account, key, 7, UnixMicros(1), key_waiter(&mine, token));
    assert_eq!(check(b"k1", 1).unwrap(), KeyCheck::New);
    assert_eq!(check(b"k1", 2).unwrap(), KeyCheck::Pending);

    let mut chunk = session.chunk();
    session.charge(&mut chunk, &Message { key: Some(b"k1"), segments: 3, ..Message::default() }).unwrap();
    session.charge(&mut chunk, &Message::default()).unwrap();
    assert_eq!(session.wallet.state().balance.micros(), 9_800_000);
    drop(chunk);

    assert_eq!(session.wallet.state().balance, untouched.balance);
    assert!(session.wallet.state().volumes.iter().all(|volume| volume.segments == 0));
    assert!(matches!(session.hear(), CommitOutcome::Key { token: 2, first_use: None }));
    assert_eq!(check(b"k1", 3).unwrap(), KeyCheck::New, "the key is free again");
    books.prove();
    books.close();
}

#[test]
fn a_full_queue_gives_the_chunk_back_and_its_charges_stand() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, open) = stuck_books(&dir);
    let mut session = books.session(account);
    books.committer.try_charge(session.chunk_of(4)).unwrap();
    books.committer.try_charge(session.chunk_of(4)).unwrap();
    assert_eq!(books.committer.queued_messages(), 8);
    let QueueFull(back) = books.committer.try_charge(session.chunk_of(3)).unwrap_err();
    assert_eq!((back.count(), books.committer.queued_messages()), (3, 8));
    books.committer.try_charge(session.chunk_of(2)).unwrap();
    assert_eq!(books.committer.queued_messages(), 10);
    drop(open);
    for expected in [4, 4, 2] {
        let (chunk, _) = session.outcome();
        assert_eq!(chunk.count(), expected);
    }
    books.committer.try_charge(back).unwrap();
    session.first_id();
    assert_eq!((books.committer.queued_messages(), books.prove().cdrs), (0, 14));
    books.close();
}

#[test]
fn a_session_that_waits_for_room_is_woken_when_there_is_some() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, open) = stuck_books(&dir);
    let mut session = books.session(account);
    books.committer.try_charge(session.chunk_of(10)).unwrap();
    let mut waiting = Some(session.chunk_of(6));
    let polled = books.committer.poll_charge(&mut Context::from_waker(Waker::noop()), &mut waiting);
    assert!(polled.is_pending() && waiting.is_some());
    open.send(()).unwrap();
    // Nothing else polls it: without a wake-up this would never end.
    wait(std::future::poll_fn(|cx| books.committer.poll_charge(cx, &mut waiting)));
    assert!(waiting.is_none());
    drop(open);
    assert_eq!((session.outcome().0.count(), session.outcome().0.count()), (10, 6));
    books.prove();
    books.close();
}

#[test]
fn a_chunk_larger_than_the_queue_passes_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, open) = stuck_books(&dir);
    let mut session = books.session(account);
    books.committer.try_charge(session.chunk_of(1)).unwrap();
    let mut large = Some(session.chunk_of(50));
    let polled = books.committer.poll_charge(&mut Context::from_waker(Waker::noop()), &mut large);
    assert!(polled.is_pending(), "something else waits");
    drop(open);
    wait(std::future::poll_fn(|cx| books.committer.poll_charge(cx, &mut large)));
    assert_eq!((session.outcome().0.count(), session.outcome().0.count()), (1, 50));
    books.prove();
    books.close();
}

#[test]
fn an_empty_chunk_is_answered_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 10)[0];
    let mut session = books.session(account);
    books.committer.try_charge(session.chunk()).unwrap();
    session.first_id();
    for _ in 0..2 {
        books.committer.try_charge(session.chunk()).unwrap();
        books.committer.try_charge(session.chunk_of(2)).unwrap();
    }
    let counts: Vec<u32> = (0..4).map(|_| session.outcome().0.count()).collect();
    assert_eq!(counts, [0, 2, 0, 2]);
    assert_eq!(books.prove().cdrs, 4);
    books.close();
}

/// Sessions that contend for a queue of one chunk: each has to get its turn with no help from the others'
/// traffic.
#[test]
fn no_session_waits_for_ever_for_room() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 1_000_000)[0];
    books.close();
    let limits = Limits { queue_messages: 10, batch_messages: 5, batch_bytes: 1 << 20 };
    let books = Books::open_with(dir.path(), limits, |store| RocksJournal::new(store, Durability::Os));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut session = books.session(account);
                for _ in 0..300 {
                    let mut chunk = Some(session.chunk_of(6));
                    wait(std::future::poll_fn(|cx| books.committer.poll_charge(cx, &mut chunk)));
                }
                for _ in 0..300 {
                    session.first_id();
                }
            });
        }
    });
    assert_eq!((books.committer.queued_messages(), books.prove().cdrs), (0, 7_200));
    books.close();
}
