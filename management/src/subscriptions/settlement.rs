//! Periods of subscriptions that are paid by a payment: the first, the next, and the one that begins with a change of plan.
//!
//! The money comes in, and the period's price is taken from it in the same change that begins the period. The plan of the tariff
//! follows by the clock, as it needs the right to change what is in force.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::payments::{PaymentPurpose, PaymentState};
use tollgate_api::problem::Problem;
use tollgate_api::subscriptions::SubscriptionStatus;
use tollgate_api::time::Time;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::clock::Clock;
use tollgate_storage::rows::EntryKind;

use super::beginning::paying_step;
use super::books::SubscriptionBooks;
use super::plan_change::priced;
use super::plans::SubscriptionPlans;
use super::record::{PeriodRecord, SubscriptionRecord, period_prefix};
use super::step::{Funds, Step, add_step};
use crate::change_set::ChangeSet;
use crate::collections::SUBSCRIPTION_PERIODS;
use crate::documents::{Document, stored_document};
use crate::payments::settlement::{Asked, Settlement, at_price, money_in, received};
use tollgate_payments::record::PaymentRecord;

/// Settles payments of subscriptions.
pub struct SubscriptionSettlement {
    books: Arc<SubscriptionBooks>,
    plans: Arc<SubscriptionPlans>,
    clock: Arc<dyn Clock>,
}

/// A period as a purpose names it.
struct Named<'p> {
    id: &'p str,
    period: Option<u32>,
    plan: Option<&'p str>,
}

impl Settlement for SubscriptionSettlement {
    fn check(
        &self,
        account: &Arc<ActiveAccount>,
        purpose: &PaymentPurpose,
        amount: Option<Amount>,
    ) -> Answer<Asked> {
        let named = named(purpose);
        let before = self.books.by_id(account, named.id)?;
        let step = self.step(account, &before, &named, self.clock.now(), false)?;
        let number = step.period.as_ref().map(|period| period.number);
        if named.period.is_some() && named.period != number {
            let number = number.unwrap_or_default();
            return Err(Problem::field("purpose", format!("period {number} is the one that is to be paid")));
        }
        let price = price_of(&step)?;
        if price <= Amount::ZERO {
            return Err(Problem::wrong_state("there is nothing to be paid for it"));
        }
        let (id, plan) = (named.id.to_owned(), named.plan.map(str::to_owned));
        let amount = at_price(amount, price, &format!("period {}", number.unwrap_or_default()))?;
        Ok((PaymentPurpose::Subscription { id, period: number, plan }, amount))
    }

    fn add<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        account: &Arc<ActiveAccount>,
        payment: &PaymentRecord,
    ) -> Answer<()> {
        let named = named(&payment.purpose);
        let turn = self.books.turn.lock();
        let before = self.books.by_id(account, named.id)?;
        self.check_unpaid(&before.value, &named)?;
        let at = self.clock.now();
        let mut step = self.step(account, &before, &named, at, true)?;
        // Meanwhile a change may have become dearer, as more of the old period is used: the rest is the wallet's.
        if named.plan.is_none() && price_of(&step)? > received(payment) {
            return Err(Problem::wrong_state(format!(
                "the payment does not cover the price of {}",
                named.id
            )));
        }
        step.after.tariff_due = step.tariff.take();
        if step.after.tariff_due.is_some() {
            step.after.next_at = Some(Time(at));
        }
        let money = money_in(account, payment, EntryKind::Payment)?;
        let funds = Funds::Payment(money, account.terms.account.credit_limit);
        add_step(&self.books, &payment.created_by, funds, step, changes)?;
        changes.after_commit(move || drop(turn));
        Ok(())
    }

    fn add_failure<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        account: &Arc<ActiveAccount>,
        payment: &PaymentRecord,
    ) -> Answer<()> {
        let turn = self.books.turn.lock();
        let Ok(before) = self.books.by_id(account, named(&payment.purpose).id) else { return Ok(()) };
        let record = &before.value;
        if record.payment.as_ref() != Some(&payment.id) || record.is_over() {
            return Ok(());
        }
        let reason = declined(payment);
        let mut after = SubscriptionRecord { payment: None, failure: Some(reason.clone()), ..record.clone() };
        // One that waits for its first payment may be paid in another way, and is not tried again by itself.
        if record.status != SubscriptionStatus::Pending {
            (after.declined, after.next_at) = (Some(reason), Some(Time(self.clock.now())));
        }
        let step = Step::of(account, &before, after, "subscription.declined");
        add_step(&self.books, &payment.created_by, Funds::Wallet(Amount::ZERO), step, changes)?;
        changes.after_commit(move || drop(turn));
        Ok(())
    }

    fn title(&self, purpose: &PaymentPurpose) -> String {
        let Named { id, period, plan } = named(purpose);
        let record = self.books.records.find(|document| document.value.id() == id);
        let of = record.map(|record| record.value.terms.name.clone()).unwrap_or_default();
        let period = period.map(|period| format!(", period {period}")).unwrap_or_default();
        format!("Subscription {} ({id}{period})", plan.unwrap_or(&of))
    }
}

impl SubscriptionSettlement {
    /// Of these subscriptions, which change to these plans, by this clock.
    pub fn new(books: Arc<SubscriptionBooks>, plans: Arc<SubscriptionPlans>, clock: Arc<dyn Clock>) -> Self {
        Self { books, plans, clock }
    }

    /// The step that is paid.
    fn step<'s>(
        &self,
        account: &'s Arc<ActiveAccount>,
        before: &'s Document<SubscriptionRecord>,
        named: &Named<'_>,
        at: UnixMicros,
        take: bool,
    ) -> Answer<Step<'s>> {
        let Some(plan) = named.plan else { return paying_step(&self.books, account, before, at) };
        let plan = self.plans.offered(account, plan)?;
        Ok(priced(&self.books, (account, before), &plan.value, at, take)?.step)
    }

    /// Refuses a period that was begun already.
    fn check_unpaid(&self, record: &SubscriptionRecord, named: &Named<'_>) -> Answer<()> {
        let Some(period) = named.period else { return Ok(()) };
        let key = format!("{}{period:08}", period_prefix(&record.account, Some(record.number)));
        let begun = stored_document::<PeriodRecord>(self.books.context.store(), SUBSCRIPTION_PERIODS, &key)?;
        if begun.is_none() {
            return Ok(());
        }
        Err(Problem::wrong_state(format!("period {period} of {} was paid before", named.id)))
    }
}

fn named(purpose: &PaymentPurpose) -> Named<'_> {
    match purpose {
        PaymentPurpose::Subscription { id, period, plan } => {
            Named { id, period: *period, plan: plan.as_deref() }
        }
        _ => Named { id: "", period: None, plan: None },
    }
}

fn price_of(step: &Step<'_>) -> Answer<Amount> {
    let Some(money) = &step.money else { return Ok(Amount::ZERO) };
    money.total().ok_or_else(|| Problem::unprocessable("the amount is too much"))
}

/// The reason of a failure, for people.
fn declined(payment: &PaymentRecord) -> String {
    let reason = payment.failure.as_ref().map(|failure| failure.message.clone());
    reason.unwrap_or_else(|| match payment.state {
        PaymentState::RequiresAction => "the payment has to be confirmed by its owner".to_owned(),
        _ => "the payment was cancelled".to_owned(),
    })
}
