//! The segments of one tier with their total, as quotes and explanations show them.

use serde_json::{Value, json};
use tollgate_engine::money::Amount;
use tollgate_engine::tariff::{Plan, PriceLine};

use super::wording;

/// The segments of one tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedLine {
    /// The number of segments and the price of each.
    pub line: PriceLine,
    /// The price of them all.
    pub total: Amount,
    /// The tier in words; empty if the plan has none.
    pub tier: String,
}

impl PricedLine {
    /// The line as JSON.
    pub fn json(&self) -> Value {
        let Self { line, total, .. } = self;
        json!({
            "tier": line.tier.map(|tier| tier + 1),
            "segments": line.segments,
            "price_per_segment": line.price_per_segment.to_string(),
            "total": total.to_string(),
        })
    }
}

/// The lines of a price under a plan, and their sum; `None` if an amount cannot hold it.
pub fn priced(plan: &Plan, lines: &[PriceLine]) -> Option<(Vec<PricedLine>, Amount)> {
    let mut sum = Amount::ZERO;
    let mut priced = Vec::with_capacity(lines.len());
    for line in lines {
        let total = line.total()?;
        sum = sum.checked_add(total)?;
        priced.push(PricedLine { line: *line, total, tier: wording::tier(plan, line.tier) });
    }
    Some((priced, sum))
}
