//! Changes: all of one or nothing, once per key, and no money lost or made on the way.

mod faults;
mod keys;
mod races;

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{
    AuditNote, Change, ChangeError, Changed, DocumentChange, EntryChange, EntryText, Expected, RequestUse,
};
use tollgate_storage::message_change::{MessageChange, MessageChangeError};
use tollgate_storage::rows::{AuditRow, EntryKind, LedgerEntry, Row};
use tollgate_storage::schema::{Collection, Family, account_id_key};
use tollgate_storage::store::Order;

use crate::support::{Books, FAR, JournalControl, LIMITS, wait, wait_until};

const NOTES: Collection = Collection(7);

fn cents(cents: i64) -> Amount {
    Amount::from_micros(cents * 10_000)
}

fn put(key: &[u8], expected: Expected, body: &[u8]) -> DocumentChange {
    DocumentChange { collection: NOTES, key: key.to_vec(), expected, body: Some(body.to_vec()) }
}

fn note(action: &str) -> AuditNote {
    AuditNote { actor: "clerk".to_owned(), action: action.to_owned(), ..AuditNote::default() }
}

fn request(key: &[u8], fingerprint: u64) -> RequestUse {
    RequestUse { key: key.to_vec(), fingerprint, expires_at: FAR }
}

fn top_up(books: &Books, account: AccountNumber, amount: Amount) -> EntryChange {
    let text = EntryText { actor: "clerk".to_owned(), ..EntryText::reference("paid") };
    EntryChange::credit(books.wallet(account), EntryKind::TopUp, amount, text).unwrap()
}

/// An adjustment down, within what the account has.
fn take(books: &Books, account: AccountNumber, amount: Amount) -> Result<EntryChange, Refusal> {
    let wallet = books.wallet(account);
    EntryChange::debit(wallet, EntryKind::Adjustment, amount, Amount::ZERO, EntryText::reference("taken"))
}

fn body(books: &Books, key: &[u8]) -> Option<Vec<u8>> {
    books.store.documents().get(NOTES, key).unwrap().map(|row| row.body)
}

fn actions(books: &Books) -> Vec<String> {
    let mut actions = Vec::new();
    let visit = |_, row: AuditRow| {
        actions.push(row.action);
        true
    };
    books.store.audit().notes(1..=u64::MAX, Order::Ascending, visit).unwrap();
    actions
}

/// Books whose journal waits to be let on, with one account that has 10 units.
fn gated(dir: &tempfile::TempDir) -> (Books, AccountNumber, JournalControl) {
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 10)[0];
    books.close();
    let control = JournalControl::closed();
    let books = Books::open_with(dir.path(), LIMITS, |store| control.journal(store));
    (books, account, control)
}

/// Makes these changes in one batch: they are asked for while the batch before it waits in the journal.
fn in_one_batch<const N: usize>(
    books: &Books,
    mut control: JournalControl,
    fill: [&dyn Fn(&mut Change); N],
) -> [Result<Changed, ChangeError>; N] {
    let first = books.start_change(|change| change.audit.push(note("first")));
    wait_until(|| control.appends() == 1);
    let answers = fill.map(|fill| books.start_change(fill));
    control.open();
    wait(first).unwrap().unwrap();
    let answers = answers.map(|answer| wait(answer).unwrap());
    assert_eq!(control.appends(), 2, "one batch for all of them");
    answers
}

#[test]
fn whoever_is_refused_hears_it_once_nothing_is_on_its_way_to_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, mut control) = gated(&dir);
    let first = books.start_change(|change| change.audit.push(note("first")));
    wait_until(|| control.appends() == 1);
    let second = books.start_change(|change| change.audit.push(note("second")));
    let unknown = MessageChange::Refund { account, message_id: 1 };
    let mut refused = books.start_change(|change| change.messages.push(unknown));
    control.let_one_pass();
    wait(first).unwrap().unwrap();
    wait_until(|| control.appends() == 2);
    assert!(refused.try_recv().is_err(), "the commit with which it came is on its way");
    control.open();
    wait(second).unwrap().unwrap();
    assert!(wait(refused).unwrap().is_err());
    books.prove();
    books.close();
}

#[test]
fn everything_in_a_change_is_there_once_it_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 10)[0];
    let changed = books
        .change(|change| {
            change.documents.push(put(b"one", Expected::Absent, b"1"));
            let text = EntryText {
                actor: "clerk".to_owned(),
                reference: "invoice 7".to_owned(),
                details: "by bank".to_owned(),
                metadata: r#"{"bank":"x"}"#.to_owned(),
            };
            let wallet = books.wallet(account);
            change.entries.push(EntryChange::credit(wallet, EntryKind::TopUp, cents(250), text).unwrap());
            change.entries.push(take(&books, account, cents(50)).unwrap());
            change.audit = vec![note("made"), note("paid")];
            change.request = Some(request(b"key", 1));
        })
        .unwrap();
    assert_eq!((changed.revisions.as_slice(), changed.replayed), (&[1][..], false));
    let balances: Vec<Total> = changed.entries.iter().map(|entry| entry.balance_after).collect();
    assert_eq!(balances, [cents(1_250), cents(1_200)]);
    assert_eq!(books.wallet(account).state().balance, cents(1_200));
    let row = books.store.get(Family::Ledger, &account_id_key(account, changed.entries[0].id)).unwrap();
    let entry = LedgerEntry::read(&row.unwrap()).unwrap();
    assert_eq!((entry.kind, entry.amount, entry.at), (EntryKind::TopUp, cents(250), changed.at));
    assert_eq!((entry.actor.as_str(), entry.details.as_str()), ("clerk", "by bank"));
    assert_eq!((entry.reference.as_str(), entry.metadata.as_str()), ("invoice 7", r#"{"bank":"x"}"#));
    assert_eq!(entry.balance_after, Some(cents(1_250).into()));
    let document = books.store.documents().get(NOTES, b"one").unwrap().unwrap();
    assert_eq!((document.created_at, document.updated_at), (changed.at, changed.at));
    assert_eq!(actions(&books), ["made", "paid"]);
    let report = books.prove();
    assert_eq!((report.documents, report.audit), (1, 2));
    books.close();
}

#[test]
fn a_document_that_is_not_as_expected_stops_the_whole_change() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 10)[0];
    let try_change = |expected: Expected, body: Option<&[u8]>| {
        books.change(|change| {
            change.documents.push(put(b"other", Expected::Any, b"x"));
            let body = body.map(<[u8]>::to_vec);
            change.documents.push(DocumentChange { body, ..put(b"one", expected, b"") });
            change.entries =
                vec![top_up(&books, account, cents(1)), take(&books, account, cents(2)).unwrap()];
            change.audit.push(note("changed"));
            change.request = Some(request(b"a key that is not used up", 1));
        })
    };
    let conflict = Err(ChangeError::Conflict { document: 1 });
    for expected in [Expected::Revision(0), Expected::Revision(1)] {
        assert_eq!(try_change(expected, Some(b"1")), conflict);
    }
    assert_eq!((body(&books, b"one"), body(&books, b"other")), (None, None));
    assert_eq!(books.wallet(account).state().balance, cents(1_000));
    let made = try_change(Expected::Absent, Some(b"1")).unwrap();
    assert_eq!((made.revisions.as_slice(), made.replayed), (&[1, 1][..], false));
    let plain = |expected, body: Option<&[u8]>| {
        let change = DocumentChange { body: body.map(<[u8]>::to_vec), ..put(b"one", expected, b"") };
        books.change(|all| all.documents.push(change)).map(|changed| changed.revisions)
    };
    let conflict = Err(ChangeError::Conflict { document: 0 });
    assert_eq!(plain(Expected::Absent, Some(b"2")), conflict);
    assert_eq!(plain(Expected::Revision(2), Some(b"2")), conflict);
    assert_eq!(plain(Expected::Revision(1), Some(b"2")), Ok(vec![2]));
    assert_eq!(plain(Expected::Any, Some(b"3")), Ok(vec![3]));
    assert_eq!(plain(Expected::Revision(2), None), conflict);
    assert_eq!(plain(Expected::Revision(3), None), Ok(vec![0]));
    assert_eq!(plain(Expected::Any, None), Ok(vec![0]));
    assert_eq!(plain(Expected::Absent, Some(b"4")), Ok(vec![1]));
    let report = books.prove();
    assert_eq!((report.documents, report.audit), (2, 1));
    books.close();
}

#[test]
fn changes_of_one_batch_see_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, control) = gated(&dir);
    let answers = in_one_batch(
        &books,
        control,
        [
            &|change| {
                change.documents.push(put(b"one", Expected::Absent, b"1"));
                change.documents.push(put(b"one", Expected::Revision(1), b"2"));
                change.audit.push(note("made"));
            },
            &|change| change.documents.push(put(b"one", Expected::Absent, b"lost")),
            &|change| {
                change.documents.push(put(b"one", Expected::Revision(2), b"3"));
                change.entries.push(top_up(&books, account, cents(5)));
                change.audit.push(note("changed"));
            },
            &|change| {
                let removed = DocumentChange { body: None, ..put(b"one", Expected::Revision(3), b"") };
                change.documents.push(removed);
                change.entries.push(top_up(&books, account, cents(5)));
            },
        ],
    );
    let revisions = answers.clone().map(|answer| answer.map(|changed| changed.revisions));
    let conflict = Err(ChangeError::Conflict { document: 0 });
    assert_eq!(revisions, [Ok(vec![1, 2]), conflict, Ok(vec![3]), Ok(vec![0])]);
    assert_eq!(answers[3].as_ref().unwrap().entries[0].balance_after, cents(1_010));
    assert_eq!(body(&books, b"one"), None);
    assert_eq!(actions(&books), ["first", "made", "changed"]);
    books.prove();
    books.close();
}

/// Both refunds are looked at before one is made, so the second is found to be one too many only when the
/// change is half made. Nothing of it may stay.
#[test]
fn a_change_that_fails_half_way_leaves_no_trace_and_the_others_stand() {
    let dir = tempfile::tempdir().unwrap();
    let (books, account, control) = gated(&dir);
    let mut session = books.session(account);
    let refund = |message_id| MessageChange::Refund { account, message_id };
    let chunk = session.chunk_of(2);
    let first = books.start_change(|change| change.audit.push(note("first")));
    wait_until(|| control.appends() == 1);
    books.committer.try_charge(chunk).unwrap();
    let mut control = control;
    control.open();
    wait(first).unwrap().unwrap();
    let id = session.first_id();
    let charged = books.wallet(account).state();
    let changed = books.change(|change| {
        change.documents.push(put(b"one", Expected::Any, b"1"));
        change.entries = vec![top_up(&books, account, cents(5)), take(&books, account, cents(7)).unwrap()];
        change.messages = vec![refund(id), refund(id)];
        change.audit.push(note("refunded twice"));
        change.request = Some(request(b"key", 1));
    });
    assert_eq!(changed, Err(ChangeError::Message(MessageChangeError::AlreadyRefunded)));
    assert_eq!(books.wallet(account).state(), charged);
    assert_eq!((body(&books, b"one"), actions(&books)), (None, vec!["first".to_owned()]));
    books.prove();
    let changed = books.change(|change| {
        change.messages = vec![refund(id), refund(id + 1)];
        change.request = Some(request(b"key", 1));
    });
    let changed = changed.unwrap();
    assert!(!changed.replayed && changed.messages.iter().all(|message| message.changed_now));
    let again = books.change(|change| {
        change.messages = vec![refund(id), refund(id + 1)];
        change.request = Some(request(b"key", 1));
    });
    assert_eq!(again.unwrap(), Changed { replayed: true, ..changed });
    assert_eq!(books.prove().refunds, 2);
    assert_eq!(books.wallet(account).state().balance, cents(1_000));
    drop(session);
    books.close();
}

#[test]
fn money_that_a_change_took_comes_back_when_nothing_comes_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 10)[0];
    let wallet = books.wallet(account);
    let entry = take(&books, account, cents(1_000)).unwrap();
    assert_eq!(wallet.state().balance, Amount::ZERO);
    assert_eq!(take(&books, account, cents(1)).unwrap_err(), Refusal::InsufficientFunds);
    drop(entry);
    assert_eq!(wallet.state().balance, cents(1_000));
    // No balance holds the first entry; the second goes back with it.
    let changed = books.change(|change| {
        let much = Amount::from_micros(i64::MAX / 2);
        change.entries = vec![top_up(&books, account, much), take(&books, account, cents(1_000)).unwrap()];
    });
    assert_eq!(changed, Err(ChangeError::Balance));
    assert_eq!(wallet.state().balance, cents(1_000));
    for wrong in [Amount::ZERO, cents(-1)] {
        assert_eq!(take(&books, account, wrong).unwrap_err(), Refusal::Malformed);
    }
    let negative =
        EntryChange::credit(Arc::clone(&wallet), EntryKind::TopUp, cents(-1), EntryText::default());
    assert_eq!(negative.unwrap_err(), Refusal::Malformed);
    assert_eq!(wallet.state().balance, cents(1_000));
    books.prove();
    books.close();
}

/// The result of a key's first use is found before anything is tried: an account that has spent all with it
/// is not refused.
#[test]
fn a_request_can_be_looked_up_before_it_takes_money() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 10)[0];
    let of = |fingerprint| request(b"key", fingerprint);
    assert_eq!(books.store.requests().replay(&of(1), UnixMicros(1)), Ok(None));
    let changed = books
        .change(|change| {
            change.entries.push(take(&books, account, cents(1_000)).unwrap());
            change.request = Some(request(b"key", 1));
        })
        .unwrap();
    let found = books.store.requests().replay(&of(1), UnixMicros(1)).unwrap().unwrap();
    assert_eq!(found, Changed { replayed: true, ..changed });
    assert_eq!(books.store.requests().replay(&of(2), UnixMicros(1)), Err(ChangeError::KeyReused));
    assert_eq!(books.store.requests().replay(&of(1), FAR), Ok(None));
    books.close();
}
