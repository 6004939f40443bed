//! The state machine as a table, decisions by hand, and properties over any order of events and any steps of the clock.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::time::UnixMicros;

use super::{Basis, Due, Event, PlanChange, Position, Retries, State, TRANSITIONS, Unpaid, Use};
use crate::period::{PeriodUnit, Periods, instant};

const HOUR: u64 = 3_600_000_000;
const DAY: u64 = 24 * HOUR;
const RETRIES: Retries<'_> = Retries(&[24, 72, 168]);

fn at(text: &str) -> UnixMicros {
    UnixMicros::parse(text).unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// A subscription as a service would keep it, with a wallet of whole periods.
#[derive(Clone, Debug)]
struct Model {
    state: State,
    periods: Periods,
    zone: TimeZone,
    period: i64,
    is_recurring: bool,
    unpaid: Option<Unpaid>,
    /// The number of periods that the wallet can pay for.
    purse: u32,
    /// The periods that were charged, each with the instant.
    charged: Vec<(i64, UnixMicros)>,
    /// The instant of its end.
    ended: Option<UnixMicros>,
}

impl Model {
    fn begin(anchor: Date, unit: PeriodUnit, zone: &str, has_trial: bool) -> Self {
        let zone = TimeZone::get(zone).unwrap();
        let (state, period) = if has_trial { (State::Trialing, -1) } else { (State::Active, 0) };
        let began = instant(anchor, &zone).unwrap();
        let charged = if has_trial { Vec::new() } else { vec![(0, began)] };
        let periods = Periods { anchor, unit };
        Self {
            state,
            periods,
            zone,
            period,
            is_recurring: true,
            unpaid: None,
            purse: 0,
            charged,
            ended: None,
        }
    }

    fn due(&self, now: UnixMicros) -> Due {
        let position = Position {
            state: self.state,
            periods: self.periods,
            zone: &self.zone,
            period: self.period,
            is_recurring: self.is_recurring,
            unpaid: self.unpaid,
            waits_until: None,
        };
        position.due(now, RETRIES)
    }

    fn happen(&mut self, event: Event, now: UnixMicros) -> bool {
        let Some(after) = self.state.after(event) else { return false };
        self.state = after;
        if after.is_final() {
            self.ended = self.ended.or(Some(now));
        }
        true
    }

    /// Does one thing that is due; false if nothing is.
    fn step(&mut self, now: UnixMicros) -> bool {
        match self.due(now) {
            Due::Nothing(_) => return false,
            Due::End(event) => assert!(self.happen(event, now), "{event:?} in {:?}", self.state),
            Due::Charge(period) if self.purse > 0 => {
                self.purse -= 1;
                self.charged.push((period, now));
                (self.period, self.unpaid) = (period, None);
                assert!(self.happen(Event::Paid, now));
            }
            Due::Charge(_) => {
                let failure = RETRIES.after_failure(self.unpaid, now);
                self.unpaid = Some(failure.unpaid);
                assert!(self.happen(failure.event, now));
            }
        }
        true
    }

    /// Does everything that is due, which comes to an end.
    fn settle(&mut self, now: UnixMicros) {
        let steps = (0..100).take_while(|_| self.step(now)).count();
        assert!(steps < 5, "{steps} steps at one instant: {self:?}");
    }
}

#[test]
fn a_transition_stands_once_in_the_table() {
    let pairs: BTreeSet<_> = TRANSITIONS.iter().map(|(before, event, _)| (before, event)).collect();
    assert_eq!(pairs.len(), TRANSITIONS.len());
    for state in State::ALL {
        assert_eq!(state.is_final(), matches!(state, State::Cancelled | State::Expired), "{state:?}");
        assert_eq!(State::from_name(state.name()), Some(state));
        // Whatever is not over can be cancelled at once, and comes to an end if nobody does anything.
        if !state.is_final() {
            assert_eq!(state.after(Event::CancelNow), Some(State::Cancelled), "{state:?}");
            let ends = [Event::PeriodOver, Event::GiveUp].iter().any(|event| state.after(*event).is_some());
            assert!(ends, "{state:?}");
        }
    }
}

#[test]
fn renewals_are_at_local_midnight_and_keep_the_day_of_the_month() {
    let mut model = Model::begin(date(2026, 1, 31), PeriodUnit::Month, "America/New_York", false);
    model.purse = 100;
    let end = at("2027-02-01T12:00:00Z");
    let mut now = at("2026-01-31T12:00:00Z");
    while now < end {
        model.settle(now);
        now = UnixMicros(now.0 + HOUR / 4);
    }
    let charged: Vec<_> = model.charged.iter().map(|(_, at)| at.to_rfc3339()).collect();
    assert_eq!(
        charged,
        [
            "2026-01-31T05:00:00Z",
            "2026-02-28T05:00:00Z",
            "2026-03-31T04:00:00Z",
            "2026-04-30T04:00:00Z",
            "2026-05-31T04:00:00Z",
            "2026-06-30T04:00:00Z",
            "2026-07-31T04:00:00Z",
            "2026-08-31T04:00:00Z",
            "2026-09-30T04:00:00Z",
            "2026-10-31T04:00:00Z",
            "2026-11-30T05:00:00Z",
            "2026-12-31T05:00:00Z",
            "2027-01-31T05:00:00Z",
        ]
    );
}

#[test]
fn what_cannot_be_paid_is_tried_again_by_schedule_and_given_up() {
    let mut model = Model::begin(date(2026, 1, 1), PeriodUnit::Month, "UTC", false);
    let begins = at("2026-02-01T00:00:00Z");
    let after = |hours: u64| UnixMicros(begins.0 + hours * HOUR);
    model.settle(begins);
    assert_eq!((model.state, model.unpaid.unwrap().attempts), (State::PastDue, 1));
    for (hour, attempts) in [(23, 1), (24, 2), (71, 2), (72, 3), (167, 3)] {
        model.settle(after(hour));
        assert_eq!((model.state, model.unpaid.unwrap().attempts), (State::PastDue, attempts), "{hour}");
    }
    let mut paid = model.clone();
    paid.purse = 1;
    paid.settle(after(168));
    assert_eq!((paid.state, paid.period, paid.unpaid), (State::Active, 1, None));
    assert_eq!(paid.due(after(168)), Due::Nothing(Some(at("2026-03-01T00:00:00Z"))));
    model.settle(after(168));
    assert_eq!((model.state, model.period), (State::Expired, 0));
}

#[test]
fn a_trial_ends_with_the_first_charge_and_a_cancelled_one_without() {
    let mut model = Model::begin(date(2026, 3, 15), PeriodUnit::Month, "Africa/Nairobi", true);
    model.purse = 1;
    assert_eq!(model.due(at("2026-03-14T20:59:59Z")), Due::Nothing(Some(at("2026-03-14T21:00:00Z"))));
    let mut cancelled = model.clone();
    model.settle(at("2026-03-14T21:00:00Z"));
    assert_eq!((model.state, model.period, model.charged.len()), (State::Active, 0, 1));
    assert!(cancelled.happen(Event::CancelAtEnd, at("2026-03-10T00:00:00Z")));
    cancelled.settle(at("2026-03-14T21:00:00Z"));
    assert_eq!((cancelled.state, cancelled.charged.len()), (State::Cancelled, 0));
}

#[test]
fn periods_that_passed_unseen_are_not_charged() {
    let mut model = Model::begin(date(2026, 1, 31), PeriodUnit::Month, "UTC", false);
    model.purse = 9;
    model.settle(at("2026-07-04T00:00:00Z"));
    assert_eq!(model.charged.iter().map(|(period, _)| *period).collect::<Vec<_>>(), [0, 5]);
    let once =
        Model { is_recurring: false, ..Model::begin(date(2026, 1, 31), PeriodUnit::Month, "UTC", false) };
    assert_eq!(once.due(at("2026-02-28T00:00:00Z")), Due::End(Event::PeriodOver));
}

#[test]
fn the_unused_part_goes_by_whatever_took_more() {
    let price = amount("15.00");
    let by = |days_used, units_used| {
        let unused = Use { days_used, days: 30, units_used, units: 1_000 }.unused(price);
        (unused.basis, unused.used, unused.credit)
    };
    assert_eq!(by(0, 0), (Basis::Time, Amount::ZERO, price));
    assert_eq!(by(10, 0), (Basis::Time, amount("5"), amount("10")));
    assert_eq!(by(10, 400), (Basis::Units, amount("6"), amount("9")));
    assert_eq!(by(0, 1_000), (Basis::Units, price, Amount::ZERO));
    assert_eq!(by(31, 0), (Basis::Time, price, Amount::ZERO));
    assert_eq!(by(-1, 2_000), (Basis::Units, price, Amount::ZERO));
    // A third of a cent is used up to the next millionth.
    let unused = Use { days_used: 1, days: 3, units_used: 0, units: 0 }.unused(amount("0.01"));
    assert_eq!((unused.used, unused.credit), (amount("0.003334"), amount("0.006666")));
    let none = Use { days_used: 0, days: 0, units_used: 0, units: 0 }.unused(price);
    assert_eq!(none.credit, Amount::ZERO);
}

#[test]
fn a_change_is_explained_line_by_line() {
    let used = Use { days_used: 10, days: 30, units_used: 400, units: 1_000 };
    let change = PlanChange { old_price: amount("15"), used, new_price: amount("40") };
    assert_eq!(change.lines().map(|line| line.amount), [amount("-15"), amount("6"), amount("40")]);
    assert_eq!(change.total(), Some(amount("31")));
    let down = PlanChange { old_price: amount("40"), new_price: amount("15"), ..change };
    assert_eq!(down.total(), Some(amount("-9")));
    // A second change on the same day is credited by the whole price of the period, and not by what was added to the first.
    let unused = Use { days_used: 0, days: 30, units_used: 0, units: 5_000 };
    let again = PlanChange { old_price: amount("40"), used: unused, new_price: amount("100") };
    assert_eq!(again.total(), Some(amount("60")));
}

/// Something that a customer, a clock or an operator of the daemon does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Forward(u64),
    Backward(u64),
    Fill(u32),
    Happen(Event),
    Look,
}

fn act() -> impl Strategy<Value = Act> {
    const ASKED: &[Event] = &[Event::CancelAtEnd, Event::CancelNow, Event::Resume];
    prop_oneof![
        6 => (0..40 * DAY).prop_map(Act::Forward),
        1 => (0..400 * DAY).prop_map(Act::Forward),
        1 => (0..60 * DAY).prop_map(Act::Backward),
        3 => (0_u32..4).prop_map(Act::Fill),
        1 => proptest::sample::select(ASKED).prop_map(Act::Happen),
        3 => Just(Act::Look),
    ]
}

fn unit() -> impl Strategy<Value = PeriodUnit> {
    prop_oneof![(1_u16..60).prop_map(PeriodUnit::Days), Just(PeriodUnit::Month), Just(PeriodUnit::Year)]
}

proptest! {
    /// Whatever happens in whatever order, and wherever the clock goes, no period is charged twice or before it begins or after
    /// it has ended, and nothing is charged after the end.
    #[test]
    fn a_period_is_charged_at_most_once(
        unit in unit(),
        has_trial in any::<bool>(),
        zone in proptest::sample::select(&["UTC", "America/Havana", "Pacific/Apia", "Africa/Nairobi"][..]),
        acts in proptest::collection::vec(act(), 1..60),
    ) {
        let mut model = Model::begin(date(2026, 1, 31), unit, zone, has_trial);
        let mut now = instant(date(2026, 1, 20), &model.zone).unwrap();
        for act in acts {
            match act {
                Act::Forward(by) => now = UnixMicros(now.0 + by),
                Act::Backward(by) => now = UnixMicros(now.0 - by),
                Act::Fill(periods) => model.purse += periods,
                Act::Happen(event) => {
                    model.happen(event, now);
                }
                Act::Look => model.settle(now),
            }
            let charged = model.charged.len();
            if model.ended.is_some() {
                model.settle(now);
                prop_assert_eq!(model.charged.len(), charged);
            }
        }
        let numbers: Vec<i64> = model.charged.iter().map(|(period, _)| *period).collect();
        prop_assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", numbers);
        for (period, at) in &model.charged {
            let range = model.periods.instants(*period, &model.zone).unwrap();
            prop_assert!(range.start <= *at && *at < range.end, "{period} at {at:?}");
        }
    }

    /// The part used and the part given back add up to the price; neither time nor units come back; units that are spent are paid.
    #[test]
    fn units_cannot_be_spent_and_given_back(
        price in 0_i64..1_000_000_000_000,
        days in 1_i64..400,
        days_used in 0_i64..400,
        units in 0_u64..1_000_000,
        units_used in 0_u64..1_000_000,
    ) {
        let price = Amount::from_micros(price);
        let used = Use { days_used: days_used.min(days), days, units_used: units_used.min(units), units };
        let unused = used.unused(price);
        prop_assert_eq!(Total::from(unused.used).plus(unused.credit), Total::from(price));
        prop_assert!(!unused.credit.is_negative());
        prop_assert_eq!(unused.used, unused.by_time.max(unused.by_units));
        let of_units = i128::from(price.micros()) * i128::from(used.units_used);
        prop_assert!(i128::from(unused.used.micros()) * i128::from(units) >= of_units);
        let of_days = i128::from(price.micros()) * i128::from(used.days_used);
        prop_assert!(i128::from(unused.used.micros()) * i128::from(days) >= of_days);
        let later = Use { days_used: used.days_used + 1, ..used }.unused(price);
        prop_assert!(later.credit <= unused.credit);
    }

    /// The lines of a change add up to what it costs.
    #[test]
    fn the_lines_add_up(old in 0_i64..1_000_000_000, new in 0_i64..1_000_000_000, days in 0_i64..31, units in 0_u64..100) {
        let used = Use { days_used: days, days: 30, units_used: units, units: 50 };
        let change = PlanChange { old_price: Amount::from_micros(old), used, new_price: Amount::from_micros(new) };
        let sum: i64 = change.lines().iter().map(|line| line.amount.micros()).sum();
        prop_assert_eq!(change.total().unwrap().micros(), sum);
        prop_assert_eq!(sum, new - change.unused().credit.micros());
    }

    /// However often somebody changes between plans, using units and waiting as they like, they have paid for all that they used.
    #[test]
    fn changing_to_and_fro_never_gains(steps in proptest::collection::vec((0_usize..3, 0_i64..12, 0_u64..1200), 1..20)) {
        let plans = [(amount("15"), 1_000_u64), (amount("40"), 5_000), (amount("100"), 20_000)];
        let (mut paid, mut worth, mut present) = (Total::ZERO.plus(plans[0].0), Total::ZERO, 0);
        for (next, days_used, units_used) in steps {
            let (old_price, units) = plans[present];
            let used = Use { days_used, days: 30, units_used: units_used.min(units), units };
            let change = PlanChange { old_price, used, new_price: plans[next].0 };
            paid = paid.plus(change.total().unwrap());
            worth = worth.plus(change.unused().used);
            prop_assert_eq!(paid, worth.plus(plans[next].0));
            present = next;
        }
    }
}
