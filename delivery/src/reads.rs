//! Reads of waiting messages that are under way, and the messages that have gone meanwhile.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

/// Reads of waiting messages that are under way.
#[derive(Debug, Default)]
pub struct Reads {
    pub under_way: u32,
    /// Messages that have gone since the first of them began, and that a page may still bring.
    pub gone: FxHashSet<u64>,
    /// The first end of a validity on disk that is waited for.
    pub next_expiry: Option<UnixMicros>,
    pub is_reading_expired: bool,
    /// Backlogs whose read has failed.
    pub failed: BTreeSet<OperatorNumber>,
}

impl Reads {
    /// A message is nothing to wait for any more.
    pub fn gone(&mut self, id: u64) {
        if self.under_way > 0 {
            self.gone.insert(id);
        }
    }

    /// A read has ended.
    pub fn ended(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
        if self.under_way == 0 {
            self.gone = FxHashSet::default();
        }
    }
}
