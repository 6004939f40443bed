//! Receipts from operators: the message of each, and what is done with one that has none.

use std::collections::BTreeMap;
use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::time::UnixMicros;

use crate::accepted::{Accepted, Certainty, Meant, Stage};
use crate::effect::{Acceptance, Effect, Event, MatchedReceipt, Read, Report};
use crate::input::{AcceptedMessage, LinkNumber, Receipt};
use crate::lookups::Lookups;
use crate::now::Now;
use crate::outbox::Follow;
use crate::planted::planted;
use crate::receipt_ids::{LearnedIds, Reading};
use crate::sending::Sending;
use crate::settings::Configuration;
use crate::traffic::Traffic;
use crate::unmatched::{Arrived, UnmatchedReceipts};

mod durable;
mod overdue;
mod waiting;

/// The messages that wait for receipts, and the receipts that wait for messages.
#[derive(Debug)]
pub struct Receipts {
    accepted: Accepted,
    unmatched: UnmatchedReceipts,
    lookups: Lookups,
    /// The forms of ids that operators use.
    ids: BTreeMap<OperatorNumber, LearnedIds>,
    /// The date at which the next receipt in memory is overdue.
    timeout_at: Option<UnixMicros>,
}

/// The part of a message that the event of its receipt names.
struct OfMessage {
    message_id: u64,
    account: AccountNumber,
    upstream_id: Box<[u8]>,
}

impl From<&AcceptedMessage> for OfMessage {
    fn from(message: &AcceptedMessage) -> Self {
        let AcceptedMessage { message_id, account, ref upstream_id, .. } = *message;
        Self { message_id, account, upstream_id: upstream_id.clone() }
    }
}

impl Receipts {
    /// With so many messages on disk that wait for a receipt, and perhaps more that did.
    pub fn new(awaited_on_disk: u64, has_more: bool) -> Self {
        Self {
            accepted: Accepted::new(awaited_on_disk, has_more),
            unmatched: UnmatchedReceipts::default(),
            lookups: Lookups::default(),
            ids: BTreeMap::new(),
            timeout_at: None,
        }
    }

    /// Takes over the forms of ids that operators are provisioned with.
    pub fn provision(&mut self, configuration: &Configuration) {
        for (number, operator) in &configuration.operators {
            self.ids.entry(*number).or_default().configure(operator.receipt_ids);
        }
        for (_, ids) in
            self.ids.iter_mut().filter(|(number, _)| !configuration.operators.contains_key(number))
        {
            ids.configure(ReceiptIdFormat::default());
        }
    }

    /// Takes over the form of an operator's ids that was found out before a start.
    pub fn restore_ids(&mut self, operator: OperatorNumber, form: ReceiptIdFormat) {
        self.ids.entry(operator).or_default().restore(form);
    }

    /// The knowledge of an operator's ids.
    pub fn ids_of(&self, operator: OperatorNumber) -> LearnedIds {
        self.ids.get(&operator).copied().unwrap_or_default()
    }

    /// Takes up a message that waited for its receipt before a start.
    pub fn restore_accepted(&mut self, traffic: &mut Traffic, message: AcceptedMessage) {
        self.await_receipts(traffic, message.accepted_at);
        let number = self.accepted.add(message, false);
        self.accepted.durable(number);
    }

    /// Leaves the oldest accepted messages to the disk.
    pub fn evict(&mut self, at_most: u32) {
        self.accepted.evict(at_most);
    }

    /// The messages that wait for a receipt.
    pub fn awaited(&self) -> u64 {
        let (in_memory, on_disk) = self.accepted.awaited();
        in_memory + on_disk
    }

    /// The receipts that wait for a message.
    pub fn unmatched(&self) -> u64 {
        self.unmatched.len() as u64
    }

    /// A link is down: its receipts cannot be acknowledged.
    pub fn link_down(&mut self, traffic: &mut Traffic, link: LinkNumber) {
        for number in self.unmatched.on_link(link) {
            if let Some(unmatched) = self.unmatched.get_mut(number) {
                unmatched.arrived.ack = None;
            }
            self.keep(traffic, number);
        }
    }

    /// An operator reports on a message.
    pub fn receipt(
        &mut self,
        sending: &mut Sending,
        link: LinkNumber,
        sequence: u32,
        receipt: Arc<Receipt>,
        now: Now,
    ) {
        let Some(operator) = sending.operator_of(link) else { return };
        let ack = Some((link, sequence));
        if planted!(sending.traffic, AckEarly) {
            sending.acknowledge(ack, 0);
        }
        let arrived = Arrived { operator, receipt, received_at: now.date, ack, kept: None };
        let readings = self.readings(operator, &arrived.receipt);
        let meant = self.accepted.meant_by(operator, &readings, &arrived.receipt, &[]);
        let is_sure = matches!(meant, Meant::InMemory(_, Certainty::Sure));
        if is_sure || !self.accepted.has_more() {
            return self.give(sending, meant, arrived, readings, now);
        }
        let ids = readings.into_iter().map(|reading| reading.id).collect();
        let lookup = self.lookups.add(arrived);
        sending.traffic.effects.push_back(Effect::Read(Read::Accepted { lookup, operator, ids }));
    }

    /// The messages on disk that a receipt may mean.
    pub fn found_accepted(
        &mut self,
        sending: &mut Sending,
        lookup: u64,
        messages: &[AcceptedMessage],
        now: Now,
    ) {
        let Some(arrived) = self.lookups.take(lookup) else { return };
        let readings = self.readings(arrived.operator, &arrived.receipt);
        let meant = self.accepted.meant_by(arrived.operator, &readings, &arrived.receipt, messages);
        self.give(sending, meant, arrived, readings, now);
    }

    /// A look-up could not be made.
    pub fn lookup_failed(&mut self, lookup: u64) {
        self.lookups.failed(lookup);
    }

    /// Look-ups that could not be made are asked for again.
    pub fn look_up_again(&mut self, traffic: &mut Traffic) {
        for (lookup, Arrived { operator, receipt, .. }) in self.lookups.take_failed() {
            let readings = self.readings(operator, &receipt);
            let ids = readings.into_iter().map(|reading| reading.id).collect();
            traffic.effects.push_back(Effect::Read(Read::Accepted { lookup, operator, ids }));
        }
    }

    fn readings(&self, operator: OperatorNumber, receipt: &Receipt) -> Vec<Reading> {
        self.ids_of(operator).readings(&receipt.id, receipt.other_id.as_deref())
    }

    /// Gives a receipt to the message that it means, or lets it wait for one.
    fn give(
        &mut self,
        sending: &mut Sending,
        meant: Meant,
        arrived: Arrived,
        readings: Vec<Reading>,
        now: Now,
    ) {
        match meant {
            Meant::InMemory(number, _) => self.give_to(sending, number, arrived),
            Meant::OnDisk(message) => self.give_on_disk(sending, &message, arrived),
            Meant::None(reason, only) => self.wait_for_message(sending, arrived, readings, reason, only, now),
        }
    }

    /// Gives a receipt to a message in memory. One whose acceptance is not durable gets it right after.
    fn give_to(&mut self, sending: &mut Sending, number: u64, arrived: Arrived) {
        let Some(entry) = self.accepted.get_mut(number) else { return };
        match entry.stage {
            Stage::Reported => entry.early.push(arrived),
            Stage::Settled => Self::acknowledge_known(sending, &arrived),
            Stage::Awaited | Stage::Superseded => {
                let of = OfMessage::from(&entry.message);
                self.report_receipt(sending, of, Some(number), arrived);
            }
        }
    }

    fn give_on_disk(&mut self, sending: &mut Sending, message: &AcceptedMessage, arrived: Arrived) {
        if message.is_awaited {
            self.report_receipt(sending, OfMessage::from(message), None, arrived);
        } else {
            Self::acknowledge_known(sending, &arrived);
        }
    }

    /// Acknowledges a receipt of a message that has ended, of which it tells nothing new.
    fn acknowledge_known(sending: &mut Sending, arrived: &Arrived) {
        sending.acknowledge(arrived.ack, 0);
        if let Some(unmatched) = arrived.kept {
            sending.traffic.outbox.push(Event::Forgotten { unmatched }, Follow::Nothing);
        }
    }

    fn report_receipt(
        &mut self,
        sending: &mut Sending,
        of: OfMessage,
        number: Option<u64>,
        arrived: Arrived,
    ) {
        let Arrived { operator, receipt, received_at, ack, kept } = arrived;
        self.learn(sending, operator, &receipt.id, &of.upstream_id);
        let event = Event::Receipt(MatchedReceipt {
            operator,
            message_id: of.message_id,
            account: of.account,
            upstream_id: of.upstream_id,
            received_at,
            receipt,
        });
        let ack = ack.filter(|_| !planted!(sending.traffic, AckDropped));
        sending.traffic.outbox.push(event, Follow::Receipt(number, ack));
        if let Some(unmatched) = kept {
            sending.traffic.outbox.push(Event::Forgotten { unmatched }, Follow::Nothing);
        }
    }

    /// Finds out the form of an operator's ids.
    fn learn(&mut self, sending: &mut Sending, number: OperatorNumber, id: &[u8], upstream_id: &[u8]) {
        let ids = self.ids.entry(number).or_default();
        let before = ids.believed();
        let Some(form) = ids.note(id, upstream_id) else { return };
        sending.traffic.outbox.push(Event::ReceiptIds { operator: number, form }, Follow::Nothing);
        sending.traffic.report(Report::ReceiptIds { operator: number, before, now: form });
    }

    /// Reports an acceptance, and gives the message the receipts that came before.
    pub fn report_acceptance(
        &mut self,
        sending: &mut Sending,
        acceptance: Acceptance,
        sent_on: UnixMicros,
        now: Now,
    ) -> u64 {
        let Acceptance { ref message, operator, ref upstream_id, is_final, .. } = acceptance;
        let accepted = AcceptedMessage {
            message_id: message.key.id,
            account: message.account,
            operator,
            upstream_id: upstream_id.clone(),
            addresses: message.addresses.clone(),
            accepted_at: now.date,
            is_awaited: !is_final,
        };
        // Receipts that came before are rare.
        let early = self.unmatched.of(operator, upstream_id);
        let number = self.accepted.add(accepted, acceptance.is_possible_duplicate);
        self.await_receipts(&mut sending.traffic, now.date);
        sending.traffic.outbox.push(Event::Accepted(acceptance), Follow::Accepted(number));
        self.apply_early(sending, number, early, sent_on);
        number
    }
}
