//! Refunds of payments: asked for here, or made on the provider's own pages.
//!
//! A refund is a document of its own, found by the provider's id of it. The sums that providers count on payments are never
//! looked at: they are running totals, and tell nothing of what was new.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::money::Money;
use tollgate_api::payments::{PaymentPurpose, PaymentRefundState};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_billing::payment::refund::{self, Effect, RefundState};
use tollgate_engine::money::Amount;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::{EntryChange, EntryText};
use tollgate_storage::clock::now;
use tollgate_storage::rows::EntryKind;

use super::apply::TRIES_MAX;
use super::collecting::{Cause, move_shares};
use super::documents::{self, ProviderId, write_payment, write_refund};
use super::settlement::Settlements;
use crate::change_set::ChangeSet;
use crate::context::Context;
use crate::identity::random::id_at;
use tollgate_payments::provider::SeenRefund;
use tollgate_payments::record::{PaymentRecord, RefundRecord, pure_refund};

/// Writes refunds and moves their money.
#[derive(Debug)]
pub struct PaymentRefunds {
    context: Arc<Context>,
    settlements: Settlements,
}

/// A refund that somebody asks for.
#[derive(Clone, Debug)]
pub struct AskedRefund {
    pub amount: Option<Amount>,
    pub reason: String,
}

impl PaymentRefunds {
    /// In the books of `context`; what was paid is opened again.
    pub fn new(context: Arc<Context>, settlements: Settlements) -> Self {
        Self { context, settlements }
    }

    /// Writes a refund down and takes its money from the wallet, before the provider is asked. `add` adds what else belongs to
    /// the change. With a bank transfer it is done with that: a person gives the money back.
    pub fn begin(
        &self,
        caller: &Caller,
        payment: &str,
        asked: &AskedRefund,
        is_done: bool,
        add: impl Fn(&mut ChangeSet<'_>, &str),
    ) -> Answer<RefundRecord> {
        for _ in 0..TRIES_MAX {
            match self.begin_once(caller, payment, asked, is_done, &add) {
                Err(problem) if problem.code == "conflict" => {}
                done => return done,
            }
        }
        Err(Problem::conflict(format!("payment {payment} is changed by others all the time; try again")))
    }

    fn begin_once(
        &self,
        caller: &Caller,
        payment: &str,
        asked: &AskedRefund,
        is_done: bool,
        add: &impl Fn(&mut ChangeSet<'_>, &str),
    ) -> Answer<RefundRecord> {
        let (revision, before) = self.payment(payment)?;
        let amount = asked.amount.unwrap_or_else(|| before.left());
        if amount <= Amount::ZERO || amount > before.left() {
            let message =
                format!("must be more than zero and at most {}, which is left of the payment", before.left());
            return Err(Problem::field("amount", message));
        }
        let account = self.account(&before)?;
        let (at, state) =
            (now(), if is_done { PaymentRefundState::Succeeded } else { PaymentRefundState::Pending });
        let record = RefundRecord {
            id: id_at("ref", at)?,
            payment: before.id.clone(),
            account: before.account.clone(),
            provider: before.provider,
            amount: Money(amount),
            currency: before.currency,
            state,
            reason: asked.reason.clone(),
            provider_id: None,
            created_by: caller.actor.clone(),
            created_at: Time(at),
            updated_at: Time(at),
            is_taken: true,
        };
        // What was topped up is paid out of what is there; credit is for messages.
        let limit = if before.purpose == PaymentPurpose::TopUp || before.is_unsettled {
            Amount::ZERO
        } else {
            account.terms.account.credit_limit
        };
        let entry = take(&account, &record, limit)?;
        let mut changes = self.context.change(caller);
        let mut after = counted(&before, None, &record)?;
        after.looks = 0;
        after.schedule(at, 0);
        write_payment(&mut changes, Some((revision, &before)), &after);
        write_refund(&mut changes, None, &record);
        changes.entry(entry);
        self.settlements.of_paid(&before).add_return(&mut changes, &account, &before, amount.negated())?;
        let cause = Cause { kind: EntryKind::PaymentRefund, id: &record.id, actor: &record.created_by };
        move_shares(&self.context, &mut changes, (&before, &after), cause)?;
        note(&mut changes, None, &record);
        add(&mut changes, &record.id);
        changes.commit()?;
        Ok(record)
    }

    /// Applies what the provider says of a refund of a payment that has succeeded.
    pub fn apply(&self, caller: &Caller, payment: &str, seen: &SeenRefund) -> Answer<()> {
        for _ in 0..TRIES_MAX {
            match self.step(caller, payment, seen) {
                Err(problem) if problem.code == "conflict" => {}
                done => return done,
            }
        }
        Err(Problem::conflict(format!("payment {payment} is changed by others all the time; try again")))
    }

    /// Notes that the provider refused a refund, which gives the money back to the wallet.
    pub fn fail(&self, caller: &Caller, refund: &RefundRecord) -> Answer<()> {
        for _ in 0..TRIES_MAX {
            let Some((revision, before)) =
                documents::refund(self.context.store(), &refund.payment, &refund.id)?
            else {
                return Ok(());
            };
            let Some((_, effect)) = refund::apply(Some(pure_refund(before.state)), RefundState::Failed)
            else {
                return Ok(());
            };
            let after =
                RefundRecord { state: PaymentRefundState::Failed, updated_at: Time(now()), ..before.clone() };
            match self.write(caller, Some((revision, &before)), after, effect) {
                Err(problem) if problem.code == "conflict" => {}
                done => return done,
            }
        }
        Err(Problem::conflict("the refund is changed by others all the time; try again"))
    }

    fn step(&self, caller: &Caller, payment: &str, seen: &SeenRefund) -> Answer<()> {
        let (_, paid) = self.payment(payment)?;
        let before = self.known(&paid, seen)?;
        let state = before.as_ref().map(|(_, before)| pure_refund(before.state));
        let applied = refund::apply(state, pure_refund(seen.state));
        let has_id = before.as_ref().is_some_and(|(_, before)| before.provider_id.is_some());
        let effect = match applied {
            None if has_id => return Ok(()),
            None => Effect::None,
            Some((_, effect)) => effect,
        };
        let at = now();
        let after = match &before {
            Some((_, before)) => RefundRecord {
                provider_id: Some(seen.provider_id.clone()),
                state: applied.map_or(before.state, |_| seen.state),
                updated_at: Time(at),
                ..before.clone()
            },
            None => RefundRecord {
                id: id_at("ref", at)?,
                payment: paid.id.clone(),
                account: paid.account.clone(),
                provider: paid.provider,
                amount: Money(seen.amount),
                currency: paid.currency,
                state: seen.state,
                reason: seen.reason.clone(),
                provider_id: Some(seen.provider_id.clone()),
                created_by: caller.actor.clone(),
                created_at: Time(at),
                updated_at: Time(at),
                is_taken: false,
            },
        };
        self.write(caller, before.as_ref().map(|(revision, before)| (*revision, before)), after, effect)
    }

    /// The refund that a provider's record is of.
    fn known(&self, payment: &PaymentRecord, seen: &SeenRefund) -> Answer<Option<(u64, RefundRecord)>> {
        let store = self.context.store();
        let stands_for = documents::of_provider(store, payment.provider, &seen.provider_id)?;
        if let Some(ProviderId::Refund { payment, id }) = stands_for {
            return documents::refund(store, &payment, &id);
        }
        let Some(own) = &seen.own_id else { return Ok(None) };
        documents::refund(store, &payment.id, own)
    }

    fn write(
        &self,
        caller: &Caller,
        before: Option<(u64, &RefundRecord)>,
        mut after: RefundRecord,
        effect: Effect,
    ) -> Answer<()> {
        let (revision, paid) = self.payment(&after.payment)?;
        let account = self.account(&paid)?;
        let mut changes = self.context.change(caller);
        let (settlement, amount) = (self.settlements.of_paid(&paid), after.amount.0);
        match effect {
            Effect::None => {}
            // It is gone, whatever the balance is.
            Effect::Take => {
                changes.entry(take(&account, &after, Amount::MAX)?);
                settlement.add_return(&mut changes, &account, &paid, amount.negated())?;
                after.is_taken = true;
            }
            Effect::GiveBack => {
                changes.entry(give_back(&account, &after)?);
                settlement.add_return(&mut changes, &account, &paid, amount)?;
                after.is_taken = false;
            }
        }
        let mut payment = counted(&paid, before.map(|(_, before)| before), &after)?;
        if payment.open_refunds != paid.open_refunds {
            payment.looks = 0;
            payment.schedule(now(), 0);
        }
        let cause = Cause { kind: EntryKind::PaymentRefund, id: &after.id, actor: &after.created_by };
        move_shares(&self.context, &mut changes, (&paid, &payment), cause)?;
        write_payment(&mut changes, Some((revision, &paid)), &payment);
        write_refund(&mut changes, before, &after);
        note(&mut changes, before.map(|(_, before)| before), &after);
        changes.commit().map(drop)
    }

    fn payment(&self, id: &str) -> Answer<(u64, PaymentRecord)> {
        let found = documents::payment(self.context.store(), id)?;
        found.ok_or_else(|| Problem::not_found(format!("there is no payment `{id}`")))
    }

    fn account(&self, payment: &PaymentRecord) -> Answer<Arc<ActiveAccount>> {
        let missing = || Problem::internal(format!("payment {} is of an account without books", payment.id));
        self.context.account(&payment.account).ok_or_else(missing)
    }
}

/// The payment with its sums after a change of one of its refunds.
fn counted(
    payment: &PaymentRecord,
    before: Option<&RefundRecord>,
    after: &RefundRecord,
) -> Answer<PaymentRecord> {
    let refunded = |refund: &RefundRecord| match refund.state {
        PaymentRefundState::Failed => Amount::ZERO,
        PaymentRefundState::Pending | PaymentRefundState::Succeeded => refund.amount.0,
    };
    let is_open = |refund: &RefundRecord| u32::from(refund.state == PaymentRefundState::Pending);
    let (was, is) = (before.map_or(Amount::ZERO, refunded), refunded(after));
    let sum = payment.refunded.0.checked_sub(was).and_then(|sum| sum.checked_add(is));
    let sum =
        sum.ok_or_else(|| Problem::unprocessable("the refunds of the payment are more than can be held"))?;
    let open = payment.open_refunds.saturating_sub(before.map_or(0, is_open)).saturating_add(is_open(after));
    Ok(PaymentRecord { refunded: Money(sum), open_refunds: open, ..payment.clone() })
}

fn take(account: &ActiveAccount, refund: &RefundRecord, limit: Amount) -> Answer<EntryChange> {
    let wallet = Arc::clone(&account.runtime.wallet);
    EntryChange::debit(wallet, EntryKind::PaymentRefund, refund.amount.0, limit, text(refund))
        .map_err(Problem::refused)
}

fn give_back(account: &ActiveAccount, refund: &RefundRecord) -> Answer<EntryChange> {
    let wallet = Arc::clone(&account.runtime.wallet);
    EntryChange::credit(wallet, EntryKind::PaymentRefund, refund.amount.0, text(refund))
        .map_err(Problem::refused)
}

/// The texts of a refund's entries, whose reference is its id.
fn text(refund: &RefundRecord) -> EntryText {
    EntryText {
        actor: refund.created_by.clone(),
        reference: refund.id.clone(),
        details: format!("refund of {}: {}", refund.payment, refund.reason),
        metadata: json!({ "payment": refund.payment, "refund": refund.id }).to_string(),
    }
}

fn note(changes: &mut ChangeSet<'_>, before: Option<&RefundRecord>, after: &RefundRecord) {
    let shown = |refund: &RefundRecord| json!({ "payment": refund.payment, "amount": refund.amount, "state": refund.state });
    let before = before.map_or(Value::Null, shown);
    changes.note("payment.refund", format!("refund/{}", after.id), &before, &shown(after));
}
