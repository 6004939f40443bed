//! The schedule of billing: alerts are looked for every second, overdue invoices are marked, and invoices of months that
//! have ended are drafted. Bundles that have ended lose their rest, and subscriptions are renewed.
//!
//! Everything runs on threads that may wait, a bounded part at a time, with a rest after each part so long that only a small
//! share of one core is used, however many accounts there are.

use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tollgate_api::answer::Answer;
use tollgate_storage::clock::{due, now};

use super::bundles::BundleExpiry;
use super::invoices::Invoices;
use super::invoices::monthly::MonthlyInvoices;
use super::invoices::owed::owed_before;
use super::invoices::reminders::Reminders;
use crate::account_facts::AccountFactsKeeper;
use crate::notifications::alerts::watch::AlertWatch;
use crate::subscriptions::Subscriptions;

/// Time between two looks for alerts.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// Time between two looks for invoices that are due or to be drafted.
const BILLING_INTERVAL: Duration = Duration::from_secs(5);
/// Each part is followed by a rest so many times as long as it has computed, which bounds the share of a core that is used. A look
/// that has waited for a slow disk is not late a second time for it.
const REST_PER_LOOK: u32 = 50;
/// The longest rest before the next part of unfinished work.
const REST_MAX: Duration = Duration::from_secs(10);

/// Follows the schedule for as long as the process lives.
pub async fn keep(
    watch: AlertWatch,
    bundles: BundleExpiry,
    subscriptions: Arc<Subscriptions>,
    (invoices, reminders): (Arc<Invoices>, Reminders),
    facts: Arc<AccountFactsKeeper>,
) {
    tokio::join!(
        keep_watch(watch),
        keep_bundles(bundles),
        keep_subscriptions(subscriptions),
        keep_billing(&invoices, reminders, &facts)
    );
}

async fn keep_bundles(bundles: BundleExpiry) {
    let bundles = Arc::new(bundles);
    loop {
        let looking = Arc::clone(&bundles);
        let look = tokio::task::spawn_blocking(move || {
            let started = computed();
            note(looking.look());
            since(started)
        });
        let Ok(took) = look.await else { return };
        tokio::time::sleep(WATCH_INTERVAL.max((took * REST_PER_LOOK).min(REST_MAX))).await;
    }
}

async fn keep_subscriptions(subscriptions: Arc<Subscriptions>) {
    loop {
        let looking = Arc::clone(&subscriptions);
        let look = tokio::task::spawn_blocking(move || {
            let started = computed();
            let mut begun = Vec::new();
            note(looking.look(due(), &mut begun));
            (begun, since(started))
        });
        let Ok((begun, took)) = look.await else { return };
        for charge in begun {
            let sending = Arc::clone(&subscriptions);
            // It is sent by the schedule of payments where this is cut off.
            drop(tokio::task::spawn_blocking(move || sending.send(&charge)));
        }
        tokio::time::sleep(WATCH_INTERVAL.max((took * REST_PER_LOOK).min(REST_MAX))).await;
    }
}

async fn keep_watch(watch: AlertWatch) {
    let mut watch = Some(watch);
    while let Some(mut state) = watch.take() {
        let look = tokio::task::spawn_blocking(move || {
            let started = computed();
            note(state.look(now()));
            (state, since(started))
        });
        let Ok((state, took)) = look.await else { return };
        watch = Some(state);
        tokio::time::sleep(WATCH_INTERVAL.max((took * REST_PER_LOOK).min(REST_MAX))).await;
    }
}

async fn keep_billing(invoices: &Arc<Invoices>, reminders: Reminders, facts: &Arc<AccountFactsKeeper>) {
    let mut kept = Some((MonthlyInvoices::new(Arc::clone(invoices)), reminders));
    while let Some((mut state, mut reminders)) = kept.take() {
        let (invoices, facts) = (Arc::clone(invoices), Arc::clone(facts));
        let round = tokio::task::spawn_blocking(move || {
            let started = computed();
            note(facts.write());
            let is_more = bill(&invoices, &mut state);
            note(reminders.look(due()));
            ((state, reminders), since(started), is_more)
        });
        let Ok((state, took, is_more)) = round.await else { return };
        kept = Some(state);
        let rest = (took * REST_PER_LOOK).min(REST_MAX);
        tokio::time::sleep(if is_more { rest } else { rest.max(BILLING_INTERVAL) }).await;
    }
}

/// Does a part of what is due by now; true if there is more. What fails holds up nothing else.
fn bill(invoices: &Invoices, monthly: &mut MonthlyInvoices) -> bool {
    // No period ends and no invoice is overdue while the clock is in doubt.
    let now = due();
    let marked = owed_before(invoices.context(), now).and_then(|owed| invoices.mark_overdue(&owed, now));
    note(marked);
    let drafts_more = note(monthly.draft(now)).unwrap_or(false);
    note(invoices.send_waiting()).unwrap_or(false) || drafts_more
}

/// The time that this thread has computed.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let [seconds, nanos] = [time.tv_sec, time.tv_nsec].map(|part| u64::try_from(part).unwrap_or_default());
    Duration::from_secs(seconds) + Duration::from_nanos(nanos)
}

/// The time that this thread has computed since.
fn since(started: Duration) -> Duration {
    computed().saturating_sub(started)
}

/// Logs a failure; the next look tries again.
fn note<T>(done: Answer<T>) -> Option<T> {
    let fault = |problem: &tollgate_api::problem::Problem| {
        tracing::warn!(problem = %problem.detail, "billing failed and is tried again at the next look");
    };
    done.inspect_err(fault).ok()
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn waiting_is_no_computing() {
        let (started, clock) = (computed(), std::time::Instant::now());
        let (keep, wait) = std::sync::mpsc::channel::<()>();
        assert!(wait.recv_timeout(Duration::from_millis(300)).is_err());
        drop(keep);
        assert!(since(started) < clock.elapsed() / 2);
        let started = computed();
        while since(started) < Duration::from_millis(1) {
            black_box(started);
        }
    }
}
