//! The present as the state machine is told it. It never looks at a clock.

use tollgate_engine::time::UnixMicros;

/// One moment by the three clocks that a process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// A time that never jumps. Every span is measured by it: pauses, time-outs, throughput, breakers.
    pub steady: UnixMicros,
    /// The date that is written down, and by which prices hold.
    pub date: UnixMicros,
    /// The date by which validities end and scheduled messages are due. It stands still while the wall clock is in
    /// doubt, and goes back or forward once it is believed again.
    pub due: UnixMicros,
}

impl Now {
    /// The time until a date by a clock that is not in doubt, as a moment of the time that never jumps.
    pub(crate) fn steady_at(self, date: UnixMicros) -> UnixMicros {
        let left = date.0.saturating_sub(self.due.0);
        // A clock in doubt stands still, and its dates would be looked for again and again.
        let is_in_doubt = self.due != self.date;
        let pause = if left > 0 && is_in_doubt { left.max(LOOK_IN_DOUBT_MICROS) } else { left };
        UnixMicros(self.steady.0.saturating_add(pause))
    }
}

/// The shortest time between two looks at dates while the clock is in doubt.
const LOOK_IN_DOUBT_MICROS: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_doubt_is_not_asked_without_end() {
        let sure = Now { steady: UnixMicros(5), date: UnixMicros(100), due: UnixMicros(100) };
        assert_eq!(sure.steady_at(UnixMicros(101)), UnixMicros(6));
        assert_eq!(sure.steady_at(UnixMicros(99)), UnixMicros(5));
        let in_doubt = Now { date: UnixMicros(900), ..sure };
        assert_eq!(in_doubt.steady_at(UnixMicros(101)), UnixMicros(1_000_005));
        assert_eq!(in_doubt.steady_at(UnixMicros(100)), UnixMicros(5));
    }
}
