//! The bodies of requests about saved payment methods and auto-recharge.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::{CurrencyCode, Money};
use crate::payments::PaymentProvider;
use crate::time::Time;

/// A card or account of a provider that can be charged without anybody at a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PaymentMethod {
    /// The id of it.
    #[schema(example = "pm_00063f1c2b4d5e00k3mqz")]
    pub id: String,
    /// The account that it belongs to.
    pub account: String,
    /// The provider that has it.
    pub provider: PaymentProvider,
    /// Its kind in the provider's word, such as `card`.
    #[schema(example = "card")]
    pub kind: String,
    /// The brand of a card.
    #[schema(example = "visa")]
    pub brand: Option<String>,
    /// The last four digits of a card.
    #[schema(example = "4242")]
    pub last4: Option<String>,
    /// The last month of a card.
    #[schema(example = "2030-12")]
    pub expires: Option<String>,
    /// The time at which it was saved.
    pub created_at: Time,
}

/// The reason that auto-recharge makes no charge for now, though the balance is below the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RechargeStop {
    /// It was declined, and rests until `next_try_at`.
    Declined,
    /// It was declined too often, and has switched itself off.
    SwitchedOff,
    /// The limit of the month leaves no room.
    LimitReached,
}

/// Auto-recharge of an account: its wallet is filled from a saved method once the balance falls below a threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AutoRecharge {
    /// The account whose wallet is filled.
    pub account: String,
    /// True if it is switched on.
    pub enabled: bool,
    /// Below this balance the wallet is filled.
    pub threshold: Option<Money>,
    /// The amount of a charge; a charge is of several such amounts where one does not reach the threshold.
    pub amount: Option<Money>,
    /// The most that is charged in a calendar month of the account's plan; null for no limit.
    pub monthly_limit: Option<Money>,
    /// The id of the saved method that is charged.
    pub payment_method: Option<String>,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The sum of this month's charges that succeeded or may yet.
    pub charged_this_month: Money,
    /// Declines since the last success.
    pub declines: u32,
    /// The reason that there is no charge for now.
    pub stopped_by: Option<RechargeStop>,
    /// The end of a rest after a decline.
    pub next_try_at: Option<Time>,
    /// The payment of the last charge.
    pub last_payment: Option<String>,
}

/// Auto-recharge as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoRechargeInput {
    /// True if it is to be switched on.
    pub enabled: bool,
    /// Below this balance the wallet is filled.
    pub threshold: Money,
    /// The amount of a charge: more than zero, and an amount that the provider of the method can hold.
    pub amount: Money,
    /// The most that is charged in a calendar month; no limit if it is not given.
    #[serde(default)]
    pub monthly_limit: Option<Money>,
    /// The id of a saved method of the account; the one that was saved last if it is not given.
    #[serde(default)]
    pub payment_method: Option<String>,
}
