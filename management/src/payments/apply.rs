//! The one way in which a payment changes: what its provider says of it now is applied to what the books have.
//!
//! Webhooks, customers who come back, looks by schedule, and people who confirm a transfer all end here. State and money are one
//! change for one revision of the payment. Whoever loses a race reads again, and finds that nothing is left to do.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::alerts::AlertKind;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::money::Money;
use tollgate_api::payments::{PaymentPurpose, PaymentState};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_billing::payment::observation::{self, Transition};
use tollgate_storage::clock::now;
use tollgate_storage::rows::EntryKind;

use super::alerts::{MoneyAlert, PaymentAlerts};
use super::collecting::{Cause, Collecting, move_shares};
use super::documents::{payment, write_payment};
use super::methods;
use super::settlement::{Settlement, Settlements, TopUp};
use crate::change_set::ChangeSet;
use crate::context::Context;
use tollgate_payments::provider::SeenPayment;
use tollgate_payments::record::{PaymentRecord, provider_name, pure_state, shown_state};

/// Times that a change is tried where somebody else changes the payment at the same time.
pub const TRIES_MAX: usize = 16;

/// Applies observations to payments.
#[derive(Debug)]
pub struct PaymentApplier {
    context: Arc<Context>,
    settlements: Settlements,
    collecting: Collecting,
    alerts: Arc<PaymentAlerts>,
}

/// The way in which somebody came to ask the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occasion<'t> {
    /// True for a look by schedule, which is counted.
    pub is_scheduled: bool,
    /// The bank's reference, where a person confirms a transfer.
    pub confirmed: Option<&'t str>,
}

impl PaymentApplier {
    /// Writes to the books of `context`.
    pub fn new(
        context: Arc<Context>,
        settlements: Settlements,
        collecting: Collecting,
        alerts: Arc<PaymentAlerts>,
    ) -> Self {
        Self { context, settlements, collecting, alerts }
    }

    /// The settlement of a purpose, which checks a payment before it is begun, and says what it is for.
    pub fn settlement(&self, purpose: &PaymentPurpose) -> &dyn Settlement {
        self.settlements.of(purpose)
    }

    /// Applies what was seen of a payment, and gives the payment as it is then.
    pub fn apply(
        &self,
        caller: &Caller,
        id: &str,
        seen: &SeenPayment,
        occasion: Occasion<'_>,
    ) -> Answer<PaymentRecord> {
        for _ in 0..TRIES_MAX {
            let (revision, before) = self.stored(id)?;
            match self.step(caller, (revision, &before), seen, occasion) {
                Err(problem) if problem.code == "conflict" => {}
                done => return done,
            }
        }
        Err(Problem::conflict(format!("payment {id} is changed by others all the time; try again")))
    }

    /// Notes a look that brought nothing, so that the next one comes later.
    pub fn postpone(&self, id: &str) -> Answer<()> {
        let (revision, before) = self.stored(id)?;
        let system = Caller::system();
        let mut after = before.clone();
        count_look(&mut after);
        let mut changes = self.context.change(&system);
        write_payment(&mut changes, Some((revision, &before)), &after);
        changes.commit().map(drop)
    }

    fn stored(&self, id: &str) -> Answer<(u64, PaymentRecord)> {
        let found = payment(self.context.store(), id)?;
        found.ok_or_else(|| Problem::not_found(format!("there is no payment `{id}`")))
    }

    fn step(
        &self,
        caller: &Caller,
        (revision, before): (u64, &PaymentRecord),
        seen: &SeenPayment,
        occasion: Occasion<'_>,
    ) -> Answer<PaymentRecord> {
        if before.provider_id.is_some()
            && seen.provider_id.is_some()
            && before.provider_id != seen.provider_id
        {
            tracing::error!(
                payment = before.id,
                "the provider has a second record of a payment; a person has to look"
            );
            return Ok(before.clone());
        }
        let transition = observation::apply(pure_state(before.state), seen.observed);
        let after = changed(caller, before, seen, transition, occasion);
        if after == *before {
            return Ok(after);
        }
        let stored = (revision, before);
        match self.write(caller, stored, after.clone(), seen, None) {
            // The money is there, whatever it was for: then it goes into the wallet, and a person looks.
            Err(problem) if is_lasting(&problem) && after.state == PaymentState::Succeeded => {
                tracing::error!(
                    payment = before.id,
                    problem = problem.detail,
                    "a payment cannot be settled as meant"
                );
                self.write(caller, stored, after, seen, Some(&problem))
            }
            done => done,
        }
    }

    /// Writes a payment that has changed, with what belongs to it. With the problem of what it was for, the money goes into the wallet.
    fn write(
        &self,
        caller: &Caller,
        (revision, before): (u64, &PaymentRecord),
        mut after: PaymentRecord,
        seen: &SeenPayment,
        unsettled: Option<&Problem>,
    ) -> Answer<PaymentRecord> {
        after.is_unsettled |= unsettled.is_some();
        if after.state == PaymentState::Succeeded && before.state != PaymentState::Succeeded {
            after.shares = match (self.collecting.shares(&after), unsettled) {
                (Err(problem), Some(_)) => {
                    tracing::error!(payment = after.id, problem = problem.detail, "a payment has no shares");
                    Vec::new()
                }
                (shares, _) => shares?,
            };
        }
        let mut changes = self.context.change(caller);
        write_payment(&mut changes, Some((revision, before)), &after);
        self.add_consequences(&mut changes, before, &after, seen, unsettled)?;
        changes.commit()?;
        Ok(after)
    }

    /// Adds what belongs to a change besides the payment's own documents. With the problem of what it was for, the money goes into
    /// the wallet.
    fn add_consequences<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        before: &PaymentRecord,
        after: &PaymentRecord,
        seen: &SeenPayment,
        unsettled: Option<&Problem>,
    ) -> Answer<()> {
        if after.is_contradicted && !before.is_contradicted {
            let message = format!(
                "{} says of payment {} what cannot be: it is {}, and the provider has money for it or less than nothing",
                provider_name(after.provider),
                after.id,
                name_of(after.state)
            );
            self.raise_contradiction(changes, after, message)?;
        }
        if after.state == before.state {
            return Ok(());
        }
        let shown = |record: &PaymentRecord| json!({ "state": record.state, "amount": record.amount, "received": record.received });
        let action = format!("payment.{}", name_of(after.state));
        changes.note(&action, format!("payment/{}", after.id), &shown(before), &shown(after));
        if after.state != PaymentState::Succeeded {
            return self.add_failure(changes, after);
        }
        let missing = || Problem::internal(format!("payment {} is of an account without books", after.id));
        let account = self.context.account(&after.account).ok_or_else(missing)?;
        let settlement = self.settlements.of(&after.purpose);
        if let Some(problem) = unsettled {
            TopUp.add(changes, &account, after)?;
            let (title, reason) = (settlement.title(&after.purpose), &problem.detail);
            let message = format!("Payment {} for {title} is in the wallet instead: {reason}", after.id);
            self.raise_contradiction(changes, after, message)?;
        } else {
            settlement.add(changes, &account, after)?;
        }
        let actor = after.confirmed_by.as_deref().unwrap_or(&after.created_by);
        let cause = Cause { kind: EntryKind::Payment, id: &after.id, actor };
        move_shares(&self.context, changes, (before, after), cause)?;
        if let Some(method) = seen.method.as_ref().filter(|_| after.save_method) {
            methods::save(self.context.store(), changes, after, method)?;
        }
        Ok(())
    }

    /// Adds what follows from a payment that brings nothing now: it has ended, or asks for somebody where nobody is.
    fn add_failure<'a>(&'a self, changes: &mut ChangeSet<'a>, after: &PaymentRecord) -> Answer<()> {
        let is_alone = after.payment_method.is_some() && after.state == PaymentState::RequiresAction;
        let is_ended = matches!(after.state, PaymentState::Failed | PaymentState::Cancelled);
        match self.context.account(&after.account).filter(|_| is_alone || is_ended) {
            Some(account) => self.settlements.of(&after.purpose).add_failure(changes, &account, after),
            None => Ok(()),
        }
    }

    fn raise_contradiction<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        payment: &PaymentRecord,
        message: String,
    ) -> Answer<()> {
        let (kind, subject) = (AlertKind::PaymentContradiction, Some(payment.id.as_str()));
        let (account, currency) = (payment.account.as_str(), payment.currency);
        self.alerts.raise(changes, MoneyAlert { kind, account, subject, message, currency })
    }
}

/// The payment after a transition; equal to the one before where there is nothing to write.
fn changed(
    caller: &Caller,
    before: &PaymentRecord,
    seen: &SeenPayment,
    transition: Transition,
    occasion: Occasion<'_>,
) -> PaymentRecord {
    let (at, mut after) = (now(), before.clone());
    if after.provider_id.is_none() {
        after.provider_id.clone_from(&seen.provider_id);
    }
    if after.charge_id.is_none() {
        after.charge_id.clone_from(&seen.charge_id);
    }
    match transition {
        Transition::Moves { to, credit } => {
            after.state = shown_state(to);
            after.looks = 0;
            if after.state == PaymentState::Succeeded {
                after.received = Some(Money(credit));
                after.succeeded_at = Some(Time(at));
                after.failure = None;
            }
            if after.state == PaymentState::Failed {
                after.failure.clone_from(&seen.failure);
            }
            if let Some(reference) = occasion.confirmed {
                after.confirmed_by = Some(caller.actor.clone());
                after.bank_reference = Some(reference.to_owned()).filter(|text| !text.is_empty());
            }
            after.schedule(at, 0);
        }
        Transition::Stays => {
            if before.state == PaymentState::Failed && seen.failure.is_some() {
                after.failure.clone_from(&seen.failure);
            }
            if occasion.is_scheduled {
                count_look(&mut after);
            }
        }
        Transition::Contradiction => {
            after.is_contradicted = true;
            if occasion.is_scheduled {
                count_look(&mut after);
            }
        }
    }
    if after != *before && after.state != before.state {
        after.updated_at = Time(at);
    }
    after
}

fn count_look(payment: &mut PaymentRecord) {
    payment.looks = payment.looks.saturating_add(1);
    payment.schedule(now(), 0);
}

/// True for a problem that another try would meet again.
fn is_lasting(problem: &Problem) -> bool {
    problem.status < 500 && problem.code != "conflict"
}

/// A state's name in notes and sentences.
fn name_of(state: PaymentState) -> String {
    match serde_json::to_value(state) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}
