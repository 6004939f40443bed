//! CDRs read a page at a time, in the order of account and id. Between pages nothing of the database is held, so that the
//! reader of the rows may be slow.

use std::ops::ControlFlow;
use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::id_times::IdRanges;
use tollgate_storage::store::{Store, Unavailable};

use super::{Cells, Names, Texts, with_text};
use crate::messages::{Criteria, Filter};
use crate::sides::Viewer;

/// CDRs that are looked at for one page; it has fewer if some are left out.
const LOOKED_AT_MAX: usize = 2_000;

/// The CDRs to be read.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The accounts, in the order in which they are read.
    pub accounts: Vec<AccountNumber>,
    /// The first instant of submission.
    pub from: UnixMicros,
    /// The first instant that is too late.
    pub to: UnixMicros,
    /// The query that they fit.
    pub asked: Criteria,
    /// The viewer, who is given the messages that it may see, with the money that it is told.
    pub viewer: Viewer,
}

/// Reads CDRs page by page.
#[derive(Debug)]
pub struct Pages {
    store: Arc<Store>,
    names: Arc<Names>,
    wanted: Wanted,
    /// The place of the account that is being read.
    account: usize,
    next_id: u64,
    /// The ids that messages of that time may have. They end with those that are given out now, so that a
    /// reader slower than the traffic comes to an end.
    ids: IdRanges,
}

impl Pages {
    /// Reads from the beginning, as far as CDRs are committed now.
    pub fn new(store: Arc<Store>, names: Arc<Names>, wanted: Wanted) -> Result<Self, Unavailable> {
        let end = store.commits().next_id()?;
        let ids = store.commits().ids_of(&(wanted.from..wanted.to))?.below(end);
        Ok(Self { store, names, wanted, account: 0, next_id: 0, ids })
    }

    /// Replaces `rows` with the next page, which may be empty; false if none is left.
    pub fn next(&mut self, rows: &mut Vec<Cells>) -> Result<bool, Unavailable> {
        rows.clear();
        // An operator that nobody knows has had no message.
        let can_have_some = self.wanted.asked.kinds().0;
        let account = self.wanted.accounts.get(self.account).copied().filter(|_| can_have_some);
        let Some(account) = account else { return Ok(false) };
        let Self { names, wanted, next_id, .. } = self;
        let filter = Filter::new(&wanted.asked, names, &wanted.viewer);
        let (mut looked_at, mut found) = (0, Vec::new());
        let ids = self.ids.clone().not_below(*next_id);
        self.store.history().charges_up(account, &ids, |cdr, state| {
            *next_id = cdr.message_id + 1;
            looked_at += 1;
            let in_time = (wanted.from..wanted.to).contains(&cdr.header.submitted_at);
            if in_time && filter.has(cdr, state) {
                let sides = wanted.viewer.sides(cdr);
                found.extend(sides.map(|sides| (cdr.message_id, names.cells(cdr, state, &sides))));
            }
            if looked_at < LOOKED_AT_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let texts = Texts::of(&self.store)?;
        for (id, cells) in found {
            rows.push(with_text(cells, texts.text(account, id)?));
        }
        if looked_at < LOOKED_AT_MAX {
            self.account += 1;
            self.next_id = 0;
        }
        Ok(true)
    }
}
