//! From a home queue to lanes: who sends each message, and the lease that is durable before it may be sent.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::routing::{Condition, Conditions, RouteAsk, RouteStage};
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::delivery::{DeliveryBatch, DeliveryEvent, DeliveryResult, EventOutcome};
use tollgate_storage::message::Message;

use super::attempt::Envelope;
use super::backlog::{HomeQueue, PAGE};
use super::country_breakers::Mcc;
use super::effects::Report;
use super::operator_queue::Lane;
use super::operator_queues::Lanes;
use super::scheduler::Desk;
use crate::snapshot::Live;

/// Messages in one lease.
const LEASE_MESSAGES_MAX: usize = 512;

/// Where a message goes now.
enum Way {
    To(Arc<Lane>),
    /// Everybody who could take it was asked, or is down. Others behind it may fare better.
    Later,
}

/// Messages for one lane, as they are gathered.
struct Batch {
    lane: Arc<Lane>,
    room: usize,
    messages: Vec<Envelope>,
}

/// How operators are, but that one which is tried out counts as well as long as it wants more messages to try it with.
/// Otherwise it would be asked for nothing and never be found well again, as its messages have long gone elsewhere.
struct Trials<'a> {
    lanes: &'a Lanes,
    wanted: Vec<(OperatorNumber, usize)>,
}

impl<'a> Trials<'a> {
    fn of(lanes: &'a Lanes, at: UnixMicros) -> Self {
        let wanted = lanes.iter().map(|lane| (lane.number, lane.probes(at)));
        Self { lanes, wanted: wanted.filter(|(_, probes)| *probes > 0).collect() }
    }

    fn probes(&self, operator: OperatorNumber) -> usize {
        self.wanted.iter().find(|(number, _)| *number == operator).map_or(0, |(_, probes)| *probes)
    }

    fn take(&mut self, operator: OperatorNumber) {
        if let Some((_, probes)) = self.wanted.iter_mut().find(|(number, _)| *number == operator) {
            *probes = probes.saturating_sub(1);
        }
    }

    fn takes(&self, lane: &Lane) -> bool {
        lane.condition().available || self.probes(lane.number) > 0
    }
}

/// The same for messages to one country, where an operator may be broken though its others are well.
struct Abroad<'a> {
    trials: &'a Trials<'a>,
    country: Mcc,
    at: UnixMicros,
}

impl Abroad<'_> {
    fn takes(&self, lane: &Lane) -> bool {
        self.trials.takes(lane) && !lane.countries.is_open(self.country, self.at)
    }
}

impl Conditions for Abroad<'_> {
    fn condition(&self, operator: OperatorNumber) -> Condition {
        let condition = self.trials.condition(operator);
        let lane = self.trials.lanes.get(operator);
        let is_open = lane.is_some_and(|lane| lane.countries.is_open(self.country, self.at));
        Condition { available: condition.available && !is_open, ..condition }
    }
}

impl Conditions for Trials<'_> {
    fn condition(&self, operator: OperatorNumber) -> Condition {
        let condition = self.lanes.condition(operator);
        Condition { available: condition.available || self.probes(operator) > 0, ..condition }
    }
}

/// The home operator while it takes messages and was not asked; else, and while another one is tried out, whom routing
/// chooses.
fn way(
    live: &Live,
    trials: &Trials<'_>,
    home: OperatorNumber,
    envelope: &Envelope,
    message: &Message<'_>,
    at: UnixMicros,
) -> Way {
    let abroad = Abroad { trials, country: message.ticket.network.mcc, at };
    let own = live.lanes.get(home).filter(|lane| envelope.tried.is_empty() && abroad.takes(lane));
    if let Some(lane) = own.filter(|_| trials.wanted.is_empty()) {
        return Way::To(Arc::clone(lane));
    }
    let (ticket, content) = (&message.ticket, &message.content);
    let network = live.tables.networks.id(ticket.network);
    let account = live.by_number(ticket.account);
    let chosen = network.and_then(|network| {
        let ask = RouteAsk {
            network,
            account: account.as_ref().map_or("", |account| &account.provisioned.account.id),
            source: ticket.source.digits,
            data_coding: content.data_coding,
            segments: ticket.segments,
            price: ticket.amount,
            currency: ticket.currency,
            now: at,
            spread: content.spread,
            tried: &envelope.tried,
            stage: RouteStage::Resend,
        };
        live.routes.choose(&ask, &abroad).ok()
    });
    let chosen = chosen.and_then(|choice| live.lanes.get(choice.operator)).filter(|lane| abroad.takes(lane));
    // Where routing knows nobody, as of a network that has left the files, the home operator may do all the same.
    chosen.or(own).map_or(Way::Later, |lane| Way::To(Arc::clone(lane)))
}

impl Desk {
    /// Moves messages out of a home queue until it is empty, or whoever should take the next has no room.
    pub(crate) fn pump(self: &Arc<Self>, home: &HomeQueue) {
        let live = self.live.load_full();
        let at = now();
        let mut trials = Trials::of(&live.lanes, at);
        let mut batches: HashMap<OperatorNumber, Batch> = HashMap::new();
        let mut report = Report::default();
        loop {
            self.refill(home);
            let Some(envelope) = home.pop(at.0) else { break };
            let Some(message) = envelope.message() else {
                report.fail(envelope, Outcome::Rejected, 0, None);
                continue;
            };
            if self.is_expired(&envelope, &message, at) {
                report.fail(envelope, Outcome::Expired, 0, None);
                continue;
            }
            let Way::To(lane) = way(&live, &trials, home.home, &envelope, &message, at) else {
                self.put_later(home, Envelope { tried: Vec::new(), ..envelope }, at);
                continue;
            };
            if !lane.countries.admits(message.ticket.network.mcc, at) {
                self.put_later(home, envelope, at);
                continue;
            }
            let batch = batches.entry(lane.number).or_insert_with(|| Batch {
                room: if lane.condition().available { lane.room() } else { trials.probes(lane.number) },
                lane,
                messages: Vec::new(),
            });
            if batch.room == 0 {
                home.put_back(envelope);
                break;
            }
            batch.room -= 1;
            trials.take(batch.lane.number);
            batch.messages.push(envelope);
            if batch.messages.len() >= LEASE_MESSAGES_MAX {
                let full = std::mem::take(&mut batch.messages);
                self.lease(&batch.lane, full, at);
            }
        }
        for batch in batches.into_values().filter(|batch| !batch.messages.is_empty()) {
            self.lease(&batch.lane, batch.messages, at);
        }
        if !report.is_empty() {
            self.report(report);
        }
    }

    /// Has a batch leased, and then passes it to its lane.
    fn lease(self: &Arc<Self>, lane: &Arc<Lane>, batch: Vec<Envelope>, at: UnixMicros) {
        let lease = self.leases.next(at.0);
        let keys = batch.iter().map(|envelope| envelope.key).collect();
        lane.leasing(batch.len());
        let (desk, lane_of_batch) = (Arc::clone(self), Arc::clone(lane));
        let done = Box::new(move |result| desk.leased(&lane_of_batch, lease, batch, result));
        let events = vec![DeliveryEvent::Leased { lease, operator: lane.number, keys }];
        self.submit(DeliveryBatch { events, done });
    }

    fn leased(self: &Arc<Self>, lane: &Lane, lease: u64, mut batch: Vec<Envelope>, result: DeliveryResult) {
        let asked = batch.len();
        let outcome = match result {
            DeliveryResult::Durable(mut outcomes) => outcomes.pop(),
            DeliveryResult::Refused(_) => None,
        };
        let Some(EventOutcome::Leased { dropped, replaced }) = outcome else {
            lane.not_leased(asked);
            batch.into_iter().rev().for_each(|envelope| self.put_back(envelope));
            return;
        };
        let older: Vec<u64> =
            batch.iter().map(|envelope| envelope.lease).filter(|lease| *lease != 0).collect();
        if !dropped.is_empty() {
            batch.retain(|envelope| !dropped.contains(&envelope.key));
        }
        for row in replaced {
            if let Some(envelope) = batch.iter_mut().find(|envelope| envelope.key == row.key) {
                envelope.row = row.bytes;
            }
        }
        for envelope in &mut batch {
            envelope.lease = lease;
        }
        self.leases.hold(lease, batch.len());
        for lease in older {
            self.leases.let_go(lease);
        }
        for envelope in lane.leased(asked, batch, now()).into_iter().rev() {
            self.put_back(envelope);
        }
    }

    /// Puts a message aside, longer from time to time.
    pub(crate) fn put_later(&self, home: &HomeQueue, envelope: Envelope, at: UnixMicros) {
        let doublings = u32::from(envelope.attempts).saturating_sub(1).min(16);
        let wait =
            (u64::from(self.settings.retry_min_ms) << doublings).min(u64::from(self.settings.retry_max_ms));
        home.put_later(at.0 + wait * 1_000, envelope);
    }

    fn refill(&self, home: &HomeQueue) {
        while let Some(page) = home.wants_page() {
            match self.store.queued_after(home.home, page.class, page.after, PAGE) {
                Ok(rows) => {
                    let read = rows.len();
                    home.take_page(page, rows, |id| self.taken_up.contains(&id));
                    if read > 0 {
                        return;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "a queue cannot be read");
                    return;
                }
            }
        }
    }
}
