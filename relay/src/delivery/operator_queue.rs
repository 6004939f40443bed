//! The queue of one operator: its backlog, and the messages that are leased and ready for the next link with room.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::task::Waker;

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use tollgate_engine::breaker::{Breaker, BreakerConfig, BreakerState};
use tollgate_engine::health::{HealthSample, HealthWindow, ResponseKind};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::pace::Pace;
use tollgate_engine::routing::Condition;
use tollgate_engine::time::UnixMicros;

use super::attempt::Attempt;
use super::backlog::Backlog;
use super::country_breakers::CountryBreakers;
use super::link_status::LinkRegistry;
use super::metrics::OperatorMetrics;
use super::unknown_states::UnknownStates;
use super::wakers::note_waiting;
use tollgate_provisioning::ProvisionedOperator;

/// Messages that are leased ahead for an operator whose throughput is limited: what it takes in a tenth of a second.
const LEASED_AHEAD_PER_SECOND: u32 = 10;

/// Messages at hand for an operator that is tried out: what the breaker lets through in one round at most.
const PROBES: usize = 8;

/// Everything about one operator that outlives a reload.
#[derive(Debug)]
pub struct OperatorQueue {
    /// The operator's number on disk.
    pub number: OperatorNumber,
    /// The operator's code in files and metrics.
    pub code: Arc<str>,
    /// The messages whose first choice it is.
    pub backlog: Backlog,
    /// Breakers of the countries where it fails.
    pub countries: CountryBreakers,
    /// The status of its links, for the management API.
    pub link_registry: LinkRegistry,
    /// The metrics of the operator.
    pub metrics: OperatorMetrics,
    /// Words in its receipts that nobody knows.
    pub unknown_states: UnknownStates,
    /// The operator as provisioned; `None` where it no longer is.
    pub setup: ArcSwapOption<ProvisionedOperator>,
    available: AtomicBool,
    score: AtomicU8,
    in_flight: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Leased, in the order in which they go out.
    ready: VecDeque<Attempt>,
    /// Messages whose lease is on its way to disk.
    leasing: usize,
    pace: Pace,
    breaker: Breaker,
    health: HealthWindow,
    /// Links that are bound, and their windows in sum.
    links: u32,
    windows: u32,
    /// Links with nothing to send.
    idle: Vec<Waker>,
}

/// An operator's queue at one moment, for the management API.
#[derive(Clone, Copy, Debug)]
pub struct OperatorQueueView {
    /// True if messages are sent to the operator.
    pub is_available: bool,
    /// The number of bound links.
    pub links: u32,
    /// Their windows in sum.
    pub windows: u32,
    /// Messages without an answer.
    pub in_flight: u32,
    /// Messages that are leased, or about to be, and not sent yet.
    pub ready: usize,
    /// The state of the breaker.
    pub breaker: BreakerState,
    /// The health of the last minute.
    pub health: HealthSample,
}

/// The answer to a link that asks for messages.
#[derive(Debug)]
pub enum Taken {
    /// These, to be sent now.
    Messages(Vec<Attempt>),
    /// None are ready; the waker is called when there are.
    Nothing,
    /// Not before this time, in microseconds since 1970.
    NotBefore(u64),
}

impl State {
    /// Leases over this many are durable, or did not get there.
    fn end_leasing(&mut self, messages: usize) {
        let Some(leasing) = self.leasing.checked_sub(messages) else {
            unreachable!("{messages} leases came back of {} on their way to disk", self.leasing)
        };
        self.leasing = leasing;
    }
}

impl OperatorQueue {
    /// The queue of an operator with this number on disk.
    pub fn new(number: OperatorNumber, code: Arc<str>, capacity: usize, breaker: BreakerConfig) -> Self {
        let state = State {
            ready: VecDeque::new(),
            leasing: 0,
            pace: Pace::new(None),
            breaker: Breaker::new(breaker),
            health: HealthWindow::default(),
            links: 0,
            windows: 0,
            idle: Vec::new(),
        };
        Self {
            number,
            backlog: Backlog::new(number, capacity),
            countries: CountryBreakers::new(breaker),
            link_registry: LinkRegistry::default(),
            metrics: OperatorMetrics::new(&code),
            code,
            unknown_states: UnknownStates::default(),
            setup: ArcSwapOption::empty(),
            available: AtomicBool::new(false),
            score: AtomicU8::new(100),
            in_flight: AtomicUsize::new(0),
            state: Mutex::new(state),
        }
    }

    /// Takes over what the files say now; links are not touched.
    pub fn provision(&self, setup: Option<Arc<ProvisionedOperator>>) {
        let throughput = setup.as_ref().and_then(|setup| setup.smpp.throughput_per_second);
        self.state.lock().pace.set_rate(throughput);
        self.setup.store(setup);
    }

    /// The condition that routing looks at.
    pub fn condition(&self) -> Condition {
        Condition {
            available: self.available.load(Ordering::Relaxed),
            score: self.score.load(Ordering::Relaxed),
        }
    }

    /// The view for the management API.
    pub fn view(&self, now: UnixMicros) -> OperatorQueueView {
        let state = self.state.lock();
        OperatorQueueView {
            is_available: self.condition().available,
            links: state.links,
            windows: state.windows,
            in_flight: self.messages_in_flight(),
            ready: state.ready.len() + state.leasing,
            breaker: state.breaker.state(now),
            health: state.health.sample(now),
        }
    }

    /// Messages that may be leased for it now.
    pub fn room(&self) -> usize {
        let setup = self.setup.load();
        let throughput = setup.as_ref().and_then(|setup| setup.smpp.throughput_per_second);
        let state = self.state.lock();
        let ahead = throughput.map_or(u32::MAX, |rate| (rate / LEASED_AHEAD_PER_SECOND).max(1));
        let stock = state.windows.min(ahead) as usize;
        stock.saturating_sub(state.ready.len() + state.leasing)
    }

    /// The number of messages that the breaker wants to probe the operator with, while everything else goes elsewhere.
    pub fn probes(&self, now: UnixMicros) -> usize {
        let state = self.state.lock();
        let tries = state.links > 0 && state.breaker.state(now) == BreakerState::HalfOpen;
        if tries { PROBES.saturating_sub(state.ready.len() + state.leasing) } else { 0 }
    }

    /// Notes that leases over this many messages are on their way to disk.
    pub fn leasing(&self, messages: usize) {
        self.state.lock().leasing += messages;
    }

    /// Notes that leases over this many messages did not become durable.
    pub fn not_leased(&self, messages: usize) {
        self.state.lock().end_leasing(messages);
    }

    /// Notes that leases are durable: of `asked` messages these may be sent. Returns them where the operator takes none
    /// any more.
    pub fn leased(&self, asked: usize, messages: Vec<Attempt>, now: UnixMicros) -> Vec<Attempt> {
        let mut state = self.state.lock();
        state.end_leasing(asked);
        if state.links == 0 || state.breaker.state(now) == BreakerState::Open {
            return messages;
        }
        state.ready.extend(messages);
        for waker in state.idle.drain(..) {
            waker.wake();
        }
        Vec::new()
    }

    /// Messages for a link with this much room.
    pub fn take(&self, now: UnixMicros, room: usize, waker: &Waker) -> Taken {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let wanted = room.min(state.ready.len());
        if wanted == 0 {
            note_waiting(&mut state.idle, waker);
            return Taken::Nothing;
        }
        let granted = state.pace.take(now, u32::try_from(wanted).unwrap_or(u32::MAX)) as usize;
        if granted == 0 {
            return Taken::NotBefore(state.pace.next_at(now).0);
        }
        let mut messages = Vec::with_capacity(granted);
        while messages.len() < granted && state.breaker.admit(now) {
            let Some(attempt) = state.ready.pop_front() else { break };
            messages.push(attempt);
        }
        if messages.is_empty() {
            note_waiting(&mut state.idle, waker);
            return Taken::Nothing;
        }
        self.in_flight.fetch_add(messages.len(), Ordering::Relaxed);
        Taken::Messages(messages)
    }

    /// Notes that this many messages were taken and not sent after all.
    pub fn not_sent(&self, messages: usize) {
        self.count_out(messages);
    }

    /// Puts a message in front, to be sent to the operator again.
    pub fn put_back(&self, attempt: Attempt) {
        let mut state = self.state.lock();
        state.ready.push_front(attempt);
        for waker in state.idle.drain(..) {
            waker.wake();
        }
    }

    /// Notes the answers since the last call, each with the time that it took in microseconds.
    pub fn note(&self, now: UnixMicros, answers: &[(u64, ResponseKind)]) -> AvailabilityChange {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        for (latency_micros, kind) in answers {
            state.health.note_response(now, *latency_micros, *kind);
            match kind {
                ResponseKind::Accepted | ResponseKind::Permanent => {
                    state.breaker.success(now);
                    state.pace.speed_up(now);
                }
                // The operator works and asks for a slower pace.
                ResponseKind::Throttled => {
                    state.breaker.success(now);
                    state.pace.slow_down(now);
                }
                ResponseKind::Temporary | ResponseKind::Lost => state.breaker.failure(now),
            }
            self.metrics.answered(*kind, *latency_micros);
        }
        self.count_out(answers.len());
        self.review(state, now)
    }

    /// Notes a receipt that settled a message of this operator.
    pub fn note_receipt(&self, now: UnixMicros, delay_micros: u64, delivered: bool) {
        self.state.lock().health.note_receipt(now, delay_micros, delivered);
    }

    /// Notes that a link is bound.
    pub fn link_bound(&self, now: UnixMicros, window: u32) -> AvailabilityChange {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        state.links += 1;
        state.windows += window;
        state.health.note_bound(now, true);
        self.metrics.bound.set(f64::from(state.links));
        self.review(state, now)
    }

    /// Notes that a link is down.
    pub fn link_down(&self, now: UnixMicros, window: u32) -> AvailabilityChange {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let (links, windows) = (state.links.checked_sub(1), state.windows.checked_sub(window));
        let (Some(links), Some(windows)) = (links, windows) else {
            unreachable!("a link went down that had not been bound")
        };
        (state.links, state.windows) = (links, windows);
        self.metrics.bound.set(f64::from(state.links));
        if state.links == 0 {
            state.health.note_bound(now, false);
            // Once it is back it is probed before all messages are sent to it.
            state.breaker.trip(now);
        }
        self.review(state, now)
    }

    /// Reviews the breaker, whose state depends on the time, and samples the health of the last minute.
    pub fn look(&self, now: UnixMicros) -> (HealthSample, AvailabilityChange) {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        state.health.note_fill(now, self.messages_in_flight(), state.windows);
        let sample = state.health.sample(now);
        self.score.store(sample.score, Ordering::Relaxed);
        let change = self.review(state, now);
        if state.breaker.state(now) != BreakerState::Open {
            for waker in state.idle.drain(..) {
                waker.wake();
            }
        }
        (sample, change)
    }

    fn messages_in_flight(&self) -> u32 {
        u32::try_from(self.in_flight.load(Ordering::Relaxed)).unwrap_or(u32::MAX)
    }

    /// Messages are no longer with the operator, or without an answer.
    fn count_out(&self, messages: usize) {
        let before = self.in_flight.fetch_sub(messages, Ordering::Relaxed);
        assert!(before >= messages, "{messages} messages came back of {before} that were in flight");
    }

    fn review(&self, state: &mut State, now: UnixMicros) -> AvailabilityChange {
        let breaker = state.breaker.state(now);
        self.metrics.breaker_open.set(if breaker == BreakerState::Open { 1.0 } else { 0.0 });
        let available = state.links > 0 && breaker == BreakerState::Closed;
        let availability_changed = self.available.swap(available, Ordering::Relaxed) != available;
        let stranded = if state.links == 0 || breaker == BreakerState::Open {
            std::mem::take(&mut state.ready).into()
        } else {
            Vec::new()
        };
        AvailabilityChange { availability_changed, stranded }
    }
}

/// The consequences of a note.
#[derive(Debug)]
#[must_use = "what is stranded has to go elsewhere"]
pub struct AvailabilityChange {
    /// True if the operator has become available, or is no longer.
    pub availability_changed: bool,
    /// Messages that were ready for an operator that takes none any more.
    pub stranded: Vec<Attempt>,
}
