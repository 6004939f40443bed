//! Messages by the id that an operator gave them, as the commit will leave them.

use std::collections::BTreeMap;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use super::likeness::Likeness;
use crate::batch::Batch;
use crate::database::{Unavailable, damaged};
use crate::message::Ticket;
use crate::rows::{Row, StateRow, UnmatchedReason, UnmatchedRow, UpstreamRow};
use crate::schema::{
    Family, awaiting_key, id_of_place, number_tail, parse_upstream_key, shared_place, shared_places,
    upstream_key,
};
use crate::store::Store;

/// Messages with one id and destinations that end alike that are looked at for a receipt.
const SHARED_MAX: usize = 64;

/// A message by the id that an operator gave it.
#[derive(Clone, Debug)]
pub struct UpstreamMessage {
    /// The operator that has it.
    pub operator: OperatorNumber,
    /// Its place: the operator's id in canonical form, and more where several messages have the id.
    pub place: Vec<u8>,
    /// The message's row.
    pub row: UpstreamRow,
}

impl UpstreamMessage {
    /// The operator's id, in canonical form.
    pub fn id(&self) -> &[u8] {
        id_of_place(&self.place)
    }

    fn ticket(&self) -> Result<Ticket<'_>, Unavailable> {
        self.row.ticket().ok_or_else(|| damaged(Family::Upstream))
    }
}

/// The message that a receipt means.
#[derive(Debug)]
pub enum Meant {
    /// One message, and no other is as likely.
    Message(UpstreamMessage),
    /// None, or none that can be told.
    None(UnmatchedReason),
}

/// Messages that operators have.
#[derive(Debug)]
pub struct UpstreamDraft<'a> {
    store: &'a Store,
    rows: BTreeMap<Vec<u8>, UpstreamRow>,
}

impl<'a> UpstreamDraft<'a> {
    /// Nothing is changed yet.
    pub fn new(store: &'a Store) -> Self {
        Self { store, rows: BTreeMap::new() }
    }

    /// The message at a place among those that an operator has.
    pub fn get(
        &self,
        operator: OperatorNumber,
        place: &[u8],
    ) -> Result<Option<UpstreamMessage>, Unavailable> {
        let row = match self.rows.get(&upstream_key(operator, place)) {
            Some(row) => Some(row.clone()),
            None => self.store.upstream().get(operator, place)?,
        };
        Ok(row.map(|row| UpstreamMessage { operator, place: place.to_vec(), row }))
    }

    /// A message by the id that an operator gave it, which other messages may have too.
    pub fn find(
        &self,
        operator: OperatorNumber,
        id: &[u8],
        destination: &[u8],
        message_id: u64,
    ) -> Result<Option<UpstreamMessage>, Unavailable> {
        let Some(message) = self.get(operator, id)? else { return Ok(None) };
        if message.row.message_id == message_id {
            return Ok(Some(message));
        }
        if message.row.leads {
            self.get(operator, &shared_place(id, destination, message_id))
        } else {
            Ok(None)
        }
    }

    /// The messages that have this id and may be meant by a receipt.
    fn with_id(
        &self,
        operator: OperatorNumber,
        id: &[u8],
        receipt: &UnmatchedRow,
    ) -> Result<Vec<UpstreamMessage>, Unavailable> {
        let Some(leading) = self.get(operator, id)? else { return Ok(Vec::new()) };
        let mut found = vec![leading];
        if !found.iter().any(|message| message.row.leads) {
            return Ok(found);
        }
        let mut tails = [number_tail(&receipt.source), number_tail(&receipt.destination)].to_vec();
        tails.retain(|tail| !tail.is_empty());
        tails.dedup();
        for tail in &tails {
            found.extend(self.beginning_with(operator, &shared_places(id, tail))?);
        }
        if tails.is_empty() {
            found.extend(self.beginning_with(operator, &[id, &[0]].concat())?);
        }
        Ok(found)
    }

    /// The messages at places that begin so, a bounded number of them.
    fn beginning_with(
        &self,
        operator: OperatorNumber,
        beginning: &[u8],
    ) -> Result<Vec<UpstreamMessage>, Unavailable> {
        let durable = self.store.upstream().beginning_with(operator, beginning, SHARED_MAX)?;
        let mut rows: BTreeMap<Vec<u8>, UpstreamRow> = durable.into_iter().collect();
        let start = upstream_key(operator, beginning);
        for (key, row) in self.rows.range(start.clone()..).take_while(|(key, _)| key.starts_with(&start)) {
            let (_, place) = parse_upstream_key(key).ok_or_else(|| damaged(Family::Upstream))?;
            rows.insert(place.to_vec(), row.clone());
        }
        Ok(rows.into_iter().map(|(place, row)| UpstreamMessage { operator, place, row }).collect())
    }

    /// The message that a receipt means: among those that have one of its ids, the one whose addresses it has, and
    /// that waits for a receipt. Of several that are as likely none is, as it would be a guess.
    pub fn meant_by(&self, operator: OperatorNumber, receipt: &UnmatchedRow) -> Result<Meant, Unavailable> {
        let mut best: Option<((Likeness, bool, bool), UpstreamMessage)> = None;
        let (mut is_one, mut is_known) = (true, false);
        for (reading, id) in receipt.ids.iter().enumerate() {
            for message in self.with_id(operator, id, receipt)? {
                is_known = true;
                let likeness = Likeness::of(&message.ticket()?, receipt);
                if likeness == Likeness::Contradicted {
                    continue;
                }
                let rank = (likeness, message.row.is_awaited(), reading == 0);
                match &best {
                    Some((other, _)) if rank < *other => {}
                    // Of those whose receipt has come already it does not matter which has another.
                    Some((other, of)) if rank == *other => {
                        is_one &= !rank.1 || of.row.message_id == message.row.message_id;
                    }
                    _ => (best, is_one) = (Some((rank, message)), true),
                }
            }
        }
        Ok(match best {
            Some((_, message)) if is_one => Meant::Message(message),
            Some(_) => Meant::None(UnmatchedReason::SeveralMessages),
            None if is_known => Meant::None(UnmatchedReason::OtherAddresses),
            None => Meant::None(UnmatchedReason::NoMessage),
        })
    }

    /// The only message that ever had the first id of a receipt.
    pub fn only_one(
        &self,
        operator: OperatorNumber,
        receipt: &UnmatchedRow,
    ) -> Result<Option<UpstreamMessage>, Unavailable> {
        let Some(first) = receipt.ids.first() else { return Ok(None) };
        Ok(self.get(operator, first)?.filter(|message| !message.row.leads))
    }

    /// Notes that an operator has a message under an id, and that its receipt is awaited. Whoever had the id before
    /// keeps it, at a place of its own.
    pub fn await_receipt(
        &mut self,
        batch: &mut Batch,
        now: UnixMicros,
        mut message: UpstreamMessage,
    ) -> Result<(), Unavailable> {
        let leading = self.get(message.operator, &message.place)?;
        if let Some(leading) = &leading {
            if leading.row.is_awaited() {
                self.lead(batch, leading);
                message.place = own_place(&message)?;
            } else {
                message.row.leads = leading.row.leads;
                if leading.row.expires_at > now && leading.row.message_id != message.row.message_id {
                    message.row.leads = true;
                    let place = own_place(leading)?;
                    let row = leading.row.clone().led(now);
                    self.set(batch, None, UpstreamMessage { place, row, ..leading.clone() });
                }
            }
        }
        batch.insert(Family::Awaiting, awaiting(&message), Vec::new());
        let before = leading.filter(|leading| leading.place == message.place);
        self.set(batch, before.as_ref().map(|leading| &leading.row), message);
        Ok(())
    }

    /// Notes in the row at an id that there are others of the id.
    fn lead(&mut self, batch: &mut Batch, leading: &UpstreamMessage) {
        if !leading.row.leads {
            let row = UpstreamRow { leads: true, ..leading.row.clone() };
            self.set(batch, Some(&leading.row), UpstreamMessage { row, ..leading.clone() });
        }
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
        let is_last = message.operator == before.operator && message.id() == before.upstream_id;
        let last = if is_last {
            None
        } else {
            let destination = message.ticket()?.destination.digits;
            self.find(before.operator, &before.upstream_id, destination, message.row.message_id)?
        };
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
        let key = upstream_key(after.operator, &after.place);
        batch.replace(Family::Upstream, key.clone(), after.row.to_bytes(), before.map(Row::to_bytes));
        self.rows.insert(key, after.row);
    }
}

/// The place of a message whose id another has too.
fn own_place(message: &UpstreamMessage) -> Result<Vec<u8>, Unavailable> {
    let destination = message.ticket()?.destination.digits;
    Ok(shared_place(message.id(), destination, message.row.message_id))
}

fn awaiting(message: &UpstreamMessage) -> Vec<u8> {
    awaiting_key(message.row.accepted_at, message.operator, &message.place)
}
