//! Subscriptions of accounts: bought from the wallet, renewed by the clock, changed and cancelled.
//!
//! `billing` decides what is due and what a change costs; here is read what it is asked about, and written what it decides. A
//! step is one change: the subscription, the period with its unique key, the money, the units, the plan of the tariff, and the
//! counters of revenue.

mod beginning;
pub mod books;
mod books_check;
mod ending;
mod new_period;
#[cfg(test)]
mod paid_tests;
mod period_use;
mod plan_change;
mod plans;
mod record;
mod renewal;
mod revenue;
pub mod settlement;
mod step;
mod tariff;
#[cfg(test)]
mod test_books;
#[cfg(test)]
mod test_cards;
#[cfg(test)]
mod tests;
mod token_usage;
mod told;
mod view;

use std::sync::Arc;

use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::page::Page;
use tollgate_api::payments::PaymentPurpose;
use tollgate_api::problem::Problem;
use tollgate_api::subscriptions::{
    NewSubscription, Revenue, Subscription, SubscriptionCancellation, SubscriptionChange, SubscriptionMethod,
    SubscriptionPeriod, SubscriptionPeriodsQuery, SubscriptionStatus, SubscriptionsQuery,
    SubscriptionsService, TokenUsage, TokenUsageQuery, WantedChange,
};
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::clock::now;

use crate::collections::SUBSCRIPTION_PERIODS;
use crate::documents::Document;
use crate::payments::off_session::{BegunCharge, OffSession};
use crate::problems::unavailable;
use crate::resale::sellers::check_seller;
use books::{SubscriptionBooks, Turn};
use plans::PlanRecord;
use record::{PeriodRecord, SubscriptionRecord, period_prefix};
use step::{Step, write};
use view::{period_view, view};

pub use books_check::{Checked, check as check_books};
pub use plans::SubscriptionPlans;

/// The subscriptions of accounts.
#[derive(Debug)]
pub struct Subscriptions {
    books: Arc<SubscriptionBooks>,
    plans: Arc<SubscriptionPlans>,
    off_session: Arc<OffSession>,
}

impl SubscriptionsService for Subscriptions {
    fn subscriptions(&self, caller: &Caller, query: &SubscriptionsQuery) -> Answer<Page<Subscription>> {
        let paging = query.paging()?;
        let wanted = |document: &Document<SubscriptionRecord>| {
            let record = &document.value;
            query.account.as_ref().is_none_or(|account| record.account == *account)
                && query.status.is_none_or(|status| record.status == status)
                && query.plan.as_ref().is_none_or(|plan| record.terms.name == *plan)
                && self.books.visibility.may_see(caller, &record.account)
        };
        let found =
            self.books.records.filter(wanted).into_iter().map(|document| (document.key.clone(), document));
        let page = paging.sorted(found.collect(), false);
        let mut items = Vec::with_capacity(page.items.len());
        for document in page.items {
            if let Some(account) = self.books.context.account(&document.value.account) {
                items.push(view(&self.books, &account, &document.value)?);
            }
        }
        Ok(Page { items, next_cursor: page.next_cursor, total: page.total })
    }

    fn subscription(&self, caller: &Caller, account: &str) -> Answer<Versioned<Subscription>> {
        let account = self.books.visibility.readable_account(caller, account)?;
        let latest = self.books.latest(&account)?;
        self.shown(&account, &latest)
    }

    fn subscribe(&self, caller: &Caller, account: &str, new: &NewSubscription) -> Answer<Subscription> {
        let account = self.books.visibility.visible_account(caller, account)?;
        let mut turn = self.books.turn.lock();
        if let Some(going_on) = self.books.going_on(&account) {
            let record = &going_on.value;
            let message = format!(
                "the account has {} to `{}`, which is {}; change or cancel it",
                record.name(),
                record.terms.name,
                record::state_of(record.status).name()
            );
            return Err(Problem::already_exists(message));
        }
        self.check_method(&account, new.payment_method.as_deref())?;
        let plan = self.plans.offered(&account, &new.plan)?;
        self.check_units(caller, &account, &plan.value)?;
        let step = beginning::begin(&self.books, &account, &plan.value, new, now())?;
        let key = step.after.key();
        write(&self.books, caller, step, &mut turn)?;
        let begun = self.charge_first(caller, &account, &key, &mut turn)?;
        drop(turn);
        if let Some(charge) = begun {
            self.off_session.send(&charge);
        }
        view(&self.books, &account, &self.books.fresh(&key)?)
    }

    fn set_subscription_method(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        method: &SubscriptionMethod,
    ) -> Answer<Versioned<Subscription>> {
        let account = self.books.visibility.visible_account(caller, account)?;
        self.check_method(&account, method.payment_method.as_deref())?;
        let mut turn = self.books.turn.lock();
        let before = self.books.latest(&account)?;
        if_match.check(before.revision)?;
        if before.value.is_over() {
            return Err(record::wrong_state(&before.value));
        }
        let after =
            SubscriptionRecord { payment_method: method.payment_method.clone(), ..before.value.clone() };
        write(&self.books, caller, Step::of(&account, &before, after, "subscription.method"), &mut turn)?;
        self.shown(&account, &before)
    }

    fn pay_subscription(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
    ) -> Answer<Versioned<Subscription>> {
        let account = self.books.visibility.visible_account(caller, account)?;
        let mut turn = self.books.turn.lock();
        let before = self.books.latest(&account)?;
        if_match.check(before.revision)?;
        let step = beginning::paying_step(&self.books, &account, &before, now())?;
        write(&self.books, caller, step, &mut turn)?;
        self.shown(&account, &before)
    }

    fn cancel_subscription(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        cancellation: &SubscriptionCancellation,
    ) -> Answer<Versioned<Subscription>> {
        let account = self.books.visibility.visible_account(caller, account)?;
        let mut turn = self.books.turn.lock();
        let before = self.books.latest(&account)?;
        if_match.check(before.revision)?;
        ending::cancel(&self.books, caller, &account, &before, cancellation, now(), &mut turn)?;
        self.shown(&account, &before)
    }

    fn resume_subscription(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
    ) -> Answer<Versioned<Subscription>> {
        let account = self.books.visibility.visible_account(caller, account)?;
        let mut turn = self.books.turn.lock();
        let before = self.books.latest(&account)?;
        if_match.check(before.revision)?;
        ending::resume(&self.books, caller, &account, &before, now(), &mut turn)?;
        self.shown(&account, &before)
    }

    fn change_subscription(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        wanted: &WantedChange,
    ) -> Answer<Versioned<SubscriptionChange>> {
        let account = self.books.visibility.visible_account(caller, account)?;
        let mut turn = self.books.turn.lock();
        let before = self.books.latest(&account)?;
        if_match.check(before.revision)?;
        let plan = self.plans.offered(&account, &wanted.plan)?;
        self.check_units(caller, &account, &plan.value)?;
        let plan = (&plan.value, wanted);
        let change = plan_change::change(&self.books, caller, (&account, &before), plan, now(), &mut turn)?;
        Ok(Versioned::new(self.present(&before)?.revision, change))
    }

    fn subscription_periods(
        &self,
        caller: &Caller,
        account: &str,
        query: &SubscriptionPeriodsQuery,
    ) -> Answer<Page<SubscriptionPeriod>> {
        let account = self.books.visibility.readable_account(caller, account)?;
        let paging = query.paging()?;
        let prefix = period_prefix(&account.provisioned.account.id, query.subscription);
        let (mut found, mut is_sound) = (Vec::new(), true);
        let read = self.books.context.store().documents().list(
            SUBSCRIPTION_PERIODS,
            prefix.as_bytes(),
            None,
            |key, row| {
                match serde_json::from_slice::<PeriodRecord>(&row.body) {
                    Ok(period) => {
                        found.push((String::from_utf8_lossy(key).into_owned(), period_view(period)));
                    }
                    Err(_) => is_sound = false,
                }
                is_sound
            },
        );
        read.map_err(|error| unavailable(&error))?;
        if !is_sound {
            return Err(Problem::internal("a period of a subscription cannot be read"));
        }
        Ok(paging.sorted(found, true))
    }

    fn token_usage(&self, caller: &Caller, account: &str, query: TokenUsageQuery) -> Answer<TokenUsage> {
        let account = self.books.visibility.readable_account(caller, account)?;
        token_usage::token_usage(self.books.context.store(), &account, query, now())
    }

    fn subscription_revenue(&self, _caller: &Caller) -> Answer<Revenue> {
        revenue::view(&revenue::counters(self.books.context.store())?)
    }
}

impl Subscriptions {
    /// Refuses a plan whose bundle a reseller's customer would buy from the house. An admin may let it, as it may grant the bundle.
    fn check_units(&self, caller: &Caller, account: &ActiveAccount, plan: &PlanRecord) -> Answer<()> {
        let product = plan.plan.bundle.as_ref().and_then(|name| self.books.products.product(name));
        let Some(product) = product.filter(|_| !caller.reaches_all()) else { return Ok(()) };
        let snapshot = self.books.context.core.snapshot.load();
        check_seller(&snapshot.tables, &account.terms, &product)
            .map_err(|message| Problem::field("plan", format!("brings a bundle, and {message}")))
    }

    /// Of the accounts that a caller may see.
    pub fn new(
        books: Arc<SubscriptionBooks>,
        plans: Arc<SubscriptionPlans>,
        off_session: Arc<OffSession>,
    ) -> Self {
        Self { books, plans, off_session }
    }

    /// One look over all subscriptions at what is due by the clock. Returns the number of those that something was due of, and
    /// adds the charges of saved methods that are to be [sent](Self::send).
    pub fn look(&self, now: UnixMicros, begun: &mut Vec<BegunCharge>) -> Answer<usize> {
        renewal::look((&self.books, &self.off_session), now, begun)
    }

    /// Sends a charge; waits for the provider's answer.
    pub fn send(&self, charge: &BegunCharge) {
        self.off_session.send(charge);
    }

    /// A subscription as it is now, which a step may have changed, with its version.
    fn shown(
        &self,
        account: &ActiveAccount,
        known: &Document<SubscriptionRecord>,
    ) -> Answer<Versioned<Subscription>> {
        let present = self.present(known)?;
        Ok(Versioned::new(present.revision, view(&self.books, account, &present.value)?))
    }

    fn present(&self, known: &Document<SubscriptionRecord>) -> Answer<Arc<Document<SubscriptionRecord>>> {
        let present = self.books.records.get(&known.key);
        present.ok_or_else(|| Problem::internal("the subscription is not in the books"))
    }

    /// Refuses a saved method that the account does not have.
    fn check_method(&self, account: &ActiveAccount, method: Option<&str>) -> Answer<()> {
        let Some(method) = method else { return Ok(()) };
        if self.off_session.has(&account.provisioned.account.id, method)? {
            return Ok(());
        }
        Err(Problem::field("payment_method", format!("the account has no saved method `{method}`")))
    }

    /// Writes down the charge of the first period, where it waits for that and there is a saved method.
    fn charge_first(
        &self,
        caller: &Caller,
        account: &Arc<ActiveAccount>,
        key: &str,
        turn: &mut Turn,
    ) -> Answer<Option<BegunCharge>> {
        let before = self.books.records.get(key);
        let Some(before) = before.filter(|before| before.value.status == SubscriptionStatus::Pending) else {
            return Ok(None);
        };
        let Some(method) = &before.value.payment_method else { return Ok(None) };
        let purpose = PaymentPurpose::Subscription { id: before.value.id(), period: None, plan: None };
        let payment = self.off_session.record(caller, account, method, purpose)?;
        let mut after = before.value.clone();
        after.wait_for(&payment.id);
        let step = Step::of(account, &before, after, "subscription.charge");
        write(&self.books, caller, Step { payment: Some(payment.clone()), ..step }, turn)?;
        Ok(Some(BegunCharge { payment, replaces: None }))
    }
}
