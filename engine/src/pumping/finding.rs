//! Findings: a range that looks like traffic pumping, with the evidence for it.

use crate::network::NetworkCode;
use crate::time::UnixMicros;

use super::range::Range;

/// The sign that a range was found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FindingKind {
    /// Many numbers in sequence.
    SequentialNumbers,
    /// Many numbers close together, in one range or in several by turns.
    NarrowRange,
    /// A sudden share of a network that the account hardly used.
    NetworkShare,
    /// A delivery rate that falls away for one range and not for others.
    DeliveryFall,
}

impl FindingKind {
    /// Every kind of finding.
    pub const ALL: [Self; 4] =
        [Self::SequentialNumbers, Self::NarrowRange, Self::NetworkShare, Self::DeliveryFall];

    /// The name over the API and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SequentialNumbers => "sequential_numbers",
            Self::NarrowRange => "narrow_range",
            Self::NetworkShare => "network_share",
            Self::DeliveryFall => "delivery_fall",
        }
    }
}

/// The evidence of a finding, as it was when it was found or its rate stepped down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Some of the numbers, with the messages to each.
    pub numbers: Vec<(u64, u16)>,
    /// Messages to the range.
    pub messages: u32,
    /// Different numbers, at the least.
    pub different_numbers: u32,
    /// Messages that were delivered, of those that have ended.
    pub delivered: u16,
    /// Messages that ended otherwise.
    pub failed: u16,
    /// Time from the first message to the latest, in microseconds.
    pub span_micros: u64,
    /// The network's share of the latest messages, in thousandths.
    pub share_now: u16,
    /// Its share before them; `None` where little is known of the account.
    pub share_before: Option<u16>,
    /// The price of a segment, in millionths.
    pub price: u64,
    /// The average price that the account pays elsewhere or paid before; `None` where little is known.
    pub usual_price: Option<u64>,
    /// True if the account hardly ever sent to the network and its country.
    pub is_new: bool,
}

/// A range that looks like traffic pumping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The number of the finding, which is the account's own and begins anew with the process.
    pub serial: u32,
    /// The sign that it was found by.
    pub kind: FindingKind,
    /// The numbers that it is about.
    pub range: Range,
    /// The network of these numbers.
    pub network: NetworkCode,
    /// True once the rate of the range is stepped down.
    pub is_stepped_down: bool,
    /// The time at which it was found.
    pub found_at: UnixMicros,
    /// The time of its latest sign.
    pub latest_at: UnixMicros,
    /// Messages that were refused since its rate was stepped down.
    pub refused: u32,
    /// The evidence of it.
    pub evidence: Evidence,
}

/// The reason for which a finding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// There was no sign for a while.
    Quiet,
    /// Somebody lifted it.
    Lifted,
}

/// Something that became of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A range was found.
    Found(Finding),
    /// The rate of a range that was found before is stepped down.
    SteppedDown(Finding),
    /// A finding has ended.
    Ended(Finding, EndReason),
}
