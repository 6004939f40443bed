//! The postings of a chunk beside its account's wallet, added up for each account that they move.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::Beside;
use tollgate_engine::money::Total;
use tollgate_engine::posting::AccountPostings;
use tollgate_engine::time::Month;
use tollgate_engine::wallet::Wallet;

use crate::chain_tallies::{ChainTallies, OwnCharge};
use crate::resales::ResaleKey;
use crate::usage::LevelFacts;

/// The postings of those messages of a chunk that move more than their account's wallet.
#[derive(Debug)]
pub struct ChunkBeside {
    /// Everything that they move in the account itself.
    pub own: AccountPostings,
    /// Everything that they move in accounts above, with the wallet of each.
    pub above: Vec<(Arc<Wallet>, AccountPostings)>,
    /// Its messages of chains, as usage, resales and time series count them.
    pub chain: ChainTallies,
}

impl ChunkBeside {
    /// Nothing yet, of an account's chunk.
    pub fn of(account: AccountNumber) -> Self {
        Self { own: AccountPostings::of(account), above: Vec::new(), chain: ChainTallies::default() }
    }

    /// Adds a message, with the wallets of its levels above.
    pub fn add(&mut self, beside: &Beside, wallets: &[Arc<Wallet>], own: &OwnCharge) {
        assert_eq!(beside.above.len(), wallets.len(), "every level above has a wallet");
        self.own.add(&beside.own);
        for (level, wallet) in beside.above.iter().zip(wallets) {
            assert_eq!(level.postings.posting.account, wallet.number(), "a level pays from its own wallet");
            self.of_wallet(wallet).add(&level.postings);
        }
        if !beside.above.is_empty() {
            self.chain.add(own, LevelFacts::of(beside));
        }
    }

    /// The keys of the rows that say who sells to whom.
    pub fn sold_to(&self) -> impl Iterator<Item = ResaleKey> {
        self.chain.sellers().map(|seller| ResaleKey::mark_of(&seller))
    }

    /// Gives back everything that the chunk has taken. Its amount and volume are those of all its messages, the ones that
    /// move only the wallet too.
    pub fn give_back(mut self, wallet: &Wallet, amount: Total, volume: (Month, u32)) {
        (self.own.amount, self.own.volumes) = (amount, vec![volume]);
        wallet.undo_postings(&self.own);
        for (wallet, postings) in &self.above {
            wallet.undo_postings(postings);
        }
    }

    fn of_wallet(&mut self, wallet: &Arc<Wallet>) -> &mut AccountPostings {
        let known = self.above.iter().position(|(known, _)| known.number() == wallet.number());
        let at = known.unwrap_or_else(|| {
            self.above.push((Arc::clone(wallet), AccountPostings::of(wallet.number())));
            self.above.len() - 1
        });
        &mut self.above[at].1
    }
}
