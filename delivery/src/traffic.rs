//! The messages in memory with what their places imply: their operators' queues, their order, and their timers. It is the
//! lowest of the three parts, and knows nothing of links, leases, receipts and the disk.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::effect::{Effect, Read, Report};
use crate::flows::Flows;
use crate::long_messages::LongMessageRoutes;
use crate::message::{CLASSES, Message};
use crate::now::Now;
use crate::operators::Operators;
use crate::outbox::Outbox;
use crate::planted::planted;
use crate::reads::Reads;
use crate::schedule::{Schedule, Timer};
use crate::settings::Configuration;
use crate::tracked::{Messages, Place, Tracked};

mod acceptances;
mod pages;
mod reviews;
mod routing;

/// The messages in memory, and everything that moves with them.
#[derive(Debug)]
pub struct Traffic {
    /// The configuration in force.
    pub configuration: Arc<Configuration>,
    /// Every message, with its place.
    pub messages: Messages,
    /// Every operator, with its queues.
    pub operators: Operators,
    /// The order of messages to one destination.
    pub flows: Flows,
    /// Everything that is done at a time.
    pub schedule: Schedule,
    /// Pages that are read, and what has gone meanwhile.
    pub reads: Reads,
    /// Events on their way to disk.
    pub outbox: Outbox,
    /// The things to be done, in order.
    pub effects: VecDeque<Effect>,
    /// Messages that no operator takes at present, and that were offered to none.
    unplaced: BTreeSet<u64>,
    /// Backlogs whose page could not be read.
    unread: BTreeSet<OperatorNumber>,
    /// The operators of long messages' parts.
    pub long_messages: LongMessageRoutes,
    /// The fault that a test has planted.
    #[cfg(test)]
    pub planted: Option<crate::planted::Fault>,
}

impl Traffic {
    /// Without any message yet.
    pub fn new(configuration: Arc<Configuration>) -> Self {
        Self {
            operators: Operators::new(configuration.settings.breaker),
            configuration,
            messages: Messages::default(),
            flows: Flows::default(),
            schedule: Schedule::default(),
            reads: Reads::default(),
            outbox: Outbox::default(),
            effects: VecDeque::new(),
            unplaced: BTreeSet::new(),
            unread: BTreeSet::new(),
            long_messages: LongMessageRoutes::default(),
            #[cfg(test)]
            planted: None,
        }
    }

    /// Takes a message into memory, with the end of its validity.
    pub fn take_in(&mut self, tracked: Tracked) {
        let ends = tracked.message.valid_until(self.configuration.settings.max_validity_micros);
        self.schedule.at(ends, Timer::Expiry(tracked.message.key.id));
        self.messages.insert(tracked);
    }

    /// True if no more scheduled messages are held in memory.
    pub fn is_full_of_scheduled(&self) -> bool {
        self.messages.scheduled() >= u64::from(self.configuration.settings.scheduled_in_memory)
    }

    /// True if no more messages of this first choice are held in memory.
    pub fn is_full(&self, first_choice: OperatorNumber) -> bool {
        let (_, room, _) = self.messages.counts(first_choice);
        room >= u64::from(self.configuration.settings.queue_messages_in_memory)
    }

    /// Puts a message into the backlog of its first choice, in its place.
    pub fn put_back(&mut self, id: u64) {
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
    pub fn stay(&mut self, id: u64) {
        let Some(tracked) = self.messages.get(id) else { return };
        let (key, flow) = (tracked.message.key, tracked.flow);
        self.flows.back(flow, id);
        self.messages.put(id, Place::Waiting);
        if let Some(queue) = self.operators.known(key.first_choice).backlog.get_mut(usize::from(key.class)) {
            queue.put_back(id);
        }
    }

    /// Puts a message that was on its way into its backlog; it goes before younger ones to its destination.
    pub fn come_back(&mut self, id: u64) {
        let Some(tracked) = self.messages.get(id) else { return };
        let flow = tracked.flow;
        self.flows.back(flow, id);
        self.put_back(id);
    }

    /// Puts a message aside, each time for longer.
    pub fn put_aside(&mut self, id: u64, now: Now) {
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
    pub fn recall(&mut self) {
        while let Some(id) = self.unplaced.pop_first() {
            if self.messages.place(id) == Some(Place::Aside) {
                self.leave(id);
                self.come_back(id);
            }
        }
    }

    /// A message that was put aside has waited long enough.
    pub fn retry(&mut self, id: u64) {
        if self.messages.place(id) == Some(Place::Aside) {
            self.leave(id);
            self.come_back(id);
        }
    }

    /// Takes a message out of what it waits in before it is sent. It is put elsewhere, or removed, right after.
    pub fn leave(&mut self, id: u64) {
        let Some(tracked) = self.messages.get(id) else { return };
        match tracked.place {
            Place::Aside => {
                self.schedule.cancel_after(tracked.until, Timer::Retry(id));
                if let Some(date) = tracked.message.scheduled_at {
                    self.schedule.cancel_at(date, Timer::Retry(id));
                }
                self.unplaced.remove(&id);
            }
            Place::Standby(operator) => {
                if let Some(operator) = self.operators.get_mut(operator) {
                    operator.standby.remove(&(tracked.message.key.class, id));
                }
            }
            Place::Ready(operator) => {
                if let Some(operator) = self.operators.get_mut(operator) {
                    operator.ready.retain(|other| *other != id);
                }
                self.operators.look_at(operator);
            }
            _ => {}
        }
    }

    /// A message that was held behind another goes back into its backlog.
    pub fn release(&mut self, id: Option<u64>) {
        if let Some(id) = id.filter(|id| self.messages.place(*id) == Some(Place::Held)) {
            self.put_back(id);
        }
    }

    /// The message before in a flow is answered, or never will be.
    pub fn flow_answered(&mut self, flow: u64) {
        let released = self.flows.answered(flow);
        self.release(released);
    }

    /// True if the validity of a message has ended.
    pub fn is_expired(&self, message: &Message, now: Now) -> bool {
        message.valid_until(self.configuration.settings.max_validity_micros) <= now.due
    }

    /// The new content of a message in memory, with the end of its validity.
    pub fn replace(&mut self, message: Arc<Message>) {
        let id = message.key.id;
        let Some(tracked) = self.messages.get(id) else { return };
        let max_validity = self.configuration.settings.max_validity_micros;
        self.schedule.cancel_at(tracked.message.valid_until(max_validity), Timer::Expiry(id));
        self.schedule.at(message.valid_until(max_validity), Timer::Expiry(id));
        self.messages.replace(message);
    }

    /// The messages that wait with this first choice, in memory and on disk; scheduled ones count once they are due and
    /// read.
    pub fn queue_length(&self, first_choice: OperatorNumber) -> u64 {
        let (queued, _, _) = self.messages.counts(first_choice);
        let operator = self.operators.get(first_choice);
        let on_disk =
            operator.map_or(0, |operator| operator.backlog.iter().map(|queue| queue.on_disk().0).sum());
        queued + on_disk
    }

    /// Reports something to people.
    pub fn report(&mut self, report: Report) {
        self.effects.push_back(Effect::Report(report));
    }

    /// The date by which scheduled messages are due.
    pub fn due(&self, now: Now) -> UnixMicros {
        if planted!(self, ScheduledByDoubtfulClock) { now.date } else { now.due }
    }

    /// Asks for a page of waiting messages.
    pub fn ask(&mut self, read: Read) {
        self.reads.began();
        self.effects.push_back(Effect::Read(read));
    }

    /// True if a message that a page brings is known, or has gone since the page was asked for.
    pub fn is_known(&self, id: u64) -> bool {
        self.messages.contains(id) || self.reads.is_gone(id)
    }

    /// The throughput of an operator allows another message.
    pub fn paced(&mut self, number: OperatorNumber) {
        if let Some(operator) = self.operators.get_mut(number) {
            operator.paced_at = None;
            self.operators.stir(number);
        }
    }

    /// Takes a message out of the backlog that it is offered from.
    pub fn take_out(&mut self, id: u64, place: Place) {
        let Some(key) = self.messages.get(id).map(|tracked| tracked.message.key) else { return };
        if let Place::Standby(operator) = place {
            if let Some(operator) = self.operators.get_mut(operator) {
                operator.standby.remove(&(key.class, id));
            }
        } else if let Some(operator) = self.operators.get_mut(key.first_choice)
            && let Some(queue) = operator.backlog.get_mut(usize::from(key.class))
        {
            queue.take(id);
        }
    }

    /// The next message of a backlog, or of those that stand by for its operator.
    pub fn pick(&mut self, number: OperatorNumber) -> Option<u64> {
        let starves = planted!(self, ClassesStarve);
        let messages = &self.messages;
        let operator = self.operators.get_mut(number)?;
        let is_waiting = |id: u64| messages.place(id) == Some(Place::Waiting);
        let mut heads = [None; CLASSES as usize];
        for ((class, queue), head) in (0u8..).zip(&mut operator.backlog).zip(&mut heads) {
            let own = queue.first(is_waiting);
            let standing_by = operator.standby.range((class, 0)..(class + 1, 0)).next().map(|(_, id)| *id);
            *head = own.into_iter().chain(standing_by).min();
        }
        if starves {
            return heads.into_iter().flatten().next();
        }
        operator.choose_class(&heads).map(|(_, id)| id)
    }
}
