//! The source of the price of a segment, and the sales of a message within a chain.

use serde::Serialize;
use utoipa::ToSchema;

use crate::money::{CurrencyCode, Money};
use crate::price_lists::MarkUp;

/// The price of a segment before its tier, and its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExplainedRate {
    /// The price of one segment.
    pub price: Money,
    /// `account_rate`, `price_list_rate`, `mark_up`, `plan_rate` or `base_price`.
    #[schema(example = "plan_rate")]
    pub kind: String,
    /// The network that the rate names, such as `639/02`; null for a mark-up and the base price.
    pub network: Option<String>,
    /// The file that had it; null for a mark-up and the base price.
    pub file: Option<String>,
    /// The line that had it; null for a mark-up and the base price.
    pub line: Option<u32>,
    /// The same in words.
    pub source: String,
}

/// A level's own sale of a message to the level right below it. Nobody but that level and the house is shown it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExplainedSale {
    /// The account whose sale it is, and whose price list the price may come from.
    #[schema(example = "shop")]
    pub level: String,
    /// The account right below it, which buys.
    #[schema(example = "client")]
    pub buyer: String,
    /// Of the price, and of the amount for each segment of a mark-up.
    pub currency: CurrencyCode,
    /// The price of a segment for the buyer, before the buyer's volume discount, and its source.
    pub rate: ExplainedRate,
    /// The mark-up that applied, as the price list has it; null where the price is a rate.
    pub mark_up: Option<MarkUp>,
    /// The price that the mark-up was put on: what the level itself pays for a segment, before its volume discount.
    pub marked_up: Option<Money>,
    /// Of that price.
    pub marked_up_currency: Option<CurrencyCode>,
}
