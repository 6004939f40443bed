//! Blocks of CDRs, the newest first: of all accounts as the commits name them, or of few accounts from their own rows.

use std::collections::BTreeSet;
use std::ops::Range;

use tollgate_engine::account::AccountNumber;

use super::super::below::{Block, BlocksDown};
use crate::database::{Unavailable, damaged};
use crate::rows::{BatchRow, Row};
use crate::schema::{Family, account_id_key};
use crate::view::{Numbered, View};

/// Accounts whose own blocks are read; of more the commits are read.
const FEW_ACCOUNTS: usize = 64;

/// The account, the first id and the messages of a block.
type BlockName = (AccountNumber, u64, u32);

/// The blocks of a range of ids.
pub enum Blocks<'a, 'view, 'db> {
    /// Those of few accounts.
    OfAccounts(BlocksDown<'view, 'db>),
    /// Those of all accounts, or of many.
    OfCommits(CommitsDown<'a, 'view, 'db>),
}

impl<'a, 'view, 'db> Blocks<'a, 'view, 'db> {
    /// The blocks of these accounts; of all where there is no set of them.
    pub fn new(
        view: &'view View<'db>,
        accounts: Option<&'a BTreeSet<AccountNumber>>,
        ids: &Range<u64>,
    ) -> Result<Self, Unavailable> {
        match accounts {
            Some(accounts) if accounts.len() <= FEW_ACCOUNTS => {
                BlocksDown::new(view, accounts.iter().copied(), ids).map(Self::OfAccounts)
            }
            accounts => CommitsDown::new(view, accounts, ids.clone()).map(Self::OfCommits),
        }
    }

    /// The next block, unread.
    pub fn peek(&mut self) -> Result<Option<BlockName>, Unavailable> {
        match self {
            Self::OfAccounts(blocks) => Ok(blocks.peek()),
            Self::OfCommits(blocks) => blocks.peek(),
        }
    }

    /// The next block.
    pub fn next(&mut self) -> Result<Option<Block>, Unavailable> {
        match self {
            Self::OfAccounts(blocks) => blocks.next(),
            Self::OfCommits(blocks) => blocks.next(),
        }
    }

    /// Steps over the next block, and over those of its account, or of all, that begin at this id or above.
    pub fn step_over(&mut self, below: u64) -> Result<(), Unavailable> {
        match self {
            Self::OfAccounts(blocks) => blocks.step_over(below),
            Self::OfCommits(blocks) => blocks.step_over(below),
        }
    }
}

/// The blocks that the commits of a range of ids have written.
pub struct CommitsDown<'a, 'view, 'db> {
    view: &'view View<'db>,
    accounts: Option<&'a BTreeSet<AccountNumber>>,
    ids: Range<u64>,
    commits: Numbered<'view>,
    /// The blocks of one commit, the newest last.
    blocks: Vec<BlockName>,
}

impl<'a, 'view, 'db> CommitsDown<'a, 'view, 'db> {
    fn new(
        view: &'view View<'db>,
        accounts: Option<&'a BTreeSet<AccountNumber>>,
        ids: Range<u64>,
    ) -> Result<Self, Unavailable> {
        let commits = view.numbered_down(Family::Batches, ids.end)?;
        Ok(Self { view, accounts, ids, commits, blocks: Vec::new() })
    }

    fn peek(&mut self) -> Result<Option<BlockName>, Unavailable> {
        while self.blocks.is_empty() {
            let Some((first, value)) = self.commits.next().transpose()? else { return Ok(None) };
            let row = BatchRow::read(&value).ok_or_else(|| damaged(Family::Batches))?;
            if first.saturating_add(row.ids()) <= self.ids.start {
                return Ok(None);
            }
            let mut id = first;
            for (account, count) in row.blocks {
                let ids = id..id.saturating_add(u64::from(count));
                id = ids.end;
                let is_in_range = ids.start < self.ids.end && ids.end > self.ids.start;
                if is_in_range && self.accounts.is_none_or(|accounts| accounts.contains(&account)) {
                    self.blocks.push((account, ids.start, count));
                }
            }
        }
        Ok(self.blocks.last().copied())
    }

    fn next(&mut self) -> Result<Option<Block>, Unavailable> {
        let Some((account, first, _)) = self.blocks.pop() else { return Ok(None) };
        let octets = self.view.octets(Family::Cdrs, &account_id_key(account, first))?;
        Ok(Some((account, first, octets.ok_or_else(|| damaged(Family::Cdrs))?)))
    }

    fn step_over(&mut self, below: u64) -> Result<(), Unavailable> {
        if self.blocks.pop().is_none_or(|(_, first, _)| first <= below) {
            return Ok(());
        }
        self.blocks.retain(|(_, first, _)| *first < below);
        self.ids.end = self.ids.end.min(below);
        if self.blocks.is_empty() {
            self.commits = self.view.numbered_down(Family::Batches, self.ids.end)?;
        }
        Ok(())
    }
}
