//! The accounts above the one of a session, which pay for its messages or earn on them.

use std::sync::Arc;

use arrayvec::ArrayVec;
use tollgate_engine::beside::Beside;
use tollgate_engine::chain::LEVELS_MAX;
use tollgate_engine::charging::Level;
use tollgate_engine::wallet::Wallet;

use crate::snapshot::{ActiveAccount, Snapshot};

/// The levels above an account, from its parent up.
#[derive(Debug, Default)]
pub struct Levels {
    accounts: Vec<Arc<ActiveAccount>>,
    wallets: Arc<[Arc<Wallet>]>,
    /// The memory for what a charge moves beside the wallet, from one message to the next.
    pub spare: Option<Box<Beside>>,
}

impl Levels {
    /// Those of an account, as the snapshot has them.
    pub fn of(snapshot: &Snapshot, account: Option<&ActiveAccount>) -> Self {
        let accounts = account.map(|account| snapshot.levels_above(account)).unwrap_or_default();
        let wallets = accounts.iter().map(|level| Arc::clone(&level.runtime.wallet)).collect();
        Self { accounts, wallets, spare: None }
    }

    /// True if nobody above the account pays or earns.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// The wallets of the levels.
    pub fn wallets(&self) -> Arc<[Arc<Wallet>]> {
        Arc::clone(&self.wallets)
    }

    /// The levels as they are charged.
    pub fn charged(&self) -> ArrayVec<Level<'_>, LEVELS_MAX> {
        self.accounts.iter().map(|account| account.level()).collect()
    }

    /// An account by its level, which is counted from one for the parent of the sender.
    pub fn account(&self, level: usize) -> Option<&Arc<ActiveAccount>> {
        self.accounts.get(level.checked_sub(1)?)
    }
}
