//! The decision when an account's wallet is filled again by itself, and with how much.
//!
//! Money that is on its way counts as money. One charge closes the gap, however deep it is, within what the account allows in a
//! month; an account that uses nothing is never charged. After a decline there is a pause that grows, and in the end it
//! is switched off, which somebody is told of.

use tollgate_engine::money::{Amount, Total};
use tollgate_engine::time::UnixMicros;

const MICROS_PER_HOUR: u64 = 3_600_000_000;

/// Hours of rest after each decline in a row. The one after the last switches it off.
const REST_HOURS: [u64; 3] = [1, 6, 24];
/// Declines in a row after which there is another try.
const DECLINES_MAX: u32 = 3;

/// The terms that an account has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RechargeTerms {
    /// Below this balance the wallet is filled.
    pub threshold: Amount,
    /// The amount of a charge, or one of several such amounts where one does not reach the threshold. More than zero.
    pub amount: Amount,
    /// The most that is charged in a calendar month; `None` for no limit.
    pub monthly_limit: Option<Amount>,
}

/// The facts that the decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RechargeFacts {
    /// The balance now.
    pub balance: Total,
    /// Payments of the account that are on their way.
    pub pending: Amount,
    /// True if a charge of this kind has not come to its end.
    pub is_charging: bool,
    /// True if the account has used something since it was filled last, or was refused for lack of money.
    pub is_used: bool,
    /// The sum of this month's charges that succeeded or may yet.
    pub charged_this_month: Amount,
    /// Declines since the last success.
    pub declines: u32,
    /// The instant of the last of them.
    pub declined_at: UnixMicros,
    /// The present instant.
    pub now: UnixMicros,
}

/// The step to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RechargeDecision {
    /// There is nothing to do.
    Nothing,
    /// One charge of this amount is to be made.
    Charge(Amount),
    /// A charge was declined, and it is too early for another.
    Rest {
        /// The end of the rest.
        until: UnixMicros,
    },
    /// The limit of the month leaves no room for a charge. Somebody has to be told.
    LimitReached,
    /// It was declined too often, and is to be switched off. Somebody has to be told.
    SwitchOff,
}

/// The step to take for an account with these terms.
pub fn decide(terms: &RechargeTerms, facts: &RechargeFacts) -> RechargeDecision {
    let threshold = i128::from(terms.threshold.micros());
    let money = facts.balance.micros() + i128::from(facts.pending.micros());
    let gap = threshold - money;
    if terms.amount <= Amount::ZERO || gap <= 0 || facts.is_charging || !facts.is_used {
        return RechargeDecision::Nothing;
    }
    if facts.declines > DECLINES_MAX {
        return RechargeDecision::SwitchOff;
    }
    let until = UnixMicros(facts.declined_at.0.saturating_add(rest_after(facts.declines)));
    if facts.declines > 0 && facts.now < until {
        return RechargeDecision::Rest { until };
    }
    let amount = i128::from(terms.amount.micros());
    let wanted = (gap + amount - 1) / amount;
    let room = terms.monthly_limit.map(|limit| {
        (i128::from(limit.micros()) - i128::from(facts.charged_this_month.micros())).max(0) / amount
    });
    let times = room.map_or(wanted, |room| wanted.min(room));
    if times == 0 {
        return RechargeDecision::LimitReached;
    }
    // A sum beyond what an amount can hold is beyond what any provider takes; one amount is then as good as none.
    let charge = Total::from_micros(times * amount).amount().unwrap_or(terms.amount);
    RechargeDecision::Charge(charge)
}

/// The rest after so many declines in a row, in microseconds.
fn rest_after(declines: u32) -> u64 {
    let at = usize::try_from(declines).unwrap_or(usize::MAX).wrapping_sub(1);
    REST_HOURS.get(at).copied().unwrap_or_default() * MICROS_PER_HOUR
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: u64 = MICROS_PER_HOUR;

    fn units(units: i64) -> Amount {
        Amount::from_micros(units * 1_000_000)
    }

    fn terms() -> RechargeTerms {
        RechargeTerms { threshold: units(10), amount: units(25), monthly_limit: Some(units(100)) }
    }

    fn facts(balance: i64) -> RechargeFacts {
        RechargeFacts {
            balance: Total::from(units(balance)),
            pending: Amount::ZERO,
            is_charging: false,
            is_used: true,
            charged_this_month: Amount::ZERO,
            declines: 0,
            declined_at: UnixMicros(0),
            now: UnixMicros(100 * HOUR),
        }
    }

    #[test]
    fn one_charge_closes_the_gap_however_deep() {
        assert_eq!(decide(&terms(), &facts(10)), RechargeDecision::Nothing, "at the threshold");
        assert_eq!(decide(&terms(), &facts(9)), RechargeDecision::Charge(units(25)));
        assert_eq!(decide(&terms(), &facts(-15)), RechargeDecision::Charge(units(25)));
        assert_eq!(decide(&terms(), &facts(-16)), RechargeDecision::Charge(units(50)));
        assert_eq!(decide(&terms(), &facts(-80)), RechargeDecision::Charge(units(100)));
    }

    #[test]
    fn what_is_on_its_way_counts_and_there_are_never_two_at_once() {
        assert_eq!(
            decide(&terms(), &RechargeFacts { pending: units(1), ..facts(9) }),
            RechargeDecision::Nothing
        );
        let short = RechargeFacts { pending: units(1), ..facts(8) };
        assert_eq!(decide(&terms(), &short), RechargeDecision::Charge(units(25)));
        assert_eq!(
            decide(&terms(), &RechargeFacts { is_charging: true, ..facts(-50) }),
            RechargeDecision::Nothing
        );
    }

    #[test]
    fn an_idle_account_is_not_charged() {
        assert_eq!(
            decide(&terms(), &RechargeFacts { is_used: false, ..facts(0) }),
            RechargeDecision::Nothing
        );
    }

    #[test]
    fn the_limit_of_the_month_is_told_and_never_exceeded() {
        let with = |charged| RechargeFacts { charged_this_month: units(charged), ..facts(-80) };
        assert_eq!(decide(&terms(), &with(50)), RechargeDecision::Charge(units(50)));
        assert_eq!(decide(&terms(), &with(76)), RechargeDecision::LimitReached);
        assert_eq!(decide(&terms(), &with(1_000)), RechargeDecision::LimitReached);
        let unlimited = RechargeTerms { monthly_limit: None, ..terms() };
        assert_eq!(decide(&unlimited, &with(1_000)), RechargeDecision::Charge(units(100)));
    }

    #[test]
    fn declines_rest_longer_and_longer_and_then_it_is_off() {
        for (declines, hours) in [(1, 1), (2, 6), (3, 24)] {
            let until = UnixMicros(50 * HOUR + hours * HOUR);
            let declined =
                |now| RechargeFacts { declines, declined_at: UnixMicros(50 * HOUR), now, ..facts(0) };
            let before = UnixMicros(until.0 - 1);
            assert_eq!(decide(&terms(), &declined(before)), RechargeDecision::Rest { until });
            assert_eq!(decide(&terms(), &declined(until)), RechargeDecision::Charge(units(25)));
        }
        assert_eq!(decide(&terms(), &RechargeFacts { declines: 4, ..facts(0) }), RechargeDecision::SwitchOff);
        let full = RechargeFacts { declines: 4, ..facts(50) };
        assert_eq!(decide(&terms(), &full), RechargeDecision::Nothing, "nothing is needed");
    }

    proptest! {
        #[test]
        fn a_charge_is_the_least_that_reaches_the_threshold_within_the_limit(
            threshold in 0_i64..1_000_000,
            amount in 1_i64..1_000_000,
            limit in prop::option::of(0_i64..10_000_000),
            charged in 0_i64..10_000_000,
            balance in -10_000_000_i64..1_000_000,
            pending in 0_i64..1_000_000,
        ) {
            let micros = Amount::from_micros;
            let terms = RechargeTerms {
                threshold: micros(threshold), amount: micros(amount), monthly_limit: limit.map(micros),
            };
            let facts = RechargeFacts {
                balance: Total::from(micros(balance)),
                pending: micros(pending),
                charged_this_month: micros(charged),
                ..facts(0)
            };
            match decide(&terms, &facts) {
                RechargeDecision::Charge(charge) => {
                    let charge = charge.micros();
                    prop_assert!(charge > 0 && charge % amount == 0 && balance + pending < threshold);
                    // One amount less would not have done.
                    prop_assert!(balance + pending + charge - amount < threshold);
                    prop_assert!(limit.is_none_or(|limit| charged + charge <= limit));
                    let is_enough = balance + pending + charge >= threshold;
                    prop_assert!(is_enough || limit.is_some_and(|limit| charged + charge + amount > limit));
                }
                RechargeDecision::LimitReached => {
                    prop_assert!(limit.is_some_and(|limit| charged + amount > limit));
                }
                RechargeDecision::Nothing => prop_assert!(balance + pending >= threshold),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
