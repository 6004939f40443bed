//! What the office counts: passwords, audit notes, mails, webhooks, and alerts that are open.
//!
//! Everything stands at zero from the start, so that a rate over it has a beginning.

use metrics::{Counter, Gauge, counter, gauge};
use tollgate_api::alerts::AlertKind;

use crate::identity::auth::lockout::Verdict;

/// Kinds of alerts.
const KINDS: usize = 5;

/// The handles.
pub struct Metrics {
    /// Notes in the audit log that are durable.
    pub audit_notes: Counter,
    posts_delivered: Counter,
    posts_failed: Counter,
    posts_given_up: Counter,
    outbox: Gauge,
    passwords_granted: Counter,
    passwords_refused: Counter,
    passwords_locked: Counter,
    alerts_open: [(AlertKind, Gauge); KINDS],
}

/// The handles of the thread that sends mail, and of whoever gives it one.
pub struct MailMetrics {
    /// Mails that the server has, or that are written.
    pub sent: Counter,
    /// Tries that failed, of mails that are tried once more.
    pub failed: Counter,
    /// Mails that could not be sent and never will.
    pub given_up: Counter,
    /// Mails that there was no room for.
    pub dropped: Counter,
    /// Mails that wait, for the first try or another.
    pub waiting: Gauge,
}

impl Metrics {
    /// With everything at zero.
    pub fn new() -> Self {
        let posts = |outcome: &'static str| counter!("tollgate_webhooks_total", "outcome" => outcome);
        let passwords =
            |outcome: &'static str| counter!("tollgate_api_password_checks_total", "outcome" => outcome);
        let open =
            |kind: AlertKind, name: &'static str| (kind, gauge!("tollgate_alerts_open", "kind" => name));
        Self {
            audit_notes: counter!("tollgate_api_audit_notes_total"),
            posts_delivered: posts("delivered"),
            posts_failed: posts("failed"),
            posts_given_up: posts("given_up"),
            outbox: gauge!("tollgate_outbox_errands"),
            passwords_granted: passwords("granted"),
            passwords_refused: passwords("refused"),
            passwords_locked: passwords("locked"),
            alerts_open: [
                open(AlertKind::LowBalance, "low_balance"),
                open(AlertKind::CreditNearlyUsed, "credit_nearly_used"),
                open(AlertKind::Overage, "overage"),
                open(AlertKind::PaymentDue, "payment_due"),
                open(AlertKind::OperatorDown, "operator_down"),
            ],
        }
    }

    /// Counts a password that was checked. `locked` are the failures that lock an address, whether somebody has it or not.
    pub fn password(&self, verdict: Verdict) {
        match verdict {
            Verdict::Granted => self.passwords_granted.increment(1),
            Verdict::Refused => self.passwords_refused.increment(1),
            Verdict::Locked(_) => self.passwords_locked.increment(1),
        }
    }

    /// Counts a post to a webhook; one that fails is given up where this was the last try.
    pub fn post(&self, is_delivered: bool, is_last: bool) {
        match (is_delivered, is_last) {
            (true, _) => self.posts_delivered.increment(1),
            (false, false) => self.posts_failed.increment(1),
            (false, true) => self.posts_given_up.increment(1),
        }
    }

    /// Tells which alerts are open.
    pub fn set_alerts_open(&self, open: impl Iterator<Item = AlertKind>) {
        let mut counts = [0_u32; KINDS];
        for kind in open {
            let place = self.alerts_open.iter().position(|(other, _)| *other == kind);
            if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
                *count += 1;
            }
        }
        for ((_, gauge), count) in self.alerts_open.iter().zip(counts) {
            gauge.set(f64::from(count));
        }
    }

    /// Tells how much waits to be posted or mailed of alerts.
    #[expect(clippy::cast_precision_loss, reason = "the outbox is bounded far below 2^52")]
    pub fn set_outbox(&self, jobs: usize) {
        self.outbox.set(jobs as f64);
    }
}

impl MailMetrics {
    /// With everything at zero.
    pub fn new() -> Self {
        let mails = |outcome: &'static str| counter!("tollgate_mails_total", "outcome" => outcome);
        Self {
            sent: mails("sent"),
            failed: mails("failed"),
            given_up: mails("given_up"),
            dropped: mails("dropped"),
            waiting: gauge!("tollgate_mail_queue"),
        }
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for MailMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailMetrics").finish_non_exhaustive()
    }
}
