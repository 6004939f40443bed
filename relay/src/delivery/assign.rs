//! From a backlog to operators' queues: the operator that sends each message, and the lease that is durable before it
//! may be sent.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::routing::{Condition, Conditions, RouteAsk, RouteStage};
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::{due, now, steady};
use tollgate_storage::delivery::{DeliveryBatch, DeliveryEvent, DeliveryResult, EventOutcome};
use tollgate_storage::message::{Message, QueuedRow};

use super::attempt::Attempt;
use super::backlog::{Backlog, PAGE, PAGE_OCTETS};
use super::country_breakers::Mcc;
use super::effects::Effects;
use super::operator_queue::OperatorQueue;
use super::operator_queues::OperatorQueues;
use super::scheduler::DeliveryScheduler;
use crate::snapshot::Snapshot;

/// The largest number of messages in one lease.
const LEASE_MESSAGES_MAX: usize = 512;

/// The operator that a message is assigned to now.
enum Assignment {
    To(Arc<OperatorQueue>),
    /// Every operator that could take it was asked, or is down. Messages behind it may have others.
    Later,
}

/// Messages for one operator's queue, as they are gathered.
struct Batch {
    operator_queue: Arc<OperatorQueue>,
    room: usize,
    messages: Vec<Attempt>,
}

/// The condition of operators, where one that is probed counts as available as long as it wants more probes. Otherwise
/// it would get no messages and never be found available again, as its messages have long gone elsewhere.
struct ProbeConditions<'a> {
    operator_queues: &'a OperatorQueues,
    wanted: Vec<(OperatorNumber, usize)>,
}

impl<'a> ProbeConditions<'a> {
    fn of(operator_queues: &'a OperatorQueues, at: UnixMicros) -> Self {
        let wanted =
            operator_queues.iter().map(|operator_queue| (operator_queue.number, operator_queue.probes(at)));
        Self { operator_queues, wanted: wanted.filter(|(_, probes)| *probes > 0).collect() }
    }

    fn probes(&self, operator: OperatorNumber) -> usize {
        self.wanted.iter().find(|(number, _)| *number == operator).map_or(0, |(_, probes)| *probes)
    }

    fn take(&mut self, operator: OperatorNumber) {
        if let Some((_, probes)) = self.wanted.iter_mut().find(|(number, _)| *number == operator) {
            *probes = probes.saturating_sub(1);
        }
    }

    fn takes(&self, operator_queue: &OperatorQueue) -> bool {
        operator_queue.condition().available || self.probes(operator_queue.number) > 0
    }
}

/// The same for messages to one country, where an operator may fail while its messages to others succeed.
struct CountryConditions<'a> {
    probe_conditions: &'a ProbeConditions<'a>,
    country: Mcc,
    at: UnixMicros,
}

impl CountryConditions<'_> {
    fn takes(&self, operator_queue: &OperatorQueue) -> bool {
        self.probe_conditions.takes(operator_queue)
            && !operator_queue.countries.is_open(self.country, self.at)
    }
}

impl Conditions for CountryConditions<'_> {
    fn condition(&self, operator: OperatorNumber) -> Condition {
        let condition = self.probe_conditions.condition(operator);
        let operator_queue = self.probe_conditions.operator_queues.get(operator);
        let is_open = operator_queue
            .is_some_and(|operator_queue| operator_queue.countries.is_open(self.country, self.at));
        Condition { available: condition.available && !is_open, ..condition }
    }
}

impl Conditions for ProbeConditions<'_> {
    fn condition(&self, operator: OperatorNumber) -> Condition {
        let condition = self.operator_queues.condition(operator);
        Condition { available: condition.available || self.probes(operator) > 0, ..condition }
    }
}

/// The first choice while it takes messages and was not asked; else, and while another operator is probed, the one that
/// routing chooses.
fn assignment(
    snapshot: &Snapshot,
    probe_conditions: &ProbeConditions<'_>,
    first_choice: OperatorNumber,
    attempt: &Attempt,
    message: &Message<'_>,
    (at, date): (UnixMicros, UnixMicros),
) -> Assignment {
    let country_conditions = CountryConditions { probe_conditions, country: message.ticket.network.mcc, at };
    let own = snapshot
        .operator_queues
        .get(first_choice)
        .filter(|operator_queue| attempt.tried.is_empty() && country_conditions.takes(operator_queue));
    if let Some(operator_queue) = own.filter(|_| probe_conditions.wanted.is_empty()) {
        return Assignment::To(Arc::clone(operator_queue));
    }
    let (ticket, content) = (&message.ticket, &message.content);
    let network = snapshot.tables.networks.id(ticket.network);
    let account = snapshot.by_number(ticket.account);
    let chosen = network.and_then(|network| {
        let ask = RouteAsk {
            network,
            account: account.as_ref().map_or("", |account| &account.provisioned.account.id),
            source: ticket.source.digits,
            data_coding: content.data_coding,
            segments: ticket.segments,
            price: ticket.amount,
            currency: ticket.currency,
            now: date,
            spread: content.spread,
            tried: &attempt.tried,
            stage: RouteStage::Resend,
        };
        snapshot.routes.choose(&ask, &country_conditions).ok()
    });
    let chosen = chosen
        .and_then(|choice| snapshot.operator_queues.get(choice.operator))
        .filter(|operator_queue| country_conditions.takes(operator_queue));
    // Where routing knows no operator, as for a network that has left the files, the first choice may do all the same.
    chosen.or(own).map_or(Assignment::Later, |operator_queue| Assignment::To(Arc::clone(operator_queue)))
}

impl DeliveryScheduler {
    /// Moves messages out of a backlog until it is empty, or the operator that should take the next has no room.
    pub(crate) fn assign(self: &Arc<Self>, backlog: &Backlog) {
        let snapshot = self.snapshot.load_full();
        // Waits and breakers go by a clock that never jumps, prices by the date.
        let (at, date, due) = (steady(), now(), due());
        let mut probe_conditions = ProbeConditions::of(&snapshot.operator_queues, at);
        let mut batches: HashMap<OperatorNumber, Batch> = HashMap::new();
        let mut effects = Effects::default();
        loop {
            self.refill(backlog);
            let Some(attempt) = backlog.pop(at.0) else { break };
            let Some(message) = attempt.message() else {
                effects.fail(attempt, Outcome::Rejected, 0, None);
                continue;
            };
            if self.is_expired(&message, due) {
                effects.fail(attempt, Outcome::Expired, 0, None);
                continue;
            }
            let Assignment::To(operator_queue) = assignment(
                &snapshot,
                &probe_conditions,
                backlog.first_choice,
                &attempt,
                &message,
                (at, date),
            ) else {
                self.put_later(backlog, Attempt { tried: Vec::new(), ..attempt }, at);
                continue;
            };
            if !operator_queue.countries.admits(message.ticket.network.mcc, at) {
                self.put_later(backlog, attempt, at);
                continue;
            }
            let batch = batches.entry(operator_queue.number).or_insert_with(|| Batch {
                room: if operator_queue.condition().available {
                    operator_queue.room()
                } else {
                    probe_conditions.probes(operator_queue.number)
                },
                operator_queue,
                messages: Vec::new(),
            });
            if batch.room == 0 {
                backlog.put_back(attempt);
                break;
            }
            batch.room -= 1;
            probe_conditions.take(batch.operator_queue.number);
            batch.messages.push(attempt);
            if batch.messages.len() >= LEASE_MESSAGES_MAX {
                let full = std::mem::take(&mut batch.messages);
                self.lease(&batch.operator_queue, full);
            }
        }
        for batch in batches.into_values().filter(|batch| !batch.messages.is_empty()) {
            self.lease(&batch.operator_queue, batch.messages);
        }
        if !effects.is_empty() {
            self.commit(effects);
        }
    }

    /// Has a batch leased, and then passes it to its operator's queue.
    fn lease(self: &Arc<Self>, operator_queue: &Arc<OperatorQueue>, batch: Vec<Attempt>) {
        let lease = self.leases.next(now().0);
        let keys = batch.iter().map(|attempt| attempt.key).collect();
        operator_queue.leasing(batch.len());
        let (scheduler, queue_of_batch) = (Arc::clone(self), Arc::clone(operator_queue));
        let done = Box::new(move |result| scheduler.leased(&queue_of_batch, lease, batch, result));
        let events = vec![DeliveryEvent::Leased { lease, operator: operator_queue.number, keys }];
        self.submit(DeliveryBatch { events, done });
    }

    fn leased(
        self: &Arc<Self>,
        operator_queue: &OperatorQueue,
        lease: u64,
        mut batch: Vec<Attempt>,
        result: DeliveryResult,
    ) {
        let asked = batch.len();
        let outcome = match result {
            DeliveryResult::Durable(mut outcomes) => outcomes.pop(),
            DeliveryResult::Refused(_) => None,
        };
        let Some(EventOutcome::Leased { dropped, replaced }) = outcome else {
            operator_queue.not_leased(asked);
            batch.into_iter().rev().for_each(|attempt| self.put_back(attempt));
            return;
        };
        let older: Vec<u64> = batch.iter().map(|attempt| attempt.lease).filter(|lease| *lease != 0).collect();
        if !dropped.is_empty() {
            batch.retain(|attempt| !dropped.contains(&attempt.key));
        }
        for row in replaced {
            if let Some(attempt) = batch.iter_mut().find(|attempt| attempt.key == row.key) {
                attempt.row = row.bytes;
            }
        }
        for attempt in &mut batch {
            attempt.lease = lease;
        }
        self.leases.hold(lease, batch.len());
        for lease in older {
            self.leases.let_go(lease);
        }
        for attempt in operator_queue.leased(asked, batch, steady()).into_iter().rev() {
            self.put_back(attempt);
        }
    }

    /// Reads released messages that had no room. One that is gone was cancelled or has expired.
    fn refill_released(&self, backlog: &Backlog) {
        for key in backlog.take_released() {
            match self.store.queue().row(key) {
                Ok(Some(bytes)) => backlog.bring_released(key, Some(QueuedRow { key, bytes })),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "a backlog cannot be read from disk");
                    backlog.bring_released(key, None);
                }
            }
        }
    }

    /// Puts a message aside, each time for longer.
    pub(crate) fn put_later(&self, backlog: &Backlog, attempt: Attempt, at: UnixMicros) {
        let doublings = u32::from(attempt.attempts).saturating_sub(1).min(16);
        let wait =
            (u64::from(self.settings.retry_min_ms) << doublings).min(u64::from(self.settings.retry_max_ms));
        backlog.put_later(at.0 + wait * 1_000, attempt);
    }

    fn refill(&self, backlog: &Backlog) {
        if self.is_releasing.load(Ordering::Acquire) {
            // Whoever is released comes by itself; the scheduler is woken then.
            return;
        }
        self.refill_released(backlog);
        while let Some(page) = backlog.wants_page() {
            match self.store.queue().page(backlog.first_choice, page.class, page.after, (PAGE, PAGE_OCTETS)) {
                Ok((rows, is_last)) => {
                    let read = rows.len();
                    backlog.take_page(page, rows, is_last, |id| self.taken_up.contains(&id));
                    if read > 0 {
                        return;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "a backlog cannot be read from disk");
                    return;
                }
            }
        }
    }
}
