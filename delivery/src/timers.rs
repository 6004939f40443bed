//! The steps that are done by the clock.

use tollgate_engine::time::UnixMicros;

use crate::effect::Event;
use crate::gateways::Answered;
use crate::input::BindNumber;
use crate::machine::Delivery;
use crate::now::Now;
use crate::outbox::Follow;
use crate::planted::planted;
use crate::schedule::Timer;
use crate::status::gateway_may_take_later;

const SECOND: u64 = 1_000_000;

impl Delivery {
    /// Does what is due.
    pub(crate) fn timer(&mut self, timer: Timer, now: Now) {
        match timer {
            Timer::Retry(id) => self.sending.traffic.retry(id),
            Timer::Expiry(id) => self.sending.expired(id),
            Timer::Unknown(id) => self.sending.give_up_unknown(id),
            Timer::Unmatched(number) => self.receipts.unmatched_waited(&mut self.sending, number, now),
            Timer::Pace(number) => self.sending.traffic.paced(number),
            Timer::GatewayReceipt(account, receipt) => self.gateways.retry(account, receipt),
            Timer::Commit => self.sending.traffic.outbox.resume(),
            Timer::Read => {
                self.queues.read_again(&mut self.sending.traffic, now);
                self.receipts.look_up_again(&mut self.sending.traffic);
            }
            Timer::Look => self.look(now),
            // The page is asked for with whatever else is read.
            Timer::Scheduled => {}
            Timer::ExpiryOnDisk => self.queues.read_expired(&mut self.sending.traffic, now),
            Timer::Overdue => self.receipts.read_overdue(&mut self.sending.traffic, now),
            Timer::ReceiptTimeout => self.receipts.time_out_receipts(&mut self.sending.traffic, now),
        }
    }

    /// Looks at the health of operators, and at breakers whose time has passed.
    fn look(&mut self, now: Now) {
        let is_sample = now.steady >= self.next_sample;
        if is_sample {
            let every = self.sending.traffic.configuration.settings.health_sample_micros.max(SECOND);
            self.next_sample = UnixMicros(now.steady.0.saturating_add(every));
        }
        for number in self.sending.traffic.operators.numbers() {
            let Some(operator) = self.sending.traffic.operators.get_mut(number) else { continue };
            let sample = operator.look(now.steady);
            let review = operator.review(now.steady);
            if is_sample && operator.settings.is_some() {
                let event = Event::Health { operator: number, at: now.date, sample };
                self.sending.traffic.outbox.push(event, Follow::Nothing);
            }
            self.sending.traffic.reviewed(number, review);
        }
        self.sending.traffic.long_messages.prune(now.steady);
        self.sending.traffic.messages.prune();
        self.sending.traffic.schedule.after(
            UnixMicros(
                now.steady.0.saturating_add(self.sending.traffic.configuration.settings.health_look_micros),
            ),
            Timer::Look,
        );
    }

    /// A bind of a gateway is gone: what it did not answer goes again.
    pub(crate) fn unbound(&mut self, bind: BindNumber) {
        if planted!(self.sending.traffic, GatewayReceiptLost) {
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
            let pause = self.sending.traffic.configuration.settings.receipt_retry_micros;
            let at = UnixMicros(now.steady.0.saturating_add(pause));
            self.sending.traffic.schedule.after(at, Timer::GatewayReceipt(account, receipt));
        } else if let (Answered::Done, Some(status)) = (answered, status) {
            let receipts = vec![(receipt, status)];
            self.sending
                .traffic
                .outbox
                .push(Event::GatewayReceiptsDone { account, receipts }, Follow::Nothing);
        }
    }
}
