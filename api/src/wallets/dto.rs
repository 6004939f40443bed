//! The bodies and parameters of requests about wallets and of what moves their money.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::accounts::AccountStatus;
use crate::money::{CurrencyCode, Money, MoneySum};
use crate::table_query;
use crate::time::Time;

/// The balance of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Balance {
    /// The account's id.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// Negative where credit is used. Now, it is what the next message is charged against; with `at`, what
    /// was durable then.
    pub balance: MoneySum,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The amount by which the balance may go below zero; null for an instant of the past.
    pub credit_limit: Option<Money>,
    /// The amount that can be spent: balance and credit limit; null for an instant of the past.
    pub available: Option<MoneySum>,
    /// True if the balance is below the account's threshold; null for an instant of the past.
    pub low: Option<bool>,
    /// The time for which this holds.
    pub as_of: Time,
}

/// The time at which a balance is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BalanceQuery {
    /// An instant of the past; now if it is not given.
    #[serde(default)]
    pub at: Option<Time>,
}

/// An account's money, and what it may do with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wallet {
    /// The account's id.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// Negative where credit is used.
    pub balance: MoneySum,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The amount by which the balance may go below zero: zero is prepaid, more is postpaid.
    pub credit_limit: Money,
    /// The amount that can be spent: balance and credit limit.
    pub available: MoneySum,
    /// Below this balance the account is warned.
    pub low_balance_threshold: Option<Money>,
    /// Segments of a calendar month above which it is warned of overage.
    pub overage_segments: Option<u64>,
    /// The account's status, which says if its messages are accepted.
    pub status: AccountStatus,
    /// The name of its plan.
    #[schema(example = "starter")]
    pub plan: String,
    /// The calendar month in the plan's time zone.
    #[schema(example = "2026-11")]
    pub month: String,
    /// Segments charged in that month, less those given back: the position in the volume tiers.
    pub segments_this_month: u64,
    /// The time for which this holds.
    pub as_of: Time,
}

/// The kind of a transaction.
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
    /// An invoice was paid.
    InvoicePayment,
    /// A bundle was bought.
    BundlePurchase,
    /// A bundle, or more units or time of one, was given for nothing.
    BundleGrant,
    /// The rest of a bundle that has ended.
    BundleExpiry,
    /// The part of a bundle's rest that did not go into its next period.
    BundleRollover,
    /// Tokens of bundles were used.
    BundleConsumption,
    /// Commission was paid out.
    CommissionPayout,
    /// Money from the wallet of the parent or of a child.
    TransferIn,
    /// Money to the wallet of the parent or of a child.
    TransferOut,
    /// Money came in by a payment.
    Payment,
    /// Money of a payment was given back to who paid it.
    PaymentRefund,
    /// A payment was disputed by who paid it, and lost.
    Dispute,
    /// The price of a subscription, or what is given back of it.
    Subscription,
    /// Money given back for what a sent invoice had charged.
    CreditNote,
    /// The tax of an invoice that was sent, or what is given back of it.
    Tax,
}

/// The status of a transaction.
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
    /// The account's id.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// The kind of the transaction.
    pub kind: TransactionKind,
    /// Added to the balance: below zero for what was taken. Null of messages where the caller is not told what the account paid
    /// for them, as it is more than one level above it.
    pub amount: Option<Money>,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The status of the transaction.
    pub status: TransactionStatus,
    /// The reference that was given; for debits and refunds, the id of the message.
    pub reference: String,
    /// More about it; the reason of an adjustment.
    pub details: String,
    /// A JSON object, as it was sent with the transaction.
    pub metadata: Option<Map<String, Value>>,
    /// The actor that asked for it; empty if nobody did.
    pub actor: String,
    /// The time at which it became durable.
    pub at: Time,
    /// The durable balance with it; null for debits and for entries of an early version, where it is not
    /// kept.
    pub balance_after: Option<MoneySum>,
    /// The message that was charged or given back.
    pub message_id: Option<String>,
    /// The account below this one that sent the message, where this one paid for it as its reseller; otherwise null.
    #[schema(example = "client")]
    pub sent_by: Option<String>,
    /// Units added to bundles, below zero for those taken out of them; null where no bundle was touched. Those that a message
    /// takes are in its CDR.
    pub units: Option<i64>,
    /// Added to the commission balance: below zero for what was paid out or taken back; null where it was not touched. What a
    /// message earns is in its CDR.
    pub commission: Option<Money>,
}

/// Money that was paid in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTopup {
    /// More than zero, in the account's currency.
    pub amount: Money,
    /// The reference, such as the number of a payment.
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
    /// The reason that is given.
    #[schema(min_length = 1, max_length = 2000, example = "goodwill for the outage of 2026-11-20")]
    pub reason: String,
    /// The reference that it carries.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub reference: Option<String>,
}

table_query! {
    /// The filters of a list of transactions.
    pub struct TransactionsQuery {
        /// Only transactions of this kind.
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
