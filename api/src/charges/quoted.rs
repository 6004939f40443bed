//! What is said of what a message would cost.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dto::Network;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;

/// A message whose price is asked for.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuote {
    /// Who would pay.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// The destination, as for a charge.
    #[schema(min_length = 1, max_length = 20, example = "254722000001")]
    pub to: String,
    /// The sender.
    #[serde(default)]
    #[schema(max_length = 20)]
    pub from: String,
    /// The text; or segments, or a payload.
    #[serde(default)]
    #[schema(max_length = 65535)]
    pub text: Option<String>,
    /// In place of a text: how many segments.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 255)]
    pub segments: Option<u8>,
    /// In place of a text: the octets, in hexadecimal digits.
    #[serde(default)]
    #[schema(pattern = "^([0-9A-Fa-f]{2})*$", max_length = 131_070)]
    pub payload: Option<String>,
    /// What the payload is; for a payload alone.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 255)]
    pub data_coding: Option<u8>,
    /// Whether the payload begins with a user data header; for a payload alone.
    #[serde(default)]
    pub udhi: Option<bool>,
    /// When it would be submitted; now where it is not said. The tariff is the one in force now.
    #[serde(default)]
    pub at: Option<Time>,
    /// Segments that the account would have had in the month before it; those that it has had where it is not said.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_u64)]
    pub counted: Option<u64>,
    /// The network that the account's TLV would name, such as `63902`; heeded for accounts that are trusted with it.
    #[serde(default)]
    #[schema(max_length = 16)]
    pub network: Option<String>,
    /// Also which operators could take it, in which order, for how much, and why the others could not. For whoever reaches
    /// all accounts.
    #[serde(default)]
    pub route: bool,
}

/// Without the text, so that a request can be logged.
impl std::fmt::Debug for NewQuote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { account, to, from, segments, route, .. } = self;
        f.debug_struct("NewQuote")
            .field("account", account)
            .field("to", to)
            .field("from", from)
            .field("segments", segments)
            .field("route", route)
            .finish_non_exhaustive()
    }
}

/// Why a message would cost what it would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Quote {
    /// Who would pay.
    pub account: String,
    /// The account's plan.
    pub plan: String,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The tariff version, by content hash.
    pub tariff_version: String,
    /// The destination in international form.
    pub number: String,
    /// What it belongs to.
    pub network: Network,
    /// How that is known, such as `prefix 25472`.
    pub found_by: String,
    /// What would be charged for.
    pub segments: QuotedSegments,
    /// The price of a segment before its tier.
    pub rate: QuotedRate,
    /// The segments by tier.
    pub lines: Vec<QuotedLine>,
    /// Where the message stands in the month's volume.
    pub volume: QuotedVolume,
    /// Of all segments.
    pub price: Money,
    /// What would be taken from which wallet; empty where the message would be refused.
    pub postings: Vec<QuotedPosting>,
    /// Why it would be refused for its price, such as `insufficient_funds`.
    pub refusal: Option<String>,
    /// Where it would go, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<QuotedRoute>,
}

/// How the segments are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedSegments {
    /// How many.
    pub count: u8,
    /// `GSM-7`, `UCS-2` or `8-bit`.
    #[schema(example = "GSM-7")]
    pub coding: String,
    /// Septets, UTF-16 units or octets of the text.
    pub units: u32,
    /// Units that a segment could hold.
    pub units_per_segment: u16,
}

/// The price of a segment before its tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedRate {
    /// Per segment.
    pub price: Money,
    /// Where it stands, such as `the plan's rate for 639/02 (rates.csv:7)`.
    pub source: String,
}

/// The segments of one tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedLine {
    /// Which tier of the plan, from one; null where it has none.
    pub tier: Option<usize>,
    /// How many segments.
    pub segments: u32,
    /// Of each of them.
    pub price_per_segment: Money,
    /// Of all of them.
    pub total: Money,
}

/// Where a message stands in the month's volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedVolume {
    /// The calendar month in the plan's time zone.
    #[schema(example = "2026-11")]
    pub month: String,
    /// Segments before it.
    pub before: u64,
    /// Segments with it.
    pub after: u64,
}

/// What would be taken from a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedPosting {
    /// Whose.
    pub wallet: String,
    /// How much.
    pub amount: Money,
    /// What it has.
    pub balance_before: Money,
    /// What it would have.
    pub balance_after: Money,
}

/// Where a message would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedRoute {
    /// Why it would go nowhere and be charged only; null where it would be routed.
    pub charged_only: Option<String>,
    /// What a reader of the ranking has to know.
    pub conditions: Option<String>,
    /// Every operator, in the order of its rank.
    pub candidates: Vec<QuotedCandidate>,
    /// Why it would be refused for its route.
    pub refusal: Option<String>,
}

/// One operator's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedCandidate {
    /// From one; null where it could not take the message.
    pub rank: Option<usize>,
    /// Its code.
    pub operator: String,
    /// `chosen`, `eligible`, or why not.
    pub verdict: String,
    /// What it would ask for, where that is known.
    pub cost: Option<QuotedCost>,
    /// What would be left of the price, in the account's currency.
    pub margin: Option<Money>,
}

/// What an operator would ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedCost {
    /// In its own currency.
    pub amount: Money,
    /// Which that is.
    pub currency: CurrencyCode,
    /// In the account's; null where nothing converts it.
    pub in_account_currency: Option<Money>,
}
