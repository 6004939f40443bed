//! The state machine itself: inputs in, effects out.

use std::sync::Arc;

use tollgate_engine::time::UnixMicros;

use crate::effect::{Effect, Read};
use crate::gateways::{Gateways, Next, PAGE as RECEIPTS};
use crate::input::{Found, Input, LinkNumber, Restored};
use crate::now::Now;
use crate::queues::Queues;
use crate::receipts::Receipts;
use crate::schedule::Timer;
use crate::sending::{Sending, Taken};
use crate::settings::Configuration;
use crate::traffic::Traffic;

/// The pause after a read that failed.
const READ_AGAIN_MICROS: u64 = 100_000;

/// Decides which message goes to which operator and when.
///
/// Call [`Self::handle`] for everything that happens, [`Self::advance`] after each group of inputs and whenever
/// [`Self::next_due`] has come, and then do what [`Self::poll_effect`] gives until it gives nothing.
#[derive(Debug)]
pub struct Delivery {
    /// From the queues in memory to the operators' answers.
    pub(crate) sending: Sending,
    /// The messages that wait on disk.
    pub(crate) queues: Queues,
    /// The receipts of operators, and the messages that wait for them.
    pub(crate) receipts: Receipts,
    /// Receipts on their way to gateways.
    pub(crate) gateways: Gateways,
    /// The time of the next samples of operators' health that are kept.
    pub(crate) next_sample: UnixMicros,
}

impl Delivery {
    /// Delivery with what is left from before the start: leased messages have an unknown outcome.
    pub fn new(configuration: Arc<Configuration>, restored: Restored, now: Now) -> Self {
        let sample = configuration.settings.health_sample_micros;
        let mut delivery = Self {
            sending: Sending::new(Traffic::new(configuration)),
            queues: Queues::default(),
            receipts: Receipts::new(restored.accepted, restored.last_message_id > 0),
            gateways: Gateways::default(),
            next_sample: UnixMicros(now.steady.0.saturating_add(sample)),
        };
        delivery.provision(now);
        delivery.restore(restored, now);
        delivery
    }

    /// Takes in what has happened. What follows from it for other messages is worked out by [`Self::advance`].
    pub fn handle(&mut self, input: Input, now: Now) {
        match input {
            Input::Durable(messages) => {
                for message in messages {
                    self.queues.durable(&mut self.sending.traffic, message, now);
                }
            }
            Input::Cancelled(messages) => {
                for message in messages {
                    self.queues.cancelled(&mut self.sending, &message);
                }
            }
            Input::Replaced(messages) => {
                for message in messages {
                    self.queues.replaced(&mut self.sending.traffic, message, now);
                }
            }
            Input::LinkUp { link, operator, window } => self.sending.link_up(link, operator, window, now),
            Input::LinkDown { link } => self.link_down(link, now),
            Input::Room { link, is_writable } => self.sending.room(link, is_writable),
            Input::Answered { link, message_id, attempt, answer } => {
                if let Some(taken) = self.sending.answered(link, message_id, attempt, &answer, now) {
                    let Taken { acceptance, sent_on } = taken;
                    self.receipts.report_acceptance(&mut self.sending, acceptance, sent_on, now);
                }
            }
            Input::Receipt { link, sequence, receipt } => {
                self.receipts.receipt(&mut self.sending, link, sequence, receipt, now);
            }
            Input::Committed { batch, result } => self.committed(batch, result, now),
            Input::Found(found) => self.found(found, now),
            Input::NotRead(read) => self.not_read(&read, now),
            Input::GatewayReceipts(receipts) => self.gateways.add(receipts),
            Input::Bound { bind, account, window } => self.gateways.bound(bind, account, window),
            Input::Unbound { bind } => self.unbound(bind),
            Input::ReceiptAnswered { bind, receipt, status } => {
                self.receipt_answered(bind, receipt, status, now);
            }
            Input::Configured(configuration) => {
                self.sending.traffic.configuration = configuration;
                self.provision(now);
            }
            Input::Stop => self.sending.stop(now),
        }
    }

    /// Does what is due, and moves every message that can move.
    pub fn advance(&mut self, now: Now) {
        while let Some(timer) = self.sending.traffic.schedule.take_due(now) {
            self.timer(timer, now);
        }
        if !self.sending.is_stopping() {
            self.sending.send(now);
            self.sending.assign(now);
            self.hand_over_receipts();
            self.queues.read(&mut self.sending.traffic, now);
        }
        self.sending.release_leases();
        while let Some(batch) = self.sending.traffic.outbox.cut() {
            self.sending.traffic.effects.push_back(Effect::Commit(batch));
        }
        self.receipts.evict(self.sending.traffic.configuration.settings.accepted_in_memory);
    }

    /// The next thing to be done, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.sending.traffic.effects.pop_front()
    }

    /// The time at which [`Self::advance`] is to be called though nothing has happened, by the time that never jumps.
    pub fn next_due(&self, now: Now) -> Option<UnixMicros> {
        self.sending.traffic.schedule.next_due(now)
    }

    /// True if every event is durable.
    pub fn is_settled(&self) -> bool {
        self.sending.traffic.outbox.is_empty()
    }

    fn found(&mut self, found: Found, now: Now) {
        match found {
            Found::Backlog { first_choice, class, messages, is_last, next_submitted_at } => {
                self.sending.traffic.found_backlog(
                    first_choice,
                    class,
                    messages,
                    (is_last, next_submitted_at),
                );
            }
            Found::Scheduled { messages, next } => {
                self.queues.found_scheduled(&mut self.sending.traffic, messages, next, now);
            }
            Found::Expired { messages, next } => {
                self.queues.found_expired(&mut self.sending, messages, next, now);
            }
            Found::Accepted { lookup, messages } => {
                self.receipts.found_accepted(&mut self.sending, lookup, &messages, now);
            }
            Found::Overdue { messages } => {
                self.receipts.found_overdue(&mut self.sending.traffic, messages, now);
            }
            Found::GatewayReceipts { account, receipts, is_last } => {
                self.gateways.take_page(account, receipts, is_last);
            }
        }
    }

    /// A link is down: its receipts cannot be acknowledged, and what was written to it has an unknown outcome.
    fn link_down(&mut self, link: LinkNumber, now: Now) {
        self.receipts.link_down(&mut self.sending.traffic, link);
        self.sending.link_down(link, now);
    }

    /// A read failed: it is asked for again after a pause.
    fn not_read(&mut self, read: &Read, now: Now) {
        let traffic = &mut self.sending.traffic;
        match *read {
            Read::Backlog { first_choice, class, .. } => {
                traffic.backlog_not_read(first_choice, class);
            }
            Read::Scheduled { .. } => self.queues.scheduled_not_read(traffic),
            Read::Expired { until, .. } => self.queues.expired_not_read(traffic, until),
            Read::Accepted { lookup, .. } => self.receipts.lookup_failed(lookup),
            Read::Overdue { .. } => {}
            Read::GatewayReceipts { account, .. } => self.gateways.not_read(account),
        }
        let again = UnixMicros(now.steady.0.saturating_add(READ_AGAIN_MICROS));
        traffic.schedule.after(again, Timer::Read);
    }

    /// Sends receipts to gateways, and asks for more of them.
    fn hand_over_receipts(&mut self) {
        while let Some(next) = self.gateways.next() {
            self.sending.traffic.effects.push_back(match next {
                Next::Send(bind, receipt) => Effect::SendReceipt { bind, receipt },
                Next::Read(account, after) => {
                    Effect::Read(Read::GatewayReceipts { account, after, at_most: RECEIPTS })
                }
            });
        }
    }
}
