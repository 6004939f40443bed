//! What is said of messages that were charged.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cdr_state::CdrState;
use crate::charges::{Network, QuotedLine, QuotedVolume};
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;

/// A message that was charged. Its text is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Cdr {
    /// Its id, the same as over SMPP.
    #[schema(example = "178466400000000000")]
    pub message_id: String,
    /// Who paid.
    pub account: String,
    /// When it came.
    pub submitted_at: Time,
    /// What became of it.
    pub state: CdrState,
    /// Since when; null while nothing has become of it.
    pub state_at: Option<Time>,
    /// The sender as submitted.
    pub source: String,
    /// The destination in international form.
    pub destination: String,
    /// What the destination belongs to, with the names of today.
    pub network: Network,
    /// What was charged for.
    pub segments: u8,
    /// Of all segments.
    pub price: Money,
    /// Of the price.
    pub currency: CurrencyCode,
    /// Given back: nothing or all of the price.
    pub refunded: Money,
    /// The account's plan at that time.
    pub plan: String,
    /// The tariff version that it was charged by.
    pub tariff_version: String,
    /// Segments that the account had in the month before it.
    pub tier_before: u64,
    /// As submitted (SMPP 3.4 §5.2.19).
    pub data_coding: u8,
    /// The dispatch that it belongs to.
    pub dispatch_id: Option<String>,
    /// The key that it was the first use of.
    pub idempotency_key: Option<String>,
    /// The client's own number for it (user_message_reference).
    pub user_sms_id: Option<u16>,
    /// Whether it is charged only, and whoever sent it delivers it.
    pub charge_only: bool,
    /// When it may leave, where it is scheduled.
    pub scheduled_at: Option<Time>,
    /// The operator that has it, or refused it last, or in whose queue it waits.
    pub operator_code: Option<String>,
    /// When an operator took it.
    pub accepted_at: Option<Time>,
    /// What the operator charges; for whoever reaches all accounts.
    pub cost: Option<Money>,
    /// Of the cost.
    pub cost_currency: Option<CurrencyCode>,
    /// What is left of the price, in its currency; for whoever reaches all accounts.
    pub margin: Option<Money>,
    /// How often it was sent.
    pub attempts: u8,
    /// Whether it was sent again after an unknown outcome, so that its recipient may have it twice.
    pub possible_duplicate: bool,
    /// Of the last refusal, the receipt or the report; zero for none.
    pub error: u32,
    /// The operator's id of it.
    pub upstream_id: Option<String>,
    /// The operators that were asked, in order.
    pub tried: Vec<String>,
}

/// What a gateway that delivers by itself may report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportedStatus {
    /// Its route took it, and it is still on its way.
    Accepted,
    /// It reached its destination.
    Delivered,
    /// It was not delivered.
    Undelivered,
    /// Its validity ended.
    Expired,
    /// Nobody took it, or whoever did rejected it.
    Rejected,
    /// Nobody can say.
    Unknown,
}

/// What became of a message that is charged only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusReport {
    /// What.
    pub status: ReportedStatus,
    /// Why, as the gateway's own route numbers it; zero for no error.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 4_294_967_295_u64)]
    pub error: u32,
}

/// Why a message cost what it cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CdrExplanation {
    /// Its id.
    pub message_id: String,
    /// Who paid.
    pub account: String,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The account's plan at that time.
    pub plan: String,
    /// The tariff version, by content hash.
    pub tariff_version: String,
    /// When that version was first applied.
    pub tariff_applied_at: Time,
    /// When the message came: the instant at which rates were looked up.
    pub submitted_at: Time,
    /// The destination in international form.
    pub number: String,
    /// What it belongs to, with the names of that version.
    pub network: Network,
    /// How that was known, such as `prefix 25472`.
    pub found_by: String,
    /// What was charged for.
    pub segments: u8,
    /// As submitted.
    pub data_coding: u8,
    /// The price of a segment before its tier; null where the version has none.
    pub rate: Option<ExplainedRate>,
    /// The segments by tier.
    pub lines: Vec<ExplainedLine>,
    /// Where the message stood in the month's volume.
    pub volume: QuotedVolume,
    /// The sum of the lines; null where there is no price.
    pub total: Option<Money>,
    /// What was debited.
    pub charged: Money,
    /// Whether the sum is what was debited.
    pub agrees: bool,
    /// What became of the message.
    pub state: CdrState,
    /// Given back.
    pub refunded: Money,
    /// The whole explanation in lines, for a person.
    pub text: String,
}

/// The price of a segment before its tier, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExplainedRate {
    /// Per segment.
    pub price: Money,
    /// `account_rate`, `plan_rate` or `base_price`.
    #[schema(example = "plan_rate")]
    pub kind: String,
    /// The network that the rate names, such as `639/02`; null for the base price.
    pub network: Option<String>,
    /// The file that it stood in; null for the base price.
    pub file: Option<String>,
    /// The line that it stood in; null for the base price.
    pub line: Option<u32>,
    /// The same in words.
    pub source: String,
}

/// The segments of one tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExplainedLine {
    /// How many, and what each cost.
    #[serde(flatten)]
    pub line: QuotedLine,
    /// The tier in words; empty where the plan had none.
    pub tier_text: String,
}

list_query! {
    /// Which messages.
    pub struct CdrsQuery {
        /// Only this account's.
        pub account: Option<String>,
        /// Only those of this dispatch.
        pub dispatch_id: Option<String>,
        /// Only those in this state.
        pub state: Option<CdrState>,
        /// Only those to this mobile country code.
        #[param(pattern = "^[0-9]{3}$")]
        pub mcc: Option<String>,
        /// Only those to this mobile network code.
        #[param(pattern = "^[0-9]{2,3}$")]
        pub mnc: Option<String>,
        /// Only those to this country, by ISO 3166-1 alpha-2.
        #[param(pattern = "^[A-Za-z]{2}$")]
        pub country: Option<String>,
        /// Only those of this operator, by its code.
        pub operator: Option<String>,
        /// Only those to this number in international form.
        pub destination: Option<String>,
        /// Only those that came at or after.
        pub from: Option<Time>,
        /// Only those that came before.
        pub to: Option<Time>,
        /// Only those with this number of the client's own.
        pub user_sms_id: Option<u16>,
    }
}

/// How exported rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// RFC 4180 with a header, as `tollgate export cdr` writes it.
    #[default]
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// Which messages are exported, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// How they are written.
    #[serde(default)]
    pub format: ExportFormat,
    /// Only this account's; all that the caller reaches where it is not said.
    #[serde(default)]
    pub account: Option<String>,
    /// Only those that came at or after.
    #[serde(default)]
    pub from: Option<Time>,
    /// Only those that came before.
    #[serde(default)]
    pub to: Option<Time>,
    /// Only those of this dispatch.
    #[serde(default)]
    pub dispatch_id: Option<String>,
    /// Only those in this state.
    #[serde(default)]
    pub state: Option<CdrState>,
}
