//! The steps of delivery that are done by the clock.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock;
use tollgate_storage::delivery::{DeliveryBatch, DeliveryEvent, DeliveryResult};

use super::backlog::Backlog;
use super::effects::Effects;
use super::scheduler::DeliveryScheduler;

const SECOND: u64 = 1_000_000;
/// Interval of looks for messages whose validity period has ended, and at the health of operators.
const LOOK_EVERY: u64 = SECOND;
/// Interval of looks for scheduled messages that are due.
const DUE_EVERY: u64 = SECOND / 5;
/// Interval at which effects that could not be made durable are tried again.
const AGAIN_EVERY: u64 = SECOND / 10;
/// Interval of looks for messages whose receipt never came; a look reads all that wait for one.
const OVERDUE_EVERY: u64 = 600 * SECOND;
/// Messages of one look; what is left is found by the next.
const MESSAGES_MAX: usize = 1_000;

/// The time at which each step is to be done next.
#[derive(Debug)]
pub struct Deadlines {
    again: u64,
    look: u64,
    due: u64,
    overdue: u64,
    sample: u64,
}

impl Deadlines {
    /// With all steps due at `now` or a little after, by a clock that never jumps.
    pub fn new(now: UnixMicros) -> Self {
        Self {
            again: now.0,
            look: now.0,
            due: now.0,
            overdue: now.0 + OVERDUE_EVERY / 10,
            sample: now.0 + SECOND,
        }
    }

    /// Does the steps that are due. Intervals and time-outs go by `now`, which never jumps; what is on disk goes by
    /// the clock, and waits while that is in doubt.
    pub fn run_due(&mut self, scheduler: &Arc<DeliveryScheduler>, now: UnixMicros) {
        scheduler.give_up_unknowns(now);
        scheduler.release_leases();
        scheduler.match_by_address(now);
        if is_due(&mut self.again, now, AGAIN_EVERY) {
            for effects in scheduler.take_uncommitted() {
                scheduler.commit(effects);
            }
        }
        if is_due(&mut self.due, now, DUE_EVERY) {
            scheduler.release_scheduled(clock::due());
        }
        if is_due(&mut self.look, now, LOOK_EVERY) {
            scheduler.expire(clock::due());
            scheduler.look_at_health(now, false);
            scheduler.long_message_routes.prune(now.0);
        }
        if is_due(&mut self.sample, now, u64::from(scheduler.settings.health_sample_seconds) * SECOND) {
            scheduler.look_at_health(now, true);
        }
        if is_due(&mut self.overdue, now, OVERDUE_EVERY)
            && scheduler.give_up_receipts(clock::due()) == MESSAGES_MAX
        {
            // There are more, which the next look finds once these are settled.
            self.overdue = now.0 + SECOND;
        }
    }
}

fn is_due(at: &mut u64, now: UnixMicros, every: u64) -> bool {
    let due = now.0 >= *at;
    if due {
        *at = now.0 + every;
    }
    due
}

impl DeliveryScheduler {
    fn give_up_unknowns(self: &Arc<Self>, now: UnixMicros) {
        let mut effects = Effects::default();
        while let Some(unknown_outcome) = self.unknown_outcomes.take_due(now.0) {
            self.time_out_unknown(unknown_outcome.attempt, unknown_outcome.operator, &mut effects);
        }
        self.metrics
            .unknown_outcome
            .set(f64::from(u32::try_from(self.unknown_outcomes.count()).unwrap_or(u32::MAX)));
        if !effects.is_empty() {
            self.commit(effects);
        }
    }

    fn release_leases(self: &Arc<Self>) {
        let done = self.leases.take_done();
        if !done.is_empty() {
            let events = done.into_iter().map(|lease| DeliveryEvent::Released { lease }).collect();
            self.commit(Effects { events, leases: Vec::new(), acks: None });
        }
    }

    fn release_scheduled(self: &Arc<Self>, now: UnixMicros) {
        if self.is_releasing.load(Ordering::Acquire) {
            return;
        }
        match self.store.queue().next_scheduled() {
            Ok(Some(at)) if at <= now => {}
            Ok(_) => return,
            Err(error) => return tracing::error!(%error, "scheduled messages cannot be read"),
        }
        let at_most = u32::try_from(MESSAGES_MAX).unwrap_or(u32::MAX);
        let events = vec![DeliveryEvent::Due { until: now, at_most }];
        let scheduler = Arc::clone(self);
        self.is_releasing.store(true, Ordering::Release);
        let done = Box::new(move |result| {
            scheduler.is_releasing.store(false, Ordering::Release);
            if matches!(result, DeliveryResult::Durable(_)) {
                // Backlogs have the messages already. A page may wait to be read, and more messages may be due.
                scheduler.wake();
            }
        });
        self.submit(DeliveryBatch { events, done });
    }

    /// Fails messages whose own validity period has ended. Those without one are looked at when they leave their backlog.
    fn expire(self: &Arc<Self>, now: UnixMicros) {
        let due = match self.store.queue().due_expiries(now, MESSAGES_MAX) {
            Ok(due) => due,
            Err(error) => return tracing::error!(%error, "messages that expire cannot be read"),
        };
        let events: Vec<_> = due
            .into_iter()
            .map(|(_, key)| DeliveryEvent::Failed {
                key,
                row: None,
                outcome: Outcome::Expired,
                error: 0,
                operator: None,
                attempts: 0,
                tried: Vec::new(),
            })
            .collect();
        if !events.is_empty() {
            self.commit(Effects { events, leases: Vec::new(), acks: None });
        }
    }

    fn look_at_health(self: &Arc<Self>, now: UnixMicros, keep: bool) {
        let mut events = Vec::new();
        for operator_queue in self.operator_queues().iter() {
            let (sample, change) = operator_queue.look(now);
            self.apply(change);
            let open = u32::try_from(operator_queue.countries.open(now)).unwrap_or(u32::MAX);
            operator_queue.metrics.countries_open.set(f64::from(open));
            operator_queue.metrics.health(&sample, self.waiting(&operator_queue.backlog, keep));
            if keep && operator_queue.setup.load().is_some() {
                events.push(DeliveryEvent::Health {
                    operator: operator_queue.number,
                    at: clock::now(),
                    sample,
                });
            }
        }
        if !events.is_empty() {
            // A sample that is lost does no harm.
            self.submit(DeliveryBatch { events, done: Box::new(|_| ()) });
        }
    }

    /// The number of messages that wait for an operator. Those on disk only are counted now and then, as it takes a read.
    fn waiting(&self, backlog: &Backlog, count_all: bool) -> Option<u64> {
        match backlog.len() {
            (in_memory, false) => Some(in_memory as u64),
            (in_memory, true) if count_all => {
                let all = self.store.queue().len_estimate(backlog.first_choice).unwrap_or_default();
                Some(all.max(in_memory as u64))
            }
            (_, true) => None,
        }
    }

    fn give_up_receipts(self: &Arc<Self>, now: UnixMicros) -> usize {
        let wait = u64::from(self.settings.receipt_timeout_hours) * 3_600 * SECOND;
        let before = UnixMicros(now.0.saturating_sub(wait));
        let overdue = self.store.upstream().overdue(before, MESSAGES_MAX).unwrap_or_else(|error| {
            tracing::error!(%error, "messages without a receipt cannot be read");
            Vec::new()
        });
        let timed_out = |(operator, place)| DeliveryEvent::ReceiptTimedOut { operator, place };
        let events: Vec<_> = overdue.into_iter().map(timed_out).collect();
        let count = events.len();
        if count > 0 {
            self.commit(Effects { events, leases: Vec::new(), acks: None });
        }
        count
    }
}
