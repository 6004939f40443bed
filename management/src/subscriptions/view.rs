//! Subscriptions and periods as the API shows them.

use tollgate_api::answer::Answer;
use tollgate_api::subscriptions::{Subscription, SubscriptionPeriod, SubscriptionUnits};
use tollgate_api::time::Time;
use tollgate_relay::snapshot::ActiveAccount;

use super::books::SubscriptionBooks;
use super::period_use::left_of;
use super::record::{PeriodRecord, SubscriptionRecord, beyond_calendar};

/// A subscription as the API shows it.
pub fn view(
    books: &SubscriptionBooks,
    account: &ActiveAccount,
    record: &SubscriptionRecord,
) -> Answer<Subscription> {
    let dates = record.dates()?;
    let (first, last) = record.days(&dates)?;
    let ends_at = record.position(&dates).ends_at().ok_or_else(beyond_calendar)?;
    let bundle = books.bundle(account, record)?;
    let units = bundle.map(|(number, row)| SubscriptionUnits {
        unit: row.unit.name().to_owned(),
        units: row.units,
        left: left_of(account, number, &row),
    });
    Ok(Subscription {
        id: record.id(),
        account: record.account.clone(),
        number: record.number,
        plan: record.terms.name.clone(),
        plan_number: record.plan_number,
        description: record.terms.description.clone(),
        period_length: record.terms.period,
        tokens: record.terms.tokens,
        status: record.status,
        active: record.is_served(),
        price: record.terms.price,
        currency: record.terms.currency,
        recurring: record.terms.recurring,
        time_zone: record.time_zone.clone(),
        period: record.period_number()?,
        first_day: first.to_string(),
        last_day: last.to_string(),
        period_ends_at: Time(ends_at),
        units,
        next_plan: record.next.as_ref().map(|next| next.terms.name.clone()),
        failed_attempts: record.attempts,
        failure: record.failure.clone(),
        next_at: record.next_at,
        payment_method: record.payment_method.clone(),
        payment: record.payment.clone(),
        plan_before: record.plan_before.clone(),
        started_at: record.started_at,
        ended_at: record.ended_at,
    })
}

/// A period as the API shows it.
pub fn period_view(record: PeriodRecord) -> SubscriptionPeriod {
    SubscriptionPeriod {
        subscription: record.subscription,
        period: record.number,
        plan: record.plan,
        origin: record.origin,
        first_day: record.first_day,
        last_day: record.last_day,
        price: record.price,
        paid: record.paid,
        currency: record.currency,
        lines: record.lines,
        charged_at: record.charged_at,
    }
}
