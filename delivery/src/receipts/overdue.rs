//! Receipts that do not come in time.

use tollgate_engine::time::UnixMicros;

use crate::effect::{Effect, Event, Read};
use crate::input::AcceptedMessage;
use crate::now::Now;
use crate::outbox::Follow;
use crate::schedule::Timer;
use crate::traffic::Traffic;

use super::Receipts;

const SECOND: u64 = 1_000_000;
/// Messages of one look for receipts that have not come; what is left is found by the next.
const OVERDUE_MAX: u32 = 1_000;

impl Receipts {
    /// Waits for the receipt of a message in memory that was accepted at this date.
    pub(super) fn await_receipts(&mut self, traffic: &mut Traffic, accepted_at: UnixMicros) {
        if self.timeout_at.is_none() {
            let timeout = traffic.configuration.settings.receipt_timeout_micros;
            let at = UnixMicros(accepted_at.0.saturating_add(timeout));
            self.timeout_at = Some(at);
            traffic.schedule.at(at, Timer::ReceiptTimeout);
        }
    }

    /// Gives up the receipts of messages in memory that have not come in time.
    pub fn time_out_receipts(&mut self, traffic: &mut Traffic, now: Now) {
        self.timeout_at = None;
        let timeout = traffic.configuration.settings.receipt_timeout_micros;
        let before = UnixMicros(now.due.0.saturating_sub(timeout));
        let (mut events, mut after) = (Vec::new(), None);
        while let Some((number, message)) = self.accepted.overdue(before, after) {
            events.push((timed_out(message), number));
            after = Some(number);
        }
        for (event, number) in events {
            traffic.outbox.push(event, Follow::Receipt(Some(number), None));
        }
        if let Some(next) = self.accepted.first_after(before) {
            self.await_receipts(traffic, next);
        }
    }

    /// Looks for receipts that have not come in time, of messages on disk.
    pub fn read_overdue(&mut self, traffic: &mut Traffic, now: Now) {
        traffic.schedule.after(
            UnixMicros(now.steady.0.saturating_add(traffic.configuration.settings.overdue_look_micros)),
            Timer::Overdue,
        );
        if self.accepted.has_more() {
            let timeout = traffic.configuration.settings.receipt_timeout_micros;
            let before = UnixMicros(now.due.0.saturating_sub(timeout));
            traffic.effects.push_back(Effect::Read(Read::Overdue { before, at_most: OVERDUE_MAX }));
        }
    }

    /// Messages on disk whose receipt has not come in time.
    pub fn found_overdue(&mut self, traffic: &mut Traffic, messages: Vec<AcceptedMessage>, now: Now) {
        if messages.len() >= OVERDUE_MAX as usize {
            // There are more, which the next look finds once these have ended.
            traffic.schedule.after(UnixMicros(now.steady.0 + SECOND), Timer::Overdue);
        }
        for message in messages {
            if self.accepted.number_of(&message).is_none() {
                traffic.outbox.push(timed_out(&message), Follow::Receipt(None, None));
            }
        }
    }
}

fn timed_out(message: &AcceptedMessage) -> Event {
    Event::ReceiptTimedOut {
        operator: message.operator,
        message_id: message.message_id,
        upstream_id: message.upstream_id.clone(),
    }
}
