//! The lease that is durable before a message may be sent.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;

use crate::effect::{Event, LeasedMessage};
use crate::input::RestoredLease;
use crate::message::Message;
use crate::now::Now;
use crate::outbox::Follow;
use crate::planted::planted;
use crate::schedule::Timer;
use crate::tracked::{AcceptedBeside, Place, Tracked};

use super::Sending;

/// The largest number of messages in one lease.
const LEASE_MESSAGES_MAX: usize = 512;

impl Sending {
    /// Has messages leased that are about to be sent.
    pub fn lease_gathered(&mut self, now: Now) {
        while let Some(number) = self.gathering.pop_first() {
            let is_forgotten = planted!(self.traffic, LeaseForgotten);
            let Some(operator) = self.traffic.operators.get_mut(number) else { continue };
            let gathered = std::mem::take(&mut operator.gathered);
            operator.leasing += u32::try_from(gathered.len()).unwrap_or(u32::MAX);
            for messages in gathered.chunks(LEASE_MESSAGES_MAX) {
                let (lease, messages) = (self.leases.next(now.date.0), messages.to_vec());
                let event = Event::Leased { lease, operator: number, messages };
                if is_forgotten {
                    self.leased(&event, &[], &[], now);
                } else {
                    self.traffic.outbox.push(event, Follow::Nothing);
                }
            }
        }
    }

    /// A lease is durable: its messages may be sent, but for those that were dropped.
    pub fn leased(&mut self, event: &Event, dropped: &[u64], replaced: &[Arc<Message>], now: Now) {
        let Event::Leased { lease, operator: number, messages } = event else { return };
        let dropped = if planted!(self.traffic, DroppedSent) { &[] } else { dropped };
        self.leases.hold(*lease, (messages.len() - dropped.len()) as u64);
        for message in replaced {
            self.traffic.replace(Arc::clone(message));
        }
        let mut is_shut = true;
        if let Some(operator) = self.traffic.operators.get_mut(*number) {
            operator.leasing -= u32::try_from(messages.len()).unwrap_or(u32::MAX);
            is_shut = operator.review(now.steady).is_shut;
        }
        for LeasedMessage { key, .. } in messages {
            if dropped.contains(&key.id) {
                let is_told = self.traffic.messages.get(key.id).is_some_and(|tracked| tracked.is_cancelled);
                if !is_told {
                    self.dropped.insert(key.id);
                }
                self.forget(key.id);
                continue;
            }
            let Some(tracked) = self.traffic.messages.get_mut(key.id) else {
                self.leases.let_go(*lease);
                continue;
            };
            let before = std::mem::replace(&mut tracked.lease, *lease);
            let (message, accepted) = (Arc::clone(&tracked.message), tracked.accepted);
            let is_accepted = accepted != AcceptedBeside::Not;
            self.leases.let_go(before);
            if is_accepted {
                self.end_accepted(key.id);
            } else if self.traffic.is_expired(&message, now) {
                self.end(key.id, Outcome::Expired, 0, None);
            } else if is_shut || self.is_stopping {
                self.traffic.come_back(key.id);
            } else {
                self.traffic.messages.put(key.id, Place::Ready(*number));
                if let Some(operator) = self.traffic.operators.get_mut(*number) {
                    operator.ready.push_back(key.id);
                }
            }
        }
        self.traffic.operators.stir(*number);
        self.traffic.operators.look_at(*number);
    }

    /// A lease was refused: nothing was sent, and its messages wait again.
    pub fn not_leased(&mut self, number: OperatorNumber, messages: &[LeasedMessage]) {
        if let Some(operator) = self.traffic.operators.get_mut(number) {
            operator.leasing -= u32::try_from(messages.len()).unwrap_or(u32::MAX);
        }
        for LeasedMessage { key, .. } in messages {
            match self.traffic.messages.get(key.id) {
                Some(tracked) if tracked.is_cancelled => self.forget(key.id),
                Some(_) => self.traffic.come_back(key.id),
                None => {}
            }
        }
    }

    /// Releases the leases that name no message any more.
    pub fn release_leases(&mut self) {
        for lease in self.leases.take_done() {
            self.traffic.outbox.push(Event::Released { lease }, Follow::Nothing);
        }
    }

    /// The process is about to end, and no link is up: what was certainly not sent is released, so that a start sends it at
    /// once and not as a possible duplicate.
    pub fn stop(&mut self, now: Now) {
        self.is_stopping = true;
        let mut in_doubt: BTreeMap<_, Vec<LeasedMessage>> = BTreeMap::new();
        for id in self.traffic.messages.ids() {
            let Some(tracked) = self.traffic.messages.get(id) else { continue };
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
            .traffic
            .messages
            .ids()
            .into_iter()
            .filter_map(|id| {
                let tracked = self.traffic.messages.get(id)?;
                Some(tracked.lease).filter(|_| tracked.place == Place::Ending)
            })
            .collect();
        for (operator, messages) in in_doubt {
            let lease = self.leases.next(now.date.0);
            self.traffic.outbox.push(Event::Leased { lease, operator, messages }, Follow::Nothing);
        }
        for lease in self.leases.take_all() {
            // A message whose end is on its way keeps its lease until then.
            if !ending.contains(&lease) {
                self.traffic.outbox.push(Event::Released { lease }, Follow::Nothing);
            }
        }
    }

    /// Messages of leases from before a start: nobody knows whether they were sent.
    pub fn restore_leases(&mut self, mut leased: Vec<RestoredLease>, now: Now) {
        let wait = self.traffic.configuration.settings.unknown_outcome_micros;
        // Of two leases over one message the later one holds.
        leased.sort_by_key(|lease| Reverse(lease.lease));
        for RestoredLease { lease, operator, leased_at, messages } in leased {
            let mut held = 0;
            for (message, may_be_at) in messages {
                let id = message.key.id;
                if self.traffic.messages.contains(id) {
                    continue;
                }
                self.traffic.operators.known(message.key.first_choice);
                let until = UnixMicros(now.steady.0.saturating_add(wait));
                if let Some(other) = may_be_at {
                    self.unknown.note_past(other, message.addresses.destination());
                }
                self.unknown.add(operator, message.addresses.destination(), id);
                self.traffic.take_in(Tracked {
                    place: Place::Unknown(operator),
                    may_be_at,
                    lease,
                    sent_on: leased_at,
                    until,
                    ..Tracked::new(message)
                });
                self.traffic.schedule.after(until, Timer::Unknown(id));
                held += 1;
            }
            self.leases.hold(lease, held);
        }
    }
}
