//! The state machine itself: inputs in, effects out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use rustc_hash::FxHashSet;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::accepted::Accepted;
use crate::effect::{Effect, Report};
use crate::few::Index;
use crate::flows::Flows;
use crate::gateways::Gateways;
use crate::input::{Found, Input, Restored};
use crate::leases::Leases;
use crate::links::Links;
use crate::long_messages::LongMessageRoutes;
use crate::now::Now;
use crate::operators::Operators;
use crate::outbox::Outbox;
use crate::past_unknown::PastUnknown;
use crate::reads::Reads;
use crate::schedule::Schedule;
use crate::scheduled::Scheduled;
use crate::settings::Configuration;
use crate::tracked::Messages;
use crate::unmatched::{Arrived, UnmatchedReceipts};

/// Decides which message goes to which operator and when.
///
/// Call [`Self::handle`] for everything that happens, [`Self::advance`] after each group of inputs and whenever
/// [`Self::next_due`] has come, and then do what [`Self::poll_effect`] gives until it gives nothing.
#[derive(Debug)]
pub struct Delivery {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) messages: Messages,
    pub(crate) operators: Operators,
    pub(crate) flows: Flows,
    pub(crate) long_messages: LongMessageRoutes,
    pub(crate) links: Links,
    pub(crate) leases: Leases,
    pub(crate) schedule: Schedule,
    pub(crate) scheduled: Scheduled,
    pub(crate) outbox: Outbox,
    pub(crate) accepted: Accepted,
    pub(crate) unmatched: UnmatchedReceipts,
    pub(crate) gateways: Gateways,
    pub(crate) reads: Reads,
    /// Messages of unknown outcome, by operator and the end of their number.
    pub(crate) unknown_by_tail: Index,
    /// Messages that no operator takes at present, and that were offered to none.
    pub(crate) unplaced: BTreeSet<u64>,
    /// Operators that messages are about to be leased for.
    pub(crate) gathering: BTreeSet<OperatorNumber>,
    /// Messages that a lease has found cancelled, until that is told of.
    pub(crate) dropped: FxHashSet<u64>,
    /// Receipts whose message is looked up on disk, by the number of the look-up.
    pub(crate) lookups: BTreeMap<u64, Arrived>,
    /// Look-ups that could not be made.
    pub(crate) failed_lookups: Vec<u64>,
    pub(crate) last_lookup: u64,
    pub(crate) past_unknown: PastUnknown,
    /// The date at which the next receipt in memory is overdue.
    pub(crate) receipt_timeout_at: Option<UnixMicros>,
    pub(crate) next_sample: UnixMicros,
    pub(crate) is_stopping: bool,
    pub(crate) effects: VecDeque<Effect>,
    #[cfg(test)]
    pub(crate) planted: Option<crate::planted::Fault>,
}

impl Delivery {
    /// Delivery with what is left from before the start: leased messages have an unknown outcome.
    pub fn new(configuration: Arc<Configuration>, restored: Restored, now: Now) -> Self {
        let settings = configuration.settings;
        let mut delivery = Self {
            operators: Operators::new(settings.breaker),
            accepted: Accepted::new(restored.accepted, restored.last_message_id > 0),
            configuration,
            messages: Messages::default(),
            flows: Flows::default(),
            long_messages: LongMessageRoutes::default(),
            links: Links::default(),
            leases: Leases::default(),
            schedule: Schedule::default(),
            scheduled: Scheduled::default(),
            outbox: Outbox::default(),
            unmatched: UnmatchedReceipts::default(),
            gateways: Gateways::default(),
            reads: Reads::default(),
            unknown_by_tail: Index::default(),
            unplaced: BTreeSet::new(),
            gathering: BTreeSet::new(),
            dropped: FxHashSet::default(),
            lookups: BTreeMap::new(),
            failed_lookups: Vec::new(),
            last_lookup: 0,
            past_unknown: PastUnknown::default(),
            receipt_timeout_at: None,
            next_sample: UnixMicros(now.steady.0.saturating_add(settings.health_sample_micros)),
            is_stopping: false,
            effects: VecDeque::new(),
            #[cfg(test)]
            planted: None,
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
                    self.durable(message, now);
                }
            }
            Input::Cancelled(messages) => {
                for message in messages {
                    self.cancelled(&message);
                }
            }
            Input::Replaced(messages) => {
                for message in messages {
                    self.replaced(message, now);
                }
            }
            Input::LinkUp { link, operator, window } => self.link_up(link, operator, window, now),
            Input::LinkDown { link } => self.link_down(link, now),
            Input::Room { link, is_writable } => self.room(link, is_writable),
            Input::Answered { link, message_id, attempt, answer } => {
                self.answered(link, message_id, attempt, &answer, now);
            }
            Input::Receipt { link, sequence, receipt } => self.receipt(link, sequence, receipt, now),
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
                self.configuration = configuration;
                self.provision(now);
            }
            Input::Stop => self.stop(now),
        }
    }

    /// Does what is due, and moves every message that can move.
    pub fn advance(&mut self, now: Now) {
        while let Some(timer) = self.schedule.take_due(now) {
            self.timer(timer, now);
        }
        if !self.is_stopping {
            self.send(now);
            self.assign(now);
            self.hand_over_receipts();
            self.read(now);
        }
        self.release_leases();
        while let Some(batch) = self.outbox.cut() {
            self.effects.push_back(Effect::Commit(batch));
        }
        self.accepted.evict(self.configuration.settings.accepted_in_memory);
    }

    /// The next thing to be done, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The time at which [`Self::advance`] is to be called though nothing has happened, by the time that never jumps.
    pub fn next_due(&self, now: Now) -> Option<UnixMicros> {
        self.schedule.next_due(now)
    }

    /// True if every event is durable.
    pub fn is_settled(&self) -> bool {
        self.outbox.is_empty()
    }

    fn found(&mut self, found: Found, now: Now) {
        match found {
            Found::Backlog { first_choice, class, messages, is_last, next_submitted_at } => {
                self.found_backlog(first_choice, class, messages, (is_last, next_submitted_at), now);
            }
            Found::Scheduled { messages, next } => self.found_scheduled(messages, next, now),
            Found::Expired { messages, next } => self.found_expired(messages, next, now),
            Found::Accepted { lookup, messages } => self.found_accepted(lookup, &messages, now),
            Found::Overdue { messages } => self.found_overdue(messages, now),
            Found::GatewayReceipts { account, receipts, is_last } => {
                self.gateways.take_page(account, receipts, is_last);
            }
        }
    }

    pub(crate) fn report(&mut self, report: Report) {
        self.effects.push_back(Effect::Report(report));
    }
}
