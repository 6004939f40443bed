//! Disks that fail: whatever a session is told agrees in the end with the disk, and the committer goes on by
//! itself.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{DoubtNotice, EntryChange, EntryText};
use tollgate_storage::chunk::{CancelError, ChunkOutcome, CommitOutcome};
use tollgate_storage::clock::now;
use tollgate_storage::export::{CdrRange, cdrs};
use tollgate_storage::rows::{EntryKind, RefusalsNotKept, RefusalsRow};

use crate::support::{Books, Fate, LIMITS, Message, Script, Session, cases, crash_image, wait, wait_until};

/// More attempts than a batch in doubt is waited for.
const LONGER_THAN_DOUBT: u32 = 30;

/// Until the test says otherwise.
const FOR_NOW: u32 = u32::MAX;

fn failing_books(dir: &tempfile::TempDir) -> (Books, AccountNumber, Script) {
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 1_000)[0];
    books.close();
    let script = Script::default();
    let books = Books::open_with(dir.path(), LIMITS, |store| script.journal(store));
    (books, account, script)
}

/// Charges three messages of a dispatch, with short ids, and says what became of them.
fn charge(books: &Books, session: &mut Session) -> ChunkOutcome {
    let mut chunk = session.chunk_with(UnixMicros(1), true);
    for _ in 0..3 {
        session
            .charge(&mut chunk, &Message { dispatch: Some(b"d"), segments: 2, ..Message::default() })
            .unwrap();
    }
    books.committer.try_charge(chunk).unwrap();
    session.outcome().1
}

fn messages_on_disk(books: &Books) -> u64 {
    let mut count = 0;
    let everything = CdrRange { account: None, from: UnixMicros(0), to: UnixMicros(u64::MAX) };
    cdrs(&books.store, &everything, |_, _| {
        count += 1;
        std::ops::ControlFlow::<()>::Continue(())
    })
    .unwrap();
    count
}

fn recovered(books: &Books, session: &mut Session, expected_messages: u64) {
    wait_until(|| books.committer.is_available());
    assert_eq!(messages_on_disk(books), expected_messages);
    books.prove();
    assert!(matches!(charge(books, session), ChunkOutcome::Durable { .. }));
    assert_eq!(books.prove().cdrs, expected_messages + 3);
}

#[test]
fn a_full_disk_refuses_and_then_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, script) = failing_books(&dir);
    let mut session = books.session(account);
    let before = session.wallet.state();
    script.then([Fate::Full]);
    script.fail_recoveries(FOR_NOW);
    assert_eq!(charge(&books, &mut session), ChunkOutcome::NotDurable);
    assert!(!books.committer.is_available(), "it latches before it answers");
    assert_eq!(session.wallet.state().balance, before.balance);
    // What was charged in memory before the session saw the latch is refused too.
    assert_eq!(charge(&books, &mut session), ChunkOutcome::NotDurable);
    assert_eq!(books.cancel(account, 1), Err(CancelError::Unavailable));
    assert!(books.post(account, EntryKind::TopUp, Amount::from_micros(5)).is_err());
    script.fail_recoveries(0);
    recovered(&books, &mut session, 0);
    drop(session);
    books.close();
}

#[test]
fn a_batch_in_doubt_that_was_written_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, script) = failing_books(&dir);
    let mut session = books.session(account);
    script.then([Fate::WrittenInDoubt]);
    script.fail_recoveries(1);
    assert!(matches!(charge(&books, &mut session), ChunkOutcome::Durable { .. }));
    recovered(&books, &mut session, 3);
    drop(session);
    books.close();
}

#[test]
fn a_batch_in_doubt_that_was_lost_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, script) = failing_books(&dir);
    let mut session = books.session(account);
    script.then([Fate::LostInDoubt]);
    assert_eq!(charge(&books, &mut session), ChunkOutcome::NotDurable);
    recovered(&books, &mut session, 0);
    drop(session);
    books.close();
}

/// Charges three messages on a disk that then cannot be looked at: the session is told that the outcome is unknown, and the
/// money stays taken.
fn charge_in_doubt(books: &Books, session: &mut Session, script: &Script, fate: Fate) {
    let before = session.wallet.state();
    script.then([fate]);
    script.fail_recoveries(FOR_NOW);
    books.committer.try_charge(session.chunk_of(3)).unwrap();
    assert!(matches!(session.hear(), CommitOutcome::InDoubt));
    assert!(!books.committer.is_available());
    assert_eq!(before.balance.micros() - session.wallet.state().balance.micros(), 150_000);
    // What comes meanwhile is in no batch, and refused.
    assert_eq!(charge(books, session), ChunkOutcome::NotDurable);
}

#[test]
fn a_commit_in_doubt_that_was_written_stands() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, script) = failing_books(&dir);
    let mut session = books.session(account);
    assert!(matches!(charge(&books, &mut session), ChunkOutcome::Durable { .. }));
    charge_in_doubt(&books, &mut session, &script, Fate::WrittenInDoubt);
    let taken = session.wallet.state();
    script.fail_recoveries(0);
    assert!(matches!(session.outcome().1, ChunkOutcome::Durable { .. }));
    assert_eq!(session.wallet.state(), taken);
    recovered(&books, &mut session, 6);
    drop(session);
    books.close();
}

#[test]
fn a_commit_in_doubt_that_was_lost_gives_the_money_back() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, script) = failing_books(&dir);
    let mut session = books.session(account);
    let before = session.wallet.state();
    charge_in_doubt(&books, &mut session, &script, Fate::LostInDoubt);
    script.fail_recoveries(0);
    assert_eq!(session.outcome().1, ChunkOutcome::NotDurable);
    assert_eq!(session.wallet.state().balance, before.balance);
    recovered(&books, &mut session, 0);
    drop(session);
    books.close();
}

#[test]
fn changes_and_cancellations_in_doubt_have_an_unknown_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, script) = failing_books(&dir);
    let mut session = books.session(account);
    books.committer.try_charge(session.chunk_of(4)).unwrap();
    let id = session.first_id();
    let before = session.wallet.state();
    script.then([Fate::WrittenInDoubt]);
    script.fail_recoveries(FOR_NOW);
    assert!(books.cancel_in_doubt(account, id));
    script.fail_recoveries(0);
    wait_until(|| books.committer.is_available());
    assert_eq!(books.cancel(account, id), Err(CancelError::Final), "it was cancelled");
    assert_eq!(session.wallet.state().balance.micros() - before.balance.micros(), 50_000);
    books.prove();

    script.then([Fate::WrittenInDoubt]);
    script.fail_recoveries(FOR_NOW);
    let five = Amount::from_micros(5_000_000);
    let entry = EntryChange::credit(books.wallet(account), EntryKind::TopUp, five, EntryText::default());
    let (doubt, notice) = tokio::sync::oneshot::channel();
    let answer = books.start_change(|change| {
        change.entries.push(entry.unwrap());
        change.on_doubt = DoubtNotice(Some(Box::new(move || doubt.send(()).unwrap())));
    });
    wait(notice).unwrap();
    assert_eq!(
        session.wallet.state().balance.micros() - before.balance.micros(),
        50_000,
        "not spendable yet"
    );
    script.fail_recoveries(0);
    wait_until(|| books.committer.is_available());
    wait(answer).unwrap().unwrap();
    assert_eq!(session.wallet.state().balance.micros() - before.balance.micros(), 5_050_000);
    books.prove();
    drop(session);
    books.close();
}

#[test]
fn a_shutdown_in_doubt_leaves_what_the_disk_has() {
    for (fate, cdrs) in [(Fate::WrittenInDoubt, 3), (Fate::LostInDoubt, 0)] {
        let dir = tempfile::tempdir().unwrap();
        let (books, account, script) = failing_books(&dir);
        let mut session = books.session(account);
        charge_in_doubt(&books, &mut session, &script, fate);
        drop(session);
        books.close();
        let books = Books::open(dir.path());
        assert_eq!(books.prove().cdrs, cdrs);
        books.close();
    }
}

/// Charges chunks while the disk comes and goes; the ids that were said to be durable.
fn charge_through_trouble(books: &Books, account: AccountNumber) -> Vec<u64> {
    let mut session = books.session(account);
    let mut durable = Vec::new();
    for round in 0..60 {
        wait_until(|| books.committer.is_available());
        let count = 1 + round % 4;
        books.committer.try_charge(session.chunk_of(count)).unwrap();
        if let ChunkOutcome::Durable { first_visible_id } = session.outcome().1 {
            durable.extend(first_visible_id..first_visible_id + u64::from(count));
        }
    }
    durable
}

#[test]
fn many_sessions_through_trouble_lose_nothing_and_pay_for_nothing_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, script) = failing_books(&dir);
    script.then([Fate::Written, Fate::WrittenInDoubt, Fate::Full, Fate::LostInDoubt].repeat(20));
    let durable: BTreeSet<u64> = std::thread::scope(|scope| {
        let charging = || scope.spawn(|| charge_through_trouble(&books, account));
        let threads: Vec<_> = (0..4).map(|_| charging()).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    wait_until(|| books.committer.is_available());
    assert_eq!(books.prove().cdrs, durable.len() as u64);
    assert!(durable.iter().all(|id| books.store.messages().cdr(account, *id, |_| ()).unwrap().is_some()));
    books.close();
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        2 => Just(Fate::Written),
        1 => Just(Fate::Full),
        1 => Just(Fate::LostInDoubt),
        1 => Just(Fate::WrittenInDoubt)
    ]
}

#[test]
fn refusals_are_written_and_counted_once_whatever_the_disk_does() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, script) = failing_books(&dir);
    let mut refused = 0;
    for (fate, failing) in [
        (Fate::Written, 0),
        (Fate::Full, 0),
        (Fate::LostInDoubt, 1),
        (Fate::LostInDoubt, LONGER_THAN_DOUBT),
        (Fate::WrittenInDoubt, 1),
        (Fate::WrittenInDoubt, LONGER_THAN_DOUBT),
    ] {
        script.then([fate]);
        script.fail_recoveries(failing);
        refused += 7;
        let not_kept = vec![RefusalsNotKept { account, reason: Refusal::Throttled, count: 7 }];
        let mut next = Some(RefusalsRow { at: now(), messages: Vec::new(), not_kept });
        while let Some(row) = next {
            // What comes back is handed over again.
            next = books.refuse(row).err();
            wait_until(|| books.committer.is_available());
        }
        let mut written = 0;
        let visit = |row: &RefusalsRow| {
            written += row.not_kept.iter().map(|more| more.count).sum::<u64>();
            std::ops::ControlFlow::Continue(())
        };
        books.store.search().refusals_down(&(UnixMicros(0)..UnixMicros(u64::MAX)), visit).unwrap();
        assert_eq!(written, refused, "{fate:?}");
        assert_eq!(Books::open(crash_image(dir.path()).path()).prove(), books.prove());
    }
    books.close();
}

/// One charge of so many messages, and what the disk does meanwhile.
fn step() -> impl Strategy<Value = (u32, Vec<Fate>, u32)> {
    let failing = prop_oneof![2 => Just(0), 1 => 1..4_u32, 1 => Just(LONGER_THAN_DOUBT)];
    (1..5_u32, vec(fate(), 1..4), failing)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(12)))]

    #[test]
    fn what_sessions_are_told_is_what_is_on_disk(steps in vec(step(), 1..10)) {
        let dir = tempfile::tempdir().unwrap();
        let (books, account, script) = failing_books(&dir);
        let mut session = books.session(account);
        let mut durable = BTreeSet::new();
        for (count, fates, failing) in steps {
            script.then(fates);
            script.fail_recoveries(failing);
            let before = session.wallet.state();
            books.committer.try_charge(session.chunk_of(count)).unwrap();
            match session.outcome().1 {
                ChunkOutcome::Durable { first_visible_id } => {
                    durable.extend(first_visible_id..first_visible_id + u64::from(count));
                }
                ChunkOutcome::NotDurable => prop_assert_eq!(session.wallet.state().balance, before.balance),
            }
            wait_until(|| books.committer.is_available());
            prop_assert_eq!(books.prove().cdrs, durable.len() as u64);
        }
        for id in durable {
            prop_assert!(books.store.messages().cdr(account, id, |_| ()).unwrap().is_some());
        }
        let image = crash_image(dir.path());
        prop_assert_eq!(Books::open(image.path()).prove(), books.prove());
        drop(session);
        books.close();
    }
}
