//! Counters of caps.

use tollgate_engine::calendar::Span;
use tollgate_engine::cap::{CapCounter, CapNumber};
use tollgate_engine::money::Total;
use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_micros, put_total, put_varint};

/// `caps`: the count of one cap of an account in the last span that anything was counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapRow {
    /// The span that it counts in.
    pub span: Span,
    /// Money paid in it.
    pub amount: Total,
    /// Messages in it.
    pub messages: u64,
}

impl CapRow {
    /// The counter as charging knows it.
    pub fn counter(self, cap: CapNumber) -> CapCounter {
        let Self { span, amount, messages } = self;
        CapCounter { cap, span, amount, messages }
    }
}

impl From<CapCounter> for CapRow {
    fn from(counter: CapCounter) -> Self {
        let CapCounter { span, amount, messages, .. } = counter;
        Self { span, amount, messages }
    }
}

impl Row for CapRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_micros(out, self.span.start);
        put_varint(out, self.span.end.0.saturating_sub(self.span.start.0));
        put_total(out, self.amount);
        put_varint(out, self.messages);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let start = reader.micros()?;
        let end = UnixMicros(start.0.checked_add(reader.varint()?)?);
        Some(Self { span: Span { start, end }, amount: reader.total()?, messages: reader.varint()? })
    }
}
