//! From backlogs to operators: who sends each message, and the lease that is durable before it may be sent.

use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::routing::{RouteAsk, RouteStage};
use tollgate_engine::settlement::Outcome;

use crate::effect::{Event, LeasedMessage};
use crate::machine::Delivery;
use crate::message::{CLASSES, Message};
use crate::now::Now;
use crate::operators::CountryConditions;
use crate::outbox::Follow;
use crate::planted::planted;
use crate::tracked::{AcceptedBeside, Place};

/// The largest number of messages in one lease.
const LEASE_MESSAGES_MAX: usize = 512;
/// Messages that are offered to others at one time, where an operator has too much waiting.
const OVERFLOW_MAX: usize = 512;

/// The fate of a message that was offered to operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offered {
    /// It has left its backlog.
    Gone,
    /// There is no room for it, nor for those behind it.
    NoRoom,
}

impl Delivery {
    /// Moves messages out of every backlog that has some which may move.
    pub(crate) fn assign(&mut self, now: Now) {
        while let Some(number) = self.operators.next_to_assign() {
            self.assign_from(number, now);
            self.read_backlog(number);
        }
        self.lease_gathered(now);
    }

    /// Moves messages out of a backlog until it is empty, or its operator has no room. Those of an operator that is down
    /// go to others; where the one that should take a message has no room the message stands by, and those behind it are
    /// looked at.
    fn assign_from(&mut self, number: OperatorNumber, now: Now) {
        while let Some(operator) = self.operators.get(number) {
            let is_open = operator.is_available() && !self.operators.any_wants_probes(now.steady);
            if is_open && operator.room() == 0 {
                return self.overflow(number, now);
            }
            let Some(id) = self.pick(number) else { return };
            if self.offer(id, number, is_open, None, now) == Offered::NoRoom {
                return;
            }
        }
    }

    /// The next message of a backlog, or of those that stand by for its operator.
    fn pick(&mut self, number: OperatorNumber) -> Option<u64> {
        let starves = planted!(self, ClassesStarve);
        let messages = &self.messages;
        let operator = self.operators.get_mut(number)?;
        let is_waiting = |id: u64| messages.place(id) == Some(Place::Waiting);
        let mut heads = [None; CLASSES as usize];
        for ((class, queue), head) in (0u8..).zip(&mut operator.backlog).zip(&mut heads) {
            let own = queue.first(is_waiting);
            let standing_by = operator.standby.range((class, 0)..(class + 1, 0)).next().map(|(_, id)| *id);
            *head = own.into_iter().chain(standing_by).min();
        }
        if starves {
            return heads.into_iter().flatten().next();
        }
        operator.choose_class(&heads).map(|(_, id)| id)
    }

    /// Offers a message to the operator that it should go to.
    fn offer(
        &mut self,
        id: u64,
        number: OperatorNumber,
        is_open: bool,
        without: Option<OperatorNumber>,
        now: Now,
    ) -> Offered {
        let Some(tracked) = self.messages.get(id) else { return Offered::Gone };
        let (message, flow, place) = (Arc::clone(&tracked.message), tracked.flow, tracked.place);
        self.take_out(id, place);
        if place == Place::Waiting && !self.flows.take(flow, id) && !planted!(self, OrderLost) {
            self.messages.put(id, Place::Held);
            return Offered::Gone;
        }
        if self.is_expired(&message, now) {
            self.end(id, Outcome::Expired, 0, None);
            return Offered::Gone;
        }
        let target =
            if place == Place::Waiting { self.operator_for(id, is_open, without, now) } else { Some(number) };
        let Some(target) = target else {
            if without.is_some() {
                self.stay(id);
                return Offered::NoRoom;
            }
            // Every operator that could take it was asked, or is down. Messages behind it may have others.
            if let Some(tracked) = self.messages.get_mut(id) {
                tracked.tried.clear();
            }
            self.put_aside(id, now);
            return Offered::Gone;
        };
        self.offer_to(id, target, (number, without.is_some()), now)
    }

    fn offer_to(
        &mut self,
        id: u64,
        target: OperatorNumber,
        (number, is_overflow): (OperatorNumber, bool),
        now: Now,
    ) -> Offered {
        let Some(tracked) = self.messages.get(id) else { return Offered::Gone };
        let (message, may_be_at) = (Arc::clone(&tracked.message), tracked.may_be_at);
        let tracked_place = tracked.place;
        let Some(operator) = self.operators.get_mut(target) else { return Offered::Gone };
        let room = if operator.is_available() { operator.room() } else { operator.probes(now.steady) };
        let stood_by = tracked_place == Place::Standby(target);
        if room == 0 && (stood_by || (target != number && !is_overflow)) {
            operator.standby.insert((message.key.class, id));
            self.messages.put(id, Place::Standby(target));
            return if stood_by { Offered::NoRoom } else { Offered::Gone };
        }
        if room == 0 {
            self.stay(id);
            return Offered::NoRoom;
        }
        if !operator.countries.admits(message.network.mcc, now.steady) {
            self.put_aside(id, now);
            return Offered::Gone;
        }
        let may_be_at = may_be_at.filter(|_| !planted!(self, MarkForgotten));
        operator.gathered.push(LeasedMessage { key: message.key, may_be_at });
        self.messages.put(id, Place::Leasing(target));
        if let Some(long_message) = message.long_message {
            self.long_messages.remember(long_message, target, now.steady);
        }
        self.gathering.insert(target);
        Offered::Gone
    }

    fn take_out(&mut self, id: u64, place: Place) {
        let Some(key) = self.messages.get(id).map(|tracked| tracked.message.key) else { return };
        if let Place::Standby(operator) = place {
            if let Some(operator) = self.operators.get_mut(operator) {
                operator.standby.remove(&(key.class, id));
            }
        } else if let Some(operator) = self.operators.get_mut(key.first_choice)
            && let Some(queue) = operator.backlog.get_mut(usize::from(key.class))
        {
            queue.take(id);
        }
    }

    /// The operator of earlier parts; else the first choice while it takes messages and was not asked; else, and while
    /// another operator is probed, the one that routing chooses.
    fn operator_for(
        &self,
        id: u64,
        is_open: bool,
        without: Option<OperatorNumber>,
        now: Now,
    ) -> Option<OperatorNumber> {
        let tracked = self.messages.get(id)?;
        let message = &tracked.message;
        let conditions = CountryConditions {
            operators: &self.operators,
            country: message.network.mcc,
            at: now.steady,
            without,
        };
        let of_parts = message.long_message.and_then(|parts| self.long_messages.operator(parts));
        let is_free =
            |operator: &OperatorNumber| !tracked.tried.contains(operator) && conditions.takes(*operator);
        if let Some(operator) = of_parts.filter(is_free) {
            return Some(operator);
        }
        let own = Some(message.key.first_choice)
            .filter(|operator| tracked.tried.is_empty() && conditions.takes(*operator));
        if is_open && own.is_some() {
            return own;
        }
        let network = self.configuration.networks.id(message.network);
        let chosen = network.and_then(|network| {
            let ask = RouteAsk {
                network,
                account: &message.account_id,
                source: message.addresses.source(),
                data_coding: message.data_coding,
                segments: message.segments,
                price: message.price,
                currency: message.currency,
                now: now.date,
                spread: message.spread,
                tried: &tracked.tried,
                stage: RouteStage::Resend,
            };
            self.configuration.routes.choose(&ask, &conditions).ok()
        });
        let chosen = chosen.map(|choice| choice.operator).filter(|operator| conditions.takes(*operator));
        // Where routing knows no operator, as for a network that has left the files, the first choice may do all the same.
        chosen.or(own)
    }

    /// Offers what an operator has too much of to others that have room. As much goes as waits longer than it may, so that
    /// the rest keeps its operator busy and nothing swings to and fro.
    fn overflow(&mut self, number: OperatorNumber, now: Now) {
        let Some(limit) = self.configuration.settings.overflow_after_micros else { return };
        let Some(operator) = self.operators.get(number) else { return };
        let per_second = u64::from(operator.capacity_per_second(now.steady));
        let kept = limit.saturating_mul(per_second) / 1_000_000;
        let excess = self.queue_length(number).saturating_sub(kept);
        for _ in 0..usize::try_from(excess).unwrap_or(usize::MAX).min(OVERFLOW_MAX) {
            let Some(id) = self.pick(number) else { return };
            let is_own = self.messages.place(id) == Some(Place::Waiting);
            if !is_own || self.offer(id, number, false, Some(number), now) == Offered::NoRoom {
                return;
            }
        }
    }

    /// Has messages leased that are about to be sent.
    fn lease_gathered(&mut self, now: Now) {
        while let Some(number) = self.gathering.pop_first() {
            let is_forgotten = planted!(self, LeaseForgotten);
            let Some(operator) = self.operators.get_mut(number) else { continue };
            let gathered = std::mem::take(&mut operator.gathered);
            operator.leasing += u32::try_from(gathered.len()).unwrap_or(u32::MAX);
            for messages in gathered.chunks(LEASE_MESSAGES_MAX) {
                let (lease, messages) = (self.leases.next(now.date.0), messages.to_vec());
                let event = Event::Leased { lease, operator: number, messages };
                if is_forgotten {
                    self.leased(&event, &[], &[], now);
                } else {
                    self.outbox.push(event, Follow::Nothing);
                }
            }
        }
    }

    /// A lease is durable: its messages may be sent, but for those that were dropped.
    pub(crate) fn leased(&mut self, event: &Event, dropped: &[u64], replaced: &[Arc<Message>], now: Now) {
        let Event::Leased { lease, operator: number, messages } = event else { return };
        let dropped = if planted!(self, DroppedSent) { &[] } else { dropped };
        self.leases.hold(*lease, (messages.len() - dropped.len()) as u64);
        for message in replaced {
            self.replace(Arc::clone(message));
        }
        let mut is_shut = true;
        if let Some(operator) = self.operators.get_mut(*number) {
            operator.leasing -= u32::try_from(messages.len()).unwrap_or(u32::MAX);
            is_shut = operator.review(now.steady).is_shut;
        }
        for LeasedMessage { key, .. } in messages {
            if dropped.contains(&key.id) {
                let is_told = self.messages.get(key.id).is_some_and(|tracked| tracked.is_cancelled);
                if !is_told {
                    self.dropped.insert(key.id);
                }
                self.forget(key.id);
                continue;
            }
            let Some(tracked) = self.messages.get_mut(key.id) else {
                self.leases.let_go(*lease);
                continue;
            };
            let before = std::mem::replace(&mut tracked.lease, *lease);
            let (message, accepted) = (Arc::clone(&tracked.message), tracked.accepted);
            let is_accepted = accepted != AcceptedBeside::Not;
            self.leases.let_go(before);
            if is_accepted {
                self.end_accepted(key.id);
            } else if self.is_expired(&message, now) {
                self.end(key.id, Outcome::Expired, 0, None);
            } else if is_shut || self.is_stopping {
                self.come_back(key.id);
            } else {
                self.messages.put(key.id, Place::Ready(*number));
                if let Some(operator) = self.operators.get_mut(*number) {
                    operator.ready.push_back(key.id);
                }
            }
        }
        self.operators.stir(*number);
        self.operators.look_at(*number);
    }

    /// A lease was refused: nothing was sent, and its messages wait again.
    pub(crate) fn not_leased(&mut self, number: OperatorNumber, messages: &[LeasedMessage]) {
        if let Some(operator) = self.operators.get_mut(number) {
            operator.leasing -= u32::try_from(messages.len()).unwrap_or(u32::MAX);
        }
        for LeasedMessage { key, .. } in messages {
            match self.messages.get(key.id) {
                Some(tracked) if tracked.is_cancelled => self.forget(key.id),
                Some(_) => self.come_back(key.id),
                None => {}
            }
        }
    }
}
