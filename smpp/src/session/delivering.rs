//! Sends deliveries to the peer and matches its answers to them.

use std::time::{Duration, Instant};

use rusmpp::{CommandId, CommandStatus};

use super::deliveries::Sent;
use super::{ServerSession, State};
use crate::encode;
use crate::handler::{BindMode, Delivery, DeliveryOutcome};

impl ServerSession {
    /// The number of deliveries that the peer may be given now.
    pub fn delivery_room(&self) -> usize {
        let receives = matches!(self.state, State::Bound(BindMode::Receiver | BindMode::Transceiver));
        if !receives || self.output.len() >= self.config.output_length_max {
            return 0;
        }
        self.deliveries.window.saturating_sub(self.deliveries.unanswered.len())
    }

    /// Deliveries from the handler; takes them all, [`Self::delivery_room`] or not. What comes when the peer
    /// can be given nothing is unanswered at once.
    pub fn handle_deliveries(&mut self, now: Instant, deliveries: &mut Vec<Delivery>) {
        let receives = matches!(self.state, State::Bound(BindMode::Receiver | BindMode::Transceiver));
        let at = self.timers.listened(now);
        for delivery in deliveries.drain(..) {
            if receives {
                self.put_delivery(at, &delivery);
            } else {
                self.deliveries.outcomes.push((delivery.token, DeliveryOutcome::Unanswered));
            }
        }
        self.time_deliveries();
        self.review_input(now);
    }

    /// The outcomes of deliveries since the last call, for the handler. Each delivery has exactly one, the
    /// last ones when the session is over.
    pub fn take_outcomes(&mut self) -> impl Iterator<Item = (u64, DeliveryOutcome)> {
        self.deliveries.outcomes.drain(..)
    }

    /// True if there is anything to take.
    pub fn has_outcomes(&self) -> bool {
        !self.deliveries.outcomes.is_empty()
    }

    fn put_delivery(&mut self, at: Duration, delivery: &Delivery) {
        let (number, sequence) = self.own_requests.next();
        if encode::put_delivery(&mut self.output, sequence, delivery, self.version.knows_tlvs()) {
            self.deliveries.unanswered.insert(number, Sent { token: delivery.token, at });
            self.counts.deliveries += 1;
        } else {
            let refused = DeliveryOutcome::Refused(CommandStatus::EsmeRinvmsglen.into());
            self.deliveries.outcomes.push((delivery.token, refused));
            self.counts.deliveries_refused += 1;
        }
    }

    /// The answer to a delivery, if it is one. Some peers answer with a data_sm_resp, or with a generic_nack.
    pub(super) fn delivery_answered(&mut self, response: CommandId, status: u32, sequence: u32) -> bool {
        let nack = response == CommandId::GenericNack;
        if !nack && !matches!(response, CommandId::DeliverSmResp | CommandId::DataSmResp) {
            return false;
        }
        let number = self.own_requests.find(sequence);
        let Some(sent) = number.and_then(|number| self.deliveries.unanswered.remove(&number)) else {
            return false;
        };
        let outcome = match status {
            0 if nack => DeliveryOutcome::Refused(CommandStatus::EsmeRunknownerr.into()),
            0 => DeliveryOutcome::Accepted,
            status => DeliveryOutcome::Refused(status),
        };
        self.counts.deliveries_refused += u64::from(outcome != DeliveryOutcome::Accepted);
        self.deliveries.outcomes.push((sent.token, outcome));
        self.time_deliveries();
        true
    }

    /// The oldest has waited for as long as an answer may take, and maybe others with it.
    pub(super) fn give_up_late_deliveries(&mut self, now: Instant) {
        let sent_by = self.timers.listened(now).saturating_sub(self.config.timers.response);
        self.counts.deliveries_unanswered += self.deliveries.give_up(|sent| sent.at <= sent_by);
        self.time_deliveries();
    }

    /// No answer is read any more.
    pub(super) fn give_up_deliveries(&mut self) {
        self.counts.deliveries_unanswered += self.deliveries.give_up(|_| true);
        self.time_deliveries();
    }

    fn time_deliveries(&mut self) {
        self.timers.delivery_waits(self.deliveries.oldest());
    }
}
