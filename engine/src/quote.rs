//! The same rating without the debit, with the whole explanation of the price.

use std::sync::Arc;

use crate::charging::{self, Message, Rated};
use crate::refusal::Refusal;
use crate::segments::{self, SegmentCount};
use crate::tables::{PriceSource, Tables, Terms};
use crate::tariff::PriceLine;
use crate::time::UnixMicros;
use crate::wallet::{Posting, Wallet};

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
    /// The segments by tier, with the price of each.
    pub lines: Vec<PriceLine>,
    /// The posting that the wallet would get, or the refusal.
    pub posting: Result<Posting, Refusal>,
}

/// Quotes a message by the code path that charges it. `Err` is the refusal that it would get before the
/// debit.
pub fn quote<'a>(
    tables: &Tables,
    terms: &'a Terms,
    wallet: &Wallet,
    message: &Message<'_>,
    now: UnixMicros,
) -> Result<Quote<'a>, Refusal> {
    let rated = charging::rate(tables, terms, message, now)?;
    let segments =
        segments::count(&message.body, terms.account.default_coding).map_err(|_| Refusal::TooLong)?;
    // One look at the wallet, so that lines and posting agree while others debit it.
    let state = wallet.state();
    let counted = state.counted(rated.month);
    Ok(Quote {
        tariff_version: Arc::clone(&tables.version),
        terms,
        rated,
        segments,
        price_source: terms.price_source(rated.network, now),
        lines: terms.plan.plan.price_lines(rated.unit, counted, u32::from(rated.segments)).collect(),
        posting: charging::leg(terms, wallet, &rated).posting_on(&state),
    })
}
