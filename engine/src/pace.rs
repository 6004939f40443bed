//! Smooth throughput towards an operator: a token bucket that answers when, and gives way to an operator that
//! throttles.
//!
//! **At its rate** a pace lets exactly the rate through in the long run, counted in whole numbers, and at no moment more
//! than 20 ms worth at once (always at least one message), so that an operator that counts per second sees no
//! bursts.
//!
//! **When the operator throttles** (ESME_RTHROTTLED, ESME_RMSGQFUL) nothing goes for 100 ms and then half the rate. Answers
//! to messages that were on their way before the pause are the same event and change nothing. Being throttled
//! again doubles the pause, up to five seconds, and halves the rate, down to one a second. Every second of
//! successes gives a tenth of the rate back, and the first one ends the doubling. A pace without a rate takes
//! what it lets through in a second for one while it has to give way, and forgets it at twice that much.

use crate::time::UnixMicros;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// Rates are kept in thousandths of a message per second, so that what comes back slowly is not rounded away.
const RATE_SCALE: u64 = 1_000;

/// A message, in what a rate of one such thousandth lets through per microsecond.
const MESSAGE: u64 = MICROS_PER_SECOND * RATE_SCALE;

/// The part of a second whose messages may go at once: 20 ms.
const BURSTS_PER_SECOND: u64 = 50;

const PAUSE_MIN_MICROS: u64 = 100_000;
const PAUSE_MAX_MICROS: u64 = 5_000_000;

/// Time in which successes give a whole rate back: ten seconds.
const RECOVERY_MICROS: u64 = 10 * MICROS_PER_SECOND;

/// Time without any success in between counts as so much at most: one answer after an hour is no hour of
/// successes.
const RECOVERY_STEP_MAX_MICROS: u64 = MICROS_PER_SECOND;

/// By how much the `now` of two callers may differ without the clock having been set back: one second.
const CLOCK_SKEW_MAX_MICROS: u64 = MICROS_PER_SECOND;

/// The pace of one operator.
#[derive(Clone, Debug)]
pub struct Pace {
    /// As configured, in thousandths; `None` for no limit.
    rate: Option<u64>,
    /// The messages that may go by now, in units of [`MESSAGE`].
    credit: u64,
    /// The time at which `credit` was worked out.
    counted_at: u64,
    lately: Lately,
    slowed: Option<Slowed>,
}

/// The rate to which the operator's throttling has brought it.
#[derive(Clone, Copy, Debug)]
struct Slowed {
    /// The rate that holds in place of the configured one, in thousandths.
    rate: u64,
    /// The rate that comes back: the one configured, or what went when it began.
    whole: u64,
    paused_until: u64,
    /// The pause that comes next.
    next_pause_micros: u64,
    recovered_at: u64,
}

/// The messages that went in this second and in the one before.
#[derive(Clone, Copy, Debug, Default)]
struct Lately {
    second: u64,
    messages: u64,
    before: u64,
}

impl Pace {
    /// So many messages per second; `None` for no limit. A rate of 0 is taken for 1.
    pub fn new(per_second: Option<u32>) -> Self {
        let mut pace = Self { rate: None, credit: 0, counted_at: 0, lately: Lately::default(), slowed: None };
        pace.set_rate(per_second);
        pace.credit = pace.effective().map_or(0, |rate| burst(rate) * MESSAGE);
        pace
    }

    /// Another rate from here on. An operator that throttles goes on doing so under it.
    pub fn set_rate(&mut self, per_second: Option<u32>) {
        let rate = per_second.map(|rate| u64::from(rate.max(1)) * RATE_SCALE);
        if rate == self.rate {
            return;
        }
        self.rate = rate;
        if let (Some(slowed), Some(rate)) = (&mut self.slowed, rate) {
            (slowed.rate, slowed.whole) = (slowed.rate.min(rate), rate);
        }
        self.credit = self.effective().map_or(0, |rate| self.credit.min(credit_max(rate)));
    }

    /// The number of the `wanted` messages that may go now; they count as gone.
    pub fn take(&mut self, now: UnixMicros, wanted: u32) -> u32 {
        let granted = if self.pause_left(now) > 0 { 0 } else { self.grant(now, wanted) };
        self.lately.note(now, granted);
        granted
    }

    fn grant(&mut self, now: UnixMicros, wanted: u32) -> u32 {
        let Some(rate) = self.effective() else {
            self.counted_at = now.0;
            return wanted;
        };
        let whole = (self.accrue(now, rate) / MESSAGE).min(burst(rate));
        let granted = u32::try_from(whole).unwrap_or(u32::MAX).min(wanted);
        self.credit -= u64::from(granted) * MESSAGE;
        granted
    }

    /// The time at which the next message may go; `now` or before where one may go at once.
    pub fn next_at(&self, now: UnixMicros) -> UnixMicros {
        let pause = self.pause_left(now);
        let wait = self.effective().map_or(0, |rate| {
            let missing = MESSAGE.saturating_sub(self.credit);
            let at = self.counted_at.saturating_add(missing.div_ceil(rate));
            // A clock that was set back does not make anybody wait for it to catch up.
            at.saturating_sub(now.0).min(missing.div_ceil(rate).saturating_add(PAUSE_MAX_MICROS))
        });
        UnixMicros(now.0.saturating_add(wait.max(pause)))
    }

    /// The operator throttles: nothing for a while, then half of what went.
    pub fn slow_down(&mut self, now: UnixMicros) {
        if self.pause_left(now) > 0 {
            return;
        }
        if let Some(rate) = self.effective() {
            self.accrue(now, rate);
        }
        let whole = self.rate.unwrap_or_else(|| self.lately.per_second(now) * RATE_SCALE);
        let slowed = self.slowed.get_or_insert(Slowed {
            rate: whole,
            whole,
            paused_until: 0,
            next_pause_micros: PAUSE_MIN_MICROS,
            recovered_at: 0,
        });
        slowed.rate = (slowed.rate / 2).max(RATE_SCALE);
        slowed.paused_until = now.0.saturating_add(slowed.next_pause_micros);
        slowed.next_pause_micros = (slowed.next_pause_micros * 2).min(PAUSE_MAX_MICROS);
        slowed.recovered_at = slowed.paused_until;
        // What was saved up before is not sent into the first moment after the pause, and neither is the
        // pause itself.
        (self.credit, self.counted_at) = (0, slowed.paused_until);
    }

    /// The operator took a message.
    pub fn speed_up(&mut self, now: UnixMicros) {
        if self.slowed.is_none() || self.pause_left(now) > 0 {
            return;
        }
        if let Some(rate) = self.effective() {
            self.accrue(now, rate);
        }
        let has_rate = self.rate.is_some();
        let Some(slowed) = &mut self.slowed else { return };
        let since = now.0.saturating_sub(slowed.recovered_at).min(RECOVERY_STEP_MAX_MICROS);
        let back = slowed.whole.saturating_mul(since) / RECOVERY_MICROS;
        if back > 0 {
            (slowed.rate, slowed.recovered_at) = (slowed.rate.saturating_add(back), now.0);
        }
        slowed.next_pause_micros = PAUSE_MIN_MICROS;
        let enough = if has_rate { slowed.whole } else { slowed.whole.saturating_mul(2) };
        if slowed.rate >= enough {
            self.slowed = None;
        }
    }

    /// True if the operator throttles, so that less goes than is configured.
    pub fn is_slowed(&self) -> bool {
        self.slowed.is_some()
    }

    /// The rate at present, in thousandths of a message per second; `None` for no limit.
    fn effective(&self) -> Option<u64> {
        self.slowed.map(|slowed| slowed.rate).or(self.rate)
    }

    /// Microseconds until something may go again. A pause that would be longer than the longest is one from a
    /// clock that was set back since.
    fn pause_left(&self, now: UnixMicros) -> u64 {
        let left = self.slowed.map_or(0, |slowed| slowed.paused_until.saturating_sub(now.0));
        if left > PAUSE_MAX_MICROS { 0 } else { left }
    }

    /// Works out what may go by now.
    fn accrue(&mut self, now: UnixMicros, rate: u64) -> u64 {
        if now.0 > self.counted_at || self.counted_at - now.0 > CLOCK_SKEW_MAX_MICROS {
            let since = now.0.saturating_sub(self.counted_at);
            let credit = self.credit.saturating_add(since.saturating_mul(rate));
            self.credit = if credit > credit_max(rate) { burst(rate) * MESSAGE } else { credit };
            self.counted_at = now.0;
        }
        self.credit
    }
}

/// The number of messages that may go at once.
fn burst(rate: u64) -> u64 {
    (rate / RATE_SCALE / BURSTS_PER_SECOND).max(1)
}

/// The most credit: a burst, and as much of the next message as comes in 20 ms, so that a caller who is late
/// by that loses nothing. Who comes later than that finds a burst.
fn credit_max(rate: u64) -> u64 {
    burst(rate) * MESSAGE + (rate * (MICROS_PER_SECOND / BURSTS_PER_SECOND)).min(MESSAGE - 1)
}

impl Lately {
    fn note(&mut self, now: UnixMicros, messages: u32) {
        let second = now.0 / MICROS_PER_SECOND;
        if second != self.second {
            let before = if second == self.second + 1 { self.messages } else { 0 };
            *self = Self { second, messages: 0, before };
        }
        self.messages += u64::from(messages);
    }

    /// The more of the two, and at least one.
    fn per_second(&self, now: UnixMicros) -> u64 {
        let second = now.0 / MICROS_PER_SECOND;
        let is_recent = second.abs_diff(self.second) <= 1;
        if is_recent { self.messages.max(self.before).max(1) } else { 1 }
    }
}

#[cfg(test)]
mod tests;
