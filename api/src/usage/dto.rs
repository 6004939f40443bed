//! The bodies and parameters of requests about usage.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::export::{AnswerFormat, TableFormat};
use crate::money::{CurrencyCode, MoneySum};
use crate::problem::Problem;
use crate::table_query;
use crate::time::Time;

/// The filters of a list of period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsagePeriod {
    /// The present day.
    Today,
    /// The present week, from Monday on.
    ThisWeek,
    /// The present calendar month.
    #[default]
    ThisMonth,
    /// The calendar month before.
    LastMonth,
    /// From `from` on and before `to`.
    Range,
}

/// The messages that a usage counts, by who sent them. The cost is what the account itself paid, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// Those that the account sent itself.
    #[default]
    Own,
    /// Those that accounts below it sent and that it paid for as their reseller. They are not told by operator.
    Below,
    /// Both together: the cost is all that messages have taken from the wallet, less what was given back.
    All,
}

/// The filters of a list of usage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// The period; `this_month` if it is not given.
    #[serde(default)]
    #[param(inline)]
    pub period: Option<UsagePeriod>,
    /// The messages that are counted, by who sent them; `own` if it is not given.
    #[serde(default)]
    #[param(inline)]
    pub whose: Whose,
    /// First instant of a `range`, at most 400 days before `to`.
    #[serde(default)]
    #[param(value_type = Option<Time>)]
    pub from: Option<Time>,
    /// First instant that is no longer in the `range`.
    #[serde(default)]
    #[param(value_type = Option<Time>)]
    pub to: Option<Time>,
    /// True if the figures of each day are wanted too.
    #[serde(default)]
    pub daily: Option<bool>,
    /// The format of the answer.
    #[serde(default)]
    #[param(inline)]
    pub format: AnswerFormat,
    /// The table that a file has; `network_usage` if it is not given. JSON has all of them.
    #[serde(default)]
    #[param(inline)]
    pub table: Option<UsageTable>,
    /// True for texts in CSV as they are. Otherwise an apostrophe stands before those that a spreadsheet would
    /// take for a formula, such as `=1+1`; numbers and amounts never have one.
    #[serde(default)]
    pub raw: bool,
}

/// A table of an account's usage, by the name of its field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsageTable {
    /// A row for each country.
    CountryUsage,
    /// A row for each network.
    #[default]
    NetworkUsage,
    /// A row for each operator.
    OperatorUsage,
    /// A row for each day.
    DailyUsage,
}

impl UsageQuery {
    /// The format of the file that is asked for; `None` for JSON, which has no table of its own.
    pub fn file(&self) -> Result<Option<TableFormat>, Problem> {
        let file = self.format.file(self.raw);
        if file.is_none() && self.table.is_some() {
            return Err(Problem::field("table", "is for files; JSON has all tables"));
        }
        Ok(file)
    }
}

table_query! {
    /// The filters of a list of usage.
    pub struct UsageListQuery {
        /// The period; `this_month` if it is not given.
        #[param(inline)]
        pub period: Option<UsagePeriod>,
        /// The messages that are counted, by who sent them; `own` if it is not given.
        #[param(inline)]
        pub whose: Option<Whose>,
        /// First instant of a `range`, at most 92 days before `to`.
        #[param(value_type = Option<Time>)]
        pub from: Option<Time>,
        /// First instant that is no longer in the `range`.
        #[param(value_type = Option<Time>)]
        pub to: Option<Time>,
    }
}

/// Messages that were counted together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct UsageCounts {
    /// The number of messages charged.
    pub messages_sent: u64,
    /// Of them, those delivered.
    pub messages_delivered: u64,
    /// Those that ended otherwise, those cancelled aside.
    pub messages_failed: u64,
    /// Those cancelled before they were sent.
    pub messages_cancelled: u64,
    /// Those that operators took for good which send no receipts.
    pub messages_unconfirmed: u64,
    /// Those of which something may still become.
    pub messages_pending: u64,
    /// Segments charged, less those of messages whose charge was given back.
    pub segments: u64,
    /// Delivered of all that were sent, in percent, rounded half to even to two decimals; `0.00` where none
    /// was sent.
    #[schema(pattern = r"^[0-9]{1,3}\.[0-9]{2}$", example = "98.50")]
    pub success_rate: String,
    /// The amount charged, less the amount given back; null where the caller is not told what the account pays, which is neither
    /// its own nor right below it.
    pub cost: Option<MoneySum>,
    /// Cost of one message sent, rounded half to even to a millionth; zero where none was sent, and null where `cost` is.
    pub average_cost_per_message: Option<MoneySum>,
}

/// The usage of an account in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Usage {
    /// The account's id.
    pub account: String,
    /// Of all money here.
    pub currency: CurrencyCode,
    /// The period that was asked for.
    pub period: UsagePeriod,
    /// The messages that are counted, by who sent them.
    pub whose: Whose,
    /// The time zone whose days are meant.
    #[schema(example = "Africa/Nairobi")]
    pub time_zone: String,
    /// First instant that is counted.
    pub from: Time,
    /// First instant that is no longer counted.
    pub to: Time,
    /// The number of messages charged.
    pub total_messages_sent: u64,
    /// Of them, those delivered.
    pub total_messages_delivered: u64,
    /// Those that ended otherwise, those cancelled aside.
    pub total_messages_failed: u64,
    /// Those cancelled before they were sent.
    pub total_messages_cancelled: u64,
    /// Those that operators took for good which send no receipts.
    pub total_messages_unconfirmed: u64,
    /// Those of which something may still become.
    pub total_messages_pending: u64,
    /// Segments charged, less those of messages whose charge was given back.
    pub total_segments: u64,
    /// Delivered of all that were sent, in percent, rounded half to even to two decimals; `0.00` where none
    /// was sent.
    #[schema(pattern = r"^[0-9]{1,3}\.[0-9]{2}$", example = "98.50")]
    pub success_rate: String,
    /// The amount charged, less the amount given back; null where the caller is not told what the account pays, which is neither
    /// its own nor right below it.
    pub total_cost: Option<MoneySum>,
    /// Cost of one message sent, rounded half to even to a millionth; zero where none was sent, and null where `total_cost` is.
    pub average_cost_per_message: Option<MoneySum>,
    /// By country, in the order of their codes; what goes to no country, first.
    pub country_usage: Vec<CountryUsage>,
    /// By network, in the order of their codes. A network with numbers of several countries has an entry for each of them.
    pub network_usage: Vec<NetworkUsage>,
    /// By the operator that has the messages, or refused them last. Messages that none was asked for are in
    /// none, and neither are those of accounts below.
    pub operator_usage: Vec<OperatorUsage>,
    /// By day, without gaps; null where it was not asked for.
    pub daily_usage: Option<Vec<DailyUsage>>,
}

/// The usage of one country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountryUsage {
    /// The country of the numbers (ISO 3166-1 alpha-2), which may be another one than that of their network; null for
    /// networks of no country.
    #[schema(example = "KE")]
    pub country_code: Option<String>,
    /// A text for people.
    #[schema(example = "Kenya")]
    pub country_name: Option<String>,
    /// The counts and amounts.
    #[serde(flatten)]
    pub counts: UsageCounts,
}

/// The usage of one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NetworkUsage {
    /// Mobile country code.
    #[schema(example = "639")]
    pub mcc: String,
    /// Mobile network code; null where only the MCC is known.
    #[schema(example = "02")]
    pub mnc: Option<String>,
    /// The name of the network's operator, for people; null if it is not in the catalogue.
    #[schema(example = "Safaricom")]
    pub network: Option<String>,
    /// The country of the numbers (ISO 3166-1 alpha-2), which may be another one than that of their network; null for
    /// networks of no country.
    #[schema(example = "KE")]
    pub country_code: Option<String>,
    /// The counts and amounts.
    #[serde(flatten)]
    pub counts: UsageCounts,
}

/// The usage of messages that one operator accepted, or was the last to refuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperatorUsage {
    /// The operator's code.
    #[schema(example = "safaricom_1")]
    pub operator: String,
    /// The counts and amounts.
    #[serde(flatten)]
    pub counts: UsageCounts,
    /// The price that the operator charges, as far as it is known in the account's currency. Only in
    /// answers to admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_cost: Option<MoneySum>,
    /// Cost less what the operator charges. Only in answers to admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<MoneySum>,
}

/// The usage of one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DailyUsage {
    /// The day in the time zone of the usage.
    #[schema(value_type = String, format = Date, example = "2026-11-21")]
    pub date: String,
    /// The counts and amounts.
    #[serde(flatten)]
    pub counts: UsageCounts,
}

/// An account with the totals of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountUsage {
    /// The account's id.
    pub account: String,
    /// Of its money.
    pub currency: CurrencyCode,
    /// The messages that are counted, by who sent them.
    pub whose: Whose,
    /// The time zone whose days are meant.
    #[schema(example = "Africa/Nairobi")]
    pub time_zone: String,
    /// First instant that is counted.
    pub from: Time,
    /// First instant that is no longer counted.
    pub to: Time,
    /// The counts and amounts.
    #[serde(flatten)]
    pub counts: UsageCounts,
}
