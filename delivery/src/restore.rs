//! The state that is taken up at a start, and the configuration in force.

use tollgate_engine::time::UnixMicros;

use crate::effect::UnmatchedReason;
use crate::input::{KeptReceipt, Restored, RestoredLease};
use crate::likeness::tail;
use crate::machine::Delivery;
use crate::now::Now;
use crate::schedule::Timer;
use crate::tracked::{Place, Tracked};
use crate::unmatched::{Arrived, Unmatched};

/// The first look for receipts that never came is so much earlier after a start than the next ones.
const OVERDUE_FIRST: u64 = 10;

impl Delivery {
    /// Takes over the operators that are provisioned.
    pub(crate) fn provision(&mut self, now: Now) {
        let configuration = std::sync::Arc::clone(&self.configuration);
        for number in configuration.operators.keys() {
            self.operators.known(*number);
        }
        for number in self.operators.numbers() {
            if let Some(operator) = self.operators.get_mut(number) {
                operator.provision(configuration.operators.get(&number).copied());
                let review = operator.review(now.steady);
                self.reviewed(number, review);
            }
        }
        self.recall();
        self.operators.look_at_all();
    }

    /// Takes up what is left from before a start.
    pub(crate) fn restore(&mut self, restored: Restored, now: Now) {
        self.restore_leases(restored.leased, now);
        for number in self.operators.numbers() {
            self.restore_queues(number, restored.last_message_id);
        }
        for waiting in restored.waiting {
            let operator = self.operators.known(waiting.first_choice);
            if let Some(queue) = operator.backlog.get_mut(usize::from(waiting.class)) {
                queue.restore(waiting.messages, waiting.oldest, restored.last_message_id);
            }
            self.operators.look_at(waiting.first_choice);
        }
        self.expires_on_disk(restored.next_expiry);
        self.scheduled.restore(restored.scheduled, restored.next_scheduled, restored.last_message_id);
        if let Some(date) = self.scheduled.next_date() {
            self.schedule.at(date, Timer::Scheduled);
        }
        for message in restored.accepted_lately {
            self.await_receipts(message.accepted_at);
            let number = self.accepted.add(message, false);
            self.accepted.durable(number);
        }
        for (operator, destination) in restored.past_unknown {
            self.past_unknown.note(operator, &destination);
        }
        for (operator, form) in restored.receipt_ids {
            self.operators.known(operator).receipt_ids.restore(form);
        }
        for kept in restored.unmatched {
            self.restore_receipt(kept, now);
        }
        for (account, receipts) in restored.gateway_receipts {
            self.gateways.restore(account, receipts);
        }
        self.schedule.after(now.steady, Timer::Look);
        let first_look = self.configuration.settings.overdue_look_micros / OVERDUE_FIRST;
        self.schedule.after(UnixMicros(now.steady.0.saturating_add(first_look)), Timer::Overdue);
    }

    fn restore_queues(&mut self, number: tollgate_engine::operator::OperatorNumber, last: u64) {
        let Some(operator) = self.operators.get_mut(number) else { return };
        operator.backlog.iter_mut().for_each(|queue| queue.restore(0, UnixMicros(0), last));
    }

    fn restore_leases(&mut self, mut leased: Vec<RestoredLease>, now: Now) {
        let wait = self.configuration.settings.unknown_outcome_micros;
        // Of two leases over one message the later one holds.
        leased.sort_by_key(|lease| std::cmp::Reverse(lease.lease));
        for RestoredLease { lease, operator, leased_at, messages } in leased {
            let mut held = 0;
            for (message, may_be_at) in messages {
                let id = message.key.id;
                if self.messages.contains(id) {
                    continue;
                }
                self.operators.known(message.key.first_choice);
                let until = UnixMicros(now.steady.0.saturating_add(wait));
                let number_tail = tail(operator, message.addresses.destination());
                if let Some(other) = may_be_at {
                    self.past_unknown.note(other, message.addresses.destination());
                }
                self.take_in(Tracked {
                    place: Place::Unknown(operator),
                    may_be_at,
                    lease,
                    sent_on: leased_at,
                    until,
                    ..Tracked::new(message)
                });
                self.unknown_by_tail.insert(number_tail, id);
                self.schedule.after(until, Timer::Unknown(id));
                held += 1;
            }
            self.leases.hold(lease, held);
        }
    }

    fn restore_receipt(&mut self, kept: KeptReceipt, now: Now) {
        let KeptReceipt { id, operator, received_at, receipt } = kept;
        let readings =
            self.operators.known(operator).receipt_ids.readings(&receipt.id, receipt.other_id.as_deref());
        let arrived = Arrived { operator, receipt, received_at, ack: None, kept: Some(id) };
        let number = self.unmatched.add(Unmatched {
            arrived,
            readings,
            reason: UnmatchedReason::NoMessage,
            only: None,
            is_fresh: false,
            is_given_up: false,
            is_keeping: false,
            claimed_by: None,
        });
        self.wait_unmatched(number, now);
    }
}
