//! A recorder of the committer's calls, in the place of the daemon.

use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::wallet::{Posting, Wallets};
use tollgate_storage::committer::{Durable, GivenBack};
use tollgate_storage::message::QueuedRow;

/// Gives refunds back to the wallets, and keeps the rest for the test to look at.
#[derive(Debug)]
pub struct Recorder {
    wallets: Arc<Wallets>,
    heard: Mutex<Heard>,
}

/// The recorded calls.
#[derive(Debug, Default)]
pub struct Heard {
    pub queued: Vec<QueuedRow>,
    pub refunds: Vec<Posting>,
    pub given_back: Vec<GivenBack>,
    pub receipts: Vec<(AccountNumber, u64)>,
}

impl Recorder {
    pub fn new(wallets: Arc<Wallets>) -> Self {
        Self { wallets, heard: Mutex::default() }
    }

    /// The calls recorded since the last time.
    pub fn take(&self) -> Heard {
        std::mem::take(&mut self.heard.lock())
    }
}

impl Durable for Recorder {
    fn queued(&self, rows: Vec<QueuedRow>) {
        assert!(rows.is_sorted_by_key(|row| row.key.message_id), "rows come in the order of their ids");
        self.heard.lock().queued.extend(rows);
    }

    fn refunded(&self, posting: &Posting) {
        self.wallets.get(posting.account).expect("a wallet for each refund").undo(posting);
        self.heard.lock().refunds.push(*posting);
    }

    fn given_back(&self, given_back: &GivenBack) {
        let wallet = self.wallets.get(given_back.postings.account).expect("a wallet for each level");
        given_back.take_back(&wallet);
        self.heard.lock().given_back.push(given_back.clone());
    }

    fn receipts(&self, rows: Vec<(AccountNumber, u64)>) {
        self.heard.lock().receipts.extend(rows);
    }
}
