//! Events of delivery. Each is folded on top of those before it.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::health::HealthSample;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use super::accept::Failure;
use super::amended::Amendment;
use super::messages::Messages;
use crate::database::Unavailable;
use crate::delivery::{DeliveryEvent, ERROR_OCTETS_MAX, EventOutcome};
use crate::message::{QueueKey, QueuedRow};
use crate::rows::{KeyRow, LeaseRow, Row, UnmatchedReason, UnmatchedRow};
use crate::schema::{Family, account_name_key, health_key, short_id_key};

impl Messages<'_> {
    /// Adds events. If a read fails the draft may hold a part of them, and has to be dropped.
    pub fn deliver(&mut self, events: &[DeliveryEvent]) -> Result<Vec<EventOutcome>, Unavailable> {
        events.iter().map(|event| self.event(event)).collect()
    }

    fn event(&mut self, event: &DeliveryEvent) -> Result<EventOutcome, Unavailable> {
        match event {
            DeliveryEvent::Leased { lease, operator, keys } => self.lease(*lease, *operator, keys),
            DeliveryEvent::Released { lease } => Ok(self.release(*lease)),
            DeliveryEvent::Accepted(acceptance) => self.accepted(acceptance),
            DeliveryEvent::MatchedByAddress { acceptance, unmatched } => {
                self.matched_by_address(acceptance, *unmatched)
            }
            DeliveryEvent::Failed { key, row, outcome, error, operator, attempts, tried } => {
                self.failed(&Failure {
                    key,
                    row: row.as_deref(),
                    outcome: *outcome,
                    error: *error,
                    operator: *operator,
                    attempts: *attempts,
                    tried,
                })
            }
            DeliveryEvent::Receipt { operator, .. } => match receipt_row(self.out.now, event) {
                Some(receipt) => self.receipt(*operator, receipt),
                None => Ok(EventOutcome::Noted),
            },
            DeliveryEvent::Replayed { operator, unmatched, ids, rewritten } => {
                self.replayed(*operator, *unmatched, ids, *rewritten)
            }
            DeliveryEvent::ReceiptTimedOut { operator, place } => self.receipt_timed_out(*operator, place),
            DeliveryEvent::Due { until, at_most } => {
                Ok(EventOutcome::Due { released: self.waiting.release_due(&mut self.out, *until, *at_most)? })
            }
            DeliveryEvent::ReceiptsDone { account, receipts } => self.receipts_done(*account, receipts),
            DeliveryEvent::ShortIdWanted { account, key } => short_id_wanted(self, *account, key),
            DeliveryEvent::Health { operator, at, sample } => self.health(*operator, *at, sample),
        }
    }

    /// Leases messages, except those that must not be sent any more.
    fn lease(
        &mut self,
        lease: u64,
        operator: OperatorNumber,
        keys: &[QueueKey],
    ) -> Result<EventOutcome, Unavailable> {
        let (mut dropped, mut replaced) = (Vec::new(), Vec::new());
        let mut leased = Vec::with_capacity(keys.len());
        for key in keys {
            match self.waiting.take_amendment(key)? {
                None => leased.push(*key),
                Some(Amendment::Dropped) => dropped.push(*key),
                Some(Amendment::Replaced(bytes)) => {
                    leased.push(*key);
                    replaced.push(QueuedRow { key: *key, bytes });
                }
            }
        }
        leased.sort_unstable();
        let row = LeaseRow { id: lease, operator, at: self.out.now, keys: leased };
        self.leases.set(&mut self.out.batch, lease, Some(row).filter(|row| !row.keys.is_empty()));
        Ok(EventOutcome::Leased { dropped, replaced })
    }

    fn release(&mut self, lease: u64) -> EventOutcome {
        let was_held = self.leases.release(&mut self.out.batch, lease);
        if was_held { EventOutcome::Done } else { EventOutcome::Noted }
    }

    fn health(
        &mut self,
        operator: OperatorNumber,
        at: UnixMicros,
        sample: &HealthSample,
    ) -> Result<EventOutcome, Unavailable> {
        let key = health_key(operator, at);
        let before = match self.out.batch.last_of(Family::Health, &key) {
            Some(put) => put.value.clone(),
            None => self.store.get(Family::Health, &key)?,
        };
        self.out.batch.replace(Family::Health, key, sample.to_bytes(), before);
        Ok(EventOutcome::Done)
    }
}

/// Gives the message of a key an id of 32 bits, unless it has one.
fn short_id_wanted(
    messages: &mut Messages<'_>,
    account: AccountNumber,
    key: &[u8],
) -> Result<EventOutcome, Unavailable> {
    let name = account_name_key(account, key);
    if let Some(id) = messages.short_ids.get(&name) {
        return Ok(EventOutcome::ShortId(*id));
    }
    let Some(row) = messages.store.messages().key(account, key)? else { return Ok(EventOutcome::Noted) };
    if let Some(id) = row.short_id.or_else(|| u32::try_from(row.message_id).ok()) {
        return Ok(EventOutcome::ShortId(id));
    }
    let id = messages.out.take_short_ids(1);
    let message_id = row.message_id.to_be_bytes().to_vec();
    messages.out.batch.insert(Family::ShortIds, short_id_key(account, id), message_id);
    let before = row.to_bytes();
    let row = KeyRow { short_id: Some(id), ..row };
    messages.out.batch.replace(Family::Keys, name.clone(), row.to_bytes(), Some(before));
    messages.short_ids.insert(name, id);
    Ok(EventOutcome::ShortId(id))
}

/// A receipt as it is kept if it matches no message.
fn receipt_row(now: UnixMicros, event: &DeliveryEvent) -> Option<UnmatchedRow> {
    let DeliveryEvent::Receipt {
        ids,
        state,
        intermediate,
        error,
        network_error,
        done_at,
        done_date,
        source,
        destination,
        ..
    } = event
    else {
        return None;
    };
    Some(UnmatchedRow {
        received_at: now,
        ids: ids.clone(),
        state: *state,
        intermediate: *intermediate,
        error: error.get(..ERROR_OCTETS_MAX).unwrap_or(error).to_vec(),
        network_error: *network_error,
        done_at: *done_at,
        source: source.clone(),
        destination: destination.clone(),
        reason: UnmatchedReason::NoMessage,
        done_date: done_date.clone(),
    })
}
