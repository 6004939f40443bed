//! Steps over ranges of commits whose filter knows nothing of what is sought.

use std::ops::Range;

use crate::database::{Unavailable, damaged};
use crate::message_filter::{FilterKey, MessageFilterRow};
use crate::rows::Row;
use crate::schema::Family;
use crate::view::View;

/// Asks the filters of a search, from the newest on.
pub struct Stepping<'a, 'view, 'db> {
    view: &'view View<'db>,
    keys: &'a [FilterKey],
    /// The range that was asked about last, and whether it may have what is sought.
    known: (Range<u64>, bool),
}

impl<'a, 'view, 'db> Stepping<'a, 'view, 'db> {
    /// For messages that have all of these values.
    pub fn new(view: &'view View<'db>, keys: &'a [FilterKey]) -> Self {
        Self { view, keys, known: (0..0, true) }
    }

    /// The id below which to go on, if the block of this first id and others around it have none of what is sought.
    pub fn below(&mut self, first: u64) -> Result<Option<u64>, Unavailable> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        if !self.known.0.contains(&first) {
            self.known = self.ask(first)?;
        }
        let (range, may_have) = &self.known;
        Ok((!may_have).then_some(range.start))
    }

    fn ask(&self, first: u64) -> Result<(Range<u64>, bool), Unavailable> {
        let mut before = self.view.numbered_down(Family::MessageFilters, first.saturating_add(1))?;
        let Some((start, value)) = before.next().transpose()? else {
            // No block at this one or before has a filter.
            return Ok((0..first.saturating_add(1), true));
        };
        let filter = MessageFilterRow::read(&value).ok_or_else(|| damaged(Family::MessageFilters))?;
        if filter.end <= first {
            return Ok((filter.end..first.saturating_add(1), true));
        }
        Ok((start..filter.end, self.keys.iter().all(|key| filter.may_have(*key))))
    }
}
