//! Purchases, renewals and changes against books of their own. Instants of renewals are given, so that a year takes seconds.

use jiff::tz::TimeZone;
use serde_json::json;
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::money::MoneySum;
use tollgate_api::subscriptions::{PeriodOrigin, SubscriptionStatus, SubscriptionsService, UsedBy};
use tollgate_billing::period::instant;
use tollgate_engine::money::Total;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::verify::verify;

use super::books_check;
use super::test_books::TestBooks;

const HOUR: u64 = 3_600_000_000;
const NEW_YORK: &str = "America/New_York";

/// Looks at each hour up to an instant, as the schedule does each second.
fn look_until(books: &TestBooks, from: UnixMicros, until: UnixMicros) {
    let mut at = from;
    while at < until {
        books.look(at);
        at = UnixMicros(at.0 + HOUR);
    }
}

fn balanced(books: &TestBooks) {
    books_check::check(books.store()).unwrap();
    verify(books.store()).unwrap();
}

#[test]
fn a_purchase_is_one_step_of_money_units_and_period() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000 }));
    let begun = books.subscribe("basic").unwrap();
    assert_eq!((begun.status, begun.period, begun.number), (SubscriptionStatus::Active, 1, 1));
    let units = begun.units.unwrap();
    assert_eq!((units.unit.as_str(), units.units, units.left), ("tokens", 1000, 1000));
    assert_eq!(books.balance(), "985.00");
    assert_eq!(books.subscribe("basic").unwrap_err(), "already_exists");
    assert!(books.consume(400));
    assert_eq!(books.subscription().units.unwrap().left, 600);
    let periods = books.periods();
    assert_eq!(periods.len(), 1);
    assert_eq!(
        (periods[0].origin, periods[0].paid.0.to_string()),
        (PeriodOrigin::Purchase, "15.00".to_owned())
    );
    balanced(&books);
}

#[test]
fn what_cannot_be_paid_is_not_bought() {
    let books = TestBooks::new();
    books.offer("dear", "1000.01", &json!({ "tokens": 10 }));
    assert_eq!(books.subscribe("dear").unwrap_err(), "insufficient_funds");
    assert_eq!((books.balance().as_str(), books.periods().len()), ("1000.00", 0));
    assert!(!books.consume(1), "no units without money");
    assert_eq!(books.subscribe("none").unwrap_err(), "unprocessable");
    balanced(&books);
}

#[test]
fn a_year_of_renewals_keeps_the_day_and_charges_each_month_once() {
    let mut books = TestBooks::new();
    books.offer("pro", "40.00", &json!({ "tokens": 5000, "time_zone": NEW_YORK }));
    let begun = books.subscribe("pro").unwrap();
    let zone = TimeZone::get(NEW_YORK).unwrap();
    let from = now();
    let anchor: jiff::civil::Date = begun.first_day.parse().unwrap();
    for month in 1..=12 {
        let start = anchor.checked_add(jiff::Span::new().months(month)).unwrap();
        let at = instant(start, &zone).unwrap();
        // An hour before, twice at the instant, with a clock that falls back, and after a restart.
        books.look(UnixMicros(at.0 - 1));
        assert_eq!(books.periods().len(), usize::try_from(month).unwrap());
        books.look(at);
        books.look(at);
        books.look(UnixMicros(at.0 - 40 * 24 * HOUR));
        if month % 4 == 0 {
            books.restart();
            books.look(at);
        }
        let shown = books.subscription();
        assert_eq!(shown.first_day, start.to_string());
        assert_eq!(shown.units.unwrap().left, 5000);
    }
    assert!(books.subscription().period_ends_at.0 > UnixMicros(from.0 + 365 * 24 * HOUR));
    let periods = books.periods();
    assert_eq!(periods.len(), 13);
    assert!(periods.windows(2).all(|pair| pair[0].period + 1 == pair[1].period));
    assert_eq!(books.balance(), "480.00");
    let revenue = books.subscriptions().subscription_revenue(&Caller::system()).unwrap();
    assert_eq!(revenue.currencies[0].total, MoneySum(Total::from_micros(520_000_000)));
    assert_eq!(revenue.currencies[0].periods, 13);
    assert_eq!(revenue.currencies[0].months.len(), 13);
    balanced(&books);
}

#[test]
fn a_period_without_money_is_tried_again_and_given_up() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000 }));
    let begun = books.subscribe("basic").unwrap();
    let ends = begun.period_ends_at.0;
    books.leave("14.999999");
    books.look(ends);
    let shown = books.subscription();
    assert_eq!((shown.status, shown.failed_attempts, shown.active), (SubscriptionStatus::PastDue, 1, false));
    assert!(shown.failure.is_some());
    assert_eq!(shown.next_at.unwrap().0, UnixMicros(ends.0 + 24 * HOUR));
    look_until(&books, ends, UnixMicros(ends.0 + 100 * HOUR));
    assert_eq!(books.subscription().failed_attempts, 3);
    books.leave("15.00");
    look_until(&books, UnixMicros(ends.0 + 100 * HOUR), UnixMicros(ends.0 + 169 * HOUR));
    let paid = books.subscription();
    assert_eq!((paid.status, paid.failed_attempts, paid.period), (SubscriptionStatus::Active, 0, 2));
    assert_eq!(paid.units.unwrap().left, 1000);
    let ends = paid.period_ends_at.0;
    look_until(&books, ends, UnixMicros(ends.0 + 200 * HOUR));
    let over = books.subscription();
    assert_eq!((over.status, over.next_at), (SubscriptionStatus::Expired, None));
    assert!(over.ended_at.is_some());
    assert_eq!(books.periods().len(), 2);
    books_check::check(books.store()).unwrap();
    books.leave("100.00");
    assert_eq!(books.subscribe("basic").unwrap().number, 2);
}

#[test]
fn a_trial_is_for_once() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000, "trial_days": 14 }));
    let begun = books.subscribe("basic").unwrap();
    assert_eq!((begun.status, begun.period, begun.active), (SubscriptionStatus::Trialing, 0, true));
    assert_eq!((books.balance().as_str(), begun.units.clone().unwrap().left), ("1000.00", 1000));
    books.look(begun.period_ends_at.0);
    let other = books.subscription();
    assert_eq!((other.status, other.period), (SubscriptionStatus::Active, 1));
    assert_eq!(books.balance(), "985.00");
    books.cancel(&json!({ "at": "now" })).unwrap();
    assert_eq!(books.subscribe("basic").unwrap().status, SubscriptionStatus::Active);
    assert_eq!(books.balance(), "970.00");
    balanced(&books);
}

#[test]
fn a_cancelled_one_goes_on_until_its_period_ends() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000 }));
    let begun = books.subscribe("basic").unwrap();
    assert_eq!(books.cancel(&json!({})).unwrap().status, SubscriptionStatus::Ending);
    let resumed = books.subscriptions().resume_subscription(
        &Caller::system(),
        super::test_books::ACCOUNT,
        IfMatch(None),
    );
    assert_eq!(resumed.unwrap().value.status, SubscriptionStatus::Active);
    books.cancel(&json!({ "at": "period_end" })).unwrap();
    assert!(books.consume(1), "it goes on");
    books.look(begun.period_ends_at.0);
    let over = books.subscription();
    assert_eq!((over.status, over.active), (SubscriptionStatus::Cancelled, false));
    assert_eq!(books.cancel(&json!({ "at": "now" })).unwrap_err(), "wrong_state");
    assert_eq!(books.balance(), "985.00");
    balanced(&books);
}

#[test]
fn a_cancellation_now_takes_the_units_and_may_give_money_back() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000 }));
    books.subscribe("basic").unwrap();
    assert!(books.consume(400));
    assert_eq!(books.cancel(&json!({ "refund": true })).unwrap_err(), "unprocessable");
    let over = books.cancel(&json!({ "at": "now", "refund": true })).unwrap();
    assert_eq!(over.status, SubscriptionStatus::Cancelled);
    assert!(!books.consume(1), "its units are gone");
    assert_eq!(books.balance(), "994.00");
    balanced(&books);
}

#[test]
fn an_upgrade_gives_back_what_neither_time_nor_units_have_used() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000 }));
    books.offer("pro", "40.00", &json!({ "tokens": 5000 }));
    books.subscribe("basic").unwrap();
    assert!(books.consume(400));
    let asked = books.change(&json!({ "plan": "pro", "dry_run": true })).unwrap();
    assert!(!asked.made);
    assert_eq!((asked.used_by, asked.units_used, asked.units), (UsedBy::Units, 400, 1000));
    let amounts: Vec<_> = asked.lines.iter().map(|line| line.amount.0.to_string()).collect();
    assert_eq!(
        (amounts, asked.total.0.to_string()),
        (vec!["-15.00".to_owned(), "6.00".to_owned(), "40.00".to_owned()], "31.00".to_owned())
    );
    assert_eq!((books.balance().as_str(), books.subscription().plan.as_str()), ("985.00", "basic"));
    let made = books.change(&json!({ "plan": "pro" })).unwrap();
    assert_eq!((made.lines, made.total), (asked.lines, asked.total));
    assert_eq!((books.balance().as_str(), made.subscription.plan.as_str()), ("954.00", "pro"));
    assert_eq!(made.subscription.units.unwrap().left, 5000);
    // A second change on the same day is credited by the whole price of the period, and not by what was added.
    let down = books.change(&json!({ "plan": "basic" })).unwrap();
    assert_eq!(down.total.0.to_string(), "-25.00");
    assert_eq!(books.balance(), "979.00");
    assert!(books.consume(1000));
    assert_eq!(books.change(&json!({ "plan": "pro" })).unwrap().total.0.to_string(), "40.00");
    let periods: Vec<_> = books.periods().iter().map(|period| period.period).collect();
    assert_eq!(periods, [1, 2, 3, 4]);
    balanced(&books);
}

#[test]
fn a_change_that_cannot_be_paid_changes_nothing() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000 }));
    books.offer("pro", "40.00", &json!({ "tokens": 5000 }));
    books.subscribe("basic").unwrap();
    books.leave("24.99");
    assert_eq!(books.change(&json!({ "plan": "pro" })).unwrap_err(), "insufficient_funds");
    let shown = books.subscription();
    assert_eq!((shown.plan.as_str(), shown.units.unwrap().left), ("basic", 1000));
    assert!(books.consume(1000), "its units are back");
    books_check::check(books.store()).unwrap();
}

#[test]
fn a_change_at_the_end_costs_nothing_now() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000 }));
    books.offer("yearly", "100.00", &json!({ "tokens": 9000, "period": { "kind": "year" } }));
    let begun = books.subscribe("basic").unwrap();
    let change = books.change(&json!({ "plan": "yearly", "at": "period_end" })).unwrap();
    assert_eq!((change.total.0.to_string(), books.balance()), ("0.00".to_owned(), "985.00".to_owned()));
    assert_eq!(books.subscription().next_plan.as_deref(), Some("yearly"));
    books.look(begun.period_ends_at.0);
    let shown = books.subscription();
    assert_eq!(
        (shown.plan.as_str(), shown.first_day.as_str(), shown.last_day.as_str()),
        ("yearly", change.first_day.as_str(), change.last_day.as_str())
    );
    assert_eq!((books.balance().as_str(), shown.next_plan), ("885.00", None));
    balanced(&books);
}

#[test]
fn one_that_is_not_renewed_expires() {
    let books = TestBooks::new();
    books.offer(
        "once",
        "5.00",
        &json!({ "tokens": 10, "period": { "kind": "days", "days": 30 }, "recurring": false }),
    );
    let begun = books.subscribe("once").unwrap();
    books.look(UnixMicros(begun.period_ends_at.0.0 - 1));
    assert_eq!(books.subscription().status, SubscriptionStatus::Active);
    books.look(begun.period_ends_at.0);
    assert_eq!(books.subscription().status, SubscriptionStatus::Expired);
    assert_eq!(books.periods().len(), 1);
    balanced(&books);
}
