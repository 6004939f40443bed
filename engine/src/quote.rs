//! The same rating without the debit, with the whole explanation of the price.

use std::sync::Arc;

use crate::beside::Beside;
use crate::chain::{self, LevelRefusal};
use crate::charging::{self, Level, LevelLegs, Message, Payer, Rated, RatedAbove};
use crate::posting::LevelPostings;
use crate::refusal::Refusal;
use crate::segments::{self, SegmentCount};
use crate::tables::{PriceSource, Tables, Terms};
use crate::tariff::PriceLine;
use crate::time::{Moment, UnixMicros};

/// The price of a message that is not charged, with everything that it follows from.
#[derive(Debug)]
pub struct Quote<'a> {
    /// The tariff version, by content hash.
    pub tariff_version: Arc<str>,
    /// The terms of the account.
    pub terms: &'a Terms,
    /// Number, network, segments, unit price, month.
    pub rated: Rated,
    /// The segments, with the rule that counted them.
    pub segments: SegmentCount,
    /// The source of the unit price.
    pub price_source: Option<PriceSource<'a>>,
    /// The segments by tier, with the price of each. What bundles cover is not among them.
    pub lines: Vec<PriceLine>,
    /// Everything that the account would pay with, or the refusal.
    pub postings: Result<LevelPostings, LevelRefusal>,
    /// The levels above, from the account's parent up.
    pub above: Vec<LevelQuote<'a>>,
}

/// A message as one of the levels above would buy it or earn on it.
#[derive(Debug)]
pub struct LevelQuote<'a> {
    /// The terms of the level.
    pub terms: &'a Terms,
    /// Network, segments, unit price and month of the level.
    pub rated: Rated,
    /// The source of the unit price.
    pub price_source: Option<PriceSource<'a>>,
    /// Everything that the level would pay with or earn; `None` where the message would be refused.
    pub postings: Option<LevelPostings>,
}

/// Quotes a message by the code path that charges it. `Err` is the refusal that it would get before the
/// debit.
pub fn quote<'a>(
    tables: &Tables,
    payer: &Payer<'a>,
    message: &Message<'_>,
    at: Moment,
) -> Result<Quote<'a>, LevelRefusal> {
    let Payer { terms, above, .. } = *payer;
    let (mut rated_above, mut legs) = (RatedAbove::new(), LevelLegs::new());
    let (rated, destinations) = charging::rate_levels(tables, payer, message, at, &mut rated_above)?;
    let segments =
        segments::count(&message.body, terms.account.default_coding).map_err(|_| Refusal::TooLong)?;
    charging::level_legs(&destinations, payer, &rated, &rated_above, at.now, &mut legs);
    // One look at the wallets, so that lines and postings agree while others debit them.
    let state = payer.wallet.state();
    let previewed = chain::preview(&legs, at);
    let (counted, covered) = match &previewed {
        Ok(Beside { own, .. }) => (own.posting.counted_before, own.covered),
        Err(_) => (state.counted(rated.month), 0),
    };
    let plan = &terms.plan.plan;
    let behind = counted + u64::from(if plan.bundle_segments_count { covered } else { 0 });
    let (postings, levels) = match previewed {
        Ok(Beside { own, above, .. }) => {
            (Ok(own), above.into_iter().map(|level| Some(level.postings)).collect())
        }
        Err(refused) => (Err(refused), vec![None; above.len()]),
    };
    // A mark-up is put on a rate of the level above; where that has none, as bundles cover all it would pay, none applies.
    let has_rate: Vec<bool> = rated_above.iter().map(|rated| rated.has_rate).collect();
    let has_seller = |level: usize| has_rate.get(level).copied().unwrap_or(false);
    let level =
        |((index, (Level { terms, .. }, rated)), postings): ((usize, (&Level<'a>, Rated)), _)| LevelQuote {
            terms,
            price_source: source(terms, tables, &rated, has_seller(index + 1), at.now),
            rated,
            postings,
        };
    Ok(Quote {
        tariff_version: Arc::clone(&tables.version),
        terms,
        segments,
        price_source: source(terms, tables, &rated, has_seller(0), at.now),
        lines: plan.price_lines(rated.unit, behind, u32::from(rated.segments) - covered).collect(),
        rated,
        postings,
        above: above.iter().zip(rated_above).enumerate().zip(levels).map(level).collect(),
    })
}

fn source<'a>(
    terms: &'a Terms,
    tables: &Tables,
    rated: &Rated,
    has_seller: bool,
    now: UnixMicros,
) -> Option<PriceSource<'a>> {
    let destination = || tables.destination(&rated.number, rated.network);
    terms.price_source(rated.network, has_seller.then_some(&destination as &dyn Fn() -> _), now)
}
