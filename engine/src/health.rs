//! An operator's health: the answers and receipts of the last minute, and a score from 0 to 100.
//!
//! A [`HealthWindow`] is a ring of sixty buckets of one second with counts and histograms, about 54 KiB
//! whatever the traffic. A [`HealthSample`] is what it shows at one moment; [`score`] is a function of the
//! sample alone.
//!
//! # The score
//!
//! 0 where no link is bound. Otherwise 100 times the product of five factors, rounded:
//!
//! | factor | from | reason |
//! | --- | --- | --- |
//! | answers | (good ÷ (good + bad))², good = accepted + 10, bad = 2 lost + temporary + throttled ÷ 2 + permanent ÷ 4 | A lost message's outcome is unknown, which costs most; a temporary error costs a retry; a throttled one only waits; a permanent one is mostly the message's own fault. Squared, as the retry meets the same odds. |
//! | delivery | ½ + ½ × (delivered + 10) ÷ (receipts + 10) | Handsets that are off fail everywhere, so that receipts take away half at most. |
//! | latency | 1 up to 250 ms at p95, then 0.1 less for each doubling, down to 0.5 at 8 s | A slow operator fills its window, but it delivers. |
//! | delay | 1 up to 10 s for the median receipt, then 0.05 less for each doubling, down to 0.7 at 640 s | Late receipts are late news, not lost messages. |
//! | fill | 1 up to 80 %, then falling evenly to 0.9 at 100 % of the window | A full window says that the operator gets all it can take; others may be free. |
//!
//! The ten good ones stand for what is not known yet: an operator without traffic has a score of 100, and one
//! failure after a pause does not end its career. Every factor falls or stays when what is bad grows, and
//! rises or stays when what is good does.

mod histogram;
mod window;

pub use window::HealthWindow;

/// The operator's response to a message, or the lack of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseKind {
    /// It was taken.
    Accepted,
    /// It was refused for now.
    Temporary,
    /// It was refused for good.
    Permanent,
    /// It was refused because too many came (ESME_RTHROTTLED, ESME_RMSGQFUL).
    Throttled,
    /// No answer came.
    Lost,
}

impl ResponseKind {
    /// Every kind of response.
    pub const ALL: [Self; 5] =
        [Self::Accepted, Self::Temporary, Self::Permanent, Self::Throttled, Self::Lost];

    /// The name in metrics, APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Temporary => "temporary",
            Self::Permanent => "permanent",
            Self::Throttled => "throttled",
            Self::Lost => "lost",
        }
    }
}

/// An operator's health at one moment. Counts and times are those of the last minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HealthSample {
    /// True if a link is bound.
    pub bound: bool,
    /// Messages without an answer, in percent of what the windows hold.
    pub fill_percent: u8,
    /// Half of the answers came within this time, in microseconds; 0 without any.
    pub p50_micros: u64,
    /// 95 of 100 did.
    pub p95_micros: u64,
    /// 99 of 100 did.
    pub p99_micros: u64,
    /// Messages that were answered or lost: the sum of the five below.
    pub responses: u32,
    /// Messages that were taken.
    pub accepted: u32,
    /// Refused for now.
    pub temporary: u32,
    /// Refused for good.
    pub permanent: u32,
    /// Refused because too many came.
    pub throttled: u32,
    /// Messages that were never answered.
    pub lost: u32,
    /// Number of final receipts.
    pub receipts: u32,
    /// Those of them that say delivered.
    pub delivered: u32,
    /// Half of the receipts came within this time after the message was accepted, in microseconds; 0 without
    /// any.
    pub receipt_delay_micros: u64,
    /// Messages taken per second, over the last ten whole seconds.
    pub per_second: u32,
    /// The [`score`] of all this.
    pub score: u8,
}

/// Good answers and receipts that are taken for granted.
const GRANTED: f64 = 10.0;

/// From 0, useless, to 100, perfect. Looks at everything in the sample but its `score`.
pub fn score(sample: &HealthSample) -> u8 {
    if !sample.bound {
        return 0;
    }
    let factors = [answers(sample), delivery(sample), latency(sample), receipt_delay(sample), fill(sample)];
    percent(factors.into_iter().product())
}

fn answers(sample: &HealthSample) -> f64 {
    let [accepted, temporary, permanent, throttled, lost] =
        [sample.accepted, sample.temporary, sample.permanent, sample.throttled, sample.lost].map(f64::from);
    let good = accepted + GRANTED;
    let bad = 2.0 * lost + temporary + throttled / 2.0 + permanent / 4.0;
    (good / (good + bad)).powi(2)
}

fn delivery(sample: &HealthSample) -> f64 {
    let (receipts, delivered) = (f64::from(sample.receipts), f64::from(sample.delivered));
    0.5 + 0.5 * ((delivered + GRANTED) / (receipts + GRANTED)).min(1.0)
}

fn latency(sample: &HealthSample) -> f64 {
    1.0 - 0.1 * doublings(sample.p95_micros, 250_000, 5.0)
}

fn receipt_delay(sample: &HealthSample) -> f64 {
    1.0 - 0.05 * doublings(sample.receipt_delay_micros, 10_000_000, 6.0)
}

fn fill(sample: &HealthSample) -> f64 {
    1.0 - 0.1 * (f64::from(sample.fill_percent.clamp(80, 100)) - 80.0) / 20.0
}

/// The number of doublings from `good` to a time in microseconds, fractions included, and at most `most`.
fn doublings(micros: u64, good: u32, most: f64) -> f64 {
    // An hour is far beyond all that is told apart here.
    let micros = u32::try_from(micros).unwrap_or(u32::MAX);
    (f64::from(micros) / f64::from(good)).max(1.0).log2().min(most)
}

/// A share between 0 and 1 as a whole number of percent.
fn percent(share: f64) -> u8 {
    // As casts from floats are not checked, this counts instead: at most a hundred steps, some times a
    // second.
    (0..100).rev().find(|below| share * 100.0 >= f64::from(*below) + 0.5).map_or(0, |below| below + 1)
}

#[cfg(test)]
mod tests;
