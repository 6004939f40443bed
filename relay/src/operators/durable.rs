//! What the committer tells of what has become durable, passed on to wallets, queues and mailboxes.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::wallet::Posting;
use tollgate_storage::committer::Durable;
use tollgate_storage::message::QueuedRow;

use crate::core::Core;

/// The committer starts before there is anything to pass on to; nothing becomes durable meanwhile that this needs.
#[derive(Debug, Default)]
pub struct DurableSink(ArcSwapOption<Core>);

impl DurableSink {
    /// From here on, to these.
    pub fn connect(&self, core: Arc<Core>) {
        self.0.store(Some(core));
    }

    /// No more: the world holds the way to the committer, which ends when nobody holds it any more.
    pub fn disconnect(&self) {
        self.0.store(None);
    }
}

impl Durable for DurableSink {
    fn queued(&self, rows: Vec<QueuedRow>) {
        let Some(core) = &*self.0.load() else { return };
        let snapshot = core.snapshot.load();
        for row in rows {
            if let Some(operator_queue) = snapshot.operator_queues.get(row.key.home) {
                operator_queue.backlog.push(row);
            }
        }
        core.scheduler.wake();
    }

    fn refunded(&self, posting: &Posting) {
        let wallet = self.0.load().as_ref().and_then(|core| core.wallets.get(posting.account));
        if let Some(wallet) = wallet {
            wallet.undo(posting);
        }
    }

    fn receipts(&self, rows: Vec<(AccountNumber, u64)>) {
        let Some(core) = &*self.0.load() else { return };
        for (account, _) in rows {
            core.receipt_queue(account).announce();
        }
    }
}
