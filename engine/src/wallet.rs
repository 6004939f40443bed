//! Wallets in memory: the balance and the month's segments of each account, behind one small lock.
//!
//! The balance and the tier position change together under that lock, so that each segment of a month is
//! priced in exactly one place of exactly one tier, and no two threads can spend the same millionth. Bundles, caps and the
//! commission balance of an account, its pockets, are behind the same lock. A charge over several wallets is in
//! [`chain`](crate::chain).
//!
//! Memory may run ahead of disk: [`Wallet::undo`] takes back a posting whose charge did not become durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dashmap::DashMap;
use parking_lot::{Mutex, MutexGuard};

use crate::account::AccountNumber;
use crate::money::{Amount, Total, segments_left};
use crate::pockets::Pockets;
use crate::posting::AccountPostings;
use crate::refusal::Refusal;
use crate::tariff::{Plan, UnitPrice};
use crate::time::{Month, UnixMicros};
use crate::traffic::Destination;

pub use crate::posting::Posting;

/// The lowest balance that a debit may lead to, whatever the credit limit.
const BALANCE_MIN: Amount = Amount::from_micros(-(i64::MAX / 2));

/// The money of one account and how much of the month's volume it has used.
#[derive(Debug)]
pub struct Wallet {
    number: AccountNumber,
    has_pockets: AtomicBool,
    contents: Mutex<Contents>,
}

/// Everything of an account that a charge changes.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) state: WalletState,
    /// Bundles, caps and the commission balance; `None` where the account has none of them.
    pockets: Option<Box<Pockets>>,
    /// Counts money that came in or back.
    credits: u64,
}

/// The contents of a wallet at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WalletState {
    /// Negative where credit is used. Money that is given back may bring it above what an amount can hold.
    pub balance: Total,
    /// Segments charged per month. Around midnight at a month's end messages of both months may be on their
    /// way, so the last two months are kept, the later one first.
    pub volumes: [Volume; 2],
}

/// Segments charged in one calendar month of the plan's time zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// The calendar month.
    pub month: Month,
    /// The number of segments.
    pub segments: u64,
}

/// One wallet's part of a charge, before it is priced.
#[derive(Clone, Copy, Debug)]
pub struct Leg<'a> {
    /// The wallet that pays.
    pub wallet: &'a Wallet,
    /// The most that the balance may go below zero.
    pub credit_limit: Amount,
    /// The plan whose tiers hold.
    pub plan: &'a Plan,
    /// The price of a segment before its tier.
    pub unit: UnitPrice,
    /// False where there is no rate, so that bundles have to cover the message.
    pub has_rate: bool,
    /// The month that the message counts in.
    pub month: Month,
    /// The number of segments.
    pub segments: u32,
}

impl Wallet {
    /// A wallet as it was read from disk.
    pub fn new(number: AccountNumber, state: WalletState) -> Self {
        Self::with_pockets(number, state, Pockets::default())
    }

    /// A wallet and the pockets beside it as they were read from disk.
    pub fn with_pockets(number: AccountNumber, state: WalletState, pockets: Pockets) -> Self {
        let pockets = (!pockets.is_empty()).then(|| Box::new(pockets));
        let has_pockets = AtomicBool::new(pockets.is_some());
        Self { number, has_pockets, contents: Mutex::new(Contents { state, pockets, credits: 0 }) }
    }

    /// The number of its account.
    pub fn number(&self) -> AccountNumber {
        self.number
    }

    /// Its present contents.
    pub fn state(&self) -> WalletState {
        self.contents.lock().state
    }

    /// The number of times that money came in or back since the wallet was read from disk. As long as it stays the same, the balance has only
    /// gone down.
    pub fn credits(&self) -> u64 {
        self.contents.lock().credits
    }

    /// Adds money that is already durable: a top-up, a refund, a positive or negative adjustment.
    pub fn credit(&self, amount: Amount) {
        self.contents.lock().add(amount.into());
    }

    /// Takes money out by hand: a negative adjustment, before it is durable. `amount` is more than zero.
    /// Refused with `insufficient_funds` where balance and credit limit do not cover it, and as malformed
    /// where it is not an amount to take out.
    pub fn withdraw(&self, amount: Amount, credit_limit: Amount) -> Result<(), Refusal> {
        if amount <= Amount::ZERO {
            return Err(Refusal::Malformed);
        }
        let state = &mut self.contents.lock().state;
        state.balance = balance_without(state, amount, credit_limit).ok_or(Refusal::InsufficientFunds)?;
        Ok(())
    }

    /// Puts back what [`withdraw`](Self::withdraw) took and what did not become durable.
    pub fn give_back(&self, amount: Amount) {
        self.contents.lock().add(amount.into());
    }

    /// Debits one leg; the usual charge. Refused with `insufficient_funds` where balance and credit limit do
    /// not cover it.
    pub fn debit(leg: &Leg<'_>) -> Result<Posting, Refusal> {
        let state = &mut leg.wallet.contents.lock().state;
        let posting = leg.posting_on(state)?;
        apply(&posting, state);
        Ok(posting)
    }

    /// True if the account has bundles, counters of caps or a commission balance. A moment later it may have.
    pub fn has_pockets(&self) -> bool {
        self.has_pockets.load(Ordering::Relaxed)
    }

    /// The pockets of this moment.
    pub fn pockets(&self) -> Pockets {
        self.contents.lock().pockets.as_deref().cloned().unwrap_or_default()
    }

    /// Changes the pockets: a bundle comes in, ends, or gets units back.
    pub fn change_pockets<R>(&self, change: impl FnOnce(&mut Pockets) -> R) -> R {
        let mut contents = self.contents.lock();
        let result = change(contents.pockets_mut());
        contents.drop_empty_pockets();
        self.note_pockets(&contents);
        result
    }

    /// True if bundles cover a whole message at this moment.
    pub(crate) fn covers(&self, destination: &Destination, segments: u32, due: UnixMicros) -> bool {
        let contents = self.lock();
        let cover = |pockets: &Pockets| pockets.bundles.cover(destination, segments, due, &mut Vec::new());
        contents.pockets().is_some_and(|pockets| cover(pockets) == segments)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock()
    }

    /// Notes whether there are pockets, while the lock is held.
    pub(crate) fn note_pockets(&self, contents: &Contents) {
        let has_pockets = contents.pockets.is_some();
        if self.has_pockets() != has_pockets {
            self.has_pockets.store(has_pockets, Ordering::Relaxed);
        }
    }

    /// Takes back a posting that was applied here: its charge did not become durable, or was refunded.
    pub fn undo(&self, posting: &Posting) {
        self.undo_all(posting.amount.into(), posting.month, posting.segments);
    }

    /// Takes back postings of one month that were applied here.
    pub fn undo_all(&self, amount: Total, month: Month, segments: u32) {
        let mut contents = self.contents.lock();
        contents.add(amount);
        contents.state.forget(month, u64::from(segments));
    }

    /// Takes back everything that messages have moved here: money, volume, units, counts and commission.
    pub fn undo_postings(&self, postings: &AccountPostings) {
        let mut contents = self.contents.lock();
        contents.add(postings.amount);
        for (month, segments) in &postings.volumes {
            contents.state.forget(*month, u64::from(*segments));
        }
        if postings.moves_pockets() {
            contents.pockets_mut().undo(postings);
            contents.drop_empty_pockets();
        }
        self.note_pockets(&contents);
    }
}

impl Contents {
    /// Adds money and counts that some came.
    fn add(&mut self, amount: Total) {
        self.state.balance += amount;
        self.credits = self.credits.wrapping_add(1);
    }

    /// The pockets, if there are any.
    pub(crate) fn pockets(&self) -> Option<&Pockets> {
        self.pockets.as_deref()
    }

    /// The pockets, made on first use.
    pub(crate) fn pockets_mut(&mut self) -> &mut Pockets {
        self.pockets.get_or_insert_default()
    }

    /// Lets pockets go in which nothing is.
    fn drop_empty_pockets(&mut self) {
        self.pockets.take_if(|pockets| pockets.is_empty());
    }
}

impl Leg<'_> {
    /// The posting on a wallet in this state, or the refusal. Nothing is changed.
    pub fn posting_on(&self, state: &WalletState) -> Result<Posting, Refusal> {
        if !self.has_rate {
            return Err(Refusal::NoRate);
        }
        let counted_before = state.counted(self.month);
        let amount =
            self.plan.price(self.unit, counted_before, self.segments).ok_or(Refusal::InsufficientFunds)?;
        balance_without(state, amount, self.credit_limit).ok_or(Refusal::InsufficientFunds)?;
        let account = self.wallet.number;
        Ok(Posting { account, amount, month: self.month, counted_before, segments: self.segments })
    }
}

/// The balance once `amount` is taken from it; `None` where balance and credit limit do not cover it.
pub(crate) fn balance_without(state: &WalletState, amount: Amount, credit_limit: Amount) -> Option<Total> {
    let after = state.balance.minus(amount);
    (after.plus(credit_limit) >= Total::ZERO && after >= BALANCE_MIN).then_some(after)
}

pub(crate) fn apply(posting: &Posting, state: &mut WalletState) {
    state.balance -= posting.amount;
    state.count(posting.month, u64::from(posting.segments));
}

impl WalletState {
    /// Segments charged so far in `month`.
    pub fn counted(&self, month: Month) -> u64 {
        self.volumes.iter().find(|volume| volume.month == month).map_or(0, |volume| volume.segments)
    }

    /// Adds segments to a month. A month older than both that are kept is past pricing and is not counted
    /// here; the durable counters on disk keep every month.
    pub fn count(&mut self, month: Month, segments: u64) {
        if let Some(volume) = self.volumes.iter_mut().find(|volume| volume.month == month) {
            volume.segments += segments;
        } else if month > self.volumes[0].month {
            self.volumes = [Volume { month, segments }, self.volumes[0]];
        } else if month > self.volumes[1].month {
            self.volumes[1] = Volume { month, segments };
        }
    }

    /// Sets the segments of a month, for a quote that names them.
    pub fn set_counted(&mut self, month: Month, segments: u64) {
        let counted = self.counted(month);
        self.forget(month, counted);
        self.count(month, segments);
    }

    /// Takes segments out of a month again.
    pub fn forget(&mut self, month: Month, segments: u64) {
        if let Some(volume) = self.volumes.iter_mut().find(|volume| volume.month == month) {
            volume.segments = segments_left(volume.segments, segments);
        }
    }
}

/// Every wallet, sharded by account number, so that a million cold ones do not share a lock.
#[derive(Debug, Default)]
pub struct Wallets {
    by_number: DashMap<AccountNumber, Arc<Wallet>>,
}

impl Wallets {
    /// Puts a wallet in; an earlier one of the same number goes.
    pub fn insert(&self, wallet: Wallet) -> Arc<Wallet> {
        let wallet = Arc::new(wallet);
        self.by_number.insert(wallet.number, Arc::clone(&wallet));
        wallet
    }

    /// The wallet of an account.
    pub fn get(&self, number: AccountNumber) -> Option<Arc<Wallet>> {
        self.by_number.get(&number).map(|entry| Arc::clone(entry.value()))
    }

    /// The number of wallets.
    pub fn len(&self) -> usize {
        self.by_number.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(state: &WalletState, months: [u32; 3]) -> [u64; 3] {
        months.map(|month| state.counted(Month(month)))
    }

    #[test]
    fn only_money_that_comes_is_counted() {
        let wallet = Wallet::new(AccountNumber(1), WalletState::default());
        wallet.credit(Amount::from_micros(5));
        wallet.withdraw(Amount::from_micros(3), Amount::ZERO).unwrap();
        assert_eq!(wallet.credits(), 1);
        wallet.give_back(Amount::from_micros(3));
        wallet.undo_all(Total::from_micros(1), Month(101), 0);
        assert_eq!((wallet.credits(), wallet.state().balance), (3, Total::from_micros(6)));
    }

    #[test]
    fn a_month_is_set_to_a_number_of_segments_whatever_it_had() {
        let mut state = WalletState::default();
        state.set_counted(Month(101), 7);
        state.set_counted(Month(101), 3);
        assert_eq!((state.counted(Month(101)), state.counted(Month(100))), (3, 0));
    }

    #[test]
    fn the_last_two_months_are_kept_whatever_comes_first() {
        let months = [100, 101, 102];
        let mut state = WalletState::default();
        state.count(Month(101), 1);
        state.count(Month(100), 2);
        state.count(Month(101), 3);
        assert_eq!(counted(&state, months), [2, 4, 0]);
        state.count(Month(102), 5);
        assert_eq!(counted(&state, months), [0, 4, 5]);
        state.count(Month(100), 7);
        assert_eq!(counted(&state, months), [0, 4, 5]);
        state.forget(Month(100), 1);
        state.forget(Month(101), 1);
        assert_eq!(counted(&state, months), [0, 3, 5]);
    }

    #[test]
    fn money_is_taken_out_down_to_the_credit_limit_and_put_back() {
        let cent = |count: i64| Amount::from_micros(count * 10_000);
        let wallet =
            Wallet::new(AccountNumber(1), WalletState { balance: cent(5).into(), ..WalletState::default() });
        assert_eq!(wallet.withdraw(cent(8), cent(2)), Err(Refusal::InsufficientFunds));
        for nothing in [cent(0), cent(-1)] {
            assert_eq!(wallet.withdraw(nothing, cent(2)), Err(Refusal::Malformed));
        }
        assert_eq!(wallet.state().balance, cent(5));
        assert_eq!(wallet.withdraw(cent(7), cent(2)), Ok(()));
        assert_eq!(wallet.state().balance, cent(-2));
        assert_eq!(wallet.withdraw(Amount::from_micros(1), cent(2)), Err(Refusal::InsufficientFunds));
        wallet.give_back(cent(7));
        assert_eq!(wallet.state().balance, cent(5));
    }

    #[test]
    fn money_that_is_given_back_always_has_room() {
        let full = WalletState { balance: Amount::MAX.into(), ..WalletState::default() };
        let wallet = Wallet::new(AccountNumber(1), full);
        wallet.credit(Amount::MAX);
        wallet.give_back(Amount::MAX);
        wallet.undo(&Posting { amount: Amount::MAX, ..Posting::default() });
        assert_eq!(wallet.state().balance.micros(), 4 * i128::from(i64::MAX));
    }

    #[test]
    #[should_panic(expected = "segments are taken")]
    fn forgetting_segments_that_were_never_counted_stops() {
        let mut state = WalletState::default();
        state.count(Month(101), 1);
        state.forget(Month(101), 2);
    }

    #[test]
    fn no_debit_leads_below_the_lowest_balance_whatever_the_credit_limit() {
        let state = WalletState {
            balance: BALANCE_MIN.plus(Amount::from_micros(5)).into(),
            ..WalletState::default()
        };
        let after = |micros| balance_without(&state, Amount::from_micros(micros), Amount::MAX);
        assert_eq!((after(5), after(6)), (Some(BALANCE_MIN.into()), None));
    }
}
