//! Messages come in, go back to their backlogs, and leave.

use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;

use crate::backlog::Pushed;
use crate::effect::{Ended, Event};
use crate::input::CancelledMessage;
use crate::likeness::tail;
use crate::machine::Delivery;
use crate::message::Message;
use crate::now::Now;
use crate::outbox::Follow;
use crate::planted::planted;
use crate::schedule::Timer;
use crate::tracked::{AcceptedBeside, Place, Tracked};

impl Delivery {
    /// A message that has become durable: it waits in memory, or on disk where memory is full or it is not due.
    pub(crate) fn durable(&mut self, message: Arc<Message>, now: Now) {
        let key = message.key;
        if self.scheduled.durable(key.id) || self.messages.contains(key.id) {
            return;
        }
        if let Some(date) = message.scheduled_at {
            return self.durable_schedule(message, date, now);
        }
        let is_full = self.is_full(key.first_choice);
        let operator = self.operators.known(key.first_choice);
        let Some(queue) = operator.backlog.get_mut(usize::from(key.class)) else { return };
        match queue.push(&message, is_full) {
            Pushed::Kept => {
                self.take_in(Tracked::new(message));
                self.operators.look_at(key.first_choice);
            }
            Pushed::Spilled => {
                self.expires_on_disk(message.expires_at);
                self.operators.look_at(key.first_choice);
            }
            Pushed::Known => {}
        }
    }

    fn durable_schedule(&mut self, message: Arc<Message>, date: UnixMicros, now: Now) {
        let is_due = date <= now.due;
        let is_full = self.messages.scheduled() >= u64::from(self.configuration.settings.scheduled_in_memory);
        if (!is_due || is_full) && self.scheduled.leave_on_disk(&message, date) {
            self.expires_on_disk(message.expires_at);
            self.schedule.at(date, Timer::Scheduled);
            return;
        }
        let id = message.key.id;
        self.take_in(Tracked::new(message));
        if is_due {
            self.put_back(id);
        } else {
            // The clock was set back behind dates that were read already.
            self.messages.put(id, Place::Aside);
            self.schedule.at(date, Timer::Retry(id));
        }
    }

    /// Takes a message into memory, with the end of its validity.
    pub(crate) fn take_in(&mut self, tracked: Tracked) {
        let ends = tracked.message.valid_until(self.configuration.settings.max_validity_micros);
        self.schedule.at(ends, Timer::Expiry(tracked.message.key.id));
        self.messages.insert(tracked);
    }

    /// True if no more messages of this first choice are held in memory.
    pub(crate) fn is_full(&self, first_choice: OperatorNumber) -> bool {
        let (_, room, _) = self.messages.counts(first_choice);
        room >= u64::from(self.configuration.settings.queue_messages_in_memory)
    }

    /// Puts a message into the backlog of its first choice, in its place.
    pub(crate) fn put_back(&mut self, id: u64) {
        let Some(tracked) = self.messages.get(id) else { return };
        let key = tracked.message.key;
        let ends = tracked.message.valid_until(self.configuration.settings.max_validity_micros);
        self.schedule.at(ends, Timer::Expiry(id));
        self.messages.put(id, Place::Waiting);
        let operator = self.operators.known(key.first_choice);
        if let Some(queue) = operator.backlog.get_mut(usize::from(key.class)) {
            queue.put_back(id);
        }
        self.operators.look_at(key.first_choice);
    }

    /// Leaves a message in its backlog after all, as there is no room for it.
    pub(crate) fn stay(&mut self, id: u64) {
        let Some(tracked) = self.messages.get(id) else { return };
        let (key, flow) = (tracked.message.key, tracked.flow);
        self.flows.back(flow, id);
        self.messages.put(id, Place::Waiting);
        if let Some(queue) = self.operators.known(key.first_choice).backlog.get_mut(usize::from(key.class)) {
            queue.put_back(id);
        }
    }

    /// Puts a message that was on its way into its backlog; it goes before younger ones to its destination.
    pub(crate) fn come_back(&mut self, id: u64) {
        let Some(tracked) = self.messages.get(id) else { return };
        let flow = tracked.flow;
        self.flows.back(flow, id);
        self.put_back(id);
    }

    /// Puts a message aside, each time for longer.
    pub(crate) fn put_aside(&mut self, id: u64, now: Now) {
        let settings = &self.configuration.settings;
        let Some(tracked) = self.messages.get_mut(id) else { return };
        let doublings = tracked.attempts.saturating_sub(1).min(16);
        let pause = (settings.retry_min_micros << doublings).min(settings.retry_max_micros);
        tracked.until = UnixMicros(now.steady.0.saturating_add(pause));
        let (until, flow, is_offered) = (tracked.until, tracked.flow, tracked.attempts > 0);
        self.flows.back(flow, id);
        self.messages.put(id, Place::Aside);
        self.schedule.after(until, Timer::Retry(id));
        if !is_offered {
            self.unplaced.insert(id);
        }
    }

    /// Ends the wait of messages that no operator took, as one may now.
    pub(crate) fn recall(&mut self) {
        while let Some(id) = self.unplaced.pop_first() {
            if self.messages.place(id) == Some(Place::Aside) {
                self.detach(id);
                self.come_back(id);
            }
        }
    }

    /// A message that was held behind another goes back into its backlog.
    pub(crate) fn release(&mut self, id: Option<u64>) {
        if let Some(id) = id.filter(|id| self.messages.place(*id) == Some(Place::Held)) {
            self.put_back(id);
        }
    }

    /// Takes a message out of what it waits in. It is put elsewhere, or removed, right after.
    pub(crate) fn detach(&mut self, id: u64) {
        let Some(tracked) = self.messages.get(id) else { return };
        let (key, until) = (tracked.message.key, tracked.until);
        match tracked.place {
            Place::Aside => {
                self.schedule.cancel_after(until, Timer::Retry(id));
                if let Some(date) = tracked.message.scheduled_at {
                    self.schedule.cancel_at(date, Timer::Retry(id));
                }
                self.unplaced.remove(&id);
            }
            Place::Standby(operator) => {
                if let Some(operator) = self.operators.get_mut(operator) {
                    operator.standby.remove(&(key.class, id));
                }
            }
            Place::Ready(operator) => {
                if let Some(operator) = self.operators.get_mut(operator) {
                    operator.ready.retain(|other| *other != id);
                }
                self.operators.look_at(operator);
            }
            Place::Unknown(operator) => {
                self.schedule.cancel_after(until, Timer::Unknown(id));
                self.unknown_by_tail.remove(tail(operator, tracked.message.addresses.destination()), id);
            }
            Place::InFlight(link) => {
                if let Some(link) = self.links.get_mut(link) {
                    link.in_flight.remove(&id);
                }
            }
            Place::Waiting | Place::Held | Place::Leasing(_) | Place::Ending => {}
        }
    }

    /// A message comes to its end without an operator that is known to have it. One that an operator may have all the
    /// same has an unknown end, whatever brought it.
    pub(crate) fn end(&mut self, id: u64, outcome: Outcome, status: u32, operator: Option<OperatorNumber>) {
        self.detach(id);
        let Some(tracked) = self.messages.get_mut(id) else { return };
        let flow = tracked.flow;
        if tracked.accepted != AcceptedBeside::Not {
            return self.end_accepted(id);
        }
        let may_be_at = tracked.may_be_at.filter(|_| !planted!(self, ExpiredThoughSent));
        let event = Event::Ended(Ended {
            message: Arc::clone(&tracked.message),
            outcome: if may_be_at.is_some() { Outcome::Unknown } else { outcome },
            status,
            operator: operator.or(may_be_at),
            attempts: tracked.attempts,
            asked: std::mem::take(&mut tracked.asked),
        });
        self.messages.put(id, Place::Ending);
        if planted!(self, RefundTwice) {
            self.outbox.push(event.clone(), Follow::Nothing);
        }
        self.outbox.push(event, Follow::Nothing);
        let released = self.flows.leave(flow, id);
        self.release(released);
    }

    /// A try at a message has ended that another operator has accepted by now.
    pub(crate) fn end_accepted(&mut self, id: u64) {
        self.detach(id);
        let Some(tracked) = self.messages.get(id) else { return };
        let (flow, accepted) = (tracked.flow, tracked.accepted);
        if accepted == AcceptedBeside::Durable {
            return self.forget(id);
        }
        self.messages.put(id, Place::Ending);
        let released = self.flows.leave(flow, id);
        self.release(released);
    }

    /// A message is nothing to wait for any more.
    pub(crate) fn forget(&mut self, id: u64) {
        self.detach(id);
        let Some(tracked) = self.messages.remove(id) else { return };
        let ends = tracked.message.valid_until(self.configuration.settings.max_validity_micros);
        self.schedule.cancel_at(ends, Timer::Expiry(id));
        self.leases.let_go(tracked.lease);
        self.reads.gone(id);
        let released = self.flows.leave(tracked.flow, id);
        self.release(released);
        self.operators.look_at(tracked.message.key.first_choice);
    }

    /// The validity of a message has ended. One that an operator has or may have goes its way.
    pub(crate) fn expired(&mut self, id: u64) {
        match self.messages.place(id) {
            Some(Place::Waiting | Place::Held | Place::Aside | Place::Standby(_) | Place::Ready(_)) => {
                self.end(id, Outcome::Expired, 0, None);
            }
            // One whose lease is on its way is looked at when that is durable.
            Some(Place::Leasing(_) | Place::InFlight(_) | Place::Unknown(_) | Place::Ending) | None => {}
        }
    }

    /// True if the validity of a message has ended.
    pub(crate) fn is_expired(&self, message: &Message, now: Now) -> bool {
        message.valid_until(self.configuration.settings.max_validity_micros) <= now.due
    }

    /// A message was cancelled. One whose lease is on its way is dropped when that is durable and says so.
    pub(crate) fn cancelled(&mut self, cancelled: &CancelledMessage) {
        let CancelledMessage { key, scheduled_at } = *cancelled;
        match self.messages.place(key.id) {
            Some(Place::Leasing(_)) => {
                if let Some(tracked) = self.messages.get_mut(key.id) {
                    tracked.is_cancelled = true;
                }
            }
            Some(_) => self.forget(key.id),
            None if self.dropped.remove(&key.id) || planted!(self, CountDrifts) => {}
            None => {
                self.leave_disk(key.first_choice, key.class, scheduled_at.is_some());
                self.reads.gone(key.id);
            }
        }
    }

    /// A message that is on disk only waits no longer.
    pub(crate) fn leave_disk(&mut self, first_choice: OperatorNumber, class: u8, was_scheduled: bool) {
        let operator = self.operators.known(first_choice);
        match operator.backlog.get_mut(usize::from(class)) {
            Some(queue) if !was_scheduled => queue.leave_disk(),
            _ => self.scheduled.leave_disk(),
        }
    }

    /// A message was replaced. One whose lease is on its way is replaced when that is durable and says so.
    pub(crate) fn replaced(&mut self, message: Arc<Message>, now: Now) {
        let id = message.key.id;
        match self.messages.place(id) {
            Some(Place::Waiting | Place::Held | Place::Aside | Place::Standby(_)) => {
                self.replace(message);
            }
            None if message.expires_at.is_some_and(|at| at > now.due) => {
                self.expires_on_disk(message.expires_at);
            }
            _ => {}
        }
    }

    /// The new content of a message in memory, with the end of its validity.
    pub(crate) fn replace(&mut self, message: Arc<Message>) {
        let id = message.key.id;
        let Some(tracked) = self.messages.get(id) else { return };
        let max_validity = self.configuration.settings.max_validity_micros;
        self.schedule.cancel_at(tracked.message.valid_until(max_validity), Timer::Expiry(id));
        self.schedule.at(message.valid_until(max_validity), Timer::Expiry(id));
        self.messages.replace(message);
    }
}
