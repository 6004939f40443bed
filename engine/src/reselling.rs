//! The place of an account in a chain: whom it buys from, at which prices, and how its parent earns on it.

use std::sync::Arc;

use crate::price_list::{PriceList, Share};

/// The most accounts in a chain.
pub const LEVELS_MAX: usize = 8;

/// The place of an account in a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reselling {
    /// The account that it buys from; `None` for a child of the house.
    pub parent: Option<Arc<str>>,
    /// True if it pays for its children's messages or earns on them; otherwise children pay alone.
    pub chain: bool,
    /// The way in which its parent earns on its messages.
    pub earning: Earning,
    /// The price list that its parent gave it, which comes before the rates of its plan.
    pub price_list: Option<Arc<PriceList>>,
}

/// The way in which an account earns on the messages of a child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Earning {
    /// It buys each message from the level above; its margin is the difference between its prices.
    #[default]
    Wholesale,
    /// The level above sells to the child directly, and the account earns a share of what the child pays.
    CommissionOfCharge(Share),
    /// The same with a share of what the child pays above the account's own price.
    CommissionOfMargin(Share),
}
