//! The next step of a message after an operator's answer, or after none came.

use tollgate_engine::health::ResponseKind;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::canonical_id;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;

use crate::effect::Report;
use crate::input::{Answer, LinkNumber};
use crate::now::Now;
use crate::planted::planted;
use crate::schedule::Timer;
use crate::settings::UnknownPolicy;
use crate::status::{Meaning, meaning};
use crate::tracked::{AcceptedBeside, Place};

use super::{Sending, Taken};

/// ESME_RINVMSGLEN: the status of a message that no PDU of a link can hold.
const TOO_LONG: u32 = 0x01;

impl Sending {
    /// An operator has answered, or its time to do so is over. Returns its acceptance, if it is one.
    pub fn answered(
        &mut self,
        link: LinkNumber,
        id: u64,
        attempt: u32,
        answer: &Answer,
        now: Now,
    ) -> Option<Taken> {
        let number = self.links.operator(link)?;
        let tracked = self.traffic.messages.get(id)?;
        let is_last = tracked.attempt == attempt || planted!(self.traffic, LateAnswerMixedUp);
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
        self.traffic.note_answer(number, country, kind, latency, now);
        match answer {
            Answer::TimedOut => self.unknown_outcome(id, number, now),
            Answer::NotSent => {
                self.traffic.flow_answered(flow);
                self.end(id, Outcome::Rejected, TOO_LONG, None);
            }
            Answer::Response { status, upstream_id } => {
                self.traffic.flow_answered(flow);
                return self.responded(id, number, *status, upstream_id, now);
            }
        }
        None
    }

    fn responded(
        &mut self,
        id: u64,
        number: OperatorNumber,
        status: u32,
        upstream_id: &[u8],
        now: Now,
    ) -> Option<Taken> {
        let tracked = self.traffic.messages.get_mut(id)?;
        let meaning = meaning(status);
        if meaning != Meaning::Throttled {
            tracked.was_asked(number, status, now.date);
        }
        match meaning {
            Meaning::Accepted => return self.accept(id, number, upstream_id, now),
            Meaning::Throttled => self.keep_place(id, number, now),
            Meaning::Temporary => self.try_again(id, number, status, now),
            Meaning::Permanent => self.end(id, Outcome::Rejected, status, Some(number)),
        }
        None
    }

    /// A message that was throttled is sent to the operator before the others, unless it takes none any more.
    fn keep_place(&mut self, id: u64, number: OperatorNumber, now: Now) {
        let Some(tracked) = self.traffic.messages.get(id) else { return };
        let flow = tracked.flow;
        if tracked.accepted != AcceptedBeside::Not {
            return self.end_accepted(id);
        }
        let Some(operator) = self.traffic.operators.get_mut(number) else {
            return self.traffic.come_back(id);
        };
        if operator.review(now.steady).is_shut {
            return self.traffic.come_back(id);
        }
        operator.ready.push_front(id);
        self.traffic.flows.back(flow, id);
        self.traffic.messages.put(id, Place::Ready(number));
        let ends = self.traffic.messages.get(id).map(|tracked| {
            tracked.message.valid_until(self.traffic.configuration.settings.max_validity_micros)
        });
        if let Some(ends) = ends {
            self.traffic.schedule.at(ends, Timer::Expiry(id));
        }
        self.traffic.operators.stir(number);
    }

    /// Goes on with a message that the operator did not take this time: the operator is asked again as often as it is
    /// provisioned with, then another at once, later any, until the attempts are used up.
    fn try_again(&mut self, id: u64, number: OperatorNumber, status: u32, now: Now) {
        let settings = &self.traffic.configuration.settings;
        let retries = self.traffic.operators.get(number).and_then(|operator| operator.settings);
        let retries = retries.map_or(0, |settings| settings.retries);
        let Some(tracked) = self.traffic.messages.get_mut(id) else { return };
        if tracked.accepted != AcceptedBeside::Not || tracked.attempts >= settings.attempts {
            return self.end(id, Outcome::Rejected, status, Some(number));
        }
        if tracked.again < retries {
            tracked.again += 1;
            return self.traffic.put_aside(id, now);
        }
        tracked.again = 0;
        tracked.tried.push(number);
        self.traffic.come_back(id);
    }

    /// An operator has taken a message.
    fn accept(&mut self, id: u64, number: OperatorNumber, upstream_id: &[u8], now: Now) -> Option<Taken> {
        let tracked = self.traffic.messages.get_mut(id)?;
        let is_possible_duplicate = tracked.may_be_at.is_some() && !planted!(self.traffic, ResendUnmarked);
        let is_again = tracked.accepted != AcceptedBeside::Not;
        let (sent_on, asked) = (tracked.sent_on, std::mem::take(&mut tracked.asked));
        let upstream_id = canonical_id(upstream_id).into();
        let acceptance =
            self.traffic.acceptance(id, number, upstream_id, asked, is_possible_duplicate, now)?;
        if is_again {
            self.traffic.report(Report::DuplicateAcceptance { operator: number });
        }
        self.traffic.messages.put(id, Place::Ending);
        Some(Taken { acceptance, sent_on })
    }

    /// Keeps a message that an operator may have until a receipt or its time-out.
    pub fn unknown_outcome(&mut self, id: u64, number: OperatorNumber, now: Now) {
        let wait = self.traffic.configuration.settings.unknown_outcome_micros;
        let Some(tracked) = self.traffic.messages.get_mut(id) else { return };
        let flow = tracked.flow;
        if tracked.accepted != AcceptedBeside::Not {
            // This operator may have it as well.
            self.unknown.note_past(number, tracked.message.addresses.destination());
            self.traffic.flow_answered(flow);
            return self.end_accepted(id);
        }
        tracked.until = UnixMicros(now.steady.0.saturating_add(wait));
        let until = tracked.until;
        self.unknown.add(number, tracked.message.addresses.destination(), id);
        self.traffic.messages.put(id, Place::Unknown(number));
        if !planted!(self.traffic, UnknownKeptForEver) {
            self.traffic.schedule.after(until, Timer::Unknown(id));
        }
        self.traffic.report(Report::UnknownOutcome { operator: number });
        self.traffic.flow_answered(flow);
    }

    /// Goes on with a message whose receipt did not come: by policy it is sent again, or given up.
    pub fn give_up_unknown(&mut self, id: u64) {
        let Some(Place::Unknown(number)) = self.traffic.messages.place(id) else { return };
        self.detach(id);
        if let Some(tracked) = self.traffic.messages.get(id) {
            self.unknown.note_past(number, tracked.message.addresses.destination());
        }
        let own = self.traffic.operators.get(number).and_then(|operator| operator.settings?.unknown_outcome);
        match own.unwrap_or(self.traffic.configuration.settings.unknown_outcome) {
            UnknownPolicy::Resend => {
                self.traffic.report(Report::PossibleDuplicate { operator: number });
                if let Some(tracked) = self.traffic.messages.get_mut(id) {
                    tracked.may_be_at = Some(number);
                    tracked.tried.clear();
                    tracked.again = 0;
                }
                self.traffic.put_back(id);
            }
            UnknownPolicy::Settle => self.end(id, Outcome::Unknown, 0, Some(number)),
        }
    }

    /// An answer after the time for it was over, or after its message was sent again. A refusal of the last try says that
    /// nobody has the message by that try; a yes counts whatever has become of it since.
    fn answered_late(
        &mut self,
        number: OperatorNumber,
        id: u64,
        attempt: u32,
        answer: &Answer,
        now: Now,
    ) -> Option<Taken> {
        let Answer::Response { status, upstream_id } = answer else { return None };
        let tracked = self.traffic.messages.get(id)?;
        let is_last = tracked.attempt == attempt;
        let is_yes = meaning(*status) == Meaning::Accepted;
        match tracked.place {
            Place::Unknown(at) if at == number && (is_last || is_yes) => {
                self.detach(id);
                self.responded(id, number, *status, upstream_id, now)
            }
            Place::Ending => None,
            Place::InFlight(_) | Place::Leasing(_) | Place::Ready(_) | Place::Unknown(_) if is_yes => {
                self.accept_beside(id, number, upstream_id, now)
            }
            _ if is_yes => {
                self.detach(id);
                let flow = self.traffic.messages.get(id).map(|tracked| tracked.flow);
                let taken = self.accept(id, number, upstream_id, now);
                let released = flow.and_then(|flow| self.traffic.flows.leave(flow, id));
                self.traffic.release(released);
                taken
            }
            _ => None,
        }
    }

    /// An operator has taken a message that is on its way to another by now. Its answer ends the other's try, whatever it
    /// is, but for a second yes.
    fn accept_beside(
        &mut self,
        id: u64,
        number: OperatorNumber,
        upstream_id: &[u8],
        now: Now,
    ) -> Option<Taken> {
        let tracked = self.traffic.messages.get_mut(id)?;
        if tracked.accepted != AcceptedBeside::Not {
            return None;
        }
        tracked.accepted = AcceptedBeside::Reported;
        tracked.was_asked(number, 0, now.date);
        let (place, asked) = (tracked.place, tracked.asked.clone());
        if let Place::Unknown(other) = place {
            // That operator may have it as well.
            self.unknown.note_past(other, tracked.message.addresses.destination());
        }
        let upstream_id = canonical_id(upstream_id).into();
        let acceptance = self.traffic.acceptance(id, number, upstream_id, asked, true, now);
        if let Place::Ready(_) | Place::Unknown(_) = place {
            // It was not sent again, or nobody waits for that try any longer.
            self.end_accepted(id);
        }
        acceptance.map(|acceptance| Taken { acceptance, sent_on: UnixMicros(0) })
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
