//! Metrics of the services: passwords, audit notes, jobs, and alerts that are open.
//!
//! Every counter stands at zero from the start, so that a rate over it has a beginning.

use metrics::{Counter, Gauge, counter, gauge};
use tollgate_api::alerts::AlertKind;
use tollgate_api::pumping::PumpingFindingKind;
use tollgate_relay::detectors::DetectorSize;

use crate::identity::lockout::LoginOutcome;

/// Number of the kinds of alerts.
const KINDS: usize = 14;
/// Number of the signs of traffic pumping.
const PUMPING_KINDS: usize = 4;

/// Handles of the metrics.
pub struct Metrics {
    /// Notes in the audit log that are durable.
    pub audit_notes: Counter,
    /// E-mails that were not queued, as too many waited.
    pub mails_dropped: Counter,
    passwords_granted: Counter,
    passwords_refused: Counter,
    passwords_locked: Counter,
    passwords_held: Counter,
    alerts_open: [(AlertKind, Gauge); KINDS],
    /// Ranges whose rate was stepped down.
    pub pumping_step_downs: Counter,
    pumping_stepped_down: Gauge,
    pumping_detectors: Gauge,
    pumping_detector_bytes: Gauge,
    pumping_found: [(PumpingFindingKind, Counter); PUMPING_KINDS],
}

/// Metrics of the jobs of one kind.
pub struct JobMetrics {
    /// Absent for jobs that end in no message to anybody.
    counters: Option<JobCounters>,
    waiting: Gauge,
}

struct JobCounters {
    done: Counter,
    failed: Counter,
    given_up: Counter,
}

impl Metrics {
    /// All of them, at zero.
    pub fn new() -> Self {
        let passwords =
            |outcome: &'static str| counter!("tollgate_api_password_checks_total", "outcome" => outcome);
        let open =
            |kind: AlertKind, name: &'static str| (kind, gauge!("tollgate_alerts_open", "kind" => name));
        let found = |kind: PumpingFindingKind, name: &'static str| {
            (kind, counter!("tollgate_pumping_findings_total", "type" => name))
        };
        Self {
            pumping_step_downs: counter!("tollgate_pumping_step_downs_total"),
            pumping_stepped_down: gauge!("tollgate_pumping_ranges_stepped_down"),
            pumping_detectors: gauge!("tollgate_pumping_detectors"),
            pumping_detector_bytes: gauge!("tollgate_pumping_detector_bytes"),
            pumping_found: [
                found(PumpingFindingKind::SequentialNumbers, "sequential_numbers"),
                found(PumpingFindingKind::NarrowRange, "narrow_range"),
                found(PumpingFindingKind::NetworkShare, "network_share"),
                found(PumpingFindingKind::DeliveryFall, "delivery_fall"),
            ],
            audit_notes: counter!("tollgate_api_audit_notes_total"),
            mails_dropped: counter!("tollgate_mails_total", "outcome" => "dropped"),
            passwords_granted: passwords("granted"),
            passwords_refused: passwords("refused"),
            passwords_locked: passwords("locked"),
            passwords_held: passwords("held"),
            alerts_open: [
                open(AlertKind::LowBalance, "low_balance"),
                open(AlertKind::CreditNearlyUsed, "credit_nearly_used"),
                open(AlertKind::Overage, "overage"),
                open(AlertKind::PaymentDue, "payment_due"),
                open(AlertKind::OperatorDown, "operator_down"),
                open(AlertKind::ClockInDoubt, "clock_in_doubt"),
                open(AlertKind::SpendingCap, "spending_cap"),
                open(AlertKind::ChildrenRefused, "children_refused"),
                open(AlertKind::BelowCost, "below_cost"),
                open(AlertKind::TrafficPumping, "traffic_pumping"),
                open(AlertKind::WebhookEndpoint, "webhook_endpoint"),
                open(AlertKind::AutoRecharge, "auto_recharge"),
                open(AlertKind::PaymentDispute, "payment_dispute"),
                open(AlertKind::PaymentContradiction, "payment_contradiction"),
            ],
        }
    }

    /// Counts a password that came. `locked` are the failures that lock an address, whether or not a user has it, and `held`
    /// those that counted for nothing.
    pub fn password(&self, outcome: LoginOutcome) {
        match outcome {
            LoginOutcome::Granted => self.passwords_granted.increment(1),
            LoginOutcome::Refused => self.passwords_refused.increment(1),
            LoginOutcome::Locked(_) => self.passwords_locked.increment(1),
            LoginOutcome::Held(_) => self.passwords_held.increment(1),
        }
    }

    /// Counts a range that looks like traffic pumping.
    pub fn pumping_found(&self, kind: PumpingFindingKind) {
        if let Some((_, counter)) = self.pumping_found.iter().find(|(other, _)| *other == kind) {
            counter.increment(1);
        }
    }

    /// Sets the number of ranges whose rate is stepped down now.
    #[expect(clippy::cast_precision_loss, reason = "each account has a few at most")]
    pub fn set_pumping_step_downs(&self, ranges: usize) {
        self.pumping_stepped_down.set(ranges as f64);
    }

    /// Sets the number of detectors and what they take.
    #[expect(
        clippy::cast_precision_loss,
        reason = "what fits into memory has fewer octets than a float is exact for"
    )]
    pub fn set_pumping_detectors(&self, sizes: &[DetectorSize]) {
        self.pumping_detectors.set(sizes.len() as f64);
        let octets: usize = sizes.iter().map(|size| size.octets).sum();
        self.pumping_detector_bytes.set(octets as f64);
    }

    /// Sets the number of open alerts of each kind.
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
}

impl JobMetrics {
    /// Of this kind, with everything at zero.
    pub fn new(kind: &'static str) -> Self {
        let counters = match kind {
            "email" => Some(("tollgate_mails_total", "sent")),
            "webhook" => Some(("tollgate_webhooks_total", "delivered")),
            _ => None,
        };
        let counters = counters.map(|(name, done)| JobCounters {
            done: counter!(name, "outcome" => done),
            failed: counter!(name, "outcome" => "failed"),
            given_up: counter!(name, "outcome" => "given_up"),
        });
        Self { counters, waiting: gauge!("tollgate_jobs_waiting", "kind" => kind) }
    }

    /// Counts one try at a job.
    pub fn count(&self, is_done: bool, is_given_up: bool) {
        let Some(counters) = &self.counters else { return };
        let counter = match (is_done, is_given_up) {
            (true, _) => &counters.done,
            (false, false) => &counters.failed,
            (false, true) => &counters.given_up,
        };
        counter.increment(1);
    }

    /// Sets the number of jobs that wait, for the first try or another.
    #[expect(clippy::cast_precision_loss, reason = "the queue is bounded far below 2^52")]
    pub fn set_waiting(&self, jobs: usize) {
        self.waiting.set(jobs as f64);
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
