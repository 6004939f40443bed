//! Receipts from operators: the message of each, and what is done with one that has none.

use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::accepted::{Certainty, Meant, Stage};
use crate::effect::{Effect, Event, MatchedReceipt, Read, Report, UnmatchedReason};
use crate::input::{AcceptedMessage, LinkNumber, Receipt};
use crate::likeness::{Likeness, tail};
use crate::machine::Delivery;
use crate::now::Now;
use crate::outbox::Follow;
use crate::planted::planted;
use crate::receipt_ids::Reading;
use crate::schedule::Timer;
use crate::tracked::Place;
use crate::unmatched::{Arrived, Unmatched};

/// ESME_RX_T_APPN: the operator is to send the receipt again.
pub const TRY_AGAIN: u32 = 0x64;

impl Delivery {
    /// An operator reports on a message.
    pub(crate) fn receipt(&mut self, link: LinkNumber, sequence: u32, receipt: Arc<Receipt>, now: Now) {
        let Some(operator) = self.links.operator(link) else { return };
        let ack = Some((link, sequence));
        if planted!(self, AckEarly) {
            self.acknowledge(ack, 0);
        }
        let arrived = Arrived { operator, receipt, received_at: now.date, ack, kept: None };
        let readings = self.readings(operator, &arrived.receipt);
        let meant = self.accepted.meant_by(operator, &readings, &arrived.receipt, &[]);
        let is_sure = matches!(meant, Meant::InMemory(_, Certainty::Sure));
        if is_sure || !self.accepted.has_more() {
            return self.give(meant, arrived, readings, now);
        }
        let lookup = self.last_lookup + 1;
        self.last_lookup = lookup;
        let ids = readings.into_iter().map(|reading| reading.id).collect();
        self.lookups.insert(lookup, arrived);
        self.effects.push_back(Effect::Read(Read::Accepted { lookup, operator, ids }));
    }

    /// The messages on disk that a receipt may mean.
    pub(crate) fn found_accepted(&mut self, lookup: u64, messages: &[AcceptedMessage], now: Now) {
        let Some(arrived) = self.lookups.remove(&lookup) else { return };
        let readings = self.readings(arrived.operator, &arrived.receipt);
        let meant = self.accepted.meant_by(arrived.operator, &readings, &arrived.receipt, messages);
        self.give(meant, arrived, readings, now);
    }

    pub(crate) fn lookup_failed(&mut self, lookup: u64) {
        self.failed_lookups.push(lookup);
    }

    /// Look-ups that failed are asked for again.
    pub(crate) fn look_up_again(&mut self) {
        for lookup in std::mem::take(&mut self.failed_lookups) {
            let Some(arrived) = self.lookups.get(&lookup) else { continue };
            let operator = arrived.operator;
            let receipt = Arc::clone(&arrived.receipt);
            let readings = self.readings(operator, &receipt);
            let ids = readings.into_iter().map(|reading| reading.id).collect();
            self.effects.push_back(Effect::Read(Read::Accepted { lookup, operator, ids }));
        }
    }

    fn readings(&self, operator: OperatorNumber, receipt: &Receipt) -> Vec<Reading> {
        let readings = |operator: &crate::operator::Operator| {
            operator.receipt_ids.readings(&receipt.id, receipt.other_id.as_deref())
        };
        self.operators.get(operator).map(readings).unwrap_or_default()
    }

    /// Gives a receipt to the message that it means, or lets it wait for one.
    fn give(&mut self, meant: Meant, arrived: Arrived, readings: Vec<Reading>, now: Now) {
        match meant {
            Meant::InMemory(number, _) => self.give_to(number, arrived),
            Meant::OnDisk(message) => self.give_on_disk(&message, arrived),
            Meant::None(reason, only) => self.wait_for_message(arrived, readings, reason, only, now),
        }
    }

    /// Gives a receipt to a message in memory. One whose acceptance is not durable gets it right after.
    pub(crate) fn give_to(&mut self, number: u64, arrived: Arrived) {
        let Some(entry) = self.accepted.get_mut(number) else { return };
        match entry.stage {
            Stage::Reported => entry.early.push(arrived),
            Stage::Settled => self.acknowledge_known(&arrived),
            Stage::Awaited | Stage::Superseded => {
                let message = entry.message.clone();
                self.report_receipt(&message, Some(number), arrived);
            }
        }
    }

    fn give_on_disk(&mut self, message: &AcceptedMessage, arrived: Arrived) {
        if message.is_awaited {
            self.report_receipt(message, None, arrived);
        } else {
            self.acknowledge_known(&arrived);
        }
    }

    /// Acknowledges a receipt of a message that has ended, of which it tells nothing new.
    fn acknowledge_known(&mut self, arrived: &Arrived) {
        self.acknowledge(arrived.ack, 0);
        if let Some(unmatched) = arrived.kept {
            self.outbox.push(Event::Forgotten { unmatched }, Follow::Nothing);
        }
    }

    fn report_receipt(&mut self, message: &AcceptedMessage, number: Option<u64>, arrived: Arrived) {
        let Arrived { operator, receipt, received_at, ack, kept } = arrived;
        self.learn(operator, &receipt.id, message);
        let event = Event::Receipt(MatchedReceipt {
            operator,
            message_id: message.message_id,
            account: message.account,
            upstream_id: message.upstream_id.clone(),
            received_at,
            receipt,
        });
        let ack = ack.filter(|_| !planted!(self, AckDropped));
        self.outbox.push(event, Follow::Receipt(number, ack));
        if let Some(unmatched) = kept {
            self.outbox.push(Event::Forgotten { unmatched }, Follow::Nothing);
        }
    }

    /// Finds out the form of an operator's ids.
    fn learn(&mut self, number: OperatorNumber, id: &[u8], message: &AcceptedMessage) {
        let Some(operator) = self.operators.get_mut(number) else { return };
        let before = operator.receipt_ids.believed();
        let Some(form) = operator.receipt_ids.note(id, &message.upstream_id) else { return };
        self.outbox.push(Event::ReceiptIds { operator: number, form }, Follow::Nothing);
        self.report(Report::ReceiptIds { operator: number, before, now: form });
    }

    /// Acknowledges a receipt, unless its link is down: the operator sends it again then.
    pub(crate) fn acknowledge(&mut self, ack: Option<(LinkNumber, u32)>, status: u32) {
        if let Some((link, sequence)) = ack.filter(|(link, _)| self.links.operator(*link).is_some()) {
            self.effects.push_back(Effect::Acknowledge { link, sequence, status });
        }
    }

    /// Lets a receipt wait for its message: its answer may be on its way.
    fn wait_for_message(
        &mut self,
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
            return self.acknowledge(arrived.ack, 0);
        }
        if self.unmatched.len() >= self.configuration.settings.unmatched_max as usize
            && let Some(oldest) = self.unmatched.oldest_kept()
            && let Some(Arrived { kept: Some(unmatched), .. }) =
                self.unmatched.remove(oldest).map(|old| old.arrived)
        {
            self.outbox.push(Event::Forgotten { unmatched }, Follow::Nothing);
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
            self.report(Report::AmbiguousReceipt { operator });
            return self.keep(number);
        }
        self.wait_unmatched(number, now);
    }

    /// A receipt waits for the answer that names its message.
    pub(crate) fn wait_unmatched(&mut self, number: u64, now: Now) {
        let wait = self.configuration.settings.unmatched_micros;
        self.schedule.after(UnixMicros(now.steady.0.saturating_add(wait)), Timer::Unmatched(number));
    }

    /// Has a receipt kept on disk, unless it is.
    pub(crate) fn keep(&mut self, number: u64) {
        let Some(unmatched) = self.unmatched.get_mut(number) else { return };
        if unmatched.arrived.kept.is_some() || std::mem::replace(&mut unmatched.is_keeping, true) {
            return;
        }
        let Arrived { operator, received_at, ref receipt, .. } = unmatched.arrived;
        let event =
            Event::Kept { operator, received_at, reason: unmatched.reason, receipt: Arc::clone(receipt) };
        self.outbox.push(event, Follow::Kept(number));
    }

    /// A message was accepted: receipts with its id that came before are its own, unless they are older than it or of
    /// another number.
    pub(crate) fn apply_early(
        &mut self,
        accepted: u64,
        operator: OperatorNumber,
        upstream_id: &[u8],
        sent_on: UnixMicros,
    ) {
        for number in self.unmatched.of(operator, upstream_id) {
            let Some(entry) = self.accepted.get_mut(accepted) else { return };
            let Some(unmatched) = self.unmatched.get_mut(number) else { continue };
            let likeness = Likeness::of(&entry.message.addresses, &unmatched.arrived.receipt);
            let is_read_so = unmatched.readings.first().is_some_and(|first| *first.id == *upstream_id);
            let is_its = (is_read_so && likeness == Likeness::Untold) || likeness >= Likeness::Destination;
            if unmatched.arrived.operator != operator || unmatched.arrived.received_at < sent_on || !is_its {
                continue;
            }
            if unmatched.is_keeping {
                unmatched.claimed_by = Some(accepted);
            } else if let Some(Unmatched { arrived, .. }) = self.unmatched.remove(number) {
                self.give_to(accepted, arrived);
            }
        }
    }

    /// A receipt has waited for its message in vain. The answer that names its message may be lost, or its number may be
    /// rewritten; if neither tells its message it is kept.
    pub(crate) fn unmatched_waited(&mut self, number: u64, now: Now) {
        let Some(unmatched) = self.unmatched.get(number) else { return };
        if unmatched.is_given_up || unmatched.is_keeping {
            return;
        }
        let Arrived { operator, received_at, ref receipt, .. } = unmatched.arrived;
        let (receipt, is_fresh) = (Arc::clone(receipt), unmatched.is_fresh);
        let on_disk = unmatched.only.as_deref().map_or(&[][..], std::slice::from_ref);
        let meant = self.accepted.meant_by(operator, &unmatched.readings, &receipt, on_disk);
        if !matches!(meant, Meant::None(..)) {
            return self.give_waiting(number, meant, now);
        }
        if let Some(id) = self.only_unknown(operator, received_at, &receipt) {
            return self.match_by_address(number, id, now);
        }
        if let Meant::None(_, Some(only)) = meant
            && is_fresh
            && self.may_be_rewritten(&only, received_at, &receipt)
        {
            let in_memory = self.accepted.number_of(&only);
            let meant =
                in_memory.map_or(Meant::OnDisk(only), |number| Meant::InMemory(number, Certainty::Sure));
            return self.give_waiting(number, meant, now);
        }
        if let Some(unmatched) = self.unmatched.get_mut(number) {
            unmatched.is_given_up = true;
        }
        self.report(Report::UnmatchedReceipt { operator });
        self.keep(number);
    }

    fn give_waiting(&mut self, number: u64, meant: Meant, now: Now) {
        if let Some(Unmatched { arrived, readings, .. }) = self.unmatched.remove(number) {
            self.give(meant, arrived, readings, now);
        }
    }

    /// True if a receipt with another number may be of the only message that has its id: the operator may have rewritten
    /// the number. It came after that message was accepted, and no other that the operator may have goes to its number.
    fn may_be_rewritten(&self, only: &AcceptedMessage, received_at: UnixMicros, receipt: &Receipt) -> bool {
        if planted!(self, RewrittenBelieved) {
            return true;
        }
        let operator = only.operator;
        let is_alike = |id: u64| {
            let tracked = self.messages.get(id);
            tracked.is_none_or(|tracked| {
                Likeness::of(&tracked.message.addresses, receipt) >= Likeness::Destination
            })
        };
        let may_be_to = |number: &[u8]| {
            let unknown = self.unknown_by_tail.get(tail(operator, number)).iter().copied();
            unknown.into_iter().any(is_alike) || self.past_unknown.may_be_at(operator, number)
        };
        received_at >= only.accepted_at
            && !may_be_to(&receipt.source)
            && !may_be_to(&receipt.destination)
            && !self.links.in_flight_at(operator).any(is_alike)
    }

    /// The one message of unknown outcome that a receipt without a message may be of, by its addresses: no other that the
    /// operator has, had, or may have goes to its number.
    fn only_unknown(
        &self,
        operator: OperatorNumber,
        received_at: UnixMicros,
        receipt: &Receipt,
    ) -> Option<u64> {
        let mut ids: Vec<u64> = Vec::new();
        for number in [&receipt.source, &receipt.destination] {
            ids.extend(self.unknown_by_tail.get(tail(operator, number)));
        }
        ids.sort_unstable();
        ids.dedup();
        if planted!(self, WrongMessage) {
            return ids.first().copied();
        }
        let likeness = |id: u64| {
            let tracked = self.messages.get(id)?;
            Some(Likeness::of(&tracked.message.addresses, receipt))
        };
        let [id] = ids[..] else { return None };
        let tracked = self.messages.get(id)?;
        let destination = tracked.message.addresses.destination();
        let is_alike = |id: u64| likeness(id).is_none_or(|likeness| likeness >= Likeness::Destination);
        let is_other = self.accepted.knows_number(operator, destination)
            || self.past_unknown.may_be_at(operator, destination)
            || self.links.in_flight_at(operator).any(is_alike);
        let is_its = tracked.place == Place::Unknown(operator)
            && likeness(id) == Some(Likeness::Both)
            && tracked.sent_on <= received_at;
        Some(id).filter(|_| is_its && !is_other)
    }

    /// The answer that would name a receipt's message is lost: the receipt stands for it.
    fn match_by_address(&mut self, number: u64, id: u64, now: Now) {
        let Some(Place::Unknown(operator)) = self.messages.place(id) else { return };
        let Some(unmatched) = self.unmatched.remove(number) else { return };
        let Some(first) = unmatched.readings.first() else { return };
        self.detach(id);
        let Some(tracked) = self.messages.get(id) else { return };
        let (flow, is_possible_duplicate) = (tracked.flow, tracked.may_be_at.is_some());
        let upstream_id = first.id.clone().into();
        let Some(mut acceptance) = self.acceptance(id, operator, upstream_id, is_possible_duplicate, now)
        else {
            return;
        };
        (acceptance.is_by_address, acceptance.is_final) = (true, false);
        self.messages.put(id, Place::Ending);
        let accepted = self.report_acceptance(acceptance, unmatched.arrived.received_at, now);
        self.give_to(accepted, unmatched.arrived);
        let released = self.flows.leave(flow, id);
        self.release(released);
    }
}
