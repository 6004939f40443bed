//! The bodies of the existing clients' requests and answers. Enum values are in upper case, dates stand
//! for days, and amounts are decimal strings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::money::{CurrencyCode, Money, MoneySum};
use crate::percent::Percent;
use crate::time::Time;

/// A wallet as these clients know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallWallet {
    /// The account's id.
    pub sid: String,
    /// The account's id.
    #[schema(example = "biz_test_001")]
    pub business_sid: String,
    /// Negative where credit is used.
    pub balance: MoneySum,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The amount by which the balance may go below zero.
    pub credit_limit: Money,
    /// True if the wallet is filled by itself from a saved payment method.
    pub auto_recharge_enabled: bool,
    /// The amount of a charge; null where it was never set.
    pub auto_recharge_amount: Option<Money>,
    /// Below this balance the wallet is filled; null where it was never set.
    pub auto_recharge_threshold: Option<Money>,
}

/// Auto-recharge of a wallet as it is to be. What is not given stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WecallWalletPatch {
    /// True if the wallet is to be filled by itself, from the payment method that was saved last or is set already.
    #[serde(default)]
    pub auto_recharge_enabled: Option<bool>,
    /// The amount of a charge.
    #[serde(default)]
    pub auto_recharge_amount: Option<Money>,
    /// Below this balance the wallet is filled.
    #[serde(default)]
    pub auto_recharge_threshold: Option<Money>,
}

/// The kind of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallTransactionType {
    /// Money paid in.
    Topup,
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
}

/// The status of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallTransactionStatus {
    /// Never answered: what is not durable is not shown.
    Pending,
    /// It is durable, and in the balance.
    Completed,
    /// Never answered: what failed has moved nothing.
    Failed,
}

/// One change of a balance.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WecallTransaction {
    /// Its id; a debit's is its message's.
    pub sid: String,
    /// The account's id.
    pub business_sid: String,
    /// The kind of the transaction.
    #[serde(rename = "type")]
    pub kind: WecallTransactionType,
    /// Added to the balance: below zero for what was taken; null where the caller is not told it.
    pub amount: Option<Money>,
    /// Of the amount.
    pub currency: CurrencyCode,
    /// The reference; for debits and refunds, the id of the message.
    pub reference: String,
    /// The status of the transaction.
    pub status: WecallTransactionStatus,
    /// More about it, for a person.
    pub details: String,
    /// A JSON object, as it was sent with the transaction; an empty one for none.
    #[schema(value_type = Object)]
    pub metadata: BTreeMap<String, Value>,
    /// The time at which it became durable.
    pub created_at: Time,
}

/// Money that was paid in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WecallTopup {
    /// The account's id.
    #[schema(example = "biz_test_001")]
    pub business_sid: String,
    /// More than zero, in the account's currency: a JSON number or a string, read digit by digit.
    pub amount: Money,
    /// The reference; `topup` if it is not given.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub reference: Option<String>,
}

/// The way in which a plan is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallPlanType {
    /// Before messages are sent.
    Prepaid,
    /// Afterwards: every account on it that the caller may see has a credit limit.
    Postpaid,
}

/// A plan as these clients know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallPlan {
    /// The name of it.
    pub sid: String,
    /// The name of it.
    #[schema(example = "starter")]
    pub name: String,
    /// The way in which it is paid.
    #[serde(rename = "type")]
    pub kind: WecallPlanType,
    /// Of a segment where no rate holds; null refuses such messages.
    pub base_price_per_sms: Option<Money>,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// Ranges of an account's segments in the calendar month; empty for none.
    pub volume_tiers: Vec<WecallTier>,
    /// Always empty: a plan is its prices.
    pub features: Vec<String>,
}

/// A range of segments in the calendar month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallTier {
    /// The first segment in it, counted from one.
    pub min_messages: u64,
    /// The last one; null in the last tier.
    pub max_messages: Option<u64>,
    /// Of a segment where no rate holds, less the discount; null refuses such messages.
    pub price_per_sms: Option<Money>,
    /// Taken off every price.
    pub discount_percent: Percent,
}

/// A rate as these clients know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallRate {
    /// Plan, network and time that it holds for, in one.
    #[schema(example = "starter:639-02")]
    pub sid: String,
    /// The plan that it holds for; `*` for every plan.
    pub plan: String,
    /// ISO 3166-1 alpha-2; empty for international networks.
    #[schema(example = "KE")]
    pub country_code: String,
    /// The name of the country for people.
    pub country_name: String,
    /// Operator or brand; empty for a whole country.
    pub operator: String,
    /// Of one segment.
    pub price_per_sms: Money,
    /// Of the price; null for a rate of every plan.
    pub currency: Option<CurrencyCode>,
    /// First instant at which it holds; null for always.
    pub effective_from: Option<Time>,
}

/// The period of usage, by the days of the plan's time zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallPeriod {
    /// From midnight until now.
    Today,
    /// From Monday until now.
    ThisWeek,
    /// Since the first of the month.
    #[default]
    ThisMonth,
    /// The month before.
    LastMonth,
    /// Since the first of January.
    ThisYear,
    /// Today and the six days before.
    #[serde(rename = "LAST_7_DAYS")]
    Last7Days,
    /// Today and the 29 days before.
    #[serde(rename = "LAST_30_DAYS")]
    Last30Days,
}

/// The usage of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallUsage {
    /// The account's id.
    pub business_sid: String,
    /// As it was asked for.
    pub period: WecallPeriod,
    /// The number of messages charged.
    pub total_messages_sent: u64,
    /// Of these, those that were delivered.
    pub total_messages_delivered: u64,
    /// Of these, those that were not, and will not be.
    pub total_messages_failed: u64,
    /// Delivered of sent, from 0 to 1 with four decimals; zero where none was sent.
    #[schema(pattern = r"^[01](\.[0-9]{1,4})?$", example = "0.9712")]
    pub success_rate: String,
    /// The cost, less what was given back; null where the caller is not told it.
    pub total_cost: Option<MoneySum>,
    /// Of one message sent; zero where none was, and null where the caller is not told it.
    pub average_cost_per_message: Option<MoneySum>,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// By the country of the destination.
    pub country_usage: Vec<WecallCountryUsage>,
    /// By the network of the destination.
    pub operator_usage: Vec<WecallOperatorUsage>,
}

/// The usage of one country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallCountryUsage {
    /// ISO 3166-1 alpha-2; empty for international networks.
    pub country_code: String,
    /// The name of the country for people.
    pub country_name: String,
    /// The number of messages charged.
    pub messages_sent: u64,
    /// The cost, less what was given back; null where the caller is not told it.
    pub cost: Option<MoneySum>,
}

/// The usage of one network's subscribers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallOperatorUsage {
    /// Operator or brand.
    pub operator: String,
    /// The name of its country for people.
    pub country: String,
    /// The number of messages charged.
    pub messages_sent: u64,
    /// The cost, less what was given back; null where the caller is not told it.
    pub cost: Option<MoneySum>,
}

/// The status of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallInvoiceStatus {
    /// It can still be brought up to date.
    Draft,
    /// It is fixed, and owed.
    Sent,
    /// It was paid.
    Paid,
    /// It is owed, and was to be paid by now.
    Overdue,
    /// It was taken back.
    Cancelled,
}

/// The category of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallCategory {
    /// The line is for messages.
    Sms,
    /// Use of the API.
    Api,
    /// The line is for storage.
    Storage,
    /// The line is for support.
    Support,
    /// The line is for anything else.
    Other,
}

/// An invoice as these clients know it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WecallInvoice {
    /// The number of it; null where nobody has drafted one for these days.
    pub sid: Option<String>,
    /// The account's id.
    pub business_sid: String,
    /// Counted without gaps; null where nobody has drafted one for these days.
    #[schema(example = "INV-2026-000001")]
    pub invoice_number: Option<String>,
    /// The first day, as it was asked for.
    #[schema(format = Date, example = "2026-11-01")]
    pub period_start: String,
    /// The last day, as it was asked for.
    #[schema(format = Date, example = "2026-11-30")]
    pub period_end: String,
    /// The sum of its lines.
    pub total_amount: Money,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The status of the invoice.
    pub status: WecallInvoiceStatus,
    /// The lines of the invoice.
    pub line_items: Vec<WecallInvoiceLine>,
    /// The time by which it is to be paid; null until it is sent.
    pub due_date: Option<Time>,
    /// The time at which it was noted as paid.
    pub paid_date: Option<Time>,
    /// The time at which it was drafted, or now where nobody has.
    pub created_at: Time,
}

/// One line of an invoice.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WecallInvoiceLine {
    /// For a person.
    pub description: String,
    /// The number of segments.
    pub quantity: u64,
    /// Total over quantity, rounded; the total is what holds.
    pub unit_price: Money,
    /// Exact; negative where it was given back.
    pub total: Money,
    /// The category of the line.
    pub category: WecallCategory,
    /// More of it: messages, network, country.
    #[schema(value_type = Object)]
    pub details: Value,
}

/// The kind of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallAlertType {
    /// The balance is below the account's threshold.
    LowBalance,
    /// The credit is nearly used.
    BillingAlert,
    /// More was sent in the month than the account's threshold.
    OverageWarning,
    /// An invoice is to be paid.
    PaymentDue,
}

/// The severity of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallSeverity {
    /// The alert is for information.
    Info,
    /// To look at.
    Warning,
    /// To act on.
    Critical,
}

/// An alert as these clients know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallAlert {
    /// The id of it.
    pub sid: String,
    /// The account's id.
    pub business_sid: String,
    /// The kind of the alert.
    #[serde(rename = "type")]
    pub kind: WecallAlertType,
    /// The severity of the alert.
    pub severity: WecallSeverity,
    /// For a person.
    pub message: String,
    /// The threshold that was passed: an amount, or segments.
    pub threshold: Option<String>,
    /// The value when it was raised: an amount, or segments.
    pub current_value: Option<String>,
    /// True if somebody has read it.
    pub is_read: bool,
    /// The time at which it was raised.
    pub created_at: Time,
}

/// The filters of a list of transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WecallTransactionsQuery {
    /// The newest so many, from 1 to 1000; 50 if it is not given.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// Transactions that are left out before, at most 10000.
    #[serde(default)]
    #[param(maximum = 10000)]
    pub offset: Option<u32>,
}

/// The filters of a list of rates of existing clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WecallRatesQuery {
    /// Only those in this country: ISO 3166-1 alpha-2.
    #[serde(default)]
    #[param(example = "KE")]
    pub country_code: Option<String>,
    /// Only those of this operator or brand, in upper or lower case.
    #[serde(default)]
    pub operator: Option<String>,
}

/// The filters of a list of usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WecallUsageQuery {
    /// The period; `THIS_MONTH` if it is not given.
    #[serde(default)]
    #[param(inline)]
    pub period: WecallPeriod,
}

/// The filters of a list of invoices of existing clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WecallInvoicesQuery {
    /// Only those of this account.
    #[serde(default)]
    pub business_sid: Option<String>,
    /// Only those that are so far.
    #[serde(default)]
    #[param(inline)]
    pub status: Option<WecallInvoiceStatus>,
    /// The newest so many, from 1 to 1000; 50 if it is not given.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// Invoices that are left out before, at most 10000.
    #[serde(default)]
    #[param(maximum = 10000)]
    pub offset: Option<u32>,
}

/// The filters of one invoice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WecallInvoiceQuery {
    /// The first day, in the time zone of the account's plan.
    #[param(format = Date, example = "2026-11-01")]
    pub period_start: String,
    /// The last day; at most 400 days later.
    #[param(format = Date, example = "2026-11-30")]
    pub period_end: String,
}
