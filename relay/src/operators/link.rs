//! The handler of one link: takes messages from its operator's queue, and hands the operator's answers to delivery.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};
use tollgate_delivery::{Meaning, meaning};
use tollgate_engine::health::ResponseKind;
use tollgate_engine::settlement::Outcome;
use tollgate_smpp::link::{CannotSend, DeliverAck, LinkDown, LinkHandler, SubmitAnswer, SubmitSink};
use tollgate_smpp::pdu::Deliver;
use tollgate_storage::clock::{due, now, steady};
use tollgate_storage::delivery::DeliveryEvent;

use super::outgoing;
use super::outgoing::Scratch;
use super::receipts_in::Inbound;
use crate::delivery::acks::Acks;
use crate::delivery::attempt::Attempt;
use crate::delivery::country_breakers::Mcc;
use crate::delivery::effects::Effects;
use crate::delivery::link_status::LinkStatus;
use crate::delivery::operator_queue::{OperatorQueue, Taken};
use crate::delivery::scheduler::DeliveryScheduler;

/// ESME_RINVMSGLEN: the status of a message that no PDU of this link can hold.
const TOO_LONG: u32 = 0x01;

/// The handler of one link.
pub struct OperatorLink {
    scheduler: Arc<DeliveryScheduler>,
    operator_queue: Arc<OperatorQueue>,
    link_status: Arc<LinkStatus>,
    is_bound: bool,
    in_flight: HashMap<u64, InFlight>,
    scratch: Scratch,
    /// Set while the operator's throughput is used up.
    pause: Option<Pin<Box<Sleep>>>,
    effects: Effects,
    answers: Vec<(u64, ResponseKind)>,
    inbound: Inbound,
}

struct InFlight {
    attempt: Attempt,
    sent_at: u64,
}

impl OperatorLink {
    /// The handler of a link of this operator, with the link's status.
    pub fn new(
        scheduler: Arc<DeliveryScheduler>,
        operator_queue: Arc<OperatorQueue>,
        link_status: Arc<LinkStatus>,
    ) -> Self {
        Self {
            inbound: Inbound::new(Arc::clone(&operator_queue)),
            scheduler,
            operator_queue,
            link_status,
            is_bound: false,
            in_flight: HashMap::new(),
            scratch: Scratch::default(),
            pause: None,
            effects: Effects::default(),
            answers: Vec::new(),
        }
    }

    /// Sends a message; one that the link has no room for after all comes back.
    fn send(&mut self, attempt: Attempt, sink: &mut SubmitSink<'_>) -> Result<(), Attempt> {
        let sent_at = steady();
        let setup = self.operator_queue.setup.load();
        let token = attempt.key.message_id;
        let cannot = match (attempt.message(), &*setup) {
            (Some(message), _) if self.scheduler.is_expired(&message, due()) => Some((Outcome::Expired, 0)),
            (Some(message), Some(setup)) => {
                let submit = outgoing::submit(&message, &setup.smpp, &mut self.scratch);
                match sink.submit(token, &submit) {
                    Ok(()) => None,
                    Err(CannotSend::NoRoom) => return Err(attempt),
                    Err(_) => Some((Outcome::Rejected, TOO_LONG)),
                }
            }
            // The operator has just left the configuration: the link is about to stop.
            (Some(_), None) => return Err(attempt),
            (None, _) => Some((Outcome::Rejected, TOO_LONG)),
        };
        if let Some((outcome, error)) = cannot {
            // This says nothing about the operator's health.
            self.operator_queue.not_sent(1);
            self.effects.fail(attempt, outcome, error, None);
        } else {
            self.in_flight.insert(token, InFlight { attempt, sent_at: sent_at.0 });
        }
        Ok(())
    }

    /// Sends what there is room for, and puts the rest back in its order.
    fn send_all(&mut self, messages: Vec<Attempt>, sink: &mut SubmitSink<'_>) -> bool {
        let mut left = Vec::new();
        for attempt in messages {
            if !left.is_empty() {
                left.push(attempt);
            } else if let Err(attempt) = self.send(attempt, sink) {
                left.push(attempt);
            }
        }
        let sent_all = left.is_empty();
        self.operator_queue.not_sent(left.len());
        for attempt in left.into_iter().rev() {
            self.operator_queue.put_back(attempt);
        }
        sent_all
    }

    fn accepted(&mut self, mut attempt: Attempt, upstream_id: &[u8]) {
        attempt.was_asked(self.operator_queue.number, 0);
        match self.scheduler.acceptance(&self.operator_queue, attempt, upstream_id) {
            Ok((acceptance, lease)) => self.effects.settle(DeliveryEvent::Accepted(acceptance), lease),
            Err(attempt) => self.effects.fail(attempt, Outcome::Rejected, TOO_LONG, None),
        }
    }

    /// The country of a message, where its breakers need it: not while every country succeeds.
    fn country(&self, attempt: &Attempt, is_trouble: bool) -> Option<Mcc> {
        let wanted = is_trouble || self.operator_queue.countries.any();
        attempt.message().filter(|_| wanted).map(|message| message.ticket.network.mcc)
    }

    fn refused(&mut self, mut attempt: Attempt, status: u32) {
        attempt.was_asked(self.operator_queue.number, status);
        self.effects.fail(attempt, Outcome::Rejected, status, Some(self.operator_queue.number));
    }
}

impl LinkHandler for OperatorLink {
    fn failed(&mut self, reason: &LinkDown) {
        self.operator_queue.metrics.link_failures.increment(1);
        self.link_status.note_failed(now(), reason.to_string());
        tracing::warn!(operator = &*self.operator_queue.code, %reason, "link not bound");
    }

    fn bound(&mut self) {
        self.is_bound = true;
        self.link_status.note_bound(now());
        let change = self.operator_queue.link_bound(steady(), self.link_status.window);
        self.scheduler.apply(change);
        tracing::info!(operator = &*self.operator_queue.code, "link bound");
        self.scheduler.wake();
    }

    fn poll_submit(&mut self, cx: &mut Context<'_>, sink: &mut SubmitSink<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            if pause.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.pause = None;
        }
        let mut moved = Poll::Pending;
        while sink.room() > 0 {
            let at = steady();
            match self.operator_queue.take(at, sink.room(), cx.waker()) {
                Taken::Messages(messages) => {
                    moved = Poll::Ready(());
                    if !self.send_all(messages, sink) {
                        break;
                    }
                }
                Taken::Nothing => break,
                Taken::NotBefore(micros) => {
                    let wait = Duration::from_micros(micros.saturating_sub(at.0).max(500));
                    let pause = self.pause.insert(Box::pin(sleep(wait)));
                    if pause.as_mut().poll(cx).is_pending() {
                        break;
                    }
                }
            }
        }
        if moved.is_ready() {
            self.link_status.note_in_flight(self.in_flight.len());
            // There is room in the operator's queue again.
            self.scheduler.wake();
        }
        if !self.effects.is_empty() {
            self.flush();
        }
        moved
    }

    fn responded(&mut self, token: u64, answer: SubmitAnswer<'_>) {
        let Some(InFlight { attempt, sent_at }) = self.in_flight.remove(&token) else { return };
        let latency = steady().0.saturating_sub(sent_at);
        let country = self.country(&attempt, is_trouble(&answer));
        let kind = match answer {
            SubmitAnswer::TimedOut => {
                self.scheduler.unknown_outcome(attempt, &self.operator_queue);
                ResponseKind::Lost
            }
            SubmitAnswer::Response { status, message_id } => {
                self.operator_queue.metrics.status(status);
                match meaning(status) {
                    Meaning::Accepted => {
                        self.accepted(attempt, message_id);
                        ResponseKind::Accepted
                    }
                    Meaning::Throttled => {
                        self.operator_queue.put_back(attempt);
                        ResponseKind::Throttled
                    }
                    Meaning::Temporary => {
                        self.scheduler.try_again(
                            attempt,
                            self.operator_queue.number,
                            status,
                            &mut self.effects,
                        );
                        ResponseKind::Temporary
                    }
                    Meaning::Permanent => {
                        self.refused(attempt, status);
                        ResponseKind::Permanent
                    }
                }
            }
        };
        match (country, kind) {
            (Some(country), ResponseKind::Accepted | ResponseKind::Permanent | ResponseKind::Throttled) => {
                self.operator_queue.countries.succeeded(country, steady());
            }
            (Some(country), ResponseKind::Temporary | ResponseKind::Lost) => {
                self.operator_queue.countries.failed(country, steady());
            }
            (None, _) => {}
        }
        self.answers.push((latency, kind));
    }

    fn deliver(&mut self, deliver: &Deliver<'_>) {
        self.inbound.take(deliver);
    }

    fn flush(&mut self) {
        if !self.answers.is_empty() {
            self.link_status.note_in_flight(self.in_flight.len());
            let change = self.operator_queue.note(steady(), &self.answers);
            self.scheduler.apply(change);
            self.answers.clear();
        }
        if !self.effects.is_empty() {
            self.scheduler.commit(std::mem::take(&mut self.effects));
        }
        self.inbound.flush(&self.scheduler);
    }

    fn poll_acks(&mut self, cx: &mut Context<'_>, acks: &mut Vec<DeliverAck>) -> Poll<()> {
        Acks::poll(self.inbound.acks(), cx, acks)
    }

    fn unbound(&mut self, reason: &LinkDown, unanswered: &mut Vec<u64>) {
        tracing::warn!(operator = &*self.operator_queue.code, %reason, unanswered = unanswered.len(), "link down");
        for token in unanswered.drain(..) {
            if let Some(InFlight { attempt, .. }) = self.in_flight.remove(&token) {
                self.answers.push((0, ResponseKind::Lost));
                self.scheduler.unknown_outcome(attempt, &self.operator_queue);
            }
        }
        self.pause = None;
        self.link_status.note_failed(now(), reason.to_string());
        self.flush();
        if std::mem::take(&mut self.is_bound) {
            let change = self.operator_queue.link_down(steady(), self.link_status.window);
            self.scheduler.apply(change);
        }
        self.scheduler.wake();
    }
}

impl Drop for OperatorLink {
    fn drop(&mut self) {
        self.operator_queue.link_registry.remove(&self.link_status);
        // A runtime that ends drops its tasks where they stand.
        for (_, InFlight { attempt, .. }) in self.in_flight.drain() {
            self.scheduler.unknown_outcome(attempt, &self.operator_queue);
        }
    }
}

/// True if an answer means that a message was not taken and may be taken another time.
fn is_trouble(answer: &SubmitAnswer<'_>) -> bool {
    match answer {
        SubmitAnswer::TimedOut => true,
        SubmitAnswer::Response { status, .. } => meaning(*status) == Meaning::Temporary,
    }
}
