//! The steps that follow once events are durable, or were refused.

use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;

use crate::effect::{CommitResult, Event, EventOutcome, Report};
use crate::machine::Delivery;
use crate::now::Now;
use crate::outbox::{Follow, SentBatch};
use crate::planted::planted;
use crate::schedule::Timer;
use crate::sending::TRY_AGAIN;

/// The pause after which events that could not be made durable are tried again.
const COMMIT_AGAIN_MICROS: u64 = 100_000;

impl Delivery {
    /// The result of a batch of events has come.
    pub(crate) fn committed(&mut self, batch: u64, result: CommitResult, now: Now) {
        match result {
            CommitResult::Durable(outcomes) => {
                let Some(SentBatch { batch, follow }) = self.sending.traffic.outbox.take(batch) else {
                    return;
                };
                for ((event, follow), outcome) in batch.events.iter().zip(follow).zip(outcomes) {
                    self.followed(event, follow, outcome, now);
                }
            }
            CommitResult::Refused => {
                let Some(SentBatch { batch, follow }) = self.sending.traffic.outbox.take(batch) else {
                    return;
                };
                let events = batch.events.iter().cloned().zip(follow);
                let again: Vec<_> =
                    events.filter_map(|(event, follow)| self.refused(event, follow)).collect();
                if !again.is_empty() && !planted!(self.sending.traffic, RefusedDropped) {
                    self.sending.traffic.outbox.give_back(again);
                    let at = UnixMicros(now.steady.0.saturating_add(COMMIT_AGAIN_MICROS));
                    self.sending.traffic.schedule.after(at, Timer::Commit);
                }
            }
            // The operator has its receipts still, and is asked for them again.
            CommitResult::InDoubt => {
                for ack in self.sending.traffic.outbox.take_acks(batch) {
                    self.sending.acknowledge(Some(ack), TRY_AGAIN);
                }
            }
        }
    }

    fn followed(&mut self, event: &Event, follow: Follow, outcome: EventOutcome, now: Now) {
        match (event, follow, outcome) {
            (Event::Leased { .. }, ..) if self.sending.is_stopping() => {}
            (Event::Leased { .. }, _, EventOutcome::Leased { dropped, replaced }) => {
                self.sending.leased(event, &dropped, &replaced, now);
            }
            (Event::Leased { .. }, ..) => self.sending.leased(event, &[], &[], now),
            (Event::Accepted(acceptance), Follow::Accepted(number), _) => {
                self.receipts.acceptance_durable(&mut self.sending, acceptance.message.key.id, number);
            }
            (Event::Ended(ended), _, outcome) => {
                self.sending.forget(ended.message.key.id);
                if let EventOutcome::Settled { outcome, .. } = outcome {
                    self.sending.traffic.report(Report::Settled { operator: ended.operator, outcome });
                }
            }
            (Event::Receipt(receipt), Follow::Receipt(number, ack), outcome) => {
                self.receipts.receipt_durable(&mut self.sending, receipt, number, &outcome, now);
                self.sending.acknowledge(ack, 0);
            }
            (Event::ReceiptTimedOut { operator, message_id, .. }, Follow::Receipt(number, _), outcome) => {
                let is_settled = matches!(outcome, EventOutcome::Settled { .. });
                self.receipts.timed_out(number, *message_id, is_settled);
                if is_settled {
                    let operator = Some(*operator);
                    self.sending.traffic.report(Report::Settled { operator, outcome: Outcome::Unknown });
                }
            }
            (Event::Kept { .. }, Follow::Kept(number), EventOutcome::Kept { unmatched }) => {
                self.receipts.kept(&mut self.sending, number, unmatched);
            }
            _ => {}
        }
    }

    /// Follows an event that was refused; one to try again is returned.
    fn refused(&mut self, event: Event, follow: Follow) -> Option<(Event, Follow)> {
        match (event, follow) {
            (Event::Leased { operator, messages, .. }, _) => {
                self.sending.not_leased(operator, &messages);
                None
            }
            // The operator has the receipt still, and is asked for it again.
            (Event::Receipt(_), Follow::Receipt(_, ack @ Some((link, _)))) if self.sending.is_up(link) => {
                self.sending.acknowledge(ack, TRY_AGAIN);
                None
            }
            (event @ Event::Kept { .. }, Follow::Kept(number)) => {
                let is_to_be_kept = self.receipts.not_kept(&mut self.sending, number);
                is_to_be_kept.then_some((event, Follow::Kept(number)))
            }
            (event, follow) => Some((event, follow)),
        }
    }
}
