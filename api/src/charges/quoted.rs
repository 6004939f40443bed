//! The bodies and parameters of requests about what a message would cost.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dto::Network;
use crate::explained_prices::ExplainedSale;
use crate::money::{CurrencyCode, Money, MoneySum};
use crate::time::Time;

/// A message whose price is asked for.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuote {
    /// The account that would pay.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// The destination, as for a charge.
    #[schema(min_length = 1, max_length = 20, example = "254722000001")]
    pub to: String,
    /// The sender's address.
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
    /// The coding of the payload; for a payload alone.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 255)]
    pub data_coding: Option<u8>,
    /// True if the payload begins with a user data header; for a payload alone.
    #[serde(default)]
    pub udhi: Option<bool>,
    /// The time at which it would be submitted; now if it is not given. The tariff is the one in force
    /// now.
    #[serde(default)]
    pub at: Option<Time>,
    /// Segments that the account would have had in the month before it; those that it has had if it is not
    /// given.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_u64)]
    pub counted: Option<u64>,
    /// The network that the account's TLV would name, such as `63902`; heeded for accounts that are trusted
    /// with it.
    #[serde(default)]
    #[schema(max_length = 16)]
    pub network: Option<String>,
    /// Also which operators could take it, in which order, for how much, and why the others could not. For
    /// whoever reaches all accounts.
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

/// The reason for which a message would cost what it would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Quote {
    /// The account that would pay.
    pub account: String,
    /// The account's plan.
    pub plan: String,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The tariff version, by content hash.
    pub tariff_version: String,
    /// The destination in international form.
    pub number: String,
    /// The network of the destination.
    pub network: Network,
    /// The rule that finds the network, such as `prefix 25472`.
    pub found_by: String,
    /// The segments that would be charged.
    pub segments: QuotedSegments,
    /// The price of a segment before its tier; null where the caller is more than one level above the account, and so is not
    /// told what it would pay.
    pub rate: Option<QuotedRate>,
    /// The caller's own sale of the message to the level right below it, with the mark-up that would apply; those of all levels
    /// for callers that see all accounts.
    pub sales: Vec<ExplainedSale>,
    /// The segments by tier; none where the caller is not told what the account would pay.
    pub lines: Vec<QuotedLine>,
    /// The position of the message in the month's volume; null where the caller is not told what the account would pay.
    pub volume: Option<QuotedVolume>,
    /// Of all segments; null where the caller is not told it.
    pub price: Option<Money>,
    /// The postings that would be made, as far as the caller is told of them: its own, and those of the account that buys from
    /// it. Empty if the message would be refused.
    pub postings: Vec<QuotedPosting>,
    /// The reason for which it would be refused for its price, such as `insufficient_funds`.
    pub refusal: Option<String>,
    /// The route that it would take, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<QuotedRoute>,
}

/// The count of segments and its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedSegments {
    /// The number of segments.
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
    /// The price of one segment.
    pub price: Money,
    /// The source of the rate, such as `the plan's rate for 639/02 (rates.csv:7)`.
    pub source: String,
}

/// The segments of one tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedLine {
    /// The number of the plan's tier, from one; null if the plan has no tiers.
    pub tier: Option<usize>,
    /// The number of segments.
    pub segments: u32,
    /// Of each of them.
    pub price_per_segment: Money,
    /// Of all of them.
    pub total: Money,
}

/// The position of a message in the month's volume.
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

/// A posting that would be made to a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedPosting {
    /// The account's id: the one that would send, or one above it in its chain.
    pub wallet: String,
    /// The currency of the amounts.
    pub currency: CurrencyCode,
    /// The segments that the account would pay for.
    pub segments: u8,
    /// Those of them that its bundles would cover.
    pub covered_by_bundles: u32,
    /// The amount of the posting.
    pub amount: Money,
    /// The commission that the account would earn.
    pub commission: Money,
    /// The wallet's balance before the posting.
    pub balance_before: MoneySum,
    /// The wallet's balance after the posting.
    pub balance_after: MoneySum,
}

/// The route that a message would take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedRoute {
    /// The reason for which it would go nowhere and be charged only; null where it would be routed.
    pub charged_only: Option<String>,
    /// A remark on the ranking.
    pub conditions: Option<String>,
    /// Every operator, in the order of its rank.
    pub candidates: Vec<QuotedCandidate>,
    /// The reason for which it would be refused for its route.
    pub refusal: Option<String>,
}

/// One operator's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedCandidate {
    /// From one; null where it could not take the message.
    pub rank: Option<usize>,
    /// The operator's code.
    pub operator: String,
    /// `chosen`, `eligible`, or why not.
    pub verdict: String,
    /// The price that it would charge, if that is known.
    pub cost: Option<QuotedCost>,
    /// The price less the operator's cost, in the account's currency.
    pub margin: Option<Money>,
}

/// The price that an operator would charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedCost {
    /// In its own currency.
    pub amount: Money,
    /// The operator's currency.
    pub currency: CurrencyCode,
    /// In the account's; null where nothing converts it.
    pub in_account_currency: Option<Money>,
}
