//! The bodies and parameters of requests about messages that were charged.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cdr_state::CdrState;
use crate::charges::{Network, QuotedLine, QuotedVolume};
use crate::explained_prices::{ExplainedRate, ExplainedSale};
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;
use crate::user_sms_id::UserSmsId;

/// A message that was charged. Its text is kept only where the configuration says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Cdr {
    /// Its id, the same as over SMPP.
    #[schema(example = "178466400000000000")]
    pub message_id: String,
    /// The account that paid.
    pub account: String,
    /// The time at which it came.
    pub submitted_at: Time,
    /// The state of the message.
    pub state: CdrState,
    /// The time of that state; null while the message is on its way.
    pub state_at: Option<Time>,
    /// The sender as submitted.
    pub source: String,
    /// The destination in international form.
    pub destination: String,
    /// The network of the destination, with its present names.
    pub network: Network,
    /// The number of segments charged.
    pub segments: u8,
    /// Of all segments; null where the caller is more than one level above the account.
    pub price: Option<Money>,
    /// Of the price.
    pub currency: CurrencyCode,
    /// Those of the segments that bundles of the account covered.
    pub covered_by_bundles: u32,
    /// The accounts above the sender that paid for it or earned on it, as far as the caller may see them: its own side, and
    /// that of the child that it sells to. Empty where none did.
    pub levels: Vec<CdrLevel>,
    /// Given back: nothing or all of the price; null where the caller is not told the price.
    pub refunded: Option<Money>,
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
    /// The client's own id for it.
    pub user_sms_id: Option<UserSmsId>,
    /// The text of this one message, where texts are kept; null of what is no text.
    pub message_text: Option<String>,
    /// True if it is charged only, and its gateway delivers it.
    pub charge_only: bool,
    /// The time at which it may leave, where it is scheduled.
    pub scheduled_at: Option<Time>,
    /// The operator that has it, or refused it last, or in whose queue it waits.
    pub operator_code: Option<String>,
    /// The time at which an operator took it.
    pub accepted_at: Option<Time>,
    /// The price that the operator charges; only for callers that see all accounts.
    pub cost: Option<Money>,
    /// Of the cost.
    pub cost_currency: Option<CurrencyCode>,
    /// The price less the operator's cost, in the price's currency; only for callers that see all accounts.
    pub margin: Option<Money>,
    /// The number of times that it was sent.
    pub attempts: u8,
    /// True if it was sent again after an unknown outcome, so that its recipient may have it twice.
    pub possible_duplicate: bool,
    /// Of the last refusal, the receipt or the report; zero for none.
    pub error: u32,
    /// The operator's id of it.
    pub upstream_id: Option<String>,
    /// The operators that were asked, in order.
    pub tried: Vec<String>,
    /// The operator's own date for the final state as `YYMMDDhhmm`, by its clock; `state_at` is the time at which its
    /// receipt came.
    #[schema(example = "2611210001")]
    pub operator_done_date: Option<String>,
    /// The instant of that date, where the operator's `receipt_time_zone` is configured.
    pub operator_done_at: Option<Time>,
}

/// The part of an account above the sender in a message's charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CdrLevel {
    /// The id of the account.
    pub account: String,
    /// The network that it paid for, such as `639/02`.
    #[schema(example = "639/02")]
    pub network: String,
    /// The number of segments that it paid for.
    pub segments: u8,
    /// Those of them that its bundles covered.
    pub covered_by_bundles: u32,
    /// Taken from its wallet; given back with the price.
    pub price: Money,
    /// The commission that it earned; given back with the price.
    pub commission: Money,
    /// Of both amounts.
    pub currency: CurrencyCode,
}

/// A final status that a gateway may report of a message that it delivers by itself.
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
    /// No operator accepted it, or the one that did rejected it.
    Rejected,
    /// Nobody can say.
    Unknown,
}

/// A report of the final status of a message that is charged only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusReport {
    /// The final status.
    pub status: ReportedStatus,
    /// The error number of the gateway's own route; zero for no error.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 4_294_967_295_u64)]
    pub error: u32,
}

/// The reason for which a message cost what it cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CdrExplanation {
    /// The id of it.
    pub message_id: String,
    /// The account that paid.
    pub account: String,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The account's plan at that time.
    pub plan: String,
    /// The tariff version, by content hash.
    pub tariff_version: String,
    /// The time at which that version was first applied.
    pub tariff_applied_at: Time,
    /// The time at which the message came: the instant at which rates were looked up.
    pub submitted_at: Time,
    /// The destination in international form.
    pub number: String,
    /// The network of the destination, with the names of that version.
    pub network: Network,
    /// The rule that found the network, such as `prefix 25472`.
    pub found_by: String,
    /// The number of segments charged.
    pub segments: u8,
    /// The data_coding as submitted.
    pub data_coding: u8,
    /// The price of a segment before its tier; null where the version has none, and where the caller is more than one level
    /// above the account and so is not told what it paid.
    pub rate: Option<ExplainedRate>,
    /// Those of the segments that bundles of the account covered, which are not among the lines.
    pub covered_by_bundles: u32,
    /// The accounts above the sender that paid for it or earned on it, as far as the caller may see them: its own side, and
    /// that of the child that it sells to. Empty where none did.
    pub levels: Vec<CdrLevel>,
    /// The caller's own sale of the message to the level right below it, with the mark-up that applied; those of all levels for
    /// callers that see all accounts.
    pub sales: Vec<ExplainedSale>,
    /// The segments by tier; none where the caller is not told what the account paid.
    pub lines: Vec<ExplainedLine>,
    /// The position of the message in the month's volume; null where the caller is not told what the account paid.
    pub volume: Option<QuotedVolume>,
    /// The sum of the lines; null where there is no price, or the caller is not told it.
    pub total: Option<Money>,
    /// The amount that was debited; null where the caller is not told it.
    pub charged: Option<Money>,
    /// True if the sum is what was debited.
    pub agrees: bool,
    /// The message's state.
    pub state: CdrState,
    /// The amount given back; null where the caller is not told what the account paid.
    pub refunded: Option<Money>,
    /// The whole explanation in lines, for a person.
    pub text: String,
}

/// The segments of one tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExplainedLine {
    /// The number of segments and the price of each.
    #[serde(flatten)]
    pub line: QuotedLine,
    /// The tier in words; empty where the plan had none.
    pub tier_text: String,
}

list_query! {
    /// The filters of a list of messages.
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
        /// Only those with this id of the client's own, a text or a number.
        pub user_sms_id: Option<String>,
    }
}

/// The format of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// RFC 4180 with a header, as `tollgate export cdr` writes it.
    #[default]
    Csv,
    /// A file of Apache Parquet.
    Parquet,
    /// A workbook of a spreadsheet, with ids, numbers of phones and times as texts.
    Xlsx,
}

/// The filters and the format of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// The format of the file.
    #[serde(default)]
    #[param(inline)]
    pub format: ExportFormat,
    /// True for texts in CSV as they are. Otherwise an apostrophe stands before those that a spreadsheet would take for a
    /// formula, such as a sender `=1+1`; numbers and amounts never have one.
    #[serde(default)]
    pub raw: bool,
    /// Only this account's; all that the caller may see if it is not given.
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
    /// Only those to this mobile country code.
    #[serde(default)]
    #[param(pattern = "^[0-9]{3}$")]
    pub mcc: Option<String>,
    /// Only those to this mobile network code.
    #[serde(default)]
    #[param(pattern = "^[0-9]{2,3}$")]
    pub mnc: Option<String>,
    /// Only those to this country, by ISO 3166-1 alpha-2.
    #[serde(default)]
    #[param(pattern = "^[A-Za-z]{2}$")]
    pub country: Option<String>,
    /// Only those of this operator, by its code.
    #[serde(default)]
    pub operator: Option<String>,
    /// Only those to this number in international form.
    #[serde(default)]
    pub destination: Option<String>,
    /// Only those from this sender, as submitted.
    #[serde(default)]
    pub sender: Option<String>,
    /// Only those with this id of the client's own, a text or a number.
    #[serde(default)]
    pub user_sms_id: Option<String>,
}
