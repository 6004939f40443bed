//! News of what has become durable, passed on from the committer to wallets, operators' queues and receipt queues.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::wallet::Posting;
use tollgate_storage::committer::{Durable, GivenBack};
use tollgate_storage::message::QueuedRow;

use crate::account_runtimes::AccountRuntimes;
use crate::delivery::backlog::Backlog;
use crate::delivery::operator_queues::CurrentOperatorQueues;
use crate::delivery::wakers::SchedulerWaker;

/// Passes on what has become durable. It has no way back to the committer, so that the committer ends when all other
/// handles on it are dropped.
#[derive(Debug)]
pub struct DurableSink {
    accounts: Arc<AccountRuntimes>,
    operator_queues: CurrentOperatorQueues,
    scheduler: Arc<SchedulerWaker>,
}

impl DurableSink {
    /// A sink that passes on to these accounts and operators.
    pub fn new(
        accounts: Arc<AccountRuntimes>,
        operator_queues: CurrentOperatorQueues,
        scheduler: Arc<SchedulerWaker>,
    ) -> Self {
        Self { accounts, operator_queues, scheduler }
    }
}

impl DurableSink {
    fn hand_on(&self, rows: Vec<QueuedRow>, push: impl Fn(&Backlog, QueuedRow)) {
        let operator_queues = self.operator_queues.load();
        for row in rows {
            let Some(operator_queue) = operator_queues.get(row.key.first_choice) else {
                unreachable!("a message was queued for an operator without a queue")
            };
            push(&operator_queue.backlog, row);
        }
        self.scheduler.wake();
    }
}

impl Durable for DurableSink {
    fn queued(&self, rows: Vec<QueuedRow>) {
        self.hand_on(rows, Backlog::push);
    }

    fn released(&self, rows: Vec<QueuedRow>) {
        self.hand_on(rows, Backlog::push_released);
    }

    fn refunded(&self, posting: &Posting) {
        let Some(wallet) = self.accounts.wallet(posting.account) else {
            unreachable!("a charge was given back to an account whose wallet is not in memory")
        };
        wallet.undo(posting);
    }

    fn given_back(&self, given_back: &GivenBack) {
        let Some(wallet) = self.accounts.wallet(given_back.postings.account) else {
            unreachable!("a charge was given back to an account whose wallet is not in memory")
        };
        given_back.take_back(&wallet);
    }

    fn receipts(&self, rows: Vec<(AccountNumber, u64)>) {
        for (account, _) in rows {
            self.accounts.receipt_queue(account).announce();
        }
    }
}
