//! Orders to the process: a reload of the files, and operators' links that are to follow a change of the API.

use tokio::sync::{Notify, mpsc, oneshot};

/// Reloads that may wait for one that is under way.
const RELOADS_WAITING_MAX: usize = 16;

/// The outcome of a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// The files are in force, with these changes.
    Applied(Vec<String>),
    /// The files say what was in force already.
    Unchanged,
    /// The configuration in force stays, for these reasons; the last counts those that are not named.
    Rejected(Vec<String>),
}

/// A reload that somebody waits for.
pub type ReloadOrder = oneshot::Sender<ReloadOutcome>;

/// The sending side of such orders.
#[derive(Debug)]
pub struct Orders {
    reloads: mpsc::Sender<ReloadOrder>,
    operators_changed: Notify,
}

impl Orders {
    /// With the receiving side of the reloads.
    pub fn new() -> (Self, mpsc::Receiver<ReloadOrder>) {
        let (reloads, ordered) = mpsc::channel(RELOADS_WAITING_MAX);
        (Self { reloads, operators_changed: Notify::new() }, ordered)
    }

    /// Orders a reload and waits for its outcome; `None` where the process is about to stop. Whoever calls must not be
    /// [changing the configuration](crate::configuration::Configuration::change).
    pub fn reload(&self) -> Option<ReloadOutcome> {
        let (order, outcome) = oneshot::channel();
        self.reloads.blocking_send(order).ok()?;
        outcome.blocking_recv().ok()
    }

    /// Operators were changed by other than a reload: their links are to follow.
    pub fn follow_operators(&self) {
        self.operators_changed.notify_one();
    }

    /// Waits until operators were changed by other than a reload.
    pub async fn operators_changed(&self) {
        self.operators_changed.notified().await;
    }
}
