//! The judgement of the wall clock. Both clocks are arguments.
//!
//! The monotonic clock never jumps and says nothing of the date; the wall clock says the date and can be set
//! by anybody. So the time that is believed goes by the wall clock as long as both go alike. Where the wall
//! clock jumps, the believed time goes on by the monotonic clock from where it was, and deadlines stand still:
//! until the wall clock is back where it was, or has gone like the monotonic clock for long enough, or an
//! operator says that it is right.
//!
//! A start has no earlier look to compare with. It believes the wall clock's date, as there is no other, but
//! where that is behind the last commit or far ahead of it deadlines stand still as well.

use tollgate_engine::time::UnixMicros;

/// Two looks at both clocks may differ by so much; NTP slews less, and sets a clock that is further off.
const JUMP_MICROS: u64 = 2_000_000;

/// A start may come so long after the last commit without a doubt: an hour.
const STOPPED_MAX_MICROS: u64 = 3_600_000_000;

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Microseconds since 1970.
    pub wall: UnixMicros,
    /// Microseconds since some moment of this process.
    pub monotonic: u64,
}

/// The judgement of the wall clock, and the time that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The believed time less the monotonic clock.
    offset: i64,
    /// The time for which a clock that jumped has to go like the monotonic one.
    wait_micros: u64,
    doubt: Option<Doubt>,
}

/// A wall clock that is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The reason of the doubt.
    pub reason: Reason,
    /// The wall clock less the monotonic one.
    offset: i64,
    /// The wall clock has gone like the monotonic one since then.
    steady_since: u64,
    /// The time at which deadlines stand still.
    pub due: UnixMicros,
}

/// The reason for which a wall clock is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It jumped while the process ran.
    Jump,
    /// The process started at a time before the last commit.
    StartBehind,
    /// The process started long after the last commit.
    StartAhead,
}

/// The news of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The wall clock jumped by so many microseconds, and is not believed.
    Jumped(i64),
    /// It is back where it was, and believed.
    Back,
    /// It has stood, and is believed; the believed time changes by so many microseconds.
    Stood(i64),
}

impl Look {
    fn offset(self) -> i64 {
        signed(self.wall.0).saturating_sub(signed(self.monotonic))
    }
}

impl Trust {
    /// The trust of a process that starts now, given the time of the last commit, if there was one.
    pub fn begin(look: Look, last_commit: Option<UnixMicros>, wait_micros: u64) -> Self {
        let offset = look.offset();
        let reason = last_commit.and_then(|last| match (look.wall, last) {
            (wall, last) if wall < last => Some(Reason::StartBehind),
            (wall, last) if wall.0 - last.0 > STOPPED_MAX_MICROS => Some(Reason::StartAhead),
            _ => None,
        });
        let due = last_commit.unwrap_or_default().min(look.wall);
        let doubt = reason.map(|reason| Doubt { reason, offset, steady_since: look.monotonic, due });
        Self { offset, wait_micros, doubt }
    }

    /// Compares both clocks.
    pub fn look(&mut self, look: Look) -> Option<News> {
        let offset = look.offset();
        let by = offset.saturating_sub(self.offset);
        match &mut self.doubt {
            None if is_alike(offset, self.offset) => {
                self.offset = offset;
                None
            }
            None => {
                let due = self.now(look.monotonic);
                let (reason, steady_since) = (Reason::Jump, look.monotonic);
                self.doubt = Some(Doubt { reason, offset, steady_since, due });
                Some(News::Jumped(by))
            }
            // Both clocks say again what they said before the jump.
            Some(doubt) if doubt.reason == Reason::Jump && is_alike(offset, self.offset) => {
                (self.offset, self.doubt) = (offset, None);
                Some(News::Back)
            }
            Some(doubt) if !is_alike(offset, doubt.offset) => {
                let by = offset.saturating_sub(doubt.offset);
                (doubt.offset, doubt.steady_since) = (offset, look.monotonic);
                if doubt.reason != Reason::Jump {
                    // The date of a start is corrected: there was nothing to believe in its place.
                    self.offset = offset;
                }
                Some(News::Jumped(by))
            }
            Some(doubt) => {
                doubt.offset = offset;
                if doubt.reason != Reason::Jump {
                    self.offset = offset;
                }
                let stood = look.monotonic.saturating_sub(doubt.steady_since);
                if stood < self.wait_micros {
                    return None;
                }
                (self.offset, self.doubt) = (offset, None);
                Some(News::Stood(by))
            }
        }
    }

    /// Believes the wall clock as it is, because somebody says that it is right; the change of the believed time,
    /// `None` if it was believed already.
    pub fn believe(&mut self, look: Look) -> Option<i64> {
        self.look(look);
        self.doubt.take()?;
        let by = look.offset().saturating_sub(self.offset);
        self.offset = look.offset();
        Some(by)
    }

    /// The believed time.
    pub fn now(&self, monotonic: u64) -> UnixMicros {
        UnixMicros(u64::try_from(signed(monotonic).saturating_add(self.offset)).unwrap_or(0))
    }

    /// The time by which deadlines have passed: that which is believed, and while the clock is in doubt, that
    /// at which the doubt began.
    pub fn due(&self, monotonic: u64) -> UnixMicros {
        self.doubt.map_or_else(|| self.now(monotonic), |doubt| doubt.due)
    }

    /// The doubt, while the wall clock is not believed.
    pub fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }

    /// The time after which the clock is believed if it goes on as it does; `None` while it is believed.
    pub fn left_micros(&self, monotonic: u64) -> Option<u64> {
        let until = self.doubt?.steady_since.saturating_add(self.wait_micros);
        Some(until.saturating_sub(monotonic))
    }
}

fn is_alike(offset: i64, other: i64) -> bool {
    offset.abs_diff(other) <= JUMP_MICROS
}

fn signed(micros: u64) -> i64 {
    i64::try_from(micros).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;
    const DAY: u64 = 86_400 * SECOND;
    const NOON: u64 = 1_795_176_000 * SECOND;
    const TRUST: u64 = 600 * SECOND;

    /// Both clocks, which a test moves.
    struct Clocks {
        monotonic: u64,
        wall: u64,
        trust: Trust,
    }

    impl Clocks {
        fn start(wall: u64, last_commit: Option<u64>) -> Self {
            let look = Look { wall: UnixMicros(wall), monotonic: 7 };
            let trust = Trust::begin(look, last_commit.map(UnixMicros), TRUST);
            Self { monotonic: 7, wall, trust }
        }

        fn look(&mut self) -> Option<News> {
            self.trust.look(Look { wall: UnixMicros(self.wall), monotonic: self.monotonic })
        }

        fn pass(&mut self, micros: u64) -> Option<News> {
            self.monotonic += micros;
            self.wall += micros;
            self.look()
        }

        fn step(&mut self, micros: i64) -> Option<News> {
            self.wall = self.wall.checked_add_signed(micros).unwrap();
            self.look()
        }

        fn now(&self) -> u64 {
            self.trust.now(self.monotonic).0
        }

        fn due(&self) -> u64 {
            self.trust.due(self.monotonic).0
        }
    }

    #[test]
    fn a_clock_that_goes_like_the_other_is_believed() {
        let mut clocks = Clocks::start(NOON, None);
        for _ in 0..100 {
            // Slewed by NTP, a little faster than it should.
            assert_eq!((clocks.pass(SECOND), clocks.step(500)), (None, None));
        }
        assert_eq!((clocks.now(), clocks.due()), (clocks.wall, clocks.wall));
    }

    #[test]
    fn a_jump_that_goes_back_moves_nothing() {
        for days in [5, -5] {
            let step = days * i64::try_from(DAY).unwrap();
            let mut clocks = Clocks::start(NOON, Some(NOON - SECOND));
            clocks.pass(60 * SECOND);
            assert_eq!(clocks.step(step), Some(News::Jumped(step)));
            assert_eq!(clocks.pass(3 * SECOND), None);
            assert_eq!(clocks.now(), NOON + 63 * SECOND, "by the monotonic clock");
            assert_eq!(clocks.due(), NOON + 60 * SECOND, "deadlines stand still");
            assert_eq!(clocks.step(-step), Some(News::Back));
            assert_eq!((clocks.now(), clocks.due()), (NOON + 63 * SECOND, NOON + 63 * SECOND));
            assert_eq!(clocks.trust.doubt(), None);
        }
    }

    #[test]
    fn a_clock_that_stood_is_believed() {
        for days in [2, -2] {
            let step = days * i64::try_from(DAY).unwrap();
            let mut clocks = Clocks::start(NOON, None);
            clocks.step(step);
            assert_eq!(clocks.pass(TRUST - SECOND), None);
            assert_eq!(clocks.now(), NOON + TRUST - SECOND);
            assert_eq!(clocks.trust.left_micros(clocks.monotonic), Some(SECOND));
            assert_eq!(clocks.pass(SECOND), Some(News::Stood(step)));
            assert_eq!((clocks.now(), clocks.due()), (clocks.wall, clocks.wall));
            assert_eq!(clocks.wall, (NOON + TRUST).checked_add_signed(step).unwrap());
        }
    }

    #[test]
    fn each_jump_begins_the_wait_anew() {
        let mut clocks = Clocks::start(NOON, None);
        clocks.step(100 * 1_000_000);
        clocks.pass(TRUST - SECOND);
        assert_eq!(clocks.step(50 * 1_000_000), Some(News::Jumped(50 * 1_000_000)));
        assert_eq!(clocks.pass(TRUST - SECOND), None);
        assert_eq!(clocks.pass(SECOND), Some(News::Stood(150 * 1_000_000)));
    }

    #[test]
    fn somebody_may_say_that_the_clock_is_right() {
        let mut clocks = Clocks::start(NOON, None);
        let look = |clocks: &Clocks| Look { wall: UnixMicros(clocks.wall), monotonic: clocks.monotonic };
        assert_eq!(clocks.trust.clone().believe(look(&clocks)), None, "it is believed");
        clocks.step(-3_600_000_000);
        let at = look(&clocks);
        assert_eq!(clocks.trust.believe(at), Some(-3_600_000_000));
        assert_eq!((clocks.now(), clocks.due()), (clocks.wall, clocks.wall));
        assert_eq!(clocks.pass(SECOND), None);
    }

    #[test]
    fn a_start_is_compared_with_the_last_commit() {
        let doubts = [
            (None, None),
            (Some(NOON), None),
            (Some(NOON - STOPPED_MAX_MICROS), None),
            (Some(NOON + 1), Some(Reason::StartBehind)),
            (Some(NOON - STOPPED_MAX_MICROS - 1), Some(Reason::StartAhead)),
        ];
        for (last, reason) in doubts {
            let mut clocks = Clocks::start(NOON, last);
            assert_eq!(clocks.trust.doubt().map(|doubt| doubt.reason), reason, "{last:?}");
            clocks.pass(SECOND);
            assert_eq!(clocks.now(), NOON + SECOND, "the date is that of the clock");
            let due = if reason.is_some() { last.unwrap_or_default().min(NOON) } else { NOON + SECOND };
            assert_eq!(clocks.due(), due, "{last:?}");
            let news = clocks.pass(TRUST);
            assert_eq!(news, reason.map(|_| News::Stood(0)));
            assert_eq!(clocks.due(), NOON + SECOND + TRUST);
        }
    }

    #[test]
    fn a_start_with_a_wrong_date_is_corrected() {
        // A machine without a battery: NTP sets the clock a moment later.
        let mut clocks = Clocks::start(1_000, Some(NOON));
        clocks.pass(SECOND);
        let step = i64::try_from(NOON + DAY).unwrap();
        assert_eq!(clocks.step(step), Some(News::Jumped(step)));
        assert_eq!(clocks.now(), clocks.wall, "the date is that of the clock");
        assert_eq!(clocks.due(), 1_000, "and still in doubt");
        assert_eq!(clocks.pass(TRUST), Some(News::Stood(0)));
    }
}
