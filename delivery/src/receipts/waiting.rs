//! Receipts that wait for their message: most come a little before its answer; of some the answer is lost, and others go to
//! no message at all, and are kept.

use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::accepted::{Certainty, Meant};
use crate::effect::{Event, Report, UnmatchedReason};
use crate::input::{AcceptedMessage, KeptReceipt, Receipt};
use crate::likeness::Likeness;
use crate::now::Now;
use crate::outbox::Follow;
use crate::planted::planted;
use crate::receipt_ids::Reading;
use crate::schedule::Timer;
use crate::sending::Sending;
use crate::tracked::Place;
use crate::traffic::Traffic;
use crate::unmatched::{Arrived, Unmatched};

use super::Receipts;

impl Receipts {
    /// Lets a receipt wait for its message: its answer may be on its way.
    pub(super) fn wait_for_message(
        &mut self,
        sending: &mut Sending,
        arrived: Arrived,
        readings: Vec<Reading>,
        reason: UnmatchedReason,
        only: Option<Box<AcceptedMessage>>,
        now: Now,
    ) {
        let known = self.unmatched.same_as(arrived.operator, &arrived.receipt, &readings);
        let is_kept =
            |number: u64| self.unmatched.get(number).is_some_and(|same| same.arrived.kept.is_some());
        if known.is_some_and(is_kept) {
            return sending.acknowledge(arrived.ack, 0);
        }
        if self.unmatched.len() >= sending.traffic.configuration.settings.unmatched_max as usize
            && let Some(oldest) = self.unmatched.oldest_kept()
            && let Some(Arrived { kept: Some(unmatched), .. }) =
                self.unmatched.remove(oldest).map(|old| old.arrived)
        {
            sending.traffic.outbox.push(Event::Forgotten { unmatched }, Follow::Nothing);
        }
        let operator = arrived.operator;
        let is_ambiguous = reason == UnmatchedReason::SeveralMessages;
        let number = self.unmatched.add(Unmatched {
            arrived,
            readings,
            reason,
            only,
            is_fresh: true,
            is_given_up: is_ambiguous,
            is_keeping: false,
            claimed_by: None,
        });
        if is_ambiguous {
            sending.traffic.report(Report::AmbiguousReceipt { operator });
            return self.keep(&mut sending.traffic, number);
        }
        Self::wait_unmatched(&mut sending.traffic, number, now);
    }

    /// A receipt waits for the answer that names its message.
    pub(super) fn wait_unmatched(traffic: &mut Traffic, number: u64, now: Now) {
        let wait = traffic.configuration.settings.unmatched_micros;
        traffic.schedule.after(UnixMicros(now.steady.0.saturating_add(wait)), Timer::Unmatched(number));
    }

    /// Has a receipt kept on disk, unless it is.
    pub(super) fn keep(&mut self, traffic: &mut Traffic, number: u64) {
        let Some(unmatched) = self.unmatched.get_mut(number) else { return };
        if unmatched.arrived.kept.is_some() || std::mem::replace(&mut unmatched.is_keeping, true) {
            return;
        }
        let Arrived { operator, received_at, ref receipt, .. } = unmatched.arrived;
        let event =
            Event::Kept { operator, received_at, reason: unmatched.reason, receipt: Arc::clone(receipt) };
        traffic.outbox.push(event, Follow::Kept(number));
    }

    /// A message was accepted: receipts that may mean its id and came before are its own, unless they are older than it or
    /// of another number.
    pub(super) fn apply_early(
        &mut self,
        sending: &mut Sending,
        accepted: u64,
        early: Vec<u64>,
        sent_on: UnixMicros,
    ) {
        for number in early {
            let Some(entry) = self.accepted.get_mut(accepted) else { return };
            let AcceptedMessage { operator, ref upstream_id, .. } = entry.message;
            let Some(unmatched) = self.unmatched.get_mut(number) else { continue };
            let likeness = Likeness::of(&entry.message.addresses, &unmatched.arrived.receipt);
            let is_read_so = unmatched.readings.first().is_some_and(|first| *first.id == **upstream_id);
            let is_its = (is_read_so && likeness == Likeness::Untold) || likeness >= Likeness::Destination;
            if unmatched.arrived.operator != operator || unmatched.arrived.received_at < sent_on || !is_its {
                continue;
            }
            if unmatched.is_keeping {
                unmatched.claimed_by = Some(accepted);
            } else if let Some(Unmatched { arrived, .. }) = self.unmatched.remove(number) {
                self.give_to(sending, accepted, arrived);
            }
        }
    }

    /// A receipt has waited for its message in vain. The answer that names its message may be lost, or its number may be
    /// rewritten; if neither tells its message it is kept.
    pub fn unmatched_waited(&mut self, sending: &mut Sending, number: u64, now: Now) {
        let Some(unmatched) = self.unmatched.get(number) else { return };
        if unmatched.is_given_up || unmatched.is_keeping {
            return;
        }
        let Arrived { operator, received_at, ref receipt, .. } = unmatched.arrived;
        let (receipt, is_fresh) = (Arc::clone(receipt), unmatched.is_fresh);
        let on_disk = unmatched.only.as_deref().map_or(&[][..], std::slice::from_ref);
        let meant = self.accepted.meant_by(operator, &unmatched.readings, &receipt, on_disk);
        if !matches!(meant, Meant::None(..)) {
            return self.give_waiting(sending, number, meant, now);
        }
        if let Some(id) = self.only_unknown(sending, operator, received_at, &receipt) {
            return self.match_by_address(sending, number, id, now);
        }
        if let Meant::None(_, Some(only)) = meant
            && is_fresh
            && Self::may_be_rewritten(sending, &only, received_at, &receipt)
        {
            let in_memory = self.accepted.number_of(&only);
            let meant =
                in_memory.map_or(Meant::OnDisk(only), |number| Meant::InMemory(number, Certainty::Sure));
            return self.give_waiting(sending, number, meant, now);
        }
        if let Some(unmatched) = self.unmatched.get_mut(number) {
            unmatched.is_given_up = true;
        }
        sending.traffic.report(Report::UnmatchedReceipt { operator });
        self.keep(&mut sending.traffic, number);
    }

    fn give_waiting(&mut self, sending: &mut Sending, number: u64, meant: Meant, now: Now) {
        if let Some(Unmatched { arrived, readings, .. }) = self.unmatched.remove(number) {
            self.give(sending, meant, arrived, readings, now);
        }
    }

    /// True if a receipt with another number may be of the only message that has its id: the operator may have rewritten
    /// the number. It came after that message was accepted, and no other that the operator may have goes to its number.
    fn may_be_rewritten(
        sending: &Sending,
        only: &AcceptedMessage,
        received_at: UnixMicros,
        receipt: &Receipt,
    ) -> bool {
        if planted!(sending.traffic, RewrittenBelieved) {
            return true;
        }
        let operator = only.operator;
        let is_alike = |id: u64| {
            let tracked = sending.traffic.messages.get(id);
            tracked.is_none_or(|tracked| {
                Likeness::of(&tracked.message.addresses, receipt) >= Likeness::Destination
            })
        };
        let may_be_to = |number: &[u8]| {
            let unknown = sending.unknown.waiting(operator, number).iter().copied();
            unknown.into_iter().any(is_alike) || sending.unknown.was_past(operator, number)
        };
        received_at >= only.accepted_at
            && !may_be_to(&receipt.source)
            && !may_be_to(&receipt.destination)
            && !sending.in_flight_at(operator).any(is_alike)
    }

    /// The one message of unknown outcome that a receipt without a message may be of, by its addresses: no other that the
    /// operator has, had, or may have goes to its number.
    fn only_unknown(
        &self,
        sending: &Sending,
        operator: OperatorNumber,
        received_at: UnixMicros,
        receipt: &Receipt,
    ) -> Option<u64> {
        let mut ids: Vec<u64> = Vec::new();
        for number in [&receipt.source, &receipt.destination] {
            ids.extend(sending.unknown.waiting(operator, number));
        }
        ids.sort_unstable();
        ids.dedup();
        if planted!(sending.traffic, WrongMessage) {
            return ids.first().copied();
        }
        let likeness = |id: u64| {
            let tracked = sending.traffic.messages.get(id)?;
            Some(Likeness::of(&tracked.message.addresses, receipt))
        };
        let [id] = ids[..] else { return None };
        let tracked = sending.traffic.messages.get(id)?;
        let destination = tracked.message.addresses.destination();
        let is_alike = |id: u64| likeness(id).is_none_or(|likeness| likeness >= Likeness::Destination);
        let is_other = self.accepted.knows_number(operator, destination)
            || sending.unknown.was_past(operator, destination)
            || sending.in_flight_at(operator).any(is_alike);
        let is_its = tracked.place == Place::Unknown(operator)
            && likeness(id) == Some(Likeness::Both)
            && tracked.sent_on <= received_at;
        Some(id).filter(|_| is_its && !is_other)
    }

    /// The answer that would name a receipt's message is lost: the receipt stands for it.
    fn match_by_address(&mut self, sending: &mut Sending, number: u64, id: u64, now: Now) {
        let Some(Place::Unknown(operator)) = sending.traffic.messages.place(id) else { return };
        let Some(unmatched) = self.unmatched.remove(number) else { return };
        let Some(first) = unmatched.readings.first() else { return };
        sending.detach(id);
        let Some(tracked) = sending.traffic.messages.get_mut(id) else { return };
        let (flow, is_possible_duplicate) = (tracked.flow, tracked.may_be_at.is_some());
        let asked = std::mem::take(&mut tracked.asked);
        let upstream_id = first.id.clone().into();
        let Some(mut acceptance) =
            sending.traffic.acceptance(id, operator, upstream_id, asked, is_possible_duplicate, now)
        else {
            return;
        };
        (acceptance.is_by_address, acceptance.is_final) = (true, false);
        sending.traffic.messages.put(id, Place::Ending);
        let accepted = self.report_acceptance(sending, acceptance, unmatched.arrived.received_at, now);
        self.give_to(sending, accepted, unmatched.arrived);
        let released = sending.traffic.flows.leave(flow, id);
        sending.traffic.release(released);
    }

    /// Takes up a receipt that was kept before a start.
    pub fn restore_receipt(&mut self, traffic: &mut Traffic, kept: KeptReceipt, now: Now) {
        let KeptReceipt { id, operator, received_at, receipt } = kept;
        let readings = self.readings(operator, &receipt);
        let arrived = Arrived { operator, receipt, received_at, ack: None, kept: Some(id) };
        let number = self.unmatched.add(Unmatched {
            arrived,
            readings,
            reason: UnmatchedReason::NoMessage,
            only: None,
            is_fresh: false,
            is_given_up: false,
            is_keeping: false,
            claimed_by: None,
        });
        Self::wait_unmatched(traffic, number, now);
    }
}
