//! Deliveries to the peer: at most a window of them unanswered, each matched to its answer.
//!
//! Our requests are counted on without end and their sequence numbers follow from the count, so what waits for
//! an answer stands in the order in which it was sent, wrap or no wrap, and the first is the first to be late.
//! Lateness is measured in time that the peer was listened to: while its input is not read, its answers cannot
//! be seen.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rusmpp::{CommandId, CommandStatus};

use super::{ServerSession, State};
use crate::encode;
use crate::handler::{BindMode, Delivery, DeliveryOutcome};

/// The highest sequence number that a requester may choose (SMPP 3.4 §3.2).
const SEQUENCE_MAX: u32 = 0x7FFF_FFFF;

/// The sequence numbers of our own requests: 1 to 0x7FFFFFFF, and over again.
#[derive(Debug, Default)]
pub(super) struct OwnRequests {
    count: u64,
}

impl OwnRequests {
    /// The next request's number among all, and its sequence number.
    pub(super) fn next(&mut self) -> (u64, u32) {
        let sequence = u32::try_from(self.count % u64::from(SEQUENCE_MAX)).unwrap_or(0) + 1;
        self.count += 1;
        (self.count, sequence)
    }

    /// Which request `sequence` means: the latest that had it.
    fn find(&self, sequence: u32) -> Option<u64> {
        let last = u32::try_from(self.count.checked_sub(1)? % u64::from(SEQUENCE_MAX)).ok()?;
        let wanted = sequence.checked_sub(1).filter(|wanted| *wanted < SEQUENCE_MAX)?;
        let back = if wanted <= last { last - wanted } else { last + (SEQUENCE_MAX - wanted) };
        self.count.checked_sub(u64::from(back)).filter(|count| *count > 0)
    }
}

#[derive(Debug)]
struct Sent {
    token: u64,
    /// How long the peer had been listened to by then.
    at: Duration,
}

/// The deliveries of one session.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    window: usize,
    unanswered: BTreeMap<u64, Sent>,
    /// What the handler is to be told.
    outcomes: Vec<(u64, DeliveryOutcome)>,
}

impl Deliveries {
    pub(super) fn open(&mut self, window: u32) {
        self.window = usize::try_from(window).unwrap_or(usize::MAX);
    }

    pub(super) fn are_answered(&self) -> bool {
        self.unanswered.is_empty()
    }

    /// When the oldest was sent, as [`Sent::at`].
    fn oldest(&self) -> Option<Duration> {
        self.unanswered.first_key_value().map(|(_, sent)| sent.at)
    }

    fn give_up(&mut self, since: impl Fn(&Sent) -> bool) -> u64 {
        let mut count = 0;
        while let Some(first) = self.unanswered.first_entry().filter(|first| since(first.get())) {
            self.outcomes.push((first.remove().token, DeliveryOutcome::Unanswered));
            count += 1;
        }
        count
    }
}

impl ServerSession {
    /// How many deliveries the peer may be given now.
    pub fn delivery_room(&self) -> usize {
        let receives = matches!(self.state, State::Bound(BindMode::Receiver | BindMode::Transceiver));
        if !receives || self.output.len() >= self.config.output_length_max {
            return 0;
        }
        self.deliveries.window.saturating_sub(self.deliveries.unanswered.len())
    }

    /// Deliveries from the handler; takes them all, [`Self::delivery_room`] or not. What comes when the peer can
    /// be given nothing is unanswered at once.
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

    /// What became of deliveries since the last call, for the handler. Every one that was handed in comes
    /// out exactly once, the last ones when the session is over.
    pub fn take_outcomes(&mut self) -> impl Iterator<Item = (u64, DeliveryOutcome)> {
        self.deliveries.outcomes.drain(..)
    }

    /// Whether there is anything to take.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_wrap_and_are_found_again() {
        let mut own = OwnRequests::default();
        assert_eq!(own.find(1), None, "nothing was asked yet");
        assert_eq!((own.next(), own.next()), ((1, 1), (2, 2)));
        assert_eq!((own.find(0), own.find(1), own.find(2), own.find(3)), (None, Some(1), Some(2), None));

        let max = u64::from(SEQUENCE_MAX);
        own.count = max - 1;
        assert_eq!((own.next(), own.next()), ((max, SEQUENCE_MAX), (max + 1, 1)));
        assert_eq!((own.find(SEQUENCE_MAX), own.find(1)), (Some(max), Some(max + 1)));
        assert_eq!(own.find(2), Some(2), "the latest that had it");
        assert_eq!((own.find(0x8000_0000), own.find(u32::MAX)), (None, None));
    }
}
