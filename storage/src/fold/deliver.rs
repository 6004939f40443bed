//! What happened to messages, event by event. Each is folded on top of those before it.

use tollgate_engine::health::HealthSample;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use super::Draft;
use super::accept::Failure;
use crate::database::Unavailable;
use crate::delivery::{DeliveryEvent, ERROR_OCTETS_MAX, EventOutcome};
use crate::rows::{Row, UnmatchedRow};
use crate::schema::{Family, health_key};

impl Draft<'_> {
    /// Adds events. Where a read fails the draft is left as it is then, and has to be dropped.
    pub(super) fn deliver(&mut self, events: &[DeliveryEvent]) -> Result<Vec<EventOutcome>, Unavailable> {
        events.iter().map(|event| self.event(event)).collect()
    }

    fn event(&mut self, event: &DeliveryEvent) -> Result<EventOutcome, Unavailable> {
        match event {
            DeliveryEvent::Leased { lease, operator, keys } => self.lease(*lease, *operator, keys),
            DeliveryEvent::Released { lease } => Ok(self.release(*lease)),
            DeliveryEvent::Accepted(acceptance) => self.accepted(acceptance),
            DeliveryEvent::Adopt { acceptance, unmatched } => self.adopt(acceptance, *unmatched),
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
            DeliveryEvent::Receipt { operator, .. } => match self.receipt_row(event) {
                Some(receipt) => self.receipt(*operator, receipt),
                None => Ok(EventOutcome::Noted),
            },
            DeliveryEvent::Replayed { operator, unmatched, ids } => self.replayed(*operator, *unmatched, ids),
            DeliveryEvent::ReceiptTimedOut { operator, id } => self.receipt_timed_out(*operator, id),
            DeliveryEvent::Due { until, at_most } => {
                Ok(EventOutcome::Due { released: self.release_due(*until, *at_most)? })
            }
            DeliveryEvent::ReceiptsDone { account, ids } => self.receipts_done(*account, ids),
            DeliveryEvent::Health { operator, at, sample } => self.health(*operator, *at, sample),
        }
    }

    /// A receipt as it is kept where it belongs to no message.
    fn receipt_row(&self, event: &DeliveryEvent) -> Option<UnmatchedRow> {
        let DeliveryEvent::Receipt {
            ids,
            state,
            intermediate,
            error,
            network_error,
            done_at,
            source,
            destination,
            ..
        } = event
        else {
            return None;
        };
        Some(UnmatchedRow {
            received_at: self.now,
            ids: ids.clone(),
            state: *state,
            intermediate: *intermediate,
            error: error.get(..ERROR_OCTETS_MAX).unwrap_or(error).to_vec(),
            network_error: *network_error,
            done_at: *done_at,
            source: source.clone(),
            destination: destination.clone(),
        })
    }

    fn health(
        &mut self,
        operator: OperatorNumber,
        at: UnixMicros,
        sample: &HealthSample,
    ) -> Result<EventOutcome, Unavailable> {
        let key = health_key(operator, at);
        let before = self.store.get(Family::Health, &key)?;
        self.batch.replace(Family::Health, key, sample.to_bytes(), before);
        Ok(EventOutcome::Done)
    }
}
