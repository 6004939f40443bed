//! Idempotency keys: the first use charges, every other gets the first message's id.

use std::sync::Barrier;

use tokio::sync::mpsc;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::chunk::{ChunkOutcome, CommitOutcome, key_waiter};
use tollgate_storage::delivery::{DeliveryEvent, EventOutcome};
use tollgate_storage::keys::{FirstUse, KeyCheck, NewKey};
use tollgate_storage::rows::RefusedDestination;

use crate::support::{Books, Fate, LIMITS, Message, Script, Session, wait, wait_until};

const NOW: UnixMicros = UnixMicros(1_000_000);

fn check(books: &Books, session: &Session, key: &[u8], fingerprint: u64, token: u64) -> KeyCheck {
    check_at(books, session, key, fingerprint, token, NOW)
}

fn check_at(
    books: &Books,
    session: &Session,
    key: &[u8],
    print: u64,
    token: u64,
    now: UnixMicros,
) -> KeyCheck {
    books
        .keys
        .check(session.wallet.number(), key, print, now, key_waiter(&session.commit_outcomes.0, token))
        .unwrap()
}

fn first_use(message_id: u64) -> FirstUse {
    FirstUse { message_id, short_id: None, refused: Vec::new() }
}

fn charge_with_key(books: &Books, session: &Session, key: &[u8]) {
    let mut chunk = session.chunk();
    session.charge(&mut chunk, &Message::default()).unwrap();
    session.charge(&mut chunk, &Message { key: Some(key), ..Message::default() }).unwrap();
    books.committer.try_charge(chunk).unwrap();
}

fn open(dir: &tempfile::TempDir) -> (Books, AccountNumber) {
    let books = Books::open(dir.path());
    let account = books.provision(&["a", "b"], 1_000)[0];
    (books, account)
}

#[test]
fn a_key_is_new_then_pending_then_known_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account) = open(&dir);
    let mut session = books.session(account);
    assert_eq!(check(&books, &session, b"k", 7, 1), KeyCheck::New);
    assert_eq!(check(&books, &session, b"k", 7, 2), KeyCheck::Pending);
    assert_eq!(
        check(&books, &session, b"k", 8, 3),
        KeyCheck::Reused,
        "another message while the first is pending"
    );
    assert_eq!(check(&books, &session, b"other", 8, 4), KeyCheck::New);
    charge_with_key(&books, &session, b"k");
    let CommitOutcome::Key { token: 2, first_use: Some(FirstUse { message_id: id, .. }) } = session.hear()
    else {
        panic!("the waiter is told")
    };
    assert_eq!(session.first_id() + 1, id, "the key is the second message's");
    assert_eq!(check(&books, &session, b"k", 7, 5), KeyCheck::Known(first_use(id)));
    assert_eq!(check(&books, &session, b"k", 8, 6), KeyCheck::Reused);
    let other_account = books.session(AccountNumber(account.0 + 1));
    assert_eq!(check(&books, &other_account, b"k", 7, 7), KeyCheck::New, "accounts do not share keys");
    books.prove();
    drop((session, other_account));
    books.close();

    let (books, account) = open(&dir);
    let session = books.session(account);
    assert_eq!(check(&books, &session, b"k", 7, 8), KeyCheck::Known(first_use(id)));
    assert_eq!(check(&books, &session, b"other", 8, 9), KeyCheck::New, "it was reserved and never charged");
    drop(session);
    books.close();
}

#[test]
fn a_key_is_forgotten_when_its_window_ends() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account) = open(&dir);
    let mut session = books.session(account);
    let expires_at = UnixMicros(NOW.0 + 10);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let mut chunk = session.chunk();
        session.charge(&mut chunk, &Message::default()).unwrap();
        chunk.push_key(NewKey {
            key: (*b"k").into(),
            fingerprint: 7,
            expires_at,
            index: 0,
            refused: Vec::new(),
        });
        ids.push(chunk);
    }
    let [first, second] = <[_; 2]>::try_from(ids).unwrap();
    assert_eq!(check(&books, &session, b"k", 7, 1), KeyCheck::New);
    books.committer.try_charge(first).unwrap();
    let first_id = session.first_id();
    assert_eq!(
        check_at(&books, &session, b"k", 7, 2, UnixMicros(expires_at.0 - 1)),
        KeyCheck::Known(first_use(first_id))
    );
    assert_eq!(check_at(&books, &session, b"k", 9, 3, expires_at), KeyCheck::New, "whatever it was used for");
    books.committer.try_charge(second).unwrap();
    let second_id = session.first_id();
    assert_eq!(check(&books, &session, b"k", 7, 4), KeyCheck::Known(first_use(second_id)));
    drop(session);
    books.close();
}

#[test]
fn of_many_at_once_one_is_first_and_the_others_get_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account) = open(&dir);
    for round in 0..50_u64 {
        let key = round.to_be_bytes();
        let barrier = Barrier::new(8);
        let heard: Vec<(bool, u64)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|token| {
                    scope.spawn({
                        let (books, barrier) = (&books, &barrier);
                        move || {
                            let mut session = books.session(account);
                            barrier.wait();
                            match check(books, &session, &key, 7, token) {
                                KeyCheck::New => {
                                    charge_with_key(books, &session, &key);
                                    (true, session.first_id() + 1)
                                }
                                KeyCheck::Known(FirstUse { message_id: id, .. }) => (false, id),
                                KeyCheck::Pending => match session.hear() {
                                    CommitOutcome::Key {
                                        token: told,
                                        first_use: Some(FirstUse { message_id: id, .. }),
                                    } if told == token => (false, id),
                                    other => panic!("{other:?}"),
                                },
                                KeyCheck::Reused => panic!("it is the same message"),
                            }
                        }
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(heard.iter().filter(|(first, _)| *first).count(), 1);
        assert!(heard.iter().all(|(_, id)| *id == heard[0].1));
    }
    assert_eq!(books.prove().cdrs, 100);
    books.close();
}

#[test]
fn a_first_use_that_fails_says_so_and_frees_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account) = open(&dir);
    books.close();
    let script = Script::default();
    let books = Books::open_with(dir.path(), LIMITS, |store| script.journal(store));
    let mut session = books.session(account);
    for fate in [Fate::Full, Fate::LostInDoubt] {
        script.then([fate]);
        assert_eq!(check(&books, &session, b"k", 7, 1), KeyCheck::New);
        assert_eq!(check(&books, &session, b"k", 7, 2), KeyCheck::Pending);
        charge_with_key(&books, &session, b"k");
        assert!(matches!(session.hear(), CommitOutcome::Key { token: 2, first_use: None }));
        assert_eq!(session.outcome().1, ChunkOutcome::NotDurable);
        wait_until(|| books.committer.is_available());
    }
    assert_eq!(check(&books, &session, b"k", 7, 3), KeyCheck::New);
    charge_with_key(&books, &session, b"k");
    session.first_id();
    assert_eq!(books.prove().cdrs, 2);
    drop(session);
    books.close();
}

#[test]
fn a_released_key_is_free_again() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account) = open(&dir);
    let session = books.session(account);
    let (waiter, mut commit_outcomes) = mpsc::unbounded_channel();
    assert_eq!(check(&books, &session, b"k", 7, 1), KeyCheck::New);
    assert_eq!(books.keys.check(account, b"k", 7, NOW, key_waiter(&waiter, 5)).unwrap(), KeyCheck::Pending);
    books.keys.release(account, b"k");
    assert!(matches!(wait(commit_outcomes.recv()), Some(CommitOutcome::Key { token: 5, first_use: None })));
    assert_eq!(check(&books, &session, b"k", 9, 2), KeyCheck::New);
    drop(session);
    books.close();
}

#[test]
fn what_was_answered_first_is_remembered_and_a_resend_over_smpp_3_3_gets_a_short_id_once() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account) = open(&dir);
    let mut session = books.session(account);
    let refused = vec![RefusedDestination { ton: 1, npi: 1, address: b"1".to_vec(), status: 0x0B }];
    assert_eq!(check(&books, &session, b"k", 7, 1), KeyCheck::New);
    assert_eq!(check(&books, &session, b"k", 7, 2), KeyCheck::Pending);
    let mut chunk = session.chunk();
    session.charge(&mut chunk, &Message { key: Some(b"k"), ..Message::default() }).unwrap();
    chunk.note_refused(refused.clone());
    books.committer.try_charge(chunk).unwrap();
    let CommitOutcome::Key { first_use: Some(first), .. } = session.hear() else {
        panic!("the waiter is told")
    };
    assert_eq!((&first.refused, first.short_id()), (&refused, None));
    session.first_id();
    let wanted = || DeliveryEvent::ShortIdWanted { account, key: (*b"k").into() };
    let outcomes = books.tell_all(vec![wanted(), wanted()]);
    let EventOutcome::ShortId(id) = outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(outcomes[1], outcomes[0]);
    assert_eq!(books.tell(wanted()), outcomes[0]);
    assert_eq!(books.store.messages().of_short_id(account, id).unwrap(), Some(first.message_id));
    let known = KeyCheck::Known(FirstUse { short_id: Some(id), ..first });
    assert_eq!(check(&books, &session, b"k", 7, 3), known);
    books.prove();
    drop(session);
    books.close();
    let (books, _) = open(&dir);
    let session = books.session(account);
    assert_eq!(check(&books, &session, b"k", 7, 4), known);
    books.close();
}
