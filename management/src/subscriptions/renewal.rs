//! All that is due by the clock: renewals, further attempts, and ends. Time is the one that deadlines are compared with, which stands
//! still while the clock is in doubt.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::payments::PaymentPurpose;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_billing::subscription::{Due, Event};
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;

use super::beginning::renewal_step;
use super::books::{SubscriptionBooks, Turn};
use super::ending::end;
use super::record::SubscriptionRecord;
use super::step::{Step, write};
use super::tariff::tariff_of;
use super::told::tell_trials;
use crate::documents::Document;
use crate::payments::off_session::{BegunCharge, OffSession};
use tollgate_payments::record::PaymentRecord;

/// The most subscriptions that one look brings forward; the next look goes on.
const LOOKED_AT_MAX: usize = 200;

/// One look over all subscriptions. Returns the number of those that something was due of, and adds the charges of saved methods
/// that are written down and to be sent.
pub fn look(
    (books, off_session): (&SubscriptionBooks, &OffSession),
    now: UnixMicros,
    begun: &mut Vec<BegunCharge>,
) -> Answer<usize> {
    tell_trials(books, &books.told, now)?;
    let is_due =
        |document: &Document<SubscriptionRecord>| document.value.next_at.is_some_and(|next| next.0 <= now);
    let due = books.records.filter(is_due);
    let mut done = 0;
    let mut failed = None;
    for document in due.into_iter().take(LOOKED_AT_MAX) {
        match bring_forward((books, off_session), &document.key, now) {
            Ok(charge) => {
                begun.extend(charge);
                done += 1;
            }
            // The others are not held up by one.
            Err(problem) => failed = Some(problem),
        }
    }
    failed.map_or(Ok(done), Err)
}

/// Does the one thing that is due of a subscription. Gives the charge that is to be sent for it.
fn bring_forward(
    (books, off_session): (&SubscriptionBooks, &OffSession),
    key: &str,
    now: UnixMicros,
) -> Answer<Option<BegunCharge>> {
    let mut turn = books.turn.lock();
    let Some(document) = books.records.get(key) else { return Ok(None) };
    let record = &document.value;
    let dates = record.dates()?;
    let Some(account) = books.context.account(&record.account) else { return Ok(None) };
    if record.tariff_due.is_some() {
        return move_to_tariff(books, &account, &document, now, &mut turn).map(|()| None);
    }
    let due = record.due(&dates, now, books.retries());
    if let (Due::Charge(period), Some(method)) = (due, &record.payment_method)
        && record.declined.is_none()
        && !books.visibility.is_removed(&account)
        && !account.provisioned.account.suspended
    {
        // One that is under way is waited for.
        if record.payment.is_some() {
            return Ok(None);
        }
        let asked = PaymentPurpose::Subscription { id: record.id(), period: None, plan: None };
        return match off_session.record(&Caller::system(), &account, method, asked) {
            Ok(payment) => charge(books, (&account, &document), payment, &mut turn).map(Some),
            Err(problem) if is_passing(&problem) => Err(problem),
            // A period that costs nothing needs no card.
            Err(_) if costs_nothing(books, (&account, &document), period, now)? => {
                renew(books, &account, &document, period, now, &mut turn).map(|()| None)
            }
            Err(problem) => fail(books, &account, &document, &problem, now, &mut turn).map(|()| None),
        };
    }
    let done = match due {
        Due::Nothing(next) => {
            let after = SubscriptionRecord { next_at: next.map(Time), ..record.clone() };
            write(
                books,
                &Caller::system(),
                Step::of(&account, &document, after, "subscription.look"),
                &mut turn,
            )
        }
        Due::End(event) => end(books, &Caller::system(), &account, &document, event, now, &mut turn),
        Due::Charge(_) if books.visibility.is_removed(&account) => {
            end(books, &Caller::system(), &account, &document, Event::GiveUp, now, &mut turn)
        }
        Due::Charge(_) if account.provisioned.account.suspended => {
            let problem = Problem::wrong_state("the account is suspended");
            fail(books, &account, &document, &problem, now, &mut turn)
        }
        Due::Charge(_) if record.declined.is_some() => {
            let problem = Problem::wrong_state(record.declined.clone().unwrap_or_default());
            fail(books, &account, &document, &problem, now, &mut turn)
        }
        Due::Charge(period) => match renew(books, &account, &document, period, now, &mut turn) {
            Ok(()) => Ok(()),
            Err(problem) if is_passing(&problem) => Err(problem),
            Err(problem) => fail(books, &account, &document, &problem, now, &mut turn),
        },
    };
    done.map(|()| None)
}

/// True if a period is begun without anything to be paid.
fn costs_nothing(
    books: &SubscriptionBooks,
    (account, before): (&Arc<ActiveAccount>, &Document<SubscriptionRecord>),
    period: i64,
    now: UnixMicros,
) -> Answer<bool> {
    Ok(renewal_step(books, account, before, period, now)?.money.is_none())
}

/// Writes down that a period is being charged to the saved method. The payment's own end begins the period, or notes that it
/// was declined.
fn charge(
    books: &SubscriptionBooks,
    (account, before): (&Arc<ActiveAccount>, &Document<SubscriptionRecord>),
    payment: PaymentRecord,
    turn: &mut Turn,
) -> Answer<BegunCharge> {
    let replaces = before.value.last_payment.clone();
    let mut after = before.value.clone();
    after.wait_for(&payment.id);
    after.next_at = None;
    let step = Step::of(account, before, after, "subscription.charge");
    write(books, &Caller::system(), Step { payment: Some(payment.clone()), ..step }, turn)?;
    Ok(BegunCharge { payment, replaces })
}

/// Charges a period from the wallet, and begins it.
fn renew(
    books: &SubscriptionBooks,
    account: &Arc<ActiveAccount>,
    before: &Document<SubscriptionRecord>,
    period: i64,
    now: UnixMicros,
    turn: &mut Turn,
) -> Answer<()> {
    let step = renewal_step(books, account, before, period, now)?;
    write(books, &Caller::system(), step, turn)
}

/// Moves the account to the plan that comes with what was paid by a payment, which could not be moved in the same step.
fn move_to_tariff(
    books: &SubscriptionBooks,
    account: &Arc<ActiveAccount>,
    before: &Document<SubscriptionRecord>,
    now: UnixMicros,
    turn: &mut Turn,
) -> Answer<()> {
    let mut after = before.value.clone();
    let tariff = tariff_of(account, after.tariff_due.take().as_deref());
    after.look_again(now, books.retries())?;
    let step = || Step::of(account, before, after.clone(), "subscription.tariff");
    match write(books, &Caller::system(), Step { tariff, ..step() }, turn) {
        Err(problem) if !is_passing(&problem) => {
            tracing::warn!(
                account = after.account,
                problem = problem.detail,
                "an account cannot be moved to the plan of its subscription"
            );
            write(books, &Caller::system(), step(), turn)
        }
        done => done,
    }
}

/// Notes that a period could not be charged: it is tried again by the schedule, or given up.
fn fail(
    books: &SubscriptionBooks,
    account: &Arc<ActiveAccount>,
    before: &Document<SubscriptionRecord>,
    problem: &Problem,
    now: UnixMicros,
    turn: &mut Turn,
) -> Answer<()> {
    let failure = books.retries().after_failure(before.value.unpaid(), now);
    let mut after = before.value.clone();
    after.unpaid_since = Some(Time(failure.unpaid.since));
    after.attempts = failure.unpaid.attempts;
    after.failure = Some(problem.detail.clone());
    after.declined = None;
    if failure.event == Event::GiveUp {
        let failed = Document { value: after, key: before.key.clone(), ..Document::clone(before) };
        return end(books, &Caller::system(), account, &failed, Event::GiveUp, now, turn);
    }
    after.happen(failure.event)?;
    after.look_again(now, books.retries())?;
    write(books, &Caller::system(), Step::of(account, before, after, "subscription.unpaid"), turn)
}

/// True if the attempt says nothing about the account, so that it is made again at the next look.
fn is_passing(problem: &Problem) -> bool {
    matches!(problem.status, 500..) || problem.code == "conflict"
}
