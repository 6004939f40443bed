//! Subscriptions of accounts: bought from the wallet, renewed by the clock, changed and cancelled.
//!
//! `billing` decides what is due and what a change costs; here is read what it is asked about, and written what it decides. A
//! step is one change: the subscription, the period with its unique key, the money, the units, the plan of the tariff, and the
//! counters of revenue.

mod beginning;
mod books;
mod books_check;
mod ending;
mod new_period;
mod period_use;
mod plan_change;
mod plans;
mod record;
mod renewal;
mod revenue;
mod step;
mod tariff;
#[cfg(test)]
mod test_books;
#[cfg(test)]
mod tests;
mod token_usage;
mod told;
mod view;

use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::subscriptions::{
    NewSubscription, Revenue, Subscription, SubscriptionCancellation, SubscriptionChange, SubscriptionPeriod,
    SubscriptionPeriodsQuery, SubscriptionsQuery, SubscriptionsService, TokenUsage, TokenUsageQuery,
    WantedChange,
};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::store::Unavailable;

use crate::accounts::Accounts;
use crate::collections::{SUBSCRIPTION_PERIODS, SUBSCRIPTIONS};
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::identity::visibility::Visibility;
use crate::problems::unavailable;
use crate::resale::bundle_products::BundleProducts;
use crate::told_once::ToldOnce;
use books::{SubscriptionBooks, Turn};
use record::{PeriodRecord, SubscriptionRecord, period_prefix};
use step::write;
use view::{period_view, view};

pub use books_check::{Checked, check as check_books};
pub use plans::SubscriptionPlans;

/// The subscriptions of accounts.
#[derive(Debug)]
pub struct Subscriptions {
    books: SubscriptionBooks,
    plans: Arc<SubscriptionPlans>,
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

    fn subscription(&self, caller: &Caller, account: &str) -> Answer<Subscription> {
        let account = self.books.visibility.readable_account(caller, account)?;
        let latest = self.books.latest(&account)?;
        view(&self.books, &account, &latest.value)
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
        let plan = self.plans.offered(&account, &new.plan)?;
        let begun =
            beginning::begin(&self.books, caller, &account, (&plan.value, new.pay_by), now(), &mut turn)?;
        view(&self.books, &account, &begun)
    }

    fn pay_subscription(&self, caller: &Caller, account: &str) -> Answer<Subscription> {
        let account = self.books.visibility.visible_account(caller, account)?;
        let mut turn = self.books.turn.lock();
        let before = self.books.latest(&account)?;
        let step = beginning::paying_step(&self.books, &account, &before, now())?;
        write(&self.books, caller, step, &mut turn)?;
        view(&self.books, &account, &self.books.fresh(&before.key)?)
    }

    fn cancel_subscription(
        &self,
        caller: &Caller,
        account: &str,
        cancellation: &SubscriptionCancellation,
    ) -> Answer<Subscription> {
        let account = self.books.visibility.visible_account(caller, account)?;
        let mut turn = self.books.turn.lock();
        let before = self.books.latest(&account)?;
        ending::cancel(&self.books, caller, &account, &before, cancellation, now(), &mut turn)?;
        view(&self.books, &account, &self.books.fresh(&before.key)?)
    }

    fn resume_subscription(&self, caller: &Caller, account: &str) -> Answer<Subscription> {
        let account = self.books.visibility.visible_account(caller, account)?;
        let mut turn = self.books.turn.lock();
        let before = self.books.latest(&account)?;
        ending::resume(&self.books, caller, &account, &before, now(), &mut turn)?;
        view(&self.books, &account, &self.books.fresh(&before.key)?)
    }

    fn change_subscription(
        &self,
        caller: &Caller,
        account: &str,
        wanted: &WantedChange,
    ) -> Answer<SubscriptionChange> {
        let account = self.books.visibility.visible_account(caller, account)?;
        let mut turn = self.books.turn.lock();
        let before = self.books.latest(&account)?;
        let plan = self.plans.offered(&account, &wanted.plan)?;
        plan_change::change(&self.books, caller, (&account, &before), (&plan.value, wanted), now(), &mut turn)
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
    /// Of the accounts that a caller may see.
    pub fn open(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        accounts: Arc<Accounts>,
        products: Arc<BundleProducts>,
        plans: Arc<SubscriptionPlans>,
    ) -> Result<Self, Unavailable> {
        let records = DocumentCache::load(context.store(), SUBSCRIPTIONS)?;
        let (told, turn) = (ToldOnce::default(), Mutex::new(Turn));
        Ok(Self {
            books: SubscriptionBooks { context, visibility, accounts, products, records, told, turn },
            plans,
        })
    }

    /// One look over all subscriptions at what is due by the clock. Returns the number of those that something was due of.
    pub fn look(&self, now: UnixMicros) -> Answer<usize> {
        renewal::look(&self.books, now)
    }
}
