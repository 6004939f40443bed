//! Findings of traffic pumping as the API shows them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;

/// A range of numbers that looks like traffic pumping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PumpingFinding {
    /// The id of it.
    #[schema(example = "fnd_00063f1c2b4d5e00k3mqz")]
    pub id: String,
    /// The account in whose traffic it was found.
    pub account: String,
    /// The sign that it was found by.
    #[serde(rename = "type")]
    pub kind: PumpingFindingKind,
    /// The numbers that it is about: leading digits with an `x` for each digit that is open, or the code of a network.
    #[schema(example = "22462601xxxx")]
    pub range: String,
    /// The network of these numbers.
    #[schema(example = "611/01")]
    pub network: String,
    /// True while the rate of the range is stepped down.
    pub is_stepped_down: bool,
    /// The time at which it was found.
    pub found_at: Time,
    /// The time at which its rate was stepped down; null if it never was.
    pub stepped_down_at: Option<Time>,
    /// The time at which it ended; null while it is open.
    pub ended_at: Option<Time>,
    /// The reason for which it ended.
    pub ended_by: Option<PumpingEnd>,
    /// Messages that were refused since its rate was stepped down.
    pub refused: u32,
    /// The evidence of it.
    pub evidence: PumpingEvidence,
}

/// The evidence of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PumpingEvidence {
    /// Some of the numbers.
    pub numbers: Vec<EvidenceNumber>,
    /// Messages to the range.
    pub messages: u32,
    /// Different numbers that they went to, at the least: of each block of ten thousand at most 251 are told apart.
    pub different_numbers: u32,
    /// Messages that were delivered, of those that have ended.
    pub delivered: u32,
    /// Messages that were not delivered, of those that have ended.
    pub undelivered: u32,
    /// Seconds from the first message to the latest, when it was found or stepped down.
    pub span_seconds: u64,
    /// The share of the network in the last 128 messages, in percent.
    pub share_percent: u32,
    /// Its share before them; null where little was known of the account.
    pub share_before_percent: Option<u32>,
    /// The price of a segment there.
    pub price: Money,
    /// The average price of a segment that the account pays elsewhere or paid before; null where little was known.
    pub usual_price: Option<Money>,
    /// Of the prices.
    pub currency: CurrencyCode,
    /// True if the account hardly ever sent to the network and its country before.
    pub is_new_destination: bool,
}

/// A number among the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceNumber {
    /// In international form.
    #[schema(example = "224626011234")]
    pub number: String,
    /// Messages to it.
    pub messages: u32,
}

/// The sign that a range was found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PumpingFindingKind {
    /// Many numbers in sequence.
    SequentialNumbers,
    /// Many numbers close together, in one range or in several by turns.
    NarrowRange,
    /// A sudden share of a network that the account hardly used.
    NetworkShare,
    /// A delivery rate that falls away for one range and not for others.
    DeliveryFall,
}

/// The reason for which a finding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PumpingEnd {
    /// There was no sign for a while.
    Quiet,
    /// Somebody lifted it.
    Lifted,
    /// The account is no longer looked at.
    SwitchedOff,
}

list_query! {
    /// The filters of a list of findings.
    pub struct PumpingFindingsQuery {
        /// Only those of this account.
        pub account: Option<String>,
        /// Only those of this type.
        #[serde(rename = "type")]
        #[param(inline)]
        pub kind: Option<PumpingFindingKind>,
        /// Only those that are open, or that have ended.
        pub active: Option<bool>,
        /// Only those whose rate is stepped down now, or is not.
        pub is_stepped_down: Option<bool>,
    }
}
