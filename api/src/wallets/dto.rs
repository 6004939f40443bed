//! What is said of wallets and of what moves their money.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::accounts::AccountStatus;
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;

/// What an account has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Balance {
    /// Whose.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// Negative where credit is used. Now, it is what the next message is charged against; with `at`, what was durable then.
    pub balance: Money,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// How far below zero the balance may go; null for an instant of the past.
    pub credit_limit: Option<Money>,
    /// What can be spent: balance and credit limit; null for an instant of the past.
    pub available: Option<Money>,
    /// Whether the balance is below the account's threshold; null for an instant of the past.
    pub low: Option<bool>,
    /// When that holds.
    pub as_of: Time,
}

/// When a balance is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BalanceQuery {
    /// An instant of the past; now where it is not said.
    #[serde(default)]
    pub at: Option<Time>,
}

/// An account's money, and what it may do with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wallet {
    /// Whose.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// Negative where credit is used.
    pub balance: Money,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// How far below zero the balance may go: zero is prepaid, more is postpaid.
    pub credit_limit: Money,
    /// What can be spent: balance and credit limit.
    pub available: Money,
    /// Below this balance the account is warned.
    pub low_balance_threshold: Option<Money>,
    /// Segments of a calendar month above which it is warned of overage.
    pub overage_segments: Option<u64>,
    /// Whether its messages are taken.
    pub status: AccountStatus,
    /// Its plan.
    #[schema(example = "starter")]
    pub plan: String,
    /// The calendar month in the plan's time zone.
    #[schema(example = "2026-11")]
    pub month: String,
    /// Segments charged in that month, less those given back: where the volume tiers stand.
    pub segments_this_month: u64,
    /// When that holds.
    pub as_of: Time,
}

/// What a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransactionKind {
    /// Money paid in.
    TopUp,
    /// A message was charged.
    SmsDebit,
    /// A charge was given back.
    Refund,
    /// A correction by hand, of either sign.
    Adjustment,
    /// The balance that the account began with.
    OpeningBalance,
}

/// How far a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransactionStatus {
    /// It is durable, and in the balance. Nothing else is ever shown.
    Completed,
}

/// One change of a balance. The sum of all of an account's is its balance.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Transaction {
    /// Its id; a debit's is its message's.
    #[schema(example = "178466400000000000")]
    pub id: String,
    /// Whose.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// What it is.
    pub kind: TransactionKind,
    /// Added to the balance: below zero for what was taken.
    pub amount: Money,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// How far it is.
    pub status: TransactionStatus,
    /// What it refers to, in the words of who asked for it; a message id for debits and refunds.
    pub reference: String,
    /// More about it; the reason of an adjustment.
    pub details: String,
    /// A JSON object, as it was sent with the transaction.
    pub metadata: Option<Map<String, Value>>,
    /// Who asked for it; empty where nobody did by hand.
    pub actor: String,
    /// When it became durable.
    pub at: Time,
    /// The durable balance with it; null for debits and for entries of an early version, where it is not kept.
    pub balance_after: Option<Money>,
    /// The message that was charged or given back.
    pub message_id: Option<String>,
}

/// Money that was paid in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTopup {
    /// More than zero, in the account's currency.
    pub amount: Money,
    /// What it refers to, such as the number of a payment.
    #[schema(min_length = 1, max_length = 200, example = "INV-2026-0042")]
    pub reference: String,
    /// More about it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub details: Option<String>,
    /// A JSON object of at most 4096 octets, kept as it is.
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
}

/// A correction by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdjustment {
    /// Added to the balance, so below zero to take money; not zero, and in the account's currency.
    pub amount: Money,
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "goodwill for the outage of 2026-11-20")]
    pub reason: String,
    /// What it refers to.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub reference: Option<String>,
}

list_query! {
    /// Which transactions.
    pub struct TransactionsQuery {
        /// Only these.
        pub kind: Option<TransactionKind>,
        /// Only those that became durable at or after.
        pub from: Option<Time>,
        /// Only those that became durable before.
        pub to: Option<Time>,
        /// Only those of at least this signed amount, such as `-1.00`.
        #[param(value_type = Option<Money>)]
        pub min_amount: Option<String>,
        /// Only those of at most this signed amount.
        #[param(value_type = Option<Money>)]
        pub max_amount: Option<String>,
    }
}
