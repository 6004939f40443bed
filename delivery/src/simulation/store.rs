//! A model of the storage: durable state is the fold of the batches that were synced.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;

use super::Violation;
use super::checks::truth_of;
use crate::{
    Acceptance, AcceptedMessage, Batch, Event, EventOutcome, Found, GatewayReceipt, KeptReceipt,
    LeasedMessage, Message, Read, Receipt, Restored, RestoredLease, WaitingOnDisk,
};

/// The stage that a message has reached, durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Waiting,
    Accepted,
    Final(Outcome),
}

#[derive(Clone, Debug)]
pub struct Row {
    pub message: Arc<Message>,
    pub stage: Stage,
    pub accepted: Vec<AcceptedMessage>,
    pub is_possible_duplicate: bool,
    pub refunds: u32,
    pub ends: u32,
    is_amended: bool,
}

#[derive(Clone, Debug)]
pub struct Lease {
    pub operator: OperatorNumber,
    at: UnixMicros,
    pub messages: Vec<LeasedMessage>,
}

/// News of a commit beside the outcomes.
#[derive(Debug, Default)]
pub struct News {
    pub gateway_receipts: Vec<GatewayReceipt>,
    /// Messages that were accepted or have ended.
    pub moved: Vec<u64>,
}

#[derive(Clone, Debug, Default)]
pub struct Books {
    pub rows: BTreeMap<u64, Row>,
    pub leases: BTreeMap<u64, Lease>,
    pub unmatched: BTreeMap<u64, (OperatorNumber, UnixMicros, Arc<Receipt>)>,
    pub gateway_receipts: BTreeMap<u64, GatewayReceipt>,
    pub forms: BTreeMap<OperatorNumber, ReceiptIdFormat>,
    /// Receipts that are durable in one way or another, by operator and number.
    pub receipts: BTreeSet<(OperatorNumber, u64)>,
    pub last_number: u64,
    /// Operators that may have a message to a number without having said so.
    pub past_unknown: Vec<(OperatorNumber, Box<[u8]>)>,
    pub has_guard: bool,
}

/// A batch on its way to disk, with the time at which it is synced.
#[derive(Debug)]
pub struct Pending {
    pub batch: Arc<Batch>,
    pub is_refused: bool,
    pub number: u64,
}

/// The pending batches, in order.
pub type Queue = VecDeque<Pending>;

impl Row {
    /// True if nothing more will come of the message.
    pub fn is_over(&self) -> bool {
        let is_awaited = self.accepted.iter().any(|accepted| accepted.is_awaited);
        matches!(self.stage, Stage::Final(_)) || (self.stage == Stage::Accepted && !is_awaited)
    }
}

impl Books {
    pub fn insert(&mut self, message: Arc<Message>) {
        let row = Row {
            message,
            stage: Stage::Waiting,
            accepted: Vec::new(),
            is_possible_duplicate: false,
            refunds: 0,
            ends: 0,
            is_amended: false,
        };
        self.rows.insert(row.message.key.id, row);
    }

    pub fn is_leased(&self, id: u64) -> bool {
        self.leases.values().any(|lease| lease.messages.iter().any(|leased| leased.key.id == id))
    }

    pub fn is_leased_to(&self, id: u64, operator: OperatorNumber) -> bool {
        let names = |lease: &Lease| lease.messages.iter().any(|leased| leased.key.id == id);
        self.leases.values().any(|lease| lease.operator == operator && names(lease))
    }

    pub fn waiting(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().filter(|row| row.stage == Stage::Waiting)
    }

    /// A gateway cancels a message. False if it may have been sent.
    pub fn cancel(&mut self, id: u64) -> bool {
        if self.is_leased(id) {
            return false;
        }
        let Some(row) = self.rows.get_mut(&id).filter(|row| row.stage == Stage::Waiting) else {
            return false;
        };
        row.stage = Stage::Final(Outcome::Cancelled);
        (row.ends, row.refunds) = (row.ends + 1, row.refunds + 1);
        true
    }

    /// A gateway replaces a message.
    pub fn replace(&mut self, id: u64, row_octets: Arc<[u8]>) -> Option<Arc<Message>> {
        if self.is_leased(id) {
            return None;
        }
        let row = self.rows.get_mut(&id).filter(|row| row.stage == Stage::Waiting)?;
        row.message = Arc::new(Message { row: row_octets, ..Message::clone(&row.message) });
        row.is_amended = true;
        Some(Arc::clone(&row.message))
    }

    pub fn fold(&mut self, batch: &Batch, now: UnixMicros) -> Result<(Vec<EventOutcome>, News), Violation> {
        let mut news = News::default();
        let outcomes = batch.events.iter().map(|event| self.event(event, now, &mut news));
        let outcomes = outcomes.collect::<Result<_, _>>()?;
        Ok((outcomes, news))
    }

    fn event(&mut self, event: &Event, now: UnixMicros, news: &mut News) -> Result<EventOutcome, Violation> {
        match event {
            Event::Leased { lease, operator, messages } => Ok(self.lease(*lease, *operator, messages, now)),
            Event::Released { lease } => {
                self.leases.remove(lease);
                Ok(EventOutcome::Done)
            }
            Event::Accepted(acceptance) => self.accepted(acceptance, now, news),
            Event::Ended(ended) => {
                let id = ended.message.key.id;
                let is_open = self.rows.get(&id).is_some_and(|row| row.stage == Stage::Waiting);
                if !is_open && self.has_guard {
                    return Ok(EventOutcome::Noted);
                }
                if let (Outcome::Unknown, Some(operator)) = (ended.outcome, ended.operator) {
                    self.past_unknown.push((operator, ended.message.addresses.destination().into()));
                }
                let is_refunded = matches!(ended.outcome, Outcome::Rejected | Outcome::Expired);
                self.finish(id, ended.outcome, is_refunded, news);
                Ok(EventOutcome::Settled { outcome: ended.outcome, accepted_at: None })
            }
            Event::Receipt(matched) => {
                let (truth, number) = truth_of(&matched.receipt);
                if truth != matched.message_id {
                    let got = matched.message_id;
                    return Err(Violation(format!("a receipt of message {truth} went to message {got}")));
                }
                self.receipts.insert((matched.operator, number));
                let Some(row) = self.rows.get(&truth) else { return Ok(EventOutcome::Noted) };
                if row.stage == Stage::Waiting {
                    return Err(Violation(format!(
                        "a receipt of message {truth} is ahead of its acceptance"
                    )));
                }
                let outcome = matched.receipt.state.outcome().filter(|_| !matched.receipt.is_intermediate);
                match outcome {
                    Some(outcome) if row.stage == Stage::Accepted => {
                        let accepted_at = row.accepted.last().map(|accepted| accepted.accepted_at);
                        self.finish(truth, outcome, false, news);
                        Ok(EventOutcome::Settled { outcome, accepted_at })
                    }
                    _ => Ok(EventOutcome::Noted),
                }
            }
            Event::ReceiptTimedOut { message_id, .. } => {
                if self.rows.get(message_id).is_some_and(|row| row.stage == Stage::Accepted) {
                    self.finish(*message_id, Outcome::Unknown, false, news);
                    return Ok(EventOutcome::Settled { outcome: Outcome::Unknown, accepted_at: None });
                }
                Ok(EventOutcome::Noted)
            }
            Event::Kept { operator, received_at, receipt, .. } => {
                self.last_number += 1;
                self.receipts.insert((*operator, truth_of(receipt).1));
                self.unmatched.insert(self.last_number, (*operator, *received_at, Arc::clone(receipt)));
                Ok(EventOutcome::Kept { unmatched: self.last_number })
            }
            Event::Forgotten { unmatched } => {
                self.unmatched.remove(unmatched);
                Ok(EventOutcome::Done)
            }
            Event::GatewayReceiptsDone { receipts, .. } => {
                for (id, _) in receipts {
                    self.gateway_receipts.remove(id);
                }
                Ok(EventOutcome::Done)
            }
            Event::ReceiptIds { operator, form } => {
                self.forms.insert(*operator, *form);
                Ok(EventOutcome::Done)
            }
            Event::Health { .. } => Ok(EventOutcome::Done),
        }
    }

    fn accepted(
        &mut self,
        acceptance: &Acceptance,
        now: UnixMicros,
        news: &mut News,
    ) -> Result<EventOutcome, Violation> {
        let id = acceptance.message.key.id;
        let Some(row) = self.rows.get_mut(&id) else { return Ok(EventOutcome::Noted) };
        let is_new = !row.accepted.iter().any(|accepted| {
            accepted.operator == acceptance.operator && accepted.upstream_id == acceptance.upstream_id
        });
        if matches!(row.stage, Stage::Final(_)) && row.accepted.is_empty() {
            return Err(Violation(format!("message {id} was accepted after its end: {:?}", row.stage)));
        }
        row.is_possible_duplicate |= acceptance.is_possible_duplicate;
        if !is_new {
            return Ok(EventOutcome::Noted);
        }
        row.accepted.iter_mut().for_each(|accepted| accepted.is_awaited = false);
        row.accepted.push(AcceptedMessage {
            message_id: id,
            account: row.message.account,
            operator: acceptance.operator,
            upstream_id: acceptance.upstream_id.clone(),
            addresses: row.message.addresses.clone(),
            accepted_at: now,
            is_awaited: !acceptance.is_final && !matches!(row.stage, Stage::Final(_)),
        });
        if row.stage == Stage::Waiting {
            row.stage = Stage::Accepted;
            news.moved.push(id);
        }
        Ok(EventOutcome::Done)
    }

    fn lease(
        &mut self,
        lease: u64,
        operator: OperatorNumber,
        messages: &[LeasedMessage],
        now: UnixMicros,
    ) -> EventOutcome {
        let (mut dropped, mut replaced, mut leased) = (Vec::new(), Vec::new(), Vec::new());
        for message in messages {
            match self.rows.get_mut(&message.key.id) {
                Some(row) if row.stage == Stage::Waiting => {
                    leased.push(*message);
                    if let Some(operator) = message.may_be_at {
                        self.past_unknown.push((operator, row.message.addresses.destination().into()));
                    }
                    if std::mem::take(&mut row.is_amended) {
                        replaced.push(Arc::clone(&row.message));
                    }
                }
                _ => dropped.push(message.key.id),
            }
        }
        self.leases.insert(lease, Lease { operator, at: now, messages: leased });
        EventOutcome::Leased { dropped, replaced }
    }

    fn finish(&mut self, id: u64, outcome: Outcome, is_refunded: bool, news: &mut News) {
        let Some(row) = self.rows.get_mut(&id) else { return };
        row.stage = Stage::Final(outcome);
        row.ends += 1;
        row.refunds += u32::from(is_refunded);
        row.accepted.iter_mut().for_each(|accepted| accepted.is_awaited = false);
        self.last_number += 1;
        let receipt = GatewayReceipt {
            id: self.last_number,
            account: row.message.account,
            message_id: id,
            content: [].into(),
        };
        news.gateway_receipts.push(receipt.clone());
        news.moved.push(id);
        self.gateway_receipts.insert(receipt.id, receipt);
    }

    /// Everything that a process finds which starts now.
    pub fn restored(&self, lately: usize) -> Restored {
        let leased_ids: BTreeSet<u64> = self
            .leases
            .values()
            .flat_map(|lease| lease.messages.iter().map(|message| message.key.id))
            .collect();
        let is_free = |row: &&Row| !leased_ids.contains(&row.message.key.id);
        let unscheduled = self.waiting().filter(is_free).filter(|row| row.message.scheduled_at.is_none());
        let mut waiting: BTreeMap<(OperatorNumber, u8), WaitingOnDisk> = BTreeMap::new();
        for row in unscheduled {
            let key = row.message.key;
            let oldest = row.message.submitted_at;
            let entry = waiting.entry((key.first_choice, key.class)).or_insert(WaitingOnDisk {
                first_choice: key.first_choice,
                class: key.class,
                messages: 0,
                oldest,
            });
            entry.messages += 1;
        }
        let scheduled: Vec<_> = self
            .waiting()
            .filter(is_free)
            .filter_map(|row| Some((row.message.scheduled_at?, row.message.key.id)))
            .collect();
        let mut awaited: Vec<_> = self.rows.values().flat_map(|row| &row.accepted).collect();
        awaited.retain(|accepted| accepted.is_awaited);
        awaited.sort_by_key(|accepted| accepted.accepted_at);
        let on_disk = awaited.len().saturating_sub(lately);
        let leased = self.leases.iter().map(|(number, lease)| RestoredLease {
            lease: *number,
            operator: lease.operator,
            leased_at: lease.at,
            messages: lease
                .messages
                .iter()
                .filter_map(|leased| Some((self.rows.get(&leased.key.id)?, leased.may_be_at)))
                .filter(|(row, _)| row.stage == Stage::Waiting)
                .map(|(row, may_be_at)| (Arc::clone(&row.message), may_be_at))
                .collect(),
        });
        let mut gateway_receipts = BTreeMap::new();
        for receipt in self.gateway_receipts.values() {
            *gateway_receipts.entry(receipt.account).or_insert(0) += 1;
        }
        Restored {
            last_message_id: self.rows.last_key_value().map_or(0, |(id, _)| *id),
            leased: leased.collect(),
            waiting: waiting.into_values().collect(),
            next_expiry: self.waiting().filter(is_free).filter_map(|row| row.message.expires_at).min(),
            scheduled: scheduled.len() as u64,
            next_scheduled: scheduled.into_iter().min(),
            accepted: on_disk as u64,
            accepted_lately: awaited.into_iter().skip(on_disk).cloned().collect(),
            past_unknown: self.past_unknown.clone(),
            unmatched: self
                .unmatched
                .iter()
                .map(|(id, (operator, received_at, receipt))| KeptReceipt {
                    id: *id,
                    operator: *operator,
                    received_at: *received_at,
                    receipt: Arc::clone(receipt),
                })
                .collect(),
            gateway_receipts: gateway_receipts.into_iter().collect(),
            receipt_ids: self.forms.iter().map(|(operator, form)| (*operator, *form)).collect(),
        }
    }

    pub fn read(&self, read: &Read, page: usize) -> Found {
        match *read {
            Read::Backlog { first_choice, class, after, at_most } => {
                let of_queue = |row: &&Row| {
                    let key = row.message.key;
                    key.first_choice == first_choice
                        && key.class == class
                        && key.id > after
                        && row.message.scheduled_at.is_none()
                };
                let mut all = self.waiting().filter(of_queue).map(|row| Arc::clone(&row.message));
                let messages: Vec<_> = all.by_ref().take((at_most as usize).min(page)).collect();
                let next = all.next().map(|message| message.submitted_at);
                Found::Backlog {
                    first_choice,
                    class,
                    messages,
                    is_last: next.is_none(),
                    next_submitted_at: next,
                }
            }
            Read::Scheduled { after, until, at_most } => {
                let places = self.waiting().filter_map(|row| {
                    Some(((row.message.scheduled_at?, row.message.key.id), Arc::clone(&row.message)))
                });
                let mut all: Vec<_> = places.filter(|(place, _)| *place > after).collect();
                all.sort_by_key(|(place, _)| *place);
                let due = all.iter().take_while(|((date, _), _)| *date <= until).count();
                let taken = due.min(at_most as usize).min(page);
                let next = all.get(taken).map(|(place, _)| *place);
                Found::Scheduled {
                    messages: all.into_iter().take(taken).map(|(_, message)| message).collect(),
                    next,
                }
            }
            Read::Expired { until, .. } => {
                let mut all: Vec<_> = self
                    .waiting()
                    .filter_map(|row| Some((row.message.expires_at?, Arc::clone(&row.message))))
                    .collect();
                all.sort_by_key(|(at, message)| (*at, message.key.id));
                let next = all.iter().map(|(at, _)| *at).find(|at| *at > until);
                let due = all.into_iter().take_while(|(at, _)| *at <= until);
                Found::Expired { messages: due.map(|(_, message)| message).collect(), next }
            }
            Read::Accepted { lookup, operator, ref ids } => {
                let all = self.rows.values().flat_map(|row| {
                    // A receipt of any try of an open message ends it.
                    let is_open = row.stage == Stage::Accepted;
                    row.accepted
                        .iter()
                        .map(move |accepted| AcceptedMessage { is_awaited: is_open, ..accepted.clone() })
                });
                let is_meant = |accepted: &AcceptedMessage| {
                    accepted.operator == operator && ids.iter().any(|id| **id == *accepted.upstream_id)
                };
                Found::Accepted { lookup, messages: all.filter(is_meant).collect() }
            }
            Read::Overdue { before, .. } => {
                let all = self.rows.values().flat_map(|row| &row.accepted);
                let overdue = all.filter(|accepted| accepted.is_awaited && accepted.accepted_at <= before);
                Found::Overdue { messages: overdue.cloned().collect() }
            }
            Read::GatewayReceipts { account, after, at_most } => {
                let mut all = self
                    .gateway_receipts
                    .values()
                    .filter(|receipt| receipt.account == account && receipt.id > after);
                let receipts: Vec<_> = all.by_ref().take((at_most as usize).min(page)).cloned().collect();
                Found::GatewayReceipts { account, receipts, is_last: all.next().is_none() }
            }
        }
    }
}
