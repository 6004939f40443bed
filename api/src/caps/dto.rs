//! The bodies of answers about caps.

use serde::Serialize;
use utoipa::ToSchema;

use crate::money::{CurrencyCode, Money, MoneySum};
use crate::time::Time;

/// The caps of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountCaps {
    /// The account's id.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The time zone of the plan, in which spans begin and end.
    #[schema(example = "Africa/Nairobi")]
    pub time_zone: String,
    /// The caps, in the order of the account's settings.
    pub caps: Vec<CapState>,
    /// The time for which this holds.
    pub as_of: Time,
}

/// One cap and what is counted in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CapState {
    /// The name of the cap, unique within the account.
    #[schema(example = "daily")]
    pub name: String,
    /// The traffic that it limits.
    pub traffic: TrafficPart,
    /// `minute`, `hour`, `day` or `month`.
    #[schema(example = "day")]
    pub span: String,
    /// True if a message beyond it is refused.
    pub hard: bool,
    /// True if a refund gives back what was counted.
    pub gives_back: bool,
    /// The most money in a span; null for no such limit.
    pub max_amount: Option<Money>,
    /// The most messages in a span; null for no such limit.
    pub max_messages: Option<u64>,
    /// The beginning of the present span.
    pub span_start: Time,
    /// The end of the present span: the first instant behind it.
    pub span_end: Time,
    /// Money that is counted in it.
    pub amount: MoneySum,
    /// Messages that are counted in it.
    pub messages: u64,
    /// True if it is at its limit: the next message is beyond it.
    pub reached: bool,
}

/// A part of the traffic. At most one of the lists is there; none of them is all traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrafficPart {
    /// The countries of the numbers, by their ISO 3166-1 codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["KE"]))]
    pub countries: Option<Vec<String>>,
    /// The networks of the numbers; an MCC alone is each network of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<String>>,
    /// The leading digits of the numbers in international form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefixes: Option<Vec<String>>,
}
