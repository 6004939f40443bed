//! Everything that an account paid for messages of accounts below: in its list of transactions and in its usage, both equal to its wallet.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::id_times::IdRanges;
use tollgate_storage::rows::{EntryKind, UsageRow};
use tollgate_storage::schema::{
    Family, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_USAGE_BELOW, parse_usage_key,
};
use tollgate_storage::store::{OpenError, Store, Transaction};
use tollgate_storage::usage::{Quarter, UsageOf};
use tollgate_storage::verify::verify;

use crate::support::chain::LevelAbove;
use crate::support::routed::{RoutedBooks, accepted, receipt};
use crate::support::{Books, MONTH, Message, Raw, Route, crash_image};

const NOW: UnixMicros = UnixMicros(1_790_000_000_000_000);
const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// A transaction: its id, its amount, and the account below that sent the message.
type Line = (u64, i128, Option<AccountNumber>);

/// Everything that moved an account's money, the newest first.
fn lines(books: &Books, account: AccountNumber, ids: &IdRanges) -> Vec<Line> {
    let mut lines = Vec::new();
    let read = books.store.history().transactions_down(account, ids, |transaction| {
        let id = transaction.id();
        match transaction {
            Transaction::Entry(_, entry) => lines.push((id, i128::from(entry.amount.micros()), None)),
            Transaction::Charge(cdr, _) => lines.push((id, -i128::from(cdr.fields.amount.micros()), None)),
            Transaction::Below(cdr, Some(paid)) => {
                lines.push((id, -i128::from(paid.postings.posting.amount.micros()), Some(cdr.account)));
            }
            Transaction::Below(_, None) => {}
        }
        GO_ON
    });
    read.unwrap();
    lines
}

/// Everything that usage says that an account paid for its own messages and for those of accounts below.
fn usage(books: &Books, account: AccountNumber) -> [UsageRow; 2] {
    let mut sums = [UsageRow::default(), UsageRow::default()];
    let read = books.store.usage().of_account(account, Quarter(0)..Quarter(u32::MAX), |key, row| {
        match key.of {
            UsageOf::Network(..) => sums[0].add(row),
            UsageOf::Below(..) => sums[1].add(row),
            UsageOf::Operator(_) => {}
        }
        true
    });
    read.unwrap();
    sums
}

fn refunds(books: &Books, account: AccountNumber) -> i128 {
    let mut sum = 0;
    let read = books.store.history().entries_up(account, &IdRanges::all(), |_, entry| {
        sum += if entry.kind == EntryKind::Refund { i128::from(entry.amount.micros()) } else { 0 };
        GO_ON
    });
    read.unwrap();
    sum
}

/// Asserts that the transactions of each account are all that moved its wallet, in order and however many are read at once, and
/// that its usage is its debits less its refunds.
pub fn prove_lists(books: &Books, accounts: &[AccountNumber]) {
    for account in accounts {
        let all = lines(books, *account, &IdRanges::all());
        assert!(all.is_sorted_by(|one, next| one.0 > next.0), "the newest first, each once");
        let sum: i128 = all.iter().map(|(_, amount, _)| amount).sum();
        assert_eq!(sum, books.durable_wallet(*account).balance.micros(), "account {}", account.0);
        let (below, from) = (all.len() / 3, all.len() / 2);
        let part = &all[below..from];
        if let (Some(first), Some(last)) = (part.first(), part.last()) {
            assert_eq!(lines(books, *account, &(last.0..first.0 + 1).into()), part);
        }
        let [own, of_below] = usage(books, *account);
        let cost = [&own, &of_below].map(|row| row.charged.minus(row.refunded).micros());
        let mut debits = [0, 0];
        for (id, amount, sender) in &all {
            let is_charge = books.store.commits().account_of(*id).unwrap().is_some();
            debits[usize::from(sender.is_some())] -= if is_charge { *amount } else { 0 };
        }
        assert_eq!(own.charged.micros() + of_below.charged.micros(), debits.iter().sum::<i128>());
        assert_eq!(cost.iter().sum::<i128>(), debits.iter().sum::<i128>() - refunds(books, *account));
        assert_eq!(of_below.charged.micros(), debits[1], "account {}", account.0);
    }
}

/// A customer with a route, a reseller above it that pays, and an agent above both who does not.
struct Resold {
    routed: RoutedBooks,
    reseller: AccountNumber,
    agent: AccountNumber,
}

impl Resold {
    fn open() -> Self {
        let routed = RoutedBooks::open();
        let accounts = routed.books.provision(&["reseller", "agent"], 1_000);
        Self { routed, reseller: accounts[0], agent: accounts[1] }
    }

    /// Charges a message of two segments that waits for an operator.
    fn send(&self) -> tollgate_storage::message::QueuedRow {
        let books = &self.routed.books;
        let agent = LevelAbove::paying(books.wallet(self.agent), 70);
        let share = tollgate_engine::price_list::Share::from_percent(10.into()).unwrap();
        let earning = tollgate_engine::reselling::Earning::CommissionOfCharge(share);
        let above =
            [LevelAbove::paying(books.wallet(self.reseller), 40_000), LevelAbove { earning, ..agent }];
        let mut session = books.session(self.routed.account);
        let mut chunk = session.chunk();
        let route = Some(Route::to(self.routed.alpha));
        let message = Message { segments: 2, month: MONTH, route, ..Message::default() };
        session.charge_levels(&mut chunk, &message, (&[], &above), NOW).unwrap();
        books.committer.try_charge(chunk).unwrap();
        session.first_id();
        books.recorder.take().queued.remove(0)
    }

    fn accounts(&self) -> [AccountNumber; 3] {
        [self.routed.account, self.reseller, self.agent]
    }
}

#[test]
fn messages_of_accounts_below_are_listed_and_counted_for_who_paid_for_them() {
    let resold = Resold::open();
    let sent = [resold.send(), resold.send(), resold.send()];
    let books = &resold.routed.books;
    // Before and after the thread that counts has seen them.
    prove_lists(books, &resold.accounts());
    books.tell(accepted(&sent[0], resold.routed.alpha, b"1"));
    books.tell(receipt(resold.routed.alpha, &[b"1"], ReceiptState::Delivered));
    books.cancel(resold.routed.account, sent[1].key.message_id).unwrap();
    let below = usage(books, resold.reseller)[1].clone();
    assert_eq!((below.messages, below.segments, below.delivered, below.cancelled), (3, 4, 1, 1));
    assert_eq!((below.charged.micros(), below.refunded.micros()), (240_000, 80_000));
    assert_eq!((below.pending(), below.cost_operators.micros()), (1, 0));
    assert_eq!(usage(books, resold.agent), [UsageRow::default(), UsageRow::default()]);
    prove_lists(books, &resold.accounts());
    let senders: BTreeMap<u64, Option<AccountNumber>> =
        lines(books, resold.reseller, &IdRanges::all()).iter().map(|line| (line.0, line.2)).collect();
    assert_eq!(senders[&sent[2].key.message_id], Some(resold.routed.account));
    let read = |account| {
        let history = books.store.history();
        let read = history.charge_below(account, sent[2].key.message_id, |cdr, paid| {
            (cdr.account, paid.segments, paid.postings.posting.amount.micros())
        });
        read.unwrap()
    };
    assert_eq!(read(resold.reseller), Some((resold.routed.account, 2, 80_000)));
    assert_eq!((read(resold.agent), read(resold.routed.account)), (None, None));
    books.prove();
}

#[test]
fn the_usage_of_a_directory_of_version_5_is_counted_again() {
    let resold = Resold::open();
    let sent = [resold.send(), resold.send()];
    resold.routed.books.tell(accepted(&sent[0], resold.routed.alpha, b"1"));
    let accounts = resold.accounts();
    let RoutedBooks { dir, books, .. } = resold.routed;
    books.close();
    let raw = Raw::open(dir.path());
    for (key, _) in raw.rows(Family::Usage) {
        if matches!(parse_usage_key(&key).unwrap().of, UsageOf::Below(..)) {
            raw.delete(Family::Usage, key);
        }
    }
    raw.put(Family::Meta, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_USAGE_BELOW.to_be_bytes());
    drop(raw);
    let refused = Store::open_read_only(dir.path());
    assert!(matches!(refused, Err(OpenError::Outdated { found: 5, .. })), "{refused:?}");
    let image = crash_image(dir.path());
    for path in [dir.path(), image.path()] {
        let books = Books::open(path);
        assert_eq!(usage(&books, accounts[1])[1].charged.micros(), 160_000);
        prove_lists(&books, &accounts);
        books.prove();
        books.close();
        verify(&Store::open_read_only(path).unwrap()).unwrap();
    }
}
