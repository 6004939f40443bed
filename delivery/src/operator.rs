//! One operator: its backlog, what is leased and ready for its links, and how it fares.

use std::collections::{BTreeSet, VecDeque};

use tollgate_engine::breaker::{Breaker, BreakerConfig, BreakerState};
use tollgate_engine::health::{HealthSample, HealthWindow, ResponseKind};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::pace::Pace;
use tollgate_engine::routing::Condition;
use tollgate_engine::time::UnixMicros;

use crate::backlog::ClassQueue;
use crate::country_breakers::CountryBreakers;
use crate::effect::LeasedMessage;
use crate::input::LinkNumber;
use crate::message::CLASSES;
use crate::settings::OperatorSettings;

/// Messages are leased ahead for an operator whose throughput is limited: what it takes in a tenth of a second.
const LEASED_AHEAD_PER_SECOND: u32 = 10;
/// Messages at hand for an operator that is tried out: what the breaker lets through in one round at most.
const PROBES: u32 = 8;
/// A class that was passed over so many times has its turn, however urgent others are.
const PASSED_MAX: u32 = 16;

/// Everything about one operator that outlives a change of the configuration.
#[derive(Debug)]
pub struct Operator {
    /// Its number on disk.
    pub number: OperatorNumber,
    /// The operator as provisioned; `None` where it no longer is.
    pub settings: Option<OperatorSettings>,
    /// The messages whose first choice it is, by class.
    pub backlog: [ClassQueue; CLASSES as usize],
    /// Messages with another first choice that wait for room here, by class and id.
    pub standby: BTreeSet<(u8, u64)>,
    /// Leased, in the order in which they go out.
    pub ready: VecDeque<u64>,
    /// Messages whose lease is on its way to disk.
    pub leasing: u32,
    /// Messages that are about to be leased.
    pub gathered: Vec<LeasedMessage>,
    /// The pace at which it takes messages.
    pub pace: Pace,
    /// The time at which the pace is asked again; `None` if it is not waited for.
    pub paced_at: Option<UnixMicros>,
    /// Its links that are bound, in the order in which they came.
    pub links: Vec<LinkNumber>,
    /// The place in `links` from which the next link with room is looked for.
    pub next_link: usize,
    /// Breakers of the countries where it fails.
    pub countries: CountryBreakers,
    /// Times that each class was passed over since it had its turn.
    passed: [u32; CLASSES as usize],
    /// The windows of its links in sum.
    windows: u32,
    in_flight: u32,
    breaker: Breaker,
    health: HealthWindow,
    is_available: bool,
    score: u8,
}

/// The findings of a review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "messages may have to go elsewhere"]
pub struct Review {
    /// True if it has become available, false if it is so no longer; `None` where nothing has changed.
    pub availability: Option<bool>,
    /// True if it takes no messages at all, so that those that are ready have to go elsewhere.
    pub is_shut: bool,
    /// True if it is tried out.
    pub is_probed: bool,
}

/// An operator at one moment, for people.
#[derive(Clone, Copy, Debug)]
pub struct OperatorView {
    /// True if messages are sent to it.
    pub is_available: bool,
    /// Links that are bound.
    pub links: u32,
    /// Their windows in sum.
    pub windows: u32,
    /// Messages without an answer.
    pub in_flight: u32,
    /// Messages that are leased, or about to be, and not sent.
    pub ready: u32,
    /// The state of its breaker.
    pub breaker: BreakerState,
    /// Countries whose messages go elsewhere.
    pub open_countries: usize,
    /// Its health in the last minute.
    pub health: HealthSample,
}

impl Operator {
    /// An operator that was never seen.
    pub fn new(number: OperatorNumber, breaker: BreakerConfig) -> Self {
        Self {
            number,
            settings: None,
            backlog: std::array::from_fn(|_| ClassQueue::default()),
            standby: BTreeSet::new(),
            ready: VecDeque::new(),
            leasing: 0,
            gathered: Vec::new(),
            pace: Pace::new(None),
            paced_at: None,
            links: Vec::new(),
            next_link: 0,
            countries: CountryBreakers::new(breaker),
            passed: [0; CLASSES as usize],
            windows: 0,
            in_flight: 0,
            breaker: Breaker::new(breaker),
            health: HealthWindow::default(),
            is_available: false,
            score: 100,
        }
    }

    /// Takes over what is provisioned now; links are not touched.
    pub fn provision(&mut self, settings: Option<OperatorSettings>) {
        self.pace.set_rate(settings.and_then(|settings| settings.throughput_per_second));
        self.settings = settings;
    }

    /// The condition that routing looks at.
    pub fn condition(&self) -> Condition {
        Condition { available: self.is_available, score: self.score }
    }

    /// True if messages are sent to it.
    pub fn is_available(&self) -> bool {
        self.is_available
    }

    /// Messages that may be leased for it now.
    pub fn room(&self) -> u32 {
        let rate = self.settings.and_then(|settings| settings.throughput_per_second);
        let ahead = rate.map_or(u32::MAX, |rate| (rate / LEASED_AHEAD_PER_SECOND).max(1));
        self.windows.min(ahead).saturating_sub(self.at_hand())
    }

    /// The number of messages that the breaker wants to probe the operator with, while everything else goes elsewhere.
    pub fn probes(&self, now: UnixMicros) -> u32 {
        let is_tried = !self.links.is_empty() && self.breaker.state(now) == BreakerState::HalfOpen;
        if is_tried { PROBES.saturating_sub(self.at_hand()) } else { 0 }
    }

    /// Messages a second that it takes: those of its contract, or as many as it took lately where it is slower.
    pub fn capacity_per_second(&self, now: UnixMicros) -> u32 {
        let measured = self.health.sample(now).per_second.max(1);
        let rate = self.settings.and_then(|settings| settings.throughput_per_second);
        let is_slowed = self.pace.is_slowed() || self.in_flight >= self.windows;
        rate.map_or(measured, |rate| if is_slowed { rate.min(measured) } else { rate })
    }

    /// The class that has its turn: the most urgent that has a message, or one that was passed over for long.
    pub fn choose_class(&mut self, heads: &[Option<u64>; CLASSES as usize]) -> Option<(u8, u64)> {
        let waiting = || (0u8..).zip(heads).filter_map(|(class, head)| Some((class, (*head)?)));
        let passed = |class: u8| self.passed.get(usize::from(class)).copied().unwrap_or(0);
        let aged = waiting().filter(|(class, _)| passed(*class) >= PASSED_MAX);
        let chosen = aged.max_by_key(|(class, _)| passed(*class)).or_else(|| waiting().next())?;
        for (class, _) in waiting() {
            if let Some(count) = self.passed.get_mut(usize::from(class)) {
                *count = if class == chosen.0 { 0 } else { *count + 1 };
            }
        }
        Some(chosen)
    }

    /// True if a message may be written to one of its links now, by the breaker and by the pace; it then counts as sent.
    pub fn admit(&mut self, now: UnixMicros) -> bool {
        if self.pace.next_at(now) > now || !self.breaker.admit(now) {
            return false;
        }
        let is_granted = self.pace.take(now, 1) == 1;
        self.in_flight += u32::from(is_granted);
        is_granted
    }

    /// Notes an answer, with the time that it took.
    pub fn note_answer(&mut self, now: UnixMicros, latency_micros: u64, kind: ResponseKind) -> Review {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.health.note_response(now, latency_micros, kind);
        match kind {
            ResponseKind::Accepted | ResponseKind::Permanent => {
                self.breaker.success(now);
                self.pace.speed_up(now);
            }
            // The operator works and asks for a slower pace.
            ResponseKind::Throttled => {
                self.breaker.success(now);
                self.pace.slow_down(now);
            }
            ResponseKind::Temporary | ResponseKind::Lost => self.breaker.failure(now),
        }
        self.review(now)
    }

    /// Notes that a message that was written is with nobody, which says nothing of the operator.
    pub fn not_sent(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Notes a receipt that settled a message of this operator.
    pub fn note_receipt(&mut self, now: UnixMicros, delay_micros: u64, is_delivered: bool) {
        self.health.note_receipt(now, delay_micros, is_delivered);
    }

    /// Notes that a link is bound.
    pub fn link_up(&mut self, now: UnixMicros, link: LinkNumber, window: u32) -> Review {
        self.links.push(link);
        self.windows += window;
        self.health.note_bound(now, true);
        self.review(now)
    }

    /// Notes that a link is down.
    pub fn link_down(&mut self, now: UnixMicros, link: LinkNumber, window: u32) -> Review {
        self.links.retain(|other| *other != link);
        self.windows = self.windows.saturating_sub(window);
        if self.links.is_empty() {
            self.health.note_bound(now, false);
            // Once it is back it is probed before all messages are sent to it.
            self.breaker.trip(now);
        }
        self.review(now)
    }

    /// Samples the health of the last minute.
    pub fn look(&mut self, now: UnixMicros) -> HealthSample {
        self.health.note_fill(now, self.in_flight, self.windows);
        let sample = self.health.sample(now);
        self.score = sample.score;
        sample
    }

    /// Looks at the breaker, whose state depends on the time.
    pub fn review(&mut self, now: UnixMicros) -> Review {
        let breaker = self.breaker.state(now);
        let has_links = !self.links.is_empty();
        let is_available = has_links && breaker == BreakerState::Closed;
        let has_changed = std::mem::replace(&mut self.is_available, is_available) != is_available;
        Review {
            availability: has_changed.then_some(is_available),
            is_shut: !has_links || breaker == BreakerState::Open,
            is_probed: has_links && breaker == BreakerState::HalfOpen,
        }
    }

    /// The view for people.
    pub fn view(&self, now: UnixMicros) -> OperatorView {
        OperatorView {
            is_available: self.is_available,
            links: u32::try_from(self.links.len()).unwrap_or(u32::MAX),
            windows: self.windows,
            in_flight: self.in_flight,
            ready: self.at_hand(),
            breaker: self.breaker.state(now),
            open_countries: self.countries.open(now),
            health: self.health.sample(now),
        }
    }

    /// Messages that are leased, or about to be, and not sent.
    fn at_hand(&self) -> u32 {
        let waiting = self.ready.len() + self.gathered.len();
        self.leasing.saturating_add(u32::try_from(waiting).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_class_waits_for_ever() {
        let config = BreakerConfig {
            failures: 3,
            failure_percent: 50,
            minimum_responses: 3,
            open_for_micros: 1_000,
            open_for_max_micros: 8_000,
            probes: 1,
        };
        let mut operator = Operator::new(OperatorNumber(1), config);
        let mut turns = [0; 4];
        for _ in 0..1_000 {
            let (class, _) = operator.choose_class(&[Some(1), None, Some(2), Some(3)]).unwrap();
            turns[usize::from(class)] += 1;
        }
        assert_eq!(turns[1], 0);
        assert!(turns[0] > 800 && turns[2] >= 50 && turns[3] >= 50, "{turns:?}");
        assert_eq!(operator.choose_class(&[None; 4]), None);
    }
}
