//! The values of the small rows, each with its bytes.
//!
//! A row that a later version gave more to say is written longer. One that ends where an earlier version
//! ended it is read as that version wrote it, with nothing in the new places.

mod account;
mod audit;
mod bundle;
mod cap;
mod chain_place;
mod commission;
mod commit;
mod dispatch;
mod document;
mod done_date;
mod health;
mod key;
mod ledger;
mod message_text;
mod operator;
mod receipt;
mod refusal;
mod request;
mod resale;
mod schedule;
mod series;
mod state;
mod tariff;
mod upstream;
mod usage;

use crate::codec::Reader;

pub use account::AccountRow;
pub use audit::{AuditRow, AuditTail};
pub use bundle::{BUNDLE_UNITS_MAX, BundleRow, LateRefund, Rollover, Validity};
pub use cap::CapRow;
pub use chain_place::ChainPlace;
pub use commission::CommissionRow;
pub use commit::BatchRow;
pub use dispatch::{DispatchCounters, DispatchStatus};
pub use document::DocumentRow;
pub use done_date::DoneDate;
pub use key::{KeyRow, RefusedDestination};
pub use ledger::{EntryKind, LedgerEntry};
pub use message_text::MessageTextRow;
pub use operator::{LeaseRow, OperatorRow};
pub use receipt::{GatewayReceipt, ReceiptAddress, UnmatchedReason, UnmatchedRow};
pub use refusal::{REFUSALS_KEPT_MICROS, RefusalsNotKept, RefusalsRow, RefusedMessage};
pub use request::RequestRow;
pub use resale::ResaleRow;
pub use schedule::{ExpiryRow, ScheduledRow};
pub use series::{SeriesMoney, SeriesRow};
pub use state::{AskedOperator, MessageState, ReceiptAnswer, StateRow};
pub use tariff::{ContentDigest, FileContent, TariffFileRow, TariffRow, content_digest};
pub use upstream::{SETTLED_KEPT_MICROS, UpstreamRow};
pub use usage::UsageRow;

/// A row that can be written and read back.
pub trait Row: Sized {
    /// Appends the row's bytes.
    fn write_to(&self, out: &mut Vec<u8>);
    /// Takes the row's parts off the front of its bytes.
    #[doc(hidden)]
    fn take(reader: &mut Reader<'_>) -> Option<Self>;

    /// Reads the row; `None` where the bytes are not one and nothing else.
    fn read(value: &[u8]) -> Option<Self> {
        let mut reader = Reader(value);
        let row = Self::take(&mut reader)?;
        reader.is_empty().then_some(row)
    }

    /// The row's bytes.
    fn to_bytes(&self) -> Vec<u8> {
        // Most rows are shorter, so that their octets are never moved.
        let mut out = Vec::with_capacity(64);
        self.write_to(&mut out);
        out
    }
}
