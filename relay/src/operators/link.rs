//! One link's side of the desk: takes messages from its operator's lane, and reports what the operator says.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};
use tollgate_engine::health::ResponseKind;
use tollgate_engine::settlement::Outcome;
use tollgate_smpp::link::{CannotSend, DeliverAck, LinkDown, LinkHandler, SubmitAnswer, SubmitSink};
use tollgate_smpp::pdu::Deliver;
use tollgate_storage::clock::now;
use tollgate_storage::delivery::DeliveryEvent;

use super::link_status::Card;
use super::outgoing;
use super::outgoing::Scratch;
use super::receipts_in::{Acks, Inbound};
use crate::delivery::attempt::Envelope;
use crate::delivery::country_breakers::Mcc;
use crate::delivery::effects::Report;
use crate::delivery::operator_queue::{Lane, Taken};
use crate::delivery::scheduler::Desk;
use crate::delivery::status::{Meaning, meaning};

/// ESME_RINVMSGLEN: what a message is failed with that no PDU of this link can hold.
const TOO_LONG: u32 = 0x01;

/// What the daemon does on one link.
pub struct OperatorLink {
    desk: Arc<Desk>,
    lane: Arc<Lane>,
    card: Arc<Card>,
    is_bound: bool,
    in_flight: HashMap<u64, InFlight>,
    scratch: Scratch,
    /// Set while the operator's throughput is used up.
    pause: Option<Pin<Box<Sleep>>>,
    report: Report,
    answers: Vec<(u64, ResponseKind)>,
    inbound: Inbound,
}

struct InFlight {
    envelope: Envelope,
    sent_at: u64,
}

impl OperatorLink {
    /// Of an operator, with the card that its board has for the link.
    pub fn new(desk: Arc<Desk>, lane: Arc<Lane>, card: Arc<Card>) -> Self {
        Self {
            inbound: Inbound::new(Arc::clone(&lane)),
            desk,
            lane,
            card,
            is_bound: false,
            in_flight: HashMap::new(),
            scratch: Scratch::default(),
            pause: None,
            report: Report::default(),
            answers: Vec::new(),
        }
    }

    /// Sends a message; one that the link has no room for after all comes back.
    fn send(&mut self, envelope: Envelope, sink: &mut SubmitSink<'_>) -> Result<(), Envelope> {
        let sent_at = now();
        let setup = self.lane.setup.load();
        let token = envelope.key.message_id;
        let cannot = match (envelope.message(), &*setup) {
            (Some(message), _) if self.desk.is_expired(&envelope, &message, sent_at) => {
                Some((Outcome::Expired, 0))
            }
            (Some(message), Some(setup)) => {
                let submit = outgoing::submit(&message, &setup.smpp, &mut self.scratch);
                match sink.submit(token, &submit) {
                    Ok(()) => None,
                    Err(CannotSend::NoRoom) => return Err(envelope),
                    Err(_) => Some((Outcome::Rejected, TOO_LONG)),
                }
            }
            // Its operator has just left the files: the link is about to stop.
            (Some(_), None) => return Err(envelope),
            (None, _) => Some((Outcome::Rejected, TOO_LONG)),
        };
        if let Some((outcome, error)) = cannot {
            // It says nothing about the operator.
            self.lane.not_sent(1);
            self.report.fail(envelope, outcome, error, None);
        } else {
            self.in_flight.insert(token, InFlight { envelope, sent_at: sent_at.0 });
        }
        Ok(())
    }

    /// Sends what there is room for, and puts the rest back in its order.
    fn send_all(&mut self, messages: Vec<Envelope>, sink: &mut SubmitSink<'_>) -> bool {
        let mut left = Vec::new();
        for envelope in messages {
            if !left.is_empty() {
                left.push(envelope);
            } else if let Err(envelope) = self.send(envelope, sink) {
                left.push(envelope);
            }
        }
        let sent_all = left.is_empty();
        self.lane.not_sent(left.len());
        for envelope in left.into_iter().rev() {
            self.lane.put_back(envelope);
        }
        sent_all
    }

    fn accepted(&mut self, mut envelope: Envelope, upstream_id: &[u8]) {
        envelope.was_asked(self.lane.number);
        match self.desk.acceptance(&self.lane, envelope, upstream_id) {
            Ok((acceptance, lease)) => self.report.settle(DeliveryEvent::Accepted(acceptance), lease),
            Err(envelope) => self.report.fail(envelope, Outcome::Rejected, TOO_LONG, None),
        }
    }

    /// Where the message goes, as far as that is of interest: while all is well nobody asks.
    fn country(&self, envelope: &Envelope, is_trouble: bool) -> Option<Mcc> {
        let wanted = is_trouble || self.lane.countries.any();
        envelope.message().filter(|_| wanted).map(|message| message.ticket.network.mcc)
    }

    fn refused(&mut self, mut envelope: Envelope, status: u32) {
        envelope.was_asked(self.lane.number);
        self.report.fail(envelope, Outcome::Rejected, status, Some(self.lane.number));
    }
}

impl LinkHandler for OperatorLink {
    fn failed(&mut self, reason: &LinkDown) {
        self.lane.meters.link_failures.increment(1);
        self.card.note_failed(now(), reason.to_string());
        tracing::warn!(operator = &*self.lane.code, %reason, "link not bound");
    }

    fn bound(&mut self) {
        self.is_bound = true;
        self.card.note_bound(now());
        let change = self.lane.link_bound(now(), self.card.window);
        self.desk.follow(change);
        tracing::info!(operator = &*self.lane.code, "link bound");
        self.desk.wake();
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
            let at = now();
            match self.lane.take(at, sink.room(), cx.waker()) {
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
            self.card.note_in_flight(self.in_flight.len());
            // There is room in the lane again.
            self.desk.wake();
        }
        if !self.report.is_empty() {
            self.flush();
        }
        moved
    }

    fn responded(&mut self, token: u64, answer: SubmitAnswer<'_>) {
        let Some(InFlight { envelope, sent_at }) = self.in_flight.remove(&token) else { return };
        let latency = now().0.saturating_sub(sent_at);
        let country = self.country(&envelope, is_trouble(&answer));
        let kind = match answer {
            SubmitAnswer::TimedOut => {
                self.desk.unknown(envelope, &self.lane);
                ResponseKind::Lost
            }
            SubmitAnswer::Response { status, message_id } => {
                self.lane.meters.status(status);
                match meaning(status) {
                    Meaning::Accepted => {
                        self.accepted(envelope, message_id);
                        ResponseKind::Accepted
                    }
                    Meaning::Throttled => {
                        self.lane.put_back(envelope);
                        ResponseKind::Throttled
                    }
                    Meaning::Temporary => {
                        self.desk.try_again(envelope, self.lane.number, status, &mut self.report);
                        ResponseKind::Temporary
                    }
                    Meaning::Permanent => {
                        self.refused(envelope, status);
                        ResponseKind::Permanent
                    }
                }
            }
        };
        match (country, kind) {
            (Some(country), ResponseKind::Accepted | ResponseKind::Permanent | ResponseKind::Throttled) => {
                self.lane.countries.succeeded(country, now());
            }
            (Some(country), ResponseKind::Temporary | ResponseKind::Lost) => {
                self.lane.countries.failed(country, now());
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
            self.card.note_in_flight(self.in_flight.len());
            let change = self.lane.note(now(), &self.answers);
            self.desk.follow(change);
            self.answers.clear();
        }
        if !self.report.is_empty() {
            self.desk.report(std::mem::take(&mut self.report));
        }
        self.inbound.flush(&self.desk);
    }

    fn poll_acks(&mut self, cx: &mut Context<'_>, acks: &mut Vec<DeliverAck>) -> Poll<()> {
        Acks::poll(self.inbound.acks(), cx, acks)
    }

    fn unbound(&mut self, reason: &LinkDown, unanswered: &mut Vec<u64>) {
        tracing::warn!(operator = &*self.lane.code, %reason, unanswered = unanswered.len(), "link down");
        for token in unanswered.drain(..) {
            if let Some(InFlight { envelope, .. }) = self.in_flight.remove(&token) {
                self.answers.push((0, ResponseKind::Lost));
                self.desk.unknown(envelope, &self.lane);
            }
        }
        self.pause = None;
        self.card.note_failed(now(), reason.to_string());
        self.flush();
        if std::mem::take(&mut self.is_bound) {
            let change = self.lane.link_down(now(), self.card.window);
            self.desk.follow(change);
        }
        self.desk.wake();
    }
}

impl Drop for OperatorLink {
    fn drop(&mut self) {
        self.lane.board.remove(&self.card);
        // A runtime that ends drops its tasks where they stand.
        for (_, InFlight { envelope, .. }) in self.in_flight.drain() {
            self.desk.unknown(envelope, &self.lane);
        }
    }
}

/// Whether an answer says that a message was not taken, and may be another time.
fn is_trouble(answer: &SubmitAnswer<'_>) -> bool {
    match answer {
        SubmitAnswer::TimedOut => true,
        SubmitAnswer::Response { status, .. } => meaning(*status) == Meaning::Temporary,
    }
}
