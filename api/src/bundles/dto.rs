//! The bodies and parameters of requests about bundles.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caps::TrafficPart;
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;

/// The state of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BundleState {
    /// It has units left.
    Active,
    /// It has no unit left, and has not ended.
    UsedUp,
    /// It has ended.
    Ended,
}

list_query! {
    /// The filters of a list of bundles.
    pub struct BundlesQuery {
        /// Only those in this state.
        #[param(inline)]
        pub state: Option<BundleState>,
    }
}

/// One bundle of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bundle {
    /// Its id: that of the transaction by which it was bought or granted.
    #[schema(example = "178466400000000000")]
    pub id: String,
    /// The account's id.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// The name of its product.
    #[schema(example = "kenya_1000")]
    pub product: String,
    /// The state of the bundle.
    pub state: BundleState,
    /// The kind of a unit: `segments`, `messages` or `tokens`.
    #[schema(example = "segments")]
    pub unit: String,
    /// The units that were ever put into it.
    pub units: u64,
    /// The units that are left: what the next message finds.
    pub left: u64,
    /// The traffic that takes from it.
    pub traffic: TrafficPart,
    /// Of bundles that end together the one with the smaller number is taken first.
    pub priority: u8,
    /// The price that was paid; zero where it was granted.
    pub price: Money,
    /// The currency of the price.
    pub currency: CurrencyCode,
    /// The time at which it was bought or granted.
    pub bought_at: Time,
    /// The first instant at which it gives nothing any more.
    pub expires_at: Time,
    /// The number of times that its rest has gone over into a next period.
    pub rolled_over: u32,
    /// The origin that was given when it was bought or granted.
    pub origin: String,
}

/// A bundle and what has changed its units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BundleHistory {
    /// The bundle as it is now.
    pub bundle: Bundle,
    /// The units that messages have taken and refunds have not given back.
    pub used_by_messages: u64,
    /// The transactions that have changed its units, the oldest first; the last 1,000 at most.
    pub events: Vec<BundleEvent>,
}

/// A transaction that has changed the units of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BundleEvent {
    /// The id of the transaction.
    pub transaction: String,
    /// The kind of the transaction, such as `bundle_purchase`.
    pub kind: String,
    /// Added to the units that are left.
    pub units: i64,
    /// The reason in a few words; the message's id for a refund.
    pub reference: String,
    /// More about it.
    pub details: String,
    /// The actor that asked for it; empty if nobody did.
    pub actor: String,
    /// The time at which it became durable.
    pub at: Time,
}

/// A bundle to be bought or granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBundle {
    /// The name of the product.
    #[schema(example = "kenya_1000")]
    pub product: String,
    /// True to give it for nothing, which is for admins.
    #[serde(default)]
    pub grant: bool,
    /// The origin of it, such as an order; at most 200 characters.
    #[serde(default)]
    pub origin: String,
}

/// Tokens to be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsumption {
    /// The number of tokens, more than zero.
    pub tokens: u64,
    /// The purpose that they are used for; 1 to 2,000 characters.
    #[schema(example = "12 minutes of transcription")]
    pub description: String,
}

/// Tokens that were used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Consumed {
    /// The id of the transaction.
    pub transaction: String,
    /// The number of tokens.
    pub tokens: u64,
    /// The bundles that they were taken from.
    pub bundles: Vec<ConsumedFrom>,
    /// The tokens that are left in all bundles of the account.
    pub left: u64,
    /// The time at which it became durable.
    pub at: Time,
}

/// Tokens that were taken from one bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConsumedFrom {
    /// The id of the bundle.
    pub bundle: String,
    /// The number of tokens.
    pub tokens: u64,
}
