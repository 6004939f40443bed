//! Subscriptions that are paid by payments: by transfer, and by a saved card at each renewal. What comes in is what is credited, and
//! each period is begun once.

use serde_json::json;
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::payments::{PaymentState, PaymentsService};
use tollgate_api::subscriptions::{SubscriptionStatus, SubscriptionsService};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::verify::verify;

use super::books_check;
use super::test_books::{ACCOUNT, TestBooks};
use crate::payments::verify::verify as verify_payments;

const HOUR: u64 = 3_600_000_000;

fn balanced(books: &TestBooks) {
    books_check::check(books.store()).unwrap();
    verify(books.store()).unwrap();
    verify_payments(books.store()).unwrap().unwrap();
}

#[test]
fn a_first_period_begins_with_its_payment_and_once() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000 }));
    let begun = books.subscribe_with(&json!({ "plan": "basic", "pay_by": "payment" })).unwrap();
    assert_eq!((begun.status, begun.units), (SubscriptionStatus::Pending, None));
    let purpose = json!({ "kind": "subscription", "id": begun.id });
    for (wrong, field) in [
        (json!({ "kind": "subscription", "id": "nobody-1" }), "purpose"),
        (json!({ "kind": "subscription", "id": begun.id, "period": 2 }), "purpose"),
        (json!({ "kind": "subscription", "id": begun.id, "plan": "none" }), "plan"),
    ] {
        let refused = books.pay("manual", &wrong).unwrap_err();
        assert!(refused.status < 500, "{wrong}: {}", refused.detail);
        let _ = field;
    }
    // Somebody begins to pay twice.
    let (first, second) = (books.pay("manual", &purpose).unwrap(), books.pay("manual", &purpose).unwrap());
    assert_eq!((first.amount.0.to_string(), first.state), ("15.00".to_owned(), PaymentState::RequiresAction));
    books.confirm(&first);
    let shown = books.subscription();
    assert_eq!((shown.status, shown.period), (SubscriptionStatus::Active, 1));
    assert_eq!((shown.units.unwrap().left, books.balance().as_str()), (1000, "1000.00"));
    balanced(&books);
    // The second is money without a use: it stays in the wallet, and somebody is told.
    assert_eq!(books.confirm(&second).state, PaymentState::Succeeded);
    assert_eq!((books.balance().as_str(), books.periods().len()), ("1015.00", 1));
    assert!(books.alerts()[0].contains("is in the wallet instead: period 1"), "{:?}", books.alerts());
    assert_eq!(books.pay("manual", &purpose).unwrap_err().code, "wrong_state");
    balanced(&books);
}

#[test]
fn money_for_what_was_cancelled_meanwhile_stays_in_the_wallet() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000 }));
    let begun = books.subscribe_with(&json!({ "plan": "basic", "pay_by": "payment" })).unwrap();
    let payment = books.pay("manual", &json!({ "kind": "subscription", "id": begun.id })).unwrap();
    books.cancel(&json!({ "at": "now" })).unwrap();
    assert_eq!(books.confirm(&payment).state, PaymentState::Succeeded);
    assert_eq!((books.balance().as_str(), books.periods().len()), ("1015.00", 0));
    assert_eq!(books.alerts().len(), 1);
    balanced(&books);
}

#[test]
fn a_change_is_paid_with_what_it_costs_when_it_is_made() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000 }));
    books.offer("pro", "40.00", &json!({ "tokens": 5000 }));
    let begun = books.subscribe("basic").unwrap();
    books.consume(400);
    let change = json!({ "kind": "subscription", "id": begun.id, "plan": "pro" });
    let payment = books.pay("manual", &change).unwrap();
    assert_eq!(payment.amount.0.to_string(), "31.00");
    assert_eq!(books.subscription().units.unwrap().left, 600, "nothing is taken by asking");
    // More is used until the money comes: the wallet pays the rest.
    books.consume(200);
    books.confirm(&payment);
    let shown = books.subscription();
    assert_eq!((shown.plan.as_str(), shown.units.unwrap().left), ("pro", 5000));
    assert_eq!(books.balance(), "982.00");
    balanced(&books);
    // Without money for the rest nothing changes, and what came is kept.
    let payment =
        books.pay("manual", &json!({ "kind": "subscription", "id": begun.id, "plan": "pro" })).unwrap_err();
    assert_eq!(payment.code, "wrong_state", "it costs nothing");
}

#[test]
fn a_year_of_renewals_by_card_takes_each_month_once_and_leaves_the_wallet_alone() {
    let mut books = TestBooks::new();
    books.offer("pro", "40.00", &json!({ "tokens": 5000, "time_zone": "America/New_York" }));
    let card = books.save_card();
    assert_eq!(
        books.subscribe_with(&json!({ "plan": "pro", "payment_method": "pm_none" })).unwrap_err(),
        "unprocessable"
    );
    let begun = books.subscribe_with(&json!({ "plan": "pro", "payment_method": card })).unwrap();
    assert_eq!((begun.status, begun.payment), (SubscriptionStatus::Active, None));
    assert_eq!((books.balance().as_str(), books.cards.taken()), ("1001.00", ("41.00".to_owned(), 2)));
    for month in 1..=12 {
        let ends = books.subscription().period_ends_at.0;
        books.look(UnixMicros(ends.0 - 1));
        if month == 5 {
            // The answer is lost: nothing else is tried until the provider is asked.
            books.cards.lose_answers(true);
            books.look(ends);
            books.look(UnixMicros(ends.0 + HOUR));
            let shown = books.subscription();
            assert_eq!((shown.status, shown.period), (SubscriptionStatus::Active, month));
            let payment = shown.payment.unwrap();
            books.cards.lose_answers(false);
            books.payments().refresh_payment(&Caller::system(), &payment).unwrap();
        }
        books.look(ends);
        books.look(ends);
        books.look(UnixMicros(ends.0 - 40 * 24 * HOUR));
        if month % 4 == 0 {
            books.restart();
            books.look(ends);
        }
        let shown = books.subscription();
        assert_eq!((shown.status, shown.period), (SubscriptionStatus::Active, month + 1));
        assert_eq!((shown.units.unwrap().left, shown.payment), (5000, None));
    }
    assert_eq!(books.periods().len(), 13);
    assert_eq!((books.balance().as_str(), books.cards.taken()), ("1001.00", ("521.00".to_owned(), 14)));
    balanced(&books);
}

#[test]
fn a_declined_card_is_tried_by_schedule_and_may_be_paid_by_hand() {
    let books = TestBooks::new();
    books.offer("basic", "15.00", &json!({ "tokens": 1000 }));
    let card = books.save_card();
    let begun = books.subscribe_with(&json!({ "plan": "basic", "payment_method": card })).unwrap();
    let ends = begun.period_ends_at.0;
    books.cards.decline(true);
    books.look(ends);
    books.look(ends);
    let shown = books.subscription();
    assert_eq!((shown.status, shown.failed_attempts), (SubscriptionStatus::PastDue, 1));
    assert_eq!(shown.failure.as_deref(), Some("No money there."));
    assert_eq!(shown.next_at.unwrap().0, UnixMicros(ends.0 + 24 * HOUR));
    assert_eq!(books.balance(), "1001.00", "the wallet does not pay instead");
    // The second attempt ends the first, so that nobody pays that one any more.
    let again = UnixMicros(ends.0 + 24 * HOUR);
    books.look(again);
    books.look(again);
    assert_eq!(books.subscription().failed_attempts, 2);
    let query = serde_json::from_value(json!({ "limit": 10 })).unwrap();
    let payments = books.payments().payments(&Caller::system(), &query).unwrap().items;
    let states: Vec<_> = payments.iter().map(|payment| payment.state).collect();
    let expected =
        [PaymentState::Failed, PaymentState::Cancelled, PaymentState::Succeeded, PaymentState::Succeeded];
    assert_eq!(states, expected);
    // The last one is paid at its page after all.
    books.cards.pay(&payments[0].id);
    books.payments().refresh_payment(&Caller::system(), &payments[0].id).unwrap();
    let paid = books.subscription();
    assert_eq!((paid.status, paid.failed_attempts, paid.period), (SubscriptionStatus::Active, 0, 2));
    assert_eq!((books.balance().as_str(), books.periods().len()), ("1001.00", 2));
    balanced(&books);

    // Declined to the end, it expires; the wallet may be chosen instead.
    let ends = paid.period_ends_at.0;
    let mut at = ends;
    while at < UnixMicros(ends.0 + 200 * HOUR) {
        books.look(at);
        at = UnixMicros(at.0 + HOUR);
    }
    assert_eq!(books.subscription().status, SubscriptionStatus::Expired);
    let over = serde_json::from_value(json!({ "payment_method": null })).unwrap();
    let refused =
        books.subscriptions().set_subscription_method(&Caller::system(), ACCOUNT, IfMatch(None), &over);
    assert_eq!(refused.unwrap_err().code, "wrong_state");
    balanced(&books);
}
