//! The activity of a bind, for those who ask who is connected, and their order that it should end.
//!
//! The session counts for itself and shows its counts once for each read of the socket and each round of answers, so that
//! nothing is shared for each message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::RequestOutcome;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// The activity of one bind, shared with those who look.
#[derive(Debug, Default)]
pub struct BindActivity {
    messages: AtomicU64,
    in_flight: AtomicU32,
    last_at: AtomicU64,
    /// Messages of the second of the last message, and of the one with messages before it.
    seconds: [AtomicU64; 2],
    leaving: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

/// The activity at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BindView {
    /// Messages that were submitted, accepted or not.
    pub messages: u64,
    /// Requests without an answer.
    pub in_flight: u32,
    /// Messages in the last whole second.
    pub per_second: u32,
    /// The time of the last message; `None` before the first.
    pub last_at: Option<UnixMicros>,
}

/// The counts of the session itself.
#[derive(Debug)]
pub struct ActivityCounts {
    shared: Arc<BindActivity>,
    messages: u64,
    in_flight: u32,
    last_at: u64,
    second: Second,
    before: Second,
}

/// Messages within a second of the clock. Numbers of seconds have 32 bits until the year 2106.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Second {
    number: u32,
    messages: u32,
}

impl Second {
    fn packed(self) -> u64 {
        u64::from(self.number) << 32 | u64::from(self.messages)
    }

    fn unpacked(packed: u64) -> Self {
        let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
        Self { number: half(packed >> 32), messages: half(packed) }
    }

    fn number_of(micros: u64) -> u32 {
        u32::try_from(micros / MICROS_PER_SECOND).unwrap_or(u32::MAX)
    }
}

impl BindActivity {
    /// The activity as the session has shown it last.
    pub fn view(&self, now: UnixMicros) -> BindView {
        let [second, before] = [0, 1]
            .map(|place: usize| self.seconds.get(place).map_or(0, |second| second.load(Ordering::Relaxed)));
        let last = Second::number_of(now.0).wrapping_sub(1);
        let mut seconds = [second, before].map(Second::unpacked).into_iter();
        let last_at = self.last_at.load(Ordering::Relaxed);
        BindView {
            messages: self.messages.load(Ordering::Relaxed),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            per_second: seconds.find(|second| second.number == last).map_or(0, |second| second.messages),
            last_at: (last_at > 0).then_some(UnixMicros(last_at)),
        }
    }

    /// Has the session end well: what it owes is answered, then it unbinds.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
        if let Some(waker) = self.waker.lock().take() {
            waker.wake();
        }
    }

    /// Ready once the session is to end.
    pub fn poll_leave(&self, cx: &mut Context<'_>) -> Poll<()> {
        {
            let mut waker = self.waker.lock();
            if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                *waker = Some(cx.waker().clone());
            }
        }
        // Looked at behind the waker: whoever orders it meanwhile finds the waker.
        if self.leaving.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl ActivityCounts {
    /// The counts of a session that has done nothing yet.
    pub fn new(shared: Arc<BindActivity>) -> Self {
        let (second, before) = (Second::default(), Second::default());
        Self { shared, messages: 0, in_flight: 0, last_at: 0, second, before }
    }

    /// The part that others see.
    pub fn shared(&self) -> &BindActivity {
        &self.shared
    }

    /// Counts a message.
    pub fn submitted(&mut self, now: u64, outcome: RequestOutcome) {
        self.messages += 1;
        self.last_at = now;
        let number = Second::number_of(now);
        if number != self.second.number {
            self.before = std::mem::replace(&mut self.second, Second { number, messages: 0 });
        }
        self.second.messages = self.second.messages.saturating_add(1);
        self.asked(outcome);
    }

    /// Counts a request that may wait for its answer.
    pub fn asked(&mut self, outcome: RequestOutcome) {
        self.in_flight += u32::from(outcome == RequestOutcome::Pending);
    }

    /// Counts answers to requests that waited, and shows what is counted.
    pub fn answered(&mut self, answers: usize) {
        self.in_flight = self.in_flight.saturating_sub(u32::try_from(answers).unwrap_or(u32::MAX));
        self.show();
    }

    /// Shows what is counted.
    pub fn show(&self) {
        let shared = &*self.shared;
        shared.messages.store(self.messages, Ordering::Relaxed);
        shared.in_flight.store(self.in_flight, Ordering::Relaxed);
        shared.last_at.store(self.last_at, Ordering::Relaxed);
        for (place, second) in shared.seconds.iter().zip([self.second, self.before]) {
            place.store(second.packed(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    const REFUSED: RequestOutcome = RequestOutcome::Refused(1);
    const START: u64 = 1_764_000_000_000_000;

    fn at(millis: u64) -> u64 {
        START + millis * 1_000
    }

    #[test]
    fn what_a_bind_does_is_seen_once_it_is_shown() {
        let shared = Arc::new(BindActivity::default());
        let mut counts = ActivityCounts::new(Arc::clone(&shared));
        counts.submitted(at(100), RequestOutcome::Pending);
        counts.submitted(at(200), RequestOutcome::Pending);
        counts.submitted(at(300), REFUSED);
        assert_eq!(shared.view(UnixMicros(at(400))), BindView::default());
        counts.asked(RequestOutcome::Pending);
        counts.show();
        let last_at = Some(UnixMicros(at(300)));
        let view = BindView { messages: 3, in_flight: 3, per_second: 0, last_at };
        assert_eq!(shared.view(UnixMicros(at(900))), view, "the second is not over");
        assert_eq!(shared.view(UnixMicros(at(1_100))), BindView { per_second: 3, ..view });
        assert_eq!(shared.view(UnixMicros(at(2_100))), view, "and now it is long over");
        counts.submitted(at(1_500), RequestOutcome::Pending);
        counts.answered(4);
        let view = shared.view(UnixMicros(at(1_600)));
        assert_eq!((view.per_second, view.in_flight, view.messages), (3, 0, 4));
        assert_eq!(shared.view(UnixMicros(at(2_000))).per_second, 1);
    }

    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_session_that_sleeps_is_woken_to_leave() {
        let (shared, woken) = (BindActivity::default(), Arc::new(Woken(AtomicUsize::new(0))));
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        assert!(shared.poll_leave(&mut cx).is_pending() && shared.poll_leave(&mut cx).is_pending());
        shared.leave();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(shared.poll_leave(&mut cx).is_ready());
    }
}
