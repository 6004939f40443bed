//! Hands refusals that were counted in memory to the committer, which counts them in the time series.

use std::sync::Arc;

use tokio::sync::oneshot;
use tollgate_storage::clock::now;
use tollgate_storage::committer::{Committer, RefusalCells};
use tollgate_storage::series::Minute;
use tollgate_storage::series::cell::RefusalCell;

use crate::refusal_counts::{RefusalCounts, RefusedAccounts};

/// Hands the refusals of all accounts to the committer, and waits until they are durable. What cannot be written now is counted
/// again.
pub async fn hand_over(refused: &RefusedAccounts, committer: &Committer) {
    let accounts = refused.take();
    let Some(outcome) = begin(&accounts, committer) else { return };
    // Where the committer ends first there is nobody to count them any more.
    let left = outcome.await.unwrap_or_default();
    give_back(&accounts, &left);
}

/// Hands them over, and waits for nothing: the committer writes them before it ends.
pub fn hand_over_last(refused: &RefusedAccounts, committer: &Committer) {
    drop(begin(&refused.take(), committer));
}

type Counts = Vec<(RefusalCell, u64)>;

fn begin(accounts: &[Arc<RefusalCounts>], committer: &Committer) -> Option<oneshot::Receiver<Counts>> {
    let minute = Minute::of(now());
    let mut counts = Counts::new();
    for of_account in accounts {
        let account = of_account.account;
        let taken = of_account.take();
        counts.extend(taken.map(|(refusal, messages)| (RefusalCell { minute, account, refusal }, messages)));
    }
    if counts.is_empty() {
        return None;
    }
    let (reply, outcome) = oneshot::channel();
    if let Err(RefusalCells { counts, .. }) = committer.count_refusals(RefusalCells { counts, reply }) {
        give_back(accounts, &counts);
        return None;
    }
    Some(outcome)
}

/// Counts again what could not be written. The counts of an account follow one another, in the order of the accounts.
fn give_back(accounts: &[Arc<RefusalCounts>], counts: &[(RefusalCell, u64)]) {
    let mut accounts = accounts.iter().peekable();
    for (cell, messages) in counts {
        while accounts.next_if(|of_account| of_account.account != cell.account).is_some() {}
        if let Some(of_account) = accounts.peek() {
            of_account.add(cell.refusal, *messages);
        }
    }
}
