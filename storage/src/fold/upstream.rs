//! Messages by the id that an operator gave them, as the commit will leave them.

use std::collections::HashMap;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::batch::Batch;
use crate::database::{Unavailable, damaged};
use crate::rows::{Row, StateRow, UnmatchedRow, UpstreamRow};
use crate::schema::{Family, awaiting_key, upstream_key};
use crate::store::Store;

/// Digits at the end of two numbers that have to agree for them to be one number, however they are written.
const SAME_DIGITS_MIN: usize = 7;

/// A message by the id that an operator gave it.
#[derive(Debug)]
pub struct UpstreamMessage {
    /// The operator that has it.
    pub operator: OperatorNumber,
    /// The operator's id, in canonical form.
    pub id: Vec<u8>,
    /// The message's row.
    pub row: UpstreamRow,
}

/// Messages that operators have.
#[derive(Debug)]
pub struct UpstreamDraft<'a> {
    store: &'a Store,
    rows: HashMap<Vec<u8>, UpstreamRow>,
}

impl<'a> UpstreamDraft<'a> {
    /// Nothing is changed yet.
    pub fn new(store: &'a Store) -> Self {
        Self { store, rows: HashMap::new() }
    }

    /// The message that an operator knows by this id.
    pub fn get(&self, operator: OperatorNumber, id: &[u8]) -> Result<Option<UpstreamMessage>, Unavailable> {
        let row = match self.rows.get(&upstream_key(operator, id)) {
            Some(row) => Some(row.clone()),
            None => self.store.upstream().get(operator, id)?,
        };
        Ok(row.map(|row| UpstreamMessage { operator, id: id.to_vec(), row }))
    }

    /// The message that a receipt means. If its id can be read in several ways that each have a message, it
    /// is preferably one to the receipt's destination, and one that waits for a receipt.
    pub fn meant_by(
        &self,
        operator: OperatorNumber,
        receipt: &UnmatchedRow,
    ) -> Result<Option<UpstreamMessage>, Unavailable> {
        let mut best: Option<((bool, bool), UpstreamMessage)> = None;
        for id in &receipt.ids {
            let Some(message) = self.get(operator, id)? else { continue };
            let ticket = message.row.ticket().ok_or_else(|| damaged(Family::Upstream))?;
            let rank = (is_same_number(ticket.destination.digits, &receipt.source), message.row.is_awaited());
            if rank == (true, true) {
                return Ok(Some(message));
            }
            if best.as_ref().is_none_or(|(best, _)| rank > *best) {
                best = Some((rank, message));
            }
        }
        Ok(best.map(|(_, message)| message))
    }

    /// Notes that an operator has a message under an id, and that its receipt is awaited. `before` is the row
    /// that the id had.
    pub fn await_receipt(
        &mut self,
        batch: &mut Batch,
        before: Option<&UpstreamRow>,
        message: UpstreamMessage,
    ) {
        batch.insert(Family::Awaiting, awaiting(&message), Vec::new());
        self.set(batch, before, message);
    }

    /// A message has come to its end, which an event under the id in `message` has brought: no receipt is
    /// awaited any more, under that id or under the one that an operator accepted it with last.
    pub fn settle(
        &mut self,
        batch: &mut Batch,
        now: UnixMicros,
        before: &StateRow,
        message: UpstreamMessage,
    ) -> Result<(), Unavailable> {
        let is_last = message.operator == before.operator && message.id == before.upstream_id;
        let last = if is_last { None } else { self.get(before.operator, &before.upstream_id)? };
        // The operator may have given that id to another message since.
        let last = last.filter(|last| last.row.message_id == message.row.message_id);
        for message in [Some(message), last].into_iter().flatten() {
            if message.row.is_awaited() {
                batch.delete(Family::Awaiting, awaiting(&message), Vec::new());
            }
            let row = message.row.clone().settled(now);
            self.set(batch, Some(&message.row), UpstreamMessage { row, ..message });
        }
        Ok(())
    }

    /// A message was accepted a second time, and the second receipt is awaited. A receipt of the first still
    /// settles it.
    pub fn supersede(&mut self, batch: &mut Batch, now: UnixMicros, first: UpstreamMessage) {
        if !first.row.is_awaited() {
            return;
        }
        batch.delete(Family::Awaiting, awaiting(&first), Vec::new());
        let expires_at = first.row.clone().settled(now).expires_at;
        let row = UpstreamRow { expires_at, ..first.row.clone() };
        self.set(batch, Some(&first.row), UpstreamMessage { row, ..first });
    }

    fn set(&mut self, batch: &mut Batch, before: Option<&UpstreamRow>, after: UpstreamMessage) {
        let key = upstream_key(after.operator, &after.id);
        batch.replace(Family::Upstream, key.clone(), after.row.to_bytes(), before.map(Row::to_bytes));
        self.rows.insert(key, after.row);
    }
}

fn awaiting(message: &UpstreamMessage) -> Vec<u8> {
    awaiting_key(message.row.accepted_at, message.operator, &message.id)
}

/// True if two ways of writing a number end alike: operators add and drop what stands before the country
/// code, and the code itself.
pub fn is_same_number(left: &[u8], right: &[u8]) -> bool {
    let (shorter, longer) = if left.len() < right.len() { (left, right) } else { (right, left) };
    let digits = |number: &[u8]| {
        let start = number.iter().position(|byte| (b'1'..=b'9').contains(byte)).unwrap_or(number.len());
        number.get(start..).unwrap_or_default().to_vec()
    };
    let (shorter, longer) = (digits(shorter), digits(longer));
    (shorter.len() >= SAME_DIGITS_MIN && longer.ends_with(&shorter)) || shorter == longer
}
