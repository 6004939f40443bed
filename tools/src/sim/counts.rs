//! The counts of a simulator, for its last line.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Value, json};

use super::answers::Outcome;

/// A number that all sessions add to.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds one to it.
    pub fn one_more(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Everything that is counted. All of it only grows.
#[derive(Debug, Default)]
pub struct Counts {
    /// Binds that were let in.
    pub binds: Count,
    /// Binds with a wrong system_id or password.
    pub binds_refused: Count,
    /// Messages that were taken.
    pub accepted: Count,
    /// Messages refused for the rate.
    pub throttled: Count,
    /// Messages refused as if there were no room.
    pub queue_full: Count,
    /// Messages refused for their destination.
    pub rejected: Count,
    /// Messages refused by chance.
    pub failed: Count,
    /// Messages taken and never answered on purpose.
    pub responses_lost: Count,
    /// Connections cut on purpose.
    pub disconnects: Count,
    /// Receipts handed to a bind, those sent again included.
    pub receipts_sent: Count,
    /// Receipts that the peer acknowledged.
    pub receipts_acknowledged: Count,
    /// Receipts that were refused for good.
    pub receipts_refused: Count,
    /// Receipts that were refused for now or not answered, and are sent again.
    pub receipts_again: Count,
    /// Receipts never sent on purpose.
    pub receipts_lost: Count,
    /// Receipts for which there was no room.
    pub receipts_dropped: Count,
}

impl Counts {
    /// Counts one message.
    pub fn message(&self, outcome: Outcome) {
        match outcome {
            Outcome::Throttled(_) => self.throttled.one_more(),
            Outcome::QueueFull(_) => self.queue_full.one_more(),
            Outcome::Rejected(_) => self.rejected.one_more(),
            Outcome::Failed(_) => self.failed.one_more(),
            Outcome::Accepted { response_lost } => {
                self.accepted.one_more();
                if response_lost {
                    self.responses_lost.one_more();
                }
            }
        }
    }

    /// The counts as JSON, for the last line.
    pub fn to_json(&self) -> Value {
        json!({
            "event": "stopped",
            "binds": self.binds.get(),
            "binds_refused": self.binds_refused.get(),
            "accepted": self.accepted.get(),
            "throttled": self.throttled.get(),
            "queue_full": self.queue_full.get(),
            "rejected": self.rejected.get(),
            "failed": self.failed.get(),
            "responses_lost": self.responses_lost.get(),
            "disconnects": self.disconnects.get(),
            "receipts_sent": self.receipts_sent.get(),
            "receipts_acknowledged": self.receipts_acknowledged.get(),
            "receipts_refused": self.receipts_refused.get(),
            "receipts_again": self.receipts_again.get(),
            "receipts_lost": self.receipts_lost.get(),
            "receipts_dropped": self.receipts_dropped.get(),
        })
    }
}
