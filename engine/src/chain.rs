//! Chains: a message that several accounts pay for, each at its own price, or earn on. The account that sent it is the lowest
//! level; the house, which sells to the highest one at tariff, is none.
//!
//! [`debit`] takes the locks of all wallets in the order of their account numbers, works out every level's postings, and then
//! applies all or none.

use arrayvec::ArrayVec;
use parking_lot::MutexGuard;

use crate::calendar::Calendar;
use crate::cap::{Cap, CapCounters};
use crate::exchange::Conversion;
use crate::money::Amount;
use crate::pockets::Pockets;
use crate::posting::{LevelPostings, Posting};
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

/// A message that was debited at every level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Debited {
    /// The postings of each level, the lowest first.
    pub levels: Vec<LevelPostings>,
    /// For each level the price that the one below it pays, in the currency of that one; zero for the lowest.
    pub sold: ArrayVec<Amount, LEVELS_MAX>,
    /// Soft caps that this message exceeds: the level, and the index of the cap there.
    pub exceeded: Vec<(usize, usize)>,
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
    pub fn plain(leg: Leg<'a>, calendar: &'a Calendar) -> Self {
        let (earning, from_below) = (Earning::Wholesale, None);
        Self { leg, earning, from_below, destination: None, caps: &[], calendar }
    }

    /// An amount of the level below in the currency of this one.
    fn in_own_currency(&self, amount: Amount) -> Result<Amount, Refusal> {
        self.from_below.and_then(|rate| rate.apply(amount)).ok_or(Refusal::NoRate)
    }
}

/// Debits every level or none. `Err` names the first level that does not take the message. An account that stands at two
/// levels is refused as malformed, as its two prices would not know of each other.
pub fn debit(levels: &[LevelLeg<'_>], at: Moment) -> Result<Debited, LevelRefusal> {
    let mut contents = locked(levels)?;
    let debited = work_out(levels, &contents, at)?;
    for ((level, contents), postings) in levels.iter().zip(contents.iter_mut().flatten()).zip(&debited.levels)
    {
        settle(level, contents, postings);
    }
    Ok(debited)
}

fn settle(level: &LevelLeg<'_>, contents: &mut Contents, postings: &LevelPostings) {
    apply(&postings.posting, &mut contents.state);
    if !postings.is_plain() {
        contents.pockets_mut().apply(postings);
    }
    level.leg.wallet.note_pockets(contents);
}

/// The postings of a level on contents that are not changed, and the soft caps that it exceeds.
fn take(
    level: &LevelLeg<'_>,
    contents: &Contents,
    paid_below: Amount,
    at: Moment,
) -> Result<(LevelPostings, Vec<usize>), LevelRefusal> {
    let postings = postings_on(level, contents, paid_below, at)?;
    let exceeded = check_caps(level, contents, &postings)
        .map_err(|cap| LevelRefusal { cap: Some(cap), ..Refusal::SpendingCap.into() })?;
    Ok((postings, exceeded))
}

/// The same for an account with nobody above it. The caps are the soft ones that the message exceeds, by index.
pub fn debit_alone(level: &LevelLeg<'_>, at: Moment) -> Result<(LevelPostings, Vec<usize>), LevelRefusal> {
    let mut contents = level.leg.wallet.lock();
    let taken = take(level, &contents, Amount::ZERO, at)?;
    settle(level, &mut contents, &taken.0);
    Ok(taken)
}

/// The outcome that [`debit`] would have at this moment. Nothing is changed.
pub fn preview(levels: &[LevelLeg<'_>], at: Moment) -> Result<Debited, LevelRefusal> {
    work_out(levels, &locked(levels)?, at)
}

/// The locked contents of wallets.
type Locked<'a> = ArrayVec<Option<MutexGuard<'a, Contents>>, LEVELS_MAX>;

/// The contents of every level's wallet, in the order of the levels. Locks are taken in the order of account numbers.
fn locked<'a>(levels: &[LevelLeg<'a>]) -> Result<Locked<'a>, LevelRefusal> {
    let mut order: ArrayVec<usize, LEVELS_MAX> = (0..levels.len()).collect();
    let number = |index: &usize| levels.get(*index).map(|level| level.leg.wallet.number());
    order.sort_unstable_by_key(number);
    if let Some(twice) = order.windows(2).find(|pair| number(&pair[0]) == number(&pair[1])) {
        return Err(LevelRefusal::at(twice[1].max(twice[0]), Refusal::Malformed));
    }
    let mut contents: Locked<'_> = levels.iter().map(|_| None).collect();
    for index in order {
        contents[index] = Some(levels[index].leg.wallet.lock());
    }
    Ok(contents)
}

/// The postings of every level. Nothing is changed.
fn work_out(
    levels: &[LevelLeg<'_>],
    contents: &[Option<MutexGuard<'_, Contents>>],
    at: Moment,
) -> Result<Debited, LevelRefusal> {
    let mut debited =
        Debited { levels: Vec::with_capacity(levels.len()), sold: ArrayVec::new(), exceeded: Vec::new() };
    let mut paid_below = Amount::ZERO;
    for (index, (level, contents)) in levels.iter().zip(contents.iter().flatten()).enumerate() {
        let refused = |refused| LevelRefusal { level: index, ..refused };
        let (postings, exceeded) = take(level, contents, paid_below, at).map_err(refused)?;
        debited.sold.push(paid_below);
        // An agent pays nothing: who is above it sells to the one below it.
        paid_below = match level.earning {
            Earning::Wholesale => postings.posting.amount,
            _ => level.in_own_currency(paid_below).map_err(|refusal| LevelRefusal::at(index, refusal))?,
        };
        debited.exceeded.extend(exceeded.into_iter().map(|cap| (index, cap)));
        debited.levels.push(postings);
    }
    Ok(debited)
}

fn postings_on(
    level: &LevelLeg<'_>,
    contents: &Contents,
    paid_below: Amount,
    at: Moment,
) -> Result<LevelPostings, Refusal> {
    let share = match level.earning {
        Earning::Wholesale => return payment(level, &contents.state, contents.pockets(), at),
        Earning::CommissionOfCharge(share) | Earning::CommissionOfMargin(share) => share,
    };
    let Leg { month, segments, unit, plan, .. } = level.leg;
    let counted_before = contents.state.counted(month);
    let paid = level.in_own_currency(paid_below)?;
    let base = match level.earning {
        Earning::CommissionOfMargin(_) => {
            plan.price(unit, counted_before, segments).ok_or(Refusal::NoRate)?
        }
        _ => Amount::ZERO,
    };
    let margin = paid.checked_sub(base).filter(|margin| !margin.is_negative()).unwrap_or_default();
    let account = level.leg.wallet.number();
    let posting = Posting { account, amount: Amount::ZERO, month, counted_before, segments };
    let commission = share.of(margin).ok_or(Refusal::NoRate)?;
    Ok(LevelPostings { posting, commission, ..LevelPostings::default() })
}

/// The postings of a level that pays: from its bundles first, then from its wallet.
fn payment(
    level: &LevelLeg<'_>,
    state: &WalletState,
    pockets: Option<&Pockets>,
    at: Moment,
) -> Result<LevelPostings, Refusal> {
    let Leg { wallet, credit_limit, plan, unit, has_rate, month, segments } = level.leg;
    let covered = match (&level.destination, pockets) {
        (Some(destination), Some(pockets)) => pockets.bundles.cover(destination, segments, at.due),
        _ => crate::bundle::Covered::default(),
    };
    let counted_before = state.counted(month);
    let paid_segments = segments - covered.segments;
    if !has_rate && paid_segments > 0 {
        return Err(Refusal::NoRate);
    }
    let covered_that_count = if plan.bundle_segments_count { covered.segments } else { 0 };
    let amount = plan
        .price(unit, counted_before + u64::from(covered_that_count), paid_segments)
        .ok_or(Refusal::InsufficientFunds)?;
    balance_without(state, amount, credit_limit).ok_or(Refusal::InsufficientFunds)?;
    let segments = paid_segments + covered_that_count;
    let posting = Posting { account: wallet.number(), amount, month, counted_before, segments };
    let counts_of = |counters: &CapCounters| {
        let destination = level.destination.as_ref()?;
        Some(counters.counts_of(level.caps, destination, level.calendar, at.now))
    };
    let caps = pockets.map_or_else(|| counts_of(&CapCounters::default()), |pockets| counts_of(&pockets.caps));
    let caps = caps.unwrap_or_default();
    Ok(LevelPostings {
        posting,
        covered: covered.segments,
        takes: covered.takes,
        caps,
        commission: Amount::ZERO,
    })
}

/// The soft caps that a message exceeds, by index. `Err` is a hard one that it exceeds.
fn check_caps(
    level: &LevelLeg<'_>,
    contents: &Contents,
    postings: &LevelPostings,
) -> Result<Vec<usize>, usize> {
    let (mut exceeded, mut counts) = (Vec::new(), postings.caps.iter().peekable());
    for (index, cap) in level.caps.iter().enumerate() {
        let Some(count) = counts.next_if(|count| count.cap == cap.number()) else { continue };
        let counter = contents.pockets().and_then(|pockets| pockets.caps.get(count.cap));
        let counter = counter.filter(|counter| counter.span == count.span);
        let (amount, messages) =
            counter.map_or_else(Default::default, |known| (known.amount, known.messages));
        if cap.is_exceeded(amount.plus(postings.posting.amount), messages + 1) {
            if cap.is_hard {
                return Err(index);
            }
            exceeded.push(index);
        }
    }
    Ok(exceeded)
}
