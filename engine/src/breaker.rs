//! A circuit breaker: keeps messages from an operator that fails, tries it out again by and by, and lets it
//! come back without a stampede.
//!
//! **Closed**, everything goes. The breaker opens on a number of failures in a row, on a share of failures among the
//! latest answers once there are enough of them, or when it is [tripped](Breaker::trip).
//!
//! **Open**, nothing goes. Answers to messages that went before are late and change nothing; so do answers in a trial
//! in which no probe is unanswered.
//!
//! **Half open**, as soon as its time has passed: `probes` messages may be unanswered at once. When as many have succeeded,
//! twice as many may, and so on; after five such rounds (1, 2, 4, 8 and 16 for one probe) it closes. It also
//! closes when nothing failed for the longest opening time after a first success, as few messages may come
//! by. Any failure opens it again, for twice the time, up to the longest. Probes whose answers never come are
//! forgotten after that time, and the first round starts again.

use crate::time::UnixMicros;

/// The conditions under which a breaker opens, and the time for which it stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Failures in a row that open it; at least 1.
    pub failures: u32,
    /// Share of failures among the latest answers that opens it, in percent; above 100 never does.
    pub failure_percent: u8,
    /// Answers that there have to be before their share counts.
    pub minimum_responses: u32,
    /// For how long it opens the first time, in microseconds.
    pub open_for_micros: u64,
    /// For how long it opens at most, in microseconds.
    pub open_for_max_micros: u64,
    /// Messages that try it out in the first round; at least 1.
    pub probes: u32,
}

/// The state of a breaker: all, some or no messages go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// All of them.
    Closed,
    /// No message goes through.
    Open,
    /// A few, to try the operator out.
    HalfOpen,
}

impl BreakerState {
    /// The name in APIs, logs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// Number of times that the number of probes doubles before everything goes again.
const ROUNDS: u32 = 5;

/// The breaker of one operator.
#[derive(Clone, Debug)]
pub struct Breaker {
    config: BreakerConfig,
    phase: Phase,
    /// For how long it opens next.
    open_for_micros: u64,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed(Latest),
    Open { since: u64, until: u64 },
    HalfOpen(Trial),
}

/// The latest answers. Once there are twice as many as are needed, half of them are forgotten.
#[derive(Clone, Copy, Debug, Default)]
struct Latest {
    answers: u32,
    failures: u32,
    in_a_row: u32,
}

#[derive(Clone, Copy, Debug)]
struct Trial {
    round: u32,
    succeeded: u32,
    unanswered: u32,
    /// The time of the last probe.
    asked_at: u64,
    first_success_at: Option<u64>,
}

impl Breaker {
    /// A closed one.
    pub fn new(config: BreakerConfig) -> Self {
        let open_for_micros = config.open_for_micros;
        Self { config, phase: Phase::Closed(Latest::default()), open_for_micros }
    }

    /// The state at `now`.
    pub fn state(&self, now: UnixMicros) -> BreakerState {
        match self.phase {
            Phase::Closed(_) => BreakerState::Closed,
            // A clock that was set back to before it opened does not keep it open.
            Phase::Open { since, until } if (since..until).contains(&now.0) => BreakerState::Open,
            Phase::HalfOpen(trial) if self.is_over(&trial, now) => BreakerState::Closed,
            Phase::Open { .. } | Phase::HalfOpen(_) => BreakerState::HalfOpen,
        }
    }

    /// True if one message may go now. Its [`Self::success`] or [`Self::failure`] is then to follow.
    pub fn admit(&mut self, now: UnixMicros) -> bool {
        self.move_on(now);
        match &mut self.phase {
            Phase::Closed(_) => true,
            Phase::Open { .. } => false,
            Phase::HalfOpen(trial) => {
                let may = trial.unanswered < self.config.probes_in(trial.round);
                if may {
                    (trial.unanswered, trial.asked_at) = (trial.unanswered + 1, now.0);
                }
                may
            }
        }
    }

    /// The operator took a message, or refused it for a reason that is the message's own.
    pub fn success(&mut self, now: UnixMicros) {
        self.move_on(now);
        match &mut self.phase {
            Phase::Closed(latest) => {
                latest.note(false, self.config.minimum_responses);
                latest.in_a_row = 0;
            }
            Phase::HalfOpen(trial) if trial.unanswered > 0 => {
                (trial.unanswered, trial.succeeded) = (trial.unanswered - 1, trial.succeeded + 1);
                trial.first_success_at.get_or_insert(now.0);
                if trial.succeeded >= self.config.probes_in(trial.round) {
                    (trial.round, trial.succeeded) = (trial.round + 1, 0);
                }
                if trial.round >= ROUNDS {
                    self.reset();
                }
            }
            Phase::Open { .. } | Phase::HalfOpen(_) => {}
        }
    }

    /// A message failed for a reason that is the operator's, or was lost.
    pub fn failure(&mut self, now: UnixMicros) {
        self.move_on(now);
        match &mut self.phase {
            Phase::Closed(latest) => {
                latest.note(true, self.config.minimum_responses);
                latest.in_a_row = latest.in_a_row.saturating_add(1);
                if latest.is_too_much(&self.config) {
                    self.open(now);
                }
            }
            Phase::HalfOpen(trial) if trial.unanswered > 0 => self.open(now),
            Phase::Open { .. } | Phase::HalfOpen(_) => {}
        }
    }

    /// Opens whatever the answers were: the link is dead. One that is open stays so for the rest of its time.
    pub fn trip(&mut self, now: UnixMicros) {
        self.move_on(now);
        if !matches!(self.phase, Phase::Open { .. }) {
            self.open(now);
        }
    }

    /// Closes and forgets everything.
    pub fn reset(&mut self) {
        *self = Self::new(self.config);
    }

    /// Does what the time has brought: an open one is tried out, and a trial ends or starts again.
    fn move_on(&mut self, now: UnixMicros) {
        if self.state(now) == BreakerState::Closed {
            if !matches!(self.phase, Phase::Closed(_)) {
                self.reset();
            }
            return;
        }
        match &self.phase {
            Phase::Open { .. } if self.state(now) == BreakerState::HalfOpen => {
                self.phase = Phase::HalfOpen(Trial::new(now));
            }
            Phase::HalfOpen(trial) if trial.unanswered > 0 && self.has_passed(trial.asked_at, now) => {
                self.phase = Phase::HalfOpen(Trial::new(now));
            }
            _ => {}
        }
    }

    fn open(&mut self, now: UnixMicros) {
        let until = now.0.saturating_add(self.open_for_micros);
        self.phase = Phase::Open { since: now.0, until };
        let longest = self.config.open_for_max_micros.max(self.config.open_for_micros);
        self.open_for_micros = self.open_for_micros.saturating_mul(2).min(longest);
    }

    fn is_over(&self, trial: &Trial, now: UnixMicros) -> bool {
        trial.first_success_at.is_some_and(|at| self.has_passed(at, now))
    }

    /// True if the longest opening time has passed since then.
    fn has_passed(&self, since: u64, now: UnixMicros) -> bool {
        now.0.saturating_sub(since) >= self.config.open_for_max_micros.max(self.config.open_for_micros)
    }
}

impl BreakerConfig {
    fn probes_in(&self, round: u32) -> u32 {
        self.probes.max(1).saturating_mul(1 << round.min(ROUNDS))
    }
}

impl Latest {
    fn note(&mut self, is_failure: bool, enough: u32) {
        self.answers += 1;
        self.failures += u32::from(is_failure);
        if self.answers >= enough.max(1).saturating_mul(2) {
            (self.answers, self.failures) = (self.answers / 2, self.failures / 2);
        }
    }

    fn is_too_much(&self, config: &BreakerConfig) -> bool {
        let share = u64::from(self.failures) * 100;
        let is_enough = self.answers >= config.minimum_responses.max(1);
        self.in_a_row >= config.failures.max(1)
            || is_enough && share >= u64::from(config.failure_percent) * u64::from(self.answers)
    }
}

impl Trial {
    fn new(now: UnixMicros) -> Self {
        Self { round: 0, succeeded: 0, unanswered: 0, asked_at: now.0, first_success_at: None }
    }
}

#[cfg(test)]
mod tests;
