//! A page of messages as it grows, and the count of what is behind it.

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use super::terms::{Budget, Found, Look, Pick, States};
use crate::cdr::Cdr;
use crate::database::Unavailable;
use crate::id_times::IdRanges;
use crate::rows::RefusedMessage;

/// Looks at blocks and messages that no clock counts: what is small is found as a whole, however busy the machine is.
const LOOKS_MIN: u64 = 1_000;

/// A page, and what it has cost.
pub struct Gathering<'a, P: Pick> {
    pick: &'a P,
    budget: Budget,
    /// Ids whose messages need not be asked for their time.
    within: IdRanges,
    items: Vec<P::Item>,
    offset: usize,
    looks: u64,
    count: u64,
    /// The id of the last item, once there is one more message than the page takes.
    next_below: Option<u64>,
    last_id: u64,
    is_full: bool,
    is_broken_off: bool,
}

impl<'a, P: Pick> Gathering<'a, P> {
    /// An empty page.
    pub fn new(budget: &Budget, pick: &'a P, within: IdRanges) -> Self {
        Self {
            pick,
            budget: *budget,
            within,
            items: Vec::new(),
            offset: budget.offset,
            looks: 0,
            count: 0,
            next_below: None,
            last_id: 0,
            is_full: false,
            is_broken_off: false,
        }
    }

    /// Decides about a block before it is read.
    pub fn look_at_block(&mut self, ids: &Range<u64>, is_whole: bool) -> Look {
        if self.look_at_range(ids.end).is_break() {
            return Look::Stop;
        }
        let messages = ids.end.saturating_sub(ids.start);
        if self.is_full && is_whole && self.pick.takes_every_message() && self.within.hold(ids) {
            self.count += messages;
            self.note_more();
            return Look::Counted;
        }
        self.looks += messages;
        Look::Read
    }

    /// Breaks off where the budget is spent; all that is not below `end` was looked at.
    pub fn look_at_range(&mut self, end: u64) -> ControlFlow<()> {
        self.looks += 1;
        let now = Instant::now();
        let is_late = |until: Instant| self.looks > LOOKS_MIN && now >= until;
        let is_spent = if self.is_full {
            is_late(self.budget.count_until.unwrap_or(self.budget.page_until))
        } else {
            // Something is looked at in any case, so that each page goes on from the one before.
            is_late(self.budget.page_until) || self.looks > self.budget.looks_max.max(1)
        };
        if !is_spent {
            return ControlFlow::Continue(());
        }
        self.is_broken_off = true;
        if self.is_full {
            // What is behind a full page is not known to be nothing.
            self.note_more();
        } else {
            self.next_below = Some(end);
        }
        ControlFlow::Break(())
    }

    /// Looks at a charged message.
    pub fn charged(
        &mut self,
        cdr: &Cdr<'_>,
        states: &States<'_, '_>,
    ) -> Result<ControlFlow<()>, Unavailable> {
        if !self.pick.takes_every_message() && !self.pick.takes(cdr, states)? {
            return Ok(ControlFlow::Continue(()));
        }
        if self.has_room() {
            let item = self.pick.charged(cdr, states)?;
            self.put(cdr.message_id, item);
            return Ok(ControlFlow::Continue(()));
        }
        Ok(self.one_more())
    }

    /// Looks at a refused message.
    pub fn refused(&mut self, id: u64, message: &RefusedMessage) -> ControlFlow<()> {
        if !self.pick.takes_refused(message) {
            return ControlFlow::Continue(());
        }
        if self.has_room() {
            self.put(id, self.pick.refused(id, message));
            return ControlFlow::Continue(());
        }
        self.one_more()
    }

    /// The page as it is.
    pub fn finish(self) -> Found<P::Item> {
        Found {
            items: self.items,
            next_below: self.next_below,
            count: self.count,
            is_counted: !self.is_broken_off,
            is_offset_passed: self.offset == 0,
        }
    }

    /// True if the next message that is found belongs on the page. Those before the offset are counted and left out.
    fn has_room(&self) -> bool {
        self.offset == 0 && !self.is_full
    }

    fn put(&mut self, id: u64, item: P::Item) {
        self.items.push(item);
        self.count += 1;
        self.last_id = id;
        self.is_full = self.items.len() >= self.budget.items;
    }

    fn one_more(&mut self) -> ControlFlow<()> {
        self.count += 1;
        if self.offset > 0 {
            self.offset -= 1;
            return ControlFlow::Continue(());
        }
        self.note_more();
        if self.budget.count_until.is_some() {
            return ControlFlow::Continue(());
        }
        self.is_broken_off = true;
        ControlFlow::Break(())
    }

    fn note_more(&mut self) {
        self.next_below = Some(self.last_id);
    }
}
