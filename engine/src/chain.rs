//! Chains: a message that several accounts pay for, each at its own price, or earn on. The account that sent it is the lowest
//! level; the house, which sells to the highest one at tariff, is none.
//!
//! [`debit`] takes the locks of all wallets in the order of their account numbers, works out every level's postings, and then
//! applies all or none.

use arrayvec::ArrayVec;
use parking_lot::MutexGuard;

use crate::beside::{Beside, LevelCharge};
use crate::calendar::Calendar;
use crate::cap::{Cap, CapCounters, CapCounts};
use crate::exchange::Conversion;
use crate::money::Amount;
use crate::network::NetworkCode;
use crate::posting::{LevelPostings, Posting};
use crate::price_list::Share;
use crate::refusal::Refusal;
use crate::reselling::Earning;
use crate::time::Moment;
use crate::traffic::Destination;
use crate::wallet::{Contents, Leg, WalletState, apply, balance_without};

pub use crate::reselling::LEVELS_MAX;

/// One level of a message, before it is priced.
#[derive(Clone, Debug)]
pub struct LevelLeg<'a> {
    /// The wallet, the price of a segment, the month and the segments.
    pub leg: Leg<'a>,
    /// The network that it pays for.
    pub network: NetworkCode,
    /// The way in which it earns on the level below.
    pub earning: Earning,
    /// From the currency of the level below into its own; `None` where no exchange rate holds.
    pub from_below: Option<Conversion>,
    /// The message, for bundles and caps; `None` where the account has neither.
    pub destination: Option<Destination>,
    /// The caps of the account.
    pub caps: &'a [Cap],
    /// The calendar that caps count by.
    pub calendar: &'a Calendar,
}

/// The reason for which a level does not take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelRefusal {
    /// The level, from zero.
    pub level: usize,
    /// Its own reason.
    pub refusal: Refusal,
    /// The hard cap that does not let it through, as its index among the account's caps.
    pub cap: Option<usize>,
}

impl LevelRefusal {
    /// A level's own reason, which is no cap.
    pub const fn at(level: usize, refusal: Refusal) -> Self {
        Self { level, refusal, cap: None }
    }

    /// The reason as the lowest level may know it: nothing but that it lies above.
    pub const fn for_sender(self) -> Refusal {
        match (self.level, self.refusal) {
            (0, refusal) => refusal,
            (_, Refusal::InsufficientFunds) => Refusal::ParentInsufficientFunds,
            _ => Refusal::ParentRefused,
        }
    }
}

/// Of the account that sends.
impl From<Refusal> for LevelRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::at(0, refusal)
    }
}

impl<'a> LevelLeg<'a> {
    /// A level that pays by itself, of an account without caps, whose bundles are not looked at.
    pub fn plain(leg: Leg<'a>, network: NetworkCode, calendar: &'a Calendar) -> Self {
        let (earning, from_below) = (Earning::Wholesale, None);
        Self { leg, network, earning, from_below, destination: None, caps: &[], calendar }
    }

    /// An amount of the level below in the currency of this one.
    fn in_own_currency(&self, amount: Amount) -> Result<Amount, Refusal> {
        self.from_below.and_then(|rate| rate.apply(amount)).ok_or(Refusal::NoRate)
    }

    /// Its sale to the level below for this price, before anything is moved in its own account.
    fn sells_for(&self, sold: Amount) -> LevelCharge {
        LevelCharge {
            network: self.network,
            segments: u8::try_from(self.leg.segments).unwrap_or(u8::MAX),
            postings: LevelPostings::default(),
            sold,
            is_agent: self.earning != Earning::Wholesale,
        }
    }

    /// Works out what a message moves here, caps aside, on contents that are not changed.
    fn post(
        &self,
        contents: &Contents,
        paid_below: Amount,
        at: Moment,
        postings: &mut LevelPostings,
    ) -> Result<(), Refusal> {
        postings.takes.clear();
        match self.earning {
            Earning::Wholesale => self.pay(contents, at, postings),
            Earning::CommissionOfCharge(share) | Earning::CommissionOfMargin(share) => {
                self.earn(&contents.state, paid_below, share, postings)
            }
        }
    }

    /// The commission of a level that earns, and pays nothing.
    fn earn(
        &self,
        state: &WalletState,
        paid_below: Amount,
        share: Share,
        postings: &mut LevelPostings,
    ) -> Result<(), Refusal> {
        let Leg { wallet, month, segments, unit, plan, .. } = self.leg;
        let counted_before = state.counted(month);
        let paid = self.in_own_currency(paid_below)?;
        let base = match self.earning {
            Earning::CommissionOfMargin(_) => {
                plan.price(unit, counted_before, segments).ok_or(Refusal::NoRate)?
            }
            _ => Amount::ZERO,
        };
        let margin = paid.checked_sub(base).filter(|margin| !margin.is_negative()).unwrap_or_default();
        let account = wallet.number();
        postings.posting = Posting { account, amount: Amount::ZERO, month, counted_before, segments };
        postings.commission = share.of(margin).ok_or(Refusal::NoRate)?;
        postings.covered = 0;
        Ok(())
    }

    /// The postings of a level that pays: from its bundles first, then from its wallet.
    fn pay(&self, contents: &Contents, at: Moment, postings: &mut LevelPostings) -> Result<(), Refusal> {
        let Leg { wallet, credit_limit, plan, unit, has_rate, month, segments } = self.leg;
        let state = &contents.state;
        let covered = match (&self.destination, contents.pockets()) {
            (Some(destination), Some(pockets)) => {
                pockets.bundles.cover(destination, segments, at.due, &mut postings.takes)
            }
            _ => 0,
        };
        let counted_before = state.counted(month);
        let paid_segments = segments - covered;
        if !has_rate && paid_segments > 0 {
            return Err(Refusal::NoRate);
        }
        let covered_that_count = if plan.bundle_segments_count { covered } else { 0 };
        let amount = plan
            .price(unit, counted_before + u64::from(covered_that_count), paid_segments)
            .ok_or(Refusal::InsufficientFunds)?;
        balance_without(state, amount, credit_limit).ok_or(Refusal::InsufficientFunds)?;
        let segments = paid_segments + covered_that_count;
        postings.posting = Posting { account: wallet.number(), amount, month, counted_before, segments };
        (postings.covered, postings.commission) = (covered, Amount::ZERO);
        Ok(())
    }

    /// Finds the caps that a message counts in, and tells the soft ones that it exceeds. `Err` is a hard one. Who pays nothing
    /// counts nothing.
    fn check_caps(
        &self,
        contents: &Contents,
        at: Moment,
        postings: &mut LevelPostings,
        exceeded: impl FnMut(usize),
    ) -> Result<(), usize> {
        let Some(destination) = self.destination.as_ref().filter(|_| self.earning == Earning::Wholesale)
        else {
            postings.caps = CapCounts::default();
            return Ok(());
        };
        let (message, at) = ((destination, postings.posting.amount), (self.calendar, at.now));
        match contents.pockets() {
            Some(pockets) => pockets.caps.check(self.caps, message, at, &mut postings.caps, exceeded),
            None => CapCounters::default().check(self.caps, message, at, &mut postings.caps, exceeded),
        }
    }
}

/// Debits every level or none; `beside` has what it moved, all but the country. `Err` names the first level that does not take
/// the message. An account that stands at two levels is refused as malformed, as its two prices would not know of each other.
pub fn debit(levels: &[LevelLeg<'_>], at: Moment, beside: &mut Beside) -> Result<(), LevelRefusal> {
    if let [level] = levels {
        let contents = &mut level.leg.wallet.lock();
        work_out(levels, std::iter::once(&**contents), at, beside)?;
        settle(level, contents, &beside.own);
        return Ok(());
    }
    let mut contents = locked(levels)?;
    work_out(levels, contents.iter().flatten().map(|contents| &**contents), at, beside)?;
    for ((level, contents), postings) in levels.iter().zip(contents.iter_mut().flatten()).zip(beside.levels())
    {
        settle(level, contents, postings);
    }
    Ok(())
}

fn settle(level: &LevelLeg<'_>, contents: &mut Contents, postings: &LevelPostings) {
    apply(&postings.posting, &mut contents.state);
    if !postings.is_plain() {
        contents.pockets_mut().apply(postings);
    }
    level.leg.wallet.note_pockets(contents);
}

/// Everything that [`debit`] would move at this moment, all but the country. Nothing is changed.
pub fn preview(levels: &[LevelLeg<'_>], at: Moment) -> Result<Beside, LevelRefusal> {
    let (contents, mut beside) = (locked(levels)?, Beside::default());
    work_out(levels, contents.iter().flatten().map(|contents| &**contents), at, &mut beside)?;
    Ok(beside)
}

/// The locked contents of wallets.
type Locked<'a> = ArrayVec<Option<MutexGuard<'a, Contents>>, LEVELS_MAX>;

/// The contents of every level's wallet, in the order of the levels. Locks are taken in the order of account numbers.
fn locked<'a>(levels: &[LevelLeg<'a>]) -> Result<Locked<'a>, LevelRefusal> {
    // Most accounts are younger than those above them.
    let mut order: ArrayVec<usize, LEVELS_MAX> = (0..levels.len()).rev().collect();
    let number = |index: &usize| levels.get(*index).map(|level| level.leg.wallet.number());
    order.sort_unstable_by_key(|index| (number(index), *index));
    let twice = order.windows(2).filter(|pair| number(&pair[0]) == number(&pair[1])).map(|pair| pair[1]);
    if let Some(level) = twice.min() {
        return Err(LevelRefusal::at(level, Refusal::Malformed));
    }
    let mut contents: Locked<'_> = levels.iter().map(|_| None).collect();
    for index in order {
        contents[index] = Some(levels[index].leg.wallet.lock());
    }
    Ok(contents)
}

/// The postings of every level, on contents that are not changed.
fn work_out<'a>(
    levels: &[LevelLeg<'_>],
    contents: impl Iterator<Item = &'a Contents>,
    at: Moment,
    beside: &mut Beside,
) -> Result<(), LevelRefusal> {
    let Beside { own, above, exceeded, .. } = beside;
    above.clear();
    exceeded.clear();
    let mut paid_below = Amount::ZERO;
    for (index, (level, contents)) in levels.iter().zip(contents).enumerate() {
        let refused = |refusal| LevelRefusal::at(index, refusal);
        let postings = if index == 0 {
            &mut *own
        } else {
            above.push(level.sells_for(paid_below));
            &mut above[index - 1].postings
        };
        level.post(contents, paid_below, at, postings).map_err(refused)?;
        level
            .check_caps(contents, at, postings, |cap| exceeded.push((index, cap)))
            .map_err(|cap| LevelRefusal { cap: Some(cap), ..refused(Refusal::SpendingCap) })?;
        // An agent pays nothing: who is above it sells to the one below it.
        paid_below = match level.earning {
            Earning::Wholesale => postings.posting.amount,
            _ => level.in_own_currency(paid_below).map_err(refused)?,
        };
    }
    Ok(())
}
