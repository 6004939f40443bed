//! Pages of waiting messages that are read, and the messages that have gone meanwhile.

use rustc_hash::FxHashSet;

/// Messages of one page.
pub const PAGE: u32 = 512;

/// The pages that are read.
#[derive(Debug, Default)]
pub struct Reads {
    under_way: u32,
    /// Messages that have gone since the first of them was asked for, and that a page may still bring.
    gone: FxHashSet<u64>,
}

impl Reads {
    /// A page is asked for.
    pub fn began(&mut self) {
        self.under_way += 1;
    }

    /// True if a message has gone since.
    pub fn is_gone(&self, id: u64) -> bool {
        self.gone.contains(&id)
    }

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
