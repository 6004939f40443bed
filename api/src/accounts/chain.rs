//! Bodies about an account that begins or ends to buy its children's messages.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Earning;
use crate::money::{CurrencyCode, Money, MoneySum};

/// The setting that an account is switched to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChain {
    /// True if it is to buy the messages of its children, or to earn on them; false if they are to pay alone.
    pub chain: bool,
}

/// The options of a switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChainSwitchQuery {
    /// Only says what would be, and changes nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// The effect of a switch on the accounts below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChainSwitch {
    /// The account that is switched.
    #[schema(example = "shop")]
    pub account: String,
    /// The setting after the switch.
    pub chain: bool,
    /// True if nothing was changed.
    pub dry_run: bool,
    /// True if the setting is another one than before.
    pub is_change: bool,
    /// The currency of its wallet.
    pub currency: CurrencyCode,
    /// The amount that the account can spend now: balance and credit limit.
    pub available: MoneySum,
    /// The accounts in the longest chain that it stands in after the switch, from the one that sends to the highest. There are
    /// at most 8.
    pub longest_chain: u32,
    /// The number of accounts below whose messages it pays for or earns on from then on, or no more.
    pub accounts_in_all: u64,
    /// The first thousand of them, by id.
    pub accounts: Vec<SwitchedAccount>,
    /// Everything for which the switch is refused. It is empty once the switch is made.
    pub problems: Vec<SwitchProblem>,
    /// Prices below what the seller pays, where the level above it is to be warned.
    pub warnings: Vec<String>,
}

/// An account below one that is switched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SwitchedAccount {
    /// The account's id.
    #[schema(example = "client")]
    pub account: String,
    /// The account above it.
    pub parent: String,
    /// The plan that it is on.
    #[schema(example = "starter")]
    pub plan: String,
    /// The price list that it buys by.
    pub price_list: Option<String>,
    /// Of its prices.
    pub currency: CurrencyCode,
    /// The way in which the account that is switched earns on its messages.
    pub earning: Earning,
    /// The accounts in its chain after the switch, itself among them; 1 where it pays alone.
    pub levels: u32,
    /// Prices for the networks that it has sent to in this month and the one before: at most 50.
    pub rates: Vec<SwitchedRate>,
    /// Networks that it has a rate for now, and that it or a level above it would have none for: their number.
    pub networks_without_rate: u64,
    /// The first ten of them.
    pub without_rate: Vec<String>,
    /// True if the account that is switched could not pay for one segment to one of the networks in `rates`, or for any
    /// message at all.
    pub insufficient_funds: bool,
}

/// The price of a segment after a switch, before volume tiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SwitchedRate {
    /// The network of the numbers.
    #[schema(example = "639/02")]
    pub network: String,
    /// The price that the account pays, in its own currency; null where it has none.
    pub price: Option<Money>,
    /// The price that the account that is switched pays, in the currency of its wallet; null where it has none or pays
    /// nothing, or where the caller does not see its side.
    pub cost: Option<Money>,
}

/// A reason for which a switch is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SwitchProblem {
    /// The account that is wrong.
    pub account: String,
    /// The field of the account.
    #[schema(example = "currency")]
    pub field: String,
    /// The mistake in words.
    pub detail: String,
}
