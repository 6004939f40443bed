//! Reads from disk: pages of backlogs and of scheduled messages, and messages that expire there.

use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;

use crate::effect::{Effect, Read};
use crate::gateways::{Next, PAGE as RECEIPTS};
use crate::machine::Delivery;
use crate::message::Message;
use crate::now::Now;
use crate::planted::planted;
use crate::schedule::Timer;
use crate::scheduled::DueMessage;
use crate::tracked::{Place, Tracked};

/// Messages read at one time.
const PAGE: u32 = 512;
/// The pause after a read that failed.
const READ_AGAIN_MICROS: u64 = 100_000;

impl Delivery {
    /// Notes that a message on disk has a validity of its own.
    pub(crate) fn expires_on_disk(&mut self, expires_at: Option<UnixMicros>) {
        let Some(expires_at) = expires_at else { return };
        if self.reads.next_expiry.is_none_or(|next| expires_at < next) {
            self.reads.next_expiry = Some(expires_at);
            self.schedule.at(expires_at, Timer::ExpiryOnDisk);
        }
    }

    /// Asks for everything that is wanted, backlogs apart.
    pub(crate) fn read(&mut self, now: Now) {
        let is_full = self.messages.scheduled() >= u64::from(self.configuration.settings.scheduled_in_memory);
        if !is_full && let Some(after) = self.scheduled.wants_page(self.due(now)) {
            self.ask(Read::Scheduled { after, until: self.due(now), at_most: PAGE });
        }
    }

    /// The date by which scheduled messages are due.
    pub(crate) fn due(&self, now: Now) -> UnixMicros {
        if planted!(self, ScheduledByDoubtfulClock) { now.date } else { now.due }
    }

    /// Asks for messages whose validity has ended on disk.
    pub(crate) fn read_expired(&mut self, now: Now) {
        if !self.reads.is_reading_expired {
            self.reads.is_reading_expired = true;
            self.reads.next_expiry = None;
            self.ask(Read::Expired { until: now.due, at_most: PAGE });
        }
    }

    /// Asks for pages of a backlog that has none left in memory and more on disk.
    pub(crate) fn read_backlog(&mut self, number: OperatorNumber) {
        if self.is_full(number) || self.is_stopping {
            return;
        }
        let Some(operator) = self.operators.get_mut(number) else { return };
        let wanted: Vec<_> = (0u8..)
            .zip(&mut operator.backlog)
            .filter_map(|(class, queue)| Some((class, queue.wants_page()?)))
            .collect();
        for (class, after) in wanted {
            self.ask(Read::Backlog { first_choice: number, class, after, at_most: PAGE });
        }
    }

    fn ask(&mut self, read: Read) {
        self.reads.under_way += 1;
        self.effects.push_back(Effect::Read(read));
    }

    /// True if a message that a page brings is known, or has gone since the page was asked for.
    fn is_known(&self, id: u64) -> bool {
        self.messages.contains(id) || self.reads.gone.contains(&id)
    }

    pub(crate) fn found_backlog(
        &mut self,
        first_choice: OperatorNumber,
        class: u8,
        mut messages: Vec<Arc<Message>>,
        end: (bool, Option<UnixMicros>),
        now: Now,
    ) {
        if planted!(self, PageCutShort) && messages.len() > 1 {
            // Its successor is seen, and so it is taken for read.
            let _ = messages.remove(0);
        }
        let (in_memory, gone) = (&self.messages, &self.reads.gone);
        let is_known = |id: u64| in_memory.contains(id) || gone.contains(&id);
        let operator = self.operators.known(first_choice);
        let Some(queue) = operator.backlog.get_mut(usize::from(class)) else { return };
        let taken = queue.take_page(messages, end, is_known);
        for message in taken {
            self.take_in(Tracked::new(message));
        }
        self.reads.ended();
        self.operators.look_at(first_choice);
        let _ = now;
    }

    pub(crate) fn found_scheduled(
        &mut self,
        messages: Vec<Arc<Message>>,
        next: Option<DueMessage>,
        now: Now,
    ) {
        for message in messages {
            let id = message.key.id;
            let is_known = self.is_known(id);
            let is_overtaken = planted!(self, ScheduledOvertaken) && self.is_overtaken(&message);
            if !self.scheduled.take(&message, is_known) || is_overtaken {
                continue;
            }
            let date = message.scheduled_at.unwrap_or_default();
            self.take_in(Tracked::new(message));
            if date <= self.due(now) {
                self.put_back(id);
            } else {
                // The clock was set back while the page was read.
                self.messages.put(id, Place::Aside);
                self.schedule.at(date, Timer::Retry(id));
            }
        }
        self.scheduled.end_page(next);
        self.reads.ended();
        if let Some(date) = self.scheduled.next_date() {
            self.schedule.at(date, Timer::Scheduled);
        }
    }

    fn is_overtaken(&self, message: &Message) -> bool {
        let operator = self.operators.get(message.key.first_choice);
        let queue = operator.and_then(|operator| operator.backlog.get(usize::from(message.key.class)));
        queue.is_some_and(|queue| queue.has_seen(message.key.id))
    }

    pub(crate) fn found_expired(&mut self, messages: Vec<Arc<Message>>, next: Option<UnixMicros>, now: Now) {
        self.reads.is_reading_expired = false;
        for message in messages {
            let (key, was_scheduled) = (message.key, message.scheduled_at.is_some());
            if self.is_known(key.id) || !self.is_expired(&message, now) || !self.is_on_disk(&message) {
                continue;
            }
            self.leave_disk(key.first_choice, key.class, was_scheduled);
            self.take_in(Tracked::new(message));
            self.end(key.id, Outcome::Expired, 0, None);
        }
        self.reads.ended();
        self.expires_on_disk(next);
    }

    /// True if a message that is not in memory waits on disk, and is counted there.
    fn is_on_disk(&self, message: &Message) -> bool {
        if let Some(date) = message.scheduled_at {
            return self.scheduled.is_on_disk((date, message.key.id));
        }
        let operator = self.operators.get(message.key.first_choice);
        let queue = operator.and_then(|operator| operator.backlog.get(usize::from(message.key.class)));
        queue.is_some_and(|queue| queue.is_on_disk(message.key.id))
    }

    /// A read failed: it is asked for again after a pause.
    pub(crate) fn not_read(&mut self, read: &Read, now: Now) {
        match *read {
            Read::Backlog { first_choice, class, .. } => {
                let operator = self.operators.known(first_choice);
                if let Some(queue) = operator.backlog.get_mut(usize::from(class)) {
                    queue.not_read();
                }
                self.reads.failed.insert(first_choice);
                self.reads.ended();
            }
            Read::Scheduled { .. } => {
                self.scheduled.not_read();
                self.reads.ended();
            }
            Read::Expired { until, .. } => {
                self.reads.is_reading_expired = false;
                self.reads.ended();
                self.reads.next_expiry = Some(until);
            }
            Read::Accepted { lookup, .. } => self.lookup_failed(lookup),
            Read::Overdue { .. } => {}
            Read::GatewayReceipts { account, .. } => self.gateways.not_read(account),
        }
        let again = UnixMicros(now.steady.0.saturating_add(READ_AGAIN_MICROS));
        self.schedule.after(again, Timer::Read);
    }

    /// Asks again for everything that could not be read.
    pub(crate) fn read_again(&mut self, now: Now) {
        while let Some(number) = self.reads.failed.pop_first() {
            self.operators.look_at(number);
        }
        if self.reads.next_expiry.is_some_and(|next| next <= now.due) {
            self.read_expired(now);
        }
        self.look_up_again();
    }

    /// Sends receipts to gateways, and asks for more of them.
    pub(crate) fn hand_over_receipts(&mut self) {
        while let Some(next) = self.gateways.next() {
            self.effects.push_back(match next {
                Next::Send(bind, receipt) => Effect::SendReceipt { bind, receipt },
                Next::Read(account, after) => {
                    Effect::Read(Read::GatewayReceipts { account, after, at_most: RECEIPTS })
                }
            });
        }
    }
}
