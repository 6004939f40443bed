//! Auto-recharge: looks for accounts whose balance fell below their threshold, and charges their saved method.
//!
//! The charge and the note that it is under way are one change, so that there are never two at once, whatever happens between a
//! look and the next.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use tollgate_api::alerts::AlertKind;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::payments::{NewPayment, PaymentPurpose, PaymentState};
use tollgate_api::problem::Problem;
use tollgate_api::recharges::RechargeStop;
use tollgate_api::time::Time;
use tollgate_billing::payment::recharge::{RechargeDecision, RechargeFacts, decide};
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::clock::now;
use tollgate_storage::rows::EntryKind;
use tollgate_storage::store::Store;

use super::alerts::{MoneyAlert, PaymentAlerts};
use super::beginning::Beginnings;
use super::documents;
use super::looker::PaymentLooker;
use super::methods;
use crate::change_set::ChangeSet;
use crate::collections::PAYMENTS;
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::problems::unavailable;
use tollgate_payments::recharge_record::RechargeRecord;
use tollgate_payments::record::{PaymentRecord, list_prefix, pure_state};
use tollgate_payments::told;

/// The latest payments of an account that are looked at for money on its way.
const PENDING_LOOKED_AT: usize = 100;
/// The actor of charges.
const ACTOR: &str = "auto-recharge";
/// The subjects of the alerts of an account.
const SUBJECTS: [&str; 3] = [DECLINED, SWITCHED_OFF, LIMIT];
const DECLINED: &str = "declined";
const SWITCHED_OFF: &str = "switched_off";
const LIMIT: &str = "monthly_limit";

/// Charges accounts that have set it.
pub struct RechargeWatch {
    context: Arc<Context>,
    records: Arc<DocumentCache<RechargeRecord>>,
    beginnings: Arc<Beginnings>,
    looker: Arc<PaymentLooker>,
    alerts: Arc<PaymentAlerts>,
}

impl std::fmt::Debug for RechargeWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RechargeWatch").finish_non_exhaustive()
    }
}

impl RechargeWatch {
    /// Of the accounts that have these records.
    pub fn new(
        context: Arc<Context>,
        records: Arc<DocumentCache<RechargeRecord>>,
        beginnings: Arc<Beginnings>,
        looker: Arc<PaymentLooker>,
        alerts: Arc<PaymentAlerts>,
    ) -> Self {
        Self { context, records, beginnings, looker, alerts }
    }

    /// One look at all accounts; gives the charges that are written down and to be sent.
    pub fn look(&self) -> Vec<PaymentRecord> {
        let (at, mut begun) = (now(), Vec::new());
        let snapshot = self.context.core.snapshot.load();
        for document in
            self.records.filter(|document| document.value.is_enabled || document.value.current.is_some())
        {
            let Some(account) = snapshot.by_account(&document.key) else { continue };
            match self.look_at(&account, &document, at) {
                Ok(payment) => begun.extend(payment),
                // The next look finds what another has changed.
                Err(problem) if problem.code == "conflict" => {}
                Err(problem) => {
                    tracing::warn!(
                        account = document.key,
                        problem = problem.detail,
                        "auto-recharge is tried again"
                    );
                }
            }
        }
        begun
    }

    /// Sends a charge that is written down.
    pub fn send(&self, payment: &PaymentRecord) {
        if let Err(problem) = self.looker.send(&charger(), payment) {
            tracing::warn!(
                payment = payment.id,
                problem = problem.detail,
                "a charge is sent again by schedule"
            );
        }
    }

    fn look_at(
        &self,
        account: &Arc<ActiveAccount>,
        document: &Document<RechargeRecord>,
        at: UnixMicros,
    ) -> Answer<Option<PaymentRecord>> {
        let record = &document.value;
        if let Some(id) = &record.current {
            let found = documents::payment(self.context.store(), id)?;
            let state = found.map_or(PaymentState::Cancelled, |(_, payment)| payment.state);
            if !matches!(state, PaymentState::Succeeded | PaymentState::Failed | PaymentState::Cancelled) {
                return Ok(None);
            }
            return self.end_charge(account, document, state == PaymentState::Succeeded, at).map(|()| None);
        }
        if account.provisioned.account.suspended {
            return Ok(None);
        }
        let balance = account.runtime.wallet.state().balance;
        if balance >= Total::from(record.threshold.0) {
            return Ok(None);
        }
        let month = account.terms.plan.months.month_at(at).to_string();
        let facts = RechargeFacts {
            balance,
            pending: self.pending(&document.key)?,
            is_charging: false,
            is_used: record.is_asked || is_used(self.context.store(), account, record.used_from.0..at)?,
            charged_this_month: record.charged_in(&month).0,
            declines: record.declines,
            declined_at: record.declined_at.0,
            now: at,
        };
        match decide(&record.terms(), &facts) {
            RechargeDecision::Nothing => Ok(None),
            RechargeDecision::Rest { until } => self.rest(document, until).map(|()| None),
            RechargeDecision::LimitReached => {
                self.stop(account, document, RechargeStop::LimitReached).map(|()| None)
            }
            RechargeDecision::SwitchOff => {
                self.stop(account, document, RechargeStop::SwitchedOff).map(|()| None)
            }
            RechargeDecision::Charge(amount) => self.charge(account, document, amount, &month).map(Some),
        }
    }

    /// Payments of an account that may bring money without anybody doing anything.
    fn pending(&self, account: &str) -> Answer<Amount> {
        let (store, mut ids) = (self.context.store(), Vec::new());
        let read =
            store.documents().list_before(PAYMENTS, list_prefix(account).as_bytes(), None, |_, row| {
                ids.extend(serde_json::from_slice::<String>(&row.body).ok());
                ids.len() < PENDING_LOOKED_AT
            });
        read.map_err(|error| unavailable(&error))?;
        let mut pending = Amount::ZERO;
        for id in ids {
            let found = documents::payment(store, &id)?.map(|(_, payment)| payment);
            let is_pending = |payment: &PaymentRecord| {
                payment.purpose == PaymentPurpose::TopUp && pure_state(payment.state).is_pending()
            };
            if let Some(payment) = found.filter(is_pending) {
                pending = pending.checked_add(payment.amount.0).unwrap_or(Amount::MAX);
            }
        }
        Ok(pending)
    }

    fn charge(
        &self,
        account: &Arc<ActiveAccount>,
        document: &Document<RechargeRecord>,
        amount: Amount,
        month: &str,
    ) -> Answer<PaymentRecord> {
        let (record, charger) = (&document.value, charger());
        let found = methods::get(self.context.store(), &document.key, &record.payment_method)?;
        let missing = || Problem::wrong_state("the saved method is gone");
        let (_, method) = found.ok_or_else(missing)?;
        let new = NewPayment {
            account: Some(document.key.clone()),
            provider: method.provider,
            amount: Some(Money(amount)),
            purpose: PaymentPurpose::TopUp,
            payment_method: Some(method.id),
            save_method: false,
        };
        let payment = PaymentRecord { is_recharge: true, ..self.beginnings.record(&charger, account, &new)? };
        let charged = record.charged_in(month).0.checked_add(amount).unwrap_or(Amount::MAX);
        let after = RechargeRecord {
            current: Some(payment.id.clone()),
            last_payment: Some(payment.id.clone()),
            month: month.to_owned(),
            charged: Money(charged),
            stopped_by: None,
            next_try_at: None,
            ..record.clone()
        };
        let mut changes = self.context.change(&charger);
        changes.put(&*self.records, &document.key, Some(document), after);
        Beginnings::add(&mut changes, &payment);
        changes.commit()?;
        Ok(payment)
    }

    /// Notes what came of a charge.
    fn end_charge(
        &self,
        account: &Arc<ActiveAccount>,
        document: &Document<RechargeRecord>,
        is_paid: bool,
        at: UnixMicros,
    ) -> Answer<()> {
        let record = &document.value;
        let mut after = RechargeRecord { current: None, ..record.clone() };
        if is_paid {
            (after.declines, after.stopped_by, after.next_try_at) = (0, None, None);
            (after.is_asked, after.used_from) = (false, Time(at));
            return self.put(document, after, |changes| {
                for subject in SUBJECTS {
                    self.alerts.clear(changes, AlertKind::AutoRecharge, &document.key, Some(subject));
                }
                Ok(())
            });
        }
        let id = record.current.as_deref().unwrap_or_default();
        let payment = documents::payment(self.context.store(), id)?.map(|(_, payment)| payment);
        let amount = payment.as_ref().map_or(Amount::ZERO, |payment| payment.amount.0);
        after.charged = Money(record.charged.0.checked_sub(amount).unwrap_or(Amount::ZERO).max(Amount::ZERO));
        after.declines = record.declines.saturating_add(1);
        after.declined_at = Time(at);
        after.stopped_by = Some(RechargeStop::Declined);
        let reason = payment.and_then(|payment| payment.failure).map(|failure| failure.message);
        let message = format!(
            "Auto-recharge was declined: {}",
            reason.unwrap_or_else(|| "the payment was cancelled".to_owned())
        );
        self.put(document, after, |changes| self.raise(changes, account, DECLINED, message))
    }

    fn rest(&self, document: &Document<RechargeRecord>, until: UnixMicros) -> Answer<()> {
        if document.value.next_try_at == Some(Time(until)) {
            return Ok(());
        }
        let after = RechargeRecord {
            stopped_by: Some(RechargeStop::Declined),
            next_try_at: Some(Time(until)),
            ..document.value.clone()
        };
        self.put(document, after, |_| Ok(()))
    }

    /// Notes that there is no charge for now, and tells somebody.
    fn stop(
        &self,
        account: &Arc<ActiveAccount>,
        document: &Document<RechargeRecord>,
        by: RechargeStop,
    ) -> Answer<()> {
        if document.value.stopped_by == Some(by) {
            return Ok(());
        }
        let after = match by {
            RechargeStop::SwitchedOff => document.value.clone().switched_off(),
            by => RechargeRecord { stopped_by: Some(by), next_try_at: None, ..document.value.clone() },
        };
        let (subject, message) = match by {
            RechargeStop::LimitReached => {
                (LIMIT, "Auto-recharge has reached the limit of this month".to_owned())
            }
            RechargeStop::SwitchedOff | RechargeStop::Declined => {
                (SWITCHED_OFF, "Auto-recharge was declined too often and has switched itself off".to_owned())
            }
        };
        self.put(document, after, |changes| self.raise(changes, account, subject, message))
    }

    fn raise<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        account: &ActiveAccount,
        subject: &str,
        message: String,
    ) -> Answer<()> {
        let charged = &account.provisioned.account;
        let (kind, currency) = (AlertKind::AutoRecharge, CurrencyCode(charged.currency));
        self.alerts.raise(
            changes,
            MoneyAlert { kind, account: &charged.id, subject: Some(subject), message, currency },
        )
    }

    fn put<'a>(
        &'a self,
        document: &Document<RechargeRecord>,
        after: RechargeRecord,
        add: impl FnOnce(&mut ChangeSet<'a>) -> Answer<()>,
    ) -> Answer<()> {
        // Kept for as long as the change lives.
        let mut changes = self.context.change(&SYSTEM);
        let account = self.context.account(&document.key);
        let currency = account.map(|account| CurrencyCode(account.provisioned.account.currency));
        let told = currency.and_then(|currency| told::of_recharge(&document.value, &after, currency));
        changes.put(&*self.records, &document.key, Some(document), after);
        if let Some((kind, data)) = told {
            changes.emit(kind, Some(&document.key), &data);
        }
        add(&mut changes)?;
        changes.commit().map(drop)
    }
}

/// True if anything was used in a span of time: a message was charged, or money was taken for something. What goes back to who
/// paid it is no use.
fn is_used(store: &Store, account: &ActiveAccount, span: Range<UnixMicros>) -> Answer<bool> {
    let number = account.runtime.wallet.number();
    let ids = store.commits().ids_of(&span).map_err(|error| unavailable(&error))?;
    let mut is_used = false;
    let mut found = |is_one: bool| {
        is_used |= is_one;
        if is_one { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let history = store.history();
    let read = history.charges_up(number, &ids, |_, _| found(true)).and_then(|()| {
        history.charges_below(number, &ids, |_, paid| found(paid.is_some()))?;
        history.entries_up(number, &ids, |_, entry| {
            let goes_back = matches!(entry.kind, EntryKind::PaymentRefund | EntryKind::Dispute);
            found(entry.amount.is_negative() && !goes_back)
        })
    });
    read.map_err(|error| unavailable(&error))?;
    Ok(is_used)
}

/// The daemon itself, for what is nobody's change.
static SYSTEM: std::sync::LazyLock<Caller> = std::sync::LazyLock::new(Caller::system);

/// Whoever makes charges.
fn charger() -> Caller {
    Caller { actor: ACTOR.to_owned(), ..Caller::system() }
}

/// Clears every alert about auto-recharge of an account, as it is set anew.
pub fn clear_alerts<'a>(alerts: &'a PaymentAlerts, changes: &mut ChangeSet<'a>, account: &str) {
    for subject in SUBJECTS {
        alerts.clear(changes, AlertKind::AutoRecharge, account, Some(subject));
    }
}
