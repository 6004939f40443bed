//! The look-out: once a second over everything that alerts are raised of, from what is in memory.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tollgate_api::alerts::{AlertKind, AlertSeverity};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::invoices::{InvoiceStatus, InvoiceSummary};
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;

use super::AT_ONCE;
use super::operators::OperatorWatch;
use super::record::{AlertRecord, Condition, id_at};
use super::wallets::{Standing, WALLET_KINDS, WalletFacts};
use crate::Office;
use crate::billing::invoices::owed::owed_before;

/// Alerts that one look raises; the next raises the rest.
const RAISED_MAX: usize = 1_000;
/// Alerts that are kept. Beyond them none is raised until others are forgotten.
const KEPT_MAX: usize = 200_000;
/// How long an alert is kept after it was cleared.
const KEPT_MICROS: u64 = 90 * 86_400_000_000;
/// How long before it is due an invoice is told of.
const DUE_SOON_MICROS: u64 = 3 * 86_400_000_000;
/// How often the books are asked which invoices are owed.
const OWED_INTERVAL_MICROS: u64 = 10_000_000;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// What the look-out knows from one look to the next.
#[derive(Debug)]
pub struct Watch {
    /// The alert of each condition that holds.
    open: HashMap<Condition, String>,
    operators: OperatorWatch,
    owed: Vec<InvoiceSummary>,
    owed_at: UnixMicros,
}

/// A condition that has begun to hold.
type Raised = (Condition, AlertRecord);

impl Office {
    /// With the alerts that are open in the books.
    pub fn begin_watch(&self) -> Watch {
        let open = self.alerts.filter(|document| document.value.cleared_at.is_none());
        let open =
            open.iter().map(|document| (Condition::of(&document.value), document.key.clone())).collect();
        let (operators, owed, owed_at) = (OperatorWatch::default(), Vec::new(), UnixMicros::default());
        Watch { open, operators, owed, owed_at }
    }

    /// One look: raises what has begun, and clears what is over.
    pub fn look_out(&self, watch: &mut Watch, now: UnixMicros) -> Answer<()> {
        if now.0.abs_diff(watch.owed_at.0) >= OWED_INTERVAL_MICROS {
            watch.owed = owed_before(self.store(), UnixMicros(now.0.saturating_add(DUE_SOON_MICROS)))?;
            watch.owed_at = now;
            self.forget_alerts(now)?;
        }
        let operator_queues = Arc::clone(&self.context.core.snapshot.load().operator_queues);
        watch.operators.look(&operator_queues, now, self.down_micros());
        let over = self.alerts_over(watch, now);
        let mut raised = self.wallets_raised(watch, now);
        raised.extend(invoices_raised(watch, now));
        raised.extend(self.operators_raised(watch, now));
        raised.truncate(RAISED_MAX.min(KEPT_MAX.saturating_sub(self.alerts.len())));
        for some in over.chunks(AT_ONCE) {
            self.clear_alerts(watch, some, now)?;
        }
        for some in raised.chunks(AT_ONCE) {
            self.raise_alerts(watch, some, now)?;
        }
        self.context.metrics.set_alerts_open(watch.open.keys().map(|condition| condition.kind));
        Ok(())
    }

    fn down_micros(&self) -> u64 {
        u64::from(self.context.settings.billing.operator_down_seconds) * MICROS_PER_SECOND
    }

    /// Conditions of wallets that hold and have no alert.
    fn wallets_raised(&self, watch: &Watch, now: UnixMicros) -> Vec<Raised> {
        let percent = self.context.settings.billing.credit_warning_percent;
        let with_overage = self.accounts.filter(|document| document.value.overage_segments.is_some());
        let expected: HashMap<&str, Option<u64>> = with_overage
            .iter()
            .map(|document| (document.key.as_str(), document.value.overage_segments))
            .collect();
        let mut raised = Vec::new();
        for account in self.context.core.snapshot.load().accounts() {
            let id = &account.provisioned.account.id;
            let facts = WalletFacts::of(&account, expected.get(&**id).copied().flatten(), percent, now);
            for kind in WALLET_KINDS {
                if facts.standing(kind) != Standing::Holds {
                    continue;
                }
                let condition = Condition::new(kind, id);
                if !watch.open.contains_key(&condition) {
                    raised.push((condition, facts.alert(kind, &account, now)));
                }
            }
            if raised.len() >= RAISED_MAX {
                break;
            }
        }
        raised
    }

    /// Operators that are down and have no alert.
    fn operators_raised(&self, watch: &Watch, now: UnixMicros) -> Vec<Raised> {
        let (operator_queues, limit) =
            (Arc::clone(&self.context.core.snapshot.load().operator_queues), self.down_micros());
        let seconds = self.context.settings.billing.operator_down_seconds.to_string();
        let down = operator_queues
            .iter()
            .filter(|operator_queue| watch.operators.is_down(operator_queue.number, limit));
        let raised = down.map(|operator_queue| {
            let code = &operator_queue.code;
            let message = format!("The operator {code} has taken no messages for {seconds} seconds");
            let record = AlertRecord {
                account: None,
                kind: AlertKind::OperatorDown,
                severity: AlertSeverity::Critical,
                message,
                subject: Some(code.to_string()),
                threshold: Some(seconds.clone()),
                current_value: Some(seconds.clone()),
                currency: None,
                raised_at: Time(now),
                cleared_at: None,
                is_read: false,
            };
            (Condition::new(AlertKind::OperatorDown, code), record)
        });
        raised.filter(|(condition, _)| !watch.open.contains_key(condition)).collect()
    }

    /// Conditions that have an alert and hold no longer.
    fn alerts_over(&self, watch: &Watch, now: UnixMicros) -> Vec<Condition> {
        let (snapshot, limit) = (self.context.core.snapshot.load(), self.down_micros());
        let percent = self.context.settings.billing.credit_warning_percent;
        let owed: HashSet<(&str, bool)> =
            watch.owed.iter().map(|invoice| (invoice.invoice_number.as_str(), is_late(invoice))).collect();
        let down: HashSet<&str> = snapshot
            .operator_queues
            .iter()
            .filter(|operator_queue| watch.operators.is_down(operator_queue.number, limit))
            .map(|operator_queue| &*operator_queue.code)
            .collect();
        let is_over = |condition: &&Condition| match condition.kind {
            AlertKind::PaymentDue => !owed.contains(&(&*condition.of, condition.is_late)),
            AlertKind::OperatorDown => !down.contains(&*condition.of),
            AlertKind::LowBalance | AlertKind::CreditNearlyUsed | AlertKind::Overage => {
                let Some(account) = snapshot.by_account(&condition.of) else { return true };
                let document = self.accounts.get(&condition.of);
                let expected = document.and_then(|document| document.value.overage_segments);
                let facts = WalletFacts::of(&account, expected, percent, now);
                facts.standing(condition.kind) == Standing::Over
            }
        };
        watch.open.keys().filter(is_over).cloned().collect()
    }

    fn raise_alerts(&self, watch: &mut Watch, raised: &[Raised], now: UnixMicros) -> Answer<()> {
        let system = Caller::system();
        let mut work = self.context.change(&system);
        let mut opened = Vec::with_capacity(raised.len());
        for (condition, record) in raised {
            let id = id_at("alr", now)?;
            work.put(&self.alerts, &id, None, record.clone());
            self.put_jobs(&mut work, &id, record, now)?;
            opened.push((condition.clone(), id));
        }
        work.commit()?;
        watch.open.extend(opened);
        self.webhook_worker.ring();
        Ok(())
    }

    fn clear_alerts(&self, watch: &mut Watch, over: &[Condition], now: UnixMicros) -> Answer<()> {
        let system = Caller::system();
        let mut work = self.context.change(&system);
        for condition in over {
            let document = watch.open.get(condition).and_then(|id| self.alerts.get(id));
            if let Some(document) = document {
                let after = AlertRecord { cleared_at: Some(Time(now)), ..document.value.clone() };
                work.put(&self.alerts, &document.key, Some(&document), after);
            }
        }
        work.commit()?;
        watch.open.retain(|condition, _| !over.contains(condition));
        Ok(())
    }

    /// Forgets alerts that were over long ago; and the earliest of those that are over, where there are too many.
    fn forget_alerts(&self, now: UnixMicros) -> Answer<()> {
        let mut over = self.alerts.filter(|document| document.value.cleared_at.is_some());
        let too_many = (self.alerts.len() + RAISED_MAX).saturating_sub(KEPT_MAX);
        let mut place = 0;
        over.retain(|document| {
            place += 1;
            place <= too_many
                || document.value.cleared_at.is_some_and(|at| at.0.0.saturating_add(KEPT_MICROS) < now.0)
        });
        let system = Caller::system();
        for some in over.chunks(AT_ONCE) {
            let mut work = self.context.change(&system);
            for document in some {
                work.remove(&self.alerts, document);
            }
            work.commit()?;
        }
        Ok(())
    }
}

/// Invoices that are owed and have no alert.
fn invoices_raised(watch: &Watch, now: UnixMicros) -> Vec<Raised> {
    let raised = watch.owed.iter().map(|invoice| {
        let (number, total, currency) = (&invoice.invoice_number, invoice.total_amount.0, invoice.currency);
        let is_late = is_late(invoice);
        let due_at = invoice.due_at.unwrap_or_default().0.to_rfc3339();
        let (severity, message) = if is_late {
            let message = format!("Invoice {number} over {total} {} was due at {due_at}", currency.0);
            (AlertSeverity::Critical, message)
        } else {
            let message = format!("Invoice {number} over {total} {} is due at {due_at}", currency.0);
            (AlertSeverity::Warning, message)
        };
        let record = AlertRecord {
            account: Some(invoice.account.clone()),
            kind: AlertKind::PaymentDue,
            severity,
            message,
            subject: Some(number.clone()),
            threshold: None,
            current_value: Some(total.to_string()),
            currency: Some(currency),
            raised_at: Time(now),
            cleared_at: None,
            is_read: false,
        };
        (Condition::of(&record), record)
    });
    raised.filter(|(condition, _)| !watch.open.contains_key(condition)).take(RAISED_MAX).collect()
}

fn is_late(invoice: &InvoiceSummary) -> bool {
    invoice.status == InvoiceStatus::Overdue
}
