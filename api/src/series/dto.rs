//! The parameters and bodies of requests about time series.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::measures::{Measure, Measures};
use crate::money::{CurrencyCode, MoneySum};
use crate::time::Time;

/// The length of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesStep {
    /// A minute; kept for 48 hours.
    Minute,
    /// An hour; kept for 90 days.
    #[default]
    Hour,
    /// A day of the time zone. Days in UTC are kept for good, those of other zones as long as hours are.
    Day,
}

/// The parts that series are told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesBy {
    /// The country of the numbers.
    Country,
    /// The network of the numbers.
    Network,
    /// The operator that has the messages, or refused them last. For admins.
    Operator,
    /// The plan of the account at the time of the submit. For admins.
    Plan,
    /// The account that submitted the messages.
    Account,
    /// The reason of a refusal, of the measure `refusals` alone.
    Reason,
}

/// The series that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SeriesQuery {
    /// The figures of each point, such as `messages,revenue`; `messages` if they are not given. Customers have no `cost`
    /// and no `margin`.
    #[serde(default)]
    #[param(inline)]
    pub measure: Measures,
    /// The parts that the series are told by; one series if it is not given.
    #[serde(default)]
    #[param(inline)]
    pub by: Option<SeriesBy>,
    /// The length of a step; `hour` if it is not given.
    #[serde(default)]
    #[param(inline)]
    pub step: SeriesStep,
    /// The first instant. If it is not given: 60 minutes, 24 hours or 30 days before `to`.
    #[serde(default)]
    #[param(value_type = Option<Time>)]
    pub from: Option<Time>,
    /// The first instant that is no longer wanted; the end of the present step if it is not given.
    #[serde(default)]
    #[param(value_type = Option<Time>)]
    pub to: Option<Time>,
    /// The time zone whose days are wanted, by its IANA name; `UTC` if it is not given.
    #[serde(default)]
    #[param(example = "Africa/Nairobi")]
    pub time_zone: Option<String>,
    /// Only messages of this account.
    #[serde(default)]
    pub account: Option<String>,
    /// Only messages to numbers of this country (ISO 3166-1 alpha-2).
    #[serde(default)]
    #[param(example = "KE")]
    pub country: Option<String>,
    /// Only messages to numbers of this network: its MCC and MNC, or an MCC alone.
    #[serde(default)]
    #[param(example = "639/02")]
    pub network: Option<String>,
    /// Only messages of this operator. For admins.
    #[serde(default)]
    pub operator: Option<String>,
    /// Only messages of accounts that had this plan. For admins.
    #[serde(default)]
    pub plan: Option<String>,
    /// The number of groups that come by name, those with the most of the first measure; the rest is one more. Twenty if it is not given,
    /// or as many as an answer has room for.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100)]
    pub top: Option<u32>,
}

/// Time series, one for each group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Series {
    /// The figures of each point.
    pub measures: Vec<Measure>,
    /// The parts that the series are told by; null for one series.
    pub by: Option<SeriesBy>,
    /// The length of a step.
    pub step: SeriesStep,
    /// The beginning of the first step.
    pub from: Time,
    /// The end of the last step.
    pub to: Time,
    /// The time zone whose days are meant.
    #[schema(example = "UTC")]
    pub time_zone: String,
    /// The instant of these figures: all that was charged, settled or refused a second before is in them.
    pub as_of: Time,
    /// The first instant that is kept for steps of this length; null where all is kept. What lies before is told as zero.
    pub kept_from: Option<Time>,
    /// The series, those with the most of the first measure first, and the rest in the last one. Without `by` there is one.
    pub groups: Vec<SeriesGroup>,
    /// The sums over the whole span and all groups.
    pub totals: SeriesFigures,
}

/// The series of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SeriesGroup {
    /// The country, network, operator, plan, account or reason; null for the rest, for all traffic, and for numbers of no known
    /// country.
    #[schema(example = "KE")]
    pub key: Option<String>,
    /// The name of a country or network, for people; null where there is none.
    #[schema(example = "Kenya")]
    pub name: Option<String>,
    /// True for the one series that has all that does not come by name.
    pub is_other: bool,
    /// The sums over the whole span.
    pub totals: SeriesFigures,
    /// A point for each step, the earliest first.
    pub points: Vec<SeriesPoint>,
}

/// The figures of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SeriesPoint {
    /// The beginning of the step.
    pub at: Time,
    /// The figures of the step.
    #[serde(flatten)]
    pub figures: SeriesFigures,
}

/// The figures that were asked for; others are not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SeriesFigures {
    /// The number of messages charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// Their segments, less those of messages whose charge was given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<u64>,
    /// Messages that an operator took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<u64>,
    /// The number of messages delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered: Option<u64>,
    /// Messages that ended otherwise, those cancelled aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<u64>,
    /// Messages cancelled before they were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<u64>,
    /// Messages taken for good by operators that send no receipts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<u64>,
    /// Messages of which something may still become.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
    /// Delivered of those delivered and failed, in percent, rounded half to even to two decimals; not there where no message has
    /// ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^[0-9]{1,3}\.[0-9]{2}$", example = "98.50")]
    pub delivery_rate: Option<String>,
    /// The number of messages refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusals: Option<u64>,
    /// Amounts by currency, every currency of the answer in each point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub money: Option<Vec<MoneyFigures>>,
    /// Messages whose cost is not known in the currency of their price, so that no margin counts them. With `margin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_unknown: Option<u64>,
    /// The time from submit to acceptance by an operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptance_latency: Option<LatencyFigures>,
    /// The time from acceptance to the receipt of delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_latency: Option<LatencyFigures>,
}

/// Amounts in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MoneyFigures {
    /// The currency of all of them.
    pub currency: CurrencyCode,
    /// Paid by accounts for their own messages, less what was given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spend: Option<MoneySum>,
    /// Of what accounts paid for their own messages, what was given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded: Option<MoneySum>,
    /// Paid to the house, less what was given back; for a reseller, its sales.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revenue: Option<MoneySum>,
    /// The operators' costs, in the operators' currencies; for a reseller, what it paid for what it sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<MoneySum>,
    /// The operators' costs, in the currencies of the accounts, as far as a rate was known. With `cost`, for admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converted_cost: Option<MoneySum>,
    /// Revenue less cost, of messages whose price and cost are known in this currency, and a reseller's commissions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<MoneySum>,
}

/// Durations in milliseconds, told from counts in buckets that end at 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1,800,
/// 3,600, 14,400 and 86,400 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LatencyFigures {
    /// The number of messages.
    pub messages: u64,
    /// Half of them took no longer; null where there are none.
    pub p50_ms: Option<u64>,
    /// Of twenty, nineteen took no longer.
    pub p95_ms: Option<u64>,
    /// Of a hundred, ninety-nine took no longer.
    pub p99_ms: Option<u64>,
}
