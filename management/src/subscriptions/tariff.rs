//! The plan of the tariff that comes with a subscription, and the time zone that its dates are of.

use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_api::subscription_plans::SubscriptionPlanInput;
use tollgate_relay::snapshot::ActiveAccount;

use super::books::SubscriptionBooks;
use super::record::SubscriptionRecord;

/// Puts a subscription on other terms. Returns the plan of the tariff that the account moves to.
pub fn change_terms(
    account: &ActiveAccount,
    after: &mut SubscriptionRecord,
    terms: SubscriptionPlanInput,
) -> Option<String> {
    let present = account.provisioned.account.plan.to_string();
    let tariff = match (&after.terms.plan, &terms.plan) {
        (None, Some(plan)) => {
            after.plan_before = Some(present);
            tariff_of(account, Some(plan))
        }
        (Some(_), Some(plan)) => tariff_of(account, Some(plan)),
        (Some(old), None) => {
            let back = after.plan_before.take().filter(|_| *old == present);
            tariff_of(account, back.as_deref())
        }
        (None, None) => None,
    };
    after.terms = terms;
    tariff
}

/// The plan that an account goes back to, where it is on the one that came with the subscription.
pub fn tariff_after_end(
    books: &SubscriptionBooks,
    account: &ActiveAccount,
    record: &SubscriptionRecord,
) -> Option<String> {
    let is_on = record.terms.plan.as_deref() == Some(&*account.provisioned.account.plan);
    let back = record.plan_before.as_deref().filter(|_| is_on && !books.visibility.is_removed(account));
    tariff_of(account, back)
}

/// The plan that an account moves to, unless it is on it.
pub fn tariff_of(account: &ActiveAccount, plan: Option<&str>) -> Option<String> {
    plan.filter(|plan| *account.provisioned.account.plan != **plan).map(str::to_owned)
}

/// The time zone of a subscription: the plan's own, that of the tariff's plan that comes with it, or that of the account's.
pub fn time_zone(
    books: &SubscriptionBooks,
    account: &ActiveAccount,
    terms: &SubscriptionPlanInput,
) -> Answer<String> {
    if let Some(zone) = &terms.time_zone {
        return Ok(zone.clone());
    }
    let Some(plan) = &terms.plan else { return Ok(account.terms.plan.plan.time_zone.clone()) };
    let snapshot = books.context.core.snapshot.load();
    let table = snapshot.tables.plan(plan);
    let table = table.ok_or_else(|| {
        Problem::wrong_state(format!("the plan `{plan}` that comes with the subscription is not there"))
    })?;
    Ok(table.plan.time_zone.clone())
}
