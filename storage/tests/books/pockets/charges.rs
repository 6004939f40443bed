//! Charges of several levels, and what gives them back.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::price_list::Share;
use tollgate_engine::reselling::Earning;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::chunk::ChunkOutcome;
use tollgate_storage::delivery::EventOutcome;
use tollgate_storage::rows::{EntryKind, LateRefund, LedgerEntry, ResaleRow};

use crate::support::chain::{LevelAbove, bundle, day_cap};
use crate::support::routed::{RoutedBooks, failed};
use crate::support::{Books, Fate, LIMITS, MONTH, Message, Route, Script};

/// Far ahead of the clock of any machine that runs the tests.
const NEVER: UnixMicros = UnixMicros(4_000_000_000_000_000);
const NOW: UnixMicros = UnixMicros(1_790_000_000_000_000);

/// A customer, an agent above it who earns ten percent, and a reseller above both.
struct Chain {
    dir: tempfile::TempDir,
    books: Books,
    customer: AccountNumber,
    agent: AccountNumber,
    reseller: AccountNumber,
}

impl Chain {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let books = Books::open(dir.path());
        Self::with(dir, books)
    }

    fn with(dir: tempfile::TempDir, books: Books) -> Self {
        let accounts = books.provision(&["customer", "agent", "reseller"], 10);
        let [customer, agent, reseller] = accounts.try_into().unwrap();
        Self { dir, books, customer, agent, reseller }
    }

    fn above(&self) -> [LevelAbove<'static>; 2] {
        let ten_percent = Earning::CommissionOfCharge(Share::from_percent(10.into()).unwrap());
        let agent = LevelAbove::paying(self.books.wallet(self.agent), 45_000);
        let reseller = LevelAbove::paying(self.books.wallet(self.reseller), 40_000);
        [LevelAbove { earning: ten_percent, ..agent }, reseller]
    }

    /// Charges a message of three segments; its id.
    fn charge(&self) -> u64 {
        let mut session = self.books.session(self.customer);
        let mut chunk = session.chunk();
        let message = Message { segments: 3, ..Message::default() };
        let caps = [day_cap("day", 100, true), day_cap("kept", 100, false)];
        session.charge_levels(&mut chunk, &message, (&caps, &self.above()), NOW).unwrap();
        self.books.committer.try_charge(chunk).unwrap();
        session.first_id()
    }

    fn balances(&self) -> [i128; 3] {
        [self.customer, self.agent, self.reseller]
            .map(|account| self.books.durable_wallet(account).balance.micros() - 10_000_000)
    }

    fn commission(&self) -> i128 {
        self.books.store.pockets().commission(self.agent).unwrap().micros()
    }

    fn left(&self, bundle: BundleNumber) -> u64 {
        self.books.store.pockets().bundle(self.customer, bundle).unwrap().unwrap().left
    }

    fn resales(&self, seller: AccountNumber) -> Vec<ResaleRow> {
        let resales = self.books.store.pockets().resales(seller, MONTH..=MONTH).unwrap();
        resales.into_iter().map(|(_, row)| row).collect()
    }

    /// The last entry of an account's ledger.
    fn last_entry(&self, account: AccountNumber) -> LedgerEntry {
        let mut last = None;
        let ids = self.books.store.commits().ids_of(&(UnixMicros(0)..UnixMicros(u64::MAX))).unwrap();
        let read = self.books.store.history().entries_down(account, &ids, |_, entry| {
            last = Some(entry);
            std::ops::ControlFlow::Break(())
        });
        read.unwrap();
        last.unwrap()
    }
}

fn micros(total: Total) -> i128 {
    total.micros()
}

#[test]
fn every_level_pays_or_earns_in_one_commit_and_gets_it_back_once() {
    let chain = Chain::open();
    let bundle = chain.books.buy(chain.customer, bundle(5, 1_000_000, NEVER));
    let id = chain.charge();
    // All three segments come from the bundle: nothing is paid, so that the agent earns nothing.
    assert_eq!((chain.balances(), chain.commission(), chain.left(bundle)), ([-1_000_000, 0, -120_000], 0, 2));
    let second = chain.charge();
    // Two of three come from the bundle; ten percent of one is the agent's.
    assert_eq!((chain.balances(), chain.left(bundle)), ([-1_050_000, 0, -240_000], 0));
    assert_eq!(chain.commission(), 5_000);
    let [sold] = chain.resales(chain.agent)[..] else { panic!("one row") };
    assert_eq!((sold.messages, sold.segments, micros(sold.sold), micros(sold.billed)), (2, 6, 0, 50_000));
    assert_eq!((micros(sold.bought), micros(sold.commission)), (0, 5_000));
    let [sold] = chain.resales(chain.reseller)[..] else { panic!("one row") };
    assert_eq!((micros(sold.sold), micros(sold.bought), micros(sold.billed)), (50_000, 240_000, 0));
    let report = chain.books.prove();
    assert_eq!((report.bundles, report.caps, report.commissions), (1, 2, 1));

    assert_eq!(chain.books.cancel(chain.customer, second), Ok(()));
    assert_eq!((chain.balances(), chain.commission(), chain.left(bundle)), ([-1_000_000, 0, -120_000], 0, 2));
    let refund = chain.last_entry(chain.customer);
    assert_eq!(
        (refund.kind, refund.amount.micros(), &refund.units),
        (EntryKind::Refund, 50_000, &vec![(bundle, 2)])
    );
    let refund = chain.last_entry(chain.agent);
    assert_eq!((refund.amount, refund.commission), (Amount::ZERO, Amount::from_micros(-5_000)));
    assert_eq!(chain.last_entry(chain.reseller).reference, second.to_string());
    assert_eq!(chain.books.cancel(chain.customer, second), Err(tollgate_storage::chunk::CancelError::Final));
    let counters = chain.books.store.pockets().caps(chain.customer).unwrap();
    let mut counts: Vec<_> = counters.iter().map(|counter| counter.messages).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2], "one cap gives back, the other keeps what it counted");
    assert_eq!(chain.resales(chain.reseller)[0].messages, 1);
    chain.books.refund(chain.customer, id).unwrap();
    assert_eq!((chain.balances(), chain.left(bundle)), ([-1_000_000, 0, 0], 5));
    assert!(chain.resales(chain.reseller).is_empty() && chain.resales(chain.agent).is_empty());
    assert_eq!(chain.books.prove().refunds, 2);

    let Chain { dir, books, .. } = chain;
    books.close();
    // What was sold is counted at the latest when the books are closed, and stays with nothing in it.
    assert_eq!(Books::open(dir.path()).prove().resales, 2);
}

#[test]
fn a_chunk_that_is_not_durable_gives_everything_back() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::default());
    let books = Books::open_with(dir.path(), LIMITS, |store| script.journal(store));
    let chain = Chain::with(dir, books);
    chain.books.buy(chain.customer, bundle(4, 0, NEVER));
    chain.charge();
    let wallets = [chain.customer, chain.agent, chain.reseller].map(|account| chain.books.wallet(account));
    let before = wallets.each_ref().map(|wallet| (wallet.state(), wallet.pockets()));
    let mut session = chain.books.session(chain.customer);
    for is_handed_over in [false, true] {
        let mut chunk = session.chunk();
        let message = Message { segments: 3, ..Message::default() };
        let caps = [day_cap("day", 100, false)];
        session.charge(&mut chunk, &Message::default()).unwrap();
        session.charge_levels(&mut chunk, &message, (&caps, &chain.above()), NOW).unwrap();
        assert_ne!(before, wallets.each_ref().map(|wallet| (wallet.state(), wallet.pockets())));
        if is_handed_over {
            script.then([Fate::Full]);
            chain.books.committer.try_charge(chunk).unwrap();
            assert_eq!(session.outcome().1, ChunkOutcome::NotDurable);
        } else {
            drop(chunk);
        }
        assert_eq!(before, wallets.each_ref().map(|wallet| (wallet.state(), wallet.pockets())));
    }
    chain.books.prove();
}

#[test]
fn units_that_come_back_too_late_are_forfeited_or_revive_their_bundle() {
    for late_refund in [LateRefund::Forfeit, LateRefund::ExtendDays(3)] {
        let chain = Chain::open();
        // It has long ended for the clock, and not for the session.
        let ended = UnixMicros(NOW.0 + 1);
        let row = tollgate_storage::rows::BundleRow { late_refund, ..bundle(4, 0, ended) };
        let bundle = chain.books.buy(chain.customer, row);
        let id = chain.charge();
        assert_eq!(chain.left(bundle), 1);
        chain.books.cancel(chain.customer, id).unwrap();
        let is_revived = late_refund != LateRefund::Forfeit;
        assert_eq!(chain.left(bundle), if is_revived { 4 } else { 1 });
        let units = if is_revived { 3 } else { 0 };
        assert_eq!(chain.last_entry(chain.customer).units, [(bundle, units)]);
        let row = chain.books.store.pockets().bundle(chain.customer, bundle).unwrap().unwrap();
        assert_eq!(row.expires_at > ended, is_revived);
        chain.books.prove();
    }
}

#[test]
fn a_failure_at_the_operator_gives_back_every_level() {
    let routed = RoutedBooks::open();
    let parent = routed.books.provision(&["a", "parent"], 1_000)[1];
    let mut session = routed.books.session(routed.account);
    let mut chunk = session.chunk();
    let message = Message { route: Some(Route::to(routed.alpha)), ..Message::default() };
    let above = [LevelAbove::paying(Arc::clone(&routed.books.wallet(parent)), 30_000)];
    session.charge_levels(&mut chunk, &message, (&[], &above), NOW).unwrap();
    routed.books.committer.try_charge(chunk).unwrap();
    session.first_id();
    let row = routed.books.recorder.take().queued.remove(0);
    routed.books.prove();
    let outcome = routed.books.tell(failed(&row, Outcome::Rejected));
    assert!(matches!(outcome, EventOutcome::Settled { refunded: true, .. }), "{outcome:?}");
    for account in [routed.account, parent] {
        assert_eq!(routed.books.durable_wallet(account).balance.micros(), 1_000_000_000);
    }
    let heard = routed.books.recorder.take();
    assert_eq!((heard.refunds.len(), heard.given_back.len()), (0, 2));
    routed.books.prove();
}

#[test]
fn the_balance_of_a_reseller_in_the_past_has_the_charges_of_those_below() {
    let chain = Chain::open();
    let charge_at = |at: u64| {
        let mut session = chain.books.session(chain.customer);
        let mut chunk = session.chunk_with(UnixMicros(at), false);
        session.charge_levels(&mut chunk, &Message::default(), (&[], &chain.above()), NOW).unwrap();
        chain.books.committer.try_charge(chunk).unwrap();
        session.first_id()
    };
    let first = charge_at(1_000);
    charge_at(2_000);
    let balance = |account, at: u64| {
        let balance = chain.books.store.wallets().balance_at(account, UnixMicros(at)).unwrap();
        balance.micros() - 10_000_000
    };
    // The opening balances are of the clock's present, far behind these times.
    let opening = -10_000_000;
    for (at, messages) in [(1_000, 0), (1_001, 1), (2_000, 1), (2_001, 2)] {
        assert_eq!(balance(chain.reseller, at), opening - messages * 40_000, "{at}");
        assert_eq!(balance(chain.customer, at), opening - messages * 50_000, "{at}");
        assert_eq!(balance(chain.agent, at), opening);
    }
    chain.books.cancel(chain.customer, first).unwrap();
    assert_eq!(balance(chain.reseller, 1_001), opening - 40_000, "the refund is of a later time");
    assert_eq!(balance(chain.reseller, u64::MAX), -40_000);
}
