//! What billing does by itself: it looks out for alerts every second, marks invoices as overdue, and drafts those of months
//! that have ended.
//!
//! Everything is done on threads that may wait, a bounded part at a time, and rests for so long after each part that it takes
//! a small share of one core, however many accounts there are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tollgate_api::answer::Answer;
use tollgate_storage::clock::now;

use super::invoices::monthly::Monthly;
use crate::Office;

/// How often alerts are looked out for.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// How often it is looked for invoices that are due or to be drafted.
const BILLING_INTERVAL: Duration = Duration::from_secs(10);
/// After each part it rests so many times as long as that took, so that it takes at most this share of a core.
const REST_PER_LOOK: u32 = 50;
/// The longest rest within something that goes on.
const REST_MAX: Duration = Duration::from_secs(10);

/// Keeps to it for as long as the process lives.
pub async fn keep(office: Arc<Office>) {
    tokio::join!(keep_watch(&office), keep_billing(&office));
}

async fn keep_watch(office: &Arc<Office>) {
    let mut watch = Some(office.begin_watch());
    while let Some(mut state) = watch.take() {
        let office = Arc::clone(office);
        let look = tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            note(office.look_out(&mut state, now()));
            (state, started.elapsed())
        });
        let Ok((state, took)) = look.await else { return };
        watch = Some(state);
        tokio::time::sleep(WATCH_INTERVAL.max(took * REST_PER_LOOK)).await;
    }
}

async fn keep_billing(office: &Arc<Office>) {
    let mut monthly = Some(Monthly::default());
    while let Some(mut state) = monthly.take() {
        let office = Arc::clone(office);
        let round = tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            let is_more = note(office.bill(&mut state)).unwrap_or(false);
            (state, started.elapsed(), is_more)
        });
        let Ok((state, took, is_more)) = round.await else { return };
        monthly = Some(state);
        let rest = (took * REST_PER_LOOK).min(REST_MAX);
        tokio::time::sleep(if is_more { rest } else { BILLING_INTERVAL }).await;
    }
}

impl Office {
    /// Has what reads for long end early: the process stops, and what is not done now is done after its next start.
    pub fn stop_billing(&self) {
        self.billing.stop();
    }

    /// A part of what is due by now; whether there is more.
    fn bill(&self, monthly: &mut Monthly) -> Answer<bool> {
        let now = now();
        self.mark_overdue(&self.owed_before(now)?, now)?;
        self.draft_monthly(monthly, now)
    }
}

/// What could not be done now is done at the next look.
fn note<T>(done: Answer<T>) -> Option<T> {
    let fault = |problem: &tollgate_api::problem::Problem| {
        tracing::warn!(problem = %problem.detail, "billing could not do all that is due; it goes on at the next look");
    };
    done.inspect_err(fault).ok()
}
