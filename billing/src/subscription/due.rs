//! The decision what is due at an instant, from where a subscription stands.

use jiff::tz::TimeZone;
use tollgate_engine::time::UnixMicros;

use super::state::{Event, State};
use crate::period::Periods;

const HOUR_MICROS: u64 = 3_600_000_000;

/// The position of a subscription, which decides what is due.
#[derive(Clone, Copy, Debug)]
pub struct Position<'a> {
    /// The state of it.
    pub state: State,
    /// The periods of it.
    pub periods: Periods,
    /// The time zone of its dates.
    pub zone: &'a TimeZone,
    /// The number of the period that it is in or was in last; -1 for the trial before the first one.
    pub period: i64,
    /// True if another period follows.
    pub is_recurring: bool,
    /// The attempts to have the next period paid; `None` before the first one has failed.
    pub unpaid: Option<Unpaid>,
    /// The end of the wait for a first payment.
    pub waits_until: Option<UnixMicros>,
}

/// The attempts to have a period paid that have failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpaid {
    /// The instant of the first of them.
    pub since: UnixMicros,
    /// The number of them.
    pub attempts: u32,
}

/// The hours after a first failed attempt at which it is tried again, in order.
#[derive(Clone, Copy, Debug)]
pub struct Retries<'a>(pub &'a [u32]);

/// The thing that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing before this instant; `None` for nothing ever.
    Nothing(Option<UnixMicros>),
    /// This period is to be charged.
    Charge(i64),
    /// An event that ends it.
    End(Event),
}

/// The consequence of an attempt that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `Unpaid`, or `GiveUp` after the last attempt.
    pub event: Event,
    /// The attempts with this one.
    pub unpaid: Unpaid,
}

impl Retries<'_> {
    /// The instant of the next attempt after so many; `None` where there is none.
    fn next(&self, unpaid: Unpaid) -> Option<UnixMicros> {
        let place = usize::try_from(unpaid.attempts.checked_sub(1)?).ok()?;
        let hours = self.0.get(place)?;
        Some(UnixMicros(unpaid.since.0.saturating_add(u64::from(*hours).saturating_mul(HOUR_MICROS))))
    }

    /// The consequence of a failed attempt at `now`.
    pub fn after_failure(&self, before: Option<Unpaid>, now: UnixMicros) -> Failure {
        let unpaid = match before {
            None => Unpaid { since: now, attempts: 1 },
            Some(before) => Unpaid { attempts: before.attempts.saturating_add(1), ..before },
        };
        let is_last = self.next(unpaid).is_none();
        Failure { event: if is_last { Event::GiveUp } else { Event::Unpaid }, unpaid }
    }
}

impl Position<'_> {
    /// The first instant behind the present period; `None` beyond the calendar.
    pub fn ends_at(&self) -> Option<UnixMicros> {
        self.periods.instants(self.period, self.zone).map(|period| period.end)
    }

    /// The period to be charged at `now`, once the present one is over: the one that lasts now. Those in between are passed over.
    pub fn next_period(&self, now: UnixMicros) -> Option<i64> {
        let lasting = self.periods.number_at(now, self.zone)?;
        Some(lasting.max(self.period.checked_add(1)?))
    }

    /// Decides what is due at `now`. Asked twice it says the same, and after what it says was done it says something else.
    pub fn due(&self, now: UnixMicros, retries: Retries<'_>) -> Due {
        match self.state {
            State::Cancelled | State::Expired => Due::Nothing(None),
            State::Pending => match self.waits_until {
                Some(until) if until <= now => Due::End(Event::GiveUp),
                until => Due::Nothing(until),
            },
            State::PastDue => {
                let next = self.unpaid.and_then(|unpaid| retries.next(unpaid));
                match (next, self.next_period(now)) {
                    // The schedule has become shorter, or the calendar is at its end.
                    (None, _) | (_, None) => Due::End(Event::GiveUp),
                    (Some(next), _) if now < next => Due::Nothing(Some(next)),
                    (Some(_), Some(period)) => Due::Charge(period),
                }
            }
            State::Trialing | State::Active | State::Ending => {
                let Some(ends_at) = self.ends_at() else { return Due::Nothing(None) };
                if now < ends_at {
                    return Due::Nothing(Some(ends_at));
                }
                let is_trial = self.period < 0;
                match self.state {
                    State::Ending => Due::End(Event::PeriodOver),
                    State::Active if !self.is_recurring && !is_trial => Due::End(Event::PeriodOver),
                    _ => self.next_period(now).map_or(Due::End(Event::GiveUp), Due::Charge),
                }
            }
        }
    }
}
