//! Changes on disks that fail: what is said of one is what the disk says, and a key that is sent again makes
//! it good.

use proptest::collection::vec;
use proptest::prelude::*;
use tollgate_storage::change::{Change, Changed, DoubtNotice};

use super::*;
use crate::support::{Fate, Script, cases, wait};

/// Until the test says otherwise.
const FOR_NOW: u32 = u32::MAX;

fn failing(dir: &tempfile::TempDir) -> (Books, AccountNumber, Script) {
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 10)[0];
    books.close();
    let script = Script::default();
    let books = Books::open_with(dir.path(), LIMITS, |store| script.journal(store));
    (books, account, script)
}

fn pay(books: &Books, account: AccountNumber, key: &[u8]) -> Result<Changed, ChangeError> {
    books.change(|change| payment(books, account, key, change))
}

fn payment(books: &Books, account: AccountNumber, key: &[u8], change: &mut Change) {
    change.documents.push(put(key, Expected::Absent, b"paid"));
    change.entries.push(top_up(books, account, cents(100)));
    change.entries.push(take(books, account, cents(30)).unwrap());
    change.audit.push(note("paid"));
    change.request = Some(request(key, 1));
}

#[test]
fn a_change_that_is_refused_gives_its_money_back_and_can_be_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, script) = failing(&dir);
    script.then([Fate::Full]);
    script.fail_recoveries(FOR_NOW);
    assert!(matches!(pay(&books, account, b"k"), Err(ChangeError::Unavailable(_))));
    assert_eq!(books.wallet(account).state().balance, cents(1_000));
    // While the committer is latched nothing is done.
    assert!(matches!(pay(&books, account, b"k"), Err(ChangeError::Unavailable(_))));
    script.fail_recoveries(0);
    wait_until(|| books.committer.is_available());
    assert_eq!((body(&books, b"k"), actions(&books).len()), (None, 0), "there is nothing of it");
    pay_once_more(&books, account, false);
    books.close();
}

#[test]
fn a_change_whose_outcome_is_unknown_can_be_sent_again() {
    for (fate, written) in [(Fate::LostInDoubt, false), (Fate::WrittenInDoubt, true)] {
        let dir = tempfile::tempdir().unwrap();
        let (books, account, script) = failing(&dir);
        script.then([fate]);
        script.fail_recoveries(FOR_NOW);
        let (doubt, notice) = tokio::sync::oneshot::channel();
        let answer = books.start_change(|change| {
            payment(&books, account, b"k", change);
            change.on_doubt = DoubtNotice(Some(Box::new(move || doubt.send(()).unwrap())));
        });
        wait(notice).unwrap();
        assert_eq!(books.wallet(account).state().balance, cents(970), "what it takes stays taken");
        assert!(matches!(pay(&books, account, b"k"), Err(ChangeError::Unavailable(_))));
        script.fail_recoveries(0);
        wait_until(|| books.committer.is_available());
        assert_eq!(wait(answer).unwrap().is_ok(), written, "{fate:?}");
        pay_once_more(&books, account, written);
        books.close();
    }
}

/// Pays with the same key again, which counts once.
fn pay_once_more(books: &Books, account: AccountNumber, written: bool) {
    books.prove();
    let changed = pay(books, account, b"k").unwrap();
    assert_eq!(changed.replayed, written);
    assert_eq!(pay(books, account, b"k"), Ok(Changed { replayed: true, ..changed }));
    assert_eq!(books.wallet(account).state().balance, cents(1_070));
    assert_eq!(books.prove().audit, 1);
}

#[test]
fn a_change_in_doubt_that_was_written_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, script) = failing(&dir);
    script.then([Fate::WrittenInDoubt]);
    script.fail_recoveries(1);
    let changed = pay(&books, account, b"k").unwrap();
    assert_eq!(books.wallet(account).state().balance, cents(1_070));
    assert_eq!(pay(&books, account, b"k"), Ok(Changed { replayed: true, ..changed }));
    books.prove();
    books.close();
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Written),
        1 => Just(Fate::Full),
        1 => Just(Fate::LostInDoubt),
        1 => Just(Fate::WrittenInDoubt),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(8)))]

    /// A client that sends again until it has an answer gets one payment per key, whatever the disk does
    /// meanwhile.
    #[test]
    fn sent_until_answered_each_key_counts_once(
        fates in vec((fate(), 0_u32..20), 1..12),
        keys in vec(0_u8..5, 1..12),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (mut books, account, script) = failing(&dir);
        script.then(fates.iter().map(|(fate, _)| *fate));
        let mut recoveries = fates.iter().map(|(_, recoveries)| *recoveries).cycle();
        for (at, key) in keys.iter().enumerate() {
            script.fail_recoveries(recoveries.next().unwrap());
            while pay(&books, account, &[*key]).is_err() {
                wait_until(|| books.committer.is_available());
            }
            if at % 4 == 3 {
                books.close();
                books = Books::open_with(dir.path(), LIMITS, |store| script.journal(store));
            }
        }
        let mut different = keys.clone();
        different.sort_unstable();
        different.dedup();
        let count = i64::try_from(different.len()).unwrap();
        prop_assert_eq!(books.wallet(account).state().balance, cents(1_000 + 70 * count));
        let report = books.prove();
        prop_assert_eq!((report.audit, report.documents), (different.len() as u64, different.len() as u64));
        books.close();
    }
}
