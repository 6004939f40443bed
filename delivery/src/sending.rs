//! From operators' queues to their links, within windows, pace and breakers.

use std::sync::Arc;

use tollgate_engine::health::ResponseKind;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::Outcome;

use crate::effect::{Effect, Report};
use crate::input::LinkNumber;
use crate::machine::Delivery;
use crate::now::Now;
use crate::operator::Review;
use crate::planted::planted;
use crate::schedule::Timer;
use crate::tracked::Place;

/// Messages that are ready and looked at for one that may go, where those before it have to wait for their link.
const LOOK_AHEAD: usize = 64;

impl Delivery {
    /// Writes what is ready to links that have room.
    pub(crate) fn send(&mut self, now: Now) {
        while let Some(number) = self.operators.next_to_send() {
            while let Some((id, link)) = self.next_to_send(number, now) {
                self.write(id, link, number, now);
            }
        }
    }

    /// The next message that an operator may get now, with the link that it goes over.
    fn next_to_send(&mut self, number: OperatorNumber, now: Now) -> Option<(u64, LinkNumber)> {
        let due = self.due(now);
        loop {
            let (place, id, link) = self.first_sendable(number)?;
            let message = &self.messages.get(id)?.message;
            if message.valid_until(self.configuration.settings.max_validity_micros) <= now.due {
                self.end(id, Outcome::Expired, 0, None);
                continue;
            }
            if let Some(date) = message.scheduled_at.filter(|date| *date > due) {
                // The clock was set back since it was due.
                let flow = self.messages.get(id)?.flow;
                self.detach(id);
                self.flows.back(flow, id);
                self.messages.put(id, Place::Aside);
                self.schedule.at(date, Timer::Retry(id));
                continue;
            }
            let operator = self.operators.get_mut(number)?;
            if operator.admit(now.steady) {
                operator.ready.remove(place);
                return Some((id, link));
            }
            let next = operator.pace.next_at(now.steady);
            if next > now.steady && operator.paced_at != Some(next) {
                if let Some(before) = operator.paced_at.replace(next) {
                    self.schedule.cancel_after(before, Timer::Pace(number));
                }
                self.schedule.after(next, Timer::Pace(number));
            }
            return None;
        }
    }

    /// The first message that is ready and has a link with room, by its place among those that are ready.
    fn first_sendable(&mut self, number: OperatorNumber) -> Option<(usize, u64, LinkNumber)> {
        let operator = self.operators.get_mut(number)?;
        for (place, id) in operator.ready.iter().take(LOOK_AHEAD).enumerate() {
            let Some(tracked) = self.messages.get(*id) else { continue };
            if let Some(link) =
                self.flows.link(tracked.flow).filter(|_| tracked.place == Place::Ready(number))
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
        let is_released_early = planted!(self, LeaseReleasedEarly);
        let is_unmarked = planted!(self, ResendUnmarked);
        let Some(tracked) = self.messages.get_mut(id) else { return };
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
        self.messages.put(id, Place::InFlight(link));
        if let Some(link) = self.links.get_mut(link) {
            link.in_flight.insert(id);
        }
        self.effects.push_back(effect);
        let released = self.flows.sent(flow, id, link);
        self.release(released);
        self.operators.look_at(number);
        self.operators.look_at(first_choice);
    }

    pub(crate) fn link_up(&mut self, link: LinkNumber, number: OperatorNumber, window: u32, now: Now) {
        self.links.insert(link, number, window);
        let review = self.operators.known(number).link_up(now.steady, link, window);
        self.reviewed(number, review);
    }

    pub(crate) fn room(&mut self, link: LinkNumber, is_writable: bool) {
        if let Some(link) = self.links.get_mut(link) {
            link.is_writable = is_writable;
            self.operators.stir(link.operator);
        }
    }

    /// A link is down: what was written to it has an unknown outcome, and its receipts cannot be acknowledged.
    pub(crate) fn link_down(&mut self, link: LinkNumber, now: Now) {
        for number in self.unmatched.on_link(link) {
            if let Some(unmatched) = self.unmatched.get_mut(number) {
                unmatched.arrived.ack = None;
            }
            self.keep(number);
        }
        let Some(gone) = self.links.remove(link) else { return };
        let mut in_flight: Vec<u64> = gone.in_flight.into_iter().collect();
        in_flight.sort_unstable();
        for id in in_flight {
            if let Some(operator) = self.operators.get_mut(gone.operator) {
                // The link goes down right after, which is looked at then.
                let _ = operator.note_answer(now.steady, 0, ResponseKind::Lost);
            }
            if planted!(self, UnknownForgotten) {
                self.messages.put(id, Place::Ending);
                continue;
            }
            self.unknown_outcome(id, gone.operator, now);
        }
        let Some(operator) = self.operators.get_mut(gone.operator) else { return };
        let review = operator.link_down(now.steady, link, gone.window);
        // The losses may have opened the breaker before.
        let review = Review { availability: review.availability.or(Some(operator.is_available())), ..review };
        self.reviewed(gone.operator, review);
    }

    /// Follows what a review of an operator has found: messages of one that is shut go elsewhere, and those that nobody
    /// took are offered again when one has become available or is tried out.
    pub(crate) fn reviewed(&mut self, number: OperatorNumber, review: Review) {
        let has_changed = self.operators.set_probed(number, review.is_probed);
        self.operators.stir(number);
        self.operators.look_at(number);
        if review.is_shut {
            self.strand(number);
        }
        if let Some(is_available) = review.availability {
            self.report(Report::Available { operator: number, is_available });
        }
        if review.availability.is_some() || (has_changed && review.is_probed) {
            self.give_up_standby(number);
            self.recall();
            self.operators.look_at_all();
        }
    }

    /// Puts back what was ready for an operator that takes none any more.
    fn strand(&mut self, number: OperatorNumber) {
        let Some(operator) = self.operators.get_mut(number) else { return };
        let stranded: Vec<u64> = operator.ready.drain(..).collect();
        for id in stranded {
            self.come_back(id);
        }
    }

    /// Puts back what stands by for an operator, or for others instead of it.
    fn give_up_standby(&mut self, number: OperatorNumber) {
        for other in self.operators.numbers() {
            let Some(operator) = self.operators.get_mut(other) else { continue };
            let messages = &self.messages;
            let first_choice = |id: u64| messages.get(id).map(|tracked| tracked.message.key.first_choice);
            let is_back = |id: u64| other == number || first_choice(id) == Some(number);
            let back: Vec<_> = operator.standby.iter().filter(|(_, id)| is_back(*id)).copied().collect();
            for place in &back {
                operator.standby.remove(place);
            }
            for (_, id) in back {
                self.come_back(id);
            }
        }
    }
}
