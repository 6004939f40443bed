//! The end of a subscription: cancelled, not renewed, or given up; and a cancellation that is taken back.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::{Caller, Role};
use tollgate_api::problem::Problem;
use tollgate_api::subscriptions::{SubscriptionCancellation, SubscriptionStatus, When};
use tollgate_api::time::Time;
use tollgate_billing::subscription::{Event, State};
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;

use super::books::{SubscriptionBooks, Turn};
use super::period_use::{cut, used};
use super::record::{SubscriptionRecord, state_of, today, wrong_state};
use super::step::{Step, credit_part, parts, write};
use super::tariff::tariff_after_end;
use crate::documents::Document;

/// Cancels a subscription that is not over.
pub fn cancel(
    books: &SubscriptionBooks,
    caller: &Caller,
    account: &Arc<ActiveAccount>,
    before: &Document<SubscriptionRecord>,
    asked: &SubscriptionCancellation,
    now: UnixMicros,
    turn: &mut Turn,
) -> Answer<()> {
    if asked.refund && asked.at != When::Now {
        return Err(Problem::field("refund", "is for a cancellation now"));
    }
    if asked.refund && caller.role != Role::Admin && !caller.reaches_all() {
        return Err(Problem::forbidden("only an admin may have the unused part given back"));
    }
    let event = match asked.at {
        When::Now => Event::CancelNow,
        When::PeriodEnd => Event::CancelAtEnd,
    };
    let after = state_of(before.value.status).after(event);
    let after = after.ok_or_else(|| wrong_state(&before.value))?;
    if after != State::Ending {
        return if asked.refund {
            end_with_refund(books, caller, account, before, now, turn)
        } else {
            end(books, caller, account, before, event, now, turn)
        };
    }
    let mut record = before.value.clone();
    record.happen(event)?;
    record.next = None;
    record.look_again(now, books.retries())?;
    write(books, caller, Step::of(account, before, record, "subscription.cancel"), turn)
}

/// Takes back a cancellation that has not come into effect.
pub fn resume(
    books: &SubscriptionBooks,
    caller: &Caller,
    account: &Arc<ActiveAccount>,
    before: &Document<SubscriptionRecord>,
    now: UnixMicros,
    turn: &mut Turn,
) -> Answer<()> {
    if before.value.status != SubscriptionStatus::Ending {
        return Err(wrong_state(&before.value));
    }
    let mut record = before.value.clone();
    record.happen(if record.period < 0 { Event::ResumeTrial } else { Event::Resume })?;
    record.look_again(now, books.retries())?;
    write(books, caller, Step::of(account, before, record, "subscription.resume"), turn)
}

/// Ends a subscription: the rest of its units is taken away, and the account goes back to the plan that it was on.
pub fn end(
    books: &SubscriptionBooks,
    caller: &Caller,
    account: &Arc<ActiveAccount>,
    before: &Document<SubscriptionRecord>,
    event: Event,
    now: UnixMicros,
    turn: &mut Turn,
) -> Answer<()> {
    let tariff = tariff_after_end(books, account, &before.value);
    let step = end_step(books, account, before, event, now)?;
    let ended = write(books, caller, Step { tariff: tariff.clone(), ..step }, turn);
    match ended {
        // The plan before may be gone; the subscription ends all the same.
        Err(problem) if tariff.is_some() && problem.status < 500 && problem.code != "conflict" => {
            tracing::warn!(
                account = before.value.account,
                problem = problem.detail,
                "an account stays on the plan of a subscription that has ended"
            );
            let step = end_step(books, account, before, event, now)?;
            write(books, caller, step, turn)
        }
        ended => ended,
    }
}

/// Ends a subscription now, and gives the unused part of its price back.
fn end_with_refund(
    books: &SubscriptionBooks,
    caller: &Caller,
    account: &Arc<ActiveAccount>,
    before: &Document<SubscriptionRecord>,
    now: UnixMicros,
    turn: &mut Turn,
) -> Answer<()> {
    let (used, cut) = used(books, account, &before.value, now, true)?;
    let unused = used.unused(before.value.period_price.0);
    let today = today(now, &before.value.dates()?.zone)?;
    let tariff = tariff_after_end(books, account, &before.value);
    let step = end_step(books, account, before, Event::CancelNow, now)?;
    let money = parts(&step.after, today, [credit_part(&step.after.terms.name, unused.credit)])?;
    write(books, caller, Step { money, cut, tariff, ..step }, turn)
}

fn end_step<'a>(
    books: &SubscriptionBooks,
    account: &'a Arc<ActiveAccount>,
    before: &'a Document<SubscriptionRecord>,
    event: Event,
    now: UnixMicros,
) -> Answer<Step<'a>> {
    let mut after = before.value.clone();
    after.happen(event)?;
    (after.next, after.next_at, after.ended_at) = (None, None, Some(Time(now)));
    let cut = cut(books, account, &before.value)?;
    Ok(Step { cut, ..Step::of(account, before, after, "subscription.end") })
}
