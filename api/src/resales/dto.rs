//! The bodies and parameters of requests about resales and commission.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::{CurrencyCode, Money, MoneySum};
use crate::time::Time;

/// The month of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ResaleQuery {
    /// The calendar month, such as `2026-11`; the present one if it is not given.
    #[serde(default)]
    pub month: Option<String>,
}

/// The statement of one reseller for one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResaleStatement {
    /// The reseller's id.
    pub account: String,
    /// The reseller's currency, of what it paid and earned.
    pub currency: CurrencyCode,
    /// The calendar month in the time zone of the reseller's plan.
    #[schema(example = "2026-11")]
    pub month: String,
    /// One line for each child, country and network.
    pub lines: Vec<ResaleLine>,
    /// The sums by currency of the children.
    pub totals: Vec<ResaleTotals>,
    /// Commission that was paid out in the month, in the reseller's currency.
    pub paid_out: MoneySum,
    /// Earned in all months and not yet paid out.
    pub commission_balance: MoneySum,
    /// The time for which this holds.
    pub as_of: Time,
}

/// The messages of one child to one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResaleLine {
    /// The child's id.
    pub child: String,
    /// The child's currency, of what it paid.
    pub child_currency: CurrencyCode,
    /// The country of the numbers; null where it is not known.
    #[schema(example = "KE")]
    pub country: Option<String>,
    /// The network as the reseller bought it, such as `639/02`.
    #[schema(example = "639/02")]
    pub network: String,
    /// The number of messages.
    pub messages: u64,
    /// Their segments, as the reseller counts them.
    pub segments: u64,
    /// Paid by the child to the reseller, in the child's currency; null where the caller is above the reseller.
    pub sold: Option<MoneySum>,
    /// Paid by the reseller, in its own currency.
    pub bought: MoneySum,
    /// Sales less purchases; null where the currencies differ, or `sold` is null.
    pub margin: Option<MoneySum>,
    /// Paid by the child past the reseller, which earns a commission on it, in the child's currency.
    pub billed: MoneySum,
    /// The commission earned, in the reseller's currency.
    pub commission: MoneySum,
}

/// The sums over all children of one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResaleTotals {
    /// The children's currency.
    pub child_currency: CurrencyCode,
    /// The number of messages.
    pub messages: u64,
    /// The number of their segments.
    pub segments: u64,
    /// Paid by the children to the reseller, in their currency; null where the caller is above the reseller.
    pub sold: Option<MoneySum>,
    /// Paid by the reseller, in its own currency.
    pub bought: MoneySum,
    /// Sales less purchases; null where the currencies differ, or `sold` is null.
    pub margin: Option<MoneySum>,
    /// Paid by the children past the reseller, in their currency.
    pub billed: MoneySum,
    /// The commission earned, in the reseller's currency.
    pub commission: MoneySum,
}

/// The place that commission is paid to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayoutTo {
    /// Into the reseller's wallet.
    #[default]
    Wallet,
    /// Outside of Tollgate: it is only noted.
    Outside,
}

/// Commission to be paid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayout {
    /// More than zero, in the reseller's currency.
    pub amount: Money,
    /// The place that it is paid to.
    #[serde(default)]
    pub to: PayoutTo,
    /// The reference of the payment; at most 200 characters.
    #[serde(default)]
    pub reference: String,
    /// More about it; at most 2,000 characters.
    #[serde(default)]
    pub details: String,
}

/// Commission that was paid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CommissionPayout {
    /// The id of the transaction.
    pub transaction: String,
    /// The reseller's id.
    pub account: String,
    /// The amount that was paid out.
    pub amount: Money,
    /// The currency of the amount.
    pub currency: CurrencyCode,
    /// The place that it was paid to.
    pub to: PayoutTo,
    /// Earned and not yet paid out.
    pub commission_balance: MoneySum,
    /// The time at which it became durable.
    pub at: Time,
}
