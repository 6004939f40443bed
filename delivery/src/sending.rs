//! From operators' queues to their links, within windows, pace and breakers.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use tollgate_engine::health::ResponseKind;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;

use crate::effect::{Acceptance, Effect};
use crate::input::LinkNumber;
use crate::leases::Leases;
use crate::links::Links;
use crate::now::Now;
use crate::operator::Review;
use crate::planted::planted;
use crate::schedule::Timer;
use crate::tracked::Place;
use crate::traffic::Traffic;
use crate::unknown::Unknown;

mod answers;
mod assign;
mod ending;
mod leasing;

/// Messages that are ready and looked at for one that may go, where those before it have to wait for their link.
const LOOK_AHEAD: usize = 64;

/// ESME_RX_T_APPN: the operator is to send the receipt again.
pub const TRY_AGAIN: u32 = 0x64;

/// Messages on their way from the queues to the operators' answers.
#[derive(Debug)]
pub struct Sending {
    /// The messages in memory.
    pub traffic: Traffic,
    /// The links that are bound.
    links: Links,
    /// The leases that name a message.
    leases: Leases,
    /// Messages that operators may have.
    pub unknown: Unknown,
    /// Operators that messages are about to be leased for.
    gathering: BTreeSet<OperatorNumber>,
    /// Messages that a lease has found cancelled, until that is told of.
    dropped: FxHashSet<u64>,
    /// True once the process is about to end.
    is_stopping: bool,
}

/// The acceptance of a message, which is to be reported.
#[derive(Debug)]
#[must_use = "the acceptance is to be reported"]
pub struct Taken {
    /// The event that tells of it.
    pub acceptance: Acceptance,
    /// The date of the try that the operator has answered; zero where it cannot be told.
    pub sent_on: UnixMicros,
}

impl Sending {
    /// Without any link yet.
    pub fn new(traffic: Traffic) -> Self {
        Self {
            traffic,
            links: Links::default(),
            leases: Leases::default(),
            unknown: Unknown::default(),
            gathering: BTreeSet::new(),
            dropped: FxHashSet::default(),
            is_stopping: false,
        }
    }

    /// Writes what is ready to links that have room.
    pub fn send(&mut self, now: Now) {
        while let Some(number) = self.traffic.operators.next_to_send() {
            while let Some((id, link)) = self.next_to_send(number, now) {
                self.write(id, link, number, now);
            }
        }
    }

    /// The next message that an operator may get now, with the link that it goes over.
    fn next_to_send(&mut self, number: OperatorNumber, now: Now) -> Option<(u64, LinkNumber)> {
        let due = self.traffic.due(now);
        loop {
            let (place, id, link) = self.first_sendable(number)?;
            let message = &self.traffic.messages.get(id)?.message;
            if message.valid_until(self.traffic.configuration.settings.max_validity_micros) <= now.due {
                self.end(id, Outcome::Expired, 0, None);
                continue;
            }
            if let Some(date) = message.scheduled_at.filter(|date| *date > due) {
                // The clock was set back since it was due.
                let flow = self.traffic.messages.get(id)?.flow;
                self.detach(id);
                self.traffic.flows.back(flow, id);
                self.traffic.messages.put(id, Place::Aside);
                self.traffic.schedule.at(date, Timer::Retry(id));
                continue;
            }
            let operator = self.traffic.operators.get_mut(number)?;
            if operator.admit(now.steady) {
                operator.ready.remove(place);
                return Some((id, link));
            }
            let next = operator.pace.next_at(now.steady);
            if next > now.steady && operator.paced_at != Some(next) {
                if let Some(before) = operator.paced_at.replace(next) {
                    self.traffic.schedule.cancel_after(before, Timer::Pace(number));
                }
                self.traffic.schedule.after(next, Timer::Pace(number));
            }
            return None;
        }
    }

    /// The first message that is ready and has a link with room, by its place among those that are ready.
    fn first_sendable(&mut self, number: OperatorNumber) -> Option<(usize, u64, LinkNumber)> {
        let operator = self.traffic.operators.get_mut(number)?;
        for (place, id) in operator.ready.iter().take(LOOK_AHEAD).enumerate() {
            let Some(tracked) = self.traffic.messages.get(*id) else { continue };
            if let Some(link) =
                self.traffic.flows.link(tracked.flow).filter(|_| tracked.place == Place::Ready(number))
            {
                let is_of_operator = operator.links.contains(&link);
                if is_of_operator && self.links.has_room(link) {
                    return Some((place, *id, link));
                }
                continue;
            }
            for step in 0..operator.links.len() {
                let at = (operator.next_link + step) % operator.links.len();
                let Some(link) = operator.links.get(at).copied() else { continue };
                if self.links.has_room(link) {
                    operator.next_link = at + 1;
                    return Some((place, *id, link));
                }
            }
            // No link has room, and none will have for those behind it.
            return None;
        }
        None
    }

    fn write(&mut self, id: u64, link: LinkNumber, number: OperatorNumber, now: Now) {
        let is_released_early = planted!(self.traffic, LeaseReleasedEarly);
        let is_unmarked = planted!(self.traffic, ResendUnmarked);
        let Some(tracked) = self.traffic.messages.get_mut(id) else { return };
        tracked.attempt += 1;
        (tracked.sent_at, tracked.sent_on) = (now.steady, now.date);
        let effect = Effect::Send {
            link,
            message: Arc::clone(&tracked.message),
            attempt: tracked.attempt,
            is_possible_duplicate: tracked.may_be_at.is_some() && !is_unmarked,
        };
        let (flow, first_choice) = (tracked.flow, tracked.message.key.first_choice);
        if is_released_early {
            let lease = std::mem::take(&mut tracked.lease);
            self.leases.let_go(lease);
        }
        self.traffic.messages.put(id, Place::InFlight(link));
        if let Some(link) = self.links.get_mut(link) {
            link.in_flight.insert(id);
        }
        self.traffic.effects.push_back(effect);
        let released = self.traffic.flows.sent(flow, id, link);
        self.traffic.release(released);
        self.traffic.operators.look_at(number);
        self.traffic.operators.look_at(first_choice);
    }

    /// A link is bound.
    pub fn link_up(&mut self, link: LinkNumber, number: OperatorNumber, window: u32, now: Now) {
        self.links.insert(link, number, window);
        let review = self.traffic.operators.known(number).link_up(now.steady, link, window);
        self.traffic.reviewed(number, review);
    }

    /// The socket of a link takes more, or no more for now.
    pub fn room(&mut self, link: LinkNumber, is_writable: bool) {
        if let Some(link) = self.links.get_mut(link) {
            link.is_writable = is_writable;
            self.traffic.operators.stir(link.operator);
        }
    }

    /// A link is down: what was written to it has an unknown outcome.
    pub fn link_down(&mut self, link: LinkNumber, now: Now) {
        let Some(gone) = self.links.remove(link) else { return };
        let mut in_flight: Vec<u64> = gone.in_flight.into_iter().collect();
        in_flight.sort_unstable();
        for id in in_flight {
            if let Some(operator) = self.traffic.operators.get_mut(gone.operator) {
                // The link goes down right after, which is looked at then.
                let _ = operator.note_answer(now.steady, 0, ResponseKind::Lost);
            }
            if planted!(self.traffic, UnknownForgotten) {
                self.traffic.messages.put(id, Place::Ending);
                continue;
            }
            self.unknown_outcome(id, gone.operator, now);
        }
        let Some(operator) = self.traffic.operators.get_mut(gone.operator) else { return };
        let review = operator.link_down(now.steady, link, gone.window);
        // The losses may have opened the breaker before.
        let review = Review { availability: review.availability.or(Some(operator.is_available())), ..review };
        self.traffic.reviewed(gone.operator, review);
    }

    /// Acknowledges a receipt, unless its link is down: the operator sends it again then.
    pub fn acknowledge(&mut self, ack: Option<(LinkNumber, u32)>, status: u32) {
        if let Some((link, sequence)) = ack.filter(|(link, _)| self.links.operator(*link).is_some()) {
            self.traffic.effects.push_back(Effect::Acknowledge { link, sequence, status });
        }
    }

    /// True if a lease has found this message cancelled, of which is told now.
    pub fn has_dropped(&mut self, id: u64) -> bool {
        self.dropped.remove(&id)
    }

    /// True once the process is about to end.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    /// The operator of a link that is bound.
    pub fn operator_of(&self, link: LinkNumber) -> Option<OperatorNumber> {
        self.links.operator(link)
    }

    /// The messages that are unanswered at an operator.
    pub fn in_flight_at(&self, operator: OperatorNumber) -> impl Iterator<Item = u64> {
        self.links.in_flight_at(operator)
    }

    /// True if a link is bound.
    pub fn is_up(&self, link: LinkNumber) -> bool {
        self.links.operator(link).is_some()
    }
}
