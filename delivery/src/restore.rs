//! The state that is taken up at a start, and the configuration in force.

use tollgate_engine::time::UnixMicros;

use crate::input::Restored;
use crate::machine::Delivery;
use crate::now::Now;
use crate::schedule::Timer;

/// The first look for receipts that never came is so much earlier after a start than the next ones.
const OVERDUE_FIRST: u64 = 10;

impl Delivery {
    /// Takes over the operators that are provisioned.
    pub(crate) fn provision(&mut self, now: Now) {
        let configuration = std::sync::Arc::clone(&self.sending.traffic.configuration);
        self.receipts.provision(&configuration);
        for number in configuration.operators.keys() {
            self.sending.traffic.operators.known(*number);
        }
        for number in self.sending.traffic.operators.numbers() {
            if let Some(operator) = self.sending.traffic.operators.get_mut(number) {
                operator.provision(configuration.operators.get(&number).copied());
                let review = operator.review(now.steady);
                self.sending.traffic.reviewed(number, review);
            }
        }
        self.sending.traffic.recall();
        self.sending.traffic.operators.look_at_all();
    }

    /// Takes up what is left from before a start.
    pub(crate) fn restore(&mut self, restored: Restored, now: Now) {
        self.sending.restore_leases(restored.leased, now);
        for number in self.sending.traffic.operators.numbers() {
            self.restore_queues(number, restored.last_message_id);
        }
        for waiting in restored.waiting {
            let operator = self.sending.traffic.operators.known(waiting.first_choice);
            if let Some(queue) = operator.backlog.get_mut(usize::from(waiting.class)) {
                queue.restore(waiting.messages, waiting.oldest, restored.last_message_id);
            }
            self.sending.traffic.operators.look_at(waiting.first_choice);
        }
        let scheduled = (restored.scheduled, restored.next_scheduled);
        let last = restored.last_message_id;
        self.queues.restore(&mut self.sending.traffic, scheduled, restored.next_expiry, last);
        for message in restored.accepted_lately {
            self.receipts.restore_accepted(&mut self.sending.traffic, message);
        }
        for (operator, destination) in restored.past_unknown {
            self.sending.unknown.note_past(operator, &destination);
        }
        for (operator, form) in restored.receipt_ids {
            self.receipts.restore_ids(operator, form);
        }
        for kept in restored.unmatched {
            self.receipts.restore_receipt(&mut self.sending.traffic, kept, now);
        }
        for (account, receipts) in restored.gateway_receipts {
            self.gateways.restore(account, receipts);
        }
        self.sending.traffic.schedule.after(now.steady, Timer::Look);
        let first_look = self.sending.traffic.configuration.settings.overdue_look_micros / OVERDUE_FIRST;
        self.sending
            .traffic
            .schedule
            .after(UnixMicros(now.steady.0.saturating_add(first_look)), Timer::Overdue);
    }

    fn restore_queues(&mut self, number: tollgate_engine::operator::OperatorNumber, last: u64) {
        let Some(operator) = self.sending.traffic.operators.get_mut(number) else { return };
        operator.backlog.iter_mut().for_each(|queue| queue.restore(0, UnixMicros(0), last));
    }
}
