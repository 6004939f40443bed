//! The next step of a message after an operator's answer, or after none came.

use std::sync::Arc;

use tollgate_engine::health::ResponseKind;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::canonical_id;
use tollgate_engine::routing::Cost;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;

use crate::effect::{Acceptance, Event, Report};
use crate::input::{AcceptedMessage, Answer, LinkNumber};
use crate::likeness::tail;
use crate::machine::Delivery;
use crate::message::Message;
use crate::now::Now;
use crate::outbox::Follow;
use crate::planted::planted;
use crate::schedule::Timer;
use crate::settings::UnknownPolicy;
use crate::status::{Meaning, meaning};
use crate::tracked::{AcceptedBeside, Place};

/// ESME_RINVMSGLEN: the status of a message that no PDU of a link can hold.
const TOO_LONG: u32 = 0x01;

impl Delivery {
    pub(crate) fn answered(&mut self, link: LinkNumber, id: u64, attempt: u32, answer: &Answer, now: Now) {
        let Some(number) = self.links.operator(link) else { return };
        let Some(tracked) = self.messages.get(id) else { return };
        let is_last = tracked.attempt == attempt || planted!(self, LateAnswerMixedUp);
        if tracked.place != Place::InFlight(link) || !is_last {
            return self.answered_late(number, id, attempt, answer, now);
        }
        let latency = now.steady.0.saturating_sub(tracked.sent_at.0);
        let (country, flow) = (tracked.message.network.mcc, tracked.flow);
        self.detach(id);
        let kind = match answer {
            Answer::NotSent => None,
            Answer::TimedOut => Some(ResponseKind::Lost),
            Answer::Response { status, .. } => Some(kind_of(*status)),
        };
        self.note_answer(number, country, kind, latency, now);
        match answer {
            Answer::TimedOut => self.unknown_outcome(id, number, now),
            Answer::NotSent => {
                self.flow_answered(flow);
                self.end(id, Outcome::Rejected, TOO_LONG, None);
            }
            Answer::Response { status, upstream_id } => {
                self.flow_answered(flow);
                self.responded(id, number, *status, upstream_id, now);
            }
        }
    }

    /// Notes how an operator has answered. Messages that were ready for it may have to go elsewhere.
    fn note_answer(
        &mut self,
        number: OperatorNumber,
        country: u16,
        kind: Option<ResponseKind>,
        latency: u64,
        now: Now,
    ) {
        let Some(operator) = self.operators.get_mut(number) else { return };
        match kind {
            Some(ResponseKind::Temporary | ResponseKind::Lost) => {
                operator.countries.failed(country, now.steady);
            }
            Some(_) => operator.countries.succeeded(country, now.steady),
            None => {
                operator.not_sent();
                return self.operators.stir(number);
            }
        }
        let Some(kind) = kind else { return };
        let review = operator.note_answer(now.steady, latency, kind);
        self.reviewed(number, review);
    }

    fn flow_answered(&mut self, flow: u64) {
        let released = self.flows.answered(flow);
        self.release(released);
    }

    fn responded(&mut self, id: u64, number: OperatorNumber, status: u32, upstream_id: &[u8], now: Now) {
        let Some(tracked) = self.messages.get_mut(id) else { return };
        match meaning(status) {
            Meaning::Accepted => {
                tracked.was_asked(number, status, now.date);
                self.accept(id, number, upstream_id, now);
            }
            Meaning::Throttled => self.keep_place(id, number, now),
            Meaning::Temporary => {
                tracked.was_asked(number, status, now.date);
                self.try_again(id, number, status, now);
            }
            Meaning::Permanent => {
                tracked.was_asked(number, status, now.date);
                self.end(id, Outcome::Rejected, status, Some(number));
            }
        }
    }

    /// A message that was throttled is sent to the operator before the others, unless it takes none any more.
    fn keep_place(&mut self, id: u64, number: OperatorNumber, now: Now) {
        let Some(tracked) = self.messages.get(id) else { return };
        let flow = tracked.flow;
        if tracked.accepted != AcceptedBeside::Not {
            return self.end_accepted(id);
        }
        let Some(operator) = self.operators.get_mut(number) else { return self.come_back(id) };
        if operator.review(now.steady).is_shut {
            return self.come_back(id);
        }
        operator.ready.push_front(id);
        self.flows.back(flow, id);
        self.messages.put(id, Place::Ready(number));
        let ends = self
            .messages
            .get(id)
            .map(|tracked| tracked.message.valid_until(self.configuration.settings.max_validity_micros));
        if let Some(ends) = ends {
            self.schedule.at(ends, Timer::Expiry(id));
        }
        self.operators.stir(number);
    }

    /// Goes on with a message that the operator did not take this time: the operator is asked again as often as it is
    /// provisioned with, then another at once, later any, until the attempts are used up.
    fn try_again(&mut self, id: u64, number: OperatorNumber, status: u32, now: Now) {
        let settings = &self.configuration.settings;
        let retries = self.operators.get(number).and_then(|operator| operator.settings);
        let retries = retries.map_or(0, |settings| settings.retries);
        let Some(tracked) = self.messages.get_mut(id) else { return };
        if tracked.accepted != AcceptedBeside::Not || tracked.attempts >= settings.attempts {
            return self.end(id, Outcome::Rejected, status, Some(number));
        }
        if tracked.again < retries {
            tracked.again += 1;
            return self.put_aside(id, now);
        }
        tracked.again = 0;
        tracked.tried.push(number);
        self.come_back(id);
    }

    /// An operator has taken a message.
    fn accept(&mut self, id: u64, number: OperatorNumber, upstream_id: &[u8], now: Now) {
        let Some(tracked) = self.messages.get(id) else { return };
        let is_possible_duplicate = tracked.may_be_at.is_some() && !planted!(self, ResendUnmarked);
        let is_again = tracked.accepted != AcceptedBeside::Not;
        let sent_on = tracked.sent_on;
        let acceptance =
            self.acceptance(id, number, canonical_id(upstream_id).into(), is_possible_duplicate, now);
        let Some(acceptance) = acceptance else { return };
        if is_again {
            self.report(Report::DuplicateAcceptance { operator: number });
        }
        self.messages.put(id, Place::Ending);
        self.report_acceptance(acceptance, sent_on, now);
    }

    /// The event that an operator has accepted a message. Where the operator's rate has gone since the message was routed
    /// the cost is not known, and zero.
    pub(crate) fn acceptance(
        &mut self,
        id: u64,
        number: OperatorNumber,
        upstream_id: Box<[u8]>,
        is_possible_duplicate: bool,
        now: Now,
    ) -> Option<Acceptance> {
        let tracked = self.messages.get_mut(id)?;
        let (attempts, asked) = (tracked.attempts, tracked.asked.clone());
        let message = Arc::clone(&tracked.message);
        let (cost, cost_currency, is_final) = self.cost(number, &message, now.date);
        Some(Acceptance {
            message,
            operator: number,
            upstream_id,
            is_final,
            cost: cost.amount,
            cost_currency,
            cost_in_account_currency: cost.in_account_currency,
            attempts,
            asked,
            is_possible_duplicate,
            is_by_address: false,
        })
    }

    /// Reports an acceptance, and gives the message the receipts that came before.
    pub(crate) fn report_acceptance(&mut self, acceptance: Acceptance, sent_on: UnixMicros, now: Now) -> u64 {
        let Acceptance { ref message, operator, ref upstream_id, is_final, .. } = acceptance;
        let accepted = AcceptedMessage {
            message_id: message.key.id,
            account: message.account,
            operator,
            upstream_id: upstream_id.clone(),
            addresses: message.addresses.clone(),
            accepted_at: now.date,
            is_awaited: !is_final,
        };
        let upstream_id = upstream_id.clone();
        let number = self.accepted.add(accepted, acceptance.is_possible_duplicate);
        self.await_receipts(now.date);
        self.outbox.push(Event::Accepted(acceptance), Follow::Accepted(number));
        self.apply_early(number, operator, &upstream_id, sent_on);
        number
    }

    fn cost(&self, number: OperatorNumber, message: &Message, date: UnixMicros) -> (Cost, Currency, bool) {
        let network = self.configuration.networks.id(message.network);
        let cost = network.and_then(|network| {
            self.configuration.routes.cost(number, network, message.segments, message.currency, date)
        });
        let cost = cost.unwrap_or(Cost { amount: Amount::ZERO, in_account_currency: None });
        let settings = self.operators.get(number).and_then(|operator| operator.settings);
        let currency = settings.map_or(message.currency, |settings| settings.currency);
        let is_asked = settings.is_some_and(|settings| settings.receipts) || message.wants_receipt;
        (cost, currency, !is_asked)
    }

    /// Keeps a message that an operator may have until a receipt or its time-out.
    pub(crate) fn unknown_outcome(&mut self, id: u64, number: OperatorNumber, now: Now) {
        let wait = self.configuration.settings.unknown_outcome_micros;
        let Some(tracked) = self.messages.get_mut(id) else { return };
        let flow = tracked.flow;
        if tracked.accepted != AcceptedBeside::Not {
            self.flow_answered(flow);
            return self.end_accepted(id);
        }
        tracked.until = UnixMicros(now.steady.0.saturating_add(wait));
        let (until, number_tail) = (tracked.until, tail(number, tracked.message.addresses.destination()));
        self.messages.put(id, Place::Unknown(number));
        self.unknown_by_tail.insert(number_tail, id);
        if !planted!(self, UnknownKeptForEver) {
            self.schedule.after(until, Timer::Unknown(id));
        }
        self.report(Report::UnknownOutcome { operator: number });
        self.flow_answered(flow);
    }

    /// Goes on with a message whose receipt did not come: by policy it is sent again, or given up.
    pub(crate) fn give_up_unknown(&mut self, id: u64) {
        let Some(Place::Unknown(number)) = self.messages.place(id) else { return };
        self.detach(id);
        if let Some(tracked) = self.messages.get(id) {
            self.past_unknown.note(number, tracked.message.addresses.destination());
        }
        let own = self.operators.get(number).and_then(|operator| operator.settings?.unknown_outcome);
        match own.unwrap_or(self.configuration.settings.unknown_outcome) {
            UnknownPolicy::Resend => {
                self.report(Report::PossibleDuplicate { operator: number });
                if let Some(tracked) = self.messages.get_mut(id) {
                    tracked.may_be_at = Some(number);
                    tracked.tried.clear();
                    tracked.again = 0;
                }
                self.put_back(id);
            }
            UnknownPolicy::Settle => self.end(id, Outcome::Unknown, 0, Some(number)),
        }
    }

    /// An answer after the time for it was over, or after its message was sent again. A refusal of the last try says that
    /// nobody has the message by that try; a yes counts whatever has become of it since.
    fn answered_late(&mut self, number: OperatorNumber, id: u64, attempt: u32, answer: &Answer, now: Now) {
        let Answer::Response { status, upstream_id } = answer else { return };
        let Some(tracked) = self.messages.get_mut(id) else { return };
        let is_last = tracked.attempt == attempt;
        let is_yes = meaning(*status) == Meaning::Accepted;
        match tracked.place {
            Place::Unknown(at) if at == number && (is_last || is_yes) => {
                self.detach(id);
                self.responded(id, number, *status, upstream_id, now);
            }
            Place::Ending => {}
            Place::InFlight(_) | Place::Leasing(_) | Place::Ready(_) | Place::Unknown(_) if is_yes => {
                self.accept_beside(id, number, upstream_id, now);
            }
            _ if is_yes => {
                self.detach(id);
                let flow = self.messages.get(id).map(|tracked| tracked.flow);
                self.accept(id, number, upstream_id, now);
                let released = flow.and_then(|flow| self.flows.leave(flow, id));
                self.release(released);
            }
            _ => {}
        }
    }

    /// An operator has taken a message that is on its way to another by now. Its answer ends the other's try, whatever it
    /// is, but for a second yes.
    fn accept_beside(&mut self, id: u64, number: OperatorNumber, upstream_id: &[u8], now: Now) {
        let Some(tracked) = self.messages.get_mut(id) else { return };
        if tracked.accepted != AcceptedBeside::Not {
            return;
        }
        tracked.accepted = AcceptedBeside::Reported;
        tracked.was_asked(number, 0, now.date);
        let (sent_on, place) = (UnixMicros(0), tracked.place);
        if let Some(acceptance) = self.acceptance(id, number, canonical_id(upstream_id).into(), true, now) {
            self.report_acceptance(acceptance, sent_on, now);
        }
        if let Place::Ready(_) | Place::Unknown(_) = place {
            // It was not sent again, or nobody waits for that try any longer.
            self.end_accepted(id);
        }
    }
}

fn kind_of(status: u32) -> ResponseKind {
    match meaning(status) {
        Meaning::Accepted => ResponseKind::Accepted,
        Meaning::Throttled => ResponseKind::Throttled,
        Meaning::Temporary => ResponseKind::Temporary,
        Meaning::Permanent => ResponseKind::Permanent,
    }
}
