//! Messages of accounts below an account, as that account has paid for them. Their CDRs are rows of the accounts that sent
//! them, and the rows of resales say which these are.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::{ControlFlow, Range};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::LevelCharge;

use crate::cdr::{BlockReader, Cdr};
use crate::database::{Unavailable, damaged};
use crate::resales::ResaleKey;
use crate::schema::{Family, account_id_key, account_key};
use crate::view::{Ids, View};

/// Accounts whose blocks are read one after the other.
const OPEN_MAX: usize = 64;
/// Octets of a key of resales up to the child.
const CHILD_OCTETS: usize = 12;
/// More than any key of resales has behind the child.
const BEHIND_CHILD: [u8; 7] = [u8::MAX; 7];

/// The accounts that an account has ever sold to, and those that they have sold to.
pub fn sold_below(view: &View<'_>) -> Result<BTreeSet<AccountNumber>, Unavailable> {
    let (mut below, mut sellers) = (BTreeSet::new(), vec![view.account]);
    while let Some(seller) = sellers.pop() {
        let end = account_key(AccountNumber(seller.0.saturating_add(1)));
        let mut start = account_key(seller).to_vec();
        // One look for each child and month, however many networks and countries it sent to.
        loop {
            let row = view.between(Family::Resales, &start, &end)?.next().transpose()?;
            let Some((key, _)) = row else { break };
            let sold = ResaleKey::from_octets(&key).ok_or_else(|| damaged(Family::Resales))?;
            if below.insert(sold.child) {
                sellers.push(sold.child);
            }
            start = key.get(..CHILD_OCTETS).unwrap_or_default().to_vec();
            start.extend_from_slice(&BEHIND_CHILD);
        }
    }
    Ok(below)
}

/// The charge of an account for a message of an account below it; `None` if it did not pay for the message as a level.
pub fn paid_above(cdr: &Cdr<'_>, account: AccountNumber) -> Option<LevelCharge> {
    let levels = cdr.beside()?.above.into_iter();
    levels.filter(|level| !level.is_agent).find(|level| level.postings.posting.account == account)
}

/// The blocks of CDRs of several accounts whose ids may be in a range, the newest first. Commits give ids to one block after
/// the other, so that no two blocks have ids between those of each other. In memory is one number for each account, and a
/// block of each where they are few.
pub struct BlocksDown<'view, 'db> {
    view: &'view View<'db>,
    from: u64,
    /// The next block of each account, by its first id, with the number of its messages.
    next: BinaryHeap<(u64, AccountNumber, u32)>,
    /// The blocks of few accounts are read one after the other. Those of many are looked up each time.
    open: BTreeMap<AccountNumber, OpenRows<'view>>,
}

/// The rest of an account's blocks, and the one before it.
struct OpenRows<'view> {
    rows: Ids<'view>,
    last: Option<Box<[u8]>>,
}

/// One block: the account, the first id, and the octets.
pub type Block = (AccountNumber, u64, Box<[u8]>);

impl<'view, 'db> BlocksDown<'view, 'db> {
    /// The blocks of these accounts.
    pub fn new(
        view: &'view View<'db>,
        accounts: impl IntoIterator<Item = AccountNumber>,
        ids: &Range<u64>,
    ) -> Result<Self, Unavailable> {
        let (from, next) = (ids.start, BinaryHeap::new());
        let mut blocks = Self { view, from, next, open: BTreeMap::new() };
        for account in accounts {
            if blocks.open.len() < OPEN_MAX {
                let rows = view.down_of(account, Family::Cdrs, ids.end)?;
                blocks.open.insert(account, OpenRows { rows, last: None });
            }
            blocks.find(account, ids.end)?;
        }
        Ok(blocks)
    }

    /// The account, the first id and the messages of the next block.
    pub fn peek(&self) -> Option<(AccountNumber, u64, u32)> {
        self.next.peek().map(|(first, account, count)| (*account, *first, *count))
    }

    /// Steps over the next block, and over all others of its account that begin at this id or above.
    pub fn step_over(&mut self, below: u64) -> Result<(), Unavailable> {
        let Some((first, account, _)) = self.next.pop() else { return Ok(()) };
        let below = below.min(first);
        if let Some(open) = self.open.get_mut(&account) {
            open.last = None;
            if below < first {
                open.rows = self.view.down_of(account, Family::Cdrs, below)?;
            }
        }
        self.find(account, below)
    }

    /// The next block.
    pub fn next(&mut self) -> Result<Option<Block>, Unavailable> {
        let Some((first, account, _)) = self.next.pop() else { return Ok(None) };
        let read = self.open.get_mut(&account).and_then(|open| open.last.take());
        let octets = match read {
            Some(octets) => Some(octets),
            None => self.view.octets(Family::Cdrs, &account_id_key(account, first))?,
        };
        self.find(account, first)?;
        Ok(Some((account, first, octets.ok_or_else(|| damaged(Family::Cdrs))?)))
    }

    /// Finds the last block of an account that begins below an id.
    fn find(&mut self, account: AccountNumber, below: u64) -> Result<(), Unavailable> {
        let row = match self.open.get_mut(&account) {
            Some(open) => open.rows.next(),
            None => self.view.down_of(account, Family::Cdrs, below)?.next(),
        };
        let Some((first, value)) = row.transpose()? else { return Ok(()) };
        let block = BlockReader::new(account, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
        if first.saturating_add(u64::from(block.left())) > self.from {
            self.next.push((first, account, block.left()));
            if let Some(open) = self.open.get_mut(&account) {
                open.last = Some(value);
            }
        }
        Ok(())
    }
}

/// Calls `visit` with the CDRs of a block whose ids are in the range, the newest first.
pub fn block_down<B>(
    (account, first, value): &Block,
    ids: &Range<u64>,
    mut visit: impl FnMut(&Cdr<'_>) -> Result<ControlFlow<B>, Unavailable>,
) -> Result<ControlFlow<B>, Unavailable> {
    let mut block = BlockReader::new(*account, *first, value).ok_or_else(|| damaged(Family::Cdrs))?;
    let mut cdrs: Vec<Cdr<'_>> = block.by_ref().collect();
    if !block.is_sound() {
        return Err(damaged(Family::Cdrs));
    }
    cdrs.retain(|cdr| ids.contains(&cdr.message_id));
    for cdr in cdrs.iter().rev() {
        let flow = visit(cdr)?;
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}
