//! The watch over all conditions that raise alerts: one look a second, at what is in memory, and at the ledgers of wallets that
//! money came to in between.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tollgate_api::alerts::{AlertKind, AlertSeverity};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::invoices::{InvoiceStatus, InvoiceSummary};
use tollgate_api::time::Time;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::clock::{self, steady};

use super::announce::announce;
use super::balance_alerts::{BALANCE_KINDS, BalanceAlerts};
use super::below_cost;
use super::empty::EmptyWallets;
use super::notices;
use super::operators::OperatorWatch;
use super::record::{AlertRecord, Condition};
use super::wallets::{ConditionState, WALLET_KINDS, WalletFacts};
use crate::accounts::record::AccountRecord;
use crate::billing::invoices::owed::owed_before;
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::identity::random::id_at;
use crate::jobs::JobQueue;
use crate::pumping::watch::PumpingWatch;

/// Alerts of one change.
const AT_ONCE: usize = 200;
/// Most alerts that one look raises; the next raises the rest.
const RAISED_MAX: usize = 1_000;
/// Most alerts that are kept. Beyond them none is raised until others are forgotten.
const KEPT_MAX: usize = 200_000;
/// Time that an alert is kept after it was cleared.
const KEPT_MICROS: u64 = 90 * 86_400_000_000;
/// Time before its due date at which an invoice raises an alert.
const DUE_SOON_MICROS: u64 = 3 * 86_400_000_000;
/// Pause between two readings of the invoices that are owed.
const OWED_INTERVAL_MICROS: u64 = 10_000_000;
const MICROS_PER_SECOND: u64 = 1_000_000;
/// The subject of alerts about the clock.
const CLOCK: &str = "clock";

/// Raises and clears alerts.
#[derive(Debug)]
pub struct AlertWatch {
    context: Arc<Context>,
    accounts: Arc<DocumentCache<AccountRecord>>,
    alerts: Arc<DocumentCache<AlertRecord>>,
    jobs: Arc<JobQueue>,
    /// The alert of each condition that holds.
    open: HashMap<Condition, String>,
    operators: OperatorWatch,
    empty: EmptyWallets,
    balances: BalanceAlerts,
    pumping: PumpingWatch,
    owed: Vec<InvoiceSummary>,
    owed_at: UnixMicros,
}

/// A condition that has begun to hold.
type Raised = (Condition, AlertRecord);

impl AlertWatch {
    /// With the alerts that are open in the books.
    pub fn begin(
        context: Arc<Context>,
        accounts: Arc<DocumentCache<AccountRecord>>,
        alerts: Arc<DocumentCache<AlertRecord>>,
        jobs: Arc<JobQueue>,
        pumping: PumpingWatch,
    ) -> Self {
        // Those of traffic pumping go with their findings, and those of payments with these.
        let open = alerts.filter(|document| {
            document.value.cleared_at.is_none() && !is_kept_elsewhere(document.value.kind)
        });
        let open =
            open.iter().map(|document| (Condition::of(&document.value), document.key.clone())).collect();
        let (operators, owed, owed_at) = (OperatorWatch::default(), Vec::new(), UnixMicros::default());
        let empty = EmptyWallets::default();
        let balances = BalanceAlerts::new(Arc::clone(&context), Arc::clone(&alerts), Arc::clone(&jobs));
        Self { context, accounts, alerts, jobs, open, operators, empty, balances, pumping, owed, owed_at }
    }

    /// One look: raises alerts of conditions that have begun, and clears those that are over.
    pub fn look(&mut self, now: UnixMicros) -> Answer<()> {
        if now.0.abs_diff(self.owed_at.0) >= OWED_INTERVAL_MICROS {
            let soon = UnixMicros(now.0.saturating_add(DUE_SOON_MICROS));
            self.owed = owed_before(&self.context, soon)?;
            self.owed_at = now;
            self.forget_alerts(now)?;
            self.pumping.forget(now)?;
        }
        self.pumping.look(now)?;
        self.empty.look(&self.context)?;
        let operator_queues = Arc::clone(&self.context.core.snapshot.load().operator_queues);
        self.operators.look(&operator_queues, steady(), self.down_micros());
        let told = self.balances.look(&mut self.open, now)?;
        let over = self.over(&told, now);
        let mut raised = self.wallets_raised(&told, now);
        raised.extend(self.notices_raised(now));
        raised.extend(self.below_cost_raised(now));
        raised.extend(self.invoices_raised(now));
        raised.extend(self.operators_raised(now));
        raised.extend(self.clock_raised(now));
        raised.truncate(RAISED_MAX.min(KEPT_MAX.saturating_sub(self.alerts.len())));
        for some in over.chunks(AT_ONCE) {
            self.clear(some, now)?;
        }
        for some in raised.chunks(AT_ONCE) {
            self.raise(some, now)?;
        }
        let of_pumping = std::iter::repeat_n(AlertKind::TrafficPumping, self.pumping.alerts_open());
        let open = self.open.keys().map(|condition| condition.kind);
        let of_payments = self.alerts.filter(|document| {
            let alert = &document.value;
            alert.cleared_at.is_none()
                && alert.kind != AlertKind::TrafficPumping
                && is_kept_elsewhere(alert.kind)
        });
        let of_payments = of_payments.iter().map(|document| document.value.kind);
        self.context.metrics.set_alerts_open(open.chain(of_pumping).chain(of_payments));
        Ok(())
    }

    fn down_micros(&self) -> u64 {
        u64::from(self.context.settings.billing.operator_down_seconds) * MICROS_PER_SECOND
    }

    /// Conditions of wallets that hold and have no alert.
    fn wallets_raised(&self, told: &HashSet<AccountNumber>, now: UnixMicros) -> Vec<Raised> {
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
            let is_told = told.contains(&account.runtime.wallet.number());
            for kind in WALLET_KINDS {
                let is_told = is_told && BALANCE_KINDS.contains(&kind);
                if is_told || facts.state(kind) != ConditionState::Holds {
                    continue;
                }
                let condition = Condition::new(kind, id);
                if !self.open.contains_key(&condition) {
                    raised.push((condition, facts.alert(kind, &account, now)));
                }
            }
            if raised.len() >= RAISED_MAX {
                break;
            }
        }
        raised
    }

    /// Exceeded caps, and messages of children that were refused, without an alert.
    fn notices_raised(&self, now: UnixMicros) -> Vec<Raised> {
        let mut raised = Vec::new();
        for account in self.context.core.snapshot.load().accounts() {
            let of_account = notices::caps(&account, now).into_iter().chain(notices::children(&account, now));
            raised.extend(of_account.filter(|(condition, _)| !self.open.contains_key(condition)));
            if raised.len() >= RAISED_MAX {
                break;
            }
        }
        raised
    }

    /// Accounts that sell below cost and have no alert.
    fn below_cost_raised(&self, now: UnixMicros) -> Vec<Raised> {
        let raised = below_cost::sellers(&self.context.core.snapshot.load(), now).into_iter();
        raised.filter(|(condition, _)| !self.open.contains_key(condition)).take(RAISED_MAX).collect()
    }

    /// Invoices that are owed and have no alert.
    fn invoices_raised(&self, now: UnixMicros) -> Vec<Raised> {
        let raised = self.owed.iter().map(|invoice| {
            let due = invoice.amount_open.unwrap_or(invoice.total_amount).0;
            let (number, currency) = (invoice_name(invoice), invoice.currency);
            let is_late = is_late(invoice);
            let due_at = invoice.due_at.unwrap_or_default().0.to_rfc3339();
            let (severity, message) = if is_late {
                let message = format!("Invoice {number} over {due} {} was due at {due_at}", currency.0);
                (AlertSeverity::Critical, message)
            } else {
                let message = format!("Invoice {number} over {due} {} is due at {due_at}", currency.0);
                (AlertSeverity::Warning, message)
            };
            let record = AlertRecord {
                account: Some(invoice.account.clone()),
                kind: AlertKind::PaymentDue,
                severity,
                message,
                subject: Some(number.to_owned()),
                threshold: None,
                current_value: Some(due.to_string()),
                currency: Some(currency),
                raised_at: Time(now),
                cleared_at: None,
                is_read: false,
                ledger_to: None,
            };
            (Condition::of(&record), record)
        });
        raised.filter(|(condition, _)| !self.open.contains_key(condition)).take(RAISED_MAX).collect()
    }

    /// Operators that are down and have no alert.
    fn operators_raised(&self, now: UnixMicros) -> Vec<Raised> {
        let (operator_queues, limit) =
            (Arc::clone(&self.context.core.snapshot.load().operator_queues), self.down_micros());
        let seconds = self.context.settings.billing.operator_down_seconds.to_string();
        let down = operator_queues
            .iter()
            .filter(|operator_queue| self.operators.is_down(operator_queue.number, limit));
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
                ledger_to: None,
            };
            (Condition::new(AlertKind::OperatorDown, code), record)
        });
        raised.filter(|(condition, _)| !self.open.contains_key(condition)).collect()
    }

    /// The clock that is not believed and has no alert.
    fn clock_raised(&self, now: UnixMicros) -> Option<Raised> {
        let doubt = clock::status().doubt?;
        let record = AlertRecord {
            account: None,
            kind: AlertKind::ClockInDoubt,
            severity: AlertSeverity::Critical,
            message: format!("The clock is not believed, so that nothing expires: {doubt}"),
            subject: Some(CLOCK.to_owned()),
            threshold: None,
            current_value: None,
            currency: None,
            raised_at: Time(now),
            cleared_at: None,
            is_read: false,
            ledger_to: None,
        };
        let condition = Condition::of(&record);
        (!self.open.contains_key(&condition)).then_some((condition, record))
    }

    /// Conditions that have an alert and hold no longer.
    fn over(&self, told: &HashSet<AccountNumber>, now: UnixMicros) -> Vec<Condition> {
        let (snapshot, limit) = (self.context.core.snapshot.load(), self.down_micros());
        let percent = self.context.settings.billing.credit_warning_percent;
        let owed: HashSet<(&str, bool)> =
            self.owed.iter().map(|invoice| (invoice_name(invoice), is_late(invoice))).collect();
        let down: HashSet<&str> = snapshot
            .operator_queues
            .iter()
            .filter(|operator_queue| self.operators.is_down(operator_queue.number, limit))
            .map(|operator_queue| &*operator_queue.code)
            .collect();
        let is_over = |condition: &&Condition| match condition.kind {
            AlertKind::PaymentDue => !owed.contains(&(&*condition.of, condition.is_late)),
            AlertKind::OperatorDown => !down.contains(&*condition.of),
            AlertKind::ClockInDoubt => clock::status().doubt.is_none(),
            AlertKind::SpendingCap => notices::is_cap_over(&snapshot, &condition.of, now),
            // A start knows of no refusals, and makes nothing better.
            AlertKind::ChildrenRefused => snapshot.by_account(&condition.of).is_none_or(|account| {
                !notices::is_short(&account, now) && self.has_moved(condition, &account)
            }),
            AlertKind::BelowCost => !below_cost::sells_below_cost(&snapshot, &condition.of),
            AlertKind::TrafficPumping
            | AlertKind::WebhookEndpoint
            | AlertKind::AutoRecharge
            | AlertKind::PaymentDispute
            | AlertKind::PaymentContradiction => false,
            AlertKind::LowBalance | AlertKind::CreditNearlyUsed | AlertKind::Overage => {
                let Some(account) = snapshot.by_account(&condition.of) else { return true };
                let document = self.accounts.get(&condition.of);
                let expected = document.and_then(|document| document.value.overage_segments);
                let is_told = told.contains(&account.runtime.wallet.number());
                let is_told = is_told && BALANCE_KINDS.contains(&condition.kind);
                let facts = WalletFacts::of(&account, expected, percent, now);
                !is_told && facts.state(condition.kind) == ConditionState::Over
            }
        };
        self.open.keys().filter(is_over).cloned().collect()
    }

    /// True if the account is not as it was at the alert any more: something was paid in, or is paid again, or it was resumed.
    fn has_moved(&self, condition: &Condition, account: &ActiveAccount) -> bool {
        let alert = self.open.get(condition).and_then(|id| self.alerts.get(id));
        let standing = notices::standing(account);
        alert.is_none_or(|alert| alert.value.current_value.as_deref() != Some(&*standing))
    }

    fn raise(&mut self, raised: &[Raised], now: UnixMicros) -> Answer<()> {
        let (context, alerts, jobs) =
            (Arc::clone(&self.context), Arc::clone(&self.alerts), Arc::clone(&self.jobs));
        let system = Caller::system();
        let mut work = context.change(&system);
        let mut opened = Vec::with_capacity(raised.len());
        for (condition, record) in raised {
            let id = id_at("alr", now)?;
            let record = AlertRecord { ledger_to: self.balances.ledger_to(record), ..record.clone() };
            work.put(&*alerts, &id, None, record.clone());
            announce(&jobs, &context, &mut work, &id, &record, now)?;
            opened.push((condition.clone(), id));
        }
        work.commit()?;
        self.open.extend(opened);
        Ok(())
    }

    fn clear(&mut self, over: &[Condition], now: UnixMicros) -> Answer<()> {
        let (context, alerts) = (Arc::clone(&self.context), Arc::clone(&self.alerts));
        let system = Caller::system();
        let mut work = context.change(&system);
        for condition in over {
            let document = self.open.get(condition).and_then(|id| alerts.get(id));
            if let Some(document) = document {
                let ledger_to = self.balances.ledger_to(&document.value);
                let after = AlertRecord { cleared_at: Some(Time(now)), ledger_to, ..document.value.clone() };
                work.put(&*alerts, &document.key, Some(&document), after);
            }
        }
        work.commit()?;
        self.open.retain(|condition, _| !over.contains(condition));
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
                work.remove(&*self.alerts, document);
            }
            work.commit()?;
        }
        Ok(())
    }
}

/// The number; every invoice that was sent has one.
fn invoice_name(invoice: &InvoiceSummary) -> &str {
    invoice.invoice_number.as_deref().unwrap_or(&invoice.id)
}

/// True for the alerts that are raised and cleared by what they are about.
fn is_kept_elsewhere(kind: AlertKind) -> bool {
    matches!(
        kind,
        AlertKind::TrafficPumping
            | AlertKind::WebhookEndpoint
            | AlertKind::AutoRecharge
            | AlertKind::PaymentDispute
            | AlertKind::PaymentContradiction
    )
}

fn is_late(invoice: &InvoiceSummary) -> bool {
    invoice.status == InvoiceStatus::Overdue
}
