//! The beginning of a subscription, of its trial, and of each period.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use tollgate_api::answer::Answer;
use tollgate_api::money::Money;
use tollgate_api::subscriptions::{NewSubscription, PayBy, PeriodOrigin, SubscriptionStatus};
use tollgate_api::time::Time;
use tollgate_billing::subscription::{Due, Event};
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;

use super::books::SubscriptionBooks;
use super::new_period::{bundle_of, period_record};
use super::plans::PlanRecord;
use super::record::{SubscriptionRecord, beyond_calendar, number_of, today, wrong_state};
use super::step::{Step, parts, price_part};
use super::tariff::{change_terms, tariff_of, time_zone};
use crate::billing::period::zone;
use crate::documents::Document;

/// The time for which a subscription waits for its first payment: a day.
const PENDING_MICROS: u64 = 86_400_000_000;
/// The number of the first period that is paid for. The trial before it is number zero.
const FIRST_PERIOD: u32 = 1;

/// The step that begins the subscription of an account that has none now.
pub fn begin<'a>(
    books: &SubscriptionBooks,
    account: &'a Arc<ActiveAccount>,
    plan: &PlanRecord,
    new: &NewSubscription,
    now: UnixMicros,
) -> Answer<Step<'a>> {
    let id = account.provisioned.account.id.to_string();
    let earlier = books.of_account(&id);
    let terms = plan.plan.clone();
    let time_zone = time_zone(books, account, &terms)?;
    let today = today(now, &zone(&time_zone)?)?;
    let is_trial = terms.trial_days > 0 && !earlier.iter().any(|earlier| earlier.value.had_trial);
    let is_by_payment = new.pay_by == PayBy::Payment || new.payment_method.is_some();
    let waits = !is_trial && is_by_payment && terms.price.0 > Amount::ZERO;
    let anchor = if is_trial { days_after(today, terms.trial_days)? } else { today };
    let mut after = SubscriptionRecord {
        account: id,
        number: earlier.last().map_or(0, |latest| latest.value.number).saturating_add(1),
        status: match (is_trial, waits) {
            (true, _) => SubscriptionStatus::Trialing,
            (false, true) => SubscriptionStatus::Pending,
            (false, false) => SubscriptionStatus::Active,
        },
        plan_number: plan.number,
        time_zone,
        anchor: anchor.to_string(),
        base: FIRST_PERIOD,
        period: if is_trial { -1 } else { 0 },
        period_price: if is_trial || waits { Money::default() } else { terms.price },
        had_trial: is_trial,
        next: None,
        unpaid_since: None,
        attempts: 0,
        failure: None,
        waits_until: waits.then(|| Time(UnixMicros(now.0.saturating_add(PENDING_MICROS)))),
        plan_before: terms.plan.as_ref().map(|_| account.provisioned.account.plan.to_string()),
        tariff_due: None,
        payment_method: new.payment_method.clone(),
        payment: None,
        last_payment: None,
        declined: None,
        next_at: None,
        started_at: Time(now),
        ended_at: None,
        terms,
    };
    after.look_again(now, books.retries())?;
    if waits {
        return Ok(Step::beginning(account, after));
    }
    let origin = if is_trial { PeriodOrigin::Trial } else { PeriodOrigin::Purchase };
    let paid = after.period_price;
    let period = period_record(&after, (origin, paid), Vec::new(), now)?;
    let money = parts(&after, today, [price_part(&after.terms.name, paid)])?;
    Ok(Step {
        period: Some(period),
        money,
        bundle: bundle_of(books, &after, now)?,
        tariff: tariff_of(account, after.terms.plan.as_deref()),
        ..Step::beginning(account, after)
    })
}

/// The step that pays what a subscription waits for: its first period, or the next one where the present one is over.
pub fn paying_step<'a>(
    books: &SubscriptionBooks,
    account: &'a Arc<ActiveAccount>,
    before: &'a Document<SubscriptionRecord>,
    now: UnixMicros,
) -> Answer<Step<'a>> {
    let record = &before.value;
    match record.status {
        SubscriptionStatus::Pending => first_step(books, account, before, now),
        SubscriptionStatus::PastDue => {
            let dates = record.dates()?;
            let period = record.position(&dates).next_period(now).ok_or_else(beyond_calendar)?;
            renewal_step(books, account, before, period, now)
        }
        _ => match record.due(&record.dates()?, now, books.retries()) {
            Due::Charge(period) => renewal_step(books, account, before, period, now),
            Due::Nothing(_) | Due::End(_) => Err(wrong_state(record)),
        },
    }
}

/// The step that begins the first period of a subscription which has waited for its payment.
fn first_step<'a>(
    books: &SubscriptionBooks,
    account: &'a Arc<ActiveAccount>,
    before: &'a Document<SubscriptionRecord>,
    now: UnixMicros,
) -> Answer<Step<'a>> {
    let mut after = before.value.clone();
    let today = today(now, &after.dates()?.zone)?;
    after.happen(Event::Paid)?;
    (after.anchor, after.waits_until) = (today.to_string(), None);
    after.failure = None;
    after.wait_for_nothing();
    after.period_price = after.terms.price;
    after.plan_before = after.terms.plan.as_ref().map(|_| account.provisioned.account.plan.to_string());
    after.look_again(now, books.retries())?;
    let paid = after.period_price;
    let period = period_record(&after, (PeriodOrigin::Purchase, paid), Vec::new(), now)?;
    let money = parts(&after, today, [price_part(&after.terms.name, paid)])?;
    let (bundle, tariff) = (bundle_of(books, &after, now)?, tariff_of(account, after.terms.plan.as_deref()));
    let step = Step::of(account, before, after, "subscription.begin");
    Ok(Step { period: Some(period), money, bundle, tariff, ..step })
}

/// The step that charges a period, counted from the anchor, of a subscription whose present one is over, and begins it.
pub fn renewal_step<'a>(
    books: &SubscriptionBooks,
    account: &'a Arc<ActiveAccount>,
    before: &'a Document<SubscriptionRecord>,
    period: i64,
    now: UnixMicros,
) -> Answer<Step<'a>> {
    let mut after = before.value.clone();
    let mut tariff = None;
    match after.next.take() {
        None => after.period = period,
        Some(next) => {
            let start = before.value.dates()?.periods.start(period);
            let start = start.ok_or_else(beyond_calendar)?;
            after.base = number_of(after.base, period)?;
            after.period = 0;
            after.anchor = start.to_string();
            after.plan_number = next.plan_number;
            tariff = change_terms(account, &mut after, next.terms);
        }
    }
    after.happen(Event::Paid)?;
    after.period_price = after.terms.price;
    (after.unpaid_since, after.attempts, after.failure) = (None, 0, None);
    after.wait_for_nothing();
    after.look_again(now, books.retries())?;
    let today = today(now, &after.dates()?.zone)?;
    let paid = after.period_price;
    Ok(Step {
        account,
        before: Some(before),
        action: "subscription.renew",
        period: Some(period_record(&after, (PeriodOrigin::Renewal, paid), Vec::new(), now)?),
        money: parts(&after, today, [price_part(&after.terms.name, paid)])?,
        bundle: bundle_of(books, &after, now)?,
        cut: None,
        tariff,
        payment: None,
        after,
    })
}

fn days_after(day: Date, days: u16) -> Answer<Date> {
    day.checked_add(i64::from(days).days()).map_err(|_| beyond_calendar())
}
