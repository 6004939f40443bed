//! The search for messages: those of all accounts, or of some, the newest first, charged and refused ones side by side.
//!
//! There is no row for a message but its CDR. Commits say in the order of time which blocks of CDRs they wrote, so that the
//! blocks of all accounts are read from the newest on; of few accounts each one's own blocks are. A filter for some thousand
//! messages says which values none of them has (`message_filter.rs`), and their blocks are stepped over unread. Blocks without a
//! filter, which are the latest and those of earlier versions, are read: what is found is the same.
//!
//! A search has a budget. One that has spent it says how far it came, and the next goes on from there.

mod blocks;
mod gather;
mod stepping;
mod terms;

use std::ops::{ControlFlow, Range};

use tollgate_engine::time::UnixMicros;

use self::blocks::Blocks;
use self::gather::Gathering;
use self::stepping::Stepping;
use self::terms::Look;
use super::below::block_down;
use crate::commits::CommitRows;
use crate::database::{Database, Unavailable, damaged};
use crate::rows::{RefusalsRow, RefusedMessage, Row};
use crate::schema::Family;
use crate::view::{Numbered, View};

pub use self::terms::{Budget, Found, Pick, Sought, States};

/// Searches the messages of a data directory.
#[derive(Clone, Copy, Debug)]
pub struct MessageSearch<'a> {
    pub(super) database: &'a Database,
}

impl MessageSearch<'_> {
    /// A page of the messages that are sought, the newest first.
    pub fn page<P: Pick>(
        &self,
        sought: &Sought<'_>,
        budget: &Budget,
        pick: &P,
    ) -> Result<Found<P::Item>, Unavailable> {
        let times = (CommitRows { database: self.database }).id_times()?;
        let mut gathering = Gathering::new(budget, pick, times.ids_within(&sought.times));
        let of_times = times.ids_of(&sought.times);
        View::of_books(self.database, |view| {
            for of_times in of_times.iter().rev() {
                let ids = sought.ids.clone().not_below(of_times.start).below(of_times.end);
                for ids in ids.iter().rev() {
                    if range_down(view, sought, ids, &mut gathering)?.is_break() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })?;
        Ok(gathering.finish())
    }

    /// A message that was refused, by its id.
    pub fn refused(&self, id: u64) -> Result<Option<RefusedMessage>, Unavailable> {
        let Some((key, value)) = self.database.last_until(Family::Refusals, &id.to_be_bytes())? else {
            return Ok(None);
        };
        let first = key.first_chunk::<8>().ok_or_else(|| damaged(Family::Refusals))?;
        let first = u64::from_be_bytes(*first);
        let row = RefusalsRow::read(&value).ok_or_else(|| damaged(Family::Refusals))?;
        let index = usize::try_from(id.saturating_sub(first)).ok();
        Ok(index.and_then(|index| row.messages.into_iter().nth(index)))
    }

    /// Calls `visit` with the rows of refused messages that were written down in this range of time or a little outside of it,
    /// the latest first, until it returns `Break`.
    pub fn refusals_down(
        &self,
        times: &Range<UnixMicros>,
        mut visit: impl FnMut(&RefusalsRow) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        let ids = (CommitRows { database: self.database }).ids_of(times)?;
        View::of_books(self.database, |view| {
            for ids in ids.iter().rev() {
                for row in view.numbered_down(Family::Refusals, ids.end)? {
                    let (first, value) = row?;
                    if first < ids.start {
                        break;
                    }
                    let row = RefusalsRow::read(&value).ok_or_else(|| damaged(Family::Refusals))?;
                    if visit(&row).is_break() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })
    }
}

/// Gathers the messages of a range of ids.
fn range_down<P: Pick>(
    view: &View<'_>,
    sought: &Sought<'_>,
    ids: Range<u64>,
    gathering: &mut Gathering<'_, P>,
) -> Result<ControlFlow<()>, Unavailable> {
    let mut refusals = Refusals::new(view, sought, &ids)?;
    if sought.charged {
        let mut blocks = Blocks::new(view, sought.accounts, &ids)?;
        let mut stepping = Stepping::new(view, &sought.keys);
        while let Some((account, first, count)) = blocks.peek()? {
            if refusals.down_to(first, sought, gathering)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if let Some(below) = stepping.below(first)? {
                // A filter counts as one look, so that a search which steps over many ends as well.
                if gathering.look_at_range(first.saturating_add(u64::from(count))).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                blocks.step_over(below)?;
                continue;
            }
            let block_ids = first..first.saturating_add(u64::from(count));
            let is_whole = ids.start <= block_ids.start && block_ids.end <= ids.end;
            match gathering.look_at_block(&block_ids, is_whole) {
                Look::Stop => return Ok(ControlFlow::Break(())),
                Look::Counted => blocks.step_over(first)?,
                Look::Read => {
                    let Some(block) = blocks.next()? else { break };
                    let states = States::new(view, account, block_ids);
                    let flow = block_down(&block, &ids, |cdr| {
                        let is_in_time = sought.times.contains(&cdr.header.submitted_at);
                        if is_in_time {
                            gathering.charged(cdr, &states)
                        } else {
                            Ok(ControlFlow::Continue(()))
                        }
                    })?;
                    if flow.is_break() {
                        return Ok(flow);
                    }
                }
            }
        }
    }
    refusals.down_to(0, sought, gathering)
}

/// Refused messages, merged with the charged ones by their ids.
struct Refusals<'view> {
    rows: Option<Numbered<'view>>,
    next: Option<(u64, RefusalsRow)>,
    ids: Range<u64>,
}

impl<'view> Refusals<'view> {
    fn new(view: &'view View<'_>, sought: &Sought<'_>, ids: &Range<u64>) -> Result<Self, Unavailable> {
        let rows = if sought.refused { Some(view.numbered_down(Family::Refusals, ids.end)?) } else { None };
        Ok(Self { rows, next: None, ids: ids.clone() })
    }

    /// Gathers those whose ids are not below `id`.
    fn down_to<P: Pick>(
        &mut self,
        id: u64,
        sought: &Sought<'_>,
        gathering: &mut Gathering<'_, P>,
    ) -> Result<ControlFlow<()>, Unavailable> {
        loop {
            if self.next.is_none() {
                self.next = self.read()?;
            }
            let Some((first, row)) = self.next.take_if(|(first, _)| *first >= id) else {
                return Ok(ControlFlow::Continue(()));
            };
            for (index, message) in row.messages.iter().enumerate().rev() {
                let message_id = first.saturating_add(index as u64);
                let is_sought = self.ids.contains(&message_id)
                    && sought.times.contains(&message.at)
                    && sought.accounts.is_none_or(|accounts| accounts.contains(&message.account));
                if is_sought && gathering.refused(message_id, message).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if gathering.look_at_range(first).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }

    fn read(&mut self) -> Result<Option<(u64, RefusalsRow)>, Unavailable> {
        let Some((first, value)) = self.rows.as_mut().and_then(Iterator::next).transpose()? else {
            return Ok(None);
        };
        let row = RefusalsRow::read(&value).ok_or_else(|| damaged(Family::Refusals))?;
        // A row that begins before the range may reach into it.
        if first.saturating_add(u64::from(row.ids())) <= self.ids.start {
            self.rows = None;
            return Ok(None);
        }
        Ok(Some((first, row)))
    }
}
