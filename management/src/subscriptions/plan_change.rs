//! A change to another plan: now, with the unused part of the present period given back, or at the end of the period.

use std::sync::Arc;

use jiff::civil::Date;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::money::Money;
use tollgate_api::problem::Problem;
use tollgate_api::subscription_plans::SubscriptionPlanInput;
use tollgate_api::subscriptions::{
    ChangeLine, ChangeLineKind, PeriodOrigin, SubscriptionChange, SubscriptionStatus, UsedBy, WantedChange,
    When,
};
use tollgate_billing::subscription::{Basis, Event, LineKind, PlanChange};
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;

use super::books::{SubscriptionBooks, Turn};
use super::new_period::{bundle_of, period_record};
use super::period_use::used;
use super::plans::PlanRecord;
use super::record::{NextTerms, SubscriptionRecord, beyond_calendar, number_of, today, wrong_state};
use super::step::{Step, credit_part, parts, price_part, write};
use super::tariff::{change_terms, time_zone};
use super::view::view;
use crate::documents::Document;

/// Changes a subscription to another plan, or says what that would cost.
pub fn change(
    books: &SubscriptionBooks,
    caller: &Caller,
    (account, before): (&Arc<ActiveAccount>, &Document<SubscriptionRecord>),
    (plan, wanted): (&PlanRecord, &WantedChange),
    now: UnixMicros,
    turn: &mut Turn,
) -> Answer<SubscriptionChange> {
    let record = &before.value;
    if wanted.at == When::PeriodEnd && record.terms == plan.plan && record.next.is_none() {
        let message = format!("the subscription is to `{}` already, by the same terms", wanted.plan);
        return Err(Problem::field("plan", message));
    }
    match (wanted.at, record.status) {
        (When::Now, _) => change_now(books, caller, (account, before), (plan, wanted), now, turn),
        (When::PeriodEnd, SubscriptionStatus::Active | SubscriptionStatus::Trialing)
            if record.terms.recurring || record.period < 0 =>
        {
            change_at_end(books, caller, (account, before), (plan, wanted), now, turn)
        }
        (When::PeriodEnd, _) => Err(wrong_state(record)),
    }
}

/// A change that can be made now, and what it costs.
pub struct PricedChange<'a> {
    /// All that it writes.
    pub step: Step<'a>,
    /// The amount that is to be paid; below zero where money is given back.
    pub total: Money,
    change: PlanChange,
    lines: Vec<ChangeLine>,
    days: (Date, Date),
}

/// Works out a change to another plan now. With `take` the rest of the present period's units is taken away first, in memory,
/// until the step is dropped or durable.
pub fn priced<'a>(
    books: &SubscriptionBooks,
    (account, before): (&'a Arc<ActiveAccount>, &'a Document<SubscriptionRecord>),
    plan: &PlanRecord,
    now: UnixMicros,
    take: bool,
) -> Answer<PricedChange<'a>> {
    let record = &before.value;
    if !record.is_served() {
        return Err(wrong_state(record));
    }
    let mut after = record.clone();
    after.base = number_of(record.base, record.period.saturating_add(1))?;
    (after.period, after.plan_number, after.next) = (0, plan.number, None);
    let tariff = change_terms(account, &mut after, plan.plan.clone());
    after.time_zone = time_zone(books, account, &after.terms)?;
    let first_day = today(now, &crate::billing::period::zone(&after.time_zone)?)?;
    after.anchor = first_day.to_string();
    after.happen(Event::Paid)?;
    after.period_price = after.terms.price;
    after.look_again(now, books.retries())?;

    let (used, cut) = used(books, account, record, now, take)?;
    let change = PlanChange { old_price: record.period_price.0, used, new_price: after.terms.price.0 };
    let total = Money(change.total().ok_or_else(|| Problem::unprocessable("the amount is too much"))?);
    let days = after.days(&after.dates()?)?;
    let lines = lines_of(record, &after, &change, days)?;
    let earned = [
        credit_part(&record.terms.name, change.unused().credit),
        price_part(&after.terms.name, after.terms.price),
    ];
    let step = Step {
        account,
        before: Some(before),
        action: "subscription.change",
        period: Some(period_record(&after, (PeriodOrigin::Change, total), lines.clone(), now)?),
        money: parts(&after, first_day, earned)?,
        bundle: bundle_of(books, &after, now)?,
        cut,
        tariff,
        payment: None,
        after,
    };
    Ok(PricedChange { step, total, change, lines, days })
}

fn change_now(
    books: &SubscriptionBooks,
    caller: &Caller,
    (account, before): (&Arc<ActiveAccount>, &Document<SubscriptionRecord>),
    (plan, wanted): (&PlanRecord, &WantedChange),
    now: UnixMicros,
    turn: &mut Turn,
) -> Answer<SubscriptionChange> {
    let priced = priced(books, (account, before), plan, now, !wanted.dry_run)?;
    let PricedChange { step, total, change, lines, days } = priced;
    if !wanted.dry_run {
        write(books, caller, step, turn)?;
    }
    let (used, unused) = (change.used, change.unused());
    Ok(SubscriptionChange {
        lines,
        total,
        used_by: match unused.basis {
            Basis::Time => UsedBy::Time,
            Basis::Units => UsedBy::Units,
        },
        days_used: u32::try_from(used.days_used).unwrap_or(0),
        days: u32::try_from(used.days).unwrap_or(0),
        used_by_time: Money(unused.by_time),
        units_used: used.units_used,
        units: used.units,
        used_by_units: Money(unused.by_units),
        ..without_cost(books, (account, before), (plan, wanted), days)?
    })
}

fn change_at_end(
    books: &SubscriptionBooks,
    caller: &Caller,
    (account, before): (&Arc<ActiveAccount>, &Document<SubscriptionRecord>),
    (plan, wanted): (&PlanRecord, &WantedChange),
    now: UnixMicros,
    turn: &mut Turn,
) -> Answer<SubscriptionChange> {
    let record = &before.value;
    let is_present = record.terms == plan.plan;
    let next = NextTerms { plan_number: plan.number, terms: plan.plan.clone() };
    let mut after = record.clone();
    after.next = Some(next).filter(|_| !is_present);
    after.look_again(now, books.retries())?;
    let dates = record.dates()?;
    let start = dates.periods.start(record.period.saturating_add(1)).ok_or_else(beyond_calendar)?;
    let unit = super::record::unit_of(plan.plan.period);
    let periods = tollgate_billing::period::Periods { anchor: start, unit };
    let end = periods.start(1).and_then(|end| end.yesterday().ok()).ok_or_else(beyond_calendar)?;
    if !wanted.dry_run {
        write(books, caller, Step::of(account, before, after, "subscription.change"), turn)?;
    }
    without_cost(books, (account, before), (plan, wanted), (start, end))
}

/// A change that was made or tried, as it is shown where it costs nothing, with the days of its first period.
fn without_cost(
    books: &SubscriptionBooks,
    (account, before): (&Arc<ActiveAccount>, &Document<SubscriptionRecord>),
    (plan, wanted): (&PlanRecord, &WantedChange),
    (first, last): (Date, Date),
) -> Answer<SubscriptionChange> {
    let terms = &before.value.terms;
    Ok(SubscriptionChange {
        made: !wanted.dry_run,
        from: terms.name.clone(),
        to: plan.plan.name.clone(),
        at: wanted.at,
        first_day: first.to_string(),
        last_day: last.to_string(),
        lines: Vec::new(),
        total: Money::default(),
        currency: terms.currency,
        used_by: UsedBy::Time,
        days_used: 0,
        days: 0,
        used_by_time: Money::default(),
        units_used: 0,
        units: 0,
        used_by_units: Money::default(),
        subscription: view(books, account, &books.fresh(&before.key)?)?,
    })
}

/// The lines of a change, for people too.
fn lines_of(
    record: &SubscriptionRecord,
    after: &SubscriptionRecord,
    change: &PlanChange,
    (first, last): (Date, Date),
) -> Answer<Vec<ChangeLine>> {
    let (old_first, old_last) = record.days(&record.dates()?)?;
    let (used, unused) = (change.used, change.unused());
    let SubscriptionPlanInput { name: old, .. } = &record.terms;
    let new = &after.terms.name;
    let lines = change.lines().map(|line| {
        let (kind, description) = match (line.kind, unused.basis) {
            (LineKind::OldPrice, _) => (
                ChangeLineKind::OldPrice,
                format!("Price of {old} from {old_first} to {old_last}, given back"),
            ),
            (LineKind::Used, Basis::Time) => (
                ChangeLineKind::Used,
                format!("Used by time: {} of {} days, rounded up to a millionth", used.days_used, used.days),
            ),
            (LineKind::Used, Basis::Units) => (
                ChangeLineKind::Used,
                format!(
                    "Used by units: {} of {} units, rounded up to a millionth",
                    used.units_used, used.units
                ),
            ),
            (LineKind::NewPrice, _) => {
                (ChangeLineKind::NewPrice, format!("Price of {new} from {first} to {last}"))
            }
        };
        ChangeLine { kind, description, amount: Money(line.amount) }
    });
    Ok(lines.to_vec())
}
