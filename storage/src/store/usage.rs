//! Usage counters of accounts and operators.

use std::collections::BTreeMap;
use std::ops::Range;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;

use super::below::{BlocksDown, sold_below};
use crate::cdr::BlockReader;
use crate::countries::NumberCountries;
use crate::database::{Database, Unavailable, damaged};
use crate::number_countries;
use crate::rows::{Row, UsageRow};
use crate::schema::{Family, USAGE_COUNTED_KEY, parse_usage_key, usage_quarter_key};
use crate::tallies::Tallies;
use crate::usage::{ALL_ACCOUNTS, Quarter, UsageKey, UsageOf};
use crate::view::View;

/// Reads usage counters.
#[derive(Clone, Copy, Debug)]
pub struct UsageRows<'a> {
    pub(super) database: &'a Database,
}

impl UsageRows<'_> {
    /// Calls `visit` with an account's usage of these quarters until it returns `false`: in the order of
    /// quarters, in each first the networks', then the operators', then what it paid for messages of accounts below. A message
    /// counts once among the networks', and at most once among the operators'. All of it is of one instant; charges that are not in
    /// the rows yet are counted on the way.
    pub fn of_account(
        &self,
        account: AccountNumber,
        quarters: Range<Quarter>,
        mut visit: impl FnMut(&UsageKey, &UsageRow) -> bool,
    ) -> Result<(), Unavailable> {
        let usage = View::of_account(self.database, account, |view| {
            // Whatever the view has of messages, the countries that hold for them were durable before.
            let countries = number_countries::load(self.database)?;
            let mut usage = counted_since(view, &quarters, &countries)?;
            let start = usage_quarter_key(account, quarters.start);
            let end = usage_quarter_key(account, quarters.end);
            for row in view.between(Family::Usage, &start, &end)? {
                let (key, value) = row?;
                let row = parse_usage_key(&key).zip(UsageRow::read(&value));
                let (key, row) = row.ok_or_else(|| damaged(Family::Usage))?;
                usage.entry(key).or_default().add(&row);
            }
            Ok(usage)
        })?;
        for (key, row) in usage.iter().filter(|(_, row)| !row.is_empty()) {
            if !visit(key, row) {
                break;
            }
        }
        Ok(())
    }

    /// Calls `visit` with an operator's usage rows of these quarters, over all accounts, until it returns
    /// `false`. Of their money only `costs` is counted.
    pub fn of_operator(
        &self,
        operator: OperatorNumber,
        quarters: Range<Quarter>,
        mut visit: impl FnMut(Quarter, &UsageRow) -> bool,
    ) -> Result<(), Unavailable> {
        self.of_account(ALL_ACCOUNTS, quarters, |key, row| {
            key.of != UsageOf::Operator(operator) || visit(key.quarter, row)
        })
    }

    /// The first id whose charge is not in the usage rows.
    pub(crate) fn counted_to(self) -> Result<u64, Unavailable> {
        Ok(self.database.number(Family::Meta, USAGE_COUNTED_KEY)?.unwrap_or(0))
    }
}

/// The counts of an account's charges that are not in the usage rows yet. Over all accounts there are
/// operators only, which are counted at once.
fn counted_since(
    view: &View<'_>,
    quarters: &Range<Quarter>,
    countries: &NumberCountries,
) -> Result<BTreeMap<UsageKey, UsageRow>, Unavailable> {
    if view.account == ALL_ACCOUNTS {
        return Ok(BTreeMap::new());
    }
    let mut tallies = Tallies::default();
    let from = view.number(Family::Meta, USAGE_COUNTED_KEY)?.unwrap_or(0);
    for block in view.up(Family::Cdrs, from..u64::MAX)? {
        let (first, value) = block?;
        let block = BlockReader::new(view.account, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
        let is_asked_for = quarters.contains(&Quarter::of(block.header().submitted_at));
        if is_asked_for && !tallies.add_block(view.account, block, countries.at(first)) {
            return Err(damaged(Family::Cdrs));
        }
    }
    let mut blocks = BlocksDown::new(view, sold_below(view)?, &(from..u64::MAX))?;
    while let Some((below, first, value)) = blocks.next()? {
        let block = BlockReader::new(below, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
        let is_asked_for = quarters.contains(&Quarter::of(block.header().submitted_at));
        if is_asked_for && !tallies.add_block(below, block, countries.at(first)) {
            return Err(damaged(Family::Cdrs));
        }
    }
    let mut usage = BTreeMap::<UsageKey, UsageRow>::new();
    for (key, row) in tallies.rows().filter(|(key, _)| key.account == view.account) {
        usage.entry(key).or_default().add(&row);
    }
    Ok(usage)
}
