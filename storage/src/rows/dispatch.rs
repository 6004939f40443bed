//! Dispatches: how far a batch of messages has come.

use tollgate_engine::money::Total;

use super::Row;
use crate::codec::{Reader, put_total, put_varint};

/// `dispatches`: counters of one dispatch, equal to the counts over its CDRs and the state of its messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatchCounters {
    /// The number of messages charged.
    pub messages: u64,
    /// Their segments, less those of messages whose charge was given back.
    pub segments: u64,
    /// Messages that an operator took.
    pub submitted: u64,
    /// The number of messages delivered.
    pub delivered: u64,
    /// Messages that ended otherwise, those cancelled aside.
    pub failed: u64,
    /// The number of messages cancelled.
    pub cancelled: u64,
    /// Messages that ended as accepted, by operators that send no receipts.
    pub unconfirmed: u64,
    /// The charges less the refunds.
    pub cost: Total,
    /// The operators' costs, as far as they are known in the account's currency.
    pub cost_operators: Total,
}

/// The status of a dispatch as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DispatchStatus {
    /// Something may still become of some of its messages.
    Processing,
    /// All its messages are at their end, and not all of them failed or were cancelled.
    Completed,
    /// All its messages are at their end, and none has got through.
    Failed,
}

impl DispatchStatus {
    /// The name in APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

impl DispatchCounters {
    /// Messages of which something may still become.
    pub fn pending(&self) -> u64 {
        let ended = [self.delivered, self.failed, self.cancelled, self.unconfirmed];
        self.messages.saturating_sub(ended.into_iter().fold(0, u64::saturating_add))
    }

    /// Its status as a whole.
    pub fn status(&self) -> DispatchStatus {
        if self.pending() > 0 {
            DispatchStatus::Processing
        } else if self.delivered == 0 && self.unconfirmed == 0 && self.messages > 0 {
            DispatchStatus::Failed
        } else {
            DispatchStatus::Completed
        }
    }
}

impl Row for DispatchCounters {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, self.messages);
        put_varint(out, self.segments);
        put_varint(out, self.cancelled);
        put_total(out, self.cost);
        for counter in [self.submitted, self.delivered, self.failed, self.unconfirmed] {
            put_varint(out, counter);
        }
        put_total(out, self.cost_operators);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let first = Self {
            messages: reader.varint()?,
            segments: reader.varint()?,
            cancelled: reader.varint()?,
            cost: reader.total()?,
            ..Self::default()
        };
        // Version 1 ends here: it handed nothing to operators.
        if reader.is_empty() {
            return Some(first);
        }
        Some(Self {
            submitted: reader.varint()?,
            delivered: reader.varint()?,
            failed: reader.varint()?,
            unconfirmed: reader.varint()?,
            cost_operators: reader.total()?,
            ..first
        })
    }
}
