//! The verdict about a range: nothing, an alert, or strong enough evidence for a step-down.
//!
//! The order of numbers alone is no proof: the phones of a company are in sequence, and a campaign may go to one narrow
//! prefix. So a sign is weighed with what speaks for and against it: a destination that is new for the account, a price far
//! above what it usually pays, messages that do not arrive; or messages that do, and the country of its customers.

use super::finding::FindingKind;
use super::networks::Familiarity;
use super::outcomes::Outcomes;
use super::settings::PumpingSettings;

/// The weight from which on a range is stepped down.
const STRONG: i32 = 3;
/// The weight that is enough where many numbers are in sequence.
const LONG_SEQUENCE: i32 = 2;
/// Different numbers of a long sequence.
const LONG_NUMBERS: u32 = 100;
/// Different numbers close together from which on one need not wait for what becomes of them.
const UNANSWERED_NUMBERS: u32 = 40;
/// Different numbers close together from which on they are reported even if they arrive.
const MANY_NUMBERS: u32 = 64;
/// A price so many times the usual one is far above it.
const FAR_ABOVE: u64 = 4;

/// All that a verdict depends on.
#[derive(Clone, Copy, Debug)]
pub struct Signs {
    /// The sign that the range was found by.
    pub kind: FindingKind,
    /// Different numbers of the range.
    pub numbers: u32,
    /// The price of a segment there.
    pub price: u64,
    /// The place of the network in the account's traffic.
    pub familiarity: Familiarity,
    /// Messages that have ended.
    pub outcomes: Outcomes,
    /// True if its messages have had the time to arrive.
    pub has_waited: bool,
}

/// The consequence of the signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing is wrong.
    Innocent,
    /// The range is reported.
    Alert,
    /// Its rate is stepped down where the account says so.
    StepDown,
}

impl Signs {
    /// True if the price is far enough above the usual one.
    pub fn is_expensive(&self, settings: &PumpingSettings) -> bool {
        let usual = self.familiarity.usual_price;
        usual > 0 && self.price.saturating_mul(100) >= usual.saturating_mul(settings.expensive_percent.into())
    }

    /// True if the price is many times the usual one.
    fn is_far_above(&self) -> bool {
        let usual = self.familiarity.usual_price;
        usual > 0 && self.price >= usual.saturating_mul(FAR_ABOVE)
    }

    /// The verdict about the range.
    pub fn verdict(&self, settings: &PumpingSettings) -> Verdict {
        match self.kind {
            FindingKind::SequentialNumbers | FindingKind::NarrowRange => self.of_numbers(settings),
            FindingKind::NetworkShare => self.of_share(settings),
            FindingKind::DeliveryFall => {
                let is_foreign = self.familiarity.is_new || self.is_expensive(settings);
                if is_foreign { Verdict::StepDown } else { Verdict::Alert }
            }
        }
    }

    fn of_numbers(&self, settings: &PumpingSettings) -> Verdict {
        let (is_expensive, is_new) = (self.is_expensive(settings), self.familiarity.is_new);
        let (is_well, is_bad) = (self.outcomes.is_well(), self.outcomes.is_bad(settings.delivered_percent));
        let is_sequence = self.kind == FindingKind::SequentialNumbers;
        let weight = [
            (true, if is_sequence { 2 } else { 1 }),
            (is_expensive, 2),
            (self.is_far_above(), 1),
            (is_new, 1),
            (is_bad, 3),
            (is_well, -2),
            (self.familiarity.is_home, -1),
        ];
        let weight: i32 = weight.into_iter().filter_map(|(holds, weight)| holds.then_some(weight)).sum();
        let is_ordinary = !is_sequence && is_well && !is_expensive && !is_new;
        if is_ordinary && self.numbers < MANY_NUMBERS {
            return Verdict::Innocent;
        }
        let is_known = is_sequence || is_well || is_bad || self.numbers >= UNANSWERED_NUMBERS;
        let is_long = is_sequence && self.numbers >= LONG_NUMBERS;
        let is_strong = (weight >= STRONG && is_known) || (weight >= LONG_SEQUENCE && is_long);
        if is_strong { Verdict::StepDown } else { Verdict::Alert }
    }

    fn of_share(&self, settings: &PumpingSettings) -> Verdict {
        let is_far_above = self.is_far_above() && self.has_waited && !self.outcomes.is_well();
        let is_bad = self.outcomes.is_bad(settings.delivered_percent);
        if self.is_expensive(settings) && (is_bad || is_far_above) {
            Verdict::StepDown
        } else {
            Verdict::Alert
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: fn() -> PumpingSettings = PumpingSettings::default;

    fn signs(kind: FindingKind, numbers: u32) -> Signs {
        let familiarity = Familiarity { usual_price: 20_000, ..Familiarity::default() };
        let outcomes = Outcomes::default();
        Signs { kind, numbers, price: 20_000, familiarity, outcomes, has_waited: false }
    }

    #[test]
    fn company_phones_that_answer_or_are_at_home_are_only_reported() {
        let mut phones = signs(FindingKind::SequentialNumbers, 300);
        phones.familiarity.is_home = true;
        assert_eq!(phones.verdict(&SETTINGS()), Verdict::Alert);
        phones.familiarity.is_home = false;
        phones.outcomes = Outcomes { delivered: 60, failed: 2 };
        assert_eq!(phones.verdict(&SETTINGS()), Verdict::Alert);
        phones.outcomes = Outcomes::default();
        assert_eq!(
            phones.verdict(&SETTINGS()),
            Verdict::StepDown,
            "many numbers of which nobody knows anything"
        );
    }

    #[test]
    fn a_sequence_at_a_price_far_above_the_usual_is_stepped_down() {
        let mut sequence = signs(FindingKind::SequentialNumbers, 16);
        assert_eq!(sequence.verdict(&SETTINGS()), Verdict::Alert);
        sequence.price = 30_000;
        assert_eq!(sequence.verdict(&SETTINGS()), Verdict::StepDown);
    }

    #[test]
    fn a_few_numbers_close_together_that_arrive_are_innocent() {
        let mut few = signs(FindingKind::NarrowRange, 30);
        few.outcomes = Outcomes { delivered: 19, failed: 1 };
        assert_eq!(few.verdict(&SETTINGS()), Verdict::Innocent);
        few.numbers = 64;
        assert_eq!(few.verdict(&SETTINGS()), Verdict::Alert);
    }

    #[test]
    fn a_campaign_in_a_narrow_new_prefix_that_arrives_is_not_stepped_down() {
        let mut campaign = signs(FindingKind::NarrowRange, 300);
        (campaign.familiarity.is_new, campaign.price) = (true, 50_000);
        campaign.outcomes = Outcomes { delivered: 95, failed: 5 };
        assert_eq!(campaign.verdict(&SETTINGS()), Verdict::Alert);
        campaign.outcomes = Outcomes { delivered: 5, failed: 95 };
        assert_eq!(campaign.verdict(&SETTINGS()), Verdict::StepDown);
    }

    #[test]
    fn a_share_of_an_expensive_network_waits_for_what_becomes_of_its_messages() {
        let mut share = signs(FindingKind::NetworkShare, 60);
        (share.familiarity.is_new, share.price) = (true, 90_000);
        assert_eq!(share.verdict(&SETTINGS()), Verdict::Alert);
        share.has_waited = true;
        assert_eq!(share.verdict(&SETTINGS()), Verdict::StepDown);
        share.outcomes = Outcomes { delivered: 30, failed: 1 };
        assert_eq!(share.verdict(&SETTINGS()), Verdict::Alert);
        share.price = 40_000;
        share.outcomes = Outcomes { delivered: 1, failed: 30 };
        assert_eq!(share.verdict(&SETTINGS()), Verdict::StepDown);
    }
}
