//! The state of an account that outlives a reload.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tollgate_engine::throttle::Throttle;
use tollgate_engine::wallet::Wallet;

use crate::account_notices::AccountNotices;
use crate::account_pumping::AccountPumping;
use crate::delivery::receipt_queue::ReceiptQueue;
use crate::detectors::Detectors;
use crate::held_octets::HeldOctets;

/// The state of one account beyond its configuration.
#[derive(Debug)]
pub struct AccountRuntime {
    /// The wallet of the account.
    pub wallet: Arc<Wallet>,
    /// The limit of messages per second.
    pub throttle: Throttle,
    /// Receipts on their way to the account's binds.
    pub receipt_queue: Arc<ReceiptQueue>,
    /// The octets that its binds hold between socket and answer.
    pub held: Arc<HeldOctets>,
    /// The notices that its alerts are about.
    pub notices: AccountNotices,
    /// The detector of traffic pumping.
    pub pumping: AccountPumping,
    binds: AtomicU32,
}

impl AccountRuntime {
    /// The state of an account without binds.
    pub fn new(wallet: Arc<Wallet>, receipt_queue: Arc<ReceiptQueue>, detectors: Arc<Detectors>) -> Self {
        Self {
            pumping: AccountPumping::new(wallet.number(), detectors),
            wallet,
            throttle: Throttle::default(),
            receipt_queue,
            held: Arc::default(),
            notices: AccountNotices::default(),
            binds: AtomicU32::new(0),
        }
    }

    /// Takes a place among the account's binds, if one is free.
    pub fn take_bind(&self, max: u32) -> bool {
        let taken = self
            .binds
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| (open < max).then_some(open + 1));
        taken.is_ok()
    }

    /// Gives a place back that was taken.
    pub fn give_back_bind(&self) {
        let before = self.binds.fetch_sub(1, Ordering::Relaxed);
        assert!(before > 0, "an account gave back a bind that it had not taken");
    }
}
