//! Subscription plans: what admins put on offer, and what each account may subscribe to.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, to_value};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::subscription_plans::{
    PeriodKind, SubscriptionPlan, SubscriptionPlanInput, SubscriptionPlansQuery, SubscriptionPlansService,
};
use tollgate_api::time::Time;
use tollgate_engine::calendar::Calendar;
use tollgate_provisioning::texts;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::Expected;
use tollgate_storage::rows::BUNDLE_UNITS_MAX;
use tollgate_storage::store::Unavailable;

use crate::collections::{COUNTERS, SUBSCRIPTION_PLANS};
use crate::context::Context;
use crate::documents::{Document, DocumentCache, stored_document};
use crate::identity::visibility::Visibility;
use crate::plain_text::check_lines;
use crate::resale::bundle_products::BundleProducts;

/// Characters of a description.
const DESCRIPTION_MAX: usize = 2_000;
/// Days of a period at most: ten years.
const PERIOD_DAYS_MAX: u16 = 3_660;
/// Days of a trial at most.
const TRIAL_DAYS_MAX: u16 = 366;
/// The counter of the numbers of plans.
const COUNTER: &str = "subscription_plan";

/// A plan as the books keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// The number, which is given once.
    pub number: u32,
    /// The definition of it.
    pub plan: SubscriptionPlanInput,
}

/// The subscription plans.
#[derive(Debug)]
pub struct SubscriptionPlans {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    products: Arc<BundleProducts>,
    records: DocumentCache<PlanRecord>,
    /// Held by whoever takes a number until its commit.
    numbers: Mutex<()>,
}

impl SubscriptionPlansService for SubscriptionPlans {
    fn subscription_plans(
        &self,
        caller: &Caller,
        query: &SubscriptionPlansQuery,
    ) -> Answer<Page<SubscriptionPlan>> {
        let paging = query.paging()?;
        let buyers = match &query.account {
            Some(account) => Some(vec![self.visibility.visible_account(caller, account)?]),
            None => self.buyers(caller),
        };
        let plans = self.records.all().into_iter().filter(|plan| is_for(buyers.as_ref(), &plan.value.plan));
        let plans =
            plans.filter(|plan| query.on_offer.is_none_or(|wanted| wanted == plan.value.plan.on_offer));
        Ok(paging.sorted(plans.map(|plan| (plan.key.clone(), view(&plan))).collect(), false))
    }

    fn subscription_plan(&self, caller: &Caller, name: &str) -> Answer<Versioned<SubscriptionPlan>> {
        let buyers = self.buyers(caller);
        let found = self.records.get(name).filter(|plan| is_for(buyers.as_ref(), &plan.value.plan));
        let plan = found.ok_or_else(|| no_plan(name))?;
        Ok(Versioned::new(plan.revision, view(&plan)))
    }

    fn create_subscription_plan(
        &self,
        caller: &Caller,
        new: SubscriptionPlanInput,
    ) -> Answer<Versioned<SubscriptionPlan>> {
        self.check(&new)?;
        let numbers = self.numbers.lock();
        if self.records.get(&new.name).is_some() {
            return Err(Problem::already_exists(format!("there is a subscription plan `{}`", new.name)));
        }
        let last = stored_document::<u32>(self.context.store(), COUNTERS, COUNTER)?;
        let expected = last.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
        let number = last.map_or(0, |(_, last)| last).saturating_add(1);
        let (name, is) = (new.name.clone(), to_value(&new).unwrap_or_default());
        let mut changes = self.context.change(caller);
        changes.document(COUNTERS, COUNTER.as_bytes(), expected, Some(&number));
        changes.put(&self.records, &name, None, PlanRecord { number, plan: new });
        changes.note("subscription_plan.create", format!("subscription_plan/{name}"), &Value::Null, &is);
        changes.commit()?;
        drop(numbers);
        self.subscription_plan(&Caller::system(), &name)
    }

    fn replace_subscription_plan(
        &self,
        caller: &Caller,
        name: &str,
        if_match: IfMatch,
        input: SubscriptionPlanInput,
    ) -> Answer<Versioned<SubscriptionPlan>> {
        let before = self.records.get(name).ok_or_else(|| no_plan(name))?;
        if_match.check(before.revision)?;
        if input.name != name {
            return Err(Problem::field("name", "differs from that of the path; a plan keeps its name"));
        }
        self.check(&input)?;
        let (was, is) =
            (to_value(&before.value.plan).unwrap_or_default(), to_value(&input).unwrap_or_default());
        let mut changes = self.context.change(caller);
        let record = PlanRecord { number: before.value.number, plan: input };
        changes.put(&self.records, name, Some(&before), record);
        changes.note("subscription_plan.update", format!("subscription_plan/{name}"), &was, &is);
        changes.commit()?;
        self.subscription_plan(&Caller::system(), name)
    }

    fn delete_subscription_plan(&self, caller: &Caller, name: &str, if_match: IfMatch) -> Answer<()> {
        let before = self.records.get(name).ok_or_else(|| no_plan(name))?;
        if_match.check(before.revision)?;
        let was = to_value(&before.value.plan).unwrap_or_default();
        let mut changes = self.context.change(caller);
        changes.remove(&self.records, &before);
        changes.note("subscription_plan.delete", format!("subscription_plan/{name}"), &was, &Value::Null);
        changes.commit().map(drop)
    }
}

impl SubscriptionPlans {
    /// The plans that the books hold.
    pub fn open(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        products: Arc<BundleProducts>,
    ) -> Result<Self, Unavailable> {
        let records = DocumentCache::load(context.store(), SUBSCRIPTION_PLANS)?;
        Ok(Self { context, visibility, products, records, numbers: Mutex::new(()) })
    }

    /// A plan that an account may subscribe to now.
    pub fn offered(&self, account: &ActiveAccount, name: &str) -> Answer<Arc<Document<PlanRecord>>> {
        let missing = || Problem::field("plan", format!("there is no subscription plan `{name}`"));
        let found = self.records.get(name).ok_or_else(missing)?;
        let (plan, currency) = (&found.value.plan, account.provisioned.account.currency);
        if !plan.on_offer {
            return Err(Problem::field("plan", format!("`{name}` is not on offer any more")));
        }
        if plan.currency.0 != currency {
            let message = format!("is sold in {}, and the account has {currency}", plan.currency.0);
            return Err(Problem::field("plan", message));
        }
        Ok(found)
    }

    /// The accounts that the caller may subscribe for; `None` for a caller who sees everything.
    fn buyers(&self, caller: &Caller) -> Option<Vec<Arc<ActiveAccount>>> {
        (!caller.reaches_all()).then(|| self.visibility.visible_accounts(caller))
    }

    /// Checks a definition; `Err` names the field that is wrong.
    fn check(&self, plan: &SubscriptionPlanInput) -> Answer<()> {
        let named = |field: &'static str| move |message: String| Problem::field(field, message);
        texts::name(&plan.name).map_err(named("name"))?;
        check_lines("description", &plan.description, 0..=DESCRIPTION_MAX)?;
        if plan.price.0.is_negative() {
            return Err(Problem::field("price", "is below zero"));
        }
        texts::currency(plan.currency.0.as_str()).map_err(named("currency"))?;
        match (plan.period.kind, plan.period.days) {
            (PeriodKind::Days, Some(1..=PERIOD_DAYS_MAX)) | (PeriodKind::Month | PeriodKind::Year, None) => {}
            (PeriodKind::Days, Some(_)) => {
                return Err(Problem::field("period.days", format!("must be from 1 to {PERIOD_DAYS_MAX}")));
            }
            (PeriodKind::Days, None) => {
                return Err(Problem::field("period.days", "is needed for the kind `days`"));
            }
            (_, Some(_)) => return Err(Problem::field("period.days", "is only for the kind `days`")),
        }
        if plan.trial_days > TRIAL_DAYS_MAX {
            return Err(Problem::field("trial_days", format!("must be at most {TRIAL_DAYS_MAX}")));
        }
        if let Some(zone) = &plan.time_zone {
            Calendar::of_zone(zone)
                .map_err(|_| Problem::field("time_zone", format!("there is no time zone `{zone}`")))?;
        }
        self.check_units(plan)?;
        self.check_plan(plan)
    }

    fn check_units(&self, plan: &SubscriptionPlanInput) -> Answer<()> {
        match (&plan.bundle, plan.tokens) {
            (Some(_), Some(_)) => Err(Problem::field("tokens", "is given beside bundle; only one can be")),
            (None, Some(tokens)) if !(1..=BUNDLE_UNITS_MAX).contains(&tokens) => {
                Err(Problem::field("tokens", format!("must be from 1 to {BUNDLE_UNITS_MAX}")))
            }
            (None, _) => Ok(()),
            (Some(name), None) => {
                let product = self.products.product(name);
                let product = product.ok_or_else(|| {
                    Problem::field("bundle", format!("there is no bundle product `{name}`"))
                })?;
                if product.seller.is_some() {
                    return Err(Problem::field(
                        "bundle",
                        "is sold by a reseller, and subscriptions by the house",
                    ));
                }
                if product.currency == plan.currency.0 {
                    return Ok(());
                }
                Err(Problem::field("bundle", format!("is sold in {}", product.currency)))
            }
        }
    }

    fn check_plan(&self, plan: &SubscriptionPlanInput) -> Answer<()> {
        let Some(name) = &plan.plan else { return Ok(()) };
        let snapshot = self.context.core.snapshot.load();
        let Some(table) = snapshot.tables.plan(name) else {
            return Err(Problem::field("plan", format!("there is no plan `{name}`")));
        };
        if table.plan.currency == plan.currency.0 {
            return Ok(());
        }
        Err(Problem::field("plan", format!("has its prices in {}", table.plan.currency)))
    }
}

/// True if one of the accounts may subscribe to a plan; without a list everybody is asked for.
fn is_for(buyers: Option<&Vec<Arc<ActiveAccount>>>, plan: &SubscriptionPlanInput) -> bool {
    let may = |buyer: &Arc<ActiveAccount>| buyer.provisioned.account.currency == plan.currency.0;
    buyers.is_none_or(|buyers| plan.on_offer && buyers.iter().any(may))
}

fn no_plan(name: &str) -> Problem {
    Problem::not_found(format!("there is no subscription plan `{name}`"))
}

/// A plan as the API shows it.
fn view(document: &Document<PlanRecord>) -> SubscriptionPlan {
    let PlanRecord { number, plan } = document.value.clone();
    SubscriptionPlan {
        name: plan.name,
        number,
        description: plan.description,
        price: plan.price,
        currency: plan.currency,
        period: plan.period,
        bundle: plan.bundle,
        tokens: plan.tokens,
        trial_days: plan.trial_days,
        recurring: plan.recurring,
        plan: plan.plan,
        time_zone: plan.time_zone,
        on_offer: plan.on_offer,
        created_at: Time(document.created_at),
        updated_at: Time(document.updated_at),
    }
}
