//! Bodies about what an account sells and buys by, and about its caps.

use serde::{Deserialize, Serialize};
use tollgate_engine::calendar::SpanUnit;
use tollgate_provisioning::CommissionBase as Base;
use utoipa::ToSchema;

use crate::choice::documented;
use crate::money::Money;
use crate::percent::Percent;

documented! {
    /// The treatment of prices of an account's children that are below what it pays itself.
    BelowCost = tollgate_provisioning::BelowCost;
    /// The span of the calendar that a cap counts in.
    CapSpan = SpanUnit;
    /// The amount that a commission is a share of: all that the account pays, or what it pays above its parent's own price.
    CommissionBase = Base;
}

/// The way in which an account's parent earns on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Earning {
    /// The kind of it.
    pub kind: EarningKind,
    /// The share of a commission, above 0 and at most 100.
    #[serde(default)]
    pub percent: Option<Percent>,
    /// The amount that a commission is a share of.
    #[serde(default)]
    pub of: Option<CommissionBase>,
}

/// The kinds of ways in which a parent earns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EarningKind {
    /// The parent pays its own price, and the difference is its margin.
    #[default]
    Wholesale,
    /// The parent pays nothing, and earns a share.
    Commission,
}

/// A limit of an account's money or messages in a span of the calendar, in its plan's time zone. At most one of `countries`,
/// `networks` and `prefixes` is given; without them it counts all traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountCap {
    /// Its name, unique within the account: 1 to 64 letters, digits, `_`, `-`, `.`. With another name or span it counts anew.
    #[schema(example = "daily")]
    pub name: String,
    /// The span that it counts in.
    pub span: CapSpan,
    /// The most that the wallet may pay in a span; above zero. This or `max_messages` is given, or both.
    #[serde(default)]
    pub max_amount: Option<Money>,
    /// The most messages in a span.
    #[serde(default)]
    pub max_messages: Option<u64>,
    /// ISO 3166-1 codes of the countries that count.
    #[serde(default)]
    pub countries: Option<Vec<String>>,
    /// Networks and whole MCCs that count, such as `639/02` and `639`.
    #[serde(default)]
    pub networks: Option<Vec<String>>,
    /// Leading digits of the numbers that count, in international form.
    #[serde(default)]
    pub prefixes: Option<Vec<String>>,
    /// True if a message beyond it is refused with `spending_cap`; otherwise there is an alert, once in a span.
    #[serde(default = "yes")]
    pub hard: bool,
    /// True if a refund within the span gives back what was counted.
    #[serde(default = "yes")]
    pub gives_back: bool,
}

const fn yes() -> bool {
    true
}
