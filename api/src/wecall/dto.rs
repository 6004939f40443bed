//! What is said to the wecall clients. Enum values are in upper case, dates stand for days, and amounts are decimal strings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::money::{CurrencyCode, Money};
use crate::percent::Percent;
use crate::time::Time;

/// A wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallWallet {
    /// The account's id.
    pub sid: String,
    /// The account's id.
    #[schema(example = "biz_test_001")]
    pub business_sid: String,
    /// Negative where credit is used.
    pub balance: Money,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// How far below zero the balance may go.
    pub credit_limit: Money,
    /// Always false: nothing here takes money from a card.
    pub auto_recharge_enabled: bool,
    /// Always null.
    pub auto_recharge_amount: Option<Money>,
    /// Always null.
    pub auto_recharge_threshold: Option<Money>,
}

/// What a transaction is.
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
}

/// How far a transaction is.
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
    /// What it is.
    #[serde(rename = "type")]
    pub kind: WecallTransactionType,
    /// Added to the balance: below zero for what was taken.
    pub amount: Money,
    /// Of the amount.
    pub currency: CurrencyCode,
    /// What it refers to; a message id for debits and refunds.
    pub reference: String,
    /// How far it is.
    pub status: WecallTransactionStatus,
    /// More about it, for a person.
    pub details: String,
    /// A JSON object, as it was sent with the transaction; an empty one for none.
    #[schema(value_type = Object)]
    pub metadata: BTreeMap<String, Value>,
    /// When it became durable.
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
    /// What it refers to; `topup` where it is not said.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub reference: Option<String>,
}

/// How a plan is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallPlanType {
    /// Before messages are sent.
    Prepaid,
    /// Afterwards: every account on it that the caller reaches has a credit limit.
    Postpaid,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallPlan {
    /// Its name.
    pub sid: String,
    /// Its name.
    #[schema(example = "starter")]
    pub name: String,
    /// What it is paid like.
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

/// A rate.
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
    /// What people call the country.
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

/// Which messages are counted, by the days of the plan's time zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallPeriod {
    /// Since midnight.
    Today,
    /// Since Monday.
    ThisWeek,
    /// Since the first of the month.
    #[default]
    ThisMonth,
    /// The month before.
    LastMonth,
}

/// What an account has sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallUsage {
    /// The account's id.
    pub business_sid: String,
    /// As it was asked for.
    pub period: WecallPeriod,
    /// Messages charged.
    pub total_messages_sent: u64,
    /// Of these, those that were delivered.
    pub total_messages_delivered: u64,
    /// Of these, those that were not, and will not be.
    pub total_messages_failed: u64,
    /// Delivered of sent, from 0 to 1 with four decimals; zero where none was sent.
    #[schema(pattern = r"^[01](\.[0-9]{1,4})?$", example = "0.9712")]
    pub success_rate: String,
    /// What they cost, less what was given back.
    pub total_cost: Money,
    /// Of one message sent; zero where none was.
    pub average_cost_per_message: Money,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// By the country of the destination.
    pub country_usage: Vec<WecallCountryUsage>,
    /// By the network of the destination.
    pub operator_usage: Vec<WecallOperatorUsage>,
}

/// What was sent to a country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallCountryUsage {
    /// ISO 3166-1 alpha-2; empty for international networks.
    pub country_code: String,
    /// What people call the country.
    pub country_name: String,
    /// Messages charged.
    pub messages_sent: u64,
    /// What they cost, less what was given back.
    pub cost: Money,
}

/// What was sent to an operator's subscribers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallOperatorUsage {
    /// Operator or brand.
    pub operator: String,
    /// What people call its country.
    pub country: String,
    /// Messages charged.
    pub messages_sent: u64,
    /// What they cost, less what was given back.
    pub cost: Money,
}

/// How far an invoice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
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

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallCategory {
    /// Messages.
    Sms,
    /// Use of the API.
    Api,
    /// Storage.
    Storage,
    /// Support.
    Support,
    /// Anything else.
    Other,
}

/// An invoice.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WecallInvoice {
    /// Its number.
    pub sid: String,
    /// The account's id.
    pub business_sid: String,
    /// Counted without gaps.
    #[schema(example = "INV-2026-000001")]
    pub invoice_number: String,
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
    /// How far it is.
    pub status: WecallInvoiceStatus,
    /// What it is made of.
    pub line_items: Vec<WecallInvoiceLine>,
    /// When it is to be paid by; null until it is sent.
    pub due_date: Option<Time>,
    /// When it was noted as paid.
    pub paid_date: Option<Time>,
    /// When it was drafted.
    pub created_at: Time,
}

/// One line of an invoice.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WecallInvoiceLine {
    /// For a person.
    pub description: String,
    /// Segments.
    pub quantity: u64,
    /// Total over quantity, rounded; the total is what holds.
    pub unit_price: Money,
    /// Exact; negative where it was given back.
    pub total: Money,
    /// What it is for.
    pub category: WecallCategory,
    /// More of it: messages, network, country.
    #[schema(value_type = Object)]
    pub details: Value,
}

/// What an alert is about.
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

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WecallSeverity {
    /// To know.
    Info,
    /// To look at.
    Warning,
    /// To act on.
    Critical,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WecallAlert {
    /// Its id.
    pub sid: String,
    /// The account's id.
    pub business_sid: String,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: WecallAlertType,
    /// How urgent it is.
    pub severity: WecallSeverity,
    /// For a person.
    pub message: String,
    /// What was passed: an amount, or segments.
    pub threshold: Option<String>,
    /// What there was when it was raised: an amount, or segments.
    pub current_value: Option<String>,
    /// Whether somebody has read it.
    pub is_read: bool,
    /// When it was raised.
    pub created_at: Time,
}

/// Which transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WecallTransactionsQuery {
    /// The newest so many, from 1 to 1000; 50 where it is not said.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Which usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WecallUsageQuery {
    /// The period; `THIS_MONTH` where it is not said.
    #[serde(default)]
    #[param(inline)]
    pub period: WecallPeriod,
}

/// Which invoice.
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
