//! The steps that are done by the clock.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::effect::{Effect, Event, Read};
use crate::gateways::Answered;
use crate::input::{AcceptedMessage, BindNumber};
use crate::machine::Delivery;
use crate::now::Now;
use crate::outbox::Follow;
use crate::planted::planted;
use crate::schedule::Timer;
use crate::status::gateway_may_take_later;
use crate::tracked::Place;

const SECOND: u64 = 1_000_000;
/// Messages of one such look; what is left is found by the next.
const OVERDUE_MAX: u32 = 1_000;

impl Delivery {
    /// Does what is due.
    pub(crate) fn timer(&mut self, timer: Timer, now: Now) {
        match timer {
            Timer::Retry(id) => {
                if self.messages.place(id) == Some(Place::Aside) {
                    self.detach(id);
                    self.come_back(id);
                }
            }
            Timer::Expiry(id) => self.expired(id),
            Timer::Unknown(id) => self.give_up_unknown(id),
            Timer::Unmatched(number) => self.unmatched_waited(number, now),
            Timer::Pace(number) => self.paced(number),
            Timer::GatewayReceipt(account, receipt) => self.gateways.retry(account, receipt),
            Timer::Commit => self.outbox.resume(),
            Timer::Read => self.read_again(now),
            Timer::Look => self.look(now),
            // The page is asked for with whatever else is read.
            Timer::Scheduled => {}
            Timer::ExpiryOnDisk => self.read_expired(now),
            Timer::Overdue => self.read_overdue(now),
            Timer::ReceiptTimeout => self.time_out_receipts(now),
        }
    }

    fn paced(&mut self, number: OperatorNumber) {
        if let Some(operator) = self.operators.get_mut(number) {
            operator.paced_at = None;
            self.operators.stir(number);
        }
    }

    /// Looks at the health of operators, and at breakers whose time has passed.
    fn look(&mut self, now: Now) {
        let is_sample = now.steady >= self.next_sample;
        if is_sample {
            let every = self.configuration.settings.health_sample_micros.max(SECOND);
            self.next_sample = UnixMicros(now.steady.0.saturating_add(every));
        }
        for number in self.operators.numbers() {
            let Some(operator) = self.operators.get_mut(number) else { continue };
            let sample = operator.look(now.steady);
            let review = operator.review(now.steady);
            if is_sample && operator.settings.is_some() {
                let event = Event::Health { operator: number, at: now.date, sample };
                self.outbox.push(event, Follow::Nothing);
            }
            self.reviewed(number, review);
        }
        self.long_messages.prune(now.steady);
        self.messages.prune();
        self.schedule.after(
            UnixMicros(now.steady.0.saturating_add(self.configuration.settings.health_look_micros)),
            Timer::Look,
        );
    }

    /// Waits for the receipt of a message in memory that was accepted at this date.
    pub(crate) fn await_receipts(&mut self, accepted_at: UnixMicros) {
        if self.receipt_timeout_at.is_none() {
            let timeout = self.configuration.settings.receipt_timeout_micros;
            let at = UnixMicros(accepted_at.0.saturating_add(timeout));
            self.receipt_timeout_at = Some(at);
            self.schedule.at(at, Timer::ReceiptTimeout);
        }
    }

    /// Gives up the receipts of messages in memory that have not come in time.
    fn time_out_receipts(&mut self, now: Now) {
        self.receipt_timeout_at = None;
        let timeout = self.configuration.settings.receipt_timeout_micros;
        let before = UnixMicros(now.due.0.saturating_sub(timeout));
        let (mut events, mut after) = (Vec::new(), None);
        while let Some((number, message)) = self.accepted.overdue(before, after) {
            events.push((timed_out(message), number));
            after = Some(number);
        }
        for (event, number) in events {
            self.outbox.push(event, Follow::Receipt(Some(number), None));
        }
        if let Some(next) = self.accepted.first_after(before) {
            self.await_receipts(next);
        }
    }

    /// Looks for receipts that have not come in time, of messages on disk.
    fn read_overdue(&mut self, now: Now) {
        self.schedule.after(
            UnixMicros(now.steady.0.saturating_add(self.configuration.settings.overdue_look_micros)),
            Timer::Overdue,
        );
        if self.accepted.has_more() {
            let timeout = self.configuration.settings.receipt_timeout_micros;
            let before = UnixMicros(now.due.0.saturating_sub(timeout));
            self.effects.push_back(Effect::Read(Read::Overdue { before, at_most: OVERDUE_MAX }));
        }
    }

    pub(crate) fn found_overdue(&mut self, messages: Vec<AcceptedMessage>, now: Now) {
        if messages.len() >= OVERDUE_MAX as usize {
            // There are more, which the next look finds once these have ended.
            self.schedule.after(UnixMicros(now.steady.0 + SECOND), Timer::Overdue);
        }
        for message in messages {
            if self.accepted.number_of(&message).is_none() {
                self.outbox.push(timed_out(&message), Follow::Receipt(None, None));
            }
        }
    }

    /// A bind of a gateway is gone: what it did not answer goes again.
    pub(crate) fn unbound(&mut self, bind: BindNumber) {
        if planted!(self, GatewayReceiptLost) {
            return self.gateways.lose(bind);
        }
        self.gateways.unbound(bind);
    }

    /// A gateway has answered a receipt, or its time to do so is over.
    pub(crate) fn receipt_answered(&mut self, bind: BindNumber, receipt: u64, status: Option<u32>, now: Now) {
        let answered = match status {
            None => Answered::Again,
            Some(status) if status != 0 && gateway_may_take_later(status) => Answered::Later,
            Some(_) => Answered::Done,
        };
        let Some(account) = self.gateways.answered(bind, receipt, answered) else { return };
        if answered == Answered::Later {
            let pause = self.configuration.settings.receipt_retry_micros;
            let at = UnixMicros(now.steady.0.saturating_add(pause));
            self.schedule.after(at, Timer::GatewayReceipt(account, receipt));
        } else if let (Answered::Done, Some(status)) = (answered, status) {
            let receipts = vec![(receipt, status)];
            self.outbox.push(Event::GatewayReceiptsDone { account, receipts }, Follow::Nothing);
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
