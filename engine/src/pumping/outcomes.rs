//! Messages that reached their numbers and messages that did not, now and before.

/// Ended messages of which both counts are halved, so that what is usual follows the traffic.
const KEPT: u16 = 1_024;
/// Ended messages from which on a share of them says something.
const JUDGED: u16 = 10;
/// The share from which on traffic counts as delivered well, in percent.
const WELL_PERCENT: u32 = 80;

/// Counts of ended messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Messages that were delivered.
    pub delivered: u16,
    /// Messages that ended otherwise.
    pub failed: u16,
}

impl Outcomes {
    /// Counts one more.
    pub fn count(&mut self, is_delivered: bool) {
        if self.total() >= KEPT {
            self.delivered /= 2;
            self.failed /= 2;
        }
        let count = if is_delivered { &mut self.delivered } else { &mut self.failed };
        *count += 1;
    }

    /// Takes others in.
    pub fn add(&mut self, others: Self) {
        if self.total().saturating_add(others.total()) > KEPT {
            self.delivered /= 2;
            self.failed /= 2;
        }
        self.delivered = self.delivered.saturating_add(others.delivered);
        self.failed = self.failed.saturating_add(others.failed);
    }

    /// Those that are left without `others`, which are among them.
    #[must_use]
    pub fn without(self, others: Self) -> Self {
        Self {
            delivered: self.delivered.saturating_sub(others.delivered),
            failed: self.failed.saturating_sub(others.failed),
        }
    }

    /// All that ended.
    pub fn total(self) -> u16 {
        self.delivered.saturating_add(self.failed)
    }

    /// True if no more than this share of them was delivered. There have to be `least` of them.
    pub fn is_at_most(self, percent: u32, least: u16) -> bool {
        self.total() >= least && u32::from(self.delivered) * 100 <= u32::from(self.total()) * percent
    }

    /// True if at least this share of them was delivered. There have to be `least` of them.
    pub fn is_at_least(self, percent: u32, least: u16) -> bool {
        self.total() >= least && u32::from(self.delivered) * 100 >= u32::from(self.total()) * percent
    }

    /// True if enough ended to say that they are delivered well.
    pub fn is_well(self) -> bool {
        self.is_at_least(WELL_PERCENT, JUDGED)
    }

    /// True if enough ended to say that no more than this share is delivered.
    pub fn is_bad(self, percent: u32) -> bool {
        self.is_at_most(percent, JUDGED)
    }
}

/// The outcomes of all ranges of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountOutcomes {
    all: Outcomes,
    lately: Outcomes,
}

impl AccountOutcomes {
    /// Counts one more.
    pub fn count(&mut self, is_delivered: bool) {
        self.all.count(is_delivered);
        self.lately.count(is_delivered);
        if self.lately.total() >= LATELY {
            self.lately.delivered /= 2;
            self.lately.failed /= 2;
        }
    }
}

/// Ended messages of which those that are said to have ended lately are halved.
const LATELY: u16 = 128;

/// The outcomes of a range: the latest, and those before them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fall {
    now: Outcomes,
    before: Outcomes,
}

/// Latest ended messages after which they count as those before.
const LATEST: u16 = 40;
/// Latest ended messages that a fall is seen in.
const SEEN: u16 = 20;
/// The share that is usual for traffic that is wanted, in percent.
const USUAL_PERCENT: u32 = 70;
/// The share up to which traffic is not delivered, where nothing else of the account is known.
const ALONE_PERCENT: u32 = 40;

impl Fall {
    /// Counts one more. The latest ones where the rate has fallen away here and not everywhere.
    pub fn count(&mut self, is_delivered: bool, account: AccountOutcomes, percent: u32) -> Option<Outcomes> {
        if self.now.total() >= LATEST {
            self.before.add(std::mem::take(&mut self.now));
        }
        self.now.count(is_delivered);
        let others = account.all.without(self.now).without(self.before);
        let others_lately = account.lately.without(self.now);
        let was_usual = self.before.is_at_least(USUAL_PERCENT, SEEN);
        let is_usual_elsewhere = others.is_at_least(USUAL_PERCENT, SEEN);
        let is_general = others_lately.total() >= JUDGED && !others_lately.is_at_least(USUAL_PERCENT, JUDGED);
        let has_fallen =
            self.now.is_at_most(percent, SEEN) && (was_usual || is_usual_elsewhere) && !is_general;
        let is_low = self.now.is_at_most(ALONE_PERCENT, LATEST) && others.total() < SEEN;
        (has_fallen || is_low).then_some(self.now)
    }

    /// The latest and those before together.
    pub fn all(self) -> Outcomes {
        let mut all = self.before;
        all.add(self.now);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(delivered: u16, failed: u16) -> Outcomes {
        Outcomes { delivered, failed }
    }

    #[test]
    fn few_outcomes_say_nothing() {
        assert!(!counted(9, 0).is_well() && !counted(0, 9).is_bad(50));
        assert!(counted(8, 2).is_well() && counted(5, 5).is_bad(50));
        assert!(!counted(79, 21).is_well() && !counted(51, 49).is_bad(50));
    }

    #[test]
    fn counts_are_halved_before_they_are_too_many() {
        let mut outcomes = Outcomes::default();
        for place in 0..100_000u32 {
            outcomes.count(place % 4 != 0);
            assert!(outcomes.total() <= KEPT);
        }
        assert!(outcomes.is_at_least(74, 100) && outcomes.is_at_most(76, 100));
    }

    #[test]
    fn a_rate_falls_away_where_others_do_not() {
        let fallen = |elsewhere: Outcomes| {
            let (mut fall, mut account) = (Fall::default(), AccountOutcomes::default());
            (0..elsewhere.delivered).for_each(|_| account.count(true));
            (0..elsewhere.failed).for_each(|_| account.count(false));
            (0..60).find(|_| {
                account.count(false);
                fall.count(false, account, 50).is_some()
            })
        };
        assert_eq!(fallen(counted(95, 5)), Some(19));
        assert_eq!(fallen(counted(10, 90)), None, "nothing of the account is delivered");
        assert_eq!(fallen(counted(0, 0)), Some(39), "nothing else is known");
    }

    #[test]
    fn a_rate_falls_away_below_what_it_was() {
        let (mut fall, mut account) = (Fall::default(), AccountOutcomes::default());
        let mut count = |is_delivered| {
            account.count(is_delivered);
            fall.count(is_delivered, account, 50).is_some()
        };
        assert!((0..200).all(|place| !count(place % 10 != 0)));
        assert!((0..100).any(|_| count(false)));
    }
}
