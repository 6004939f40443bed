//! Charges and ledger entries of accounts, read in either direction, and balances at any instant.

mod model;

use std::ops::ControlFlow;

use proptest::collection::vec;
use proptest::prelude::*;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::settlement::SettlementTerms;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::id_times::IdRanges;
use tollgate_storage::message_change::ReportedOutcome;
use tollgate_storage::rows::{EntryKind, LedgerEntry, MessageState, Row};
use tollgate_storage::schema::{Family, first_id_at, issued_at};
use tollgate_storage::store::{Store, Transaction};

use crate::support::{Books, Message, Raw, cases};
use model::{Pair, step};

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// Books with two accounts, and the ids of their messages: each has two blocks of three, in turns.
struct Pages {
    dir: tempfile::TempDir,
    books: Books,
    a: AccountNumber,
    b: AccountNumber,
    of_a: Vec<u64>,
    of_b: Vec<u64>,
    /// Before the first message.
    began: UnixMicros,
}

impl Pages {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let books = Books::open(dir.path());
        let accounts = books.provision(&["a", "b"], 10);
        let (mut of_a, mut of_b, began) = (Vec::new(), Vec::new(), now());
        for _ in 0..2 {
            of_a.extend(charge(&books, accounts[0], 3));
            of_b.extend(charge(&books, accounts[1], 3));
        }
        Self { dir, books, a: accounts[0], b: accounts[1], of_a, of_b, began }
    }

    fn store(&self) -> &Store {
        &self.books.store
    }

    fn before(&self, account: AccountNumber, before: u64, down_to: u64) -> Vec<u64> {
        let mut ids = Vec::new();
        let visit = |cdr: &tollgate_storage::cdr::Cdr<'_>, _: Option<&_>| {
            assert_eq!(cdr.account, account);
            ids.push(cdr.message_id);
            GO_ON
        };
        self.store().history().charges_down(account, &(down_to..before).into(), visit).unwrap();
        ids
    }

    fn between(&self, account: AccountNumber, from: u64, to: u64) -> Vec<u64> {
        let mut ids = Vec::new();
        let visit = |cdr: &tollgate_storage::cdr::Cdr<'_>, _: Option<&_>| {
            assert_eq!(cdr.account, account);
            ids.push(cdr.message_id);
            GO_ON
        };
        self.store().history().charges_up(account, &(from..to).into(), visit).unwrap();
        ids
    }
}

/// Charges plain messages in one block; their ids.
fn charge(books: &Books, account: AccountNumber, count: u32) -> Vec<u64> {
    let mut session = books.session(account);
    let mut chunk = session.chunk_with(now(), false);
    for _ in 0..count {
        session.charge(&mut chunk, &Message::default()).unwrap();
    }
    books.committer.try_charge(chunk).unwrap();
    let first = session.first_id();
    (first..first + u64::from(count)).collect()
}

#[test]
fn pages_begin_and_end_anywhere_in_a_block() {
    let pages = Pages::open();
    for (account, ids) in [(pages.a, &pages.of_a), (pages.b, &pages.of_b)] {
        let bounds = ids.iter().flat_map(|id| [*id, id + 1]).chain([0, u64::MAX]);
        for from in bounds.clone() {
            for to in bounds.clone() {
                let mut expected: Vec<u64> =
                    ids.iter().copied().filter(|id| (from..to).contains(id)).collect();
                assert_eq!(pages.between(account, from, to), expected, "{from} {to}");
                expected.reverse();
                assert_eq!(pages.before(account, to, from), expected, "{from} {to}");
            }
        }
    }
    let nobody = AccountNumber(3);
    assert!(pages.before(nobody, u64::MAX, 0).is_empty() && pages.between(nobody, 0, u64::MAX).is_empty());
    pages.books.close();
}

#[test]
fn a_visitor_breaks_off_where_it_likes() {
    let pages = Pages::open();
    for length in 1..=6 {
        let mut ids = Vec::new();
        let visit = |cdr: &tollgate_storage::cdr::Cdr<'_>, _: Option<&_>| {
            ids.push(cdr.message_id);
            if ids.len() < length { GO_ON } else { ControlFlow::Break(()) }
        };
        pages.store().history().charges_down(pages.a, &IdRanges::all(), visit).unwrap();
        assert_eq!(ids, pages.of_a.iter().rev().copied().take(length).collect::<Vec<_>>());
    }
    pages.books.close();
}

#[test]
fn outcomes_stand_beside_their_messages_in_both_directions() {
    let pages = Pages::open();
    let (a, ids) = (pages.a, &pages.of_a);
    pages.books.report(a, ids[1], ReportedOutcome::Delivered, SettlementTerms::default()).unwrap();
    pages.books.report(a, ids[5], ReportedOutcome::Accepted, SettlementTerms::default()).unwrap();
    pages.books.cancel(a, ids[3]).unwrap();
    let expected: Vec<_> = ids
        .iter()
        .zip([
            None,
            Some(MessageState::Delivered),
            None,
            Some(MessageState::Deleted),
            None,
            Some(MessageState::Enroute),
        ])
        .map(|(id, state)| (*id, state))
        .collect();
    let mut found = Vec::new();
    let mut visit = |cdr: &tollgate_storage::cdr::Cdr<'_>,
                     state: Option<&tollgate_storage::rows::StateRow>| {
        found.push((cdr.message_id, state.map(|row| row.state)));
        GO_ON
    };
    pages.store().history().charges_up(a, &IdRanges::all(), &mut visit).unwrap();
    pages.store().history().charges_down(a, &IdRanges::all(), &mut visit).unwrap();
    let both: Vec<_> = expected.iter().chain(expected.iter().rev()).copied().collect();
    assert_eq!(found, both);
    pages.books.close();
}

#[test]
fn a_message_names_its_account_and_an_entry_does_not() {
    let pages = Pages::open();
    let store = pages.store();
    pages.books.post(pages.b, EntryKind::TopUp, Amount::from_micros(5)).unwrap();
    for (account, ids) in [(pages.a, &pages.of_a), (pages.b, &pages.of_b)] {
        for id in ids {
            assert_eq!(store.commits().account_of(*id), Ok(Some(account)));
        }
    }
    let mut entries = Vec::new();
    for account in [pages.a, pages.b] {
        let visit = |id, _| {
            entries.push(id);
            GO_ON
        };
        store.history().entries_up(account, &IdRanges::all(), visit).unwrap();
    }
    assert_eq!(entries.len(), 3, "two opening balances and a top-up");
    let strays = [0, 1, pages.of_a[0] - 1, pages.of_a[2] + 1, pages.of_b[5] + 1, u64::MAX];
    for id in entries.into_iter().chain(strays) {
        assert_eq!(store.commits().account_of(id), Ok(None), "{id}");
    }
    pages.books.close();
}

/// One commit may hold blocks of several accounts; each is found.
#[test]
fn blocks_of_one_commit_are_told_apart() {
    let pages = Pages::open();
    let commit = tollgate_storage::rows::BatchRow {
        blocks: vec![(pages.a, 2), (pages.b, 1), (pages.a, 3)],
        entries: 2,
    };
    let first = first_id_at(UnixMicros(u64::MAX / 1_000));
    let Pages { dir, books, a, b, .. } = pages;
    books.close();
    let raw = Raw::open(dir.path());
    raw.put(Family::Batches, first.to_be_bytes(), commit.to_bytes());
    drop(raw);
    let store = Store::open_read_only(dir.path()).unwrap();
    let owners: Vec<_> = (0..9).map(|at| store.commits().account_of(first + at).unwrap()).collect();
    assert_eq!(owners, [Some(a), Some(a), Some(b), Some(a), Some(a), Some(a), None, None, None]);
}

#[test]
fn dispatches_are_read_on_from_any_name() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let accounts = books.provision(&["a", "b"], 10);
    let names: [&[u8]; 4] = [b"autumn", b"spring", b"spring2", b"winter"];
    for account in &accounts {
        let mut session = books.session(*account);
        let mut chunk = session.chunk();
        for (at, name) in names.iter().enumerate() {
            for _ in 0..=at {
                session.charge(&mut chunk, &Message { dispatch: Some(name), ..Message::default() }).unwrap();
            }
        }
        books.committer.try_charge(chunk).unwrap();
        session.first_id();
    }
    let after = |account, name: &[u8]| {
        let mut found = Vec::new();
        let visit = |name: &[u8], counters: &tollgate_storage::rows::DispatchCounters| {
            found.push((name.to_vec(), counters.messages));
            GO_ON
        };
        books.store.dispatches().list(account, name, visit).unwrap();
        found
    };
    let all: Vec<_> = names.iter().zip(1_u64..).map(|(name, count)| (name.to_vec(), count)).collect();
    for account in &accounts {
        assert_eq!(after(*account, b""), all);
        assert_eq!(after(*account, b"autumn"), all[1..]);
        assert_eq!(after(*account, b"spring"), all[2..]);
        assert_eq!(after(*account, b"sprin"), all[1..]);
        assert!(after(*account, b"winter").is_empty());
    }
    assert!(after(AccountNumber(u32::MAX), b"").is_empty());
    books.close();
}

/// A page is of one instant, whatever is committed while it is read.
#[test]
fn a_page_is_not_torn_by_commits() {
    let pages = Pages::open();
    let Pages { books, a, of_a, .. } = &pages;
    let mut seen = Vec::new();
    let visit = |transaction: Transaction<'_>| {
        if seen.is_empty() {
            books.post(*a, EntryKind::TopUp, Amount::from_micros(7)).unwrap();
            charge(books, *a, 2);
            books.refund(*a, of_a[0]).unwrap();
        }
        if let Transaction::Charge(_, state) = &transaction {
            assert!(state.is_none(), "it became of it later");
        }
        seen.push(transaction.id());
        GO_ON
    };
    pages.store().history().transactions_down(*a, &IdRanges::all(), visit).unwrap();
    let mut expected = of_a.clone();
    expected.reverse();
    assert_eq!(seen[..6], expected);
    assert_eq!(seen.len(), 7, "and the opening balance");
    let mut after = 0;
    let count = |_: Transaction<'_>| {
        after += 1;
        GO_ON
    };
    pages.store().history().transactions_down(*a, &IdRanges::all(), count).unwrap();
    assert_eq!(after, 7 + 4);
    pages.books.prove();
    pages.books.close();
}

/// Entries that an earlier version made do not name a balance.
#[test]
fn balances_are_found_without_any_that_the_ledger_names() {
    let pages = Pages::open();
    pages.books.post(pages.a, EntryKind::TopUp, Amount::from_micros(1_000_000)).unwrap();
    let paid_in = now();
    let later = charge(&pages.books, pages.a, 4);
    let Pages { dir, books, a, of_a, began, .. } = pages;
    books.close();
    let instants = [
        (UnixMicros(0), 0),
        (began, 10_000_000),
        (UnixMicros(issued_at(of_a[0]).0 + 1), 9_850_000),
        (UnixMicros(issued_at(of_a[5]).0 + 1), 9_700_000),
        (paid_in, 10_700_000),
        (UnixMicros(issued_at(later[3]).0 + 1), 10_500_000),
        (UnixMicros(u64::MAX), 10_500_000),
    ];
    let check = |what: &str| {
        let store = Store::open_read_only(dir.path()).unwrap();
        for (at, micros) in instants {
            assert_eq!(
                store.wallets().balance_at(a, at),
                Ok(Amount::from_micros(micros).into()),
                "{what}: {at:?}"
            );
        }
        assert_eq!(store.wallets().balance_at(AccountNumber(9), UnixMicros(5)), Ok(Total::ZERO));
    };
    check("with balances");
    let raw = Raw::open(dir.path());
    for (key, value) in raw.rows(Family::Ledger) {
        let entry = LedgerEntry { balance_after: None, ..LedgerEntry::read(&value).unwrap() };
        raw.put(Family::Ledger, key, entry.to_bytes());
    }
    drop(raw);
    check("without");
}

/// A damaged row is told, wherever it stands, and never passed over.
#[test]
fn damaged_rows_are_told() {
    let pages = Pages::open();
    pages.books.cancel(pages.a, pages.of_a[2]).unwrap();
    let Pages { dir, books, a, .. } = pages;
    books.close();
    for family in [Family::Cdrs, Family::Ledger, Family::States] {
        let raw = Raw::open(dir.path());
        let (key, value) =
            raw.rows(family).into_iter().find(|(key, _)| key.starts_with(&a.0.to_be_bytes())).unwrap();
        raw.put(family, &key, &value[..value.len() - 1]);
        drop(raw);
        let store = Store::open_read_only(dir.path()).unwrap();
        let error =
            store.history().transactions_down(a, &IdRanges::all(), |_| GO_ON).unwrap_err().to_string();
        assert!(error.contains(family.name()), "{error}");
        if family != Family::Ledger {
            assert!(store.history().charges_down(a, &IdRanges::all(), |_, _| GO_ON).is_err());
            assert!(store.history().charges_up(a, &IdRanges::all(), |_, _| GO_ON).is_err());
        }
        drop(store);
        Raw::open(dir.path()).put(family, &key, &value);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(12)))]

    #[test]
    fn transactions_and_balances_are_those_of_a_plain_list(steps in vec(step(), 1..30)) {
        let mut pair = Pair::open();
        for step in &steps {
            pair = pair.take(step);
            pair.compare();
        }
        pair.close();
    }
}
