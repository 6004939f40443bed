//! Messages leave: what they wait in lets them go, and their end is told of.

use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::Outcome;

use crate::effect::{Ended, Event};
use crate::outbox::Follow;
use crate::planted::planted;
use crate::schedule::Timer;
use crate::tracked::{AcceptedBeside, Place};

use super::Sending;

impl Sending {
    /// Takes a message out of what it waits in. It is put elsewhere, or removed, right after.
    pub fn detach(&mut self, id: u64) {
        let Some(tracked) = self.traffic.messages.get(id) else { return };
        match tracked.place {
            Place::Unknown(operator) => {
                self.traffic.schedule.cancel_after(tracked.until, Timer::Unknown(id));
                self.unknown.remove(operator, tracked.message.addresses.destination(), id);
            }
            Place::InFlight(link) => {
                if let Some(link) = self.links.get_mut(link) {
                    link.in_flight.remove(&id);
                }
            }
            _ => self.traffic.leave(id),
        }
    }

    /// A message comes to its end without an operator that is known to have it. One that an operator may have all the
    /// same has an unknown end, whatever brought it.
    pub fn end(&mut self, id: u64, outcome: Outcome, status: u32, operator: Option<OperatorNumber>) {
        self.detach(id);
        let Some(tracked) = self.traffic.messages.get_mut(id) else { return };
        let flow = tracked.flow;
        if tracked.accepted != AcceptedBeside::Not {
            return self.end_accepted(id);
        }
        let may_be_at = tracked.may_be_at.filter(|_| !planted!(self.traffic, ExpiredThoughSent));
        let event = Event::Ended(Ended {
            message: Arc::clone(&tracked.message),
            outcome: if may_be_at.is_some() { Outcome::Unknown } else { outcome },
            status,
            operator: operator.or(may_be_at),
            attempts: tracked.attempts,
            asked: std::mem::take(&mut tracked.asked),
        });
        self.traffic.messages.put(id, Place::Ending);
        if planted!(self.traffic, RefundTwice) {
            self.traffic.outbox.push(event.clone(), Follow::Nothing);
        }
        self.traffic.outbox.push(event, Follow::Nothing);
        let released = self.traffic.flows.leave(flow, id);
        self.traffic.release(released);
    }

    /// A try at a message has ended that another operator has accepted by now.
    pub fn end_accepted(&mut self, id: u64) {
        self.detach(id);
        let Some(tracked) = self.traffic.messages.get(id) else { return };
        let (flow, accepted) = (tracked.flow, tracked.accepted);
        if accepted == AcceptedBeside::Durable {
            return self.forget(id);
        }
        self.traffic.messages.put(id, Place::Ending);
        let released = self.traffic.flows.leave(flow, id);
        self.traffic.release(released);
    }

    /// A message is nothing to wait for any more.
    pub fn forget(&mut self, id: u64) {
        self.detach(id);
        let Some(tracked) = self.traffic.messages.remove(id) else { return };
        let ends = tracked.message.valid_until(self.traffic.configuration.settings.max_validity_micros);
        self.traffic.schedule.cancel_at(ends, Timer::Expiry(id));
        self.leases.let_go(tracked.lease);
        self.traffic.gone(tracked.message.key);
        let released = self.traffic.flows.leave(tracked.flow, id);
        self.traffic.release(released);
        self.traffic.operators.look_at(tracked.message.key.first_choice);
    }

    /// The validity of a message has ended. One that an operator has or may have goes its way.
    pub fn expired(&mut self, id: u64) {
        match self.traffic.messages.place(id) {
            Some(Place::Waiting | Place::Held | Place::Aside | Place::Standby(_) | Place::Ready(_)) => {
                self.end(id, Outcome::Expired, 0, None);
            }
            // One whose lease is on its way is looked at when that is durable.
            Some(Place::Leasing(_) | Place::InFlight(_) | Place::Unknown(_) | Place::Ending) | None => {}
        }
    }
}
