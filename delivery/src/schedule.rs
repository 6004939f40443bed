//! The one schedule of everything that is done at a time: pauses before new tries, ends of validity, time-outs.
//!
//! Spans are kept by the time that never jumps, and dates as dates: they are compared with the date each time, so that a
//! wall clock that jumps changes when they are due and nothing has to be put elsewhere.

use std::collections::BTreeSet;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::now::Now;

/// Something to be done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A message that was put aside comes back.
    Retry(u64),
    /// The validity of a message ends.
    Expiry(u64),
    /// An unknown outcome is given up.
    Unknown(u64),
    /// A receipt has waited for its message.
    Unmatched(u64),
    /// An operator's throughput allows another message.
    Pace(OperatorNumber),
    /// A gateway is sent a receipt again.
    GatewayReceipt(AccountNumber, u64),
    /// Events that could not be made durable are tried again.
    Commit,
    /// Reads that failed are tried again.
    Read,
    /// The health of operators is looked at.
    Look,
    /// Scheduled messages on disk are due.
    Scheduled,
    /// Validities of messages on disk end.
    ExpiryOnDisk,
    /// Receipts that never came are looked for on disk.
    Overdue,
    /// The receipt of a message in memory has not come.
    ReceiptTimeout,
}

/// Everything that is to be done, by its time.
#[derive(Debug, Default)]
pub struct Schedule {
    spans: BTreeSet<(u64, Timer)>,
    dates: BTreeSet<(u64, Timer)>,
}

impl Schedule {
    /// To be done once a span is over.
    pub fn after(&mut self, at: UnixMicros, timer: Timer) {
        self.spans.insert((at.0, timer));
    }

    /// To be done at a date.
    pub fn at(&mut self, date: UnixMicros, timer: Timer) {
        self.dates.insert((date.0, timer));
    }

    /// Not to be done at the end of a span any more.
    pub fn cancel_after(&mut self, at: UnixMicros, timer: Timer) {
        self.spans.remove(&(at.0, timer));
    }

    /// Not to be done at a date any more.
    pub fn cancel_at(&mut self, date: UnixMicros, timer: Timer) {
        self.dates.remove(&(date.0, timer));
    }

    /// Takes out what is due, one thing at a time.
    pub fn take_due(&mut self, now: Now) -> Option<Timer> {
        let span = self.spans.first().filter(|(at, _)| *at <= now.steady.0);
        if span.is_some() {
            return self.spans.pop_first().map(|(_, timer)| timer);
        }
        let is_due = self.dates.first().is_some_and(|(at, _)| *at <= now.due.0);
        if is_due { self.dates.pop_first().map(|(_, timer)| timer) } else { None }
    }

    /// The time at which the next thing is due.
    pub fn next_due(&self, now: Now) -> Option<UnixMicros> {
        let span = self.spans.first().map(|(at, _)| UnixMicros(*at));
        let date = self.dates.first().map(|(at, _)| now.steady_at(UnixMicros(*at)));
        span.into_iter().chain(date).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(steady: u64, due: u64) -> Now {
        Now { steady: UnixMicros(steady), date: UnixMicros(due), due: UnixMicros(due) }
    }

    #[test]
    fn dates_follow_a_clock_that_jumps_and_spans_do_not() {
        let mut schedule = Schedule::default();
        schedule.after(UnixMicros(50), Timer::Retry(1));
        schedule.at(UnixMicros(1_000), Timer::Expiry(2));
        assert_eq!(schedule.next_due(now(0, 900)), Some(UnixMicros(50)));
        assert_eq!(schedule.take_due(now(49, 999)), None);
        assert_eq!(schedule.take_due(now(50, 10)), Some(Timer::Retry(1)));
        assert_eq!(schedule.next_due(now(50, 10)), Some(UnixMicros(1_040)), "the clock was set back");
        assert_eq!(schedule.take_due(now(51, 5_000)), Some(Timer::Expiry(2)), "and then forward");
        assert_eq!(schedule.next_due(now(51, 5_000)), None);
    }

    #[test]
    fn what_is_cancelled_is_not_done() {
        let mut schedule = Schedule::default();
        schedule.after(UnixMicros(1), Timer::Look);
        schedule.at(UnixMicros(1), Timer::Scheduled);
        schedule.cancel_after(UnixMicros(1), Timer::Look);
        schedule.cancel_at(UnixMicros(1), Timer::Scheduled);
        assert_eq!(schedule.take_due(now(9, 9)), None);
    }
}
