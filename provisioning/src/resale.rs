//! Selling to accounts below: what an account may do as a reseller, the price lists that resellers give their children, and
//! the ways in which they earn.

use std::sync::Arc;

use rust_decimal::Decimal;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::price_list::{MarkUp, PriceList, Share};
use tollgate_engine::reselling::Earning;

use crate::bounds::price_list::{COMMISSION_PERCENT, MARK_UPS};
use crate::choice::Choice;
use crate::read::texts::{Parsed, quoted};

/// The part of an account that is about selling and about its place below a reseller, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resale {
    /// True if it may have accounts below it.
    pub is_reseller: bool,
    /// The treatment of prices of its children that are below its own.
    pub below_cost: BelowCost,
    /// The name of the price list that it buys by.
    pub price_list: Option<Arc<str>>,
}

/// The treatment of prices at which an account sells below what it pays itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BelowCost {
    /// They are not taken.
    #[default]
    Refuse,
    /// They are taken with a warning.
    Warn,
    /// They are not looked for.
    Allow,
}

impl Choice for BelowCost {
    const ALL: &'static [Self] = &[Self::Refuse, Self::Warn, Self::Allow];

    fn word(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Warn => "warn",
            Self::Allow => "allow",
        }
    }
}

/// A price list as it is provisioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionedPriceList {
    /// The name that accounts refer to.
    pub name: Arc<str>,
    /// The account that sells by it: only its children buy by the list.
    pub owner: Arc<str>,
    /// The currency of its amounts, and of every account that buys by it.
    pub currency: Currency,
    /// Its rates and mark-ups.
    pub list: Arc<PriceList>,
}

/// The amount that a commission is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommissionBase {
    /// The whole of what the child pays.
    Charge,
    /// The part of it that is above the account's own price.
    Margin,
}

impl Choice for CommissionBase {
    const ALL: &'static [Self] = &[Self::Charge, Self::Margin];

    fn word(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Margin => "margin",
        }
    }
}

/// The earning of a share; the error is about the percentage.
pub fn commission(percent: Decimal, of: CommissionBase) -> Parsed<Earning> {
    let most = Decimal::from(COMMISSION_PERCENT);
    let share = Share::from_percent(percent).filter(|_| percent > Decimal::ZERO && percent <= most);
    let share = share.ok_or_else(|| {
        let shown = quoted(&percent.to_string());
        format!(
            "{shown} is not a percentage above 0 and up to {COMMISSION_PERCENT} with at most four decimals"
        )
    })?;
    Ok(match of {
        CommissionBase::Charge => Earning::CommissionOfCharge(share),
        CommissionBase::Margin => Earning::CommissionOfMargin(share),
    })
}

/// The share and its base of an earning by commission.
pub const fn commission_of(earning: Earning) -> Option<(Share, CommissionBase)> {
    match earning {
        Earning::Wholesale => None,
        Earning::CommissionOfCharge(share) => Some((share, CommissionBase::Charge)),
        Earning::CommissionOfMargin(share) => Some((share, CommissionBase::Margin)),
    }
}

/// The percentage that a mark-up puts on a price.
pub fn mark_up_percent(percent: Decimal) -> Parsed<Share> {
    Share::from_percent(percent).ok_or_else(|| {
        let shown = quoted(&percent.to_string());
        format!("{shown} is not a percentage from 0 to {} with at most four decimals", Share::MAX_PERCENT)
    })
}

/// The most that a mark-up puts on a segment: a million.
const PER_SEGMENT_MAX: Amount = Amount::from_micros(1_000_000_000_000);

/// Checks a mark-up by itself. The error names the key.
pub fn check_mark_up(mark_up: &MarkUp) -> Result<(), (&'static str, String)> {
    if mark_up.per_segment < Amount::ZERO {
        return Err(("per_segment", "is below zero".to_owned()));
    }
    // More than that leaves no price that an amount could hold at the levels below.
    if mark_up.per_segment > PER_SEGMENT_MAX {
        return Err(("per_segment", format!("must be at most {PER_SEGMENT_MAX}")));
    }
    Ok(())
}

/// Checks a price list as a whole. The error names the key.
pub fn check_price_list(list: &PriceList) -> Result<(), (&'static str, String)> {
    if list.rates.is_empty() && list.mark_ups.is_empty() {
        return Err(("rates", "is missing, and so is mark_ups: the list would give no price".to_owned()));
    }
    if list.mark_ups.len() > MARK_UPS {
        return Err(("mark_ups", format!("more than {MARK_UPS}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commission_is_a_share_of_something() {
        let percent = |text: &str| commission(text.parse().unwrap(), CommissionBase::Margin);
        assert_eq!(
            commission_of(percent("12.5").unwrap()).map(|(share, of)| (share.percent().to_string(), of)),
            Some(("12.5".to_owned(), CommissionBase::Margin))
        );
        assert!(percent("100").is_ok());
        for wrong in ["0", "-1", "100.0001", "0.00001"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
