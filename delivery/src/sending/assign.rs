//! From backlogs to operators: who sends each message.

use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::Outcome;

use crate::effect::LeasedMessage;
use crate::now::Now;
use crate::planted::planted;
use crate::tracked::Place;

use super::Sending;

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

impl Sending {
    /// Moves messages out of every backlog that has some which may move.
    pub fn assign(&mut self, now: Now) {
        while let Some(number) = self.traffic.operators.next_to_assign() {
            self.assign_from(number, now);
            self.traffic.read_backlog(number);
        }
        self.lease_gathered(now);
    }

    /// Moves messages out of a backlog until it is empty, or its operator has no room. Those of an operator that is down
    /// go to others; where the one that should take a message has no room the message stands by, and those behind it are
    /// looked at.
    fn assign_from(&mut self, number: OperatorNumber, now: Now) {
        while let Some(operator) = self.traffic.operators.get(number) {
            let is_open = operator.is_available() && !self.traffic.operators.any_wants_probes(now.steady);
            if is_open && operator.room() == 0 {
                return self.overflow(number, now);
            }
            let Some(id) = self.traffic.pick(number) else { return };
            if self.offer(id, number, is_open, None, now) == Offered::NoRoom {
                return;
            }
        }
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
        let Some(tracked) = self.traffic.messages.get(id) else { return Offered::Gone };
        let (message, flow, place) = (Arc::clone(&tracked.message), tracked.flow, tracked.place);
        self.traffic.take_out(id, place);
        if place == Place::Waiting && !self.traffic.flows.take(flow, id) && !planted!(self.traffic, OrderLost)
        {
            self.traffic.messages.put(id, Place::Held);
            return Offered::Gone;
        }
        if self.traffic.is_expired(&message, now) {
            self.end(id, Outcome::Expired, 0, None);
            return Offered::Gone;
        }
        let target = if place == Place::Waiting {
            self.traffic.operator_for(id, is_open, without, now)
        } else {
            Some(number)
        };
        let Some(target) = target else {
            if without.is_some() {
                self.traffic.stay(id);
                return Offered::NoRoom;
            }
            // Every operator that could take it was asked, or is down. Messages behind it may have others.
            if let Some(tracked) = self.traffic.messages.get_mut(id) {
                tracked.tried.clear();
            }
            self.traffic.put_aside(id, now);
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
        let Some(tracked) = self.traffic.messages.get(id) else { return Offered::Gone };
        let (message, may_be_at) = (Arc::clone(&tracked.message), tracked.may_be_at);
        let tracked_place = tracked.place;
        let Some(operator) = self.traffic.operators.get_mut(target) else { return Offered::Gone };
        let room = if operator.is_available() { operator.room() } else { operator.probes(now.steady) };
        let stood_by = tracked_place == Place::Standby(target);
        if room == 0 && (stood_by || (target != number && !is_overflow)) {
            operator.standby.insert((message.key.class, id));
            self.traffic.messages.put(id, Place::Standby(target));
            return if stood_by { Offered::NoRoom } else { Offered::Gone };
        }
        if room == 0 {
            self.traffic.stay(id);
            return Offered::NoRoom;
        }
        if !operator.countries.admits(message.network.mcc, now.steady) {
            self.traffic.put_aside(id, now);
            return Offered::Gone;
        }
        let may_be_at = may_be_at.filter(|_| !planted!(self.traffic, MarkForgotten));
        operator.gathered.push(LeasedMessage { key: message.key, may_be_at });
        self.traffic.messages.put(id, Place::Leasing(target));
        if let Some(long_message) = message.long_message {
            self.traffic.long_messages.remember(long_message, target, now.steady);
        }
        self.gathering.insert(target);
        Offered::Gone
    }

    /// Offers what an operator has too much of to others that have room. As much goes as waits longer than it may, so that
    /// the rest keeps its operator busy and nothing swings to and fro.
    fn overflow(&mut self, number: OperatorNumber, now: Now) {
        let Some(limit) = self.traffic.configuration.settings.overflow_after_micros else { return };
        let Some(operator) = self.traffic.operators.get(number) else { return };
        let per_second = u64::from(operator.capacity_per_second(now.steady));
        let kept = limit.saturating_mul(per_second) / 1_000_000;
        let excess = self.traffic.queue_length(number).saturating_sub(kept);
        for _ in 0..usize::try_from(excess).unwrap_or(usize::MAX).min(OVERFLOW_MAX) {
            let Some(id) = self.traffic.pick(number) else { return };
            let is_own = self.traffic.messages.place(id) == Some(Place::Waiting);
            if !is_own || self.offer(id, number, false, Some(number), now) == Offered::NoRoom {
                return;
            }
        }
    }
}
