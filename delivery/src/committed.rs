//! The steps that follow once events are durable, or were refused.

use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;

use crate::effect::{CommitResult, Event, EventOutcome, LeasedMessage, MatchedReceipt, Report};
use crate::machine::Delivery;
use crate::now::Now;
use crate::outbox::{Follow, SentBatch};
use crate::planted::planted;
use crate::receipts::TRY_AGAIN;
use crate::schedule::Timer;
use crate::tracked::{AcceptedBeside, Place};

/// The pause after which events that could not be made durable are tried again.
const COMMIT_AGAIN_MICROS: u64 = 100_000;

impl Delivery {
    pub(crate) fn committed(&mut self, batch: u64, result: CommitResult, now: Now) {
        match result {
            CommitResult::Durable(outcomes) => {
                let Some(SentBatch { batch, follow }) = self.outbox.take(batch) else { return };
                for ((event, follow), outcome) in batch.events.iter().zip(follow).zip(outcomes) {
                    self.followed(event, follow, outcome, now);
                }
            }
            CommitResult::Refused => {
                let Some(SentBatch { batch, follow }) = self.outbox.take(batch) else { return };
                let events = batch.events.iter().cloned().zip(follow);
                let again: Vec<_> =
                    events.filter_map(|(event, follow)| self.refused(event, follow)).collect();
                if !again.is_empty() && !planted!(self, RefusedDropped) {
                    self.outbox.give_back(again);
                    let at = UnixMicros(now.steady.0.saturating_add(COMMIT_AGAIN_MICROS));
                    self.schedule.after(at, Timer::Commit);
                }
            }
            // The operator has its receipts still, and is asked for them again.
            CommitResult::InDoubt => {
                for ack in self.outbox.take_acks(batch) {
                    self.acknowledge(Some(ack), TRY_AGAIN);
                }
            }
        }
    }

    fn followed(&mut self, event: &Event, follow: Follow, outcome: EventOutcome, now: Now) {
        match (event, follow, outcome) {
            (Event::Leased { .. }, ..) if self.is_stopping => {}
            (Event::Leased { .. }, _, EventOutcome::Leased { dropped, replaced }) => {
                self.leased(event, &dropped, &replaced, now);
            }
            (Event::Leased { .. }, ..) => self.leased(event, &[], &[], now),
            (Event::Accepted(acceptance), Follow::Accepted(number), _) => {
                self.acceptance_durable(acceptance.message.key.id, number);
            }
            (Event::Ended(ended), _, outcome) => {
                self.forget(ended.message.key.id);
                if let EventOutcome::Settled { outcome, .. } = outcome {
                    self.report(Report::Settled { operator: ended.operator, outcome });
                }
            }
            (Event::Receipt(receipt), Follow::Receipt(number, ack), outcome) => {
                self.receipt_durable(receipt, number, &outcome, now);
                self.acknowledge(ack, 0);
            }
            (Event::ReceiptTimedOut { operator, message_id, .. }, Follow::Receipt(number, _), outcome) => {
                let is_settled = matches!(outcome, EventOutcome::Settled { .. });
                if number.is_some() || is_settled {
                    self.accepted.settled(number, *message_id);
                }
                if is_settled {
                    let operator = Some(*operator);
                    self.report(Report::Settled { operator, outcome: Outcome::Unknown });
                }
            }
            (Event::Kept { .. }, Follow::Kept(number), EventOutcome::Kept { unmatched }) => {
                self.kept(number, unmatched);
            }
            _ => {}
        }
    }

    /// An acceptance is durable: the message is the operator's, and gets the receipts that came before.
    fn acceptance_durable(&mut self, id: u64, number: u64) {
        if let Some(tracked) = self.messages.get_mut(id) {
            if tracked.place == Place::Ending {
                self.forget(id);
            } else {
                tracked.accepted = AcceptedBeside::Durable;
            }
        }
        for arrived in self.accepted.durable(number) {
            self.give_to(number, arrived);
        }
    }

    fn receipt_durable(
        &mut self,
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
        self.report(Report::Settled { operator: Some(receipt.operator), outcome });
        let Some(accepted_at) = accepted_at else { return };
        if let Some(operator) = self.operators.get_mut(receipt.operator) {
            let delay = now.date.0.saturating_sub(accepted_at.0);
            operator.note_receipt(now.steady, delay, outcome == Outcome::Delivered);
        }
    }

    /// A receipt without a message is kept, and the operator need not keep it.
    fn kept(&mut self, number: u64, on_disk: u64) {
        let Some(unmatched) = self.unmatched.get_mut(number) else { return };
        unmatched.is_keeping = false;
        unmatched.arrived.kept = Some(on_disk);
        let ack = unmatched.arrived.ack.take();
        let claimed_by = unmatched.claimed_by;
        self.acknowledge(ack, 0);
        if let Some(accepted) = claimed_by
            && let Some(unmatched) = self.unmatched.remove(number)
        {
            self.give_to(accepted, unmatched.arrived);
        }
    }

    /// Follows an event that was refused; one to try again is returned.
    fn refused(&mut self, event: Event, follow: Follow) -> Option<(Event, Follow)> {
        match (event, follow) {
            (Event::Leased { operator, messages, .. }, _) => {
                self.not_leased(operator, &messages);
                None
            }
            // The operator has the receipt still, and is asked for it again.
            (Event::Receipt(_), Follow::Receipt(_, ack @ Some((link, _)))) if self.is_up(link) => {
                self.acknowledge(ack, TRY_AGAIN);
                None
            }
            (event @ Event::Kept { .. }, Follow::Kept(number)) => {
                let unmatched = self.unmatched.get_mut(number)?;
                match unmatched.arrived.ack {
                    Some((link, _)) if self.links.operator(link).is_some() => {
                        let ack = unmatched.arrived.ack;
                        self.unmatched.remove(number);
                        self.acknowledge(ack, TRY_AGAIN);
                        None
                    }
                    _ => Some((event, Follow::Kept(number))),
                }
            }
            (event, follow) => Some((event, follow)),
        }
    }

    fn is_up(&self, link: crate::input::LinkNumber) -> bool {
        self.links.operator(link).is_some()
    }

    /// Releases the leases that name no message any more.
    pub(crate) fn release_leases(&mut self) {
        for lease in self.leases.take_done() {
            self.outbox.push(Event::Released { lease }, Follow::Nothing);
        }
    }

    /// The process is about to end, and no link is up: what was certainly not sent is released, so that a start sends it at
    /// once and not as a possible duplicate.
    pub(crate) fn stop(&mut self, now: Now) {
        self.is_stopping = true;
        let mut in_doubt: std::collections::BTreeMap<_, Vec<LeasedMessage>> =
            std::collections::BTreeMap::new();
        for id in self.messages.ids() {
            let Some(tracked) = self.messages.get(id) else { continue };
            let operator = match tracked.place {
                Place::Unknown(operator) => Some(operator),
                Place::InFlight(link) => self.links.operator(link),
                Place::Ending => continue,
                _ => tracked.may_be_at,
            };
            if let Some(operator) = operator {
                let (key, may_be_at) = (tracked.message.key, tracked.may_be_at);
                in_doubt.entry(operator).or_default().push(LeasedMessage { key, may_be_at });
            }
        }
        let ending: Vec<u64> = self
            .messages
            .ids()
            .into_iter()
            .filter_map(|id| {
                let tracked = self.messages.get(id)?;
                Some(tracked.lease).filter(|_| tracked.place == Place::Ending)
            })
            .collect();
        for (operator, messages) in in_doubt {
            let lease = self.leases.next(now.date.0);
            self.outbox.push(Event::Leased { lease, operator, messages }, Follow::Nothing);
        }
        for lease in self.leases.take_all() {
            // A message whose end is on its way keeps its lease until then.
            if !ending.contains(&lease) {
                self.outbox.push(Event::Released { lease }, Follow::Nothing);
            }
        }
    }
}
