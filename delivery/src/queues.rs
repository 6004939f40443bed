//! Waiting messages come in and are read back: from the moment at which they are durable they wait in memory, or on disk
//! where memory is full or they are not due.

use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;

use crate::backlog::Pushed;
use crate::effect::Read;
use crate::input::CancelledMessage;
use crate::message::Message;
use crate::now::Now;
use crate::planted::planted;
use crate::reads::PAGE;
use crate::schedule::Timer;
use crate::scheduled::{DueMessage, Scheduled};
use crate::sending::Sending;
use crate::tracked::{Place, Tracked};
use crate::traffic::Traffic;

/// The messages that wait on disk, those of backlogs apart, and the pages that bring them.
#[derive(Debug, Default)]
pub struct Queues {
    scheduled: Scheduled,
    /// The first end of a validity on disk that is waited for.
    next_expiry: Option<UnixMicros>,
    is_reading_expired: bool,
}

impl Queues {
    /// A message that has become durable: it waits in memory, or on disk where memory is full or it is not due.
    pub fn durable(&mut self, traffic: &mut Traffic, message: Arc<Message>, now: Now) {
        let key = message.key;
        if self.scheduled.durable(key.id) || traffic.messages.contains(key.id) {
            return;
        }
        if let Some(date) = message.scheduled_at {
            return self.durable_schedule(traffic, message, date, now);
        }
        let is_full = traffic.is_full(key.first_choice);
        let operator = traffic.operators.known(key.first_choice);
        let Some(queue) = operator.backlog.get_mut(usize::from(key.class)) else { return };
        match queue.push(&message, is_full) {
            Pushed::Kept => {
                traffic.take_in(Tracked::new(message));
                traffic.operators.look_at(key.first_choice);
            }
            Pushed::Spilled => {
                self.expires_on_disk(traffic, message.expires_at);
                traffic.operators.look_at(key.first_choice);
            }
            Pushed::Known => {}
        }
    }

    fn durable_schedule(&mut self, traffic: &mut Traffic, message: Arc<Message>, date: UnixMicros, now: Now) {
        let is_due = date <= now.due;
        let is_full = traffic.is_full_of_scheduled();
        if (!is_due || is_full) && self.scheduled.leave_on_disk(&message, date) {
            self.expires_on_disk(traffic, message.expires_at);
            traffic.schedule.at(date, Timer::Scheduled);
            return;
        }
        let id = message.key.id;
        traffic.take_in(Tracked::new(message));
        if is_due {
            traffic.put_back(id);
        } else {
            // The clock was set back behind dates that were read already.
            traffic.messages.put(id, Place::Aside);
            traffic.schedule.at(date, Timer::Retry(id));
        }
    }

    /// A message was cancelled. One whose lease is on its way is dropped when that is durable and says so.
    pub fn cancelled(&mut self, sending: &mut Sending, cancelled: &CancelledMessage) {
        let CancelledMessage { key, scheduled_at } = *cancelled;
        match sending.traffic.messages.place(key.id) {
            Some(Place::Leasing(_)) => {
                if let Some(tracked) = sending.traffic.messages.get_mut(key.id) {
                    tracked.is_cancelled = true;
                }
            }
            Some(_) => sending.forget(key.id),
            None if sending.has_dropped(key.id) || planted!(sending.traffic, CountDrifts) => {}
            None => {
                self.leave_disk(&mut sending.traffic, key.first_choice, key.class, scheduled_at.is_some());
                sending.traffic.reads.gone(key.id);
            }
        }
    }

    /// A message that is on disk only waits no longer.
    fn leave_disk(
        &mut self,
        traffic: &mut Traffic,
        first_choice: OperatorNumber,
        class: u8,
        was_scheduled: bool,
    ) {
        // The first that is left there may be another now.
        traffic.operators.look_at(first_choice);
        let operator = traffic.operators.known(first_choice);
        match operator.backlog.get_mut(usize::from(class)) {
            Some(queue) if !was_scheduled => queue.leave_disk(),
            _ => self.scheduled.leave_disk(),
        }
    }

    /// A message was replaced. One whose lease is on its way is replaced when that is durable and says so.
    pub fn replaced(&mut self, traffic: &mut Traffic, message: Arc<Message>, now: Now) {
        let id = message.key.id;
        match traffic.messages.place(id) {
            Some(Place::Waiting | Place::Held | Place::Aside | Place::Standby(_)) => {
                traffic.replace(message);
            }
            None if message.expires_at.is_some_and(|at| at > now.due) => {
                self.expires_on_disk(traffic, message.expires_at);
            }
            _ => {}
        }
    }

    /// Notes that a message on disk has a validity of its own.
    fn expires_on_disk(&mut self, traffic: &mut Traffic, expires_at: Option<UnixMicros>) {
        let Some(expires_at) = expires_at else { return };
        if self.next_expiry.is_none_or(|next| expires_at < next) {
            self.next_expiry = Some(expires_at);
            traffic.schedule.at(expires_at, Timer::ExpiryOnDisk);
        }
    }

    /// Asks for everything that is wanted, backlogs apart.
    pub fn read(&mut self, traffic: &mut Traffic, now: Now) {
        let is_full = traffic.is_full_of_scheduled();
        if !is_full && let Some(after) = self.scheduled.wants_page(traffic.due(now)) {
            traffic.ask(Read::Scheduled { after, until: traffic.due(now), at_most: PAGE });
        }
    }

    /// Asks for messages whose validity has ended on disk.
    pub fn read_expired(&mut self, traffic: &mut Traffic, now: Now) {
        if !self.is_reading_expired {
            self.is_reading_expired = true;
            self.next_expiry = None;
            traffic.ask(Read::Expired { until: now.due, at_most: PAGE });
        }
    }

    /// A page of scheduled messages was read.
    pub fn found_scheduled(
        &mut self,
        traffic: &mut Traffic,
        messages: Vec<Arc<Message>>,
        next: Option<DueMessage>,
        now: Now,
    ) {
        for message in messages {
            let id = message.key.id;
            let is_known = traffic.is_known(id);
            let is_overtaken = planted!(traffic, ScheduledOvertaken) && traffic.is_overtaken(&message);
            if !self.scheduled.take(&message, is_known) || is_overtaken {
                continue;
            }
            let date = message.scheduled_at.unwrap_or_default();
            traffic.take_in(Tracked::new(message));
            if date <= traffic.due(now) {
                traffic.put_back(id);
            } else {
                // The clock was set back while the page was read.
                traffic.messages.put(id, Place::Aside);
                traffic.schedule.at(date, Timer::Retry(id));
            }
        }
        self.scheduled.end_page(next);
        traffic.reads.ended();
        if let Some(date) = self.scheduled.next_date() {
            traffic.schedule.at(date, Timer::Scheduled);
        }
    }

    /// Messages on disk were read whose validity has ended.
    pub fn found_expired(
        &mut self,
        sending: &mut Sending,
        messages: Vec<Arc<Message>>,
        next: Option<UnixMicros>,
        now: Now,
    ) {
        self.is_reading_expired = false;
        for message in messages {
            let (key, was_scheduled) = (message.key, message.scheduled_at.is_some());
            if sending.traffic.is_known(key.id)
                || !sending.traffic.is_expired(&message, now)
                || !self.is_on_disk(&sending.traffic, &message)
            {
                continue;
            }
            self.leave_disk(&mut sending.traffic, key.first_choice, key.class, was_scheduled);
            sending.traffic.take_in(Tracked::new(message));
            sending.end(key.id, Outcome::Expired, 0, None);
        }
        sending.traffic.reads.ended();
        self.expires_on_disk(&mut sending.traffic, next);
    }

    /// True if a message that is not in memory waits on disk, and is counted there.
    fn is_on_disk(&self, traffic: &Traffic, message: &Message) -> bool {
        match message.scheduled_at {
            Some(date) => self.scheduled.is_on_disk((date, message.key.id)),
            None => traffic.is_on_disk(message),
        }
    }

    /// A page of scheduled messages could not be read.
    pub fn scheduled_not_read(&mut self, traffic: &mut Traffic) {
        self.scheduled.not_read();
        traffic.reads.ended();
    }

    /// The messages whose validity had ended at a date could not be read.
    pub fn expired_not_read(&mut self, traffic: &mut Traffic, until: UnixMicros) {
        self.is_reading_expired = false;
        traffic.reads.ended();
        self.next_expiry = Some(until);
    }

    /// Asks again for everything that could not be read.
    pub fn read_again(&mut self, traffic: &mut Traffic, now: Now) {
        traffic.read_backlogs_again();
        if self.next_expiry.is_some_and(|next| next <= now.due) {
            self.read_expired(traffic, now);
        }
    }

    /// Takes up what was on disk at a start.
    pub fn restore(
        &mut self,
        traffic: &mut Traffic,
        (scheduled, next): (u64, Option<DueMessage>),
        next_expiry: Option<UnixMicros>,
        last_message_id: u64,
    ) {
        self.expires_on_disk(traffic, next_expiry);
        self.scheduled.restore(scheduled, next, last_message_id);
        if let Some(date) = self.scheduled.next_date() {
            traffic.schedule.at(date, Timer::Scheduled);
        }
    }

    /// The scheduled messages on disk.
    pub fn scheduled(&self) -> u64 {
        self.scheduled.on_disk()
    }
}
