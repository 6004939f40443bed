//! Transfers, bundles and payouts as parts of a change: what they take is gone from memory at once, and what they give is
//! there once it is durable.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::bundle::{BundleNumber, BundleUnit};
use tollgate_engine::money::Amount;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::Wallet;
use tollgate_storage::change::{
    BundleChange, ChangeError, CommissionPayout, EntryText, RequestUse, TransferChange,
};
use tollgate_storage::rows::{BundleRow, EntryKind, LedgerEntry, Row};
use tollgate_storage::schema::{Family, account_id_key};

use crate::support::chain::bundle;
use crate::support::{Books, FAR, Fate, LIMITS, Script, wait};

const NEVER: UnixMicros = UnixMicros(4_000_000_000_000_000);

struct Two {
    _dir: tempfile::TempDir,
    script: Script,
    books: Books,
    parent: AccountNumber,
    child: AccountNumber,
}

fn two() -> Two {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::default());
    let books = Books::open_with(dir.path(), LIMITS, |store| script.journal(store));
    let accounts = books.provision(&["parent", "child"], 10);
    Two { _dir: dir, script, books, parent: accounts[0], child: accounts[1] }
}

fn text() -> EntryText {
    EntryText { actor: "clerk".to_owned(), ..EntryText::reference("test") }
}

impl Two {
    fn transfer(&self, micros: i64) -> Result<TransferChange, Refusal> {
        let (from, to) = (self.books.wallet(self.parent), self.books.wallet(self.child));
        let amount = Amount::from_micros(micros);
        TransferChange::new(from, to, (amount, amount), Amount::ZERO, text())
    }

    fn child(&self) -> Arc<Wallet> {
        self.books.wallet(self.child)
    }

    fn balances(&self) -> [i128; 2] {
        [self.parent, self.child].map(|account| self.books.wallet(account).state().balance.micros())
    }

    fn entry(&self, account: AccountNumber, id: u64) -> LedgerEntry {
        let row = self.books.store.get(Family::Ledger, &account_id_key(account, id)).unwrap().unwrap();
        LedgerEntry::read(&row).unwrap()
    }

    fn row(&self, number: BundleNumber) -> BundleRow {
        self.books.store.pockets().bundle(self.child, number).unwrap().unwrap()
    }

    fn left_in_memory(&self, number: BundleNumber) -> Option<u64> {
        self.child().pockets().bundles.get(number).map(|bundle| bundle.left)
    }

    /// The disk is full for the next commit, which is this change.
    fn make_in_vain(&self, bundle: BundleChange) {
        self.script.then([Fate::Full]);
        self.make(bundle).unwrap_err();
        self.recover();
    }

    fn recover(&self) {
        crate::support::wait_until(|| self.books.committer.is_available());
    }

    fn make(&self, bundle: BundleChange) -> Result<u64, ChangeError> {
        self.books.change(|change| change.bundles.push(bundle)).map(|changed| changed.entries[0].id)
    }
}

#[test]
fn money_goes_from_one_wallet_to_the_other_once() {
    let two = two();
    let transfer = two.transfer(4_000_000).unwrap();
    assert_eq!(two.balances(), [6_000_000, 10_000_000], "it is taken at once and given once it is durable");
    let request = RequestUse { key: b"k".to_vec(), fingerprint: 1, expires_at: FAR };
    let fill = |transfer, request| {
        two.books.change(|change| {
            change.transfers.push(transfer);
            change.request = Some(request);
        })
    };
    let changed = fill(transfer, request.clone()).unwrap();
    assert_eq!(two.balances(), [6_000_000, 14_000_000]);
    let entries = [two.entry(two.parent, changed.entries[0].id), two.entry(two.child, changed.entries[1].id)];
    let moved = entries.map(|entry| (entry.kind, entry.amount.micros()));
    assert_eq!(moved, [(EntryKind::TransferOut, -4_000_000), (EntryKind::TransferIn, 4_000_000)]);
    let again = fill(two.transfer(4_000_000).unwrap(), request).unwrap();
    assert!(again.replayed && again.entries == changed.entries);
    assert_eq!(two.balances(), [6_000_000, 14_000_000]);
    assert_eq!(two.transfer(6_000_001).unwrap_err(), Refusal::InsufficientFunds);
    for nothing in [0, -1] {
        assert_eq!(two.transfer(nothing).unwrap_err(), Refusal::Malformed);
    }
    let myself =
        TransferChange::new(two.child(), two.child(), (Amount::MAX, Amount::MAX), Amount::MAX, text());
    assert_eq!(myself.unwrap_err(), Refusal::Malformed);
    two.script.then([Fate::Full]);
    let transfer = two.transfer(1).unwrap();
    two.books.change(|change| change.transfers.push(transfer)).unwrap_err();
    two.recover();
    drop(two.transfer(2));
    assert_eq!(two.balances(), [6_000_000, 14_000_000]);
    two.books.prove();
}

#[test]
fn a_bundle_is_paid_for_at_once_and_there_once_it_is_durable() {
    let two = two();
    let buy = || BundleChange::buy(two.child(), bundle(9, 3_000_000, NEVER), Amount::ZERO, text());
    let bought = buy().unwrap();
    assert_eq!((two.balances()[1], two.child().has_pockets()), (7_000_000, false));
    two.make_in_vain(bought);
    assert_eq!(two.balances()[1], 10_000_000);
    let number = BundleNumber(two.make(buy().unwrap()).unwrap());
    assert_eq!((two.balances()[1], two.left_in_memory(number)), (7_000_000, Some(9)));
    let entry = two.entry(two.child, number.0);
    assert_eq!(
        (entry.kind, entry.amount.micros(), entry.units),
        (EntryKind::BundlePurchase, -3_000_000, vec![(number, 9)])
    );
    let granted = BundleChange::buy(two.child(), bundle(1, 0, NEVER), Amount::ZERO, text()).unwrap();
    let granted = two.make(granted).unwrap();
    assert_eq!(two.entry(two.child, granted).kind, EntryKind::BundleGrant);
    let dear = bundle(9, 7_000_001, NEVER);
    let refused = BundleChange::buy(two.child(), dear, Amount::ZERO, text());
    assert_eq!(refused.unwrap_err(), Refusal::InsufficientFunds);
    for wrong in
        [bundle(0, 1, NEVER), bundle(1, -1, NEVER), bundle(1, 1, UnixMicros(1)), bundle(u64::MAX, 1, NEVER)]
    {
        assert_eq!(
            BundleChange::buy(two.child(), wrong, Amount::ZERO, text()).unwrap_err(),
            Refusal::Malformed
        );
    }
    assert_eq!(two.books.prove().bundles, 2);
}

#[test]
fn the_rest_of_a_bundle_ends_goes_on_or_is_extended() {
    let two = two();
    let (end, later) = (UnixMicros(1_000), UnixMicros(2_000));
    let number = two.books.buy(two.child, bundle(9, 0, end));
    let due = UnixMicros(1_000);
    assert!(BundleChange::expire(two.child(), number, UnixMicros(999), text()).is_none(), "it has not ended");
    assert!(
        BundleChange::roll_over(two.child(), number, (due, due), 9, text()).is_none(),
        "it would not go on"
    );
    let rolled = || BundleChange::roll_over(two.child(), number, (due, later), 4, text()).unwrap();
    two.make_in_vain(rolled());
    assert_eq!(two.left_in_memory(number), Some(9));
    let rolling = rolled();
    assert_eq!(two.left_in_memory(number), Some(0));
    let entry = two.make(rolling).unwrap();
    assert_eq!(
        (two.left_in_memory(number), two.entry(two.child, entry).units),
        (Some(4), vec![(number, -5)])
    );
    let row = two.row(number);
    assert_eq!((row.left, row.units, row.expires_at, row.period), (4, 9, later, 1));
    two.books.prove();

    let extended = BundleChange::extend(two.child(), (number, &row), UnixMicros(3_000), 2, text()).unwrap();
    two.make(extended).unwrap();
    let row = two.row(number);
    assert_eq!(
        (row.left, row.units, row.expires_at, two.left_in_memory(number)),
        (6, 11, UnixMicros(3_000), Some(6))
    );
    assert!(BundleChange::extend(two.child(), (number, &row), UnixMicros(2_999), 2, text()).is_none());
    let unknown = BundleChange::extend(two.child(), (BundleNumber(7), &row), UnixMicros(3_000), 2, text());
    assert_eq!(two.make(unknown.unwrap()).unwrap_err(), ChangeError::Bundle);
    two.books.prove();

    let expired = BundleChange::expire(two.child(), number, UnixMicros(3_000), text()).unwrap();
    let entry = two.make(expired).unwrap();
    assert_eq!((two.row(number).left, two.entry(two.child, entry).units), (0, vec![(number, -6)]));
    assert!(
        BundleChange::expire(two.child(), number, UnixMicros(3_000), text()).is_none(),
        "nothing is left"
    );
    two.books.prove();
}

#[test]
fn tokens_are_used_once_and_never_below_zero() {
    let two = two();
    let tokens = |units| BundleRow { unit: BundleUnit::Tokens, ..bundle(units, 0, NEVER) };
    let numbers = [3, 4].map(|units| two.books.buy(two.child, tokens(units)));
    let consume = |tokens| BundleChange::consume(two.child(), tokens, UnixMicros(5), text());
    assert!(consume(8).is_none() && consume(0).is_none());
    two.make_in_vain(consume(5).unwrap());
    let both = [consume(5).unwrap(), consume(2).unwrap()];
    assert!(consume(1).is_none(), "what is on its way is not there twice");
    for consumed in both {
        two.make(consumed).unwrap();
    }
    assert_eq!(numbers.map(|number| two.row(number).left), [0, 0]);
    two.books.prove();
}

#[test]
fn commission_that_is_not_earned_is_not_paid_out() {
    let two = two();
    let payout = |micros| CommissionPayout::new(two.child(), Amount::from_micros(micros), true, text());
    assert!(payout(1).is_none());
    // In memory the commission of a charge that is on its way is there already.
    two.child().change_pockets(|pockets| pockets.commission += Amount::from_micros(5));
    assert!(payout(6).is_none() && payout(0).is_none());
    let early = payout(5).unwrap();
    let changed = two.books.start_change(|change| change.payouts.push(early));
    assert_eq!(wait(changed).unwrap().unwrap_err(), ChangeError::Commission);
    assert_eq!(two.child().pockets().commission.micros(), 5);
}
