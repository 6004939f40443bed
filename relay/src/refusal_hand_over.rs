//! Hands refusals that were counted in memory to the committer, which counts them in the time series.

use std::collections::HashMap;

use tokio::sync::oneshot;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::refusal::Refusal;
use tollgate_storage::clock::now;
use tollgate_storage::committer::{Committer, RefusalCounts};
use tollgate_storage::series::Minute;
use tollgate_storage::series::cell::RefusalCell;

use crate::account_runtimes::AccountRuntimes;

/// Hands the refusals of all accounts to the committer, and waits until they are durable. What cannot be written now is counted
/// again.
pub async fn hand_over(accounts: &AccountRuntimes, committer: &Committer) {
    let Some(outcome) = begin(accounts, committer) else { return };
    // Where the committer ends first there is nobody to count them any more.
    let left = outcome.await.unwrap_or_default();
    give_back(accounts, &left);
}

/// Hands them over, and waits for nothing: the committer writes them before it ends.
pub fn hand_over_last(accounts: &AccountRuntimes, committer: &Committer) {
    drop(begin(accounts, committer));
}

type Counts = Vec<(RefusalCell, u64)>;

fn begin(accounts: &AccountRuntimes, committer: &Committer) -> Option<oneshot::Receiver<Counts>> {
    let minute = Minute::of(now());
    let mut counts = Counts::new();
    accounts.for_each(|runtime| {
        let account = runtime.wallet.number();
        let taken = runtime.refusals.take();
        counts.extend(taken.map(|(refusal, messages)| (RefusalCell { minute, account, refusal }, messages)));
    });
    if counts.is_empty() {
        return None;
    }
    let (reply, outcome) = oneshot::channel();
    if let Err(RefusalCounts { counts, .. }) = committer.count_refusals(RefusalCounts { counts, reply }) {
        give_back(accounts, &counts);
        return None;
    }
    Some(outcome)
}

fn give_back(accounts: &AccountRuntimes, counts: &[(RefusalCell, u64)]) {
    if counts.is_empty() {
        return;
    }
    let mut of_accounts: HashMap<AccountNumber, Vec<(Refusal, u64)>> = HashMap::new();
    for (cell, messages) in counts {
        of_accounts.entry(cell.account).or_default().push((cell.refusal, *messages));
    }
    accounts.for_each(|runtime| {
        for (refusal, messages) in of_accounts.remove(&runtime.wallet.number()).unwrap_or_default() {
            runtime.refusals.add(refusal, messages);
        }
    });
}
