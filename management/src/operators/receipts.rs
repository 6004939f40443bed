//! Operators' receipts that ended no message.

use tollgate_api::answer::Answer;
use tollgate_api::choice::Word;
use tollgate_api::dispatches::text_of;
use tollgate_api::operators::{OperatorReceipts, UnknownReceiptState, UnmatchedReason, UnmatchedReceipt};
use tollgate_api::time::Time;
use tollgate_relay::delivery::OperatorQueue;
use tollgate_storage::rows;
use tollgate_storage::rows::UnmatchedRow;
use tollgate_storage::store::Store;

use crate::problems::unavailable;

/// Receipts that are shown.
const SHOWN_MAX: usize = 100;

/// The receipts of an operator that ended no message.
pub fn receipts_of(store: &Store, operator_queue: &OperatorQueue) -> Answer<OperatorReceipts> {
    let kept =
        store.receipts().unmatched(Some(operator_queue.number)).map_err(|error| unavailable(&error))?;
    let unknown = operator_queue.unknown_states.list().into_iter().map(|(word, seen)| UnknownReceiptState {
        word: text_of(&word),
        receipts: seen.receipts,
        first_at: Time(seen.first_at),
        last_at: Time(seen.last_at),
        last_upstream_id: text_of(&seen.last_upstream_id),
    });
    Ok(OperatorReceipts {
        code: operator_queue.code.to_string(),
        unknown_states: unknown.collect(),
        unmatched: kept.len() as u64,
        unmatched_receipts: kept
            .iter()
            .rev()
            .take(SHOWN_MAX)
            .map(|(_, id, row)| unmatched(*id, row))
            .collect(),
    })
}

fn unmatched(id: u64, row: &UnmatchedRow) -> UnmatchedReceipt {
    UnmatchedReceipt {
        receipt: id.to_string(),
        received_at: Time(row.received_at),
        upstream_id: row.ids.first().map(|id| text_of(id)).unwrap_or_default(),
        state: Word(row.state),
        reason: match row.reason {
            rows::UnmatchedReason::NoMessage => UnmatchedReason::NoMessage,
            rows::UnmatchedReason::SeveralMessages => UnmatchedReason::SeveralMessages,
            rows::UnmatchedReason::OtherAddresses => UnmatchedReason::OtherAddresses,
        },
        source: text_of(&row.source),
        destination: text_of(&row.destination),
    }
}
