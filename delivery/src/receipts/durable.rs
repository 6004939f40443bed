//! The steps that follow once an acceptance or a receipt is durable.

use tollgate_engine::settlement::Outcome;

use crate::effect::{EventOutcome, MatchedReceipt, Report};
use crate::now::Now;
use crate::sending::{Sending, TRY_AGAIN};
use crate::tracked::{AcceptedBeside, Place};

use super::Receipts;

impl Receipts {
    /// An acceptance is durable: the message is the operator's, and gets the receipts that came before.
    pub fn acceptance_durable(&mut self, sending: &mut Sending, id: u64, number: u64) {
        if let Some(tracked) = sending.traffic.messages.get_mut(id) {
            if tracked.place == Place::Ending {
                sending.forget(id);
            } else {
                tracked.accepted = AcceptedBeside::Durable;
            }
        }
        for arrived in self.accepted.durable(number) {
            self.give_to(sending, number, arrived);
        }
    }

    /// A receipt is durable, with what followed from it.
    pub fn receipt_durable(
        &mut self,
        sending: &mut Sending,
        receipt: &MatchedReceipt,
        number: Option<u64>,
        outcome: &EventOutcome,
        now: Now,
    ) {
        let is_final = receipt.receipt.state.is_final() && !receipt.receipt.is_intermediate;
        let EventOutcome::Settled { outcome, accepted_at } = *outcome else {
            if is_final && number.is_some() {
                // It had ended before this receipt.
                self.accepted.settled(number, receipt.message_id);
            }
            return;
        };
        self.accepted.settled(number, receipt.message_id);
        sending.traffic.report(Report::Settled { operator: Some(receipt.operator), outcome });
        let Some(accepted_at) = accepted_at else { return };
        if let Some(operator) = sending.traffic.operators.get_mut(receipt.operator) {
            let delay = now.date.0.saturating_sub(accepted_at.0);
            operator.note_receipt(now.steady, delay, outcome == Outcome::Delivered);
        }
    }

    /// A receipt without a message is kept, and the operator need not keep it.
    pub fn kept(&mut self, sending: &mut Sending, number: u64, on_disk: u64) {
        let Some(unmatched) = self.unmatched.get_mut(number) else { return };
        unmatched.is_keeping = false;
        unmatched.arrived.kept = Some(on_disk);
        let ack = unmatched.arrived.ack.take();
        let claimed_by = unmatched.claimed_by;
        sending.acknowledge(ack, 0);
        if let Some(accepted) = claimed_by
            && let Some(unmatched) = self.unmatched.remove(number)
        {
            self.give_to(sending, accepted, unmatched.arrived);
        }
    }

    /// A receipt without a message was not kept. If its operator is there it has it still, and is asked for it again;
    /// returns true if it is to be kept all the same.
    pub fn not_kept(&mut self, sending: &mut Sending, number: u64) -> bool {
        let Some(unmatched) = self.unmatched.get(number) else { return false };
        let ack = unmatched.arrived.ack.filter(|(link, _)| sending.is_up(*link));
        if ack.is_some() {
            self.unmatched.remove(number);
            sending.acknowledge(ack, TRY_AGAIN);
        }
        ack.is_none()
    }

    /// The time for a receipt is over, durably; `is_settled` if that has ended its message.
    pub fn timed_out(&mut self, number: Option<u64>, message_id: u64, is_settled: bool) {
        if number.is_some() || is_settled {
            self.accepted.settled(number, message_id);
        }
    }
}
