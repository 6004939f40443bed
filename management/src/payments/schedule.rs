//! The work behind payments, by schedule: looks at what is open, events, and charges of auto-recharge. Each goes on by itself,
//! so that a provider that does not answer holds up one of them alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tollgate_api::answer::Answer;
use tollgate_storage::clock::due;

use super::events::ProviderEvents;
use super::recharge::RechargeWatch;
use super::reconciler::PaymentReconciler;

/// Time between two rounds where nothing wakes one.
const INTERVAL: Duration = Duration::from_secs(1);
/// Time between two looks for accounts to charge, well below the second within which a charge begins.
const RECHARGE_INTERVAL: Duration = Duration::from_millis(400);
/// A round is followed by a rest so many times as long as it took, which bounds the share of a core that is used.
const REST_PER_ROUND: u32 = 20;
/// The longest such rest of the looks for accounts to charge.
const RECHARGE_REST_MAX: Duration = Duration::from_millis(500);

/// The work behind payments.
#[derive(Debug)]
pub struct PaymentSchedule {
    pub(super) reconciler: PaymentReconciler,
    pub(super) events: Arc<ProviderEvents>,
    pub(super) recharges: RechargeWatch,
    pub(super) event_came: Arc<Notify>,
}

impl PaymentSchedule {
    /// Follows the schedule for as long as the process lives.
    pub async fn keep(self: Arc<Self>) {
        tokio::join!(self.keep_events(), self.keep_looking(), self.keep_charging());
    }

    async fn keep_events(self: &Arc<Self>) {
        loop {
            let this = Arc::clone(self);
            let round = tokio::task::spawn_blocking(move || {
                note(this.events.forget_old(due()));
                note(this.events.handle_due(due())).unwrap_or(false)
            });
            match round.await {
                Ok(true) => {}
                Ok(false) => {
                    tokio::select! {
                        () = self.event_came.notified() => {}
                        () = tokio::time::sleep(INTERVAL) => {}
                    }
                }
                Err(_) => return,
            }
        }
    }

    async fn keep_looking(self: &Arc<Self>) {
        loop {
            let this = Arc::clone(self);
            let round = tokio::task::spawn_blocking(move || note(this.reconciler.look(due())));
            if round.await.is_err() {
                return;
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    async fn keep_charging(self: &Arc<Self>) {
        loop {
            let (this, started) = (Arc::clone(self), Instant::now());
            let round = tokio::task::spawn_blocking(move || this.recharges.look());
            let Ok(begun) = round.await else { return };
            for payment in begun {
                let this = Arc::clone(self);
                // It is sent again by schedule where this is cut off.
                drop(tokio::task::spawn_blocking(move || this.recharges.send(&payment)));
            }
            let rest = (started.elapsed() * REST_PER_ROUND).min(RECHARGE_REST_MAX);
            tokio::time::sleep(RECHARGE_INTERVAL.max(rest)).await;
        }
    }
}

/// Logs a failure; the next round tries again.
fn note<T>(done: Answer<T>) -> Option<T> {
    let fault = |problem: &tollgate_api::problem::Problem| {
        tracing::warn!(problem = %problem.detail, "work behind payments failed and is tried again");
    };
    done.inspect_err(fault).ok()
}
