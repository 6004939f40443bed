//! Disputes of payments. One that is lost takes its amount from the wallet, below zero if need be.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::accounts::AccountsService;
use tollgate_api::alerts::AlertKind;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::money::Money;
use tollgate_api::payments::DisputeState;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_billing::payment::dispute;
use tollgate_billing::payment::refund::Effect;
use tollgate_engine::money::Amount;
use tollgate_provisioning::SuspendOnDispute;
use tollgate_storage::change::{EntryChange, EntryText};
use tollgate_storage::clock::now;
use tollgate_storage::rows::EntryKind;

use super::alerts::{MoneyAlert, PaymentAlerts};
use super::apply::TRIES_MAX;
use super::collecting::{Cause, move_shares};
use super::documents::{self, ProviderId, write_dispute, write_payment};
use super::settlement::Settlements;
use crate::accounts::Accounts;
use crate::change_set::ChangeSet;
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::identity::random::id_at;
use tollgate_payments::provider::SeenDispute;
use tollgate_payments::recharge_record::RechargeRecord;
use tollgate_payments::record::{DisputeRecord, PaymentRecord, pure_dispute};

/// Writes disputes and moves their money.
pub struct PaymentDisputes {
    context: Arc<Context>,
    accounts: Arc<Accounts>,
    alerts: Arc<PaymentAlerts>,
    recharges: Arc<DocumentCache<RechargeRecord>>,
    settlements: Settlements,
}

impl std::fmt::Debug for PaymentDisputes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PaymentDisputes").finish_non_exhaustive()
    }
}

impl PaymentDisputes {
    /// Of the payments of these accounts.
    pub fn new(
        context: Arc<Context>,
        accounts: Arc<Accounts>,
        alerts: Arc<PaymentAlerts>,
        recharges: Arc<DocumentCache<RechargeRecord>>,
        settlements: Settlements,
    ) -> Self {
        Self { context, accounts, alerts, recharges, settlements }
    }

    /// Applies what the provider says of a dispute of a payment that has succeeded.
    pub fn apply(&self, caller: &Caller, payment: &str, seen: &SeenDispute) -> Answer<()> {
        for _ in 0..TRIES_MAX {
            match self.step(caller, payment, seen) {
                Err(problem) if problem.code == "conflict" => {}
                done => return done,
            }
        }
        Err(Problem::conflict(format!("payment {payment} is changed by others all the time; try again")))
    }

    fn step(&self, caller: &Caller, payment: &str, seen: &SeenDispute) -> Answer<()> {
        let store = self.context.store();
        let found = documents::payment(store, payment)?;
        let (revision, paid) =
            found.ok_or_else(|| Problem::not_found(format!("there is no payment `{payment}`")))?;
        let before = match documents::of_provider(store, paid.provider, &seen.provider_id)? {
            Some(ProviderId::Dispute { payment, id }) => documents::dispute(store, &payment, &id)?,
            _ => None,
        };
        let state = before.as_ref().map(|(_, before)| pure_dispute(before.state));
        let Some((_, effect)) = dispute::apply(state, pure_dispute(seen.state)) else { return Ok(()) };
        let after = after_word(before.as_ref().map(|(_, before)| before), &paid, seen, effect)?;
        // First of all, so that a crash in between leaves it to be done again.
        self.suspend(&after);
        let mut changes = self.context.change(caller);
        self.move_money(&mut changes, &paid, &after, effect)?;
        let payment = counted(&paid, &after, effect)?;
        let cause = Cause { kind: EntryKind::Dispute, id: &after.id, actor: "system" };
        move_shares(&self.context, &mut changes, (&paid, &payment), cause)?;
        write_payment(&mut changes, Some((revision, &paid)), &payment);
        let before = before.as_ref().map(|(revision, before)| (*revision, before));
        write_dispute(&mut changes, before, &after);
        let shown = |dispute: &DisputeRecord| json!({ "payment": dispute.payment, "amount": dispute.amount, "state": dispute.state });
        let was = before.map_or(Value::Null, |(_, before)| shown(before));
        changes.note("payment.dispute", format!("dispute/{}", after.id), &was, &shown(&after));
        self.tell(&mut changes, &after)?;
        changes.commit().map(drop)
    }

    /// Adds the entry of a dispute, whose reference is the dispute's id, and what follows from it for what was paid. What is lost
    /// is gone, whatever the balance is.
    fn move_money<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        paid: &PaymentRecord,
        dispute: &DisputeRecord,
        effect: Effect,
    ) -> Answer<()> {
        let missing = || Problem::internal(format!("dispute {} is of an account without books", dispute.id));
        let account = self.context.account(&dispute.account).ok_or_else(missing)?;
        let (wallet, amount) = (Arc::clone(&account.runtime.wallet), dispute.amount.0);
        let text = EntryText {
            actor: "system".to_owned(),
            reference: dispute.id.clone(),
            details: format!("dispute of {}: {}", dispute.payment, dispute.reason),
            metadata: json!({ "payment": dispute.payment, "dispute": dispute.id }).to_string(),
        };
        let (entry, moved) = match effect {
            Effect::None => return Ok(()),
            Effect::Take => {
                let entry = EntryChange::debit(wallet, EntryKind::Dispute, amount, Amount::MAX, text);
                (entry, amount.negated())
            }
            Effect::GiveBack => (EntryChange::credit(wallet, EntryKind::Dispute, amount, text), amount),
        };
        changes.entry(entry.map_err(Problem::refused)?);
        self.settlements.of_paid(paid).add_return(changes, &account, paid, moved)
    }

    /// Suspends the account, where the settings say so. One of the files is suspended there by a person.
    fn suspend(&self, dispute: &DisputeRecord) {
        let is_due = match self.context.settings.payments.suspend_on_dispute {
            SuspendOnDispute::Never => false,
            SuspendOnDispute::Opened => dispute.state != DisputeState::Won,
            SuspendOnDispute::Lost => dispute.state == DisputeState::Lost,
        };
        if !is_due {
            return;
        }
        if let Err(problem) =
            self.accounts.set_suspended(&Caller::system(), &dispute.account, IfMatch(None), true)
        {
            tracing::error!(
                account = dispute.account,
                problem = problem.detail,
                "an account with a dispute is to be suspended by hand"
            );
        }
    }

    /// Raises or clears the alert, and switches auto-recharge off: the card that is disputed is not charged again.
    fn tell<'a>(&'a self, changes: &mut ChangeSet<'a>, dispute: &DisputeRecord) -> Answer<()> {
        let (kind, account) = (AlertKind::PaymentDispute, dispute.account.as_str());
        let subject = Some(dispute.id.as_str());
        if dispute.state != DisputeState::Opened {
            self.alerts.clear(changes, kind, account, subject);
        }
        if dispute.state == DisputeState::Won {
            return Ok(());
        }
        if dispute.state == DisputeState::Opened {
            let message = format!(
                "Payment {} of {} {} is disputed: {}",
                dispute.payment, dispute.amount.0, dispute.currency.0, dispute.reason
            );
            let currency = dispute.currency;
            self.alerts.raise(changes, MoneyAlert { kind, account, subject, message, currency })?;
        }
        if let Some(document) = self.recharges.get(account).filter(|document| document.value.is_enabled) {
            let off = document.value.clone().switched_off();
            changes.put(&*self.recharges, account, Some(&document), off);
        }
        Ok(())
    }
}

/// The dispute after a word of the provider.
fn after_word(
    before: Option<&DisputeRecord>,
    paid: &PaymentRecord,
    seen: &SeenDispute,
    effect: Effect,
) -> Answer<DisputeRecord> {
    let at = now();
    let mut after = match before {
        Some(before) => before.clone(),
        None => DisputeRecord {
            id: id_at("dis", at)?,
            payment: paid.id.clone(),
            account: paid.account.clone(),
            provider: paid.provider,
            amount: Money(seen.amount),
            currency: paid.currency,
            state: seen.state,
            reason: seen.reason.clone(),
            provider_id: seen.provider_id.clone(),
            created_at: Time(at),
            updated_at: Time(at),
            is_taken: false,
        },
    };
    after.state = seen.state;
    after.updated_at = Time(at);
    match effect {
        Effect::Take => after.is_taken = true,
        Effect::GiveBack => after.is_taken = false,
        Effect::None => {}
    }
    Ok(after)
}

/// The payment with its sum of lost disputes after a change of one of them.
fn counted(payment: &PaymentRecord, dispute: &DisputeRecord, effect: Effect) -> Answer<PaymentRecord> {
    let (was, amount) = (payment.disputed.0, dispute.amount.0);
    let disputed = match effect {
        Effect::None => Some(was),
        Effect::Take => was.checked_add(amount),
        Effect::GiveBack => was.checked_sub(amount),
    };
    let disputed = disputed
        .ok_or_else(|| Problem::unprocessable("the disputes of the payment are more than can be held"))?;
    Ok(PaymentRecord { disputed: Money(disputed), ..payment.clone() })
}
